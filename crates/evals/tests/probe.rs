use burn::tensor::Device;
use cloze_backbone::{EncoderConfig, Init, Preset};
use cloze_corpus::{CorpusConfig, TokenizerConfig, fragment, prepare};
use cloze_evals::{Ground, Subject, find};
use std::time::Instant;
#[test]
fn probe() {
    let folder = tempfile::tempdir().unwrap();
    let config = CorpusConfig { source: "fragment".to_owned(), tokenizer: TokenizerConfig::Wordpiece { vocab: 2048 }, held_out: 0.05, words: 700_000 };
    let corpus = prepare(&config, None, folder.path(), &mut |_| ()).unwrap();
    let t = Instant::now();
    let pairs = fragment::minimal_pairs(0x7061_6972, 50);
    println!("PROBE pairs {} in {:?}", pairs.len(), t.elapsed());
    let device = Device::flex();
    let cpu = || -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    };
    for (name, options) in [("minimal-pairs", "pairs = 50")] {
        let ground = Ground { task: name, corpus: &corpus, window: 64, data_root: None };
        let entry = find(name).unwrap();
        let opened = (entry.open)(&options.parse().unwrap(), &ground).unwrap();
        for objective in ["mlm", "electra", "autoregressive"] {
            let encoder = EncoderConfig { heads: 2, ..EncoderConfig::preset(Preset::Modern, 128, 2, 64) };
            let model = cloze_objectives::configure(objective, &toml::Table::new()).unwrap().build(&encoder, corpus.tokenizer.vocabulary(), &Init::new(1, &device)).frozen();
            let subject = Subject { model: &model, ground, seed: 1, device: &device };
            for tok in [512, 1024, 2048, 4096, 8192, 16384] {
                unsafe { std::env::set_var("TOK", tok.to_string()) };
                let before = cpu();
                let first = opened.judge(&subject).unwrap();
                println!("PROBE {objective} {tok}: {:.2} s of a core, {}", cpu() - before, first.findings[0].value);
            }
        }
    }
    for known in [cloze_corpus::fragment::Known::Everything, cloze_corpus::fragment::Known::WhatPrecedes] {
        let t = Instant::now();
        println!("PROBE best {:?} {:?}", cloze_corpus::bounds::best_of_all(&corpus, known), t.elapsed());
    }
    let t = Instant::now();
    println!("PROBE unigram {:?} {:?}", cloze_corpus::bounds::Unigram::of(&corpus).unwrap().loss(corpus.held_out.ids()), t.elapsed());
}
