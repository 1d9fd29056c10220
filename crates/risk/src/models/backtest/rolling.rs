//! The forecasts themselves: one pass over the days for each model.

use super::{Model, Rolling, enough_excesses};
use crate::{
    desk::Progress,
    float::is_positive,
    models::{
        error::ModelError,
        ewma,
        garch::{Garch, Innovation, Params, Spec, Start},
        gpd::Tail,
        tail::{Risk, of_sample, of_student},
    },
};

/// Returns are fitted in percent.
const PERCENT: f64 = 100.0;

/// Value at risk and expected shortfall of each day from `rolling.window` on, as losses in logarithms.
///
/// # Errors
/// Those of the model's fits; [`ModelError::InfiniteMean`] where a fitted tail has no mean;
/// [`ModelError::Range`] where a forecast is no loss.
pub(super) fn forecasts(
    returns: &[f64],
    rolling: &Rolling,
    (model, progress): (Model, &dyn Progress),
) -> Result<(Vec<f64>, Vec<f64>), ModelError> {
    let percent: Vec<f64> = returns.iter().map(|value| PERCENT * value).collect();
    let spec = |asymmetric, innovation| Spec { asymmetric, innovation, start: Start::Backcast };
    let plain = spec(false, Innovation::Normal);
    let student = spec(false, Innovation::Student);
    let (past, watched) = (&percent[..], (rolling, progress));
    let risks = match model {
        Model::Historical => historical(past, watched)?,
        Model::FilteredEwma => filtered_ewma(past, watched)?,
        Model::FilteredGarch => garch(past, watched, plain, By::Residuals)?,
        Model::FilteredGjr => garch(past, watched, spec(true, Innovation::Student), By::Residuals)?,
        Model::Student => garch(past, watched, student, By::Formula)?,
        Model::Tail => {
            enough_excesses(rolling.window)?;
            garch(past, watched, plain, By::Tail)?
        }
    };
    if let Some(bad) = risks.iter().find(|risk| !is_positive(risk.expected_shortfall)) {
        let (what, got) = ("a forecast of expected shortfall", bad.expected_shortfall);
        return Err(ModelError::Range { what, got, range: "above 0" });
    }
    Ok((
        risks.iter().map(|risk| risk.value_at_risk / PERCENT).collect(),
        risks.iter().map(|risk| risk.expected_shortfall / PERCENT).collect(),
    ))
}

fn losses(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|value| -value).collect()
}

/// How a back test rolls, and who watches it.
type Watched<'a> = (&'a Rolling, &'a dyn Progress);

fn historical(percent: &[f64], (rolling, progress): Watched<'_>) -> Result<Vec<Risk>, ModelError> {
    let one = |day: usize| {
        progress.ask()?;
        of_sample(&mut losses(&percent[day - rolling.window..day]), rolling.level)
    };
    (rolling.window..percent.len()).map(one).collect()
}

fn filtered_ewma(
    percent: &[f64],
    (rolling, progress): Watched<'_>,
) -> Result<Vec<Risk>, ModelError> {
    // Were all of the first window zero, the first variance would be of a later day.
    if percent[..rolling.window].iter().all(|value| *value == 0.0) {
        return Err(ModelError::Constant { got: rolling.window });
    }
    // The variance of a day is made of the days before it alone, so one pass serves all.
    let variances = ewma::variances(percent, ewma::DAILY)?;
    if let Some(bad) = variances.iter().find(|variance| !is_positive(**variance)) {
        return Err(ModelError::Range { what: "a variance", got: *bad, range: "above 0" });
    }
    let shares: Vec<f64> =
        percent.iter().zip(&variances).map(|(value, variance)| -value / variance.sqrt()).collect();
    let one = |day: usize| {
        progress.ask()?;
        let mut past = shares[day - rolling.window..day].to_vec();
        Ok(scaled(of_sample(&mut past, rolling.level)?, 0.0, variances[day].sqrt()))
    };
    (rolling.window..percent.len()).map(one).collect()
}

/// Where a GARCH model's quantile comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Residuals,
    Formula,
    Tail,
}

fn garch(
    percent: &[f64],
    (rolling, progress): Watched<'_>,
    spec: Spec,
    by: By,
) -> Result<Vec<Risk>, ModelError> {
    let (mut risks, mut day) = (Vec::new(), rolling.window);
    while day < percent.len() {
        progress.ask()?;
        let end = (day + rolling.refit.max(1)).min(percent.len());
        let past = &percent[day - rolling.window..day];
        let fit = Garch::fit(past, spec)?;
        risks.extend(until_next_fit(&fit, past, &percent[day..end], (rolling, by))?);
        day = end;
    }
    Ok(risks)
}

/// Forecasts of the days from one fit to the next: parameters stay, volatility and residuals go on.
fn until_next_fit(
    fit: &Garch,
    past: &[f64],
    days: &[f64],
    (rolling, by): (&Rolling, By),
) -> Result<Vec<Risk>, ModelError> {
    let params: &Params = &fit.params;
    let mut shares = losses(&fit.residuals(past));
    // The tail is fitted when the model is: its threshold must not move with each day.
    let fixed = match by {
        By::Residuals => None,
        By::Formula => {
            let nu = params.nu.unwrap_or(f64::INFINITY);
            Some(of_student(nu, rolling.level, true)?)
        }
        By::Tail => Some(of_tail(&shares, rolling.level)?),
    };
    let mut variance = fit.next_variance;
    let mut risks = Vec::with_capacity(days.len());
    for value in days {
        let risk = if let Some(risk) = fixed {
            risk
        } else {
            let mut last = shares[shares.len() - rolling.window..].to_vec();
            of_sample(&mut last, rolling.level)?
        };
        risks.push(scaled(risk, params.mu, variance.sqrt()));
        let residual = value - params.mu;
        shares.push(-residual / variance.sqrt());
        variance = params.after(residual, variance);
    }
    Ok(risks)
}

fn of_tail(shares: &[f64], level: f64) -> Result<Risk, ModelError> {
    let mut sorted = shares.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let threshold = sorted[super::excesses_of(shares.len()).min(sorted.len() - 1)];
    let (tail, _) = Tail::fit(shares, threshold)?;
    Ok(Risk {
        value_at_risk: tail.value_at_risk(level)?,
        expected_shortfall: tail.expected_shortfall(level)?,
    })
}

/// Risk of a loss in units of volatility, as a loss with a mean return taken off.
fn scaled(risk: Risk, mean: f64, volatility: f64) -> Risk {
    Risk {
        value_at_risk: volatility * risk.value_at_risk - mean,
        expected_shortfall: volatility * risk.expected_shortfall - mean,
    }
}
