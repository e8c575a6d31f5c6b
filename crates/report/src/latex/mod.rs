//! The tables as LaTeX with booktabs, to be read into a paper with `\input`: one file a table, each as wide as the text of a
//! plain article, and all of them in one.

mod layout;

use crate::document::{Cell, Document, Table};
use crate::escape::latex::{LETTER, escape};
use layout::{Block, Column, Layout};
use std::fmt::Write;

/// Every table of the report, in one file.
pub(crate) fn whole(document: &Document) -> String {
    let mut text = head(document);
    tables(document).for_each(|table| add(&mut text, document, table));
    text
}

/// Every table of the report by its name, each in a file of its own.
pub(crate) fn files(document: &Document) -> Vec<(String, String)> {
    let file = |table: &Table| {
        let mut text = head(document);
        add(&mut text, document, table);
        (table.name.clone(), text)
    };
    tables(document).map(file).collect()
}

/// Whether a file is one that was made here.
pub(crate) fn is_ours(text: &str) -> bool {
    text.lines()
        .next()
        .is_some_and(|line| line.starts_with("% ") && line.contains(MADE))
}

/// What the first line of a file says of its maker.
const MADE: &str = ": made by cloze. Needs";

fn tables(document: &Document) -> impl Iterator<Item = &Table> {
    document.sections.iter().filter_map(|section| section.table.as_ref())
}

fn head(document: &Document) -> String {
    format!(
        "% {}{MADE} \\usepackage{{booktabs}}. Compiles under pdfTeX, XeTeX and LuaTeX; letters that the engine\n\
         % or the font does not have are transcribed. A label or a caption of your own:\n\
         %   {{\\newcommand{{\\clozelabel}}{{tab:mine}}\\newcommand{{\\clozecaption}}{{Mine}}\\input{{this file}}}}\n{LETTER}",
        escape(&document.title)
    )
}

// Writing to a String cannot fail, so the results of `write!` are dropped.
fn add(text: &mut String, document: &Document, table: &Table) {
    let layout = Layout::new(table);
    let cut = match layout.left_out {
        0 => String::new(),
        more => format!(" ({more} more rows are in table.csv)"),
    };
    let _ = write!(
        text,
        "\n\\begingroup\n\\providecommand{{\\clozelabel}}{{tab:{}-{}}}\n\\providecommand{{\\clozecaption}}{{{}}}\n\
         \\begin{{table}}\n\\centering\n\\footnotesize\n\\setlength{{\\tabcolsep}}{{{}pt}}\n\
         \\caption{{\\clozecaption}}\n\\label{{\\clozelabel}}\n",
        label(&document.title),
        table.name,
        escape(&(table.caption.clone() + &cut)),
        layout::GAP / 2.0
    );
    for (place, block) in layout.blocks.iter().enumerate() {
        if place > 0 {
            text.push_str("\n\\medskip\n\n");
        }
        tabular(text, table, &layout, block);
    }
    text.push_str("\\end{table}\n\\endgroup\n");
}

fn tabular(text: &mut String, table: &Table, layout: &Layout, block: &Block) {
    let kind = |column: &Column| match column.wraps {
        true => format!("p{{{:.0}pt}}", column.width),
        false if column.place == 0 => "l".to_owned(),
        false => "r".to_owned(),
    };
    let kinds: String = block.columns.iter().map(kind).collect();
    let _ = write!(text, "\\begin{{tabular}}{{@{{}}{kinds}@{{}}}}\n\\toprule\n");
    let line = |cells: Vec<String>| {
        // A line break followed by a bracket would read it as its option.
        let guard = if cells.first().is_some_and(|cell| cell.starts_with('[')) {
            "{}"
        } else {
            ""
        };
        format!("{guard}{} \\\\\n", cells.join(" & "))
    };
    let heading = |column: &Column| {
        let words = escape(&table.columns[column.place]);
        match column.heading_wraps {
            true if !column.wraps => format!("\\parbox[b]{{{:.0}pt}}{{\\raggedleft {words}}}", column.width),
            _ => words,
        }
    };
    text.push_str(&line(block.columns.iter().map(heading).collect()));
    text.push_str("\\midrule\n");
    for row in table.rows.iter().take(layout.rows) {
        let cell = |column: &Column| {
            let Cell { text, bold } = &row[column.place];
            let words = escape(text);
            let words = if *bold { format!("\\textbf{{{words}}}") } else { words };
            // In a group, so that the line break behind the last column stays the table's.
            if column.wraps {
                format!("{{\\raggedright {words}\\par}}")
            } else {
                words
            }
        };
        text.push_str(&line(block.columns.iter().map(cell).collect()));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
}

/// A name as the part of a label: letters and digits.
fn label(text: &str) -> String {
    let letters = text
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    letters.collect()
}
