//! `cloze eval`: what is trained is judged by further tasks.

use super::results::folder_of;
use crate::arguments::EvalArguments;
use crate::teller::Teller;
use crate::terminal::say;
use cloze_foundation::{Fault, Result};
use cloze_plan::experiment;
use cloze_runner::afterwards::{self, Request};
use cloze_runner::store::Store;
use cloze_runner::{Stop, export, gather};

/// Judges, adds what was found to the metrics, and gives the report's table; the status is 1 where a run could not be judged.
///
/// # Errors
/// What is known before the first run is judged; what keeps a task from judging.
pub fn eval(arguments: &EvalArguments) -> Result<(String, u8)> {
    let EvalArguments {
        model,
        tasks,
        only,
        results,
        data,
        device,
    } = arguments;
    let tasks = experiment::tasks(tasks)?;
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
    };
    let stop = Stop::on_signals(None)?;
    let judged = afterwards::judge(&request, &Teller, &stop)?;
    say(&format!("{} judged, {} judged before", judged.now, judged.before));
    judged.refused.iter().for_each(|why| say(&format!("not judged: {why}")));
    if judged.left > 0 {
        say(&format!(
            "interrupted, {} are left: run the same command again to go on",
            judged.left
        ));
        return Ok((String::new(), Fault::interrupted("").exit_status()));
    }
    let plan = cloze_plan::read(&request.folder)?;
    let damaged = gather(&plan, &Store::new(&request.folder))?.damaged;
    damaged.iter().for_each(|why| say(&format!("damaged: {why}")));
    let report = cloze_report::write(&request.folder)?;
    let page = request.folder.join("report").join("index.html");
    say(&format!("report: {}", page.display()));
    let is_whole = judged.refused.is_empty() && damaged.is_empty();
    Ok((report.table, u8::from(!is_whole)))
}
