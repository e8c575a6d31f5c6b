//! Who sees whom: two plain laws, and the general one that they are cases of.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which positions of its window a position may look at. Windows never see each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Visibility {
    /// All of them.
    #[default]
    Bidirectional,
    /// Itself and those before it.
    Causal,
    /// What its rank and its group let it see.
    Ranked(Arc<Ranks>),
}

/// The general law. Every position has, as a query, a rank and a group; as a key, the ranks that see it, from a first to a
/// last one. Query i sees key j iff both are of one group and `first(j) <= rank(i) <= last(j)`.
///
/// With `first = rank` and no last this is `rank(j) <= rank(i)`: all ranks equal is bidirectional, rank = position causal,
/// the order of a permutation is that of XLNet (Yang et al. 2019), and groups are the documents of a packed window. A
/// query stream sees what is [strictly](Self::strict) below it. A key that stands in for another one until that is seen
/// (MPNet, Song et al. 2020) has a [last](Self::until) rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranks {
    rank: Vec<u32>,
    group: Vec<u32>,
    first: Vec<u32>,
    last: Vec<u32>,
}

impl Ranks {
    /// Of one group: everybody sees the ranks up to its own.
    ///
    /// # Shapes
    /// - `rank`: `[N]`
    pub fn new(rank: Vec<u32>) -> Self {
        Self {
            group: vec![0; rank.len()],
            first: rank.clone(),
            last: vec![u32::MAX; rank.len()],
            rank,
        }
    }

    /// The same in these groups.
    ///
    /// # Shapes
    /// - `group`: `[N]`
    pub fn grouped(self, group: Vec<u32>) -> Self {
        debug_assert_eq!(group.len(), self.rank.len(), "a group for every position");
        Self { group, ..self }
    }

    /// For a query stream: a key is seen by the ranks above its first one, so that nobody sees itself.
    pub fn strict(mut self) -> Self {
        self.first.iter_mut().for_each(|first| *first = first.saturating_add(1));
        self
    }

    /// With the last rank that sees each key.
    ///
    /// # Shapes
    /// - `last`: `[N]`
    pub fn until(self, last: Vec<u32>) -> Self {
        debug_assert_eq!(last.len(), self.rank.len(), "a last rank for every key");
        Self { last, ..self }
    }

    /// The same keys for queries of other ranks: a query stream over a content stream.
    ///
    /// # Shapes
    /// - `rank`: `[N]`
    pub fn queried_by(self, rank: Vec<u32>) -> Self {
        debug_assert_eq!(rank.len(), self.rank.len(), "a rank for every query");
        Self { rank, ..self }
    }

    /// N.
    pub fn len(&self) -> usize {
        self.rank.len()
    }

    /// Whether there is no position.
    pub fn is_empty(&self) -> bool {
        self.rank.is_empty()
    }

    /// Whether query i sees key j. That they are of one window is the caller's to know.
    pub fn sees(&self, query: usize, key: usize) -> bool {
        let rank = self.rank[query];
        self.group[query] == self.group[key] && self.first[key] <= rank && rank <= self.last[key]
    }

    /// How many keys each query sees, where windows have `length` positions: what its attention costs.
    ///
    /// # Shapes
    /// - result: `[N]`
    pub fn seen(&self, length: usize) -> Vec<usize> {
        let window = |start: usize| start..self.len().min(start + length.max(1));
        let windows = (0..self.len()).step_by(length.max(1)).map(window);
        windows.flat_map(|window| self.seen_within(window)).collect()
    }

    fn seen_within(&self, window: std::ops::Range<usize>) -> Vec<usize> {
        // Of every group the first and the last ranks that see a key, sorted.
        let mut groups: BTreeMap<u32, [Vec<u32>; 2]> = BTreeMap::new();
        for key in window.clone().filter(|key| self.first[*key] <= self.last[*key]) {
            let [first, last] = groups.entry(self.group[key]).or_default();
            first.push(self.first[key]);
            last.push(self.last[key]);
        }
        groups.values_mut().flatten().for_each(|ranks| ranks.sort_unstable());
        let seen = |query: usize| {
            let (rank, group) = self.query(query);
            groups.get(&group).map_or(0, |[first, last]| {
                first.partition_point(|first| *first <= rank) - last.partition_point(|last| *last < rank)
            })
        };
        window.map(seen).collect()
    }

    /// The rank and the group of a query.
    pub(crate) fn query(&self, query: usize) -> (u32, u32) {
        (self.rank[query], self.group[query])
    }

    /// The first rank, the last rank and the group of some keys.
    pub(crate) fn keys(&self, keys: std::ops::Range<usize>) -> [&[u32]; 3] {
        [&self.first, &self.last, &self.group].map(|column| &column[keys.clone()])
    }

    fn append(&mut self, other: &Self) {
        self.rank.extend(&other.rank);
        self.group.extend(&other.group);
        self.first.extend(&other.first);
        self.last.extend(&other.last);
    }
}

impl From<Ranks> for Visibility {
    fn from(ranks: Ranks) -> Self {
        Self::Ranked(Arc::new(ranks))
    }
}

impl Visibility {
    /// A window whose first `prefix` positions see each other, and whose others see these and what is before them (Raffel
    /// et al. 2020).
    pub fn prefix(length: usize, prefix: usize) -> Self {
        let rank = |position: usize| position.saturating_sub(prefix.saturating_sub(1)) as u32;
        Ranks::new((0..length).map(rank).collect()).into()
    }

    /// The same law within groups: the documents of a packed window.
    ///
    /// # Shapes
    /// - `group`: `[L]` for one window
    pub fn within(&self, group: Vec<u32>) -> Self {
        self.ranks(group.len()).into_owned().grouped(group).into()
    }

