//! A rate, a share or a weight: fixed, or changing along training.

use cloze_foundation::{Fault, Place, Result};
use cloze_options::range::above;
use cloze_options::{Kind, OptionType, Options, Range, Value, Written, options, words};
use std::f64::consts::PI;

/// A number, or how it changes over the budget: `{ from, to, shape, at }`, or `{ values, at }`. Without a range of its own it is
/// a share in (0, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// The same all along.
    Fixed(f64),
    /// From one value to another (Ankner et al. 2023, Dynamic Masking Rate Schedules for MLM Pretraining).
    Changing(Schedule),
    /// From value to value.
    Stepping(Steps),
}

options! {
    /// A rate that goes from one value to another.
    #[derive(Copy)]
    pub struct Schedule {
        /// The value at the start of the budget.
        pub from: f64 => "say where the rate begins";
        /// The value at its end.
        pub to: f64 => "say where the rate ends";
        /// The way from one to the other.
        pub shape: Shape = Shape::Linear;
        /// Where a step jumps, as a share of the budget; where there are several `values` the list of where each but the first begins.
        pub at: Option<f64> = None, above(0).below(1) => "0.5";
    }
    check Self::jumps_where_it_steps
}

words! {
    /// The way of a [`Schedule`].
    pub enum Shape {
        /// A straight line.
        Linear = "linear",
        /// Half a cosine: slow at both ends.
        Cosine = "cosine",
        /// One jump, at half of the budget or where `at` says.
        Step = "step",
    }
}

words! {
    /// The way between several values.
    enum OnlyStep {
        /// A jump.
        Step = "step",
    }
}

options! {
    /// A rate that jumps from value to value.
    struct Values {
        /// In the place of `from` and `to`: its values, one after the other.
        values: Vec<f64> => "say what its values are";
        /// Where each but the first begins, as shares of the budget.
        at: Vec<f64>, above(0).below(1) => "say where each value but the first begins";
        /// Several values have jumps between them.
        shape: OnlyStep = OnlyStep::Step;
    }
    check Self::follow_each_other
}

/// The most values of a rate, so that it stays a plain number of bytes.
const MOST: usize = 8;

/// Values with the shares of the budget at which they begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    first: f64,
    /// Ascending; what there is comes first.
    further: [Option<Jump>; MOST - 1],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Jump {
    at: f64,
    value: f64,
}

/// Where a step jumps if nothing is said.
const HALF: f64 = 0.5;

/// The range, or that of a share where there is none: of nothing, or of everything, nothing is learnt.
fn share_or(range: Range) -> Range {
    if range.is_any() { above(0).below(1) } else { range }
}

impl Schedule {
    fn jumps_where_it_steps(&self) -> Result<()> {
        if self.at.is_none() || self.shape == Shape::Step {
            return Ok(());
        }
        let what = format!("`at` says nothing where shape = \"{}\"", self.shape);
        Err(Fault::usage(what)
            .at(Place::key("at"))
            .remedy("leave it out, or write shape = \"step\""))
    }

    fn jump(&self) -> f64 {
        self.at.unwrap_or(HALF)
    }

    fn at(&self, progress: f64) -> f64 {
        let way = match self.shape {
            Shape::Linear => progress,
            Shape::Cosine => (1.0 - (PI * progress).cos()) / 2.0,
            Shape::Step => f64::from(progress >= self.jump()),
        };
        self.from + (self.to - self.from) * way
    }
}

