//! What is known of a window's text beside its ids, by kind: empty unless a source says it.

use cloze_foundation::{Fault, Result};
use std::collections::BTreeMap;
use std::ops::Range;

/// A kind of spans: runs of positions that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanKind(pub &'static str);

/// A kind of marks: true or false at every position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkKind(pub &'static str);

/// Named entities: what entity masking hides together (Sun et al. 2019, ERNIE).
pub const ENTITIES: SpanKind = SpanKind("entities");
/// true = a sentence ends at this position.
pub const SENTENCE_ENDS: MarkKind = MarkKind("sentence_ends");

/// Annotations of a window of L positions. A kind is a constant of type [`SpanKind`] or [`MarkKind`], in whichever file
/// first needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    spans: BTreeMap<SpanKind, Vec<Range<usize>>>,
    marks: BTreeMap<MarkKind, Vec<bool>>,
}

impl Annotations {
    /// Spans of a kind from left to right, no two of which overlap; none where nobody annotated them.
    pub fn spans(&self, kind: SpanKind) -> &[Range<usize>] {
        self.spans.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// Marks of a kind, one for each position; none where nobody annotated them.
    pub fn marks(&self, kind: MarkKind) -> &[bool] {
        self.marks.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// Whether a position is marked; false where nobody annotated it.
    pub fn marked(&self, kind: MarkKind, position: usize) -> bool {
        self.marks(kind).get(position).copied().unwrap_or(false)
    }

    /// Sets the spans of a kind.
    ///
    /// # Errors
    /// Spans that are empty, overlap, do not ascend or reach beyond `length` positions.
    pub(crate) fn set_spans(&mut self, kind: SpanKind, spans: Vec<Range<usize>>, length: usize) -> Result<()> {
        let mut end = 0;
        for span in &spans {
            if span.start < end || span.is_empty() || span.end > length {
                return Err(
                    Fault::usage(format!("the span {span:?} of `{}` is out of place", kind.0)).allowed([format!(
                        "spans that are not empty, begin at {end} or later and end within {length} positions"
                    )]),
                );
            }
            end = span.end;
        }
        self.spans.insert(kind, spans);
        Ok(())
    }

    /// Sets spans that are known to be in place.
    pub(crate) fn put_spans(&mut self, kind: SpanKind, spans: Vec<Range<usize>>) {
        self.spans.insert(kind, spans);
    }

    /// Sets the marks of a kind.
    ///
    /// # Errors
    /// Another number of marks than `length`.
    pub(crate) fn set_marks(&mut self, kind: MarkKind, marks: Vec<bool>, length: usize) -> Result<()> {
        if marks.len() != length {
            let what = format!("{} marks of `{}` for {length} positions", marks.len(), kind.0);
            return Err(Fault::usage(what).allowed(["one mark for each position"]));
        }
        self.marks.insert(kind, marks);
        Ok(())
    }

    /// Forgets what lies at `length` or beyond; a span that reaches over it is cut.
    pub(crate) fn truncate(&mut self, length: usize) {
        for spans in self.spans.values_mut() {
            spans.retain(|span| span.start < length);
            if let Some(last) = spans.last_mut() {
                last.end = last.end.min(length);
            }
        }
        for marks in self.marks.values_mut() {
            marks.truncate(length);
        }
    }
}
