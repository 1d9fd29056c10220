//! Crises, slices, models and forecasts as columns of a terminal.

use super::{reference, sensitivity, text::clean};
use crate::picture::chart::Numbers;
use backstop_risk::desk::{Report, outcome::SensitivityLine};
use std::fmt::Write as _;

/// Columns of a terminal that names may take.
const NAMES: usize = 34;

/// Assumptions that a terminal shows, those that move the size most.
const MOVERS: usize = 5;

/// One list: a heading, names of its columns, and its rows.
struct List<'a> {
    about: &'a str,
    columns: &'a [&'a str],
    rows: Vec<(String, Vec<String>)>,
}

impl List<'_> {
    fn put(&self, out: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        // The names and the columns fill 80.
        let width = match self.columns.len() {
            1 => 45,
            2 => 22,
            _ => 14,
        };
        // Writing into a String can't fail.
        let _ = write!(out, "\n{:<NAMES$}", self.about);
        for column in self.columns {
            let _ = write!(out, " {column:>width$}");
        }
        out.push('\n');
        for (name, cells) in &self.rows {
            let name = clean(name);
            // A name that is too long has a line of its own: cut, two could be one.
            let name = if name.chars().count() > NAMES {
                let _ = writeln!(out, "{name}");
                String::new()
            } else {
                name
            };
            let _ = write!(out, "{name:<NAMES$}");
            for cell in cells {
                let _ = write!(out, " {:>width$}", clean(cell));
            }
            out.push('\n');
        }
    }
}

/// Assumptions that move the size most.
fn movers(report: &Report) -> List<'static> {
    let rows = report.sensitivity.iter().flat_map(|page| {
        let row = |(line, size): (&SensitivityLine, f64)| {
            let times = Numbers::Times.words(size / page.base.size);
            let name = format!("{}: {}", line.assumption, line.change);
            (name, vec![Numbers::Money.words(size), times])
        };
        sensitivity::movers(page).into_iter().take(MOVERS).map(row)
    });
    let columns = &["size", "times as it is"];
    List { about: "moves the size most", columns, rows: rows.collect() }
}

fn reference_venue(report: &Report) -> List<'static> {
    let rows = report.reference.iter().flat_map(|page| &page.lines).map(|line| {
        let [_, low, _, half, _, high, _] = line.points;
        let words = |point| reference::numbers(line.unit).words(point);
        (line.name.clone(), [low, half, high].map(words).to_vec())
    });
    List { about: "reference venue", columns: &["5%", "half", "95%"], rows: rows.collect() }
}

/// Every list that the report has something for.
pub(super) fn lists(report: &Report) -> String {
    let mut out = String::new();
    let money = |value: f64| Numbers::Money.words(value);
    let part = |value: f64| Numbers::Percent.words(value);
    let chance = |value: f64| Numbers::Chance.words(value);
    let crises = report.stress.iter().map(|line| {
        let bankrupt = line.accounts.1.to_string();
        (line.name.clone(), vec![money(line.need), money(line.left), bankrupt])
    });
    let ways = report.reverse.iter().map(|line| {
        let multiple = line.multiple.map_or("out of reach".to_owned(), |by| format!("{by:.3} ×"));
        (line.direction.clone(), vec![multiple, money(line.need)])
    });
    let slices = report.tranches.iter().map(|line| {
        let cells = [money(line.expected), money(line.price), part(line.yearly_rate)];
        (format!("{} from {}", line.name, money(line.attach)), cells.to_vec())
    });
    let models = report.back_tests.iter().flat_map(|page| {
        page.models.iter().map(|line| {
            let hits = format!("{} of {:.1}", line.hits.0, line.hits.1);
            let p = line.conditional.map_or("–".to_owned(), |p| format!("{p:.3}"));
            let word = match (line.passes, line.rate) {
                (true, _) => "passes",
                (false, Some(_)) => "fails",
                (false, None) => "refused",
            };
            (format!("{} {}", page.market, line.model), vec![hits, p, word.to_owned()])
        })
    });
    let ahead = report.forecast.iter().flat_map(|page| &page.markets).map(|line| {
        (line.market.clone(), vec![part(line.volatility.0), part(line.risk.0), part(line.risk.1)])
    });
    let accounts = report.forecast.iter().flat_map(|page| &page.accounts);
    let accounts = accounts.take(10).map(|(name, p)| (name.clone(), vec![chance(*p)]));
    let all = [
        movers(report),
        List { about: "crisis", columns: &["need", "left", "bankrupt"], rows: crises.collect() },
        List {
            about: "until the fund is empty",
            columns: &["multiple", "need"],
            rows: ways.collect(),
        },
        reference_venue(report),
        List { about: "slice", columns: &["expected", "price", "a year"], rows: slices.collect() },
        List { about: "model", columns: &["hits", "p-value", "tests"], rows: models.collect() },
        List { about: "next step", columns: &["volatility", "VaR", "ES"], rows: ahead.collect() },
        List {
            about: "nearest to liquidation",
            columns: &["within a day"],
            rows: accounts.collect(),
        },
    ];
    for list in &all {
        list.put(&mut out);
    }
    out
}
