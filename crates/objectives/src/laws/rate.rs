//! The share of tokens that is hidden, fixed or changing along training.

use cloze_foundation::Result;
use cloze_options::range::above;
use cloze_options::{Kind, OptionType, Options, Range, Value, Written, options, words};
use std::f64::consts::PI;

/// A share in (0, 1): a number, or `{ from, to, shape }` over the budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// The same all along.
    Fixed(f64),
    /// Changing (Ankner et al. 2023, Dynamic Masking Rate Schedules for MLM Pretraining).
    Changing(Schedule),
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
    }
}

words! {
    /// The way of a [`Schedule`].
    pub enum Shape {
        /// A straight line.
        Linear = "linear",
        /// Half a cosine: slow at both ends.
        Cosine = "cosine",
        /// One jump at half of the budget.
        Step = "step",
    }
}

/// The range, or that of a share where there is none: of nothing, or of everything, nothing is learnt.
fn share_or(range: Range) -> Range {
    if range.is_any() { above(0).below(1) } else { range }
}

impl Rate {
    /// The rate when `progress` of the budget, in [0, 1], is used.
    pub fn at(&self, progress: f64) -> f64 {
        let Schedule { from, to, shape } = match self {
            Self::Fixed(rate) => return *rate,
            Self::Changing(schedule) => *schedule,
        };
        let progress = progress.clamp(0.0, 1.0);
        let way = match shape {
            Shape::Linear => progress,
            Shape::Cosine => (1.0 - (PI * progress).cos()) / 2.0,
            Shape::Step => f64::from(progress >= 0.5),
        };
        from + (to - from) * way
    }
}

impl OptionType for Rate {
    /// Without a range of its own a rate is a share of which neither nothing nor everything is meant.
    fn read(written: &Written<'_>, range: Range) -> Result<Self> {
        let range = share_or(range);
        match written.value() {
            Value::Table(_) => {
                let schedule: Schedule = Options::read(written)?;
                for end in ["from", "to"] {
                    written.get(end).map(|end| f64::read(&end, range)).transpose()?;
                }
                // What does not change has one way to be written, and one run id.
                Ok(if schedule.from == schedule.to {
                    Self::Fixed(schedule.from)
                } else {
                    Self::Changing(schedule)
                })
            }
            Value::Float(_) | Value::Integer(_) => f64::read(written, range).map(Self::Fixed),
            _ => Err(written.wrong_kind("a number, or { from, to, shape }")),
        }
    }

    fn write(&self) -> Option<toml::Value> {
        match self {
            Self::Fixed(rate) => OptionType::write(rate),
            Self::Changing(schedule) => OptionType::write(schedule),
        }
    }

    fn kind(range: Range) -> Kind {
        let range = share_or(range);
        let mut fields = Schedule::fields();
        for field in fields.iter_mut().filter(|field| matches!(field.kind, Kind::Number(_))) {
            field.kind = Kind::Number(range);
        }
        Kind::Either(vec![Kind::Number(range), Kind::Table(fields)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(from: f64, to: f64, shape: Shape) -> Rate {
        Rate::Changing(Schedule { from, to, shape })
    }

    #[test]
    fn shapes_pass_through_known_points() {
        let points = |shape| [0.0, 0.25, 0.5, 1.0].map(|progress| rate(0.3, 0.1, shape).at(progress));
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
    fn a_rate_that_does_not_change_is_a_fixed_one() {
        let read = |text: &str| {
            let table: toml::Table = format!("rate = {text}").parse().unwrap();
            let node = (&table).into();
            Rate::read(
                &Written::new(&node, "").get("rate").unwrap(),
                cloze_options::range::any(),
            )
            .unwrap()
        };
        assert_eq!(read("{ from = 0.2, to = 0.2, shape = \"step\" }"), Rate::Fixed(0.2));
        assert_eq!(
            read("{ from = 0.2, to = 0.1, shape = \"step\" }"),
            rate(0.2, 0.1, Shape::Step)
        );
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
