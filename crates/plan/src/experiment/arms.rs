//! `[[arm]]`: an objective, its options, and what this arm sweeps or sets by itself.

use super::dimension::{Crossed, Dimension, OPTIONS, Zipped, check_path, flatten};
use super::given::{self, Given, MODEL};
use super::shapes;
use cloze_foundation::{Fault, Key, Origin, Place, Result};
use cloze_objectives::{MIXTURE, entries};
use cloze_options::{Field, Kind, Member, Node, OptionType, Options, Range, Value, Written, described, options, rows};
use serde_json::json;
use std::path::PathBuf;

options! {
    /// What an arm says beside its objective's options.
    pub(crate) struct ArmOptions {
        /// What tables and charts call it.
        pub(super) name: Option<String> = None => "the objective, and the options that tell it from others without a name; the folder of a model";
        /// What it trains; the objective's options stand beside it.
        objective: Option<Objective> = None => "required; a `mixture` or a `model` in its place says so itself";
        /// A folder of Hugging Face that others trained, below the data root or from here: it is judged as it is, once, and nothing
        /// is trained.
        pub(super) model: Option<PathBuf> = None => "none";
        /// grid.<option> = [values]: one arm for every combination.
        grid: Crossed = Crossed::default() => "none";
        /// zip.<option> = [values]: lists of one length that move together.
        zip: Zipped = Zipped::default() => "none";
        /// set."key.path" = value: overrides the experiment for this arm.
        set: Overrides = Overrides::default() => "none";
        /// The arm that this one is compared with, as in `report.baseline`.
        baseline: Option<String> = None => "report.baseline";
    }
}

/// A name in the registry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Objective(String);

/// What is overridden, by key path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Overrides(Vec<(String, Member)>);

/// One `[[arm]]` table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arm {
    /// Key path in the file, for faults: `arm[0]`.
    pub(crate) key: Key,
    /// Where the table stands.
    pub(crate) origin: Origin,
    /// Where it says which objective it trains.
    pub(crate) said: Origin,
    /// Given, or the objective's.
    pub(crate) name: String,
    /// Whether it was given.
    pub(crate) named: bool,
    /// What it is compared with, and where that is written.
    pub(crate) baseline: Option<(String, Place)>,
    /// A name in the registry.
    pub(crate) objective: String,
    /// The objective's options as written.
    pub(crate) options: Node,
    /// What `grid` sweeps, one dimension for each option, and then what `zip` does.
    pub(crate) dimensions: Vec<Dimension>,
    /// What `set` overrides, by key path.
    pub(crate) set: Vec<(String, Member)>,
}

/// At least one arm that is trained, and those that are not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arms {
    pub(crate) trained: Vec<Arm>,
    pub(crate) given: Vec<Given>,
}

impl Arm {
    /// The options of its objective, as they are declared.
    pub(crate) fn declared(&self) -> Vec<Field> {
        cloze_objectives::find(&self.objective).map_or_else(|_| Vec::new(), |entry| (entry.options)())
    }

    fn read(written: &Written<'_>) -> Result<Self> {
        let own = ArmOptions::names();
        // A list of parts says what it is.
        let mixed = written.get(MIXTURE).map(|_| MIXTURE);
        let named = written.get("objective").and_then(|name| name.text().ok()).or(mixed);
        // Without an objective no other key can be judged, and that it is missing is said first.
        if let Some(entry) = named.and_then(|name| cloze_objectives::find(name).ok()) {
            let options = (entry.options)();
            // An arm with a folder that others trained is read elsewhere.
            let own = own.iter().copied().filter(|key| *key != MODEL);
            let known: Vec<&str> = own.chain(options.iter().map(|field| field.name)).collect();
            written.table(&known)?;
        }
        let (own, options) = written.split(&own)?;
        let arm: ArmOptions = Options::read(&Written::new(&own, written.key()))?;
        let objective = match (arm.objective, mixed) {
            (Some(Objective(objective)), _) => objective,
            (None, Some(mixture)) => mixture.to_owned(),
            (None, None) => return Err(unnamed(written)),
        };
        let name = shown_name(arm.name.as_deref().unwrap_or(&objective).trim(), written)?;
        let swept = [("grid", arm.grid.0), ("zip", arm.zip.0.into_iter().collect())];
        let mut dimensions: Vec<Dimension> = Vec::new();
        for (table, found) in swept {
            for mut dimension in found {
                for axis in &mut dimension.axes {
                    if options.find(&axis.path).is_some() {
                        let key = written.key().join(table).joined(&axis.path.as_str().into());
                        return Err(
                            Fault::usage(format!("`{}` is both given and swept in this arm", axis.path))
                                .at(axis.key.of(key))
                                .remedy("keep one of the two"),
                        );
                    }
                    axis.path = format!("{OPTIONS}.{}", axis.path);
                }
                dimensions.push(dimension);
            }
        }
        Ok(Self {
            key: written.key().clone(),
            origin: written.place().origin,
            said: written.open("objective").place().origin,
            name,
            named: arm.name.is_some(),
            baseline: arm
                .baseline
                .map(|baseline| (baseline, written.open("baseline").place())),
            objective,
            options,
            dimensions,
            set: arm.set.0,
        })
    }
}

