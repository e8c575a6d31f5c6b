//! How many tokens a second one core corrupts, for every objective and mode:
//! `cargo bench --workspace --bench corruption`.

#![allow(missing_docs)] // criterion_group! makes a public function without any

use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_objectives::{OBJECTIVES, configure};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LENGTH: usize = 128;
const WINDOWS: usize = 256;
const WORD_STARTS: f64 = 0.75;

/// Windows of random tokens.
fn windows(special: SpecialTokens) -> Vec<Window> {
    let mut stream = Draw::new(1, "text").stream();
    let mut window = || {
        let ids = std::iter::once(special.start).chain((1..LENGTH).map(|_| 5 + stream.below(8187) as u32));
        Window::new(ids.collect(), Vec::new())
    };
    let mut windows: Vec<Window> = (0..WINDOWS).map(|_| window()).collect();
    for window in &mut windows {
        window.word_starts = (0..LENGTH).map(|_| stream.chance(WORD_STARTS)).collect();
    }
    windows
}

fn corruption(criterion: &mut Criterion) {
    let special = SpecialTokens {
        pad: 0,
        unknown: 1,
        start: 2,
        end: 3,
        mask: 4,
    };
    let (vocabulary, windows) = (Vocabulary::new(8192, special), windows(special));
    let mut group = criterion.benchmark_group("corruption");
    group.throughput(Throughput::Elements((WINDOWS * LENGTH) as u64));
    for entry in OBJECTIVES {
        for mode in ["corrected", "reference"] {
            let options = toml::Table::from_iter([("mode".to_owned(), toml::Value::from(mode))]);
            let objective = match configure(entry.name, &options) {
                Ok(objective) => objective,
                // Not every objective has this mode.
                Err(_) if mode == "reference" => continue,
                Err(fault) => panic!("{fault}"),
            };
            group.bench_function(BenchmarkId::new(entry.name, mode), |bencher| {
                let mut step = 0;
                bencher.iter(|| {
                    step += 1;
                    let draw = Draw::new(1, "corruption").step(step);
                    for (example, window) in windows.iter().enumerate() {
                        let draw = draw.example(example as u64);
                        black_box(objective.corrupt(black_box(window), &vocabulary, 0.5, draw));
                    }
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(15).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = corruption
}
criterion_main!(benches);
