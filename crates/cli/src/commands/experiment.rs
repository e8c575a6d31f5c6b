//! `cloze plan` and `cloze run`.

use super::results::{known, statuses};
use crate::arguments::{DEFAULT_DEVICE, ExperimentArguments, RunArguments, SafetyArguments, TrainingArguments};
use crate::plain::{json_lines, name, plain};
use crate::remaining::duration;
use crate::teller::Teller;
use crate::terminal::say;
use cloze_corpus::prepare::{Readiness, readiness};
use cloze_corpus::{CorpusConfig, fragment};
use cloze_foundation::files::is_there;
use cloze_foundation::{Fault, Result};
use cloze_plan::{Plan, PlannedRun, cost};
use cloze_runner::afterwards::none_left;
use cloze_runner::processes::errand::this_program;
use cloze_runner::processes::options::cache;
use cloze_runner::processes::slurm;
use cloze_runner::store::{Origin, Store, checkpoint};
use cloze_runner::{Needs, Ready, RunOptions, Stop};
use cloze_schema::{PlannedModel, Sequential, Tuning};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Columns that the names of arms may take in a list.
const MOST_COLUMNS: usize = 60;

/// What an experiment would do and cost.
///
/// # Errors
/// Anything wrong with the experiment.
pub fn plan(arguments: &ExperimentArguments, data_root: Option<&Path>, json: bool) -> Result<String> {
    let plan = arguments.plan(data_root)?;
    if json {
        return json_lines(&plan);
    }
    let cost = cost::cost(&plan, data_root, cost::ASSUMED_FLOPS_PER_SECOND)?;
    let mut text = format!("{}\n\n", plan.question);
    let mut arms: Vec<(&str, usize, f64)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let trials = plan.tuning.as_ref().map(Tuning::trials).unwrap_or_default();
    for run in plan.expected().filter(|run| !trials.contains(run.id.as_str())) {
        let place = *places.entry(&run.arm).or_insert(arms.len());
        match arms.get_mut(place) {
            Some((_, seeds, flops)) => {
                *seeds += 1;
                *flops += run.flops;
            }
            None => arms.push((&run.arm, 1, run.flops)),
        }
    }
    let models: Vec<String> = plan.models.iter().map(|model| name(&model.arm)).collect();
    let widths = arms
        .iter()
        .map(|(arm, ..)| name(arm))
        .chain(models.iter().cloned())
        .map(|arm| arm.chars().count());
    let width = widths.max().unwrap_or(0).clamp(3, MOST_COLUMNS);
    // Where arms name what they are compared with, as it is written.
    let own = &plan.report.baselines;
    let first = arms.first().map(|(arm, ..)| *arm);
    let than = |arm: &str| match plan.report.wanted(arm).or(first) {
        Some(than) if than != arm => format!("         {}", name(than)),
        _ => String::new(),
    };
    let heading = if own.is_empty() { "" } else { "  compared with" };
    let _ = writeln!(text, "{:width$}  seeds  training FLOPs{heading}", "arm");
    for (arm, seeds, flops) in &arms {
        let than = if own.is_empty() { String::new() } else { than(arm) };
        let _ = writeln!(text, "{:width$}  {seeds:5}  {flops:.2e}{than}", name(arm));
    }
    for (arm, model) in models.iter().zip(&plan.models) {
        let _ = writeln!(
            text,
            "{arm:width$}   none  none: {}, judged as it is",
            name(&model.class)
        );
    }
    let _ = writeln!(
        text,
        "\n{} runs, {:.2e} training FLOPs, {:.1} M tokens; about {} of training and {} of evaluation at {:.0} GFLOP/s{}",
        cost.runs,
        cost.flops,
        cost.tokens / 1e6,
        duration(cost.seconds),
        duration(cost.evaluation_seconds),
        cost::ASSUMED_FLOPS_PER_SECOND / 1e9,
        if cost.unknown.is_empty() {
            String::new()
        } else {
            format!(", {} not counted", cost.unknown.join(" and "))
        }
    );
    if let Some(design) = &plan.tuning {
        text += &tuned(&plan, design);
    }
    if let Some(design) = &plan.sequential {
        text += &until_decided(&plan, design, &Store::new(arguments.results.join(&plan.experiment)))?;
    }
    let _ = writeln!(
        text,
        "on disk: {:.1} MB of trained weights; while a run trains, up to {} checkpoints of {:.1} MB",
        cost.weight_bytes as f64 / 1e6,
        checkpoint::MOST,
        cost.checkpoint_bytes as f64 / 1e6
    );
    Ok(text)
}

