//! The answer to the experiment's question: the order of the arms, what of it is established, what is not, what to do next.

use crate::arm::Ending;
use crate::compare::{Comparison, Verdict};
use crate::history;
use crate::ladder::ladders;
use crate::names::some;
use crate::plateau::{Place, Plateau};
use crate::score::LEAST_SEEDS;
use crate::sections::best::sentences as best_rates;
use crate::sections::order::sentences as order_of_fields;
use crate::sections::{decisions, models, tuning};
use crate::sentence::{effect, more};
use crate::study::{Scored, Study};
use cloze_foundation::Result;
use std::cmp::Ordering;

/// The verdict, sentence by sentence.
///
/// # Errors
/// Scores that statistics refuse; a view holds finite ones only.
pub(crate) fn verdict(study: &Study) -> Result<Vec<String>> {
    let view = study.view;
    let mut told = Vec::new();
    let planned: usize = view.arms.iter().map(|arm| arm.seeds.len()).sum();
    let count = |ending| -> usize { view.arms.iter().map(|arm| arm.count(ending)).sum() };
    let (done, diverged) = (count(Ending::Done), count(Ending::Diverged));
    let needed = planned - count(Ending::NotNeeded);
    if done < needed {
        let gone = if diverged > 0 {
            format!(", {diverged} diverged")
        } else {
            String::new()
        };
        told.push(format!("{done} of {needed} runs are done{gone}."));
        let ungathered = count(Ending::Ungathered);
        if ungathered > 0 {
            told.push(format!(
                "{ungathered} that have ended are not in the metrics: `cloze doctor` says whether they are whole, and `cloze run` \
                 gathers them then."
            ));
        }
    }
    let early = count(Ending::Early);
    if early > 0 {
        told.push(format!(
            "Trained before the trials of their arms have ended, as runs of before [tune] are: {early}. Which of them count, these trials \
             say."
        ));
    }
    told.extend(decisions::saved(view));
    told.extend(view.outside.iter().cloned());
    let mut gaps = history::gaps(view).into_iter();
    told.extend(gaps.next());
    let changes = history::changes(view);
    told.extend(changes.last().cloned());
    if gaps.len() > 0 || changes.len() > 1 {
        told.push("More of the plan's history stands under Coverage.".to_owned());
    }
    let tuned = tuning::sentences(study)?;
    let Some(scored) = study.scores.first() else {
        told.extend(tuned);
        if view.curves.keys().any(|score| score.answerer().is_some()) {
            told.push(
                "What was judged are other networks of the arms, so no score of an encoder is there to compare."
                    .to_owned(),
            );
            told.extend(plateau(study));
        } else {
            told.push("Nothing was judged yet, so there is nothing to say.".to_owned());
        }
        return Ok(told);
    };
    told.extend(order(study, scored));
    if let Some(sentences) = order_of_fields(study, scored) {
        told.extend(sentences.get(1).cloned());
    }
    told.extend(models::sentence(study, scored));
    told.extend(told_of_some(study));
    told.extend(chance(study, scored)?);
    told.extend(established(study, scored));
    told.extend(lonely(study, scored));
    told.extend(tuned);
    for ladder in ladders(study, scored)? {
        told.extend(ladder.answer());
    }
    told.extend(best_rates(study, scored)?);
    told.extend(study.rules_differ(scored));
    told.extend(study.the_same());
    told.extend(elsewhere(study));
    told.extend(plateau(study));
    told.extend(study.mixtures(study.told.iter().copied()));
    told.extend(unplaced(study));
    let lacking = [Ending::Missing, Ending::Failed, Ending::Ungathered, Ending::Early];
    told.push(next(
        study,
        scored,
        lacking.into_iter().any(|ending| count(ending) > 0),
    )?);
    Ok(told)
}

/// The arms in the order of their means.
fn order(study: &Study, scored: &Scored) -> Vec<String> {
    let score = &scored.score;
    let better = if score.higher_is_better() { "highest" } else { "lowest" };
    let chance = score
        .chance()
        .map(|chance| format!(", chance {}", score.text(chance)))
        .unwrap_or_default();
    let mut told = Vec::new();
    for field in scored.fields.iter().take(4) {
        let arms = scored.ranked(field);
        let named = |arm: &usize| {
            let mean = scored.means[*arm].map(|mean| score.text(mean)).unwrap_or_default();
            let why = study.view.survivors(score, *arm).map(|_| " (the seeds that are left)");
            format!("{} {mean}{}", study.name(*arm), why.unwrap_or_default())
        };
        if !arms.is_empty() {
            let seeds = seeds(scored, &arms);
            let title = field.titled(&score.label());
            told.push(format!(
                "{title}, {better} mean first{chance}, {seeds}: {}.",
                some(arms.iter().map(named))
            ));
        }
    }
    told
}

/// Of many arms not all are told.
fn told_of_some(study: &Study) -> Option<String> {
    let untold = study.untold()?;
    Some(format!(
        "Whether arms are above chance, and what is established of their differences, is told of {} of the {}: {}.",
        study.told.len(),
        study.told.len() + untold,
        study.chosen_by()
    ))
}

