//! What else ran while the runs trained.

use crate::origins::Origin;
use crate::view::View;

impl View {
    /// What else ran while the runs trained: what their seconds are worth. `is_clock` where seconds are the budget itself.
    pub(crate) fn company(&self, is_clock: bool) -> Option<String> {
        let busy = self.arms.iter().flat_map(|arm| arm.elsewhere.values()).copied();
        let mut busy: Vec<f64> = busy.filter(|cores| cores.is_finite()).collect();
        busy.sort_by(f64::total_cmp);
        if let [low, .., high] | [low @ high] = busy[..] {
            return Some(format!(
                "While a run trained, {low:.1} to {high:.1} cores of its machine were busy with something else."
            ));
        }
        if self.origins.is_empty() {
            return is_clock.then(|| "Whether anything else ran meanwhile was not written down.".to_owned());
        }
        let origins: Vec<&Origin> = self.origins.values().collect();
        let shares = |place: &usize| {
            let others = origins.iter().enumerate().filter(|(other, _)| other != place);
            others
                .map(|(_, other)| other)
                .any(|other| origins[*place].overlaps(other))
        };
        let count = (0..origins.len()).filter(shares).count();
        Some(if count == 0 {
            "No two runs of this experiment trained at one time; what else the machine did is not known.".to_owned()
        } else {
            let worth = if is_clock {
                "their budget of seconds bought less than it would have alone, and not the same for each"
            } else {
                "their seconds may be more than they would have been alone"
            };
            format!(
                "{count} of {} runs trained while another run of this experiment did: {worth}.",
                origins.len()
            )
        })
    }
}
