//! The report of the risk desk: one page that a committee can sign, its parts for a dashboard, text for a terminal,
//! a CSV file for each table.
//!
//! ```text
//!   Report ──▶ parts (part.rs): words, facts, tables, charts
//!                ├─▶ page()          one HTML file: no script, nothing from outside, prints on A4
//!                ├─▶ sections()      the same parts for a page with a shell of its own
//!                └─▶ tables()        each table and chart as CSV, figures in full
//!   Report ──▶ summary_text()        80 columns
//! ```
//!
//! Nothing is computed here that a reader would take for a result: figures come out of the report; what is added is
//! ratios of two of them that stand on the page. A part that is absent in the report is named as not asked for.

mod backtest;
mod book;
mod data;
mod forecast;
mod html;
mod lists;
mod need;
mod part;
mod reference;
mod sensitivity;
mod setup;
mod size;
mod stress;
mod summary;
mod tail;
mod terms;
mod text;

use crate::picture::{escaped, stylesheet};
use backstop_risk::desk::Report;
use part::{Block, Part};
use std::fmt::Write as _;

pub use setup::{AGAIN, SETTINGS};
pub use text::summary_text;

/// A part of the report as HTML. Its classes are those of the dashboard's stylesheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Names it within a page: plain ASCII.
    pub id: String,
    /// Its heading, as text.
    pub title: String,
    /// What is under the heading.
    pub html: String,
}

/// All parts in their order.
pub fn sections(report: &Report) -> Vec<Section> {
    let section = |part: &Part| Section {
        id: format!("risk-{}", part.id),
        title: part.title.to_owned(),
        html: html::body(part),
    };
    parts(report).iter().map(section).collect()
}

/// The whole report as one HTML file.
pub fn page(report: &Report) -> String {
    let title = format!("Risk report, {}", escaped(&report.made_at));
    let sections = sections(report);
    let mut links = String::new();
    let mut body = String::new();
    for Section { id, title, html } in &sections {
        let title = escaped(title);
        let _ = write!(links, "<li><a href=\"#{id}\">{title}</a></li>");
        let _ = writeln!(body, "<section id=\"{id}\">\n<h2>{title}</h2>\n{html}</section>");
    }
    // Dark is for screens; paper is white whatever the reader prefers.
    let pictures = stylesheet().replace("@media(", "@media screen and (");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}{pictures}\n</style>\n</head>\n<body>\n<header>\n<h1>How big must the fund be?</h1>\n\
         <p class=\"soft\">{title}. Made by {}.</p>\n</header>\n\
         <nav aria-label=\"Parts\"><ul>{links}</ul></nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
        include_str!("page.css"),
        escaped(&report.program)
    )
}

/// Every table and every chart's values: the name of a file, and CSV. Figures are in full.
pub fn tables(report: &Report) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for block in parts(report).into_iter().flat_map(|part| part.blocks) {
        match block {
            Block::Facts(sheet) | Block::Sheet(sheet) | Block::File(sheet) => {
                out.push((format!("{}.csv", sheet.file), sheet.table().csv()));
            }
            Block::Chart(chart) => out.push((format!("{}.csv", chart.file), chart.table.csv())),
            _ => {}
        }
    }
    out
}

fn parts(report: &Report) -> Vec<Part> {
    let mut parts = vec![summary::part(report), data::part(report), book::part(report)];
    parts.extend(need::parts(report));
    parts.push(tail::part(report));
    parts.extend(size::parts(report));
    parts.extend(stress::parts(report));
    parts.push(backtest::part(report));
    parts.push(forecast::part(report));
    parts.push(setup::part(report));
    parts.push(terms::part(report));
    let mut sign = Part::new("sign", "Signatures");
    sign.blocks.push(Block::Sign);
    parts.push(sign);
    parts
}

/// A name with the quote asset as its unit.
fn in_quote(report: &Report, name: &str) -> String {
    if report.book.quote.is_empty() {
        name.to_owned()
    } else {
        format!("{name}, {}", report.book.quote)
    }
}
