//! What funds paid for losses: each loss with the part of everybody who bore it.

use super::{asset_label, is_funded, source_name};
use backstop_core::{
    Halt, Reject, RejectCode, State,
    event::Cohort,
    state::{Loss, Source},
};
use backstop_units::{Amount, FundId, Label, LossId};
use serde_json::{Value, json};

/// A loss as its fund's page lists it: who bore which part, what was paid with money that was there, what
/// nobody could take.
///
/// # Errors
/// A reject when there is no such loss.
pub fn payout_view(state: &State, id: LossId) -> Result<Value, Halt> {
    let loss = state.losses.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownLoss, id))?;
    let sum = |wanted: &dyn Fn(&Cohort) -> bool| {
        let rows = loss.rows.iter().filter(|row| wanted(&row.row.cohort));
        rows.fold(Amount::ZERO, |sum, row| sum.saturating_add(row.row.amount))
    };
    let recovered = loss.rows.iter();
    let recovered = recovered.fold(Amount::ZERO, |sum, row| sum.saturating_add(row.recovered));
    let market = state.markets.expect(loss.market)?;
    let asset = state.funds.expect(market.fund)?.asset;
    let parts = loss.rows.iter().map(|row| {
        json!({
            "layer": part_name(state, &row.row.cohort),
            "funded": is_funded(&row.row.cohort),
            "amount": row.row.amount,
            "recovered": row.recovered,
        })
    });
    Ok(json!({
        "loss": id,
        "time": loss.declared_at,
        "market": market.label,
        "asset": asset_label(state, asset),
        "decimals": state.assets.expect(asset)?.decimals,
        "account": loss.account.and_then(|id| state.accounts.get(id)).map(|account| account.label),
        "cause": loss.cause,
        "status": loss.status,
        "gross": loss.gross,
        "funded": sum(&is_funded),
        "uncovered": sum(&|cohort| matches!(cohort, Cohort::Residual)),
        "recovered": recovered,
        "parts": parts.collect::<Vec<_>>(),
    }))
}

/// Who bore a row: a layer's name, but gifts and the fund's account at a venue apart from its reserve.
fn part_name(state: &State, cohort: &Cohort) -> String {
    let label = |fund: &FundId| state.funds.get(*fund).map_or(Label::NONE, |fund| fund.label);
    match (cohort, cohort.source()) {
        (Cohort::Contributions(fund), _) => format!("contributions {}", label(fund)),
        (Cohort::House(fund), _) => format!("house {}", label(fund)),
        (_, Some(source)) => source_name(state, source),
        (_, None) => "nobody".to_owned(),
    }
}

/// Whether a loss fell on a market of a fund, or on money of it: a waterfall may name a tranche of another.
pub fn concerns_fund(state: &State, fund: FundId, loss: &Loss) -> bool {
    let market = state.markets.get(loss.market).is_some_and(|market| market.fund == fund);
    let paid = |cohort: &Cohort| match cohort.source() {
        Some(Source::Reserve(payer)) => payer == fund,
        Some(Source::Staked(id)) => {
            state.tranches.get(id).is_some_and(|tranche| tranche.fund == fund)
        }
        _ => false,
    };
    market || loss.rows.iter().any(|row| paid(&row.row.cohort))
}
