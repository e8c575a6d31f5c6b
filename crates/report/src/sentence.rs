//! Comparisons as sentences.

use crate::compare::{ALPHA, Comparison, POWER, Verdict};
use crate::decisions::Look;
use crate::number;
use crate::score::{LEAST_SEEDS, Score};
use crate::study::Study;
use cloze_foundation::Result;
use cloze_stats::{End, seeds_for_sign_flip, seeds_range};

/// The verdict on two arms as a sentence; `family` is how many comparisons were made together.
///
/// # Errors
/// What power calculations refuse.
pub(crate) fn sentence(study: &Study, score: &Score, one: &Comparison, family: usize) -> Result<String> {
    let (arm, baseline) = (study.name(one.arm), study.name(one.baseline));
    let n = one.by.n;
    let delta = score.difference(one.by.delta);
    if let Some(look) = &one.look {
        return Ok(at_look(study, one, look, [arm, baseline], &delta));
    }
    let [exact, t] = one.tests();
    let items = one
        .items_holm
        .map(|p| format!("; over seeds and items, Holm {}", number::p_is(p)));
    let items = items.unwrap_or_default();
    let by_exact = format!("{exact}, Holm {}{items}, {n} seeds", number::p_is(one.exact_holm));
    let by_t = format!(
        "{t}, Holm {}{items}, {n} seeds",
        number::p_is(one.t_holm.unwrap_or(1.0))
    );
    let caution = "the t test takes the differences to be normal, and the exact test does not confirm it";
    Ok(match one.verdict {
        Verdict::Better => format!("{arm} is better than {baseline}: {delta} ({by_exact})."),
        Verdict::Worse => format!("{arm} is worse than {baseline}: {delta} ({by_exact})."),
        Verdict::Ahead => format!("{arm} is ahead of {baseline}: {delta} ({by_t}); {caution}."),
        Verdict::Behind => format!("{arm} is behind {baseline}: {delta} ({by_t}); {caution}."),
        Verdict::Equivalent => format!("{arm} and {baseline} are equivalent: {delta}."),
        Verdict::NoTest if n == 1 => format!("{arm} and {baseline} share one seed: {delta}, and no test is possible."),
        Verdict::NoTest => {
            format!("{arm} and {baseline} share {n} seeds: {delta}; nothing is said from fewer than {LEAST_SEEDS}.")
        }
        Verdict::NoEvidence => {
            let more = more(study, one, family)?;
            format!("{arm} against {baseline}: no evidence of a difference ({delta}, {n} seeds; {more}).")
        }
    })
}

/// The verdict of a look.
fn at_look(study: &Study, one: &Comparison, look: &Look, [arm, baseline]: [&str; 2], delta: &str) -> String {
    let why = look.words();
    match (one.verdict, look.standing.end) {
        (Verdict::Better, _) => format!("{arm} is better than {baseline}: {delta} ({why})."),
        (Verdict::Worse, _) => format!("{arm} is worse than {baseline}: {delta} ({why})."),
        (Verdict::Equivalent, _) => format!(
            "{arm} and {baseline} are equivalent within {}: {delta} ({why}).",
            effect(study)
        ),
        (Verdict::NoTest, _) => format!("{arm} against {baseline}: {delta}, and {why}."),
        (_, Some(End::Different)) => format!(
            "{arm} against {baseline}: {delta}; its seeds differ ({why}), but with items resampled too this is not established \
             (Holm {}).",
            number::p_is(one.items_holm.unwrap_or(1.0))
        ),
        (_, Some(_)) => format!("{arm} against {baseline}: not decided by all of the seeds ({delta}; {why})."),
        (_, None) => format!("{arm} against {baseline}: not decided ({delta}; {why})."),
    }
}

/// The difference below which arms are equivalent.
pub(crate) fn effect(study: &Study) -> String {
    let decisions = study.view.decisions.as_ref();
    decisions
        .and_then(|decisions| decisions.design.margin_in_words())
        .unwrap_or_default()
}

/// How many more seeds would do, at the level at which the verdict is given.
///
/// # Errors
/// What power calculations refuse.
pub(crate) fn more(study: &Study, one: &Comparison, family: usize) -> Result<String> {
    if [one.arm, one.baseline].iter().all(|arm| study.is_on_plateau(*arm)) {
        return Ok("neither has learnt more than word frequencies, so more seeds are not what is missing".to_owned());
    }
    if let Some(look) = &one.look {
        return Ok(match look.standing.end {
            Some(End::Most) => "all of the planned seeds did not decide it; more of them are another plan".to_owned(),
            _ => format!("not decided by {}", look.words()),
        });
    }
    let Some(effect) = one.by.effect else {
        return Ok("the seeds do not differ enough to say how many more are needed".to_owned());
    };
    // What items leave open, no number of seeds closes.
    if let Some(times) = one
        .items
        .map(|items| items.more_items(one.level))
        .transpose()?
        .flatten()
    {
        const MOST: u64 = 1_000;
        let times = match times > MOST {
            true => format!("more than {MOST} times"),
            false => format!("at least {times} times"),
        };
        return Ok(format!(
            "items are too few to show a difference this small, however many seeds there are: it takes {times} as many, and may take more \
             seeds besides"
        ));
    }
    let n = one.by.n;
    let Some(needed) = seeds_range(effect, n, POWER, one.level)? else {
        return Ok("no number of seeds that anybody trains would show a difference this small".to_owned());
    };
    let exact = if one.is_paired {
        seeds_for_sign_flip(ALPHA, family)?
    } else {
        0
    };
    let beyond = |seeds: usize| seeds.max(exact).saturating_sub(n).max(1);
    let (fewest, most) = (beyond(needed.fewest), needed.most.map(beyond));
    Ok(match most {
        Some(most) if most == fewest => format!("about {fewest} more seeds for 80 % power at Holm's level"),
        Some(most) => format!("about {fewest} to {most} more seeds for 80 % power at Holm's level"),
        None => format!(
            "{fewest} more seeds for 80 % power at Holm's level if the difference is at the large end of what was seen; no \
             number of them if it is at the small end"
        ),
    })
}
