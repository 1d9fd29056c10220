//! What is ahead.

use super::part::{Part, Sheet, Value};
use crate::picture::chart::{Bar, Bars, Numbers};
use backstop_risk::{
    desk::{
        Report,
        outcome::{ForecastPage, LiquidationLine},
    },
    models::tail::Interval,
};

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("forecast", "Forecast");
    let Some(page) = &report.forecast else {
        part.words("Not asked for.");
        return part;
    };
    part.sheet(markets(page));
    if let Some(line) = &page.liquidation {
        part.sheet(liquidation(line));
    }
    if page.accounts.is_empty() {
        part.words("No positions were given: nobody's liquidation is forecast.");
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
            "chance of that score if no better",
            "trained from",
            "to",
        ],
    );
    for line in &page.markets {
        let score =
            |of: fn((f64, f64, f64)) -> f64| Value::maybe(Numbers::Plain, line.scores.map(of));
        let (at_risk, shortfall) = line.risk;
        let [of_risk, of_shortfall] =
            line.ends.map_or([None, None], |[risk, shortfall]| [Some(risk), Some(shortfall)]);
        sheet.row([
            Value::text(line.market.clone()),
            Value::text(line.model.clone()),
            Value::percent(line.volatility.0),
            Value::Figure(Numbers::Times, line.volatility.1),
            percent((at_risk, of_risk)),
            percent((shortfall, of_shortfall)),
            score(|(own, _, _)| own),
            score(|(_, baseline, _)| baseline),
            score(|(_, _, chance)| chance),
            Value::text(line.window.0.clone()),
            Value::text(line.window.1.clone()),
        ]);
    }
    sheet
}

/// A part of one with its 95 % interval, where it has one.
fn percent((estimate, ends): (f64, Option<(f64, f64)>)) -> Value {
    match ends {
        Some((low, high)) => Value::Interval(Numbers::Percent, Interval { estimate, low, high }),
        None => Value::percent(estimate),
    }
}

/// The model of accounts beside the formula without a fit.
fn liquidation(line: &LiquidationLine) -> Sheet {
    let columns = ["", "model", "formula without a fit"];
    let mut sheet = Sheet::new("forecast-liquidation", "The model of liquidations", columns);
    for (name, (model, formula)) in [
        ("Brier score", line.brier),
        ("area under the ROC curve", line.auc),
        ("average precision", line.precision),
    ] {
        let figure = |value: f64| Value::Figure(Numbers::Plain, value);
        sheet.row([Value::text(name), figure(model), figure(formula)]);
    }
    let none = || Value::text(String::new());
    let name = "chance of that score if no better";
    sheet.row([Value::text(name), Value::plain(line.p_value), none()]);
    let mut told = |name: &str, text: String| {
        sheet.row([Value::text(name), Value::text(text), Value::text(String::new())]);
    };
    told("rows", line.rows.to_string());
    told("liquidations", line.events.to_string());
    told("fits of the walk", line.fits.to_string());
    told("in use", if line.failures.is_empty() { "yes".into() } else { "no".into() });
    told("from", line.window.0.clone());
    told("to", line.window.1.clone());
    sheet
}
