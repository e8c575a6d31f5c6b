//! The report as Markdown whose tables also read well as plain text.

use crate::document::{Cell, Document, Section, Table};
use crate::escape::markdown::escape;
use std::fmt::Write;

/// Every section, under the experiment's name and question, with the verdict first.
pub(crate) fn whole(document: &Document) -> String {
    let mut text = format!("# {}\n\n{}\n\n", escape(&document.title), escape(&document.question));
    if let Some(cites) = &document.cites {
        let _ = write!(text, "After: {}\n\n", escape(cites));
    }
    verdict(&mut text, document);
    for (word, said) in &document.facts {
        let _ = writeln!(text, "- {word}: {}", escape(said));
    }
    text.push('\n');
    document.sections.iter().for_each(|section| add(&mut text, section));
    ended(text)
}

/// The sections that a terminal shows, with the verdict first, and again last, where a terminal stays.
pub(crate) fn brief(document: &Document) -> String {
    let mut text = String::new();
    verdict(&mut text, document);
    document
        .sections
        .iter()
        .filter(|section| section.brief)
        .for_each(|section| add(&mut text, section));
    let _ = write!(text, "## In short\n\n{}", closing(document));
    ended(text)
}

/// The verdict alone, as one paragraph.
pub(crate) fn closing(document: &Document) -> String {
    escape(&document.verdict.join(" "))
}

fn ended(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text + "\n"
}

// Writing to a String cannot fail, so the results of `write!` are dropped.
fn verdict(text: &mut String, document: &Document) {
    let _ = write!(text, "## Verdict\n\n{}\n\n", closing(document));
}

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
        let cell = |cell: &Cell| {
            if cell.bold {
                format!("**{}**", escape(&cell.text))
            } else {
                escape(&cell.text)
            }
        };
        lines.push(row.iter().map(cell).collect());
    }
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        // Beyond that a column is not lined up any more.
        widths.max().unwrap_or(0).clamp(3, 1000)
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