/// `3 seeds`, or `2 to 3 seeds`.
fn seeds(scored: &Scored, arms: &[usize]) -> String {
    let counts = || arms.iter().map(|arm| scored.finals[*arm].len());
    match (counts().min().unwrap_or_default(), counts().max().unwrap_or_default()) {
        (1, 1) => "1 seed".to_owned(),
        (low, high) if low == high => format!("{high} seeds"),
        (low, high) => format!("{low} to {high} seeds"),
    }
}

/// Who is above chance.
fn chance(study: &Study, scored: &Scored) -> Result<Option<String>> {
    let score = &scored.score;
    if score.chance().is_none() || scored.finals.iter().all(|finals| finals.len() < LEAST_SEEDS) {
        return Ok(None);
    }
    let (mut above, mut not) = (Vec::new(), Vec::new());
    for (arm, one) in study.against_chance(score)? {
        let side = if one.side == Some(Ordering::Greater) {
            &mut above
        } else {
            &mut not
        };
        side.push(study.name(arm).to_owned());
    }
    let all = not.is_empty();
    Ok(Some(match (above.is_empty(), all) {
        (true, _) => "No arm is established to be above chance.".to_owned(),
        (_, true) => "All of them are above chance.".to_owned(),
        _ => format!("Above chance: {}; not established: {}.", some(above), some(not)),
    }))
}

/// What of the order is established against the baselines, and what is not.
fn established(study: &Study, scored: &Scored) -> Vec<String> {
    let is_told = |one: &&Comparison| study.is_told(one.arm);
    let (yes, no): (Vec<&Comparison>, Vec<&Comparison>) = scored
        .compared
        .iter()
        .filter(is_told)
        .partition(|one| one.verdict.is_established());
    let (same, no): (Vec<&Comparison>, Vec<&Comparison>) =
        no.into_iter().partition(|one| one.verdict == Verdict::Equivalent);
    let several = scored.has_several_baselines();
    // Of several baselines each stands with its arm.
    let arm = |one: &Comparison, than: &str| match several {
        true => format!("{} {than} {}", study.name(one.arm), study.name(one.baseline)),
        false => study.name(one.arm).to_owned(),
    };
    let baseline = |than: &str| match scored.compared.first() {
        Some(one) if !several => format!("{than} {}", study.name(one.baseline)),
        _ => String::new(),
    };
    let mut told = Vec::new();
    if !yes.is_empty() {
        let named = |one: &&Comparison| {
            let delta = scored.score.difference(one.by.delta);
            format!(
                "{} ({delta}{})",
                arm(one, "against"),
                if one.is_paired { "" } else { ", not paired" }
            )
        };
        let (exact, by_t): (Vec<&Comparison>, Vec<&Comparison>) = yes
            .iter()
            .partition(|one| matches!(one.verdict, Verdict::Better | Verdict::Worse));
        for (found, how) in [
            (exact, "Established"),
            (by_t, "Established by the t test, which the exact test does not confirm"),
        ] {
            if !found.is_empty() {
                let names = some(found.iter().map(named));
                told.push(format!("{how}{}: {names}.", baseline(", arm against")));
            }
        }
    }
    if !same.is_empty() {
        let names = some(same.iter().map(|one| arm(one, "to")));
        told.push(format!(
            "Equivalent{} within {}: {names}.",
            baseline(" to"),
            effect(study)
        ));
    }
    if !no.is_empty() {
        let names = some(no.iter().map(|one| arm(one, "from")));
        let few = no.iter().all(|one| one.by.n < LEAST_SEEDS && one.look.is_none());
        let why = if few {
            format!(", since nothing is said from fewer than {LEAST_SEEDS} seeds")
        } else {
            String::new()
        };
        told.push(format!("Not established to differ{}: {names}{why}.", baseline(" from")));
    }
    told
}

/// Whom nothing is held against, though the score is there.
fn lonely(study: &Study, scored: &Scored) -> Option<String> {
    let baselines = study.view.baselines(&scored.score);
    let is_lonely = |arm: &usize| baselines[*arm].is_none() && !scored.finals[*arm].is_empty();
    let arms = (0..baselines.len()).filter(is_lonely);
    let names: Vec<String> = arms.map(|arm| study.name(arm).to_owned()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Not compared, since their baseline is not at their place in the sweep or was trained or judged on other texts: {}.",
            some(names)
        )
    })
}

