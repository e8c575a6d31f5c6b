//! `--tasks`: evaluations that are asked for without an experiment.

use super::evaluate::Tasks;
use crate::TaskConfig;
use cloze_foundation::files::read_text;
use cloze_foundation::{Fault, Result};
use cloze_options::{OptionType, range, tree};
use std::path::Path;

/// The evaluations that arguments name: names with commas between them; a list or a table as in an experiment
/// (`[{ task = "minimal-pairs", pairs = 50 }]`); or a TOML file with `tasks` or, as an experiment has it, `[evaluate]` `tasks`.
///
/// # Errors
/// An unknown evaluation, an option that it does not have, two of one name, with their places; a file that cannot be read.
pub fn tasks(arguments: &[String]) -> Result<Vec<TaskConfig>> {
    let mut asked: Vec<TaskConfig> = Vec::new();
    for argument in arguments {
        for task in of(argument.trim())? {
            if asked.iter().any(|other| other.name() == task.name()) {
                let fault = Fault::usage(format!("evaluation `{}` is named twice", task.name())).at("--tasks");
                let example = format!("--tasks '{{ task = \"{}\", name = \"...\" }}'", task.task);
                return Err(fault.remedy(format!("give one a name of its own: {example}")));
            }
            asked.push(task);
        }
    }
    match asked.is_empty() {
        true => Err(Fault::usage("no evaluation is named")
            .at("--tasks")
            .allowed(cloze_evals::EVALUATIONS.iter().map(|entry| entry.name))),
        false => Ok(asked),
    }
}

fn of(argument: &str) -> Result<Vec<TaskConfig>> {
    let is_file = argument.ends_with(".toml");
    let (file, text) = match argument {
        file if is_file => (file, read_text(Path::new(file))?),
        list if list.starts_with('[') => ("--tasks", format!("tasks = {list}")),
        table if table.starts_with('{') => ("--tasks", format!("tasks = [{table}]")),
        names => {
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            let quoted: Vec<String> = names.map(|name| toml::Value::from(name).to_string()).collect();
            ("--tasks", format!("tasks = [{}]", quoted.join(", ")))
        }
    };
    let document = tree::parse(file, &text)?;
    let top = document.top();
    let evaluate = top.open("evaluate");
    let written = match top.get("tasks") {
        Some(written) => written,
        None => evaluate.get("tasks").ok_or_else(|| {
            let fault = Fault::usage("the file names no evaluations").at(file);
            fault.remedy("write `tasks = [..]` into it, as under [evaluate] of an experiment")
        })?,
    };
    Ok(Tasks::read(&written, range::any())?.into_list())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let found = tasks(&arguments).unwrap();
        found.iter().map(|task| task.name().to_owned()).collect()
    }

    fn refused(argument: &str) -> Fault {
        tasks(&[argument.to_owned()]).unwrap_err()
    }

    #[test]
    fn evaluations_are_named_in_a_list_in_a_table_or_in_a_file() {
        assert_eq!(names(&["minimal-pairs, masked-loss"]), ["minimal-pairs", "masked-loss"]);
        let table = "{ task = \"minimal-pairs\", name = \"few\", pairs = 4 }";
        assert_eq!(names(&["masked-loss", table]), ["masked-loss", "few"]);
        assert_eq!(names(&[&format!("[\"masked-loss\", {table}]")]), ["masked-loss", "few"]);
        let place = tempfile::tempdir().unwrap();
        for text in [format!("tasks = [{table}]"), format!("[evaluate]\ntasks = [{table}]\n")] {
            let path = place.path().join("mine.toml");
            std::fs::write(&path, text).unwrap();
            assert_eq!(names(&[path.to_str().unwrap()]), ["few"]);
        }
    }

    #[test]
    fn what_is_no_evaluation_is_refused_with_the_nearest_one() {
        assert_eq!(refused("minimal-pair").nearest.as_deref(), Some("minimal-pairs"));
        assert!(refused(" , ").what.contains("no evaluation"));
        assert!(
            refused("{ task = \"minimal-pairs\", pears = 4 }")
                .to_string()
                .contains("pairs")
        );
        assert!(refused("[\"masked-loss\", \"masked-loss\"]").what.contains("twice"));
        assert!(tasks(&["masked-loss".to_owned(), "masked-loss".to_owned()]).is_err());
        assert!(refused("{ task = ").to_string().contains("--tasks"));
        assert!(refused("missing.toml").what.contains("missing.toml"));
    }
}
