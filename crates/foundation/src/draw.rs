//! Randomness without state: every draw is a function of (seed, purpose, step, example, index).
//!
//! A resumed run, another worker count or another thread draws the same numbers, because nothing is carried along.
//! The generator is SplitMix64 (Steele, Lea & Flood 2014) read as a counter-based one: a key made by hashing the
//! coordinates, plus a counter times the golden gamma, through the finaliser.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's finaliser: a bijection on 64 bits.
#[inline]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The coordinates of a draw. Narrow them with [`step`](Draw::step) and [`example`](Draw::example), then take a
/// [`stream`](Draw::stream).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    key: u64,
    /// Which of how many examples side by side.
    stratum: (u32, u32),
}

impl Draw {
    /// The draws of one run for one purpose. The purpose is a word such as `"corruption"`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut key = mix(seed.wrapping_add(GAMMA));
        for byte in purpose.bytes() {
            key = mix(key ^ u64::from(byte)).wrapping_add(GAMMA);
        }
        Self { key, stratum: (0, 1) }
    }

    fn narrow(self, tag: u64, coordinate: u64) -> Self {
        Self {
            key: mix(mix(self.key ^ tag).wrapping_add(coordinate.wrapping_mul(GAMMA))),
            ..self
        }
    }

    /// The draws of one optimizer step.
    pub fn step(self, step: u64) -> Self {
        self.narrow(0x5354_4550, step)
    }

    /// The draws of one example (a window, a sentence, a parameter).
    pub fn example(self, example: u64) -> Self {
        self.narrow(0x4558_414D, example)
    }

    /// A sub-purpose within these coordinates.
    pub fn purpose(self, purpose: &str) -> Self {
        Self {
            stratum: self.stratum,
            ..Self::new(self.key, purpose)
        }
    }

    /// The same draws for one of `of` examples side by side, counted from 0, as those of a step's batch: [`even`](Self::even)
    /// is spread over them. No other number changes.
    pub fn among(self, index: u32, of: u32) -> Self {
        let of = of.max(1);
        Self {
            stratum: (index % of, of),
            ..self
        }
    }

    /// A number in [0, 1), uniform over all examples; over those [among](Self::among) each other stratified, so that each of
    /// as many equal intervals has one of them.
    pub fn even(self) -> f64 {
        let (index, of) = self.stratum;
        (f64::from(index) + self.purpose("even").stream().unit()) / f64::from(of)
    }

    /// One 64-bit number, for whoever needs just a seed (dropout inside a kernel).
    pub fn seed(self) -> u64 {
        mix(self.key ^ 0x5345_4544)
    }

    /// The numbers at these coordinates, from the first one on.
    pub fn stream(self) -> Stream {
        Stream {
            key: self.key,
            index: 0,
        }
    }
}

/// The numbers of one [`Draw`], in order. It lives inside one pure function and is never stored.
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
    index: u64,
}

impl Stream {
    /// 64 uniform bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.index += 1;
        mix(self.key.wrapping_add(self.index.wrapping_mul(GAMMA)))
    }

    /// Uniform on [0, 1), with 53 random bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with probability `p`.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform on `0..bound`, by Lemire's multiplication (bias below 2^-32 for the bounds used here).
    ///
    /// # Panics
    /// If `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "a draw below 0");
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// An index drawn in proportion to `weights`, which must be non-negative with a positive sum.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
    }

    /// A standard normal number (Box-Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts `items` in a uniformly random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_coordinates_give_the_same_numbers_for_ever() {
        // Golden: a change here changes every result of every experiment.
        let mut stream = Draw::new(1, "corruption").step(7).example(3).stream();
        // The same arithmetic in Python's integers gave these.
        assert_eq!(
            [stream.bits(), stream.bits()],
            [0x1c7c_6fcc_9634_ab6b, 0x80ad_bbd1_632c_ea6d]
        );
    }

    #[test]
    fn every_coordinate_matters() {
        let base = Draw::new(1, "a").step(1).example(1).stream().bits();
        for other in [
            Draw::new(2, "a").step(1).example(1),
            Draw::new(1, "b").step(1).example(1),
            Draw::new(1, "a").step(2).example(1),
            Draw::new(1, "a").step(1).example(2),
            Draw::new(1, "a").example(1).step(1),
        ] {
            assert_ne!(base, other.stream().bits());
        }
    }

    #[test]
    fn numbers_of_examples_side_by_side_are_spread_evenly_and_nothing_else_changes() {
        for of in [1, 2, 7, 32] {
            for index in 0..of {
                let alone = Draw::new(1, "corruption").step(3).example(u64::from(index));
                let among = alone.among(index, of);
                assert_eq!(alone.stream().bits(), among.stream().bits());
                assert_eq!(alone.seed(), among.seed());
                let (first, end) = (f64::from(index) / f64::from(of), f64::from(index + 1) / f64::from(of));
                assert!((first..end).contains(&among.even()));
                // A narrower draw stands in the same interval, at another place of it.
                let narrower = among.purpose("times");
                assert!((first..end).contains(&narrower.even()) && narrower.even() != among.even());
            }
        }
        let alone: Vec<f64> = (0..20_000)
            .map(|example| Draw::new(1, "even").example(example).even())
            .collect();
        let mean = alone.iter().sum::<f64>() / 20_000.0;
        let below = alone.iter().filter(|number| **number < 0.1).count() as f64 / 20_000.0;
        // Three standard deviations are 0.0061 and 0.0064.
        assert!(
            (mean - 0.5).abs() < 0.0061 && (below - 0.1).abs() < 0.0064,
            "{mean} {below}"
        );
    }

    #[test]
    fn moments_of_the_laws_are_right() {
        let mut stream = Draw::new(5, "moments").stream();
        let n = 200_000;
        let (mut sum, mut squares, mut normal, mut normal_squares) = (0.0, 0.0, 0.0, 0.0);
        let mut counts = [0usize; 7];
        for _ in 0..n {
            let u = stream.unit();
            sum += u;
            squares += u * u;
            let z = stream.normal();
            normal += z;
            normal_squares += z * z;
            counts[stream.below(7)] += 1;
        }
        let n = n as f64;
        assert!((sum / n - 0.5).abs() < 0.003 && (squares / n - 1.0 / 3.0).abs() < 0.003);
        assert!((normal / n).abs() < 0.01 && (normal_squares / n - 1.0).abs() < 0.015);
        assert!(counts.iter().all(|count| (*count as f64 / n - 1.0 / 7.0).abs() < 0.004));
    }

    #[test]
    fn a_shuffle_is_a_permutation() {
        let mut items: Vec<usize> = (0..100).collect();
        Draw::new(1, "shuffle").stream().shuffle(&mut items);
        let mut sorted = items.clone();
        sorted.sort_unstable();
        assert!(items != sorted && sorted == (0..100).collect::<Vec<_>>());
    }
}
