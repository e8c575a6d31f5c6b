//! What the queries of one window see, as ranges of keys, and the tiles of the attention matrix that are worth computing.

use super::super::vector::vectorised;
use crate::{Ranks, Visibility};
use std::ops::Range;

/// The most queries, or keys, of one tile, unless their neighbours see the same.
const TILE: usize = 32;

/// What one query sees: keys of a range, all of them unless there are gaps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) keys: Range<usize>,
    pub(super) gaps: bool,
}

/// Neighbours, and the range that is made of the ranges that they see.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tile {
    pub(super) of: Range<usize>,
    pub(super) sees: Range<usize>,
}

/// Of one window's queries, in their order.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    /// By query.
    pub(super) rows: Vec<Seen>,
    /// Queries with the keys that they see.
    pub(super) queries: Vec<Tile>,
    /// Keys with the queries that see them.
    pub(super) keys: Vec<Tile>,
}

impl Sight {
    /// Of queries at these positions of the window that begins at row `first`.
    pub(super) fn of(visibility: &Visibility, first: usize, length: usize, positions: &[usize]) -> Self {
        let row = |position: &usize| match visibility {
            Visibility::Bidirectional => whole(0..length),
            Visibility::Causal => whole(0..position + 1),
            Visibility::Ranked(ranks) => ranked(ranks, first..first + length, first + position),
        };
        let rows: Vec<Seen> = positions.iter().map(row).collect();
        let (mut starts, mut ends) = (vec![u32::MAX; length], vec![0; length]);
        for (query, row) in (0..).zip(&rows) {
            let keys = row.keys.clone();
            starts[keys.clone()]
                .iter_mut()
                .for_each(|start| *start = query.min(*start));
            ends[keys].fill(query + 1);
        }
        let seeing = starts
            .iter()
            .zip(&ends)
            .map(|(start, end)| *start.min(end) as usize..*end as usize);
        let seeing: Vec<_> = seeing.collect();
        let seen: Vec<_> = rows.iter().map(|row| row.keys.clone()).collect();
        Self {
            queries: tiles(&seen),
            keys: tiles(&seeing),
            rows,
        }
    }
}

fn whole(keys: Range<usize>) -> Seen {
    Seen { keys, gaps: false }
}

fn ranked(ranks: &Ranks, window: Range<usize>, query: usize) -> Seen {
    let ((rank, group), [first, last, groups]) = (ranks.query(query), ranks.keys(window));
    let (start, end, count) = extent(rank, group, first, last, groups);
    let keys = if count == 0 { 0..0 } else { start..end };
    Seen {
        gaps: count < keys.len(),
        keys,
    }
}

vectorised! {
    /// The first key that is seen, the end of the last one, and how many there are.
    fn extent(rank: u32, group: u32, first: &[u32], last: &[u32], groups: &[u32]) -> (usize, usize, usize) {
        let length = groups.len();
        let (first, last) = (&first[..length], &last[..length]);
        let (mut start, mut end, mut count) = (u32::MAX, 0, 0);
        for key in 0..length {
            let seen = (first[key] <= rank) & (rank <= last[key]) & (groups[key] == group);
            start = start.min(if seen { key as u32 } else { u32::MAX });
            end = end.max(if seen { key as u32 + 1 } else { 0 });
            count += u32::from(seen);
        }
        (start as usize, end as usize, count as usize)
    }
}