/// That arms are tuned first: the trials, who judges them, and what is among the runs that are counted.
fn tuned(plan: &Plan, design: &Tuning) -> String {
    let flops: f64 = plan
        .expected()
        .filter(|run| design.trials().contains(run.id.as_str()))
        .map(|run| run.flops)
        .sum();
    let points = design.arms.iter().map(|arm| arm.points.len());
    let (least, most) = (points.clone().min().unwrap_or(0), points.max().unwrap_or(0));
    let points = match least == most {
        true => most.to_string(),
        false => format!("{least} to {most}"),
    };
    let beside = match design.factors.len() {
        0 => String::new(),
        count => format!(", {count} learning rates beside each that is chosen"),
    };
    format!(
        "tuned first: {points} points for each arm at {:.0} % of the budget{beside}, judged by {}; {flops:.2e} of these training FLOPs, \
         with arms at their first points\n",
        100.0 * design.share,
        design.judge.title
    )
}

/// That arms are trained until they are decided: the looks, what is decided and how, and what that has saved so far.
fn until_decided(plan: &Plan, design: &Sequential, store: &Store) -> Result<String> {
    let Sequential {
        looks,
        level,
        task,
        comparisons,
        ..
    } = design;
    let numbers: Vec<String> = looks.iter().map(usize::to_string).collect();
    let trials = plan.tuning.as_ref().map(Tuning::trials).unwrap_or_default();
    let runs = plan.expected().filter(|run| !trials.contains(run.id.as_str())).count();
    let arms = runs / looks.last().copied().unwrap_or(1).max(1);
    let mut text = format!(
        "until decided by {task}: looks after {} seeds; comparisons: {}, at a level of {:.0} % together; equivalent within {}; \
         at least {} runs, at most {}\n",
        numbers.join(", "),
        comparisons.len(),
        100.0 * level,
        design.margin_in_words().unwrap_or_else(|| "nothing".to_owned()),
        arms * looks.first().copied().unwrap_or_default(),
        runs,
    );
    let needs = Needs::of(plan, store)?;
    let spared: Vec<f64> = needs
        .decided_without()
        .filter(|id| !store.run(id).has_ended().unwrap_or(true))
        .filter_map(|id| Some(plan.run(id)?.flops))
        .collect();
    for line in needs.decided() {
        let _ = writeln!(text, "{}", plain(&line));
    }
    if !spared.is_empty() {
        let flops: f64 = spared.iter().sum();
        let _ = writeln!(text, "saved: {} runs, {flops:.2e} training FLOPs", spared.len());
    }
    Ok(text)
}

/// Looks whether every arm can do something with its text and every evaluation judge, where the texts are prepared or small.
///
/// # Errors
/// What `run` would refuse.
pub fn check(arguments: &ExperimentArguments, data_root: Option<&Path>) -> Result<()> {
    let plan = arguments.plan(data_root)?;
    let cache = cache(&arguments.results);
    // Planning leaves nothing behind.
    let aside = tempfile::tempdir();
    let (mut prepared, mut small, mut large) = (Vec::new(), Vec::new(), Vec::<&str>::new());
    let mut known: Vec<(&CorpusConfig, Readiness)> = Vec::new();
    for run in &plan.runs {
        let corpus = &run.config.corpus;
        // Its files are hashed for that: once each text.
        let looked = known
            .iter()
            .find(|(other, _)| *other == corpus)
            .map(|(_, found)| *found);
        let found = match looked {
            Some(found) => found,
            None => readiness(corpus, data_root, &cache)?,
        };
        if looked.is_none() {
            known.push((corpus, found));
        }
        match found {
            Readiness::Prepared => prepared.push(run),
            Readiness::Quick if aside.is_ok() => small.push(run),
            Readiness::Quick | Readiness::Slow
                if corpus.source == fragment::NAME || large.contains(&corpus.source.as_str()) => {}
            Readiness::Quick | Readiness::Slow => large.push(&corpus.source),
        }
    }
    let aside = aside.as_ref().map_or(cache.as_path(), tempfile::TempDir::path);
    for (runs, cache) in [(prepared, cache.as_path()), (small, aside)] {
        let ready = Ready {
            data_root,
            cache,
            say: &|_| {},
        };
        let located = |fault| arguments.located(fault, &plan, data_root);
        ready.check(&runs).map_err(located)?;
    }
    if !large.is_empty() {
        say(&format!(
            "{}: whether every arm can do something with it is looked at when it is prepared, by `cloze run` or `cloze slurm`",
            large.join(", ")
        ));
    }
    Ok(())
}

