//! Models of prices against their past, and the tails that were fitted.

use super::{
    draw::Columns,
    error::DeskError,
    need_page::Needs,
    outcome::{BackTestLine, BackTestPage, TailPage},
    progress::Progress,
    setup::Setup,
};
use crate::{
    float::count,
    models::{
        ModelError,
        backtest::{self, Model, Rolling, back_test, recommended},
        gpd::Tail,
        profile,
        tail::Interval,
        thresholds::{SHARES, mean_excess, stability},
        verdict::{Ratio, Zone},
    },
};

/// Points of a picture.
const POINTS: usize = 200;
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

/// The tail of one market's losses in one step.
pub(super) fn market_tail(columns: &Columns, share: f64) -> TailPage {
    let market = columns.markets.first().cloned().unwrap_or_default();
    let returns = columns.returns.first().map(Vec::as_slice).unwrap_or_default();
    let losses: Vec<f64> = returns.iter().map(|change| -change).collect();
    let of = format!("losses of {market} in one step, in logarithms");
    tail(of, &losses, share)
}

/// The tail of the need.
pub(super) fn need_tail(needs: &Needs, share: f64) -> TailPage {
    let mut page = tail("the need of the fund".to_owned(), needs.losses.sorted(), share);
    if let Some(error) = &needs.no_tail {
        page.note = Some(error.to_string());
    }
    page
}

fn none(of: String, note: &ModelError) -> TailPage {
    TailPage {
        of,
        threshold: 0.0,
        excesses: 0,
        shape: Interval { estimate: 0.0, low: 0.0, high: 0.0 },
        scale: 0.0,
        quantiles: Vec::new(),
        stability: Vec::new(),
        mean_excess: Vec::new(),
        note: Some(note.to_string()),
    }
}

fn tail(of: String, losses: &[f64], share: f64) -> TailPage {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    let number = crate::float::to_count(libm::floor(count(sorted.len()) * share));
    let at = sorted.len().saturating_sub(number + 1);
    let Some(threshold) = sorted.get(at).copied() else {
        let (what, hint) = ("a tail", "give a longer history");
        return none(of, &ModelError::TooFew { what, got: 0, least: 100, hint });
    };
    if threshold <= 0.0 {
        let what = "the threshold of a tail: too few losses lie above zero; it";
        return none(of, &ModelError::Range { what, got: threshold, range: "above 0" });
    }
    let (fitted, fit) = match Tail::fit(&sorted, threshold) {
        Ok(found) => found,
        Err(error) => return none(of, &error),
    };
    let shape = fitted.gpd.shape;
    let beyond = &sorted[sorted.partition_point(|loss| *loss <= threshold)..];
    let excesses: Vec<f64> = beyond.iter().map(|loss| loss - threshold).collect();
    let of_shape = match profile::shape(&fitted, &fit, &excesses) {
        Ok(interval) => interval,
        Err(error) => return none(of, &error),
    };
    let stride = beyond.len().div_ceil(POINTS).max(1);
    let quantile = |(at, loss): (usize, &f64)| {
        let p = 1.0 - (count(at) + 0.5) / count(beyond.len());
        (threshold + fitted.gpd.quantile_above(p), *loss)
    };
    let mut quantiles: Vec<(f64, f64)> =
        beyond.iter().enumerate().step_by(stride).map(quantile).collect();
    quantiles.extend(beyond.iter().enumerate().next_back().map(quantile));
    let steady = stability(&sorted, &SHARES, 0.99).unwrap_or_default();
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(threshold);
    let means = mean_excess(&sorted, middle, 40).unwrap_or_default();
    let note = (shape >= 1.0).then(|| ModelError::InfiniteMean { shape }.to_string());
    TailPage {
        of,
        threshold,
        excesses: fit.excesses,
        shape: of_shape,
        scale: fitted.gpd.scale,
        quantiles,
        stability: steady
            .iter()
            .map(|row| {
                let (low, high) = row.shape_interval.unwrap_or((row.shape, row.shape));
                (row.threshold, row.excesses, row.shape, low, high)
            })
            .collect(),
        mean_excess: means.iter().map(|row| (row.threshold, row.mean)).collect(),
        note,
    }
}