impl Values {
    fn follow_each_other(&self) -> Result<()> {
        let (values, jumps) = (self.values.len(), self.at.len());
        if !(2..=MOST).contains(&values) {
            return Err(Fault::usage(format!("a rate that jumps has not {values} values"))
                .at(Place::key("values"))
                .allowed([format!("2 to {MOST}")])
                .remedy("a rate that does not change is a number"));
        }
        if jumps + 1 != values {
            return Err(Fault::usage(format!(
                "{values} values begin at {} moments, and {jumps} are given",
                values - 1
            ))
            .at(Place::key("at"))
            .allowed([format!(
                "{} shares of the budget, one for each value but the first",
                values - 1
            )]));
        }
        for (index, pair) in (1..).zip(self.at.windows(2)) {
            if pair[1] <= pair[0] {
                return Err(Fault::usage("a value begins where the one ahead of it does, or before")
                    .at(Place::key(cloze_foundation::Key::from("at").index(index)))
                    .allowed([format!("above {} and below 1", pair[0])]));
            }
        }
        Ok(())
    }

    /// What trains alike is written in one way, and has one run id: a value that follows itself is one, a single jump is a step.
    fn rate(self) -> Rate {
        let Some((first, further)) = self.values.split_first() else {
            return Rate::Fixed(0.0);
        };
        let mut steps = Steps {
            first: *first,
            further: [None; MOST - 1],
        };
        let (mut last, mut count) = (*first, 0);
        for (value, at) in further.iter().zip(self.at) {
            if *value != last
                && let Some(jump) = steps.further.get_mut(count)
            {
                *jump = Some(Jump { at, value: *value });
                (last, count) = (*value, count + 1);
            }
        }
        match steps.further {
            [None, ..] => Rate::Fixed(steps.first),
            [Some(Jump { at, value }), None, ..] => Rate::step(steps.first, value, at),
            _ => Rate::Stepping(steps),
        }
    }
}

impl Steps {
    fn jumps(&self) -> impl Iterator<Item = Jump> {
        self.further.into_iter().flatten()
    }

    fn at(&self, progress: f64) -> f64 {
        let reached = self.jumps().take_while(|jump| progress >= jump.at).last();
        reached.map_or(self.first, |jump| jump.value)
    }

    fn written(&self) -> toml::Table {
        let values = std::iter::once(self.first).chain(self.jumps().map(|jump| jump.value));
        let values = Values {
            values: values.collect(),
            at: self.jumps().map(|jump| jump.at).collect(),
            shape: OnlyStep::Step,
        };
        Options::write(&values)
    }
}

impl Rate {
    /// One jump.
    fn step(from: f64, to: f64, at: f64) -> Self {
        Self::Changing(Schedule {
            from,
            to,
            shape: Shape::Step,
            at: Some(at).filter(|at| *at != HALF),
        })
    }

    /// The rate when `progress` of the budget, in [0, 1], is used.
    pub fn at(&self, progress: f64) -> f64 {
        let progress = progress.clamp(0.0, 1.0);
        match self {
            Self::Fixed(rate) => *rate,
            Self::Changing(schedule) => schedule.at(progress),
            Self::Stepping(steps) => steps.at(progress),
        }
    }

    /// Whether it is not the same all along.
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Fixed(_))
    }

    /// Where it jumps.
    fn jumps(&self) -> Vec<f64> {
        match self {
            Self::Changing(schedule) if schedule.shape == Shape::Step => vec![schedule.jump()],
            Self::Stepping(steps) => steps.jumps().map(|jump| jump.at).collect(),
            Self::Fixed(_) | Self::Changing(_) => Vec::new(),
        }
    }

    /// Moments at which rates are looked at together, from the first on: one where none changes; otherwise those of a grid, as
    /// all ways are smooth and monotone but for their jumps, and both sides of every jump.
    pub fn moments<'a>(rates: impl IntoIterator<Item = &'a Self>) -> Vec<f64> {
        const GRID: usize = 1000;
        let changing: Vec<&Self> = rates.into_iter().filter(|rate| rate.changes()).collect();
        if changing.is_empty() {
            return vec![0.0];
        }
        let grid = (0..=GRID).map(|moment| moment as f64 / GRID as f64);
        let jumps = changing.iter().flat_map(|rate| rate.jumps());
        let mut moments: Vec<f64> = grid.chain(jumps.flat_map(|jump| [jump.next_down(), jump])).collect();
        moments.sort_by(f64::total_cmp);
        moments
    }
}