/// The command that gives these results again. Where data sets and results lie is another place on another machine.
fn repeatable(arguments: &ExperimentArguments, has_data: bool, device: &str) -> String {
    let ExperimentArguments {
        experiment,
        set,
        results: _,
        without,
    } = arguments;
    let word = |word: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || "-=_.,:/@%+".contains(c);
        match !word.is_empty() && word.chars().all(is_plain) {
            true => word.to_owned(),
            false => slurm::quote(word),
        }
    };
    // Of a path from the root, only the last part means anything elsewhere.
    let file = match experiment.is_absolute() {
        true => experiment.file_name().map(Path::new).unwrap_or(experiment),
        false => experiment,
    };
    let mut words = vec!["cloze run".to_owned(), word(&file.to_string_lossy())];
    words.extend(set.iter().map(|set| format!("--set {}", word(set))));
    words.extend((!without.is_empty()).then(|| "--without-broken-sets".to_owned()));
    words.extend(has_data.then(|| "--data-root DATA".to_owned()));
    words.extend((device != DEFAULT_DEVICE).then(|| format!("--device {}", word(device))));
    words.join(" ")
}

/// Leaves out of an experiment the evaluations that cannot judge its runs, and says which and why.
///
/// # Errors
/// Anything else that is wrong with the experiment; that no evaluation is left.
fn leave_out_broken_sets(arguments: &mut ExperimentArguments, data_root: Option<&Path>) -> Result<()> {
    let cache = cache(&arguments.results);
    let ready = Ready {
        data_root,
        cache: &cache,
        say: &|line| say(line),
    };
    loop {
        let plan = arguments.plan(data_root)?;
        // Who judges trials chooses by it: it is no judge that one could do without.
        let trials = plan.tuning.as_ref().map(Tuning::trials).unwrap_or_default();
        let is_trial = |run: &&PlannedRun| trials.contains(run.id.as_str());
        let runs: Vec<&PlannedRun> = plan.runs.iter().filter(|run| !is_trial(run)).collect();
        let broken = ready.broken(&runs)?;
        // What nobody wrote, because it is the default, cannot be left out.
        let is_known = |(name, _): &(String, Fault)| arguments.without.contains(name);
        let tasks = || runs.iter().flat_map(|run| &run.config.evaluate);
        let is_left = tasks().any(|task| broken.iter().all(|(name, _)| name != task.name()));
        if !broken.is_empty() && (!is_left || broken.iter().any(is_known)) {
            return Err(none_left(broken.into_iter().map(|(_, fault)| fault).collect()));
        }
        if broken.is_empty() {
            return Ok(());
        }
        for (name, fault) in broken {
            say(&format!("left out, and the runs are trained without it: {fault}"));
            arguments.without.insert(name);
        }
    }
}

