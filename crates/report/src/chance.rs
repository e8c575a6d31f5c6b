//! Above or below chance: who is, and by what.

use crate::compare::ALPHA;
use crate::curves::over_seeds;
use crate::score::{LEAST_SEEDS, Score};
use crate::view::View;
use cloze_foundation::Result;
use cloze_stats::{Bootstrap, Summary, holm};
use std::cmp::Ordering;

/// An arm on a score, against chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Against {
    /// Over seeds alone.
    pub found: Summary,
    /// Over seeds and items, where these were kept.
    pub items: Option<Bootstrap>,
    /// p after Holm over what was asked together.
    pub p: Option<f64>,
    /// The side of chance that is established.
    pub side: Option<Ordering>,
}

/// Each of some scores and arms against its chance level, with Holm's correction over all of them and `others` more, which are
/// not looked at and count as if they said nothing. None where an arm has no such score.
///
/// What is looked at may have been chosen for its score: the family is all that could have been.
///
/// Where items were kept, resampling of seeds and items decides: intervals over seeds alone know nothing of the fifty pairs
/// that all seeds share, and none of seeds that do not differ. Without items the t test over seeds decides.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn against(view: &View, asked: &[(&Score, usize)], others: usize) -> Result<Vec<Option<Against>>> {
    let mut all: Vec<Option<Against>> = Vec::new();
    for (score, arm) in asked {
        let finals = view.final_of(score, *arm)?;
        let Some(found) = over_seeds(&finals)? else {
            all.push(None);
            continue;
        };
        let (mut items, mut p) = (None, None);
        if let Some(chance) = score.chance().filter(|_| found.n >= LEAST_SEEDS) {
            items = view.against_level(score, *arm, &finals, chance)?;
            p = match &items {
                Some(items) => Some(items.p),
                None => found.p(chance)?,
            };
        }
        all.push(Some(Against {
            found,
            items,
            p,
            side: None,
        }));
    }
    let mut raw: Vec<f64> = all.iter().flatten().filter_map(|one| one.p).collect();
    raw.resize(raw.len() + others, 1.0);
    let mut adjusted = holm(&raw)?.into_iter();
    for (one, (score, _)) in all.iter_mut().zip(asked) {
        let Some(one) = one.as_mut().filter(|one| one.p.is_some()) else {
            continue;
        };
        one.p = adjusted.next();
        if let (Some(p), Some(chance)) = (one.p, score.chance()) {
            let side = one.found.mean.total_cmp(&chance);
            one.side = Some(side).filter(|side| p < ALPHA && side.is_ne());
        }
    }
    Ok(all)
}
