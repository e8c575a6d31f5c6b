//! A little fuzzing in every test run: each seed in `fuzz/corpora/` and mutations of it, through the functions that
//! cargo-fuzz uses too.
//!
//! `CLOZE_FUZZ=1000 cargo test --workspace --test inputs` makes 1000 mutations of each seed.
#![allow(clippy::print_stderr)] // what was skipped, what was measured

#[path = "../../../fuzz/inputs.rs"]
mod inputs;
#[path = "inputs/memory.rs"]
mod memory;
#[path = "inputs/mutation.rs"]
mod mutation;

use cloze_corpus::source::{Source, Text};
use inputs::{KINDS, Kind};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: memory::Counted = memory::Counted;

/// Mutations of a seed in a normal test run.
const MUTATIONS: u64 = 100;
/// An input may take this long, on a machine that is busy with other things.
const LONGEST: Duration = Duration::from_secs(20);

/// Bytes that may be allocated at once for an input of this length. What a kind needs in any case (buffers, a model,
/// charts) is in the first number. Columns of equal values unpack far, and a line of an experiment may ask for
/// `sweep::MOST_RUNS` runs, which are all planned.
fn bound(kind: &str, length: usize) -> usize {
    const MIB: usize = 1 << 20;
    match kind {
        "experiment" | "set" => 1024 * MIB,
        "parquet" => 4 * MIB + 1024 * length,
        _ => 4 * MIB + 64 * length,
    }
}

fn seeds(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpora")
        .join(kind);
    let seeds = cloze_foundation::files::list(&folder).unwrap();
    assert!(!seeds.is_empty(), "{kind} has no seeds");
    seeds
}

/// The last panic, with its place: decoders panic and are caught, so that only what gets through is to be shown.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// What is wrong with how an input was taken.
fn complaint((name, take): Kind, input: &[u8], most: &mut (usize, Duration)) -> Option<String> {
    let start = Instant::now();
    let (result, bytes) = memory::peak(|| catch_unwind(AssertUnwindSafe(|| take(input))));
    let time = start.elapsed();
    *most = (most.0.max(bytes), most.1.max(time));
    if result.is_err() {
        return Some(PANIC.lock().unwrap().clone());
    }
    if bytes > bound(name, input.len()) {
        return Some(format!("{bytes} bytes were allocated for {} bytes", input.len()));
    }
    (time > LONGEST).then(|| format!("it took {time:.1?}"))
}

/// One test after the other: the memory of a process is one number.
fn one() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the seeds of a kind and mutations of each.
fn fuzz(name: &str) {
    let _one = one();
    std::panic::set_hook(Box::new(|panic| *PANIC.lock().unwrap() = panic.to_string()));
    let kind = *KINDS.iter().find(|kind| kind.0 == name).unwrap();
    let mutations = std::env::var("CLOZE_FUZZ").map_or(MUTATIONS, |count| count.parse().unwrap());
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (mut complaints, mut most, mut count) = (Vec::new(), (0, Duration::ZERO), 0);
    let seeds: Vec<Vec<u8>> = seeds(name).iter().map(|path| std::fs::read(path).unwrap()).collect();
    (kind.1)(&seeds[0]); // what is set up once in a process is not the input's
    let start = Instant::now();
    for (index, seed) in seeds.iter().enumerate() {
        for number in 0..=mutations {
            let input = match number {
                0 => seed.clone(),
                _ => mutation::mutated(name, &seeds, index, number),
            };
            // What overflows the stack ends the process; the input is then still here.
            std::fs::write(scratch.join(format!("fuzz-{name}-last")), &input).unwrap();
            count += 1;
            if let Some(complaint) = complaint(kind, &input, &mut most) {
                let kept = scratch.join(format!("fuzz-{name}-{index}-{number}"));
                std::fs::write(&kept, &input).unwrap();
                complaints.push(format!("{}: {complaint}", kept.display()));
            }
        }
    }
    let ((bytes, time), all) = (most, start.elapsed());
    eprintln!(
        "{name}: {count} inputs in {all:.1?}; at most {} KiB and {time:.1?} for one",
        bytes / 1024
    );
    if !complaints.is_empty() {
        eprintln!("{} inputs:\n{}", complaints.len(), complaints.join("\n"));
        panic!("said above");
    }
}

#[test]
fn an_experiment_file() {
    fuzz("experiment");
}

#[test]
fn set_arguments() {
    fuzz("set");
}

#[test]
fn a_corpus() {
    fuzz("corpus");
}

#[test]
fn a_tokenizer() {
    fuzz("tokenizer");
}

#[test]
fn trained_weights() {
    fuzz("weights");
}

#[test]
fn a_checkpoint() {
    fuzz("checkpoint");
}

#[test]
fn parquet_metrics() {
    fuzz("parquet");
}

#[test]
fn a_frozen_plan() {
    fuzz("plan");
}

#[test]
fn a_marker() {
    fuzz("marker");
}

#[test]
fn every_kind_of_input_has_seeds_and_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |path: &str, kind: &str| -> Vec<String> {
        let all = cloze_foundation::files::list(&folder.join(path)).unwrap();
        let stem = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().replace(kind, "");
        all.iter().map(stem).collect()
    };
    let mut kinds = KINDS.map(|kind| kind.0.to_owned());
    kinds.sort();
    assert_eq!(names("corpora", ""), kinds);
    assert_eq!(names("fuzz_targets", ".rs"), kinds);
}

/// What reading a gzip of `lines` copies of `line` gives, and the memory that it takes.
fn read_gzip(line: &[u8], lines: usize) -> (cloze_foundation::Result<usize>, usize) {
    let place = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(place.path().join("a.txt.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    for _ in 0..lines {
        gzip.write_all(line).unwrap();
    }
    gzip.finish().unwrap();
    memory::peak(|| {
        let source = Source::resolve("a.txt.gz", 0, Some(place.path()))?;
        let mut documents = 0;
        source.documents(&source.split(0.5)?, &mut |_, text| {
            documents += usize::from(text == Text::End);
            Ok(())
        })?;
        Ok(documents)
    })
}

#[test]
fn a_gzip_that_grows_a_hundred_times_is_streamed() {
    let _one = one();
    // 100 MB in lines, and in one line.
    let (read, bytes) = read_gzip(&[&[b'a'; 9_999][..], b"\n"].concat(), 10_000);
    assert_eq!(read.unwrap(), 10_000);
    assert!(bytes < 4 << 20, "{bytes} bytes");
    let (read, bytes) = read_gzip(&[b'a'; 10_000], 10_000);
    let fault = read.unwrap_err().to_string();
    assert!(
        fault.contains("too long") && fault.contains("a.txt.gz:1") && fault.contains("64 MiB"),
        "{fault}"
    );
    assert!(bytes < 256 << 20, "{bytes} bytes");
}
