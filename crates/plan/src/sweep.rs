//! The sweep: which keys take which values together, and the points that this makes.

mod random;

use crate::experiment::arms::{Arm, OPTIONS};
use crate::experiment::shapes;
use crate::experiment::swept::{swept, swept_keys};
use cloze_foundation::{Fault, Key, Origin, Result};
use cloze_options::{Kind, Member, Node, OptionType, Range, Table, Value, Written, options};
use random::Drawn;
use std::collections::BTreeSet;

/// More runs than any plan needs: a slip of the pen in a grid should not fill the memory.
pub const MOST_RUNS: usize = 100_000;

/// A key and the values that it takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SweptKey {
    /// Key path, as in `encoder.width` or `options.rate`.
    pub(crate) path: String,
    /// Where the key stands.
    pub(crate) key: Origin,
    /// At least one.
    pub(crate) values: Vec<Node>,
}

/// Axes of one length that move together. Dimensions are crossed with each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dimension {
    /// At least one axis.
    pub(crate) axes: Vec<SweptKey>,
}

impl Dimension {
    pub(crate) fn length(&self) -> usize {
        self.axes[0].values.len()
    }

    /// What of it concerns an arm: an option that the arm's objective does not have leaves the arm as it is.
    fn of(&self, arm: &Arm) -> Option<Self> {
        let axes = self.axes.iter().filter(|axis| axis.concerns(arm)).cloned();
        let axes: Vec<SweptKey> = axes.collect();
        (!axes.is_empty()).then_some(Self { axes })
    }
}

impl SweptKey {
    /// The name of the objective's option that it sweeps, if it does.
    fn option(&self) -> Option<&str> {
        let path = self.path.strip_prefix(OPTIONS)?.strip_prefix('.')?;
        path.split('.').next()
    }

    fn concerns(&self, arm: &Arm) -> bool {
        let has = |option| arm.declared().iter().any(|field| field.name == option);
        self.option().is_none_or(has)
    }
}

options! {
    /// What is crossed with every arm.
    pub(crate) struct Sweep {
        /// Seeds of every arm.
        pub(crate) seeds: Seeds = Seeds(vec![1, 2, 3]);
        /// "key.path" = [values]: every combination, with every arm.
        grid: Crossed = Crossed::default() => "none";
        /// "key.path" = [values]: lists of one length that move together.
        zip: Zipped = Zipped::default() => "none";
        /// "key.path" = { from, to, scale }: points drawn at random.
        random: Drawn = Drawn::default() => "none";
    }
    check Self::changes_what_is_there
}

impl Sweep {
    /// In file order: grid, then zip, then random.
    pub(crate) fn dimensions(&self) -> impl Iterator<Item = &Dimension> {
        let Self { grid, zip, random, .. } = self;
        grid.0.iter().chain(&zip.0).chain(&random.dimension)
    }

    /// The dimensions of an arm: its own, then those of the sweep that concern it.
    pub(crate) fn dimensions_of(&self, arm: &Arm) -> Vec<Dimension> {
        let shared = self.dimensions().filter_map(|dimension| dimension.of(arm));
        arm.dimensions.iter().cloned().chain(shared).collect()
    }

    /// Refuses an option that no arm has.
    pub(crate) fn check_options(&self, arms: &[Arm]) -> Result<()> {
        for axis in self.dimensions().flat_map(|dimension| &dimension.axes) {
            let Some(option) = axis.option() else { continue };
            if !arms.iter().any(|arm| axis.concerns(arm)) {
                let names: BTreeSet<&str> = arms.iter().flat_map(Arm::declared).map(|field| field.name).collect();
                return Err(Fault::usage(format!("no arm has an option `{option}`"))
                    .at(axis.key.of(axis.path.as_str()))
                    .allowed(names.iter().map(|name| format!("{OPTIONS}.{name}")))
                    .nearest(option, &names));
            }
        }
        Ok(())
    }

    fn changes_what_is_there(&self) -> Result<()> {
        let mut axes = self.dimensions().flat_map(|dimension| &dimension.axes);
        axes.try_for_each(|axis| check_path(&axis.path, &axis.key))
    }
}

/// Different numbers, at least one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seeds(pub(crate) Vec<u64>);

