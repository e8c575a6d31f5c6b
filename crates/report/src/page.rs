//! The report as one page that needs nothing else: tables and vector charts inline, no scripts, fit for print.

use crate::charts::Chart;
use crate::document::{Cell, Document, Section, Table};
use crate::escape::markup::escape;
use std::fmt::Write;

const STYLE: &str = "
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:68rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #bbb}
.question{font-size:1.15rem;margin-top:0}.cites{color:#444}
.verdict{border-left:.3rem solid #0072b2;padding:.1rem 1rem;margin:1rem 0;background:#f4f8fb}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;font-size:.9rem;color:#333}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-style:italic;padding-bottom:.3rem}
th,td{padding:.15rem .7rem;text-align:right;white-space:nowrap;border-bottom:1px solid #ddd}
thead th{border-top:2px solid #1a1a1a;border-bottom:1px solid #1a1a1a}
tbody tr:last-child>*{border-bottom:2px solid #1a1a1a}
th:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:9rem}tbody th{font-weight:normal}
figure{margin:1rem 0}figure svg{width:100%;max-width:44rem;height:auto}figcaption{font-size:.9rem;color:#333;max-width:44rem}
@media print{body{max-width:none;margin:0;font-size:11px}section,figure{break-inside:avoid}a{color:inherit}}
";

/// The page of a report, its charts drawn inside.
pub(crate) fn whole(document: &Document, charts: &[Chart]) -> String {
    let title = escape(&document.title);
    let question = escape(&document.question);
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<p class=\"question\">{question}</p>\n"
    );
    // Writing to a String cannot fail, so the results of `write!` are dropped.
    if let Some(cites) = &document.cites {
        let _ = writeln!(text, "<p class=\"cites\">After: {}</p>", escape(cites));
    }
    text.push_str("<div class=\"verdict\">\n");
    for sentence in &document.verdict {
        let _ = writeln!(text, "<p>{}</p>", escape(sentence));
    }
    text.push_str("</div>\n<dl>\n");
    for (word, said) in &document.facts {
        let _ = writeln!(text, "<dt>{word}</dt><dd>{}</dd>", escape(said));
    }
    text.push_str("</dl>\n</header>\n<main>\n");
    for (place, section) in document.sections.iter().enumerate() {
        let is_first = |topic| {
            document.sections[..place]
                .iter()
                .all(|before| before.topic != Some(topic))
        };
        let topic = section.topic.filter(|topic| is_first(*topic));
        let here: Vec<&Chart> = charts.iter().filter(|chart| topic == Some(chart.topic)).collect();
        add(&mut text, section, &here);
    }
    text.push_str("</main>\n</body>\n</html>\n");
    text
}

fn add(text: &mut String, section: &Section, charts: &[&Chart]) {
    let _ = writeln!(text, "<section>\n<h2>{}</h2>", escape(&section.heading));
    for sentence in &section.lead {
        let _ = writeln!(text, "<p>{}</p>", escape(sentence));
    }
    if let Some(table) = &section.table {
        grid(text, table);
    }
    if !section.points.is_empty() {
        text.push_str("<ul>\n");
        for point in &section.points {
            let _ = writeln!(text, "<li>{}</li>", escape(point));
        }
        text.push_str("</ul>\n");
    }
    for chart in charts {
        // What the marks mean stands here and not in the drawing, so that it is read in the page's own size.
        let _ = writeln!(
            text,
            "<figure>\n{}<figcaption>{}</figcaption>\n</figure>",
            chart.inline,
            escape(&chart.words)
        );
    }
    text.push_str("</section>\n");
}

fn grid(text: &mut String, table: &Table) {
    let _ = write!(
        text,
        "<div class=\"scroll\">\n<table>\n<caption>{}</caption>\n<thead><tr>",
        escape(&table.caption)
    );
    for column in &table.columns {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escape(column));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        text.push_str("<tr>");
        for (place, Cell { text: content, bold }) in row.iter().enumerate() {
            let content = escape(content);
            let content = if *bold {
                format!("<strong>{content}</strong>")
            } else {
                content
            };
            let _ = if place == 0 {
                write!(text, "<th scope=\"row\">{content}</th>")
            } else {
                write!(text, "<td>{content}</td>")
            };
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table>\n</div>\n");
}
