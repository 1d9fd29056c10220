//! What people see of a fund's fee control.

use backstop_core::{
    Halt, State,
    fund::{band_at, bands::limits, control::coarse},
};
use backstop_units::{FundId, MarketId, Timestamp};
use serde_json::{Value, json};

/// A fund's fee and band as of `now`, and what they come from; null without fee control.
///
/// # Errors
/// Only what a broken invariant says.
pub(super) fn control(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let control = state.controls.expect(id)?;
    let Some(policy) = control.policy.as_deref() else { return Ok(Value::Null) };
    let band = band_at(state, id, now)?.unwrap_or_default();
    let spikes = control.spikes_on(now).map(|spike| {
        json!({ "spike": spike.number, "size_ppm": spike.size, "cause": spike.cause, "until": spike.until })
    });
    let rising = control.standing.rising;
    Ok(json!({
        "charged_ppm": control.rate_at(now),
        "rate_ppm": coarse(control.controller.rate),
        "ran_at": control.controller.at,
        "next_from": control.controller.at.plus(policy.interval_min),
        "headroom_ppm": control.headroom,
        "conditions": control.conditions.map(|reported| json!({
            "open_interest_ppm": reported.open_interest,
            "volatility_ppm": reported.volatility,
            "at": reported.at,
            "fresh": now <= reported.at.plus(policy.report_age_max),
        })),
        "forecast": control.forecast.map(|(coverage, at)| json!({
            "coverage_ppm": coverage, "at": at, "fresh": now <= at.plus(policy.report_age_max),
        })),
        "spikes": spikes.collect::<Vec<_>>(),
        "message": control.message.as_deref().map(|told| json!({
            "told": told, "in_force": control.in_force(now).is_some(),
        })),
        "band": band,
        "band_entered": control.standing.band,
        "rising": rising.map(|(band, since)| json!({
            "band": band, "since": since, "from": since.plus(policy.loosen_delay),
        })),
        "limits": limits(policy, band),
    }))
}

/// What of a fund is held for liquidations in flight at `now`.
///
/// # Errors
/// Only what a broken invariant says.
pub(super) fn reservations(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let open = state.reservations.expect(id)?.open(now).map(|held| {
        let market = state.markets.get(held.market).map(|market| market.label);
        json!({ "market": market, "id": held.id, "amount": held.amount, "until": held.until })
    });
    Ok(open.collect())
}

/// What a market's venue may settle late.
///
/// # Errors
/// Only what a broken invariant says.
pub(super) fn offline(state: &State, id: MarketId) -> Result<Value, Halt> {
    let offline = state.offline.expect(id)?;
    Ok(json!({ "budget": offline.budget, "left": offline.left, "span": offline.span }))
}
