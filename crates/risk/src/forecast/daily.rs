//! Volatility and risk of the next day where only daily prices are known: an average of squared returns as the baseline,
//! a GARCH model as the challenger, which is used only if it was better on days that no fit had seen.

use super::{
    gate::{Figure, SIGNIFICANCE, Verdict, judge},
    walk::{Fold, Walk},
};
use crate::{
    desk::Progress,
    float::{count, is_positive},
    models::{
        ModelError,
        error::checked,
        ewma,
        filtered::{Filter, Series, WARM_UP},
        garch::{Garch, RETURNS_LEAST, Spec},
        scores::{pinball, qlikes},
        tail::{Interval, Resampling, intervals, long_enough, of_sample},
    },
};

/// Returns are fitted in percent.
const PERCENT: f64 = 100.0;

/// What is forecast and how it is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// The level of value at risk and expected shortfall.
    pub level: f64,
    /// The challenger.
    pub challenger: Spec,
    /// How both are judged; spans are days.
    pub walk: Walk,
    /// How intervals are drawn.
    pub resampling: Resampling,
}

/// The forecast of one market.
#[derive(Clone, Debug, PartialEq)]
pub struct NextDay {
    /// The filter in use: the challenger's if it was let in, else the baseline's.
    pub filter: Filter,
    /// Standard deviation of the next day's logarithmic return.
    pub volatility: f64,
    /// That over the standard deviation of all returns.
    pub of_average: f64,
    /// Value at risk, as a loss in logarithms.
    pub at_risk: Interval,
    /// Expected shortfall.
    pub shortfall: Interval,
    /// What the gate said of the challenger.
    pub verdict: Verdict,
    /// Fits made on the walk.
    pub fits: usize,
}

/// Scores of both on days that no fit had seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walked {
    /// Places of the days among the returns.
    pub days: Vec<usize>,
    /// QLIKE of the challenger on each, squared returns standing for variance.
    pub qlike: Vec<f64>,
    /// That of the baseline.
    pub qlike_of_baseline: Vec<f64>,
    /// Pinball score of the challenger's value at risk.
    pub pinball: Vec<f64>,
    /// That of the baseline's.
    pub pinball_of_baseline: Vec<f64>,
    /// Fits made.
    pub fits: usize,
}