    /// For a query stream over one window: what [`Ranks::strict`] says.
    pub fn strict(&self, length: usize) -> Self {
        self.ranks(length).into_owned().strict().into()
    }

    /// One window of a plain law by its ranks, or the ranks that there are.
    pub fn ranks(&self, length: usize) -> Cow<'_, Ranks> {
        match self {
            Self::Bidirectional => Cow::Owned(Ranks::new(vec![0; length])),
            Self::Causal => Cow::Owned(Ranks::new((0..length as u32).collect())),
            Self::Ranked(ranks) => Cow::Borrowed(ranks),
        }
    }

    /// The law of a batch whose windows of `length` positions have these.
    pub fn joined<'a>(windows: impl IntoIterator<Item = &'a Self>, length: usize) -> Self {
        let mut windows = windows.into_iter().peekable();
        let Some(first) = windows.peek().copied() else {
            return Self::default();
        };
        let windows: Vec<&Self> = windows.collect();
        let plain = !matches!(first, Self::Ranked(_));
        if plain && windows.iter().all(|window| *window == first) {
            return first.clone();
        }
        let mut all = Ranks::new(Vec::new());
        windows.iter().for_each(|window| all.append(&window.ranks(length)));
        all.into()
    }

    /// Whether a query sees a key, both counted over a batch of windows of `length` positions.
    pub fn sees(&self, length: usize, query: usize, key: usize) -> bool {
        query / length == key / length
            && match self {
                Self::Bidirectional => true,
                Self::Causal => key <= query,
                Self::Ranked(ranks) => ranks.sees(query, key),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each query of one window sees, as rows of 0 and 1.
    fn rows(visibility: &Visibility, length: usize) -> Vec<String> {
        let cell = |query, key| if visibility.sees(length, query, key) { '1' } else { '0' };
        (0..length)
            .map(|query| (0..length).map(|key| cell(query, key)).collect())
            .collect()
    }

    #[test]
    fn the_plain_laws_are_cases_of_the_general_one() {
        for law in [Visibility::Bidirectional, Visibility::Causal] {
            assert_eq!(rows(&law.ranks(5).into_owned().into(), 5), rows(&law, 5));
        }
        assert_eq!(rows(&Visibility::Causal, 3), ["100", "110", "111"]);
        assert_eq!(rows(&Visibility::Causal.strict(3), 3), ["000", "100", "110"]);
    }

    #[test]
    fn laws_of_published_objectives() {
        assert_eq!(rows(&Visibility::prefix(4, 2), 4), ["1100", "1100", "1110", "1111"]);
        assert_eq!(rows(&Visibility::prefix(3, 0), 3), rows(&Visibility::Causal, 3));
        assert_eq!(
            rows(&Visibility::Causal.within(vec![0, 0, 1, 1]), 4),
            ["1000", "1100", "0010", "0011"]
        );
        // XLNet: positions 1 and 3 are predicted, 3 first; the others are seen by all and see no target.
        let order = Ranks::new(vec![0, 2, 0, 1]);
        assert_eq!(rows(&order.clone().into(), 4), ["1010", "1111", "1010", "1011"]);
        assert_eq!(rows(&order.strict().into(), 4)[1..], ["1011", "0000", "1010"]);
        // MPNet, two tokens that are not predicted, two that are (a, b), and the slots that stand in for these (A, B):
        // `make_query_and_content_mask` of microsoft/MPNet, `masked_permutation_net.py`.
        let content = Ranks::new(vec![0, 0, 1, 2, 0, 0]).until(vec![9, 9, 9, 9, 0, 1]);
        let expected = ["110011", "110011", "111001", "111100", "110011", "110011"];
        assert_eq!(rows(&content.clone().into(), 6), expected);
        let query = content.queried_by(vec![0, 0, 0, 0, 0, 1]);
        assert_eq!(rows(&query.into(), 6)[4..], ["110011", "111001"]);
    }

    #[test]
    fn keys_are_counted_as_they_are_seen() {
        let laws = [
            Ranks::new(vec![0, 2, 0, 1, 3, 0, 0, 1, 1]),
            Ranks::new(vec![0, 2, 0, 1, 3, 0, 0, 1, 1]).strict(),
            Ranks::new(vec![0, 0, 1, 2, 0, 0, 0, 0, 0]).until(vec![9, 9, 9, 9, 0, 1, 9, 9, 9]),
            Ranks::new(vec![0, 1, 2, 3, 4, 5, 6, 7, 8]).grouped(vec![0, 0, 1, 1, 1, 0, 0, 2, 2]),
            // A last rank below the first: seen by nobody.
            Ranks::new(vec![3; 9]).until(vec![2, 3, 3, 3, 3, 3, 3, 0, 3]),
        ];
        for ranks in laws {
            let law: Visibility = ranks.clone().into();
            let counted = |query| (0..9).filter(|key| law.sees(3, query, *key)).count();
            assert_eq!(ranks.seen(3), (0..9).map(counted).collect::<Vec<_>>(), "{ranks:?}");
        }
        assert!(Ranks::new(Vec::new()).seen(0).is_empty());
    }

    #[test]
    fn windows_of_one_plain_law_keep_it_and_others_are_spelt_out() {
        let (all, back) = (Visibility::Bidirectional, Visibility::Causal);
        assert_eq!(Visibility::joined([], 3), all);
        assert_eq!(Visibility::joined([&back, &back], 3), back);
        let both = Visibility::joined([&all, &back], 2);
        assert!(both.sees(2, 0, 1) && !both.sees(2, 2, 3) && both.sees(2, 3, 2) && !both.sees(2, 3, 0));
    }
}
