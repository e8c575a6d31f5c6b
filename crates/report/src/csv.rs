//! One row per score and arm, numbers in full, for spreadsheets and notebooks.

use crate::compare::against_baselines;
use crate::view::{View, summary};
use cloze_foundation::Result;
use std::fmt::Write;

const COLUMNS: &str = "task,metric,arm,chance,higher_is_better,seeds,mean,sd,low,high,baseline,pairs,delta,delta_low,\
                       delta_high,p_sign_flip,p_sign_flip_holm,p_t,p_t_holm,p_better,correlation,verdict";

/// Headlines with their comparisons, then parts, other scores and the mean over tasks.
pub(crate) fn whole(view: &View) -> Result<String> {
    let mut text = format!("{COLUMNS}\n");
    let headlines = view.headlines();
    let mut measures = headlines.clone();
    measures.extend(headlines.iter().flat_map(|measure| view.parts(measure)));
    measures.extend(view.others());
    measures.extend(view.aggregate());
    for measure in measures {
        let leads = headlines.contains(&measure) || view.aggregate().as_ref() == Some(&measure);
        let compared = if leads {
            against_baselines(view, &measure)?
        } else {
            Vec::new()
        };
        for (place, (arm, values)) in view.arms.iter().zip(view.finals(&measure)?).enumerate() {
            let Some(found) = summary(&values)? else { continue };
            let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let (chance, higher) = (number(measure.chance()), measure.higher_is_better());
            let (low, high) = (
                number(found.interval.map(|found| found.low)),
                number(found.interval.map(|found| found.high)),
            );
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "{},{},{},{chance},{higher},{},{},{},{low},{high}",
                quoted(&measure.task),
                quoted(&measure.metric),
                quoted(&arm.name),
                found.n,
                found.mean,
                number(found.sd)
            );
            match compared.iter().find(|one| one.arm == place) {
                None => text.push_str(&",".repeat(12)),
                Some(one) => {
                    let paired = &one.paired;
                    let (low, high) = (
                        paired.interval.map(|found| found.low),
                        paired.interval.map(|found| found.high),
                    );
                    let tested = |p: f64| (paired.n > 1).then_some(p);
                    let numbers = [
                        Some(paired.delta),
                        low,
                        high,
                        tested(one.flip),
                        tested(one.flip_holm),
                        paired.p,
                        one.t_holm,
                        Some(one.wins),
                        paired.correlation,
                    ];
                    let numbers = numbers.map(number).join(",");
                    let baseline = quoted(&view.arms[one.baseline].name);
                    let _ = write!(text, ",{baseline},{},{numbers},{:?}", paired.n, one.verdict);
                }
            }
            text.push('\n');
        }
    }
    Ok(text)
}

/// A field by RFC 4180.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
