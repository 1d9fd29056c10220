//! Days and weeks as they were.

use super::{
    Draft, Origin, ScenarioError, Scenarios,
    generate::{GenerateError, Source, accumulate},
};
use crate::{float::is_positive, models::ModelError};
use backstop_units::Span;

/// Every run of `steps` returns in a row, each day a start, labelled by its first day: runs overlap, so they are not
/// independent of each other.
///
/// `listed` gives the first return of each market, for those that came later than the others; before it a market stands
/// still, and the origin says so. Empty: all are there from the first day.
///
/// # Errors
/// [`GenerateError::Model`] for returns out of shape, fewer than `steps` of them, or no listing for each market;
/// [`GenerateError::Scenario`].
pub fn historical(
    source: &Source<'_>,
    steps: usize,
    listed: &[usize],
) -> Result<Scenarios, GenerateError> {
    let days = source.check()?;
    if days < steps.max(1) {
        let hint = "give a longer history or a shorter horizon";
        let (got, least) = (days, steps);
        return Err(ModelError::TooFew { what: "days of a run", got, least, hint }.into());
    }
    if !listed.is_empty() && listed.len() != source.markets.len() {
        let (got, want) = (listed.len(), source.markets.len());
        return Err(ModelError::Unequal { what: "listings of markets", got, want }.into());
    }
    let runs = (days + 1).saturating_sub(steps);
    let mut cells = vec![0.0; source.markets.len() * runs * steps];
    let mut settings = vec![format!("{runs} runs of {steps} in a row, overlapping")];
    for (market, series) in source.returns.iter().enumerate() {
        let first = listed.get(market).copied().unwrap_or(0);
        if first > 0 {
            let (name, day) = (&source.markets[market], source.days.get(first));
            let day = day.map_or("the end", String::as_str);
            settings.push(format!("{name} stands still before {day}: it was not listed"));
        }
        for run in 0..runs {
            let from = (market * runs + run) * steps;
            let here = (run..run + steps).map(|at| if at < first { 0.0 } else { series[at] });
            accumulate(here, &mut cells[from..from + steps]);
        }
    }
    let window = source.window();
    let observations = Some((runs / steps).max(1));
    let generator = "historical".into();
    let origin = Origin { generator, settings, window, seed: None, observations };
    Ok(Scenarios::new(Draft {
        markets: source.markets.to_vec(),
        labels: source.days[..runs].to_vec(),
        steps,
        step: source.step,
        origin,
        cells,
    })?)
}

/// A bar of one market: price before it, open, high, low, close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarPath {
    /// The close before.
    pub before: f64,
    /// Open.
    pub open: f64,
    /// Highest.
    pub high: f64,
    /// Lowest.
    pub low: f64,
    /// Close.
    pub close: f64,
}

/// Steps of a bar.
pub const BAR_STEPS: usize = 4;

