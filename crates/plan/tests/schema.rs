//! The committed JSON Schema is the one that the declarations make, accepts every shipped experiment, and refuses what the
//! experiment language refuses.

use cloze_plan::Experiment;
use cloze_plan::experiment::schema;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

fn shipped() -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(experiments()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths
        .map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn the_committed_schema_is_the_declared_one() {
    let path = experiments().join("schema.json");
    if std::env::var_os("CLOZE_BLESS").is_some() {
        std::fs::write(&path, schema()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema(),
        "experiments/schema.json is stale: run scripts/anew.sh"
    );
}

/// What `value` breaks of `schema`, by JSON pointer: the keywords that ours uses, `pattern` apart.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("{at}: {what}"));
    let Some(schema) = schema.as_object() else {
        return if schema == &Value::Bool(false) {
            refuse("not allowed")
        } else {
            Ok(())
        };
    };
    for (keyword, wanted) in schema {
        let number = |fits: fn(f64, f64) -> bool| match (value.as_f64(), wanted.as_f64()) {
            (Some(value), Some(wanted)) if !fits(value, wanted) => refuse(keyword),
            _ => Ok(()),
        };
        match keyword.as_str() {
            "type" => {
                let fits = match wanted.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("unknown type {other}"),
                };
                if !fits {
                    return refuse(&format!("not {wanted}"));
                }
            }
            "const" if wanted != value => return refuse("another constant"),
            "enum" if !wanted.as_array().unwrap().contains(value) => return refuse("not one of the words"),
            "minimum" => number(|value, wanted| value >= wanted)?,
            "maximum" => number(|value, wanted| value <= wanted)?,
            "exclusiveMinimum" => number(|value, wanted| value > wanted)?,
            "exclusiveMaximum" => number(|value, wanted| value < wanted)?,
            "minItems"
                if value
                    .as_array()
                    .is_some_and(|list| (list.len() as u64) < wanted.as_u64().unwrap()) =>
            {
                return refuse("too few items");
            }
            "maxLength"
                if value
                    .as_str()
                    .is_some_and(|text| text.chars().count() as u64 > wanted.as_u64().unwrap()) =>
            {
                return refuse("too long");
            }
            "minLength"
                if value
                    .as_str()
                    .is_some_and(|text| (text.chars().count() as u64) < wanted.as_u64().unwrap()) =>
            {
                return refuse("too short");
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, wanted, item, &format!("{at}/{index}"))?;
                }
            }
            "$ref" => {
                let pointer = wanted.as_str().and_then(|pointer| pointer.strip_prefix('#')).unwrap();
                check(root, root.pointer(pointer).unwrap(), value, at)?;
            }
            "required" => {
                for key in wanted.as_array().unwrap() {
                    if value.is_object() && value.get(key.as_str().unwrap()).is_none() {
                        return refuse(&format!("no {key}"));
                    }
                }
            }
            "properties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if let Some(wanted) = wanted.get(key) {
                        check(root, wanted, inner, &format!("{at}/{key}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = |key: &str| {
                    let options = schema.contains_key("patternProperties") && key.split('.').next() == Some("options");
                    options || schema["properties"].get(key).is_some()
                };
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if !known(key) {
                        check(root, wanted, inner, &format!("{at}/{key}"))?;
                    }
                }
            }
            "anyOf" | "oneOf" => {
                let each: Vec<_> = wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|schema| check(root, schema, value, at))
                    .collect();
                let fits = each.iter().filter(|result| result.is_ok()).count();
                if fits == 0 || (keyword == "oneOf" && fits > 1) {
                    return refuse(&format!("{fits} of {keyword}: {each:?}"));
                }
            }
            "const" | "enum" | "minItems" | "minLength" | "maxLength" | "pattern" | "patternProperties" => {}
            "$schema" | "$defs" | "title" | "description" | "default" => {}
            other => panic!("the schema uses {other}"),
        }
    }
    Ok(())
}

fn accepts(text: &str) -> Result<(), String> {
    let document: toml::Table = text.parse().unwrap();
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    check(&schema, &schema, &serde_json::to_value(document).unwrap(), "")
}

#[test]
fn every_shipped_experiment_names_the_schema_and_keeps_it() {
    let shipped = shipped();
    assert!(shipped.len() >= 4);
    for (path, text) in shipped {
        assert_eq!(text.lines().next(), Some("#:schema schema.json"), "{}", path.display());
        assert_eq!(accepts(&text), Ok(()), "{}", path.display());
    }
}

const HEAD: &str = "question = \"Which?\"\n";
const MLM: &str = "[[arm]]\nobjective = \"mlm\"\n";

#[test]
fn the_schema_and_the_language_agree() {
    let both = |text: &str| {
        (
            accepts(text).is_ok(),
            Experiment::parse("x", "x.toml", text, &[]).is_ok(),
        )
    };
    for right in [
        "[corpus]\nwords = \"3M\"\ntokenizer = { kind = \"bpe\" }\n",
        "[encoder]\ndropout = 0\n[budget]\nequalise = \"seconds\"\namount = \"3min\"\n",
        "[sweep]\nseeds = [4]\n[sweep.grid]\n\"encoder.width\" = [64]\noptimizer.clip = [0, 1.5]\n\"options.rate\" = [0.2]\n",
        "[sweep.random]\nsamples = 3\n\"optimizer.peak_lr\" = { from = 1e-4, to = 1e-2, scale = \"log\" }\n",
        "[evaluate]\ntasks = [\"masked-loss\", { task = \"minimal-pairs\", pairs = 5 }]\n",
        "[[claim]]\nsays = \"x\"\ncheck = \"better(masked-loss, mlm, two)\"\n[[arm]]\nname = \"two\"\nobjective = \"mlm\"\nrate = 0.3\n",
        "[[arm]]\nname = \"a\"\nobjective = \"span\"\nrate = { from = 0.3, to = 0.2 }\nset.\"encoder.width\" = 64\n",
        "[[arm]]\nname = \"b\"\nobjective = \"electra\"\ngrid.rate = [0.3]\ngrid.\"masked\" = [1, 0.5]\n",
    ] {
        let text = format!("{HEAD}{right}{MLM}");
        assert_eq!(both(&text), (true, true), "{right}: {:?}", accepts(&text));
    }
    for wrong in [
        "[encodr]\n",
        "[sweep]\nseeds = [-1]\n",
        "[sweep.grid]\n\"encoder.widht\" = [64]\n",
        "[sweep.random]\n\"optimizer.peak_lr\" = { from = 1e-4, to = 1e-2 }\n",
        "[evaluate]\npoints = 0\n",
        "[evaluate]\ntasks = [{ task = \"minimal-pairs\", windows = 5 }]\n",
        "[report]\ncharts = [\"pie\"]\n",
        "[[claim]]\nsays = \"x\"\n",
        "[[arm]]\nobjective = \"mlm\"\nmasked = 0.5\n",
        "[[arm]]\nobjective = \"autoregressive\"\nrate = 0.5\n",
        "[[arm]]\nname = \"a\"\n",
    ] {
        assert_eq!(both(&format!("{HEAD}{wrong}{MLM}")), (false, false), "{wrong}");
    }
    assert_eq!(both(HEAD), (false, false));
    // What depends on a point of the sweep is refused by the schema, and by the plan when it resolves the point.
    for wrong in [
        "[encoder]\nwidth = 0\n",
        "[optimizer]\nwarmup = 1\n",
        "[corpus]\nheld_out = \"much\"\n",
    ] {
        assert_eq!(both(&format!("{HEAD}{wrong}{MLM}")), (false, true), "{wrong}");
    }
}
