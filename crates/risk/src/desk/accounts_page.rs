//! The accounts nearest to liquidation: by a model that learned from outcomes if the gate lets it in, else by a formula.

use super::{
    error::DeskError,
    inputs::{Book, Inputs},
    outcome::{ForecastPage, LiquidationLine},
};
use crate::{
    data::{Collateral, HORIZON, Outcomes},
    float::{signed_to_float, to_float},
    forecast::{
        fitted::judged_liquidation,
        liquidation::{Account, LiquidationModel, touch},
        walk::Walk,
    },
    models::ModelError,
    need::QUOTE_DECIMALS,
};
use std::collections::BTreeMap;

/// Accounts that are listed.
const LISTED: usize = 20;
/// Days that a first fit sees, that each test lasts, and that an outcome reaches ahead.
pub(super) const WALK: Walk = Walk { train: 365, test: 30, purge: 1, embargo: 0, all_past: true };

/// Fills in the accounts' part of a forecast.
///
/// # Errors
/// [`DeskError`] of the book; what outcomes lack for a fit stands in the gate's list.
pub(super) fn fill(inputs: &Inputs, page: &mut ForecastPage) -> Result<(), DeskError> {
    let model = inputs.outcomes.as_ref().and_then(|outcomes| fitted(outcomes, page));
    let Some(book) = &inputs.book else { return Ok(()) };
    if model.is_none() {
        page.gate.push(
            "accounts: probability that a driftless path of one day touches the maintenance line"
                .to_owned(),
        );
    }
    page.accounts = nearest(book, model.as_ref())?;
    Ok(())
}

/// The model of these outcomes, if it is let in.
fn fitted(outcomes: &Outcomes, page: &mut ForecastPage) -> Option<LiquidationModel> {
    match judged(outcomes) {
        Ok((line, model)) => {
            let word = if line.failures.is_empty() { "is" } else { "is not" };
            page.gate.push(format!("accounts: the model of {} {word} let in", outcomes.file));
            page.gate.extend(line.failures.iter().map(|failure| format!("accounts: {failure}")));
            page.liquidation = Some(line);
            model
        }
        Err(error) => {
            page.gate.push(format!("accounts: no model of {}: {error}", outcomes.file));
            None
        }
    }
}

fn judged(outcomes: &Outcomes) -> Result<(LiquidationLine, Option<LiquidationModel>), ModelError> {
    let (walked, verdict) = judged_liquidation(&outcomes.rows, &WALK)?;
    let model = LiquidationModel::fit(&outcomes.rows, WALK.purge)?;
    let line = LiquidationLine {
        rows: model.rows,
        events: model.events,
        fits: walked.fits,
        brier: walked.brier,
        auc: walked.auc,
        precision: walked.precision,
        p_value: verdict.figures.first().map_or(1.0, |seen| seen.p_value),
        failures: verdict.failures().into_iter().map(str::to_owned).collect(),
        window: outcomes.window.clone(),
    };
    Ok((line, verdict.passes().then_some(model)))
}

/// Accounts most likely to be liquidated within a day.
///
/// **Source** without a model the reflection principle: a driftless path touches a line `d` deviations away with
/// probability `2·Φ(−d)`. What the account has in each market counts by its net deviation, positions and pledges after their
/// haircut together, added up without diversification: never too small. What the book does not know, funding, counts as
/// zero.
fn nearest(book: &Book, model: Option<&LiquidationModel>) -> Result<Vec<(String, f64)>, DeskError> {
    let mut found = Vec::new();
    for (place, account) in book.accounts.accounts.iter().enumerate() {
        let Some((state, moving)) = state(book, place)? else { continue };
        let at_risk = Account { volatility: moving / state.gross, ..state };
        let chance = match model {
            Some(model) => model.probability(&state.features(HORIZON)?),
            None => touch(at_risk.distance(HORIZON)?),
        };
        found.push((account.name.clone(), chance));
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found.truncate(LISTED);
    Ok(found)
}

/// An account as the model sees it, and the deviation of all that it has over one day, in quote; none without a position.
fn state(book: &Book, place: usize) -> Result<Option<(Account, f64)>, DeskError> {
    let Some(account) = book.accounts.accounts.get(place) else { return Ok(None) };
    let atoms = libm::pow(10.0, f64::from(QUOTE_DECIMALS));
    let sigma = |market: usize| book.now.sigmas.get(market).copied().flatten().unwrap_or(0.0);
    let notional = |position: &crate::data::Position| book.now.notional(position).abs();
    let gross: f64 = account.positions.iter().map(notional).sum();
    if gross <= 0.0 {
        return Ok(None);
    }
    let spread: f64 = account.positions.iter().map(|one| notional(one) * sigma(one.market)).sum();
    let squares: f64 = account.positions.iter().map(|one| (notional(one) / gross).powi(2)).sum();
    let worth = |held: &Collateral| book.now.worth(held, &book.venue).max(0.0);
    let all: f64 = account.collateral.iter().map(worth).sum();
    let moving: f64 = account.collateral.iter().filter(|held| held.asset > 0).map(worth).sum();
    let standing = book.portfolio.margins.standing(place, &|_| 1.0)?;
    let mut net: BTreeMap<usize, f64> = BTreeMap::new();
    for position in &account.positions {
        *net.entry(position.market).or_default() += book.now.notional(position);
    }
    for held in &account.collateral {
        if let Some(asset) = book.venue.asset(held) {
            *net.entry(asset.market).or_default() += worth(held) * (1.0 - asset.haircut);
        }
    }
    let at_risk = net.into_iter().map(|(market, value)| value.abs() * sigma(market)).sum();
    let account = Account {
        equity: signed_to_float(standing.equity.get()) / atoms,
        maintenance: to_float(standing.maintenance.get()) / atoms,
        gross,
        volatility: spread / gross,
        concentration: squares.min(1.0),
        volatile_collateral: if all > 0.0 { (moving / all).min(1.0) } else { 0.0 },
        funding: 0.0,
    };
    Ok(Some((account, at_risk)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture;

    /// A book of one account with these positions and this collateral.
    fn book(accounts: &str, positions: &str) -> Book {
        let terms = "[market.A]\nmaintenance = 0.02\nprice = 10.0\nadv = inf\nsigma = 0.04\n\
                     [asset.A]\nhaircut = 0.1\nmarket = \"A\"\n";
        fixture::book(terms, accounts, positions)
    }

    #[test]
    fn a_pledge_that_falls_with_the_position_brings_the_line_nearer() {
        // 100,000 of A pledged are a million, 900,000 after haircut; with a debt of 400,000 the equity is 500,000, and
        // 5,000,000 long need 100,000. What moves is 5,900,000 at 4 %: d = 400,000 ÷ 236,000.
        let long = book("x,o,usd,-400000\nx,o,A,100000\n", "x,A,5000000\n");
        let found = nearest(&long, None).unwrap();
        let want = touch(400_000.0 / 236_000.0);
        assert!((found[0].1 - want).abs() < 1e-9, "{found:?} {want}");
        // A short falls when the pledge rises: 4,100,000 move.
        let short = book("x,o,usd,-400000\nx,o,A,100000\n", "x,A,-5000000\n");
        let found = nearest(&short, None).unwrap();
        let want = touch(400_000.0 / 164_000.0);
        assert!((found[0].1 - want).abs() < 1e-9, "{found:?} {want}");
    }
}
