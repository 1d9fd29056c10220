//! Days of history at today's volatility.

use super::{
    Draft, Origin, Scenarios,
    generate::{Drawing, GenerateError, Page, Source, accumulate, drawn},
};
use crate::{
    desk::{Progress, Silent, Stage},
    models::{
        filtered::{Filter, Filtered, Series},
        garch::Innovation,
    },
    random::Random,
};
use rayon::prelude::*;

/// What the random numbers are for: see [`crate::random::Random::of_block`].
const PURPOSE: u64 = 0x0000_F485;

/// Filters all markets of a source, and says which one failed.
pub(super) fn fitted(
    source: &Source<'_>,
    filter: Filter,
    progress: &dyn Progress,
) -> Result<Filtered, GenerateError> {
    source.check()?;
    let stage = Stage::begin(progress, "models of prices", source.returns.len())?;
    let one = |series: &&[f64]| stage.part(|| Series::fit(series, filter));
    // All of them, so that the first market that fails is named whatever the threads.
    let fits: Vec<_> = source.returns.par_iter().map(one).collect();
    let mut series = Vec::with_capacity(fits.len());
    for (fit, market) in fits.into_iter().zip(source.markets) {
        let named = |error| GenerateError::Market { market: market.clone(), error };
        series.push(fit.map_err(named)?);
    }
    Ok(Filtered::of(series)?)
}

/// A filter in words.
pub(super) fn in_words(filter: Filter) -> String {
    match filter {
        Filter::None => "no filter".to_owned(),
        Filter::Ewma(weight) => format!("EWMA with weight {weight}"),
        Filter::Garch(spec) => {
            let shape = if spec.asymmetric { "GJR-GARCH(1,1)" } else { "GARCH(1,1)" };
            let innovation = match spec.innovation {
                Innovation::Normal => "normal",
                Innovation::Student => "Student",
            };
            format!("{shape} with {innovation} innovations")
        }
    }
}

fn settings(source: &Source<'_>, filtered: &Filtered, filter: Filter) -> Vec<String> {
    let mut settings = vec![in_words(filter), format!("{} days of residuals", filtered.days())];
    for (series, market) in filtered.series().iter().zip(source.markets) {
        settings.push(format!("{market}: {:.4} volatility of the next step", series.volatility()));
    }
    settings
}

/// Draws one day for all markets at each step, with volatility going on by its recursion. Every day is drawn equally
/// often at each step (the balanced bootstrap of Davison, Hinkley and Schechtman 1986): with one step scenarios hold what
/// history holds, and a seed decides only which days come together.
///
/// # Errors
/// [`GenerateError`].
pub fn filtered(
    source: &Source<'_>,
    filter: Filter,
    drawing: &Drawing,
    progress: &dyn Progress,
) -> Result<Scenarios, GenerateError> {
    drawing.check()?;
    let filtered = fitted(source, filter, progress)?;
    let origin = Origin {
        generator: "filtered".into(),
        settings: settings(source, &filtered, filter),
        window: source.window(),
        seed: Some(drawing.seed),
        observations: Some(drawing.observations(filtered.days())),
    };
    let decks = decks(filtered.days(), drawing);
    let skipped = source.days.len() - filtered.days();
    let draw = |((), scenario): (&(), usize), _: &mut Random, page: &mut Page| {
        let days: Vec<usize> =
            decks.iter().filter_map(|deck| Some(*deck.get(scenario)? as usize)).collect();
        for day in &days {
            page.name(skipped + day);
        }
        filtered.walk(days, |row| page.push(row));
    };
    drawn(source, drawing, (origin, PURPOSE), progress, (|_| (), draw))
}

/// For each step the days of all scenarios: shuffled decks of all days, one after the other.
fn decks(days: usize, drawing: &Drawing) -> Vec<Vec<u32>> {
    let all = u32::try_from(days).unwrap_or(u32::MAX);
    let deck = |step: usize| {
        let block = u64::try_from(step).unwrap_or(u64::MAX);
        let mut random = Random::of_block(drawing.seed, PURPOSE, block);
        let mut drawn = Vec::with_capacity(drawing.number);
        while drawn.len() < drawing.number {
            let mut deck: Vec<u32> = (0..all).collect();
            for last in (1..deck.len()).rev() {
                deck.swap(last, random.below(last + 1));
            }
            deck.truncate(drawing.number - drawn.len());
            drawn.append(&mut deck);
        }
        drawn
    };
    (0..drawing.steps).into_par_iter().map(deck).collect()
}

/// Every run of `steps` residuals in a row at today's volatility, labelled by its first day; nothing is drawn.
///
/// # Errors
/// [`GenerateError`].
pub fn filtered_runs(
    source: &Source<'_>,
    filter: Filter,
    steps: usize,
) -> Result<Scenarios, GenerateError> {
    let filtered = fitted(source, filter, &Silent)?;
    Drawing { steps, ..Drawing::default() }.check()?;
    let runs = (filtered.days() + 1).saturating_sub(steps);
    let markets = source.markets.len();
    let mut cells = vec![0.0; markets * runs * steps];
    for run in 0..runs {
        let mut rows: Vec<f64> = Vec::with_capacity(markets * steps);
        filtered.walk(run..run + steps, |row| rows.extend_from_slice(row));
        for market in 0..markets {
            let from = (market * runs + run) * steps;
            let returns = rows.iter().skip(market).step_by(markets).copied();
            accumulate(returns, &mut cells[from..from + steps]);
        }
    }
    let skipped = source.days.len() - filtered.days();
    let origin = Origin {
        generator: "filtered".into(),
        settings: settings(source, &filtered, filter),
        window: source.window(),
        seed: None,
        observations: Some((runs / steps).max(1)),
    };
    Ok(Scenarios::new(Draft {
        markets: source.markets.to_vec(),
        labels: source.days.iter().skip(skipped).take(runs).cloned().collect(),
        steps,
        step: source.step,
        origin,
        cells,
    })?)
}
