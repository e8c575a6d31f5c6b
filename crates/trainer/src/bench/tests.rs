//! The yardsticks of a measurement, and one measurement in this process.

use super::machine::{median, peak_in};
use super::step::in_turn;
use super::{Attention, Setting, measure};
use cloze_backbone::{Precision, Preset};

fn tiny() -> Setting {
    Setting {
        objective: "mlm".into(),
        mode: "corrected".into(),
        preset: Preset::Bert,
        width: 16,
        layers: 1,
        vocab: 64,
        batch: 2,
        length: 8,
        dropout: None,
        precision: Precision::Float32,
        attention: Attention::Disentangled,
        device: "flex".into(),
        threads: 1,
        steps: 2,
    }
}

#[test]
fn a_median_is_the_middle() {
    assert_eq!([median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0])], [2.0, 2.5]);
    assert!(median(&[]).is_nan());
}

#[test]
fn the_peak_is_read_from_a_status_file() {
    let status = "VmPeak:\t 9 kB\nVmHWM:\t   12345 kB\nVmRSS:\t 7 kB\n";
    assert_eq!(peak_in(status), Some(12345 * 1024));
    assert_eq!(peak_in("VmRSS:\t 7 kB\n"), None);
}

#[test]
fn every_objective_is_measured_and_its_parts_make_up_the_step() {
    for entry in cloze_objectives::OBJECTIVES {
        let setting = Setting {
            objective: entry.name.into(),
            ..tiny()
        };
        let found = measure(&setting).unwrap();
        assert_eq!(found.setting.dropout, Some(0.1), "the preset's own");
        let parts = [found.host_ms, found.forward_ms, found.backward_ms, found.optimizer_ms];
        assert!(parts.iter().all(|part| *part > 0.0), "{found:?}");
        assert!(found.gemm_share > 0.0 && found.gemm_share < 1.0, "{found:?}");
        assert!(found.parameters > 64 * 16, "{found:?}");
        assert_eq!(found.peak_bytes.is_some(), cfg!(target_os = "linux"));
    }
}

#[test]
fn steps_and_products_take_turns() {
    let order = std::cell::RefCell::new(Vec::new());
    let step = |step: usize| {
        order.borrow_mut().push(format!("step {step}"));
        Ok(step)
    };
    let mut count = 0.0;
    let rate = || {
        order.borrow_mut().push("product".to_owned());
        count += 2.0;
        Ok(count)
    };
    let (steps, rates) = in_turn(5, 2, step, rate).unwrap();
    assert_eq!(
        order.into_inner().join(", "),
        "product, step 0, step 1, product, step 2, step 3, product, step 4, product"
    );
    assert_eq!(rates, [2.0, 4.0, 6.0, 8.0]);
    assert_eq!(steps, [(0, 3.0), (1, 3.0), (2, 5.0), (3, 5.0), (4, 7.0)]);
}

#[test]
fn a_busy_machine_is_told_and_a_quiet_one_is_not() {
    let quiet = super::Measurement {
        others_busy: Some(0.02),
        gemm_drift: 0.1,
        ..measure(&tiny()).unwrap()
    };
    assert_eq!(quiet.caution(), None);
    let busy = super::Measurement {
        others_busy: Some(1.26),
        ..quiet.clone()
    };
    assert_eq!(
        busy.caution().as_deref(),
        Some("not a quiet machine: other processes kept 1.3 cores busy")
    );
    let drifting = super::Measurement {
        gemm_drift: 0.5,
        ..busy
    };
    assert!(
        drifting
            .caution()
            .unwrap()
            .ends_with("and the yardstick itself drifted by 50 %")
    );
    let unknown = super::Measurement {
        others_busy: None,
        ..quiet
    };
    assert_eq!(unknown.caution(), None);
}

#[test]
fn what_does_not_fit_is_refused_with_its_option() {
    type Change = fn(&mut Setting);
    let cases: [(Change, &str); 14] = [
        (|s| s.objective = "mml".into(), "--objective"),
        (|s| s.mode = "refrence".into(), "--mode"),
        (|s| s.device = "flx".into(), "--device"),
        (|s| s.width = 0, "--width"),
        (|s| s.width = 33, "--width"),
        (|s| s.width = 200, "--width"),
        // A quarter of it is a generator of width 5.
        (|s| (s.objective, s.width) = ("electra".into(), 20), "--width"),
        (
            |s| (s.objective, s.mode) = ("autoregressive".into(), "reference".into()),
            "--mode",
        ),
        (|s| s.layers = 0, "--layers"),
        (|s| s.vocab = 3, "--vocab"),
        (|s| s.batch = 0, "--batch"),
        (|s| s.length = usize::MAX, "--length"),
        (|s| s.dropout = Some(1.0), "--dropout"),
        (|s| s.steps = 0, "--steps"),
    ];
    for (change, place) in cases {
        let mut setting = tiny();
        change(&mut setting);
        let fault = setting.check().unwrap_err();
        assert_eq!(
            (fault.exit_status(), fault.place().as_deref()),
            (2, Some(place)),
            "{fault}"
        );
        assert!(fault.allowed.is_some(), "{fault}");
    }
    assert!(tiny().check().is_ok());
}