/// Each bar as a path of [`BAR_STEPS`]: open, one extreme, the other, close. All markets reach their extremes at the same
/// step, which no real day does: the joint move is at least as bad as it was.
///
/// `bars` has one slice for each market, one bar for each of `days`; with `low_first` the low comes before the high,
/// which is the worse order where more is held long. `each` is the time of a bar.
///
/// # Errors
/// [`GenerateError::Model`] for bars out of shape, a price that is not above zero, or a high below a low;
/// [`GenerateError::Scenario`].
pub fn bars(
    (markets, days): (&[String], &[String]),
    bars: &[&[BarPath]],
    low_first: bool,
    each: Span,
) -> Result<Scenarios, GenerateError> {
    if bars.len() != markets.len() {
        let (got, want) = (bars.len(), markets.len());
        return Err(
            ModelError::Unequal { what: "series of bars for the markets", got, want }.into()
        );
    }
    let steps = BAR_STEPS;
    let mut cells = Vec::with_capacity(markets.len() * days.len() * steps);
    for series in bars {
        if series.len() != days.len() {
            let (got, want) = (series.len(), days.len());
            return Err(ModelError::Unequal { what: "bars for the days", got, want }.into());
        }
        for bar in *series {
            let BarPath { before, open, high, low, close } = *bar;
            for price in [before, open, high, low, close] {
                if !is_positive(price) || !price.is_finite() {
                    return Err(ModelError::Range {
                        what: "a price",
                        got: price,
                        range: "above 0",
                    }
                    .into());
                }
            }
            if low > high {
                let (what, range) = ("the low of a bar", "at or below its high");
                return Err(ModelError::Range { what, got: low, range }.into());
            }
            let (first, second) = if low_first { (low, high) } else { (high, low) };
            cells.extend([open, first, second, close].map(|price| price / before - 1.0));
        }
    }
    let order = if low_first { "low before high" } else { "high before low" };
    let window = days.first().cloned().zip(days.last().cloned());
    let origin = Origin {
        generator: "historical".into(),
        settings: vec![format!("{} bars as paths, {order}, all markets at once", days.len())],
        window,
        seed: None,
        observations: Some(days.len()),
    };
    let draft = Draft {
        markets: markets.to_vec(),
        labels: days.to_vec(),
        steps,
        step: Span::from_ms(each.ms() / 4),
        origin,
        cells,
    };
    Scenarios::new(draft).map_err(|error: ScenarioError| error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn runs_are_products_of_returns() {
        let (markets, days) = (names(&["BTC", "SOL"]), names(&["d1", "d2", "d3"]));
        let (btc, sol) = ([0.1, -0.2, 0.05], [0.0, 0.3, -0.7]);
        let returns: [&[f64]; 2] = [&btc, &sol];
        let source =
            Source { markets: &markets, days: &days, returns: &returns, step: Span::days(1) };
        let found = historical(&source, 2, &[0, 2]).unwrap();
        assert_eq!((found.number(), found.labels()), (2, &days[..2]));
        let near = |path: &[f64], wanted: [f64; 2]| {
            for (got, wanted) in path.iter().zip(wanted) {
                assert!((got - wanted).abs() < 1e-12, "{path:?}");
            }
        };
        near(found.path(0, 0), [f64::exp(0.1) - 1.0, f64::exp(-0.1) - 1.0]);
        near(found.path(0, 1), [f64::exp(-0.2) - 1.0, f64::exp(-0.15) - 1.0]);
        // SOL was listed with the third return: before it stands still, which is said.
        near(found.path(1, 0), [0.0, 0.0]);
        near(found.path(1, 1), [0.0, f64::exp(-0.7) - 1.0]);
        assert!(found.origin().settings.iter().any(|line| line.contains("SOL stands still")));
        assert!(matches!(historical(&source, 4, &[]), Err(GenerateError::Model(_))));
        let short: [&[f64]; 2] = [&btc, &sol[..2]];
        let short = Source { returns: &short, ..source };
        let refused = historical(&short, 1, &[]);
        assert!(matches!(refused, Err(GenerateError::Model(ModelError::Unequal { .. }))));
    }

    #[test]
    fn bars_walk_through_their_extremes() {
        let (markets, days) = (names(&["BTC"]), names(&["2020-03-12"]));
        let bar = BarPath { before: 100.0, open: 99.0, high: 101.0, low: 60.0, close: 62.0 };
        let paths = |low_first| {
            let found = bars((&markets, &days), &[&[bar]], low_first, Span::days(1)).unwrap();
            assert_eq!(found.step(), Span::hours(6));
            found.path(0, 0).iter().map(|cell| libm::round(cell * 100.0)).collect::<Vec<f64>>()
        };
        assert_eq!(paths(true), [-1.0, -40.0, 1.0, -38.0]);
        assert_eq!(paths(false), [-1.0, 1.0, -40.0, -38.0]);
        for bad in [BarPath { low: 102.0, ..bar }, BarPath { open: 0.0, ..bar }] {
            assert!(bars((&markets, &days), &[&[bad]], true, Span::days(1)).is_err());
        }
        assert!(bars((&markets, &days), &[&[]], true, Span::days(1)).is_err());
    }
}
