//! Why an account was closed at its price: what the record of a loss says of the closing.

use super::asset_label;
use backstop_core::{
    Body, Entry, Event, Halt, Record, Reject, RejectCode, State, hosted::closing::bankruptcy_price,
    state::Loss,
};
use backstop_units::{Amount, LossId, Price, Signed, mul_div_ceil};
use serde_json::{Value, json};

/// What is known of a closing; an attached market's venue reports less than a hosted market records.
#[derive(Default)]
struct Found {
    fill: Option<Price>,
    bankruptcy: Option<Price>,
    notional: Option<Amount>,
    fee: Option<Amount>,
    liquidator: Option<Amount>,
}

/// How the account of a loss was closed, out of the record that placed it: mark, fill, bankruptcy price, what was
/// closed and what was lacking, fees. What the record does not say is null.
///
/// `beyond_ppm` is what was lacking over what was closed: how far the fill lay past the price at which nothing is
/// left. **Rounding** up.
///
/// # Errors
/// A reject when there is no such loss.
pub fn closing_view(state: &State, id: LossId, record: Option<&Record>) -> Result<Value, Halt> {
    let loss = state.losses.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownLoss, id))?;
    let market = state.markets.expect(loss.market)?;
    let asset = state.funds.expect(market.fund)?.asset;
    let found = match record {
        Some(record) => found(state, loss, record)?,
        None => Found::default(),
    };
    let beyond = found.notional.filter(|notional| !notional.is_zero()).map(|notional| {
        mul_div_ceil(loss.gross.get(), 1_000_000, notional.get()).unwrap_or(u128::MAX)
    });
    let account = loss.account.and_then(|account| state.accounts.get(account));
    Ok(json!({
        "loss": id.to_string(),
        "market": market.label,
        "account": account.map(|account| account.label),
        "occurred_at": loss.occurred_at,
        "placed_in": loss.placed_in,
        "mark": (loss.mark != Price::ZERO).then_some(loss.mark),
        "fill_price": found.fill,
        "bankruptcy_price": found.bankruptcy,
        "notional": found.notional,
        "short": loss.gross,
        "beyond_ppm": beyond.map(Amount::new),
        "fee": found.fee,
        "liquidator_paid": found.liquidator,
        "evidence": loss.evidence,
        "asset": asset_label(state, asset),
        "decimals": state.assets.expect(asset)?.decimals,
    }))
}

fn found(state: &State, loss: &Loss, record: &Record) -> Result<Found, Halt> {
    let Entry::Command(command) = &record.entry else { return Ok(Found::default()) };
    Ok(match &command.body {
        Body::SettleLiquidation(c) => {
            let settled = record.events.iter().find_map(|event| match event {
                Event::LiquidationSettled { to_fund, overflow, to_liquidator, bounty, .. } => {
                    let fee = to_fund.saturating_add(*overflow);
                    Some((fee, to_liquidator.saturating_add(*bounty)))
                }
                _ => None,
            });
            Found {
                notional: (!c.notional.is_zero()).then_some(c.notional),
                fee: settled.map(|(fee, _)| fee),
                liquidator: settled.map(|(_, paid)| paid),
                ..Found::default()
            }
        }
        Body::FillLiquidation(c) => {
            let sells = record.events.iter().find_map(|event| match event {
                Event::Traded(fill) => Some(fill.seller),
                _ => None,
            });
            let closed = record.events.iter().find_map(|event| match event {
                Event::MarginLiquidated(it) => Some((it, sells == Some(it.margin))),
                _ => None,
            });
            let paid = record.events.iter().find_map(|event| match event {
                Event::LiquidatorPaid(paid) => Some(paid.amount),
                _ => None,
            });
            let Some((it, sells)) = closed else { return Ok(Found::default()) };
            let decimals = state.hosted(loss.market)?.policy.decimals;
            let residual: Signed = it.residual;
            let bankruptcy = bankruptcy_price((c.size, c.price), (sells, residual), decimals)?;
            Found {
                fill: Some(c.price),
                bankruptcy,
                notional: Some(it.notional),
                fee: Some(it.to_fund.saturating_add(it.overflow)),
                liquidator: Some(paid.unwrap_or(Amount::ZERO)),
            }
        }
        _ => Found::default(),
    })
}