/// What the other headline scores say.
fn elsewhere(study: &Study) -> Vec<String> {
    let mut told = Vec::new();
    for scored in study.scores.iter().skip(1) {
        let shown = scored
            .compared
            .iter()
            .filter(|one| study.is_told(one.arm) && one.verdict.is_established());
        let named = |one: &Comparison| {
            let delta = scored.score.difference(one.by.delta);
            let by = match one.verdict {
                Verdict::Ahead | Verdict::Behind => ", by the t test alone",
                _ => "",
            };
            format!(
                "{} against {} ({delta}{by})",
                study.name(one.arm),
                study.name(one.baseline)
            )
        };
        let found: Vec<String> = shown.map(named).collect();
        if scored.compared.is_empty() {
            continue;
        }
        let is_same = |one: &&Comparison| study.is_told(one.arm) && one.verdict == Verdict::Equivalent;
        let same: Vec<String> = scored
            .compared
            .iter()
            .filter(is_same)
            .map(|one| format!("{} to {}", study.name(one.arm), study.name(one.baseline)))
            .collect();
        let is_tested = scored.compared.iter().any(|one| one.by.n >= LEAST_SEEDS);
        let label = scored.score.label();
        let differ = match (is_tested, found.is_empty()) {
            (false, _) => format!("{label}: not tested, since no two arms have {LEAST_SEEDS} seeds"),
            (true, true) => format!("{label}: no difference is established"),
            (true, false) => format!("{label}: established, {}", some(found)),
        };
        told.push(match same.is_empty() {
            true => format!("{differ}."),
            false => format!("{differ}; equivalent within {}, {}.", effect(study), some(same)),
        });
    }
    told
}

/// Who has not left the plateau, and who may not have.
fn plateau(study: &Study) -> Vec<String> {
    let named = |one: &Plateau| {
        let who = one
            .answerer
            .as_ref()
            .map(|who| format!(" (its {who})"))
            .unwrap_or_default();
        format!("{}{who}", study.name(one.arm))
    };
    let of = |place: Place| -> Vec<String> {
        let there = study.plateaus.iter().filter(|one| one.place == place);
        there.map(named).collect()
    };
    let mut told = Vec::new();
    for (place, words, then) in [
        (Place::Above, "Word frequencies are not learnt yet by", ""),
        (
            Place::On,
            "On the plateau of word frequencies",
            " A loss that frequencies alone give says that nothing else was learnt.",
        ),
        (
            Place::Open,
            "Not established to be off the plateau of word frequencies",
            "",
        ),
    ] {
        let names = of(place);
        if !names.is_empty() {
            told.push(format!("{words}: {}.{then}", some(names)));
        }
    }
    told
}

/// Of which arms nothing says whether they have left the plateau: their own loss is a sum of several, or is about tokens that they
/// see, and they were not judged on masked tokens.
fn unplaced(study: &Study) -> Option<String> {
    let arms = study.view.unplaced();
    let names: Vec<String> = arms.iter().map(|arm| study.name(*arm).to_owned()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Whether the plateau of word frequencies was left is not known of {}: their own loss is a sum, or is about tokens that \
             they see, and no loss of masked tokens was measured.",
            some(names)
        )
    })
}

/// What to do.
fn next(study: &Study, scored: &Scored, is_unfinished: bool) -> Result<String> {
    if is_unfinished {
        return Ok("Next: the same command trains what is missing.".to_owned());
    }
    let all_on = !study.told.is_empty() && study.told.iter().all(|arm| study.is_seen_on_plateau(*arm));
    if all_on {
        return Ok(
            "Next: a larger budget, or a model that learns within this one; more seeds would not help.".to_owned(),
        );
    }
    // Where only one arm has the first score, another one has something to compare.
    let scored = match scored.compared.is_empty() {
        true => study
            .scores
            .iter()
            .find(|one| !one.compared.is_empty())
            .unwrap_or(scored),
        false => scored,
    };
    let family = scored.compared.len();
    let open = scored
        .compared
        .iter()
        .filter(|one| !one.verdict.is_established() && one.verdict != Verdict::Equivalent && study.is_told(one.arm));
    let on_plateau = |one: &&Comparison| study.is_on_plateau(one.arm) && study.is_on_plateau(one.baseline);
    let (on, mut open): (Vec<&Comparison>, Vec<&Comparison>) = open.partition(on_plateau);
    if open.iter().any(|one| one.by.n < LEAST_SEEDS) {
        return Ok(format!("Next: at least {LEAST_SEEDS} seeds for every arm."));
    }
    let size = |one: &&Comparison| one.by.effect.map_or(0.0, f64::abs);
    open.sort_by(|a, b| size(b).total_cmp(&size(a)));
    Ok(match (open.first(), on.is_empty()) {
        (Some(one), _) => format!(
            "Next, if it matters: {} against {}: {}.",
            study.name(one.arm),
            study.name(one.baseline),
            more(study, one, family)?
        ),
        (None, false) => {
            "Next: a larger budget for the arms on the plateau; more seeds would not help them.".to_owned()
        }
        (None, true) if family > 0 => {
            "Next: nothing is open at this budget; another corpus or a larger one would say how far it carries."
                .to_owned()
        }
        (None, true) if study.view.arms.len() > 1 => {
            "Next: judge the arms by what all of them can be asked, minimal pairs for one; no two have a score in common.".to_owned()
        }
        (None, true) => "Next: name a second arm to compare with.".to_owned(),
    })
}
