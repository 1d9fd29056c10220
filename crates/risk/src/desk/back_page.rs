//! Models of prices against their past.

use super::{
    draw::Columns,
    error::DeskError,
    outcome::{BackTestLine, BackTestPage},
    progress::Progress,
    setup::Setup,
};
use crate::{
    float::count,
    models::{
        backtest::{self, Model, Rolling, back_test, recommended},
        verdict::{Ratio, Zone},
    },
};

/// Days that the picture of hits shows.
const SHOWN: usize = 1_500;

/// The back tests of one market, whose only column it is.
///
/// # Errors
/// [`DeskError`].
pub(super) fn page(
    setup: &Setup,
    columns: &Columns,
    progress: &dyn Progress,
) -> Result<BackTestPage, DeskError> {
    let market = columns.markets.first().cloned().unwrap_or_default();
    let returns = columns.returns.first().map(Vec::as_slice).unwrap_or_default();
    let asked = &setup.back_test;
    let rolling = Rolling {
        window: asked.window,
        refit: asked.refit,
        level: asked.level,
        significance: asked.significance,
    };
    let tests = back_test(returns, &rolling, &Model::ALL, progress)?;
    let best = recommended(&tests);
    let chosen = best.as_ref().and_then(|best| {
        let test = tests.iter().find(|test| test.model == best.model)?;
        test.outcome.as_ref().ok()
    });
    let days = |from: usize| columns.days.get(from).cloned().unwrap_or_default();
    let points = chosen.map_or_else(Vec::new, |outcome| {
        let all = (outcome.first..).zip(&outcome.at_risk);
        let point = |(at, at_risk): (usize, &f64)| {
            Some((columns.days.get(at)?.clone(), -returns.get(at)?, *at_risk))
        };
        let skipped = outcome.at_risk.len().saturating_sub(SHOWN);
        all.skip(skipped).filter_map(point).collect()
    });
    let forecast = chosen.map_or(0, |outcome| outcome.at_risk.len());
    let line = |test: &backtest::BackTest| line(test, asked.level);
    Ok(BackTestPage {
        market,
        window: (
            chosen.map_or_else(String::new, |outcome| days(outcome.first)),
            columns.days.last().cloned().unwrap_or_default(),
        ),
        days: (forecast, asked.window),
        level: asked.level,
        models: tests.iter().map(line).collect(),
        recommended: best.as_ref().map(|best| best.model.name().to_owned()),
        verdict: best
            .map_or((false, "every model refused".to_owned()), |best| (best.passes, best.why)),
        points,
    })
}

fn line(test: &backtest::BackTest, level: f64) -> BackTestLine {
    let model = test.model.name().to_owned();
    let outcome = match &test.outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            return BackTestLine {
                model,
                hits: (0, 0.0),
                rate: None,
                kupiec: None,
                independence: None,
                conditional: None,
                z2: None,
                zone: String::new(),
                pinball: None,
                score: None,
                passes: false,
                failures: vec![error.to_string()],
            };
        }
    };
    let p = |ratio: &Ratio| Some(ratio.p_value).filter(|p| p.is_finite());
    let zone = match outcome.light.zone {
        Zone::Green => "green",
        Zone::Yellow => "yellow",
        Zone::Red => "red",
    };
    BackTestLine {
        model,
        hits: (outcome.hits.len(), count(outcome.at_risk.len()) * (1.0 - level)),
        rate: Some(outcome.rate),
        kupiec: p(&outcome.coverage),
        independence: p(&outcome.independence),
        conditional: p(&outcome.conditional),
        z2: Some(outcome.z2).filter(|z| z.is_finite()),
        zone: zone.to_owned(),
        pinball: Some(outcome.pinball),
        score: Some(outcome.score),
        passes: outcome.passes(),
        failures: outcome.failures.clone(),
    }
}
