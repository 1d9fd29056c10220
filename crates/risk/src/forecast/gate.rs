//! The gate: a model is let in only if it was better than its baseline, and by more than chance.

use crate::{
    float::count,
    models::{
        ModelError,
        error::{alike, between, checked},
        scores::diebold_mariano,
    },
    stats::special::normal_quantile,
};
use serde::Serialize;

/// Steps that a comparison needs.
pub const STEPS_LEAST: usize = 100;
/// The level at which chance is ruled out.
pub const SIGNIFICANCE: f64 = 0.05;

/// Scores of a model and of its baseline on the same steps; the lower the better.
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    /// What is scored: `QLIKE`, `pinball`, `Brier`.
    pub name: &'static str,
    /// Steps that outcomes overlap by; one if they don't.
    pub horizon: usize,
    /// Of the model.
    pub challenger: &'a [f64],
    /// Of the baseline.
    pub baseline: &'a [f64],
}

/// What one figure says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// What was scored.
    pub name: String,
    /// Mean score of the model.
    pub challenger: f64,
    /// Mean score of the baseline.
    pub baseline: f64,
    /// Bounds of the mean difference at 95 %, model less baseline.
    pub difference: (f64, f64),
    /// Diebold and Mariano's one-sided p-value: how often a model no better than the baseline scores as well.
    pub p_value: f64,
    /// Steps compared.
    pub steps: usize,
    /// What speaks against the model; none if nothing does.
    pub failure: Option<String>,
}

/// What all figures say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Each figure, in the order given.
    pub figures: Vec<Judged>,
}

impl Verdict {
    /// Whether the model is let in: every figure speaks for it.
    pub fn passes(&self) -> bool {
        !self.figures.is_empty() && self.figures.iter().all(|figure| figure.failure.is_none())
    }

    /// What speaks against it.
    pub fn failures(&self) -> Vec<&str> {
        self.figures.iter().filter_map(|figure| figure.failure.as_deref()).collect()
    }
}

/// Judges a model by figures over one walk forward.
///
/// # Errors
/// [`ModelError::TooFew`] without a figure or below [`STEPS_LEAST`] steps, [`ModelError::Unequal`],
/// [`ModelError::NotFinite`], [`ModelError::Range`] for a significance outside 0 to 1.
pub fn judge(figures: &[Figure<'_>], significance: f64) -> Result<Verdict, ModelError> {
    between(("the significance of the gate", "between 0 and 1"), significance, (0.0, 1.0))?;
    if figures.is_empty() {
        let hint = "score the model by at least one figure";
        return Err(ModelError::TooFew { what: "the gate's figures", got: 0, least: 1, hint });
    }
    let judged = figures.iter().map(|figure| one(figure, significance));
    Ok(Verdict { figures: judged.collect::<Result<_, _>>()? })
}

fn one(figure: &Figure<'_>, significance: f64) -> Result<Judged, ModelError> {
    let Figure { name, horizon, challenger, baseline } = *figure;
    let steps = alike(&[challenger, baseline], "the baseline's scores")?;
    for scores in [challenger, baseline] {
        checked(scores, ("the gate", STEPS_LEAST, "walk over a longer time"))?;
    }
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / count(steps);
    let (model, base) = (mean(challenger), mean(baseline));
    let apart = model - base;
    let (difference, p_value) = match diebold_mariano(challenger, baseline, horizon) {
        Ok((statistic, p_value)) => {
            // The statistic is the mean over its standard error.
            let error = if statistic.abs() > 0.0 { apart / statistic } else { 0.0 };
            let reach = normal_quantile(0.975) * error.abs();
            ((apart - reach, apart + reach), p_value)
        }
        // One is better than the other by the same on every step, or they are the same.
        Err(ModelError::Constant { .. }) => ((apart, apart), if apart < 0.0 { 0.0 } else { 1.0 }),
        Err(error) => return Err(error),
    };
    let better = apart < 0.0;
    let failure = if !better {
        Some(format!("{name}: {model:.6} is not below the baseline's {base:.6}"))
    } else if p_value >= significance {
        Some(format!(
            "{name}: {model:.6} is below the baseline's {base:.6}, but that may be chance (p {p_value:.3}, {significance} \
             is asked)"
        ))
    } else {
        None
    };
    let name = name.to_owned();
    Ok(Judged { name, challenger: model, baseline: base, difference, p_value, steps, failure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn scores(by: f64) -> (Vec<f64>, Vec<f64>) {
        let mut random = Random::new(2);
        let baseline: Vec<f64> = (0..400).map(|_| random.normal().abs()).collect();
        let model = baseline.iter().map(|score| score + by + 0.2 * random.normal()).collect();
        (model, baseline)
    }

    fn told(by: f64) -> Verdict {
        let (challenger, baseline) = scores(by);
        let (challenger, baseline) = (&challenger[..], &baseline[..]);
        judge(&[Figure { name: "QLIKE", horizon: 1, challenger, baseline }], SIGNIFICANCE).unwrap()
    }

    #[test]
    fn only_what_is_better_beyond_chance_passes() {
        let better = told(-0.1);
        assert!(better.passes() && better.figures[0].difference.1 < 0.0, "{better:?}");
        let worse = told(0.1);
        assert!(worse.failures()[0].contains("is not below the baseline's"), "{worse:?}");
        let alike = told(-0.002);
        assert!(!alike.passes(), "{alike:?}");
    }

    #[test]
    fn one_failed_figure_keeps_a_model_out_and_is_named() {
        let (good, base) = scores(-0.1);
        let (bad, _) = scores(0.1);
        let figure = |name, challenger| Figure { name, horizon: 5, challenger, baseline: &base };
        let verdict =
            judge(&[figure("QLIKE", &good), figure("pinball", &bad)], SIGNIFICANCE).unwrap();
        assert!(!verdict.passes());
        assert_eq!(verdict.failures().len(), 1);
        assert!(verdict.failures()[0].starts_with("pinball: "));
        // A model that is its own baseline is not better.
        let same = judge(&[figure("Brier", &base)], SIGNIFICANCE).unwrap();
        assert!(!same.passes());
    }

    #[test]
    fn too_little_to_judge_is_refused() {
        let (model, base) = scores(-0.1);
        let figure = |n: usize, m: usize| Figure {
            name: "QLIKE",
            horizon: 1,
            challenger: &model[..n],
            baseline: &base[..m],
        };
        assert!(matches!(judge(&[], 0.05), Err(ModelError::TooFew { .. })));
        assert!(matches!(judge(&[figure(99, 99)], 0.05), Err(ModelError::TooFew { .. })));
        assert!(matches!(judge(&[figure(200, 300)], 0.05), Err(ModelError::Unequal { .. })));
        assert!(matches!(judge(&[figure(200, 200)], 1.5), Err(ModelError::Range { .. })));
    }
}
