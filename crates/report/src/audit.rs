//! The chart of an audit: where in a window each arm predicts, and in runs of which length.

use crate::charts::files_of;
use crate::figure::{Figure, Panel, Scale, look};
use cloze_foundation::Result;
use cloze_schema::Audit;
use cloze_schema::audit::PARTS_OF_A_WINDOW;

/// Runs beyond this length are drawn as one point.
const LONGEST_RUN: u64 = 10;
/// More arms are no picture.
const MOST_ARMS: usize = 12;

/// The chart of some arms by name, as SVG and as PNG; `None` where nothing was counted.
///
/// # Errors
/// What the drawing library says.
pub fn chart(arms: &[(String, Audit)]) -> Result<Option<[Vec<u8>; 2]>> {
    let shown = &arms[..arms.len().min(MOST_ARMS)];
    let names = shown.iter().map(|(name, _)| name.clone());
    let mut figure = Figure::new("What each arm predicts of the text it will read", 2, 260.0).legend(names);
    let tenths = Scale::around("tenth of the window").ticks((1..=PARTS_OF_A_WINDOW).map(|part| part as f64).collect());
    let mut rates = Panel::new("By position", tenths, Scale::from_zero("tokens predicted (%)"));
    let lengths =
        Scale::around("neighbouring predicted tokens").ticks((1..=LONGEST_RUN).map(|length| length as f64).collect());
    let mut runs = Panel::new(
        "By length of the run",
        lengths,
        Scale::from_zero("predicted tokens (%)"),
    );
    for (place, (_, audit)) in shown.iter().enumerate() {
        let by_position = audit.by_position.iter().zip(1..);
        let by_position = by_position.filter_map(|(share, part)| Some((f64::from(part), 100.0 * share.value()?)));
        rates.joined(look(place), by_position.collect());
        let tokens: u64 = audit.runs.iter().map(|(length, runs)| length * runs).sum();
        let of_length = |length: u64| {
            let found = audit
                .runs
                .iter()
                .filter(|(other, _)| (**other).min(LONGEST_RUN) == length);
            let found: u64 = found.map(|(length, runs)| length * runs).sum();
            (length as f64, 100.0 * found as f64 / tokens.max(1) as f64)
        };
        if tokens > 0 {
            runs.joined(look(place), (1..=LONGEST_RUN).map(of_length).collect());
        }
    }
    figure.panel(rates);
    figure.panel(runs);
    figure.say(format!(
        "Left: of the tokens of each tenth that are not special, those that are predicted. Right: of the predicted tokens, those \
         that stand in a run of so many; {LONGEST_RUN} stands for that many or more. Counted over the windows that the runs read."
    ));
    if arms.len() > shown.len() {
        figure.say(format!("Shown are the first {MOST_ARMS} of {} arms.", arms.len()));
    }
    files_of(&figure)
}
