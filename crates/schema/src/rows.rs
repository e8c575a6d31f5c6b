//! Rows as columns and back.

use crate::row::{Label, Row, Split};
use crate::{AXES, AttemptRows, Spent};
use polars::prelude::{Column, DataFrame, DataType, PolarsResult};

/// A column that is no axis: its name, and what it holds.
enum Field {
    Word(&'static str, fn(&Label, &Row) -> String),
    Count(&'static str, fn(&Label) -> u64),
    Small(&'static str, fn(&Label) -> u32),
    Number(&'static str, fn(&Row) -> f64),
}

/// The columns before the axes, in order.
const BEFORE: [Field; 4] = [
    Field::Word("run", |label, _| label.run.clone()),
    Field::Word("arm", |label, _| label.arm.clone()),
    Field::Count("seed", |label| label.seed),
    Field::Small("attempt", |label| label.attempt),
];
/// The columns behind them.
const AFTER: [Field; 5] = [
    Field::Word("split", |_, row| row.split.name().to_owned()),
    Field::Word("task", |_, row| row.task.clone()),
    Field::Word("metric", |_, row| row.metric.clone()),
    Field::Number("value", |row| row.value),
    Field::Word("data", |label, _| label.data.clone()),
];

/// The columns of some rows.
pub(crate) fn frame(attempts: &[AttemptRows]) -> PolarsResult<DataFrame> {
    let all: Vec<(&Label, &Row)> = attempts
        .iter()
        .flat_map(|AttemptRows { label, rows }| rows.iter().map(move |row| (label, row)))
        .collect();
    let field = |field: &Field| match field {
        Field::Word(name, of) => Column::new(
            (*name).into(),
            all.iter().map(|(label, row)| of(label, row)).collect::<Vec<String>>(),
        ),
        Field::Count(name, of) => Column::new(
            (*name).into(),
            all.iter().map(|(label, _)| of(label)).collect::<Vec<u64>>(),
        ),
        Field::Small(name, of) => Column::new(
            (*name).into(),
            all.iter().map(|(label, _)| of(label)).collect::<Vec<u32>>(),
        ),
        Field::Number(name, of) => {
            Column::new((*name).into(), all.iter().map(|(_, row)| of(row)).collect::<Vec<f64>>())
        }
    };
    let mut columns: Vec<Column> = BEFORE.iter().map(field).collect();
    for facts in AXES {
        let used = all.iter().map(|(_, row)| row.spent[facts.axis]);
        columns.push(if facts.is_count {
            Column::new(
                facts.column.into(),
                used.map(|count| count as u64).collect::<Vec<u64>>(),
            )
        } else {
            Column::new(facts.column.into(), used.collect::<Vec<f64>>())
        });
    }
    columns.extend(AFTER.iter().map(field));
    DataFrame::new(all.len(), columns)
}

/// The rows of some columns. Columns of a later version are left alone; an axis that the file does not have was not
/// counted then.
pub(crate) fn attempts(frame: &DataFrame) -> Result<Vec<AttemptRows>, String> {
    let cast = |name: &str, kind: DataType| {
        let column = frame.column(name).map_err(|error| error.to_string())?;
        let cast = column
            .strict_cast(&kind)
            .map_err(|_| format!("column `{name}` holds {}", column.dtype()))?;
        if cast.null_count() > 0 {
            return Err(format!("column `{name}` has empty cells"));
        }
        Ok(cast)
    };
    let words = |name: &str| {
        let column = cast(name, DataType::String)?;
        let words = column.str().map_err(|error| error.to_string())?;
        Ok::<Vec<String>, String>(words.iter().map(|word| word.unwrap_or_default().to_owned()).collect())
    };
    let counts = |name: &str| {
        let column = cast(name, DataType::UInt64)?;
        let counts = column.u64().map_err(|error| error.to_string())?;
        Ok::<Vec<u64>, String>(counts.into_no_null_iter().collect())
    };
    let numbers = |name: &str| {
        let column = cast(name, DataType::Float64)?;
        let numbers = column.f64().map_err(|error| error.to_string())?;
        Ok::<Vec<f64>, String>(numbers.into_no_null_iter().collect())
    };
    let (runs, arms, seeds, numbering) = (words("run")?, words("arm")?, counts("seed")?, counts("attempt")?);
    let (splits, tasks, metrics, values) = (words("split")?, words("task")?, words("metric")?, numbers("value")?);
    let data = match frame.column("data") {
        Ok(_) => words("data")?,
        Err(_) => vec![String::new(); frame.height()],
    };
    let mut spent = vec![Spent::default(); frame.height()];
    for facts in AXES.iter().filter(|facts| frame.column(facts.column).is_ok()) {
        for (spent, used) in spent.iter_mut().zip(numbers(facts.column)?) {
            spent[facts.axis] = used;
        }
    }
    let mut found: Vec<AttemptRows> = Vec::new();
    let columns = tasks.into_iter().zip(metrics).zip(values).zip(spent);
    for (index, (((task, metric), value), spent)) in columns.enumerate() {
        let split = Split::named(&splits[index]).ok_or_else(|| format!("`{}` is not a split", splits[index]))?;
        let attempt = u32::try_from(numbering[index]).map_err(|_| format!("attempt {}?", numbering[index]))?;
        let row = Row {
            spent,
            split,
            task,
            metric,
            value,
        };
        let same = |label: &Label| {
            label.run == runs[index]
                && label.arm == arms[index]
                && label.seed == seeds[index]
                && label.attempt == attempt
                && label.data == data[index]
        };
        match found.last_mut().filter(|last| same(&last.label)) {
            Some(last) => last.rows.push(row),
            None => found.push(AttemptRows {
                label: Label {
                    run: runs[index].clone(),
                    arm: arms[index].clone(),
                    seed: seeds[index],
                    attempt,
                    data: data[index].clone(),
                },
                rows: vec![row],
            }),
        }
    }
    Ok(found)
}
