//! Scenarios of a run, by its settings out of its history.

use super::{
    error::DeskError,
    inputs::Book,
    progress::Progress,
    setup::{Filtering, Generator, Setup},
};
use crate::{
    data::{Aligned, Candle, History, Return},
    models::{
        ewma,
        filtered::Filter,
        garch::{Innovation, Spec, Start},
    },
    scenarios::{
        BarPath, Crash, Drawing, Scenarios, Simulated, Source, bars, filtered, historical,
        simulated,
    },
};
use backstop_units::{Span, Timestamp};

/// A bar as a label, by when it ends: the day on which it begins, and the time where bars are shorter than a day. A day's bar
/// is so named after that day.
pub(super) fn label(ends: Timestamp, step: Span) -> String {
    let text = ends.minus(step).to_string();
    let length = if step < Span::days(1) { 16 } else { 10 };
    text.chars().take(length).collect()
}

/// Histories of the book's markets at the times that all have, in the order of [`Columns::markets`].
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Names of the venue's markets.
    pub(super) markets: Vec<String>,
    /// Their bars.
    pub(super) aligned: Aligned,
    /// Log returns of each market over steps without a hole.
    pub(super) returns: Vec<Vec<f64>>,
    /// The label of each return.
    pub(super) days: Vec<String>,
}

impl Columns {
    /// The markets that somebody holds something in.
    pub(super) fn of_book(history: &History, book: &Book) -> Result<Self, DeskError> {
        let named = |name: &str| {
            let spec = book.venue.markets.iter().find(|market| market.name == name);
            spec.map_or_else(|| name.to_owned(), |market| market.history.clone())
        };
        let markets: Vec<String> = book.portfolio.needed().map(str::to_owned).collect();
        let columns: Vec<String> = markets.iter().map(|name| named(name)).collect();
        Self::new(history, markets, &columns)
    }

    /// One market of the history by itself.
    pub(super) fn single(history: &History, market: &str) -> Result<Self, DeskError> {
        Self::new(history, vec![market.to_owned()], &[market.to_owned()])
    }

    fn new(history: &History, markets: Vec<String>, columns: &[String]) -> Result<Self, DeskError> {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let aligned = history.aligned(&names)?;
        let returns = (0..markets.len()).map(|at| aligned.returns(at, Return::Log)).collect();
        let days = aligned.followers();
        let days = days.into_iter().filter_map(|at| aligned.times.get(at));
        let days = days.map(|at| label(*at, aligned.step)).collect();
        Ok(Self { markets, aligned, returns, days })
    }
}

/// The filter that settings name.
pub(super) const fn filter(filtering: Filtering) -> Filter {
    match filtering {
        Filtering::Ewma => Filter::Ewma(ewma::DAILY),
        Filtering::Garch => Filter::Garch(Spec {
            asymmetric: false,
            innovation: Innovation::Normal,
            start: Start::Backcast,
        }),
        Filtering::Gjr => Filter::Garch(Spec {
            asymmetric: true,
            innovation: Innovation::Student,
            start: Start::Backcast,
        }),
    }
}

/// Draws the scenarios.
///
/// # Errors
/// [`DeskError`].
pub(super) fn scenarios(
    setup: &Setup,
    columns: &Columns,
    progress: &dyn Progress,
) -> Result<Scenarios, DeskError> {
    let slices: Vec<&[f64]> = columns.returns.iter().map(Vec::as_slice).collect();
    let source = Source {
        markets: &columns.markets,
        days: &columns.days,
        returns: &slices,
        step: columns.aligned.step,
    };
    let drawn = &setup.scenarios;
    let drawing = Drawing {
        number: drawn.number,
        steps: drawn.steps,
        seed: setup.seed,
        ..Drawing::default()
    };
    Ok(match drawn.generator {
        Generator::Historical if drawn.steps == 1 => as_bars(columns)?,
        Generator::Historical => historical(&source, drawn.steps, &[])?,
        Generator::Filtered => filtered(&source, filter(drawn.filter), &drawing, progress)?,
        Generator::Simulated => {
            let crash = Crash {
                floor: drawn.crash_correlation,
                probability: drawn.crash_probability.unwrap_or(0.0),
            };
            let what = Simulated {
                filter: filter(drawn.filter),
                crash: Some(crash),
                ..Simulated::default()
            };
            simulated(&source, &what, &drawing, progress)?
        }
    })
}

/// Each bar as a path through its extremes, the low first: the worse order where more is held long.
fn as_bars(columns: &Columns) -> Result<Scenarios, DeskError> {
    let followers = columns.aligned.followers();
    let path = |candles: &Vec<Candle>| -> Vec<BarPath> {
        let bar = |at: &usize| {
            let (now, before) = (candles.get(*at)?, candles.get(at.checked_sub(1)?)?);
            let Candle { open, high, low, close, .. } = *now;
            Some(BarPath { before: before.close, open, high, low, close })
        };
        followers.iter().filter_map(bar).collect()
    };
    let all: Vec<Vec<BarPath>> = columns.aligned.candles.iter().map(path).collect();
    let slices: Vec<&[BarPath]> = all.iter().map(Vec::as_slice).collect();
    Ok(bars((&columns.markets, &columns.days), &slices, true, columns.aligned.step)?)
}
