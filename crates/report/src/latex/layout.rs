//! How wide a table is, and what of it has room on a page.
//!
//! The law: the text of LaTeX's `article` is 345 pt wide and 550 pt high; a table is set in `\footnotesize`, 8 pt, and a
//! letter is as wide as in Computer Modern Roman or a little wider, by the classes of [`letter`].

use crate::document::{Cell, Table};
use crate::escape::latex::{ascii, is_transcribed};

/// Width of the text.
const TEXT: f64 = 345.0;
/// Lines of a table that leave room for its caption on a page.
const LINES: f64 = 46.0;
/// Between two columns.
pub(super) const GAP: f64 = 6.0;
/// A column of words is broken beyond this width, a heading beyond that.
const WORDS: f64 = 130.0;
const HEADING: f64 = 66.0;
/// What the first column has at least.
const FIRST: f64 = 70.0;

/// A column that is set.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its place in the table.
    pub place: usize,
    pub width: f64,
    /// Whether its cells are broken into lines.
    pub wraps: bool,
    /// Whether its heading is.
    pub heading_wraps: bool,
}

/// Columns that stand beside each other, the first one always among them.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub columns: Vec<Column>,
}

#[cfg(test)]
impl Block {
    /// How wide it is.
    fn width(&self) -> f64 {
        let columns: f64 = self.columns.iter().map(|column| column.width).sum();
        columns + GAP * (self.columns.len() - 1) as f64
    }
}

/// A table as it is set.
pub(super) struct Layout {
    pub blocks: Vec<Block>,
    /// Rows that have room, and those that do not.
    pub rows: usize,
    pub left_out: usize,
}

impl Layout {
    /// The layout of a table: columns that can be spared go first; what is still too wide is broken into blocks.
    pub(super) fn new(table: &Table) -> Self {
        let mut columns: Vec<Column> = (0..table.columns.len()).map(|place| natural(table, place)).collect();
        let first = columns[0].clone();
        let others = |columns: &[Column]| -> f64 { columns.iter().skip(1).map(|column| column.width + GAP).sum() };
        let wanted = first.width.min(FIRST);
        for spare in &table.spare {
            if others(&columns) + wanted > TEXT {
                columns.retain(|column| column.place != *spare);
            }
        }
        let mut blocks: Vec<Block> = vec![Block {
            columns: vec![first.clone()],
        }];
        for column in columns.into_iter().skip(1) {
            let last = blocks.len() - 1;
            let held = &blocks[last].columns;
            if held.len() > 1 && others(held) + column.width + GAP + wanted > TEXT {
                blocks.push(Block {
                    columns: vec![first.clone(), column],
                });
            } else {
                blocks[last].columns.push(column);
            }
        }
        for block in &mut blocks {
            let room = (TEXT - others(&block.columns)).max(FIRST.min(first.width));
            let head = &mut block.columns[0];
            head.wraps |= head.width > room;
            head.width = head.width.min(room);
        }
        // A row has as many lines as its longest cell that is broken, in every block.
        let lines = |row: &Vec<Cell>| -> f64 {
            let of = |column: &Column| (width(&row[column.place].text) / column.width).ceil().max(1.0);
            let broken = |block: &Block| {
                block
                    .columns
                    .iter()
                    .filter(|column| column.wraps)
                    .map(of)
                    .fold(1.0, f64::max)
            };
            blocks.iter().map(broken).sum()
        };
        let mut used = 0.0;
        let fits = |row: &&Vec<Cell>| {
            used += lines(row);
            used <= LINES
        };
        let rows = table.rows.iter().take_while(fits).count().max(1).min(table.rows.len());
        Self {
            blocks,
            rows,
            left_out: table.rows.len() - rows,
        }
    }
}

/// A column as wide as what stands in it.
fn natural(table: &Table, place: usize) -> Column {
    let cell = |row: &Vec<Cell>| width(&row[place].text) * if row[place].bold { 1.17 } else { 1.0 };
    let content = table.rows.iter().map(cell).fold(0.0, f64::max);
    let heading = width(&table.columns[place]);
    // The first column's width is settled with the room that the others leave.
    let wraps = place > 0 && content > WORDS;
    let content = if wraps { WORDS } else { content };
    Column {
        place,
        width: content
            .max(if place == 0 { heading } else { heading.min(HEADING) })
            .ceil(),
        wraps,
        heading_wraps: heading > content.max(HEADING),
    }
}

/// Width of a text at 8 pt, where nothing or everything of it is transcribed.
fn width(text: &str) -> f64 {
    let widest = |each: char| match is_transcribed(each) {
        true => ascii(each).chars().map(letter).sum::<f64>().max(letter(each)),
        false => letter(each),
    };
    text.chars().map(|each| 8.0 * widest(each)).sum()
}

/// Width of a letter in sizes of the font: of Computer Modern Roman at 8 pt (cmr8.tfm), each class by its widest.
fn letter(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '!' => 0.31,
        'f' | 't' | 'r' | 's' | 'I' | '(' | ')' | '[' | ']' | ' ' | '-' | '/' | '|' => 0.42,
        '0'..='9' | 'a' | 'c' | 'e' | 'g' | 'o' | 'z' => 0.54,
        'm' | 'M' | 'W' | '%' | '@' => 1.1,
        'w' | '+' | '=' | '<' | '>' | '±' | '_' | '&' => 0.85,
        'a'..='z' => 0.6,
        'A'..='Z' => 0.85,
        _ => 1.05,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], cell: &str, rows: usize) -> Table {
        let row = || columns.iter().map(|_| Cell::plain(cell)).collect();
        Table::new("t", "", columns.iter().copied(), (0..rows).map(|_| row()).collect())
    }

    fn is_narrow(layout: &Layout) -> bool {
        layout.blocks.iter().all(|block| block.width() <= TEXT)
    }

    #[test]
    fn every_block_of_a_table_is_as_wide_as_the_text_at_most() {
        let names = [
            "phenomenon",
            "mlm",
            "whole-word",
            "a long name of an arm",
            "electra",
            "causal",
            "x",
            "y",
            "z",
        ];
        let wide = Layout::new(&table(&names, "50.9 ± 10.1", 17));
        assert!(is_narrow(&wide) && wide.blocks.len() == 2, "{:?}", wide.blocks);
        // Every column is there once, the first in every block.
        let mut places: Vec<usize> = wide
            .blocks
            .iter()
            .flat_map(|block| &block.columns)
            .map(|one| one.place)
            .collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places, (0..names.len()).collect::<Vec<_>>());
        // A table of numbers that fits is left as it is.
        let small = Layout::new(&table(&names[..4], "0.5", 5));
        assert!(is_narrow(&small) && small.blocks.len() == 1 && !small.blocks[0].columns[0].wraps);
        // Spare columns go before anything is broken.
        let spared = Layout::new(&table(&names, "50.9 ± 10.1", 3).spare(&["x", "y", "z", "electra", "causal"]));
        assert!(is_narrow(&spared) && spared.blocks.len() == 1);
        assert!(spared.blocks[0].columns.iter().all(|one| names[one.place] != "x"));
        // A name longer than a page is wide is broken, and so are words in a column of their own.
        let long = Layout::new(&table(&["claim", "check", "answer"], &"word ".repeat(60), 2));
        assert!(is_narrow(&long) && long.blocks[0].columns[0].wraps, "{:?}", long.blocks);
    }

    #[test]
    fn rows_that_have_no_room_on_a_page_are_counted() {
        let layout = Layout::new(&table(&["arm", "mean"], "0.5", 1_000));
        assert_eq!((layout.rows, layout.left_out), (46, 954));
    }
}
