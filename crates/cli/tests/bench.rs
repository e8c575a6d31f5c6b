//! `cloze bench` through the binary.

use crate::common::{Workplace, text};
use serde_json::Value;

const TINY: [&str; 14] = [
    "bench",
    "--layers",
    "1",
    "--vocab",
    "64",
    "--batch",
    "2",
    "--length",
    "8",
    "--steps",
    "3",
    "--threads",
    "1",
    "--preset=bert",
];

#[test]
fn every_combination_is_one_line_of_figures() {
    let workplace = Workplace::new();
    let more = ["--objective", "mlm,electra", "--width", "16,32", "--json"];
    let output = workplace.cloze(&[&TINY[..], &more].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |line: &Value| {
        (
            line["objective"].as_str().unwrap().to_owned(),
            line["width"].as_u64().unwrap(),
        )
    };
    let found: Vec<_> = lines.iter().map(of).collect();
    let wanted = [("mlm", 16), ("mlm", 32), ("electra", 16), ("electra", 32)];
    assert_eq!(found, wanted.map(|(name, width)| (name.to_owned(), width)));
    for line in &lines {
        assert_eq!((line["layers"].as_u64(), line["steps"].as_u64()), (Some(1), Some(3)));
        for key in [
            "tokens_per_second",
            "gemm_share",
            "forward_ms",
            "backward_ms",
            "optimizer_ms",
            "host_ms",
        ] {
            assert!(line[key].as_f64().is_some_and(|number| number > 0.0), "{key} in {line}");
        }
        let peak = line.as_object().unwrap().get("peak_bytes").unwrap();
        assert_eq!(peak.is_u64(), cfg!(target_os = "linux"), "{line}");
        assert!(peak.is_u64() || peak.is_null());
    }
    assert!(workplace.names().is_empty(), "nothing is left behind");

    let plain = workplace.cloze(
        &[
            &TINY[..],
            &["--width", "16", "--dropout", "0.2", "--precision", "bfloat16"],
        ]
        .concat(),
    );
    let plain = text(&plain.stdout);
    assert!(
        plain.starts_with("mlm (corrected) bert D=16 layers=1")
            && plain.contains("dropout=0.2 bfloat16 (")
            && plain.contains("tokens/s"),
        "{plain}"
    );
    assert_eq!(plain.lines().count(), 1);
}

#[test]
fn bad_input_gets_one_error() {
    let workplace = Workplace::new();
    for (option, value, parts) in [
        ("--objective", "mlm,elektra", &["did you mean `electra`?"][..]),
        ("--mode", "refrence", &["--mode", "did you mean `reference`?"]),
        ("--preset", "bret", &["did you mean `bert`?"]),
        ("--width", "128,100001", &["--width", "1 to 65536"]),
        ("--width", "many", &["invalid value"]),
        ("--precision", "bf16", &["--precision", "float32, bfloat16"]),
        ("--dropout", "1.5", &["--dropout", "from 0 to below 1"]),
        ("--device", "flxe", &["--device", "did you mean `flex`?"]),
        ("--threads", "0", &["--threads"]),
    ] {
        let output = workplace.cloze(&["bench", option, value]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {said}");
        assert_eq!(said.matches("error: ").count(), 1, "{said}");
        assert!(output.stdout.is_empty() && !said.contains("panicked"), "{said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing in:\n{said}");
        }
    }
}