/// The least range that holds both; an empty one counts for nothing.
fn around(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

/// Cuts a row of ranges into tiles: after [`TILE`] of them, where the next one has nothing in common with those before (a
/// document of its own), and not where two tiles see the same.
fn tiles(ranges: &[Range<usize>]) -> Vec<Tile> {
    let apart =
        |a: &Range<usize>, b: &Range<usize>| !a.is_empty() && !b.is_empty() && (a.end <= b.start || b.end <= a.start);
    let mut tiles: Vec<Tile> = Vec::new();
    for (index, range) in ranges.iter().enumerate() {
        match tiles.last_mut() {
            Some(tile) if tile.of.len() < TILE && !apart(&tile.sees, range) => {
                *tile = Tile {
                    of: tile.of.start..index + 1,
                    sees: around(&tile.sees, range),
                };
            }
            _ => tiles.push(Tile {
                of: index..index + 1,
                sees: range.clone(),
            }),
        }
    }
    tiles.dedup_by(|next, tile| {
        let same = next.sees == tile.sees;
        if same {
            tile.of.end = next.of.end;
        }
        same
    });
    tiles
}

/// Puts `value` where a query does not see: `scores` are those of the keys `keys` of the window.
pub(super) fn hide(scores: &mut [f32], ranks: &Ranks, query: usize, keys: Range<usize>, value: f32) {
    let ((rank, group), [first, last, groups]) = (ranks.query(query), ranks.keys(keys));
    hide_from(scores, rank, group, first, last, groups, value);
}

vectorised! {
    fn hide_from(scores: &mut [f32], rank: u32, group: u32, first: &[u32], last: &[u32], groups: &[u32], value: f32) {
        let length = scores.len();
        let (first, last, groups) = (&first[..length], &last[..length], &groups[..length]);
        for (key, score) in scores.iter_mut().enumerate() {
            let seen = (first[key] <= rank) & (rank <= last[key]) & (groups[key] == group);
            *score = if seen { *score } else { value };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(visibility: &Visibility, length: usize) -> Sight {
        Sight::of(visibility, 0, length, &(0..length).collect::<Vec<_>>())
    }

    fn pairs(tiles: &[Tile]) -> Vec<(Range<usize>, Range<usize>)> {
        tiles.iter().map(|tile| (tile.of.clone(), tile.sees.clone())).collect()
    }

    #[test]
    fn plain_laws_have_the_tiles_that_they_need() {
        let all = sight(&Visibility::Bidirectional, 80);
        assert_eq!(pairs(&all.queries), [(0..80, 0..80)]);
        assert_eq!(pairs(&all.keys), [(0..80, 0..80)]);
        let back = sight(&Visibility::Causal, 80);
        assert_eq!(pairs(&back.queries), [(0..32, 0..32), (32..64, 0..64), (64..80, 0..80)]);
        assert_eq!(pairs(&back.keys), [(0..32, 0..80), (32..64, 32..80), (64..80, 64..80)]);
    }

    #[test]
    fn ranks_that_spell_a_plain_law_out_have_its_tiles() {
        for law in [Visibility::Bidirectional, Visibility::Causal] {
            let (plain, spelt) = (sight(&law, 70), sight(&law.ranks(70).into_owned().into(), 70));
            assert_eq!(plain.rows, spelt.rows);
            assert_eq!((plain.queries, plain.keys), (spelt.queries, spelt.keys));
        }
    }

    #[test]
    fn documents_of_a_packed_window_have_tiles_of_their_own() {
        let group: Vec<u32> = (0..60).map(|position| u32::from(position >= 21)).collect();
        let packed = sight(&Visibility::Bidirectional.within(group), 60);
        assert_eq!(pairs(&packed.queries), [(0..21, 0..21), (21..60, 21..60)]);
        assert_eq!(pairs(&packed.keys), pairs(&packed.queries));
        assert!(packed.rows.iter().all(|row| !row.gaps));
    }

    #[test]
    fn who_sees_nothing_sees_an_empty_range() {
        let order = Ranks::new(vec![0, 3, 1, 2]).strict();
        let sight = sight(&order.into(), 4);
        let seen = [(0..0, false), (0..4, true), (0..1, false), (0..3, true)];
        assert_eq!(sight.rows, seen.map(|(keys, gaps)| Seen { keys, gaps }));
        assert_eq!(pairs(&sight.queries), [(0..4, 0..4)]);
    }
}
