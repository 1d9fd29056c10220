//! What is ahead: volatility and risk of the next day, and the accounts nearest to liquidation.

use super::{
    accounts_page,
    draw::{Columns, filter},
    error::DeskError,
    inputs::Inputs,
    outcome::{ForecastLine, ForecastPage},
    progress::Progress,
    setup::Setup,
};
use crate::{
    float::count,
    forecast::{
        daily::{self, Asked},
        fitted::judged_har,
        har::{self, Realised, realised},
        walk::Walk,
    },
    models::{
        ModelError,
        filtered::{Filter, Series},
        garch::{Innovation, Spec, Start},
        tail::{Interval, Resampling, long_enough, of_sample},
    },
};
use backstop_units::Span;

/// Days that a first fit sees, that each test lasts, and that are left out between.
pub(super) const WALK: Walk = Walk { train: 500, test: 50, purge: 1, embargo: 0, all_past: true };
/// The challenger where the settings name none.
const STUDENT: Spec =
    Spec { asymmetric: false, innovation: Innovation::Student, start: Start::Backcast };
/// Draws behind each interval.
const DRAWS: usize = 200;

/// The page.
///
/// # Errors
/// [`DeskError`].
pub(super) fn page(
    setup: &Setup,
    inputs: &Inputs,
    progress: &dyn Progress,
) -> Result<ForecastPage, DeskError> {
    let history = inputs.need_history("a forecast")?;
    let names: Vec<String> = history.markets().map(str::to_owned).collect();
    let total = u64::try_from(names.len()).unwrap_or(u64::MAX);
    let mut page = ForecastPage::default();
    for (done, name) in (0u64..).zip(&names) {
        progress.tell("forecasts", done, total)?;
        let columns = Columns::single(history, name)?;
        let line = if history.step() < Span::days(1) {
            by_realised(setup, &columns, &mut page.gate)
        } else {
            by_filter(setup, &columns, &mut page.gate, progress)
        };
        match line {
            Ok(line) => page.markets.push(line),
            Err(error) => page.gate.push(format!("{name}: no forecast: {error}")),
        }
    }
    progress.tell("forecasts", total, total)?;
    accounts_page::fill(inputs, &mut page)?;
    Ok(page)
}

fn window(columns: &Columns) -> (String, String) {
    let day = |day: Option<&String>| day.cloned().unwrap_or_default();
    (day(columns.days.first()), day(columns.days.last()))
}

/// Realised variance of each whole day of a market's bars.
///
/// # Errors
/// As [`realised`].
pub(super) fn realised_days(columns: &Columns) -> Result<Vec<Realised>, ModelError> {
    let per_day = Span::days(1).times(columns.aligned.step);
    let seconds: Vec<u64> = columns.aligned.times.iter().map(|at| at.ms() / 1_000).collect();
    let per_day = usize::try_from(per_day).unwrap_or(usize::MAX);
    realised(&seconds, &columns.aligned.closes(0), per_day)
}

/// Volatility of the next day by realised variance, if its model beats the baseline; else by the baseline, an average of
/// realised variances.
fn by_realised(
    setup: &Setup,
    columns: &Columns,
    gate: &mut Vec<String>,
) -> Result<ForecastLine, ModelError> {
    let market = columns.markets.first().cloned().unwrap_or_default();
    let days = realised_days(columns)?;
    let verdict = judged_har(&days, &WALK)?;
    for failure in verdict.failures() {
        gate.push(format!("{market}: log-HAR is not let in: {failure}"));
    }
    let how = Resampling { draws: DRAWS, block: 1, confidence: 0.95, seed: setup.seed };
    let level = setup.back_test.level;
    let (model, next) = if verdict.passes() {
        gate.push(format!("{market}: log-HAR is let in: better than the average by QLIKE"));
        ("log-HAR of realised variance", har::next_day(&days, level, &how)?)
    } else {
        ("average of realised variance", har::next_day_by_average(&days, level, &how)?)
    };
    let scores = verdict.figures.first().map(|seen| (seen.challenger, seen.baseline, seen.p_value));
    let long = days.iter().map(|day| day.variance).sum::<f64>() / count(days.len());
    Ok(ForecastLine {
        market,
        model: format!("{model}, quantiles by filtered history"),
        volatility: (next.variance.estimate.sqrt(), (next.variance.estimate / long).sqrt()),
        risk: (part(next.at_risk.estimate), part(next.shortfall.estimate)),
        ends: Some([ends(next.at_risk), ends(next.shortfall)]),
        scores,
        window: window(columns),
    })
}