impl OptionType for Seeds {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let mut seeds = Vec::new();
        for item in written.list()? {
            let different = "different whole numbers from 0 up";
            let seed = u64::read(&item, range).map_err(|fault| fault.allowed([different]))?;
            if seeds.contains(&seed) {
                return Err(item.fault(format!("seed {seed} is given twice")).allowed([different]));
            }
            seeds.push(seed);
        }
        if seeds.is_empty() {
            return Err(written
                .fault("there are no seeds")
                .allowed(["at least one whole number, as in [1, 2, 3]"]));
        }
        Ok(Self(seeds))
    }

    fn write(&self) -> Option<toml::Value> {
        self.0.write()
    }

    fn kind(range: Range) -> Kind {
        Vec::<u64>::kind(range)
    }
}

/// A dimension for each axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Crossed(pub(crate) Vec<Dimension>);

/// One dimension, if any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Zipped(pub(crate) Option<Dimension>);

/// What a table of lists is, for documentation and schema.
fn lists() -> Kind {
    Kind::Other {
        said: "\"key.path\" = [values]".into(),
        schema: shapes::shared(shapes::LISTS),
        fields: Vec::new(),
    }
}

impl OptionType for Crossed {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let crossed = axes(written)?.into_iter().map(|axis| Dimension { axes: vec![axis] });
        Ok(Self(crossed.collect()))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        lists()
    }
}

impl OptionType for Zipped {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let axes = axes(written)?;
        if let Some(odd) = axes.iter().find(|axis| axis.values.len() != axes[0].values.len()) {
            let (length, first) = (axes[0].values.len(), &axes[0].path);
            let what = format!(
                "`{}` has {} values and `{first}` has {length}",
                odd.path,
                odd.values.len()
            );
            return Err(Fault::usage(what)
                .at(odd.key.of(written.key()))
                .remedy("lists in a zip move together: give them the same length"));
        }
        Ok(Self((!axes.is_empty()).then_some(Dimension { axes })))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        lists()
    }
}

/// Members with their full key paths. `"encoder.width" = ..` and `encoder.width = ..` mean the same; `is_value` tells a
/// table that is a value from one that only leads on.
pub(crate) fn flatten<'a>(
    table: &'a Table,
    prefix: &str,
    is_value: &dyn Fn(&str, &Node) -> bool,
) -> Vec<(String, &'a Member)> {
    let mut found = Vec::new();
    for (key, member) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match member.node.table() {
            Some(inner) if !is_value(&path, &member.node) => found.extend(flatten(inner, &path, is_value)),
            _ => found.push((path, member)),
        }
    }
    // File order, which the parser does not keep.
    found.sort_by(|left, right| left.1.key.cmp(&right.1.key));
    found
}

/// Reads a table of lists.
fn axes(written: &Written<'_>) -> Result<Vec<SweptKey>> {
    let Value::Table(table) = written.value() else {
        return Err(written.wrong_kind("a table"));
    };
    let axis = |(path, member): (String, &Member)| {
        let values = Written::new(&member.node, written.key().joined(&Key::from(path.as_str())));
        match &member.node.value {
            Value::List(list) if list.is_empty() => Err(values.fault(format!("`{path}` has no values"))),
            Value::List(list) => Ok(SweptKey {
                path,
                key: member.key.clone(),
                values: list.clone(),
            }),
            _ => Err(values.wrong_kind("a list of values")),
        }
    };
    flatten(table, "", &|_, _| false).into_iter().map(axis).collect()
}

/// Refuses what no table of the experiment has.
pub(crate) fn check_path(path: &str, key: &Origin) -> Result<()> {
    let known = swept_keys();
    if path.strip_prefix(OPTIONS).is_some_and(|rest| rest.starts_with('.')) || known.iter().any(|known| known == path) {
        return Ok(());
    }
    let table = path.split('.').next().unwrap_or_default();
    let inside = |key: &&String| key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
    let mut near: Vec<String> = known.iter().filter(inside).cloned().collect();
    if near.is_empty() {
        near = swept()
            .iter()
            .map(|(table, _)| *table)
            .chain([OPTIONS])
            .map(|table| format!("{table}.*"))
            .collect();
    }
    Err(Fault::usage(format!("there is no key `{path}` to change"))
        .at(key.of(path))
        .allowed(near)
        .nearest(path, known))
}

/// Every combination of one index per dimension, the last one moving fastest.
pub(crate) fn combinations(lengths: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..lengths.iter().product()).map(move |mut index: usize| {
        let mut indices = vec![0; lengths.len()];
        for (place, length) in indices.iter_mut().zip(lengths).rev() {
            *place = index % length;
            index /= length;
        }
        indices
    })
}
