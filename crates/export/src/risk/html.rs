//! Parts as HTML: the same classes as the dashboard's stylesheet, no script, tables that scroll in their own box.

use super::part::{Block, Chart, Mood, Part, Sheet, Value};
use crate::picture::{Cell, Table, escaped};
use std::fmt::Write as _;

/// Rows of a table that a page shows; its file has all.
const ROWS: usize = 40;

/// A part without its heading.
pub(super) fn body(part: &Part) -> String {
    let mut out = String::new();
    let mut blocks = part.blocks.iter().peekable();
    let mut in_charts = false;
    while let Some(block) = blocks.next() {
        let is_chart = matches!(block, Block::Chart(_));
        if is_chart != in_charts {
            out.push_str(if is_chart { "<div class=\"charts\">\n" } else { "</div>\n" });
            in_charts = is_chart;
        }
        put(&mut out, block);
        if in_charts && blocks.peek().is_none() {
            out.push_str("</div>\n");
        }
    }
    out
}

fn put(out: &mut String, block: &Block) {
    let _ = match block {
        Block::Words(words) => writeln!(out, "<p>{}</p>", escaped(words)),
        Block::Under(words) => writeln!(out, "<h3>{}</h3>", escaped(words)),
        Block::Note(mood, words) => {
            let class = match mood {
                Mood::Good => "good",
                Mood::Warn => "warn",
                Mood::Bad => "bad",
            };
            writeln!(out, "<p class=\"note {class}\">{}</p>", escaped(words))
        }
        Block::Facts(sheet) => write!(out, "{}", facts(sheet)),
        Block::Sheet(shown) => write!(out, "{}", sheet(shown)),
        Block::Values(table) => write!(out, "{}", scroll(table)),
        Block::File(_) => Ok(()),
        Block::Chart(drawn) => write!(out, "{}", chart(drawn)),
        Block::Code(text) => writeln!(out, "<pre>{}</pre>", lines_escaped(text)),
        Block::List(lines) => {
            let lines = lines.iter().map(|line| format!("<li>{}</li>", escaped(line)));
            writeln!(out, "<ul>{}</ul>", lines.collect::<String>())
        }
        Block::Sign => write!(out, "{}", sign()),
    };
}

/// Text with its line breaks.
fn lines_escaped(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped).collect();
    lines.join("\n")
}

fn facts(sheet: &Sheet) -> String {
    let mut out = String::from("<dl class=\"figures\">\n");
    for row in &sheet.rows {
        let words = |at: usize| escaped(&row.get(at).map(Value::words).unwrap_or_default());
        let (name, value, remark) = (words(0), words(1), words(2));
        let remark = if remark.is_empty() { remark } else { format!("<small>{remark}</small>") };
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{value}{remark}</dd></div>");
    }
    out.push_str("</dl>\n");
    out
}

/// A table in a box that scrolls, with the heads of numbers over the numbers.
fn scroll(table: &Table) -> String {
    let is_number = |at: usize| {
        let cells = || table.rows.iter().filter_map(|row| row.get(at));
        at > 0
            && cells().all(|cell| !matches!(cell, Cell::Text(words) if !words.is_empty()))
            && cells().any(|cell| !matches!(cell, Cell::Text(_)))
    };
    let html = table.html();
    let mut heads = html.split("<th scope=\"col\">");
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{}",
        escaped(&table.caption),
        heads.next().unwrap_or_default()
    );
    for (at, head) in heads.enumerate() {
        let class = if is_number(at) { " class=\"num\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{head}");
    }
    out.push_str("</div>\n");
    out
}

fn sheet(sheet: &Sheet) -> String {
    let (table, left) = sheet.shown(ROWS);
    let mut out = scroll(&table);
    out.push_str(&more(left, &sheet.file));
    out
}

fn more(left: usize, file: &str) -> String {
    if left == 0 {
        return String::new();
    }
    let file = escaped(file);
    format!("<p class=\"soft\">{left} more rows are in <code>{file}.csv</code>.</p>\n")
}

/// A picture, its values folded away.
fn chart(chart: &Chart) -> String {
    let mut table = chart.table.clone();
    let left = table.rows.len().saturating_sub(ROWS);
    table.rows.truncate(ROWS);
    format!(
        "<figure class=\"picture\">\n{}<details><summary>Its values</summary>\n{}{}</details>\n</figure>\n",
        chart.svg,
        scroll(&table),
        more(left, &chart.file)
    )
}

fn sign() -> String {
    let row = "<tr><td></td><td></td><td></td><td></td></tr>\n".repeat(3);
    format!(
        "<table class=\"sign\"><caption>By signing, each says to have read the report and its warnings.</caption>\n\
         <thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Role</th><th scope=\"col\">Date</th>\
         <th scope=\"col\">Signature</th></tr></thead>\n<tbody>\n{row}</tbody></table>\n"
    )
}
