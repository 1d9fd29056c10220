//! The tails that were fitted, how sure they are, and whether they fit.
//!
//! Losses of a market come in clusters; those that come together count once (Coles, section 5.3.2). Needs come from days
//! of history, each drawn several times; intervals count it once.

use super::{
    draw::Columns,
    need_page::Needs,
    outcome::{TailLine, TailPage},
    setup::Setup,
};
use crate::{
    float::{count, to_count},
    models::{
        ModelError,
        gpd::{EXCESSES_LEAST, GpdFit, Tail},
        profile::{self, Clusters},
        thresholds::{SHARES, mean_excess, stability},
    },
};

/// Points of a picture.
const POINTS: usize = 200;
/// Fewer steps than this at or below the threshold between two losses beyond it: they came together. **Source** a choice,
/// the least that joins anything but neighbours; a longer run lowers the extremal index and leaves fewer losses to fit.
const RUN: usize = 2;
/// Thresholds of the mean excess.
const THRESHOLDS: usize = 40;

/// The tail of one market's losses in one step: of those that came together the largest.
pub(super) fn of_market(setup: &Setup, columns: &Columns) -> TailPage {
    let market = columns.markets.first().cloned().unwrap_or_default();
    let returns = columns.returns.first().map(Vec::as_slice).unwrap_or_default();
    let losses: Vec<f64> = returns.iter().map(|change| -change).collect();
    let of = format!("losses of {market} in one step, in logarithms");
    let mut sorted = losses.clone();
    sorted.sort_by(f64::total_cmp);
    let number = to_count(libm::floor(count(sorted.len()) * setup.costs.tail_share));
    let Some(threshold) = sorted.get(sorted.len().saturating_sub(number + 1)).copied() else {
        let (what, hint) = ("a tail", "give a longer history");
        return none(of, &ModelError::TooFew { what, got: 0, least: EXCESSES_LEAST, hint });
    };
    if threshold <= 0.0 {
        let what = "the threshold of a tail: too few losses lie above zero; it";
        return none(of, &ModelError::Range { what, got: threshold, range: "above 0" });
    }
    let clusters = Clusters::of(&losses, threshold, RUN);
    let enough = clusters.ok().filter(|found| found.peaks.len() >= EXCESSES_LEAST);
    let fitted = match &enough {
        Some(clusters) => clusters.fit(&losses, threshold),
        None => Tail::fit(&sorted, threshold),
    };
    let (tail, fit) = match fitted {
        Ok(found) => found,
        Err(error) => return none(of, &error),
    };
    let mut beyond = match &enough {
        Some(clusters) => clusters.peaks.clone(),
        None => sorted[sorted.partition_point(|loss| *loss <= threshold)..].to_vec(),
    };
    beyond.sort_by(f64::total_cmp);
    let page = page(of, (&tail, &fit), (&beyond, &beyond), (&sorted, &setup.levels));
    TailPage { clusters: enough.map(|found| (found.beyond, found.index)), ..page }
}

/// The tail that the size of the fund comes from; of so many needs are evidence.
pub(super) fn of_need(setup: &Setup, needs: &Needs, observations: usize) -> TailPage {
    let of = "the need of the fund".to_owned();
    let Some(fitted) = needs.losses.tail() else {
        let note = needs.no_tail.as_ref().map(ToString::to_string);
        return TailPage { of, note, ..TailPage::default() };
    };
    let sorted = needs.losses.sorted();
    let threshold = fitted.tail.threshold;
    let above =
        |sorted: &[f64]| sorted[sorted.partition_point(|loss| *loss <= threshold)..].to_vec();
    let evidence = thinned(sorted, observations);
    let (beyond, seen) = (above(sorted), above(&evidence));
    page(of, (&fitted.tail, &fitted.fit), (&beyond, &seen), (&evidence, &setup.levels))
}

/// As many of a sorted sample as are evidence, evenly from all of it.
fn thinned(sorted: &[f64], observations: usize) -> Vec<f64> {
    let every = (sorted.len() / observations.max(1)).max(1);
    sorted.iter().skip(every / 2).step_by(every).copied().collect()
}

fn none(of: String, note: &ModelError) -> TailPage {
    TailPage { of, note: Some(note.to_string()), ..TailPage::default() }
}

/// The page of a tail, of the losses beyond its threshold, and of those of them that are evidence, both sorted.
fn page(
    of: String,
    (tail, fit): (&Tail, &GpdFit),
    (beyond, seen): (&[f64], &[f64]),
    (evidence, levels): (&[f64], &[f64]),
) -> TailPage {
    let threshold = tail.threshold;
    let excesses: Vec<f64> = seen.iter().map(|loss| loss - threshold).collect();
    let shape = match profile::shape(tail, fit, &excesses) {
        Ok(interval) => interval,
        Err(error) => return none(of, &error),
    };
    let stride = beyond.len().div_ceil(POINTS).max(1);
    let quantile = |(at, loss): (usize, &f64)| {
        let p = 1.0 - (count(at) + 0.5) / count(beyond.len());
        (threshold + tail.gpd.quantile_above(p), *loss)
    };
    let mut quantiles: Vec<(f64, f64)> =
        beyond.iter().enumerate().step_by(stride).map(quantile).collect();
    quantiles.extend(beyond.iter().enumerate().next_back().map(quantile));
    let steady = stability(evidence, &SHARES, 0.99).unwrap_or_default();
    let middle = evidence.get(evidence.len() / 2).copied().unwrap_or(threshold);
    let means = mean_excess(evidence, middle, THRESHOLDS).unwrap_or_default();
    let heavy = tail.gpd.shape >= 1.0;
    let bounds = |row: &crate::models::thresholds::Threshold| {
        let (low, high) = row.shape_interval.unwrap_or((row.shape, row.shape));
        (row.threshold, row.excesses, row.shape, low, high)
    };
    TailPage {
        of,
        threshold,
        excesses: fit.excesses,
        clusters: None,
        shape,
        scale: tail.gpd.scale,
        levels: levels.iter().filter_map(|level| line(tail, &excesses, *level)).collect(),
        quantiles,
        stability: steady.iter().map(bounds).collect(),
        mean_excess: means.iter().map(|row| (row.threshold, row.mean)).collect(),
        note: heavy.then(|| ModelError::InfiniteMean { shape: tail.gpd.shape }.to_string()),
    }
}

/// Value at risk and expected shortfall by the tail; none of a level below its threshold.
fn line(tail: &Tail, excesses: &[f64], level: f64) -> Option<TailLine> {
    if 1.0 - level > tail.exceed {
        return None;
    }
    let found = profile::intervals(tail, excesses, (level, 0.95)).ok()?;
    let finite = |end: f64| end.is_finite().then_some(end);
    Some(TailLine {
        level,
        value_at_risk: found.at_risk,
        expected_shortfall: found
            .shortfall
            .map(|found| (found.estimate, found.low, finite(found.high))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_drawn_from_all_of_the_sample() {
        let sorted: Vec<f64> = (0..1_000).map(f64::from).collect();
        let found = thinned(&sorted, 100);
        assert_eq!(found.len(), 100);
        assert_eq!((found[0], found[99]), (5.0, 995.0));
        assert_eq!(thinned(&sorted, 5_000), sorted);
        assert_eq!(thinned(&sorted, 0), [500.0]);
    }
}
