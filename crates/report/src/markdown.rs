//! The report as Markdown whose tables also read well as plain text.

use crate::document::{Document, Section, Table};
use std::fmt::Write;

/// Every section, under the experiment's name and question.
pub(crate) fn whole(document: &Document) -> String {
    let mut text = format!("# {}\n\n{}\n\n", escape(&document.title), escape(&document.question));
    if let Some(cites) = &document.cites {
        let _ = write!(text, "After: {}\n\n", escape(cites));
    }
    document.sections.iter().for_each(|section| add(&mut text, section));
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The sections that a terminal shows.
pub(crate) fn brief(document: &Document) -> String {
    let mut text = String::new();
    document
        .sections
        .iter()
        .filter(|section| section.brief)
        .for_each(|section| add(&mut text, section));
    text.truncate(text.trim_end().len());
    text + "\n"
}

// Writing to a String cannot fail, so the results of `write!` are dropped.
fn add(text: &mut String, section: &Section) {
    let _ = write!(text, "## {}\n\n", escape(&section.heading));
    for sentence in &section.lead {
        let _ = write!(text, "{}\n\n", escape(sentence));
    }
    if let Some(table) = &section.table {
        let _ = write!(text, "{}\n\n{}\n", escape(&table.caption), grid(table));
    }
    for point in &section.points {
        let _ = writeln!(text, "- {}", escape(point));
    }
    if !section.points.is_empty() {
        text.push('\n');
    }
}

/// Columns padded to one width; the first to the left, numbers to the right.
fn grid(table: &Table) -> String {
    let mut lines: Vec<Vec<String>> = vec![table.columns.iter().map(|column| escape(column)).collect()];
    for row in &table.rows {
        let cell = |cell: &crate::document::Cell| {
            if cell.bold {
                format!("**{}**", escape(&cell.text))
            } else {
                escape(&cell.text)
            }
        };
        lines.push(row.iter().map(cell).collect());
    }
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = if column == 0 {
                write!(text, "| {cell:<width$} ")
            } else {
                write!(text, "| {cell:>width$} ")
            };
        }
        text.push_str("|\n");
        if place == 0 {
            for (column, width) in widths.iter().enumerate() {
                let rule = "-".repeat(*width - 1);
                let _ = if column == 0 {
                    write!(text, "| {rule}- ")
                } else {
                    write!(text, "| {rule}: ")
                };
            }
            text.push_str("|\n");
        }
    }
    text
}

/// Names are shown as they are: no emphasis, no tags, no broken cells.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // `p < 0.001` needs no help; only what would begin a tag does.
        let begins_tag = letters
            .peek()
            .is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(*next));
        match letter {
            '|' | '*' | '`' | '\\' => safe.extend(['\\', letter]),
            '<' if begins_tag => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
