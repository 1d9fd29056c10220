//! What is ahead.

use super::part::{Part, Sheet, Value};
use crate::picture::chart::{Bar, Bars, Numbers};
use backstop_risk::desk::{Report, outcome::ForecastPage};

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("forecast", "Forecast");
    let Some(page) = &report.forecast else {
        part.words("Not asked for.");
        return part;
    };
    part.sheet(markets(page));
    if page.accounts.is_empty() {
        part.words("No model of accounts was fitted: nobody's liquidation is forecast.");
    } else {
        let bar =
            |(name, value): &(String, f64)| Bar { name: name.clone(), value: *value, range: None };
        let chart = Bars {
            id: "risk-accounts".to_owned(),
            title: "Accounts most likely to be liquidated".to_owned(),
            columns: ("account".to_owned(), "probability".to_owned()),
            numbers: Numbers::Chance,
            bars: page.accounts.iter().map(bar).collect(),
        };
        part.chart("forecast-accounts", &chart);
    }
    part.under("Whether a challenger was let in");
    if page.gate.is_empty() {
        part.words("There was no challenger.");
    } else {
        part.blocks.push(super::Block::List(page.gate.clone()));
    }
    part
}

fn markets(page: &ForecastPage) -> Sheet {
    let mut sheet = Sheet::new(
        "forecast",
        "The next day",
        [
            "market",
            "model",
            "volatility",
            "of its long average",
            "value at risk",
            "expected shortfall",
            "score",
            "score of the baseline",
            "p-value that they are alike",
            "trained from",
            "to",
        ],
    );
    for line in &page.markets {
        let score =
            |of: fn((f64, f64, f64)) -> f64| Value::maybe(Numbers::Plain, line.scores.map(of));
        sheet.row([
            Value::text(line.market.clone()),
            Value::text(line.model.clone()),
            Value::percent(line.volatility.0),
            Value::Figure(Numbers::Times, line.volatility.1),
            Value::percent(line.risk.0),
            Value::percent(line.risk.1),
            score(|(own, _, _)| own),
            score(|(_, baseline, _)| baseline),
            score(|(_, _, alike)| alike),
            Value::text(line.window.0.clone()),
            Value::text(line.window.1.clone()),
        ]);
    }
    sheet
}
