//! The tables as LaTeX with booktabs, to be read into a paper with `\input`.

use crate::document::{Cell, Document, Table};
use std::fmt::Write;

/// Every table of the report.
pub(crate) fn whole(document: &Document) -> String {
    let mut text = format!(
        "% {}: tables made by cloze. Needs \\usepackage{{booktabs}}.\n",
        escape(&document.title)
    );
    for (place, table) in document
        .sections
        .iter()
        .filter_map(|section| section.table.as_ref())
        .enumerate()
    {
        add(&mut text, table, place + 1);
    }
    text
}

// Writing to a String cannot fail, so the results of `write!` are dropped.
fn add(text: &mut String, table: &Table, place: usize) {
    let columns = "r".repeat(table.columns.len().saturating_sub(1));
    let _ = write!(
        text,
        "\n\\begin{{table}}\n\\centering\n\\caption{{{}}}\n\\label{{tab:cloze-{place}}}\n",
        escape(&table.caption)
    );
    let _ = write!(text, "\\begin{{tabular}}{{l{columns}}}\n\\toprule\n");
    let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    text.push_str(&line(table.columns.iter().map(|column| escape(column)).collect()));
    text.push_str("\\midrule\n");
    for row in &table.rows {
        let cell = |cell: &Cell| {
            if cell.bold {
                format!("\\textbf{{{}}}", escape(&cell.text))
            } else {
                escape(&cell.text)
            }
        };
        let cells: Vec<String> = row.iter().map(cell).collect();
        // A line break followed by a bracket would read it as its option.
        let guard = if cells.first().is_some_and(|cell| cell.starts_with('[')) {
            "{}"
        } else {
            ""
        };
        text.push_str(guard);
        text.push_str(&line(cells));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', letter]),
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '±' => safe.push_str("$\\pm$"),
            'Δ' => safe.push_str("$\\Delta$"),
            '↑' => safe.push_str("$\\uparrow$"),
            '↓' => safe.push_str("$\\downarrow$"),
            '–' => safe.push_str("--"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
