//! One file per subcommand. Each returns what to print or an exit status; only this module writes to stdout.

mod audit;
mod bench;
mod compare;
mod completions;
mod data;
mod doctor;
mod eval;
mod experiment;
mod explain;
mod export;
mod features;
mod lines;
mod results;
mod score;
mod slurm;

use crate::arguments::{Command, InternalCommand, SafetyArguments};
use crate::plain::plain;
use crate::terminal;
use cloze_foundation::{Fault, Result};
use cloze_runner::{Errand, Stop};
use std::io::{ErrorKind, Write};
use std::time::Duration;

/// Does what was asked and gives the exit status.
///
/// # Errors
/// Whatever the command's own work gives.
pub fn execute(command: Command) -> Result<u8> {
    match command {
        Command::Plan { experiment, data, json } => {
            let data_root = data.data_root.as_deref();
            let text = experiment::plan(&experiment, data_root, json)?;
            // A table of what cannot be run would be read as one of what can.
            experiment.check_data(data_root)?;
            experiment::check(&experiment, data_root)?;
            print(&text)
        }
        Command::Run { experiment, running } => {
            let (text, status) = experiment::run(&experiment, &running)?;
            print(&text).map(|_| status)
        }
        Command::Status { experiment, data } => {
            let (text, status) = results::status(&experiment, data.data_root.as_deref())?;
            print(&text).map(|_| status)
        }
        Command::Report {
            experiment,
            results,
            data,
            format,
        } => {
            let (text, status) = results::report(&experiment, &results, data.data_root.as_deref(), format)?;
            print(&text).map(|_| status)
        }
        Command::Eval(arguments) => {
            let (text, status) = eval::eval(&arguments, &mut |text| print(text).map(drop))?;
            print(&text).map(|_| status)
        }
        Command::Compare {
            results_of,
            results,
            json,
        } => print(&compare::compare(&results_of, &results, json)?),
        Command::Score(arguments) => score::score(&arguments, &mut |text| print(text).map(drop)).map(|()| 0),
        Command::Features(arguments) => print(&features::features(&arguments)?),
        Command::Export(arguments) => print(&export::export(&arguments)?),
        Command::Slurm {
            experiment,
            training,
            slurm,
        } => print(&slurm::script(&experiment, &training, &slurm)?),
        Command::Audit {
            experiment,
            data,
            audit,
        } => print(&audit::audit(&experiment, data.data_root.as_deref(), &audit)?),
        Command::Doctor(arguments) => {
            let (text, status) = doctor::doctor(&arguments)?;
            print(&text).map(|_| status)
        }
        Command::Bench(arguments) => bench::bench(&arguments, &mut |line| print(line).map(|_| ())).map(|()| 0),
        Command::Explain { schema: true, .. } => print(&cloze_plan::experiment::schema()),
        Command::Explain { topic, .. } => print(&explain::explain(topic.as_deref())?),
        Command::Data { command } => print(&data::execute(&command)?),
        Command::Completions { shell } => print(&String::from_utf8_lossy(&completions::script(shell))),
    }
}

/// Does what another process of this program asks.
///
/// # Errors
/// Whatever the work gives.
pub fn execute_internal(command: InternalCommand) -> Result<u8> {
    match command {
        InternalCommand::TrainRun(arguments) => {
            let arguments = *arguments;
            let SafetyArguments {
                checkpoint,
                lease,
                stop_signal,
            } = arguments.safety;
            let stop = Stop::on_signals(stop_signal.as_deref())?.on_end_of_stdin()?;
            let errand = Errand {
                folder: arguments.folder,
                id: arguments.id,
                arm: arguments.arm,
                corpus: arguments.corpus,
                device: arguments.device,
                data_root: arguments.data_root,
                after: arguments.after,
                token: arguments.token,
                data: arguments.data,
                retry: arguments.retry,
                build: arguments.build,
                command: arguments.command,
                checkpoint,
                lease: Duration::from_secs_f64(lease),
                stop_signal,
            };
            // The marker in the run's folder says how it ended; the parent reads that.
            let mut out = std::io::stdout();
            cloze_runner::train_run(&errand, &mut out, &mut Warnings::default(), &stop).map(|_| 0)
        }
        InternalCommand::BenchOne { setting } => print(&bench::one(&setting)?),
    }
}

/// What a run's process has to say to people, line by line.
#[derive(Default)]
struct Warnings(Vec<u8>);

impl Write for Warnings {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for byte in bytes {
            match byte {
                b'\n' => terminal::say(&String::from_utf8_lossy(&std::mem::take(&mut self.0))),
                byte => self.0.push(*byte),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes data to stdout, after what was said before. A reader that has gone away (`| head`) is no failure.
fn print(text: &str) -> Result<u8> {
    terminal::finish();
    let mut stdout = std::io::stdout().lock();
    let text = plain(text);
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(0),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(Fault::run(format!("cannot write to stdout: {error}"))),
    }
}
