//! A small sweep in a folder of its own, and what it has to end with.

use cloze_foundation::files::{list, read_text};
use cloze_plan::Plan;
use cloze_runner::store::{Attempt, Marker, Store, parts};
use cloze_schema::parquet;
use cloze_schema::superseded::reproducible;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A sweep of some objectives with one seed.
pub struct Sweep {
    folder: tempfile::TempDir,
    place: PathBuf,
}

fn experiment(objectives: &[&str], steps: usize) -> String {
    let arms: String = objectives
        .iter()
        .map(|name| format!("[[arm]]\nobjective = \"{name}\"\n"))
        .collect();
    format!(
        "question = \"Does it survive?\"\n\
         [corpus]\nsource = \"fragment\"\ntokenizer = {{ kind = \"wordpiece\", vocab = 300 }}\nwords = \"10k\"\n\
         [encoder]\nwidth = 32\nlayers = 1\nwindow = 48\n\
         [budget]\nequalise = \"steps\"\namount = {steps}\nbatch = 4\n\
         [sweep]\nseeds = [1]\n{arms}\
         [evaluate]\ntasks = [\"masked-loss\", {{ task = \"minimal-pairs\", pairs = 1 }}]\npoints = 3\n"
    )
}

/// Every objective there is.
pub fn everything() -> Vec<&'static str> {
    cloze_objectives::OBJECTIVES.iter().map(|entry| entry.name).collect()
}

impl Sweep {
    /// A fresh one, with the corpus prepared already.
    pub fn new(objectives: &[&str], steps: usize) -> Self {
        Self::inside("", objectives, steps)
    }

    /// A fresh one in a folder of this name.
    pub fn inside(name: &str, objectives: &[&str], steps: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(name);
        let sweep = Self { folder, place };
        sweep.fill(objectives, steps);
        sweep
    }

    /// Writes the experiment, and puts the prepared corpus where it is looked for.
    pub fn fill(&self, objectives: &[&str], steps: usize) {
        let place = &self.place;
        std::fs::create_dir_all(place.join("results/.cache")).unwrap();
        std::fs::write(place.join("x.toml"), experiment(objectives, steps)).unwrap();
        static CORPUS: OnceLock<tempfile::TempDir> = OnceLock::new();
        let corpus = CORPUS.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("x.toml"), experiment(&["mlm"], 1)).unwrap();
            let status = command(folder.path(), &["run", "x.toml"]).status().unwrap();
            assert!(status.success());
            folder
        });
        for prepared in list(&corpus.path().join("results/.cache")).unwrap() {
            let to = place.join("results/.cache").join(prepared.file_name().unwrap());
            std::fs::create_dir_all(&to).unwrap();
            for file in list(&prepared).unwrap() {
                std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
            }
        }
    }

    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The folder of the results.
    pub fn results(&self) -> PathBuf {
        self.place.join("results/x")
    }

    pub fn store(&self) -> Store {
        Store::new(self.results())
    }

    /// `cloze run` with frequent checkpoints and a short lease.
    pub fn run(&self) -> Command {
        let arguments = [
            "run",
            "x.toml",
            "--checkpoint",
            "5 steps",
            "--lease",
            "2",
            "--jobs",
            "2",
        ];
        command(&self.place, &arguments)
    }

    /// Runs until a run ends with 0; at most `tries` times.
    pub fn finish(&self, tries: usize) {
        for _ in 0..tries {
            if end(self.run().spawn().unwrap()).success() {
                return;
            }
        }
        panic!(
            "not done after {tries} tries in {}: {:?}",
            self.folder.path().display(),
            self.words()
        );
    }

    /// What went wrong, for a message.
    fn words(&self) -> Vec<String> {
        let runs = list(&self.results().join("runs")).unwrap_or_default();
        runs.iter()
            .filter_map(|run| read_text(&run.join("FAILED")).ok())
            .collect()
    }

    pub fn plan(&self) -> Plan {
        cloze_plan::read(&self.results()).unwrap()
    }

    /// Number of the last attempt at every run.
    pub fn attempts(&self) -> Vec<u32> {
        let store = self.store();
        let runs = self.plan().runs;
        runs.iter()
            .map(|run| {
                Attempt::latest(&store.run(&run.id))
                    .unwrap()
                    .map_or(0, |attempt| attempt.number)
            })
            .collect()
    }

    /// Hash of the weights of every run, and the rows that can be compared, as one parquet file.
    pub fn outcome(&self) -> (BTreeMap<String, String>, Vec<u8>) {
        let store = self.store();
        let mut weights = BTreeMap::new();
        for run in &self.plan().runs {
            match store.run(&run.id).marker().unwrap() {
                Some(Marker::Done(done)) => weights.insert(run.arm.clone(), done.weights),
                other => panic!("{}: {other:?}", run.arm),
            };
        }
        let rows = reproducible(parts::read(&store.metrics()).unwrap());
        (weights, parquet::to_bytes(&rows).unwrap())
    }

    /// Panics unless this sweep ended as one that was left in peace, with nothing half-written left behind.
    #[track_caller]
    pub fn is_as_if_undisturbed(&self, objectives: &[&str], steps: usize, what: &str) {
        assert!(self.outcome() == undisturbed(objectives, steps), "{what}: other bits");
        let left = scratch(&self.place.join("results"));
        assert!(left.is_empty(), "{what}: {left:?}");
        for run in list(&self.results().join("runs")).unwrap() {
            let has = |name: &str| run.join(name).exists();
            assert!(
                has("DONE") && !has("FAILED") && !has("DIVERGED"),
                "{what}: {}",
                run.display()
            );
            assert!(!has("checkpoints"), "{what}: a finished run has checkpoints");
        }
    }

    /// Panics if anything was set aside: nothing was damaged.
    #[track_caller]
    pub fn has_nothing_aside(&self, what: &str) {
        let mut aside = everything_below(&self.results());
        aside.retain(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("damaged-") || name == "aside"
        });
        assert!(aside.is_empty(), "{what}: {aside:?}");
    }
}

/// Everything below a folder.
fn everything_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in list(folder).unwrap() {
        if path.is_dir() {
            found.extend(everything_below(&path));
        }
        found.push(path);
    }
    found
}

/// What is left half-written below a folder.
fn scratch(folder: &Path) -> Vec<PathBuf> {
    let mut found = everything_below(folder);
    found.retain(|path| cloze_foundation::files::is_scratch(path));
    found
}

/// The binary, quiet, in a folder.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("CLOZE_DATA")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Waits for a process, but not for ever.
pub fn end(mut child: Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a sweep ends with that nobody disturbs. Each is done once.
#[expect(clippy::type_complexity, reason = "a memory of what `outcome` gave")]
fn undisturbed(objectives: &[&str], steps: usize) -> (BTreeMap<String, String>, Vec<u8>) {
    static KNOWN: Mutex<BTreeMap<String, (BTreeMap<String, String>, Vec<u8>)>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = known.entry(format!("{objectives:?} {steps}")).or_insert_with(|| {
        let sweep = Sweep::new(objectives, steps);
        let arguments = ["run", "x.toml", "--jobs", "1"];
        assert!(end(command(sweep.place(), &arguments).spawn().unwrap()).success());
        sweep.outcome()
    });
    outcome.clone()
}