/// A logarithmic loss as a part of the price.
fn part(loss: f64) -> f64 {
    1.0 - libm::exp(-loss)
}

fn ends(interval: Interval) -> (f64, f64) {
    (part(interval.low), part(interval.high))
}

/// Volatility of the next step by an average of squared returns, or by the settings' GARCH model where it was better on
/// steps that no fit had seen. A history too short to judge gives the settings' filter, and the gate says so.
fn by_filter(
    setup: &Setup,
    columns: &Columns,
    gate: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<ForecastLine, ModelError> {
    let market = columns.markets.first().cloned().unwrap_or_default();
    let returns = columns.returns.first().map(Vec::as_slice).unwrap_or_default();
    let challenger = match filter(setup.scenarios.filter) {
        Filter::Garch(spec) => spec,
        Filter::None | Filter::Ewma(_) => STUDENT,
    };
    let level = setup.back_test.level;
    let resampling = Resampling { draws: DRAWS, block: 1, confidence: 0.95, seed: setup.seed };
    let asked = Asked { level, challenger, walk: WALK, resampling };
    let found = match daily::next_day(returns, &asked, progress) {
        Ok(found) => found,
        Err(error @ ModelError::TooFew { .. }) => {
            gate.push(format!("{market}: no model is judged: {error}"));
            return unjudged(setup, columns);
        }
        Err(error) => return Err(error),
    };
    for failure in found.verdict.failures() {
        gate.push(format!("{market}: GARCH is not let in: {failure}"));
    }
    if found.verdict.passes() {
        gate.push(format!(
            "{market}: GARCH is let in: better than the average by QLIKE and pinball"
        ));
    }
    let model = match found.filter {
        Filter::Garch(_) => "filtered history, GARCH",
        Filter::None | Filter::Ewma(_) => "filtered history, EWMA",
    };
    let figures = &found.verdict.figures;
    Ok(ForecastLine {
        market,
        model: model.to_owned(),
        volatility: (found.volatility, found.of_average),
        risk: (part(found.at_risk.estimate), part(found.shortfall.estimate)),
        ends: Some([ends(found.at_risk), ends(found.shortfall)]),
        scores: figures.first().map(|seen| (seen.challenger, seen.baseline, seen.p_value)),
        window: window(columns),
    })
}

/// Volatility of the next step by the settings' filter, with nothing to judge it by.
fn unjudged(setup: &Setup, columns: &Columns) -> Result<ForecastLine, ModelError> {
    let returns = columns.returns.first().map(Vec::as_slice).unwrap_or_default();
    let series = Series::fit(returns, filter(setup.scenarios.filter))?;
    let mut losses: Vec<f64> =
        series.residuals().iter().map(|z| -(series.mean() + z * series.volatility())).collect();
    long_enough(losses.len(), setup.back_test.level)?;
    let risk = of_sample(&mut losses, setup.back_test.level)?;
    let long = returns.iter().map(|change| change * change).sum::<f64>() / count(returns.len());
    Ok(ForecastLine {
        market: columns.markets.first().cloned().unwrap_or_default(),
        model: "filtered history of the settings".to_owned(),
        volatility: (series.volatility(), series.volatility() / long.sqrt()),
        risk: (part(risk.value_at_risk), part(risk.expected_shortfall)),
        ends: None,
        scores: None,
        window: window(columns),
    })
}