/// Runs what is missing and reports; the text is the table, the status 0 or 1.
///
/// # Errors
/// Anything that stops the sweep as a whole.
pub fn run(arguments: &ExperimentArguments, running: &RunArguments) -> Result<(String, u8)> {
    let data_root = running.training.data_root.as_deref();
    let mut arguments = arguments.clone();
    if running.without_broken_sets {
        leave_out_broken_sets(&mut arguments, data_root)?;
    }
    let arguments = &arguments;
    let plan = arguments.plan(data_root)?;
    let origin = Origin::of(&arguments.experiment)?;
    if running.dry_run {
        origin.check(&arguments.results.join(&plan.experiment))?;
        let (models, words) = cloze_plan::select_models(&plan, &running.only);
        let models: Vec<PlannedModel> = models.into_iter().cloned().collect();
        let (runs, models) = match (running.only.is_empty(), words.is_empty()) {
            (true, _) => (plan.runs.clone(), plan.models.clone()),
            (false, true) => (Vec::new(), models),
            (false, false) => {
                let chosen = cloze_plan::select(&plan, &words).map_err(|fault| fault.at("--only"))?;
                (chosen.into_iter().cloned().collect(), models)
            }
        };
        let folder = arguments.results.join(&plan.experiment);
        let frozen = cloze_plan::read(&folder).unwrap_or_else(|_| plan.clone());
        let (text, _) = statuses(&plan, &runs, &known(&models, &frozen), &folder, data_root)?;
        return Ok((text, 0));
    }
    // Taken apart whole, so that no option is forgotten.
    let RunArguments {
        training,
        jobs,
        dry_run: _,
        only,
        without_broken_sets: _,
    } = running;
    let TrainingArguments {
        data_root,
        device,
        keep_going: _,
        fail_fast,
        retry_diverged,
        safety: SafetyArguments {
            checkpoint,
            lease,
            stop_signal,
        },
    } = training.clone();
    let stop = Stop::on_signals(stop_signal.as_deref())?;
    let options = RunOptions {
        results: arguments.results.clone(),
        origin: Some(origin),
        command: Some(repeatable(arguments, data_root.is_some(), &device)),
        data_root,
        device,
        jobs: *jobs,
        fail_fast,
        retry_diverged,
        only: only.clone(),
        checkpoint,
        lease: Duration::from_secs_f64(lease),
        stop_signal,
        program: this_program()?,
    };
    let located = |fault: Fault| arguments.located(fault, &plan, options.data_root.as_deref());
    let summary = cloze_runner::run(&plan, &options, &Teller, &stop).map_err(located)?;
    say(&format!(
        "{} trained, {} done before, {} diverged, {} failed, {} interrupted, {} not started{}",
        summary.done,
        summary.skipped,
        summary.diverged,
        summary.failed,
        summary.interrupted,
        summary.left,
        match summary.unusable {
            0 => String::new(),
            count => format!(", {count} ended and not usable"),
        }
    ));
    if summary.not_needed > 0 {
        say(&format!(
            "{} runs were not needed, since their arms are decided{}",
            summary.not_needed,
            match plan.tuning {
                Some(_) => ", take another point or none",
                None => "",
            }
        ));
    }
    if summary.trials_diverged > 0 {
        say(&format!(
            "{} trials diverged: that is what their points come to, and none of them is taken",
            summary.trials_diverged
        ));
    }
    for arm in &summary.untuned {
        say(&format!(
            "{} is NOT TRAINED: every point that was tried diverged or gave no number. Give it others, or take it out",
            name(arm)
        ));
    }
    if summary.judged > 0 {
        say(&format!("models of others judged: {}", summary.judged));
    }
    for why in &summary.refused {
        say(&format!("not judged: {why}"));
    }
    for damage in &summary.damaged {
        say(&format!("not usable: {damage}"));
    }
    for left_out in &arguments.without {
        say(&format!(
            "left out: {}. Mend it and judge these runs by it: cloze eval {} --tasks {}",
            name(left_out),
            arguments.results.join(&plan.experiment).display(),
            arguments.experiment.display()
        ));
    }
    if stop.requested() || summary.interrupted > 0 {
        say("interrupted: run the same command again to go on");
        return Ok((String::new(), Fault::interrupted("").exit_status()));
    }
    let told = [&summary.damaged, &summary.refused, &summary.untuned].map(Vec::len);
    let told = told.iter().sum::<usize>() + arguments.without.len();
    let bad = summary.failed + summary.diverged + summary.left + told;
    if !options.only.is_empty() {
        return Ok((String::new(), u8::from(bad > 0)));
    }
    let folder = arguments.results.join(&plan.experiment);
    let status = u8::from(bad > 0);
    if !is_there(&Store::new(&folder).metrics())? {
        return Ok((String::new(), status));
    }
    let report = cloze_report::write(&folder)?;
    say(&format!(
        "report: {}",
        folder.join("report").join("index.html").display()
    ));
    Ok((report.table, status))
}
