//! One error type for the whole workspace: what, where, what is allowed, the nearest match, what to do.

use crate::Place;
use std::fmt;

/// `Result` with a [`Fault`].
pub type Result<T> = std::result::Result<T, Fault>;

/// Whose turn it is, and the exit status that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The command line, the experiment or an input file is wrong: exit 2, nothing was written.
    Usage,
    /// Something failed while running: exit 1.
    Run,
    /// Stopped by a signal and resumable: exit 75.
    Interrupted,
}

/// An error for a person. Build it with [`Fault::usage`] or [`Fault::run`] and add what is known:
///
/// ```
/// use cloze_foundation::{Fault, Place};
/// let fault = Fault::usage("unknown objective `mml`")
///     .at(Place::key("arm.objective"))
///     .allowed(["mlm", "electra"])
///     .nearest("mml", ["mlm", "electra"])
///     .remedy("`cloze explain` lists the objectives");
/// assert!(fault.to_string().contains("did you mean `mlm`?"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Decides the exit status.
    pub kind: FaultKind,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// Where, from the outermost place to the innermost.
    pub places: Vec<Place>,
    /// What would have been accepted.
    pub allowed: Option<String>,
    /// The known word nearest to the one given.
    pub nearest: Option<String>,
    /// What to do now.
    pub remedy: Option<String>,
}

impl Fault {
    fn new(kind: FaultKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            places: Vec::new(),
            allowed: None,
            nearest: None,
            remedy: None,
        }
    }

    /// The input is wrong (exit 2).
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Usage, what)
    }

    /// Work that stopped half way and goes on when the same command is run again (exit 75).
    pub fn interrupted(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Interrupted, what).remedy("run the same command again to go on")
    }

    /// Something failed while running (exit 1).
    pub fn run(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Run, what)
    }

    /// A file that could not be read or written, in the system's words.
    pub fn file(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let fault = Self::usage(format!("cannot {action} `{}`: {error}", path.display()));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                fault.remedy("free some space (or use another --results folder) and run the same command again")
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied if action != "read" => {
                fault.remedy("choose a folder that you may write to, with --results")
            }
            _ => fault,
        }
    }

    /// Says where: a [`Place`], or words. An outer place is put in front of an inner one.
    pub fn at(mut self, place: impl Into<Place>) -> Self {
        self.places.insert(0, place.into());
        self
    }

    /// Whether this is one of its places.
    pub fn is_at(&self, place: &str) -> bool {
        self.places.iter().any(|known| known.to_string() == place)
    }

    /// The places in words, the outermost first; `None` where none is known.
    pub fn place(&self) -> Option<String> {
        let places: Vec<String> = self.places.iter().map(Place::to_string).collect();
        (!places.is_empty()).then(|| places.join(": "))
    }

    /// Lists what would have been accepted.
    pub fn allowed<S: AsRef<str>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        let words: Vec<String> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        self.allowed = Some(words.join(", "));
        self
    }

    /// Suggests the candidate nearest to `word`, if one is near enough to be a slip of the pen.
    pub fn nearest<S: AsRef<str>>(mut self, word: &str, candidates: impl IntoIterator<Item = S>) -> Self {
        self.nearest = nearest(word, candidates);
        self
    }

    /// Says what to do.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The process exit status: 1, 2 or 75.
    pub fn exit_status(&self) -> u8 {
        match self.kind {
            FaultKind::Run => 1,
            FaultKind::Usage => 2,
            FaultKind::Interrupted => 75,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(place) = self.place() {
            write!(f, "\n  at {place}")?;
        }
        if let Some(line) = self.places.iter().rev().find_map(Place::line) {
            write!(f, "\n{}", line.show())?;
        }
        if let Some(allowed) = &self.allowed {
            write!(f, "\n  allowed: {allowed}")?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "\n  did you mean `{nearest}`?")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\n  hint: {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// The candidate that is most likely meant by `word`: the same but for capitals, `-` and `_`; one that ends in it
/// (`seeds`: `sweep.seeds`); one that takes few edits; or one in whose last part it is a word (`optimizer.lr`:
/// `optimizer.peak_lr`).
pub fn nearest<S: AsRef<str>>(word: &str, candidates: impl IntoIterator<Item = S>) -> Option<String> {
    let wanted = plain(word);
    let rank = |candidate: &str| likeness(&wanted, &plain(candidate));
    let ranked = candidates.into_iter().filter_map(|candidate| {
        let candidate = candidate.as_ref();
        rank(candidate).map(|rank| (rank, candidate.to_owned()))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, candidate)| candidate)
}

/// Without what people get wrong: capitals, and which sign joins words.
fn plain(word: &str) -> String {
    word.trim().to_lowercase().replace(['-', ' '], "_")
}

/// How alike two words are, the smaller the more; `None` if they are not.
fn likeness(word: &str, candidate: &str) -> Option<(u8, usize)> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let (letters, others) = (word.chars().count(), candidate.chars().count());
    if word == candidate {
        return Some((0, 0));
    }
    if !word.contains('.') && word == last(candidate) {
        return Some((1, 0));
    }
    let table = |path: &str| path.rsplit_once('.').map(|(table, _)| table.to_owned());
    let (own, known) = (last(word), last(candidate));
    let is_word = own.chars().count() > 1 && known.split('_').any(|part| part == own);
    let same_table = table(word).is_none_or(|own| Some(own) == table(candidate));
    // In its own table a word is meant before a slip in the whole path.
    if is_word && same_table && word.contains('.') {
        return Some((1, others));
    }
    // A third of the letters, but two of four and one of fewer. There are no fewer edits than the lengths differ by.
    let limit = if letters < 4 { 1 } else { (letters / 3).max(2) };
    let edits = |known: &str| {
        let possible = letters.abs_diff(known.chars().count()) <= limit;
        possible
            .then(|| strsim::damerau_levenshtein(word, known))
            .filter(|edits| *edits <= limit)
    };
    let of_last = (!word.contains('.')).then(|| edits(&last(candidate))).flatten();
    if let Some(edits) = [edits(candidate), of_last].into_iter().flatten().min() {
        return Some((2, edits));
    }
    (is_word && same_table).then_some((3, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_a_foreign_word_is_not() {
        assert_eq!(nearest("eletcra", ["mlm", "electra"]).as_deref(), Some("electra"));
        assert_eq!(nearest("zebra-crossing", ["mlm", "electra"]), None);
    }

    #[test]
    fn what_people_type_finds_what_they_mean() {
        let known = [
            "mlm",
            "whole-word",
            "sweep.seeds",
            "optimizer.peak_lr",
            "optimizer.warmup",
            "encoder.feed_forward",
            "corpus.held_out",
        ];
        for (typed, meant) in [
            ("MLM", "mlm"),
            ("Whole Word", "whole-word"),
            ("seeds", "sweep.seeds"),
            ("seed", "sweep.seeds"),
            ("lr", "optimizer.peak_lr"),
            ("optimizer.lr", "optimizer.peak_lr"),
            ("feed-forward", "encoder.feed_forward"),
            ("heldout", "corpus.held_out"),
            ("optimiser.warm_up", "optimizer.warmup"),
        ] {
            assert_eq!(nearest(typed, known).as_deref(), Some(meant), "{typed}");
        }
        assert_eq!(nearest("encoder.lr", known), None, "in another table");
        assert_eq!(nearest("a".repeat(200_000).as_str(), known), None);
    }

    #[test]
    fn an_outer_place_comes_first() {
        let fault = Fault::usage("bad").at("line 3").at("x.toml");
        assert_eq!(fault.place().as_deref(), Some("x.toml: line 3"));
    }
}
