//! Claims: what was said before the first run, and how a report answers. Each check is a variant and a line here, and an
//! answer in the report, whose `match` does not compile without it.

use cloze_foundation::{Fault, Result};
use cloze_options::{Kind, OptionType, Range, Written, options};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

options! {
    /// A claim that was written down before the runs.
    #[derive(Serialize, Deserialize)]
    pub struct Claim {
        /// The claim in words.
        pub says: String => "say in words what is claimed";
        /// How it is checked.
        pub check: Check => "say how it is checked, as in check = \"better(minimal-pairs, span, mlm)\"";
    }
}

/// What a number of a report has to be for a claim to hold. Arms go by their names; a task by its name, or a part of it as
/// in `minimal-pairs/agreement`, and its headline metric is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Check {
    /// The first arm is better than the second one on a task.
    Better {
        /// The task.
        task: String,
        /// The arm that is said to be better.
        arm: String,
        /// The arm that it is compared with.
        than: String,
    },
    /// An arm is above what a guesser gets on a task.
    AboveChance {
        /// The task.
        task: String,
        /// The arm.
        arm: String,
    },
    /// Of the values that a factor is swept over, one between two bounds is better on a task than every value outside them;
    /// the smallest and the largest value always count as outside.
    InteriorOptimum {
        /// The task.
        task: String,
        /// The factor: the last part of its key path, or all of it.
        factor: String,
        /// The lower bound, itself included.
        from: f64,
        /// The upper bound, itself included.
        to: f64,
    },
}

/// How every check is written.
pub const CHECKS: [(&str, &str); 3] = [
    ("better(task, arm, arm)", "the first arm is better than the second"),
    ("above_chance(task, arm)", "the arm is above what a guesser gets"),
    (
        "interior_optimum(task, factor, from, to)",
        "a swept factor's best value lies between two bounds: it is better than all outside, the ends of the sweep among them",
    ),
];

impl FromStr for Check {
    type Err = Fault;

    /// Reads `name(argument, ...)`. An argument that holds a comma, a bracket or a quotation mark stands in double quotes, in
    /// which `\"` is a quotation mark and `\\` a backslash.
    fn from_str(text: &str) -> Result<Self> {
        let (name, arguments) = call(text).ok_or_else(|| refuse(format!("`{text}` is not a check")))?;
        let number = |text: &String| match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(refuse(format!("`{text}` is not a number"))),
        };
        let check = match (name, arguments.as_slice()) {
            ("better", [task, arm, than]) => {
                let [task, arm, than] = [task, arm, than].map(Clone::clone);
                Self::Better { task, arm, than }
            }
            ("above_chance", [task, arm]) => {
                let [task, arm] = [task, arm].map(Clone::clone);
                Self::AboveChance { task, arm }
            }
            ("interior_optimum", [task, factor, from, to]) => {
                let (from, to) = (number(from)?, number(to)?);
                if from > to {
                    return Err(refuse(format!("from {from} to {to} is no range")));
                }
                let [task, factor] = [task, factor].map(Clone::clone);
                Self::InteriorOptimum { task, factor, from, to }
            }
            (name, arguments) => {
                let names = CHECKS.iter().filter_map(|(form, _)| form.split('(').next());
                return Err(if names.clone().any(|known| known == name) {
                    refuse(format!("`{name}` does not take {} arguments", arguments.len()))
                } else {
                    refuse(format!("unknown check `{name}`")).nearest(name, names)
                });
            }
        };
        Ok(check)
    }
}

fn refuse(what: String) -> Fault {
    Fault::usage(what).allowed(CHECKS.map(|(form, _)| form))
}

/// The name and the arguments of a call.
fn call(text: &str) -> Option<(&str, Vec<String>)> {
    let (name, rest) = text.trim().split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let (mut arguments, mut quoted) = (vec![String::new()], false);
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '\\' if quoted => arguments
                .last_mut()?
                .push(letters.next().filter(|next| ['"', '\\'].contains(next))?),
            ',' if !quoted => arguments.push(String::new()),
            '(' | ')' if !quoted => return None,
            letter => arguments.last_mut()?.push(letter),
        }
    }
    let arguments: Vec<String> = arguments.iter().map(|argument| argument.trim().to_owned()).collect();
    (!quoted && arguments.iter().all(|argument| !argument.is_empty())).then_some((name.trim(), arguments))
}

