//! Judging a model that is no run: that of a folder of Hugging Face. What is found is given to whoever asked; there is no run to
//! add it to.

use crate::afterwards::{left_out, none_left};
use crate::data::of_task;
use crate::judge::{Opened, paced};
use crate::loaded::Loaded;
use crate::processes::ready::Ready;
use crate::processes::{Judging, Progress, Stop};
use cloze_corpus::{CorpusConfig, Prepared, Tokenizer, TokenizerConfig, fragment, prepare};
use cloze_evals::{Finding, Ground, Judgement, Subject, WINDOW};
use cloze_foundation::files::{hash, write_whole};
use cloze_foundation::{Fault, Result};
use cloze_plan::TaskConfig;
use cloze_schema::metric::{CUT, SEEN, UNKNOWN};
use cloze_trainer::device;
use std::path::PathBuf;
use std::time::Instant;

/// Words of the built-in language that are prepared where no other text is named: its held-out share is enough to judge on.
const WORDS: u64 = 100_000;
/// The folder of tokenizers in the cache of prepared corpora.
const TOKENIZERS: &str = "tokenizers";

/// Which folder is to be judged by what.
#[derive(Clone, Debug)]
pub struct Request {
    /// The folder.
    pub folder: PathBuf,
    /// The tasks; no two of one name.
    pub tasks: Vec<TaskConfig>,
    /// The text of tasks that judge on held-out text, as `corpus.source`; without one the built-in language.
    pub source: Option<String>,
    /// Folder with data sets.
    pub data_root: Option<PathBuf>,
    /// Folder of prepared corpora.
    pub cache: PathBuf,
    /// The device's name.
    pub device: String,
}

/// Judges the model of a folder, and gives what each task found as soon as it has ended. Says whether every task found something:
/// a model may have no head that one could ask, and a task data that cannot be read.
///
/// # Errors
/// A model or a text that cannot be read, no task whose data can be: before the first task judges. Later, what keeps a task
/// from judging, and what `found` returns. A stop between two tasks is an interruption.
pub fn judge(
    request: &Request,
    progress: &dyn Progress,
    stop: &Stop,
    mut found: impl FnMut(Judgement) -> Result<()>,
) -> Result<bool> {
    let data_root = request.data_root.as_deref();
    let (mut tasks, mut broken) = (Vec::new(), Vec::new());
    for task in &request.tasks {
        match of_task(task, data_root) {
            Ok(_) => tasks.push(task),
            Err(fault) => broken.push(fault),
        }
    }
    if tasks.is_empty() {
        return Err(none_left(broken));
    }
    broken.iter().for_each(|fault| progress.say(&left_out(fault)));
    let device = device::open(&request.device)?;
    device::join_pool()?;
    let loaded = Loaded::of_hub(&request.folder, &device)?;
    told(&loaded).into_iter().for_each(|line| progress.say(&line));
    let window = loaded.window();
    let usual = CorpusConfig {
        source: request.source.clone().unwrap_or(fragment::NAME.to_owned()),
        words: WORDS,
        ..CorpusConfig::default()
    };
    let ready = Ready {
        data_root,
        cache: &request.cache,
        say: &|line| progress.say(line),
    };
    let (model, title) = (loaded.model, loaded.title);
    let corpus = text(loaded.tokenizer, usual, &ready)?;
    let (mut opened, mut is_whole) = (Vec::new(), true);
    for task in tasks {
        match Opened::of(task, &corpus, window, data_root) {
            Ok(one) => opened.push(one),
            Err(fault) if fault.is_at(WINDOW) => {
                is_whole = false;
                progress.say(&cannot_be_asked(task.name(), &title, &fault));
            }
            Err(fault) => {
                progress.say(&left_out(&fault));
                broken.push(fault);
            }
        }
    }
    if opened.is_empty() && is_whole {
        return Err(none_left(broken));
    }
    is_whole &= broken.is_empty();
    for one in &opened {
        one.evaluation.warnings().iter().for_each(|line| progress.say(line));
    }
    for one in opened {
        if stop.requested() {
            return Err(Fault::interrupted("a stop was asked for").remedy("name the tasks that are left"));
        }
        let started = Instant::now();
        let told = |judging: &Judging| progress.judging(&title, &title, judging);
        let subject = Subject {
            model: &model,
            ground: Ground {
                task: one.name,
                corpus: &corpus,
                window,
                data_root,
            },
            seed: loaded.seed,
            device: &device,
            told: &paced(one.name, &told),
        };
        let judgement = one.evaluation.judge(&subject).map_err(|fault| fault.at(one.name))?;
        progress.say(&format!("{} in {:.1} s", one.name, started.elapsed().as_secs_f64()));
        if says_nothing(&judgement) {
            is_whole = false;
            progress.say(&has_no_head(one.name, &title));
        }
        found(judgement)?;
    }
    Ok(is_whole)
}

/// What a person should know of a model that others trained.
pub fn told(loaded: &Loaded) -> Option<String> {
    let left = &loaded.left_out;
    (!left.is_empty()).then(|| {
        format!(
            "{}: left out, for it has no place: `{}`",
            loaded.title,
            left.join("`, `")
        )
    })
}

/// Whether a task found no more than how much it was given.
pub(crate) fn says_nothing(judgement: &Judgement) -> bool {
    let says = |finding: &Finding| ![SEEN, CUT, UNKNOWN].contains(&finding.metric.as_str());
    judgement.items.is_empty() && !judgement.findings.iter().any(says)
}

/// Why a task cannot ask a model anything within the window that the model has.
pub(crate) fn cannot_be_asked(task: &str, title: &str, fault: &Fault) -> String {
    format!("{task}: {title} cannot be asked within its window: {}", fault.what)
}

/// Why a task finds nothing of a model.
pub(crate) fn has_no_head(task: &str, title: &str) -> String {
    format!("{task}: {title} has no head that it could ask")
}

/// A text in a model's tokens, whose tokenizer sees texts as they are.
pub(crate) fn text(tokenizer: Tokenizer, config: CorpusConfig, ready: &Ready) -> Result<Prepared> {
    // Of a vocabulary in a file of its own there is no tokenizer.json yet.
    let json = tokenizer.json().as_bytes();
    let name = format!("{}.json", &hash(json)[..16]);
    let path = ready.cache.join(TOKENIZERS).join(name);
    write_whole(&path, json)?;
    let config = CorpusConfig {
        tokenizer: TokenizerConfig::File { path },
        ..config
    };
    let corpus = prepare(&config, ready.data_root, ready.cache, &mut |line| (ready.say)(line))?;
    Ok(Prepared { tokenizer, ..corpus })
}
