//! What people see of a fund's peaks and of how near layers that pay later are.

use backstop_core::{
    Halt, State,
    fund::{
        drawdown::standing,
        gauge::{WINDOWS, extremes},
    },
    liquidation::drawdown::TriggerCause,
    loss::claim::{Kind, gauge},
    policy::Cause,
};
use backstop_units::{FundId, MarketId, Timestamp};
use serde_json::{Value, json};

/// A fund's lowest and highest holdings within eight hours and thirty days.
///
/// # Errors
/// Only what a broken invariant says.
pub(super) fn peaks(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let ranges = extremes(state, id, now)?;
    let window = WINDOWS
        .iter()
        .zip(ranges)
        .map(|(window, range)| json!({ "window": window, "low": range.low, "high": range.high }));
    Ok(window.collect())
}

/// How far a watched fund has fallen from its peak of eight hours; null where nobody watches.
///
/// # Errors
/// Only what a broken invariant says.
pub(super) fn drawdown(state: &State, id: FundId, now: Timestamp) -> Result<Value, Halt> {
    let Some((watch, standing)) = standing(state, id, now)? else { return Ok(Value::Null) };
    let cause = standing.trigger.cause.map(|cause| match cause {
        TriggerCause::EmptyPool => "empty_pool",
        TriggerCause::Drawdown => "drawdown",
    });
    Ok(json!({
        "fall": standing.drawdown.fall()?,
        "fall_ppm": standing.drawdown.portion()?,
        "rules": watch.policy,
        "on_since": watch.since,
        "due": cause,
    }))
}

/// How near a market's winners are to being deleveraged, or its accounts to sharing by equity; null where
/// the layer does not stand in its waterfall.
///
/// # Errors
/// Only what a broken invariant says.
pub(super) fn claim(
    state: &State,
    id: MarketId,
    kind: Kind,
    now: Timestamp,
) -> Result<Value, Halt> {
    let gauge = gauge(state, (id, kind), Cause::Bankruptcy, now)?;
    Ok(gauge.map_or(Value::Null, |gauge| {
        json!({ "cushion": gauge.cushion, "reference": gauge.reference, "lights": gauge.lights })
    }))
}