/// What to say of an arm that does not say what it is: of the key that means to, if one looks like it.
fn unnamed(written: &Written<'_>) -> Fault {
    let says = ["objective", MIXTURE, MODEL];
    let known = ArmOptions::names();
    let slip = |(name, Member { key, .. }): (&String, &Member)| {
        let fault = Fault::usage(format!("unknown key `{name}` in `{}`", written.key()));
        let fault = fault
            .at(key.of(written.key().join(name)))
            .allowed(says)
            .nearest(name, says);
        fault.nearest.is_some().then_some(fault)
    };
    let Value::Table(table) = written.value() else {
        return written.wrong_kind("a table");
    };
    let unknown = table.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    let missing = || written.missing("objective", "`cloze explain` lists the objectives");
    unknown.filter_map(slip).next().unwrap_or_else(missing)
}

/// Whether an objective has an option of this name.
pub(super) fn is_an_option(key: &str) -> bool {
    entries().any(|entry| (entry.options)().iter().any(|field| field.name == key))
}

impl OptionType for Arms {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let Value::List(_) = written.value() else {
            return Err(written.wrong_kind("a list of tables, each headed [[arm]]"));
        };
        let (mut trained, mut given) = (Vec::new(), Vec::new());
        let arms = written.list()?;
        for arm in &arms {
            match arm.get(MODEL) {
                Some(_) => given.push(Given::read(arm)?),
                None => trained.push(Arm::read(arm)?),
            }
        }
        match (trained.is_empty(), given.is_empty()) {
            (true, true) => Err(written
                .fault("an experiment needs at least one arm")
                .remedy("add [[arm]] with objective = \"mlm\"")),
            (true, false) => Err(written
                .fault("an experiment needs at least one arm that is trained")
                .remedy("`cloze eval FOLDER --tasks ...` judges a model of others by itself")),
            (false, _) => Ok(Self { trained, given }),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        Kind::Other {
            said: "a list of tables, each headed [[arm]]".into(),
            schema: schema(),
            fields: ArmOptions::fields(),
        }
    }
}

impl OptionType for Objective {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let name = written.text()?;
        cloze_objectives::find(name).map_err(|fault| fault.at(written.place()))?;
        Ok(Self(name.to_owned()))
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        let names: Vec<String> = entries().map(|entry| format!("`{}`", entry.name)).collect();
        Kind::Other {
            said: names.join(", "),
            // Every arm's schema has its own objective's name.
            schema: json!({}),
            fields: Vec::new(),
        }
    }
}

impl OptionType for Overrides {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let Value::Table(table) = written.value() else {
            return Err(written.wrong_kind("a table"));
        };
        // A table below `section.key` is a value: `set."corpus.tokenizer" = { kind = "bpe", vocab = 4096 }`.
        let set = flatten(table, "", &|path, _| path.contains('.'));
        let checked = set.into_iter().map(|(path, member)| {
            check_path(&path, &member.key)?;
            Ok((path, member.clone()))
        });
        checked.collect::<Result<_>>().map(Self)
    }

    fn write(&self) -> Option<toml::Value> {
        None
    }

    fn kind(_range: Range) -> Kind {
        Kind::Other {
            said: "\"key.path\" = value".into(),
            schema: shapes::shared(shapes::OVERRIDES),
            fields: Vec::new(),
        }
    }
}

/// `[[arm]]`: what may stand beside the objective depends on it.
fn schema() -> serde_json::Value {
    let arm = |entry: &cloze_objectives::Entry| {
        let options = (entry.options)();
        let mut properties = shapes::properties(&ArmOptions::fields());
        properties.remove(MODEL);
        properties.extend(shapes::properties(&options));
        properties.insert(
            "objective".into(),
            described(entry.summary, json!({ "const": entry.name })),
        );
        let mut grid = shapes::nested(&options.iter().collect::<Vec<_>>(), &shapes::values);
        for (path, field) in rows("", &options) {
            grid.entry(path)
                .or_insert_with(|| described(&field.meaning, shapes::values(field)));
        }
        properties.insert(
            "zip".into(),
            described(
                "Lists of one length that move together.",
                shapes::table(grid.clone(), &[]),
            ),
        );
        let mut grid = shapes::table(grid, &[]);
        if entry.name == MIXTURE {
            // Parts are counted, and have options of their own.
            grid["patternProperties"] = json!({ format!(r"^{MIXTURE}\.[0-9]+\."): shapes::any_values() });
        }
        properties.insert("grid".into(), grid);
        let needed = if entry.name == MIXTURE { MIXTURE } else { "objective" };
        let mut schema = shapes::table(properties, &[needed]);
        schema["title"] = entry.title.into();
        schema
    };
    let arms: Vec<serde_json::Value> = entries().map(arm).chain([given::schema()]).collect();
    json!({ "type": "array", "items": { "oneOf": arms }, "minItems": 1 })
}

/// A name that people can tell from others by looking at it.
pub(super) fn shown_name(name: &str, written: &Written<'_>) -> Result<String> {
    if name.chars().any(char::is_control) {
        return Err(written.open("name").fault("an arm's name holds control characters"));
    }
    if let Some(unseen) = name.chars().find(|letter| is_unseen(*letter)) {
        let what = format!("an arm's name holds U+{:04X}, which nobody sees", u32::from(unseen));
        return Err(written.open("name").fault(what));
    }
    Ok(name.to_owned())
}

/// Letters that have no shape, or turn the direction of others, or stand for what is no letter: two names that differ in them
/// alone look the same.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}')
}
