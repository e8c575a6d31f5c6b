//! The first readings: how a corpus is split and which words it has.

use super::CorpusConfig;
use crate::manifest::{Counts, Manifest};
use crate::source::{Division, Source, Text};
use crate::{Part, WordCounts, words};
use cloze_foundation::Result;

/// What is known of a corpus before there are tokens.
pub struct Survey {
    /// Which text is on which side.
    pub split: Division,
    /// The words of the training side.
    pub counts: WordCounts,
    /// What is known so far.
    pub manifest: Manifest,
}

impl Survey {
    /// Reads a corpus.
    pub fn of(source: &Source, config: &CorpusConfig, say: &mut dyn FnMut(&str)) -> Result<Self> {
        say(&format!("reading `{}`", config.source));
        let split = source.split(config.held_out)?;
        let mut counts = WordCounts::default();
        let (mut train, mut held_out) = (Counts::default(), Counts::default());
        source.documents(&split, &mut |part, text| {
            let side = match part {
                Part::Train => &mut train,
                Part::HeldOut => &mut held_out,
            };
            match text {
                Text::Piece(piece) => {
                    side.words += piece.text.split_ascii_whitespace().count() as u64;
                    side.bytes += piece.text.len() as u64 + 1;
                    if part == Part::Train {
                        counts.add(piece.text);
                    }
                }
                Text::End => side.documents += 1,
            }
            Ok(())
        })?;
        for (side, of) in [("training", &train), ("held-out", &held_out)] {
            if of.words == 0 {
                let mut fault = source.empty();
                fault.what += &format!(" (on the {side} side of the split)");
                return Err(fault.remedy("give more text, or another share in corpus.held_out (or more corpus.words)"));
            }
        }
        let (files, copies) = source.files();
        if copies > 0 {
            say(&format!(
                "{copies} file(s) are left out, because others have the same bytes"
            ));
        }
        say(&format!("{} words; {}", train.words + held_out.words, split.describe()));
        let manifest = Manifest {
            source: config.source.clone(),
            files,
            copies,
            split: split.describe().to_owned(),
            has_words: words::can_be_told(&counts),
            train,
            held_out,
            ..Manifest::default()
        };
        Ok(Self {
            split,
            counts,
            manifest,
        })
    }
}
