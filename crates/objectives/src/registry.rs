//! The one list of objectives.

use crate::mixture::{MIXTURE, OBJECTIVE};
use crate::scoring::Rule;
use crate::{Entry, Objective};
use cloze_corpus::{Prepared, Statistics};
use cloze_foundation::{Fault, Key, Place, Result};
use cloze_options::Written;
use std::collections::BTreeSet;

/// Lists modules, each with the name of its page in docs/objectives.
macro_rules! objectives {
    ($($module:ident $page:literal),* $(,)?) => {
        /// Every objective. A new one is a file and a line here.
        pub static OBJECTIVES: &[&Entry] = &[$(&crate::$module::ENTRY),*];

        /// Their pages, and that of mixtures.
        static PAGES: &[&str] = &[
            $(include_str!(concat!("../../../docs/objectives/", $page, ".md")),)*
            include_str!("../../../docs/objectives/mixture.md"),
        ];
    };
}

objectives! {
    mlm "mlm",
    whole_word "whole-word",
    n_gram "n-gram",
    entity "entity",
    pmi "pmi",
    frequency "frequency",
    adaptive "adaptive",
    span "span",
    electra "electra",
    replace_mlm "replace-mlm",
    all_tokens_mlm "all-tokens-mlm",
    rtd "rtd",
    autoregressive "autoregressive",
    prefix "prefix",
    mntp "mntp",
    diffusion "diffusion",
    permutation "permutation",
    mpnet "mpnet",
}

/// What docs/objectives says of an entry, as Markdown; nothing for a name that there is not.
pub fn page(name: &str) -> &'static str {
    entries()
        .zip(PAGES)
        .find(|(entry, _)| entry.name == name)
        .map_or("", |(_, page)| page)
}

/// All that an arm can train: every objective, and mixtures of them, which work with no options of their own.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    OBJECTIVES.iter().copied().chain([&crate::mixture::ENTRY])
}

/// The entry with this name.
///
/// # Errors
/// An unknown name, with the names that exist and the nearest one.
pub fn find(name: &str) -> Result<&'static Entry> {
    entries().find(|entry| entry.name == name).ok_or_else(|| {
        let names = || entries().map(|entry| entry.name);
        Fault::usage(format!("unknown objective `{name}`"))
            .allowed(names())
            .nearest(name, names())
            .remedy("`cloze explain` lists the objectives")
    })
}

/// An objective from its name and its options as they were written.
///
/// # Errors
/// An unknown objective or key, or a value outside its range, with its place.
pub fn read(name: &str, options: &Written<'_>) -> Result<Box<dyn Objective>> {
    (find(name)?.configure)(options)
        .map_err(|fault| fault.remedy(format!("`cloze explain {name}` describes its options")))
}

/// An objective from its name and a frozen option table.
///
/// # Errors
/// As [`read`]; places are keys alone.
pub fn configure(name: &str, options: &toml::Table) -> Result<Box<dyn Objective>> {
    read(name, &Written::new(&options.into(), ""))
}

/// An objective from its name and option table, with what it needs to know of the corpus: ready to corrupt.
///
/// # Errors
/// As [`configure`]; or a corpus that the objective can do nothing with, at a key of the arm or of a part of its mixture.
pub fn prepared(name: &str, options: &toml::Table, corpus: &Prepared) -> Result<Box<dyn Objective>> {
    let mut objective = configure(name, options)?;
    if let Some((name, key)) = reader_of_words(name, &*objective)
        && !corpus.has_words()
    {
        let source = &corpus.manifest.source;
        return Err(Fault::usage(format!(
            "`{name}` hides whole words, and where words begin in `{source}` cannot be told"
        ))
        .at(Place::key(key))
        .remedy(
            "its letters stand in long runs without spaces, of a script that Unicode does not divide into words \
                 either: separate its words by spaces with a segmenter first, or leave the objective out",
        ));
    }
    let statistics = Statistics::of(corpus, &objective.needs());
    objective.prepare(&statistics).map_err(of_text)?;
    Ok(objective)
}

/// Who hides whole words, and the key that says so: the objective, or the first part of a mixture that does.
fn reader_of_words(name: &str, objective: &dyn Objective) -> Option<(String, Key)> {
    let parts = objective.uses().into_iter().enumerate();
    let mut readers =
        parts.filter(|(_, (part, options))| configure(part, options).is_ok_and(|part| part.reads_words()));
    let of_part = |(index, (part, _)): (usize, (&str, _))| {
        let key = Key::from(MIXTURE).index(index).join(OBJECTIVE);
        (part.to_owned(), key)
    };
    let itself = || (name.to_owned(), OBJECTIVE.into());
    objective
        .reads_words()
        .then(|| readers.next().map_or_else(itself, of_part))
}

/// What an objective says of a text: at the key that says which objective it is, where it is about no option.
pub(crate) fn of_text(fault: Fault) -> Fault {
    match fault.places.is_empty() {
        true => fault.at(Place::key(OBJECTIVE)),
        false => fault,
    }
}

/// The laws that a run with this objective uses and that are no longer in their first version, by name and version,
/// sorted: the objective's, those of the objectives that it mixes, and those of the statistics that they need. Options
/// that cannot be read use none.
pub fn laws(name: &str, options: &toml::Table) -> Vec<(&'static str, u32)> {
    let mut found = BTreeSet::new();
    collect(name, options, &mut found);
    found.into_iter().filter(|(_, version)| *version > 1).collect()
}

fn collect(name: &str, options: &toml::Table, found: &mut BTreeSet<(&'static str, u32)>) {
    let Ok(entry) = find(name) else { return };
    found.insert((entry.name, entry.version));
    let Ok(objective) = entry.with(options) else {
        return;
    };
    found.extend(objective.needs().into_iter().map(|need| (need.name(), need.version())));
    for (name, options) in objective.uses() {
        collect(name, &options, found);
    }
}

/// How the model of an objective with these options scores sentences, headline first.
///
/// # Errors
/// As [`configure`].
pub fn rules(name: &str, options: &toml::Table) -> Result<Vec<Rule>> {
    let given = configure(name, options)?.rules();
    Ok(match given {
        Some(rules) => rules,
        None => find(name)?.scores.to_vec(),
    })
}
