//! How good forecasts were: lower is better in all but [`auc`].

use super::error::{ModelError, between, checked};
use crate::{
    float::{count, is_positive, to_count},
    stats::special::normal_cdf,
};

fn paired(a: &[f64], b: &[f64]) -> Result<(), ModelError> {
    checked(a, ("a score", 1, "give at least one forecast"))?;
    checked(b, ("a score", a.len(), "give one outcome for each forecast"))?;
    checked(a, ("a score", b.len(), "give one forecast for each outcome"))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let number = count(values.len());
    values.sum::<f64>() / number
}

/// QLIKE of variance forecasts: `mean(v/f − ln(v/f) − 1)`. Robust to noise in the measured variances (Patton 2011).
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::Range`] for a variance that is not above zero.
pub fn qlike(measured: &[f64], forecast: &[f64]) -> Result<f64, ModelError> {
    Ok(mean(qlikes(measured, forecast)?.into_iter()))
}

/// [`qlike`] of each step, for [`diebold_mariano`].
///
/// # Errors
/// As [`qlike`].
pub fn qlikes(measured: &[f64], forecast: &[f64]) -> Result<Vec<f64>, ModelError> {
    paired(measured, forecast)?;
    if let Some(bad) = measured.iter().chain(forecast).find(|value| !is_positive(**value)) {
        return Err(ModelError::Range { what: "a variance", got: *bad, range: "above 0" });
    }
    let one = |(v, f): (&f64, &f64)| v / f - (v / f).ln() - 1.0;
    Ok(measured.iter().zip(forecast).map(one).collect())
}

/// Pinball score of quantile forecasts at `level`.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::Range`].
pub fn pinball(losses: &[f64], forecast: &[f64], level: f64) -> Result<f64, ModelError> {
    paired(losses, forecast)?;
    between(("a level", "between 0 and 1"), level, (0.0, 1.0))?;
    let one = |(loss, q): (&f64, &f64)| (loss - q) * (level - if loss < q { 1.0 } else { 0.0 });
    Ok(mean(losses.iter().zip(forecast).map(one)))
}

/// Score of value at risk and expected shortfall together: the zero-degree one of Fissler and Ziegel, as Patton, Ziegel
/// and Chen (2019) write it. Losses positive, so both forecasts are.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::Range`] for a shortfall that is not above zero.
pub fn fissler_ziegel(
    losses: &[f64],
    (at_risk, shortfall): (&[f64], &[f64]),
    level: f64,
) -> Result<f64, ModelError> {
    paired(losses, at_risk)?;
    paired(losses, shortfall)?;
    between(("a level", "between 0 and 1"), level, (0.0, 1.0))?;
    if let Some(bad) = shortfall.iter().find(|value| !is_positive(**value)) {
        return Err(ModelError::Range {
            what: "an expected shortfall",
            got: *bad,
            range: "above 0",
        });
    }
    let one = |((loss, v), e): ((&f64, &f64), &f64)| {
        let beyond = if loss >= v { loss - v } else { 0.0 };
        (v + beyond / (1.0 - level)) / e + e.ln() - 1.0
    };
    Ok(mean(losses.iter().zip(at_risk).zip(shortfall).map(one)))
}

/// Brier score of probabilities of events.
///
/// # Errors
/// [`ModelError::TooFew`] for no forecast or another number of outcomes, [`ModelError::NotFinite`], [`ModelError::Range`]
/// for what is no probability.
pub fn brier(probabilities: &[f64], happened: &[bool]) -> Result<f64, ModelError> {
    let outcomes: Vec<f64> = happened.iter().map(|event| f64::from(*event)).collect();
    paired(probabilities, &outcomes)?;
    if let Some(bad) = probabilities.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        return Err(ModelError::Range { what: "a probability", got: *bad, range: "from 0 to 1" });
    }
    Ok(mean(probabilities.iter().zip(&outcomes).map(|(p, y)| (p - y).powi(2))))
}

/// Probability that an event got a higher score than what was none, ties counted half: the area under the ROC curve.
///
/// # Errors
/// [`ModelError::TooFew`] unless there are both kinds, [`ModelError::NotFinite`].
pub fn auc(scores: &[f64], happened: &[bool]) -> Result<f64, ModelError> {
    let outcomes: Vec<f64> = happened.iter().map(|event| f64::from(*event)).collect();
    paired(scores, &outcomes)?;
    // Plus zero: the order of floats puts minus zero below zero, and they tie.
    let mut order: Vec<(f64, bool)> =
        scores.iter().map(|score| score + 0.0).zip(happened.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let events = count(order.iter().filter(|(_, event)| *event).count());
    let others = count(order.len()) - events;
    if events == 0.0 || others == 0.0 {
        let hint = "give a sample with events and others";
        return Err(ModelError::TooFew { what: "a ranking score", got: 0, least: 1, hint });
    }
    let (mut below, mut wins) = (0.0, 0.0);
    for alike in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let here = count(alike.iter().filter(|(_, event)| *event).count());
        let none = count(alike.len()) - here;
        wins += here * (below + none / 2.0);
        below += none;
    }
    Ok(wins / (events * others))
}