impl OptionType for Rate {
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let range = share_or(range);
        match written.value() {
            Value::Table(_) if written.get("values").is_some() => {
                let values: Values = Options::read(written)?;
                let given = written.get("values").map(|given| given.list()).transpose()?;
                for value in given.unwrap_or_default() {
                    f64::read(&value, range)?;
                }
                Ok(values.rate())
            }
            Value::Table(_) => {
                let schedule: Schedule = Options::read(written)?;
                for end in ["from", "to"] {
                    written.get(end).map(|end| f64::read(&end, range)).transpose()?;
                }
                // What does not change has one way to be written, and one run id.
                Ok(match schedule {
                    Schedule { from, to, .. } if from == to => Self::Fixed(from),
                    Schedule {
                        from, to, at: Some(at), ..
                    } => Self::step(from, to, at),
                    other => Self::Changing(other),
                })
            }
            Value::Float(_) | Value::Integer(_) => f64::read(written, range).map(Self::Fixed),
            _ => Err(written.wrong_kind("a number, or { from, to, shape }, or { values, at }")),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        match self {
            Self::Fixed(rate) => OptionType::write(rate),
            Self::Changing(schedule) => OptionType::write(schedule),
            Self::Stepping(steps) => Some(steps.written().into()),
        }
    }

    fn kind(range: Range) -> Kind {
        let range = share_or(range);
        let bounded = |mut fields: Vec<cloze_options::Field>| {
            for field in &mut fields {
                match field.name {
                    "from" | "to" => field.kind = Kind::Number(range),
                    "values" => field.kind = Kind::List(Box::new(Kind::Number(range))),
                    _ => {}
                }
            }
            Kind::Table(fields)
        };
        Kind::Either(vec![
            Kind::Number(range),
            bounded(Schedule::fields()),
            bounded(Values::fields()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(from: f64, to: f64, shape: Shape) -> Rate {
        let at = None;
        Rate::Changing(Schedule { from, to, shape, at })
    }

    fn written(text: &str) -> Result<Rate> {
        let table: toml::Table = format!("rate = {text}").parse().unwrap();
        let node = (&table).into();
        let written = Written::new(&node, "");
        Rate::read(&written.get("rate").unwrap(), cloze_options::range::any())
    }

    fn read(text: &str) -> Rate {
        written(text).unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn at(rate: Rate, moments: [f64; 4]) -> [f64; 4] {
        moments.map(|progress| rate.at(progress))
    }

    #[test]
    fn shapes_pass_through_known_points() {
        let points = |shape| at(rate(0.3, 0.1, shape), [0.0, 0.25, 0.5, 1.0]);
        let close =
            |found: [f64; 4], expected: [f64; 4]| found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12);
        assert!(close(points(Shape::Linear), [0.3, 0.25, 0.2, 0.1]));
        assert!(close(
            points(Shape::Cosine),
            [0.3, 0.3 - 0.2 * (1.0 - 0.5f64.sqrt()) / 2.0, 0.2, 0.1]
        ));
        assert!(close(points(Shape::Step), [0.3, 0.3, 0.1, 0.1]));
    }

    #[test]
    fn a_step_jumps_where_it_is_told_and_there_and_back() {
        let early = read("{ from = 0.3, to = 0.1, shape = \"step\", at = 0.25 }");
        assert_eq!(at(early, [0.0, 0.2499, 0.25, 1.0]), [0.3, 0.3, 0.1, 0.1]);
        let detour = read("{ values = [0.2, 0.8, 0.2], at = [0.25, 0.75] }");
        assert_eq!(at(detour, [0.0, 0.25, 0.7499, 0.75]), [0.2, 0.8, 0.8, 0.2]);
        assert_eq!(
            read("{ values = [0.2, 0.8, 0.2], at = [0.25, 0.75], shape = \"step\" }"),
            detour
        );
        assert_eq!(Rate::moments([&detour]).len(), 1001 + 4);
        assert_eq!(Rate::moments([&Rate::Fixed(0.3)]), [0.0]);
        let eight =
            read("{ values = [0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.3], at = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7] }");
        assert_eq!(at(eight, [0.05, 0.65, 0.7, 1.0]), [0.1, 0.1, 0.3, 0.3]);
    }

    #[test]
    fn what_trains_alike_is_written_alike() {
        assert_eq!(read("{ from = 0.2, to = 0.2, shape = \"step\" }"), Rate::Fixed(0.2));
        let step = rate(0.2, 0.1, Shape::Step);
        for text in [
            "{ from = 0.2, to = 0.1, shape = \"step\" }",
            "{ from = 0.2, to = 0.1, shape = \"step\", at = 0.5 }",
            "{ values = [0.2, 0.1], at = [0.5] }",
            "{ values = [0.2, 0.2, 0.1, 0.1], at = [0.1, 0.5, 0.7] }",
        ] {
            assert_eq!(read(text), step, "{text}");
        }
        assert_eq!(read("{ values = [0.2, 0.2], at = [0.5] }"), Rate::Fixed(0.2));
        for text in [
            "0.2",
            "{ from = 0.2, to = 0.1 }",
            "{ from = 0.2, to = 0.1, shape = \"step\", at = 0.25 }",
            "{ values = [0.2, 0.1, 0.2], at = [0.25, 0.75] }",
        ] {
            let rate = read(text);
            assert_eq!(read(&rate.write().unwrap().to_string()), rate, "{text}");
        }
    }

    #[test]
    fn jumps_out_of_order_are_refused_at_their_key() {
        for (text, place) in [
            ("{ values = [0.1, 0.2, 0.1], at = [0.5, 0.5] }", "rate.at[1]"),
            ("{ values = [0.1, 0.2, 0.1], at = [0.5, 0.25] }", "rate.at[1]"),
            ("{ values = [0.1, 0.2, 0.1], at = [0.0, 0.25] }", "rate.at[0]"),
            ("{ values = [0.1, 0.2, 0.1], at = [0.5, 1.0] }", "rate.at[1]"),
            ("{ values = [0.1, 0.2, 0.1], at = [0.5] }", "rate.at"),
            ("{ values = [0.1, 0.2], at = [0.25, 0.5] }", "rate.at"),
            ("{ values = [0.1, 0.2] }", "rate.at"),
            ("{ values = [0.1], at = [] }", "rate.values"),
            ("{ values = [], at = [] }", "rate.values"),
            ("{ values = [0.1, 1.5], at = [0.5] }", "rate.values[1]"),
            ("{ values = [0.1, 0.2], at = [0.5], shape = \"linear\" }", "rate.shape"),
            ("{ values = [0.1, 0.2], at = [0.5], from = 0.1 }", "rate.from"),
            ("{ from = 0.1, to = 0.2, at = 0.25 }", "rate.at"),
            ("{ from = 0.1, to = 0.2, shape = \"step\", at = 1 }", "rate.at"),
            ("{ from = 0.1, shape = \"step\" }", "rate.to"),
            ("\"often\"", "rate"),
        ] {
            let fault = written(text).unwrap_err();
            assert_eq!(fault.place().as_deref(), Some(place), "{text}: {fault}");
        }
        let nine = format!("{{ values = [{}], at = [] }}", "0.1, ".repeat(9));
        assert_eq!(written(&nine).unwrap_err().allowed.as_deref(), Some("2 to 8"));
    }

    proptest! {
        #[test]
        fn a_rate_stays_between_its_ends(from in 0.01..0.99, to in 0.01..0.99, progress in -1.0..2.0) {
            for shape in [Shape::Linear, Shape::Cosine, Shape::Step] {
                let now = rate(from, to, shape).at(progress);
                prop_assert!(now >= f64::min(from, to) - 1e-12 && now <= f64::max(from, to) + 1e-12);
            }
        }
    }
}
