//! Boundaries of repeated t tests against figures made elsewhere, and how often they decide wrongly.

use cloze_foundation::{Draw, Stream};
use cloze_stats::{Boundary, End, Seed, boundaries, paired, stage, standing};
use std::fmt::Write as _;

/// Level of a family of comparisons.
const LEVEL: f64 = 0.05;
/// The difference that is not equivalent any more; the laws below have a standard deviation of 1.
const EFFECT: f64 = 1.0;

/// A law of differences with mean 0 and standard deviation 1.
type Law = (&'static str, fn(&mut Stream) -> f64);

fn student(stream: &mut Stream, degrees: usize) -> f64 {
    let squares: f64 = (0..degrees).map(|_| stream.normal().powi(2)).sum();
    let scale = (degrees as f64 - 2.0).sqrt();
    stream.normal() * scale / squares.sqrt()
}

/// What the level is promised for.
const HELD: [Law; 4] = [
    ("normal", |stream| stream.normal()),
    ("Student's t, 3 degrees of freedom", |stream| student(stream, 3)),
    ("Laplace", |stream| {
        let size = -(1.0 - stream.unit()).ln() / 2.0_f64.sqrt();
        if stream.chance(0.5) { size } else { -size }
    }),
    ("normal, one in ten with five times the spread", |stream| {
        let scale = if stream.chance(0.1) { 5.0 } else { 1.0 };
        stream.normal() * scale / 3.4_f64.sqrt()
    }),
];
/// What it is not promised for.
const NOT_HELD: [Law; 4] = [
    ("normal, rounded to whole standard deviations", |stream| {
        stream.normal().round() / (13.0_f64 / 12.0).sqrt()
    }),
    ("uniform", |stream| (stream.unit() - 0.5) * 12.0_f64.sqrt()),
    ("two heaps of seeds, two standard deviations apart", |stream| {
        let heap = if stream.chance(0.5) { 1.0 } else { -1.0 };
        (heap + 0.1 * stream.normal()) / 1.01_f64.sqrt()
    }),
    ("exponential (skewed)", |stream| -(1.0 - stream.unit()).ln() - 1.0),
];

/// The looks that an experiment has if it names none.
fn looks(most: usize) -> Vec<usize> {
    (4..most).step_by(2).chain([most]).collect()
}

/// How some comparisons ended: shares of different and equivalent, and the mean number of seeds. Without a margin none stops because
/// it is equivalent, which would spare it a false difference.
fn ends(boundaries: &[Boundary], margin: Option<f64>, law: Law, effect: f64, trials: usize) -> [f64; 3] {
    let most = boundaries.last().unwrap().seeds;
    let zeros = vec![Seed::Score(0.0); most];
    let (mut different, mut equivalent, mut seeds) = (0, 0, 0);
    for trial in 0..trials {
        let mut stream = Draw::new(most as u64, law.0).example(trial as u64).stream();
        let differences: Vec<Seed> = (0..most).map(|_| Seed::Score(effect + law.1(&mut stream))).collect();
        let found = standing(boundaries, margin, &differences, &zeros);
        different += usize::from(found.end == Some(End::Different));
        equivalent += usize::from(found.end == Some(End::Equivalent));
        seeds += found.seeds;
    }
    [different, equivalent, seeds].map(|count| count as f64 / trials as f64)
}

/// What a comparison of a family of `family` may err by: the share and three standard errors of the simulation.
fn allowed(family: usize, trials: usize) -> f64 {
    let level = LEVEL / family as f64;
    level + 3.0 * (level / trials as f64).sqrt()
}

fn trials() -> usize {
    std::env::var("CLOZE_COVERAGE").map_or(4_000, |trials| {
        trials.parse().expect("CLOZE_COVERAGE is a number of trials")
    })
}

#[test]
fn false_decisions_are_within_the_level_for_3_to_16_seeds_and_heavy_tails() {
    let trials = trials();
    for most in 3..=16 {
        for family in [1, 4] {
            let found = boundaries(&looks(most), LEVEL / family as f64).unwrap();
            for law in HELD {
                let [different, ..] = ends(&found, None, law, 0.0, trials);
                assert!(
                    different <= allowed(family, trials),
                    "{most} {family} {}: {different}",
                    law.0
                );
                for effect in [EFFECT, -EFFECT, 1.5 * EFFECT] {
                    let [_, equivalent, _] = ends(&found, Some(EFFECT), law, effect, trials);
                    assert!(
                        equivalent <= allowed(family, trials),
                        "{most} {family} {}: {equivalent}",
                        law.0
                    );
                }
            }
        }
    }
}

#[test]
fn of_normal_differences_the_whole_level_is_spent() {
    let trials = 4 * trials();
    for most in [3, 8, 16] {
        let found = boundaries(&looks(most), LEVEL).unwrap();
        let error = 3.5 * (LEVEL / trials as f64).sqrt();
        let [different, ..] = ends(&found, None, HELD[0], 0.0, trials);
        assert!((different - LEVEL).abs() < error, "{most}: {different}");
    }
    // Equivalence by its boundary alone, without the one that stops a comparison that differs.
    let found = boundaries(&looks(16), LEVEL).unwrap();
    let passes = |trial: u64| {
        let mut stream = Draw::new(1, "equivalence").example(trial).stream();
        let differences: Vec<f64> = (0..16).map(|_| EFFECT + stream.normal()).collect();
        found.iter().any(|look| {
            let found = paired(&differences[..look.seeds], &vec![0.0; look.seeds], 0.95).unwrap();
            (EFFECT - found.delta.abs()) / found.sd.unwrap() * (look.seeds as f64).sqrt() >= look.equivalent
        })
    };
    let share = (0..trials as u64).filter(|trial| passes(*trial)).count() as f64 / trials as f64;
    assert!((share - LEVEL).abs() < 3.5 * (LEVEL / trials as f64).sqrt(), "{share}");
}

#[test]
fn a_single_look_is_the_t_test_and_its_equivalence_test() {
    // scipy.stats.t.isf(0.025, 7).
    let found = boundaries(&[8], 0.05).unwrap();
    assert!((found[0].different - 2.364_624).abs() < 1e-5, "{found:?}");
    // scipy.stats.t.isf(0.05, 7): each of the two one-sided tests.
    assert!((found[0].equivalent - 1.894_579).abs() < 1e-5, "{found:?}");
}

#[test]
fn boundaries_fall_and_a_family_makes_both_stricter() {
    let (one, four) = (
        boundaries(&looks(16), 0.05).unwrap(),
        boundaries(&looks(16), 0.0125).unwrap(),
    );
    for pair in one.windows(2) {
        assert!(
            pair[0].different > pair[1].different && pair[0].equivalent > pair[1].equivalent,
            "{one:?}"
        );
    }
    for (one, four) in one.iter().zip(four.iter()) {
        assert!(four.different > one.different && four.equivalent > one.equivalent);
        assert!(one.equivalent < one.different, "one side has the whole level");
    }
    for (looks, level) in [(vec![2, 4], 0.05), (vec![6, 4], 0.05), (vec![], 0.05), (vec![4], 1.0)] {
        assert!(boundaries(&looks, level).is_err(), "{looks:?} {level}");
    }
}

#[test]
fn arms_are_equivalent_where_both_margins_are_far_enough_and_one_seed_far_out_is_no_help() {
    let found = boundaries(&[4, 6, 8], 0.05).unwrap();
    let last = found[2];
    let zeros = [Seed::Score(0.0); 8];
    let arm = |shift: f64| [-0.5, 0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5].map(|noise| Seed::Score(shift + noise));
    // Mean 0.3 and standard error sqrt(2 / 7) / sqrt(8).
    let error = (2.0_f64 / 7.0 / 8.0).sqrt();
    for (margin, end) in [
        (Some(0.3 + error * last.equivalent * 1.01), End::Equivalent),
        (Some(0.3 + error * last.equivalent * 0.99), End::Most),
        (Some(0.2), End::Most),
        (None, End::Most),
    ] {
        for sign in [1.0, -1.0] {
            let standing = standing(&found, margin, &arm(sign * 0.3), &zeros);
            assert_eq!(standing.end, Some(end), "{margin:?} {standing:?}");
            let within = margin.map(|margin| (margin - 0.3) / error);
            assert!(
                standing
                    .within
                    .zip(within)
                    .is_none_or(|(t, wanted)| (t - wanted).abs() < 1e-9),
                "{standing:?}"
            );
            assert_eq!(standing.within.is_some(), margin.is_some());
        }
    }
    // It takes t to nothing, and widens what is open as much.
    let mut far = arm(0.3);
    far[7] = Seed::Score(-20.0);
    let lone = standing(&found, Some(0.3 + error * last.equivalent * 1.01), &far, &zeros);
    assert!(lone.t.unwrap().abs() < 1.5 && lone.end == Some(End::Most), "{lone:?}");
}

#[test]
fn a_decision_is_a_function_of_what_has_ended_and_arms_that_are_decided_need_no_more_seeds() {
    let found = boundaries(&[4, 6, 8], 0.05).unwrap();
    let arm = |shift: f64, ended: usize| -> Vec<Seed> {
        let noise = [0.1, -0.2, 0.3, 0.0, -0.1, 0.2, 0.05, -0.3];
        let seed = |(place, noise): (usize, &f64)| match place < ended {
            true => Seed::Score(shift + noise * if shift == 0.0 { 1.0 } else { -1.0 }),
            false => Seed::Open,
        };
        noise.iter().enumerate().map(seed).collect()
    };
    // Nothing yet: the first look is needed of all.
    let pairs = [[1, 0], [2, 0]];
    let begun = stage(&found, None, &pairs, &[arm(0.0, 0), arm(9.0, 0), arm(0.2, 0)]);
    assert_eq!((begun.needed, begun.standings[0].seeds), (vec![4, 4, 4], 0));
    // A far arm is decided at six seeds; the other goes on, and so does the baseline.
    let later = stage(&found, None, &pairs, &[arm(0.0, 6), arm(90.0, 6), arm(0.2, 6)]);
    assert_eq!(later.standings[0].end, Some(End::Different), "{:?}", later.standings);
    assert_eq!(
        (later.needed[1], later.is_over[1], later.is_over[0]),
        (later.standings[0].seeds, true, false)
    );
    assert_eq!((later.needed[0], later.needed[2]), (8, 8));
    // Seeds beyond the look that decided change nothing.
    let more = stage(&found, None, &pairs, &[arm(0.0, 8), arm(90.0, 8), arm(0.2, 8)]);
    assert_eq!(more.standings[0], later.standings[0]);
    assert_eq!(more.standings[1].end, Some(End::Most));
    // What was lost decides nothing before the end.
    let mut lost = arm(90.0, 8);
    lost[1] = Seed::Lost;
    let end = standing(&found, None, &lost, &arm(0.0, 8));
    assert_eq!((end.end, end.lost, end.seeds), (Some(End::Most), true, 8));
    // Arms that are the same give no t.
    let same = standing(&found, Some(1.0), &arm(0.0, 8), &arm(0.0, 8));
    assert_eq!((same.t, same.end), (None, Some(End::Most)));
}

#[test]
fn an_arm_that_is_never_trained_keeps_nobody_waiting() {
    let found = boundaries(&[4, 6, 8], 0.05).unwrap();
    let none: Vec<Seed> = Vec::new();
    let far = |shift: f64| (0..8).map(move |place| Seed::Score(shift + (1.0 + shift) * 0.01 * f64::from(place % 3)));
    let open = vec![Seed::Open; 8];
    // The first arm has nobody else to be held against: what its scores are is known after the first look.
    let lone = stage(&found, Some(1.0), &[[1, 0]], &[open.clone(), none.clone()]);
    assert_eq!(lone.standings[0].end, Some(End::Never));
    assert_eq!(
        (lone.needed, lone.is_over, lone.is_alone),
        (vec![4, 0], vec![true; 2], vec![true; 2])
    );
    // Another one goes on as if it were not there.
    let pairs = [[1, 0], [2, 0]];
    let arms = [far(0.0).collect(), none, far(50.0).collect()];
    let begun = stage(&found, None, &pairs, &[open.clone(), Vec::new(), open]);
    assert_eq!((begun.needed, begun.is_over), (vec![4, 0, 4], vec![false, true, false]));
    let decided = stage(&found, None, &pairs, &arms);
    let ends: Vec<Option<End>> = decided.standings.iter().map(|standing| standing.end).collect();
    assert_eq!(ends, [Some(End::Never), Some(End::Different)]);
    assert_eq!(decided.is_alone, [false, true, false]);
    assert_eq!(decided.needed[0], decided.standings[1].seeds);
}

/// Where the table stands that the long run writes.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/statistics.md");
const BEGIN: &str = "<!-- the table of a simulation: CLOZE_BLESS=1 CLOZE_COVERAGE=20000 cargo test --workspace --test stats sequential -->\n";
const END: &str = "<!-- its end -->";
/// Simulated comparisons of each of its numbers.
const OF_TABLE: usize = 20_000;

#[test]
fn the_table_in_docs_is_that_of_the_long_run() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has a place for the table");
    let (table, after) = rest.split_once(END).unwrap();
    if trials() == OF_TABLE {
        let made = self::table(OF_TABLE);
        if std::env::var_os("CLOZE_BLESS").is_some() {
            std::fs::write(PAGE, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
        } else {
            assert_eq!(table, made, "CLOZE_BLESS=1 writes it anew");
        }
    } else {
        assert_eq!(table.lines().count(), 4 + HELD.len() + NOT_HELD.len());
    }
}

fn table(trials: usize) -> String {
    let mut text = format!(
        "| differences | {} | {} | {} |\n| --- | ---: | ---: | ---: |\n",
        "called different, without a difference (%)",
        "called equivalent, at the effect (%)",
        "seeds used, of 16: no difference / 1 SD / 2 SD"
    );
    let share = |share: f64| format!("{:.1}", 100.0 * share);
    for law in HELD.into_iter().chain(NOT_HELD) {
        let (mut different, mut equivalent) = (Vec::new(), Vec::new());
        for most in [3, 5, 8, 12, 16] {
            let found = boundaries(&looks(most), LEVEL).unwrap();
            different.push(share(ends(&found, None, law, 0.0, trials)[0]));
            equivalent.push(share(ends(&found, Some(EFFECT), law, EFFECT, trials)[1]));
        }
        let found = boundaries(&looks(16), LEVEL).unwrap();
        let seeds = [0.0, 1.0, 2.0].map(|effect| format!("{:.1}", ends(&found, Some(EFFECT), law, effect, trials)[2]));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            law.0,
            different.join(" "),
            equivalent.join(" "),
            seeds.join(" / ")
        );
    }
    let _ = writeln!(
        text,
        "\n{trials} simulated comparisons a number; from left to right at most 3, 5, 8, 12 and 16 seeds."
    );
    text
}
