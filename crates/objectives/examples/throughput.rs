//! How many tokens a second one core corrupts: `cargo run --release -p cloze-objectives --example throughput`.

use cloze_corpus::{SpecialTokens, Vocabulary, Window};
use cloze_foundation::Draw;
use cloze_objectives::{OBJECTIVES, configure};
use std::hint::black_box;
use std::time::{Duration, Instant};

const LENGTH: usize = 128;

fn main() -> cloze_foundation::Result<()> {
    let special = SpecialTokens {
        pad: 0,
        unknown: 1,
        start: 2,
        end: 3,
        mask: 4,
    };
    let vocabulary = Vocabulary::new(8192, special);
    let mut stream = Draw::new(1, "text").stream();
    let windows: Vec<Window> = (0..256)
        .map(|_| Window {
            ids: std::iter::once(special.start)
                .chain((1..LENGTH).map(|_| 5 + stream.below(8187) as u32))
                .collect(),
            word_starts: (0..LENGTH).map(|_| stream.chance(0.8)).collect(),
        })
        .collect();
    println!("{:<16}{:<12}M tokens/s on one core, L = {LENGTH}", "objective", "mode");
    for entry in OBJECTIVES {
        for mode in ["corrected", "reference"] {
            let options = toml::Table::from_iter([("mode".to_owned(), toml::Value::from(mode))]);
            let objective = configure(entry.name, &options)?;
            let (began, mut examples) = (Instant::now(), 0u64);
            while began.elapsed() < Duration::from_millis(500) {
                for window in &windows {
                    let draw = Draw::new(1, "corruption").example(examples);
                    black_box(objective.corrupt(black_box(window), &vocabulary, 0.5, draw));
                    examples += 1;
                }
            }
            let rate = examples as f64 * LENGTH as f64 / began.elapsed().as_secs_f64() / 1e6;
            println!("{:<16}{mode:<12}{rate:.1}", entry.name);
        }
    }
    Ok(())
}
