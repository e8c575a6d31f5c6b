
mod common;
use burn::tensor::Device;
use common::{config, train_here, corpus};
#[test]
fn speed() {
    corpus();
    for objective in ["mlm", "electra", "autoregressive"] {
    let mut c = config(objective, 1, 60);
    c.encoder = cloze_backbone::EncoderConfig::preset(cloze_backbone::Preset::Modern, 128, 2, 64);
    c.budget.batch = 16; c.points = 1;
    let t = std::time::Instant::now();
    let (trained, m) = train_here(&c, &Device::flex());
    let s = m.pretraining("train", "tokens_per_second");
    println!("{objective} wall {:.2}s seconds {:.2} tokens {} speeds {:?}", t.elapsed().as_secs_f64(), trained.spent.seconds, trained.spent.tokens_seen, &s[50..]);
    }
    let device = { #[allow(deprecated)] Device::ndarray() };
    let mut worst = 0f64;
    for o in cloze_objectives::OBJECTIVES {
        let c = config(o.name, 3, 20);
        let (a, b) = (train_here(&c, &Device::flex()).1, train_here(&c, &device).1);
        for (x, y) in a.pretraining("train", "loss").iter().zip(b.pretraining("train", "loss")) { worst = worst.max((x-y).abs()/x); }
    }
    println!("worst {worst:e}");
}
