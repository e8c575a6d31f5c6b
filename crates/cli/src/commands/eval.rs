//! `cloze eval`: what is trained is judged by further tasks.

use super::results::folder_of;
use crate::arguments::EvalArguments;
use crate::plain::{name, plain};
use crate::teller::Teller;
use crate::terminal::say;
use cloze_backbone::hub::is_hub;
use cloze_foundation::{Fault, Result};
use cloze_plan::experiment;
use cloze_runner::afterwards::{self, Request};
use cloze_runner::processes::options::cache;
use cloze_runner::store::Store;
use cloze_runner::{Stop, export, foreign, gather};
use cloze_schema::Items;
use cloze_schema::items::SAMPLE;
use cloze_trainer::{Finding, Judgement};

/// What a task found of a model that is no run, a line for every number and for every sample that it wrote.
fn lines(found: &Judgement) -> String {
    let line = |Finding { task, metric, value }: &Finding| format!("{}\t{}\t{value}\n", name(task), name(metric));
    let samples = found.items.iter().filter(|items| items.metric == SAMPLE);
    let sample = |items: &Items| {
        let text = plain(&items.text.replace(['\n', '\t'], "  ")).into_owned();
        format!(
            "{}\t{} {}\t{text}\n",
            name(&items.task),
            name(&items.part),
            name(&items.paradigm)
        )
    };
    found.findings.iter().map(line).chain(samples.map(sample)).collect()
}

/// Judges, adds what was found to the metrics, and gives the report's table; the status is 1 where a run could not be judged, a task
/// could not judge, or a model of a folder could not be asked by one.
///
/// # Errors
/// What is known before the first run is judged; what keeps a task from judging.
pub fn eval(arguments: &EvalArguments, print: &mut dyn FnMut(&str) -> Result<()>) -> Result<(String, u8)> {
    let EvalArguments {
        model,
        tasks,
        only,
        source,
        results,
        data,
        device,
        jobs,
    } = arguments;
    let tasks = experiment::tasks(tasks)?;
    let stop = Stop::on_signals(None)?;
    if is_hub(model)? {
        if !only.is_empty() {
            let fault = Fault::usage(format!("`{}` is one model", model.display())).at("--only");
            return Err(fault.remedy("it chooses among the runs of a results folder"));
        }
        let request = foreign::Request {
            folder: model.clone(),
            tasks,
            source: source.clone(),
            data_root: data.data_root.clone(),
            cache: cache(results),
            device: device.clone(),
        };
        return print("task\tmetric\tvalue\n")
            .and_then(|()| foreign::judge(&request, &Teller, &stop, |found| print(&lines(&found))))
            .map(|is_whole| (String::new(), u8::from(!is_whole)));
    }
    if source.is_some() {
        let fault = Fault::usage("runs are judged on the text that they were trained on").at("--source");
        return Err(fault.remedy("it is for a folder of Hugging Face, of which no text is known"));
    }
    let place = if model.is_file() {
        folder_of(model, results)?
    } else {
        model.clone()
    };
    let (folder, only) = export::chosen(&place, only, results)?;
    let request = Request {
        folder,
        only,
        tasks,
        data_root: data.data_root.clone(),
        device: device.clone(),
        jobs: *jobs,
    };
    let judged = afterwards::judge(&request, &Teller, &stop)?;
    say(&format!("{} judged, {} judged before", judged.now, judged.before));
    judged.refused.iter().for_each(|why| say(&format!("not judged: {why}")));
    judged.broken.iter().for_each(|why| say(&format!("left out: {why}")));
    if judged.left > 0 {
        say(&format!(
            "interrupted, {} are left: run the same command again to go on",
            judged.left
        ));
        return Ok((String::new(), Fault::interrupted("").exit_status()));
    }
    let plan = cloze_plan::read(&request.folder)?;
    let damaged = gather(&plan, &Store::new(&request.folder))?.damaged;
    damaged.iter().for_each(|why| say(&format!("not usable: {why}")));
    let report = cloze_report::write(&request.folder)?;
    let page = request.folder.join("report").join("index.html");
    say(&format!("report: {}", page.display()));
    let is_whole = judged.refused.is_empty() && judged.broken.is_empty() && damaged.is_empty();
    Ok((report.table, u8::from(!is_whole)))
}
