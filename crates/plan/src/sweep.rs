//! The sweep: which keys take which values together, and the points that this makes.

mod random;
pub(crate) mod until;

use crate::experiment::arms::Arm;
use crate::experiment::dimension::{Crossed, Dimension, MOST_RUNS, OPTIONS, SweptKey, Zipped, check_path};
use cloze_foundation::{Fault, Result};
use cloze_options::{Kind, OptionType, Options, Range, Value, Written, options};
use random::Drawn;
use std::collections::BTreeSet;
use until::Until;

impl Dimension {
    /// What of it concerns an arm: an option that the arm's objective does not have leaves the arm as it is.
    pub(crate) fn of(&self, arm: &Arm) -> Option<Self> {
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
        pub(crate) seeds: Seeds = Seeds::each([1, 2, 3]);
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

    fn changes_what_is_there(&self) -> Result<()> {
        let mut axes = self.dimensions().flat_map(|dimension| &dimension.axes);
        axes.try_for_each(|axis| check_path(&axis.path, &axis.key))
    }
}

/// Refuses an option that no arm has.
///
/// # Errors
/// The first of them, with those that there are.
pub(crate) fn check_options<'a>(dimensions: impl Iterator<Item = &'a Dimension>, arms: &[Arm]) -> Result<()> {
    for axis in dimensions.flat_map(|dimension| &dimension.axes) {
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

/// Different numbers, at least one; and whether fewer of them may be enough.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seeds {
    pub(crate) all: Vec<u64>,
    pub(crate) until: Option<Until>,
}

impl Seeds {
    fn each(seeds: impl Into<Vec<u64>>) -> Self {
        Self {
            all: seeds.into(),
            until: None,
        }
    }
}

impl OptionType for Seeds {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        if let Value::Table(_) = written.value() {
            let until: Until = Options::read(written)?;
            return Ok(Self {
                all: until.seeds(),
                until: Some(until),
            });
        }
        let items = written.list()?;
        if items.len() > MOST_RUNS {
            return Err(written
                .fault(format!("there are {} seeds", items.len()))
                .allowed([format!("up to {MOST_RUNS} runs")]));
        }
        let mut seeds = Vec::new();
        let mut known = BTreeSet::new();
        for item in items {
            let different = "different whole numbers from 0 up";
            let seed = u64::read(&item, range).map_err(|fault| fault.allowed([different]))?;
            if !known.insert(seed) {
                return Err(item.fault(format!("seed {seed} is given twice")).allowed([different]));
            }
            seeds.push(seed);
        }
        if seeds.is_empty() {
            return Err(written
                .fault("there are no seeds")
                .allowed(["at least one whole number, as in [1, 2, 3]"]));
        }
        Ok(Self::each(seeds))
    }

    fn write(&self) -> Option<toml::Value> {
        self.until.is_none().then(|| self.all.write()).flatten()
    }

    fn kind(range: Range) -> Kind {
        Kind::Either(vec![Vec::<u64>::kind(range), Kind::Table(Until::fields())])
    }
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
