//! The length of an online code of labels given the states of a layer (Voita and Titov 2020, Information-Theoretic
//! Probing with Minimum Description Length; Rissanen 1984): the first labels cost what a uniform guess costs, those of every
//! further block what a probe of all before it gives them. What is easily learnt from few examples is short.

/// Where the blocks end, in shares of all labels: those of the paper.
const ENDS: [f64; 11] = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0];

/// Where the blocks of so many labels end; none is empty.
fn ends(count: usize) -> Vec<usize> {
    let mut ends: Vec<usize> = ENDS
        .iter()
        .map(|share| (share * count as f64).round() as usize)
        .collect();
    ends.retain(|end| *end > 0);
    ends.dedup();
    ends
}

/// Bits of the code of `count` labels of `classes` classes. `cost(known, end)` gives the bits of labels `known..end` by a
/// probe of those before them.
pub(super) fn online(count: usize, classes: usize, mut cost: impl FnMut(usize, usize) -> f64) -> f64 {
    let ends = ends(count);
    let uniform = ends.first().map_or(0.0, |first| uniform(*first, classes));
    uniform + ends.windows(2).map(|block| cost(block[0], block[1])).sum::<f64>()
}

/// Bits of `count` labels that are guessed.
pub(super) fn uniform(count: usize, classes: usize) -> f64 {
    count as f64 * (classes as f64).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_where_the_paper_ends_them_and_the_first_one_is_guessed() {
        assert_eq!(ends(1000), [1, 2, 4, 8, 16, 32, 63, 125, 250, 500, 1000]);
        assert_eq!(ends(3), [1, 2, 3]);
        let mut blocks = Vec::new();
        let bits = online(100, 4, |known, end| {
            blocks.push((known, end));
            (end - known) as f64
        });
        // 0.4 of a label is none: the first block ends behind one of a hundred, at two bits.
        assert_eq!(blocks, [(1, 2), (2, 3), (3, 6), (6, 13), (13, 25), (25, 50), (50, 100)]);
        assert_eq!(bits, 2.0 + 99.0);
        // Who learns nothing pays for every label what a guess pays.
        assert_eq!(online(64, 8, |known, end| uniform(end - known, 8)), uniform(64, 8));
        assert_eq!(online(0, 8, |_, _| 1.0), 0.0);
    }
}