/// Forecasts the day after these logarithmic returns.
///
/// # Errors
/// [`ModelError::TooFew`] for a history too short for walk, fit or level; [`ModelError::NotFinite`],
/// [`ModelError::Constant`]; those of the fits.
pub fn next_day(
    returns: &[f64],
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<NextDay, ModelError> {
    let walked = walk_forward(returns, asked, progress)?;
    let figure = |name, challenger, baseline| Figure { name, horizon: 1, challenger, baseline };
    let figures = [
        figure("QLIKE", &walked.qlike, &walked.qlike_of_baseline),
        figure("pinball", &walked.pinball, &walked.pinball_of_baseline),
    ];
    let verdict = judge(&figures, SIGNIFICANCE)?;
    let filter =
        if verdict.passes() { Filter::Garch(asked.challenger) } else { Filter::Ewma(ewma::DAILY) };
    let series = Series::fit(returns, filter)?;
    let losses: Vec<f64> = series.residuals().iter().map(|residual| -residual).collect();
    long_enough(losses.len(), asked.level)?;
    let (at_risk, shortfall) = intervals(&losses, asked.level, &asked.resampling, progress)?;
    let volatility = series.volatility();
    let scaled = |interval: Interval| {
        let one = |value: f64| volatility * value - series.mean();
        let Interval { estimate, low, high } = interval;
        Interval { estimate: one(estimate), low: one(low), high: one(high) }
    };
    let number = count(returns.len());
    let mean = returns.iter().sum::<f64>() / number;
    let square: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
    Ok(NextDay {
        filter,
        volatility,
        of_average: volatility / (square / number).sqrt(),
        at_risk: scaled(at_risk),
        shortfall: scaled(shortfall),
        verdict,
        fits: walked.fits,
    })
}

/// Walks forward over all returns. Days whose return is zero have no QLIKE, so they are not judged.
///
/// # Errors
/// As [`next_day`].
pub fn walk_forward(
    returns: &[f64],
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<Walked, ModelError> {
    let hint = "give a longer history";
    checked(returns, ("a forecast of daily volatility", RETURNS_LEAST + 1, hint))?;
    let percent: Vec<f64> = returns.iter().map(|value| PERCENT * value).collect();
    let averages = ewma::variances(&percent, ewma::DAILY)?;
    if averages.iter().skip(WARM_UP).any(|variance| !is_positive(*variance)) {
        return Err(ModelError::Constant { got: returns.len() });
    }
    let times: Vec<u64> = (0_u64..).take(returns.len()).collect();
    let mut walked = Walked::default();
    for fold in asked.walk.folds(&times)? {
        progress.ask()?;
        one_fold(&percent, &averages, (&fold, asked), &mut walked)?;
    }
    Ok(walked)
}

/// Fits on a fold's training days and scores its test days.
fn one_fold(
    percent: &[f64],
    averages: &[f64],
    (fold, asked): (&Fold, &Asked),
    walked: &mut Walked,
) -> Result<(), ModelError> {
    let (train, level) = (fold.train.clone(), asked.level);
    long_enough(train.len(), level)?;
    let past = &percent[train.clone()];
    let fit = Garch::fit(past, asked.challenger)?;
    walked.fits += 1;
    let turned = |residuals: Vec<f64>| residuals.into_iter().map(|value| -value).collect();
    let mut of_model: Vec<f64> = turned(fit.residuals(past));
    let warm = train.start.max(WARM_UP)..train.end;
    let mut of_baseline: Vec<f64> = warm.map(|day| -percent[day] / averages[day].sqrt()).collect();
    let model_risk = of_sample(&mut of_model, level)?.value_at_risk;
    let baseline_risk = of_sample(&mut of_baseline, level)?.value_at_risk;
    let (mean, mut variance) = (fit.params.mu, fit.next_variance);
    for day in train.end..fold.test.end {
        let (value, average) = (percent[day], averages[day]);
        if day >= fold.test.start && value.abs() > 0.0 {
            let measured = [value * value];
            walked.days.push(day);
            walked.qlike.extend(qlikes(&measured, &[variance])?);
            walked.qlike_of_baseline.extend(qlikes(&measured, &[average])?);
            let at_risk = variance.sqrt() * model_risk - mean;
            walked.pinball.push(pinball(&[-value], &[at_risk], level)?);
            let at_risk = average.sqrt() * baseline_risk;
            walked.pinball_of_baseline.push(pinball(&[-value], &[at_risk], level)?);
        }
        variance = fit.params.after(value - mean, variance);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::Silent,
        models::garch::{Innovation, Start},
        random::Random,
    };

    const ASKED: Asked = Asked {
        level: 0.99,
        challenger: Spec {
            asymmetric: false,
            innovation: Innovation::Normal,
            start: Start::Backcast,
        },
        walk: Walk { train: 500, test: 100, purge: 1, embargo: 0, all_past: true },
        resampling: Resampling { draws: 50, block: 1, confidence: 0.9, seed: 1 },
    };

    /// Returns whose variance reverts fast, so that a plain average is late.
    fn history(days: usize, alpha: f64) -> Vec<f64> {
        let (mut random, mut variance, mut last) = (Random::new(8), 4.0, 0.0_f64);
        (0..days)
            .map(|_| {
                variance = 4.0 * (1.0 - alpha - 0.3) + alpha * last * last + 0.3 * variance;
                last = f64::sqrt(variance) * random.normal();
                last / 100.0
            })
            .collect()
    }

    #[test]
    fn a_challenger_is_let_in_where_it_is_better() {
        let returns = history(3_000, 0.5);
        let found = next_day(&returns, &ASKED, &Silent).unwrap();
        assert!(found.verdict.passes(), "{:?}", found.verdict);
        assert_eq!(found.filter, Filter::Garch(ASKED.challenger));
        assert!(found.at_risk.low <= found.at_risk.estimate);
        assert!(found.shortfall.estimate > found.at_risk.estimate);
        let ratio = found.at_risk.estimate / found.volatility;
        assert!((2.0..2.8).contains(&ratio), "{ratio}");
        assert!(found.of_average > 0.0 && found.fits == 25);
    }

    #[test]
    fn a_challenger_stays_out_where_there_is_nothing_to_gain() {
        let mut random = Random::new(1);
        let mut variance = 4.0_f64;
        // The baseline's own model: an average of squares that never reverts.
        let returns: Vec<f64> = (0..1_500)
            .map(|_| {
                let value = variance.sqrt() * random.normal();
                variance = 0.94 * variance + 0.06 * value * value;
                value / 100.0
            })
            .collect();
        let found = next_day(&returns, &ASKED, &Silent).unwrap();
        assert!(!found.verdict.passes());
        assert_eq!(found.filter, Filter::Ewma(ewma::DAILY));
    }

    #[test]
    fn later_days_change_no_score() {
        let returns = history(1_200, 0.4);
        let mut other = returns.clone();
        for value in &mut other[1_101..] {
            *value *= -4.0;
        }
        let (one, two) = (
            walk_forward(&returns, &ASKED, &Silent).unwrap(),
            walk_forward(&other, &ASKED, &Silent).unwrap(),
        );
        let until = one.days.partition_point(|day| *day < 1_101);
        assert_eq!(one.qlike[..until], two.qlike[..until]);
        assert_eq!(one.pinball_of_baseline[..until], two.pinball_of_baseline[..until]);
        assert_ne!(one.qlike[until..], two.qlike[until..]);
        assert!(one.days.iter().all(|day| *day >= 501));
    }

    #[test]
    fn short_and_flat_histories_are_refused() {
        let returns = history(700, 0.4);
        assert!(matches!(
            next_day(&returns[..400], &ASKED, &Silent),
            Err(ModelError::TooFew { .. })
        ));
        assert!(matches!(next_day(&[0.0; 800], &ASKED, &Silent), Err(ModelError::Constant { .. })));
        let high = Asked { level: 0.9999, ..ASKED };
        assert!(matches!(next_day(&returns, &high, &Silent), Err(ModelError::TooFew { .. })));
    }
}