/// An argument as [`call`] reads it.
fn argument(word: &str) -> String {
    if word.contains([',', '(', ')', '"']) {
        format!("\"{}\"", word.replace('\\', r"\\").replace('"', r#"\""#))
    } else {
        word.to_owned()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Better { task, arm, than } => {
                write!(f, "better({}, {}, {})", argument(task), argument(arm), argument(than))
            }
            Self::AboveChance { task, arm } => write!(f, "above_chance({}, {})", argument(task), argument(arm)),
            Self::InteriorOptimum { task, factor, from, to } => {
                let [task, factor] = [task, factor].map(|word| argument(word));
                write!(f, "interior_optimum({task}, {factor}, {from}, {to})")
            }
        }
    }
}

impl OptionType for Check {
    fn read(written: &Written<'_>, _range: Range) -> Result<Self> {
        let place = |fault: Fault| fault.at(written.place());
        written.text()?.parse().map_err(place)
    }

    fn write(&self) -> Option<toml::Value> {
        Some(self.to_string().into())
    }

    fn kind(_range: Range) -> Kind {
        let names: Vec<&str> = CHECKS.iter().filter_map(|(form, _)| form.split('(').next()).collect();
        let pattern = format!(r"^\s*({})\s*\(.*\)\s*$", names.join("|"));
        Kind::Other {
            said: CHECKS
                .map(|(form, meaning)| format!("`{form}` ({meaning})"))
                .join(", or "),
            schema: serde_json::json!({ "type": "string", "pattern": pattern }),
            fields: Vec::new(),
        }
    }
}

impl TryFrom<String> for Check {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Check> for String {
    fn from(check: Check) -> Self {
        check.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_written_as_it_is_read() {
        for text in [
            "better(minimal-pairs, span, mlm rate=0.15)",
            "better(minimal-pairs/agreement, \"mlm replace={mask=1,random=0}\", mlm)",
            "above_chance(blimp, causal first)",
            r#"above_chance(blimp, "the \"usual\" arm")"#,
            r#"better(blimp, a\b, "a\\b, c")"#,
            "interior_optimum(minimal-pairs, rate, 0.15, 0.5)",
        ] {
            let check: Check = text.parse().unwrap();
            assert_eq!(check.to_string(), text);
            let claim = Claim {
                says: "so it is".to_owned(),
                check,
            };
            let json = serde_json::to_string(&claim).unwrap();
            assert_eq!(serde_json::from_str::<Claim>(&json).unwrap(), claim);
        }
    }

    #[test]
    fn any_name_can_be_an_argument() {
        for name in [
            r#"""#,
            r#"the "usual" arm"#,
            r"a\b",
            r#"\""#,
            "a, b (c)",
            r#"x\\"y"#,
            "plain",
        ] {
            let check = Check::AboveChance {
                task: "blimp".to_owned(),
                arm: name.to_owned(),
            };
            assert_eq!(check.to_string().parse::<Check>().unwrap(), check, "{check}");
        }
        let check: Check = r#"above_chance(blimp, "the \"usual\" arm")"#.parse().unwrap();
        assert!(matches!(check, Check::AboveChance { arm, .. } if arm == "the \"usual\" arm"));
    }

    #[test]
    fn what_is_no_check_is_refused_with_what_is() {
        for (text, what) in [
            ("better", "`better` is not a check"),
            ("better(span, mlm)", "`better` does not take 2 arguments"),
            ("beter(a, b, c)", "unknown check `beter`"),
            ("above_chance(a, )", "`above_chance(a, )` is not a check"),
            ("above_chance(a, \"b)", "`above_chance(a, \"b)` is not a check"),
            (
                r#"above_chance(a, "b\c")"#,
                r#"`above_chance(a, "b\c")` is not a check"#,
            ),
            ("interior_optimum(a, rate, low, 0.5)", "`low` is not a number"),
            ("interior_optimum(a, rate, 0.5, 0.1)", "from 0.5 to 0.1 is no range"),
            ("interior_optimum(a, rate, nan, 0.1)", "`nan` is not a number"),
        ] {
            let fault = text.parse::<Check>().unwrap_err();
            assert_eq!(fault.what, what);
            assert!(
                fault
                    .allowed
                    .as_deref()
                    .is_some_and(|allowed| allowed.contains("above_chance(task, arm)"))
            );
        }
        assert_eq!(
            "beter(a, b, c)".parse::<Check>().unwrap_err().nearest.as_deref(),
            Some("better")
        );
    }
}