/// Diebold and Mariano's test that the first model's scores are lower, steps of `horizon` overlapping: the statistic,
/// below zero where the first is better, and the one-sided p-value. Variance by Newey and West (1987), over
/// `max(horizon − 1, ⌊4 (n/100)^(2/9)⌋)` lags: differences of scores stay alike for days even where outcomes don't overlap, and
/// without lags their mean would look surer than it is.
///
/// **Source** Diebold and Mariano (1995); the rule for the lags: Newey and West (1994), with Bartlett's weights.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`], [`ModelError::Constant`] where both score alike in each step.
pub fn diebold_mariano(
    first: &[f64],
    second: &[f64],
    horizon: usize,
) -> Result<(f64, f64), ModelError> {
    paired(first, second)?;
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let number = count(differences.len());
    let average = mean(differences.iter().copied());
    let covariance = |lag: usize| -> f64 {
        let pairs = differences.iter().zip(&differences[lag..]);
        pairs.map(|(a, b)| (a - average) * (b - average)).sum::<f64>() / number
    };
    let rule = to_count(libm::floor(4.0 * libm::pow(number / 100.0, 2.0 / 9.0)));
    let lags = horizon.saturating_sub(1).max(rule).min(differences.len() - 1);
    let weighted = |lag| 2.0 * (1.0 - count(lag) / count(lags + 1)) * covariance(lag);
    let variance = covariance(0) + (1..=lags).map(weighted).sum::<f64>();
    if !is_positive(variance) {
        return Err(ModelError::Constant { got: differences.len() });
    }
    let statistic = average / (variance / number).sqrt();
    Ok((statistic, normal_cdf(statistic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_come_out() {
        let (rv, forecast) = ([1.2, 0.8, 2.5, 0.4], [1.0, 1.0, 1.5, 0.6]);
        assert!((qlike(&rv, &forecast).unwrap() - 0.067_198_703_048_940_54).abs() < 1e-14);
        assert!((pinball(&rv, &forecast, 0.99).unwrap() - 0.298).abs() < 1e-14);
    }

    #[test]
    fn rankings_count_ties_half() {
        let happened = [false, false, true, true];
        assert!((auc(&[0.1, 0.4, 0.35, 0.8], &happened).unwrap() - 0.75).abs() < 1e-15);
        assert!((auc(&[0.5; 4], &happened).unwrap() - 0.5).abs() < 1e-15);
        assert!((auc(&[0.0, -0.0], &[false, true]).unwrap() - 0.5).abs() < 1e-15);
        assert!((auc(&[0.0, -0.0], &[true, false]).unwrap() - 0.5).abs() < 1e-15);
        assert!(auc(&[0.5; 2], &[true, true]).is_err());
        assert!((brier(&[0.0, 0.5], &[true, false]).unwrap() - 0.625).abs() < 1e-15);
        for bad in [-0.1, 1.000_1] {
            let refused = brier(&[0.5, bad], &[true, false]);
            assert!(matches!(refused, Err(ModelError::Range { .. })), "{refused:?}");
        }
    }

    #[test]
    fn the_joint_score_is_lowest_at_the_truth() {
        let losses: Vec<f64> = (0..10_000).map(|at| f64::from(at) / 10_000.0 + 1.0).collect();
        // Uniform on 1 to 2: the 90 % value at risk is 1.9, the mean beyond it 1.95.
        let score = |v: f64, e: f64| {
            let (v, e) = (vec![v; losses.len()], vec![e; losses.len()]);
            fissler_ziegel(&losses, (&v, &e), 0.9).unwrap()
        };
        let best = score(1.9, 1.95);
        for (v, e) in [(1.85, 1.95), (1.95, 1.95), (1.9, 1.9), (1.9, 2.0)] {
            assert!(score(v, e) > best, "{v} {e}");
        }
    }

    #[test]
    fn a_better_model_is_told_from_a_like_one() {
        let mut random = crate::random::Random::new(5);
        let good: Vec<f64> = (0..500).map(|_| random.normal().powi(2)).collect();
        let worse: Vec<f64> = good.iter().map(|score| score + 0.5 + random.normal()).collect();
        let alike: Vec<f64> = good.iter().map(|score| score + random.normal()).collect();
        assert!(diebold_mariano(&good, &worse, 1).unwrap().1 < 0.001);
        assert!(diebold_mariano(&worse, &good, 1).unwrap().1 > 0.999);
        assert!(diebold_mariano(&good, &alike, 5).unwrap().1 > 0.01);
        assert!(diebold_mariano(&good, &good, 1).is_err());
    }

    #[test]
    fn differences_that_stay_alike_for_days_reject_no_oftener_than_said() {
        // Both models are as good as each other, and who leads does so for a while: autocorrelation 0.3. Without lags one in
        // eight is rejected at 5 %.
        let mut random = crate::random::Random::new(9);
        let (draws, steps) = (1_000, 500);
        let mut rejected = 0;
        for _ in 0..draws {
            let mut last = 0.0;
            let first: Vec<f64> = (0..steps)
                .map(|_| {
                    last = 0.3 * last + random.normal();
                    last
                })
                .collect();
            let found = diebold_mariano(&first, &vec![0.0; steps], 1).unwrap();
            rejected += usize::from(found.1 < 0.05);
        }
        // 50 wanted, standard deviation 7; a few more by the weights' own cut.
        assert!((35..=85).contains(&rejected), "{rejected}");
    }

    #[test]
    fn the_variance_is_newey_and_wests() {
        // Five differences with mean 1: -1, 1, 0, 1, -1 around it; two lags by the rule, ⌊4 · 0.05^(2/9)⌋.
        let (first, second) = ([0.0, 2.0, 1.0, 2.0, 0.0], [0.0; 5]);
        // (4 + 2 · (2/3 · (-2) + 1/3 · 1)) / 5 by hand.
        let variance = (4.0 + 2.0 * (2.0 / 3.0 * -2.0 + 1.0 / 3.0)) / 5.0;
        let (statistic, _) = diebold_mariano(&first, &second, 1).unwrap();
        assert!((statistic - 1.0 / f64::sqrt(variance / 5.0)).abs() < 1e-12, "{statistic}");
        // A longer overlap has more lags.
        let (longer, _) = diebold_mariano(&first, &second, 4).unwrap();
        assert!((longer - statistic).abs() > 1e-3);
    }
}
