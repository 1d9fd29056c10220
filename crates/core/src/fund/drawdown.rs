//! A fund that has fallen far from its peak: seen by anybody, and by policy spared for what follows.

use super::gauge::{self, Range};
use crate::{
    command::{CheckDrawdown, SetDrawdown},
    event::Event,
    liquidation::drawdown::{Drawdown, Trigger, TriggerPolicy, trigger},
    policy::DrawdownPolicy,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Market, Source, State},
    txn::Txn,
};
use backstop_units::{Amount, FundId, Ppm, Signed, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// A fund's trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Watch {
    /// Its rules; none: nobody looks.
    pub policy: Option<DrawdownPolicy>,
    /// Since when it is on.
    pub since: Option<Timestamp>,
}

/// Where a watched fund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Now and at its peak within eight hours.
    pub drawdown: Drawdown,
    /// What follows.
    pub trigger: Trigger,
}

/// How far a fund has fallen from its peak of eight hours, and what follows under its rules.
///
/// # Errors
/// [`RejectCode::Overflow`] for holdings past 127 bits.
pub fn standing(
    state: &State,
    fund: FundId,
    now: Timestamp,
) -> Result<Option<(Watch, Standing)>, Halt> {
    let watch = *state.watches.expect(fund)?;
    let Some(policy) = watch.policy else { return Ok(None) };
    let holdings = signed(state.gauges.expect(fund)?.holdings)?;
    let [Range { high, .. }, _] = gauge::extremes(state, fund, now)?;
    let drawdown = Drawdown { now: holdings, peak: signed(high)?, base: high };
    let rules =
        TriggerPolicy { start: policy.start, stop: policy.stop, min_balance: policy.min_balance };
    // A fund that never held anything has not fallen.
    let trigger = if high.is_zero() {
        Trigger { cause: None, excess: high }
    } else {
        trigger(holdings, &drawdown, &rules, watch.since.is_some())?
    };
    Ok(Some((watch, Standing { drawdown, trigger })))
}

fn signed(amount: Amount) -> Result<Signed, Reject> {
    Signed::gain(amount).ok_or(Reject::overflow())
}

/// The change of a fund's trigger that is due, if one is.
fn due(state: &State, fund: FundId, now: Timestamp) -> Result<Option<Event>, Halt> {
    let Some((watch, standing)) = standing(state, fund, now)? else { return Ok(None) };
    let on = standing.trigger.cause.is_some();
    let Drawdown { now: holdings, base: peak, .. } = standing.drawdown;
    let turned = Event::DrawdownTurned { fund, on, holdings: holdings.positive(), peak };
    Ok((on != watch.since.is_some()).then_some(turned))
}

/// Turns a fund's trigger where that is due, before a loss asks what the fund can pay.
pub(crate) fn turn_due(txn: &mut Txn<'_>, fund: FundId, now: Timestamp) -> Result<(), Halt> {
    due(txn.state(), fund, now)?.map_or(Ok(()), |event| txn.emit(event))
}

/// Whether a fund gives nothing to a layer of a market because it has fallen far and winners stand behind
/// that layer.
pub(crate) fn spared(
    state: &State,
    fund: FundId,
    (market, source): (&Market, Source),
) -> Result<bool, Corrupt> {
    let Watch { policy: Some(policy), since: Some(_) } = state.watches.expect(fund)? else {
        return Ok(false);
    };
    let mut behind = state.layers_of(market).skip_while(|(_, layer)| layer.source != source);
    let mut winners = || behind.any(|(_, layer)| layer.source == Source::Adl);
    Ok(policy.spares && market.adl.is_some() && winners())
}

/// Sets when a fund counts as fallen.
pub(crate) fn set_drawdown(state: &State, command: &SetDrawdown) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    if let Some(policy) = command.policy {
        if policy.start == Ppm::ZERO || policy.start > Ppm::WHOLE {
            return Err(
                Reject::new(RejectCode::BadPolicy, policy.start.get(), Ppm::WHOLE.get()).into()
            );
        }
        if policy.stop > policy.start {
            return Err(
                Reject::new(RejectCode::BadPolicy, policy.stop.get(), policy.start.get()).into()
            );
        }
    }
    Ok(Event::DrawdownSet { fund, policy: command.policy })
}

/// Turns a fund's trigger on or off, as its fall has it; anyone may.
pub(crate) fn check_drawdown(
    state: &State,
    command: &CheckDrawdown,
    now: Timestamp,
) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    if state.watches.expect(fund)?.policy.is_none() {
        return Err(Reject::got(RejectCode::DrawdownOff, command.fund).into());
    }
    due(state, fund, now)?
        .ok_or_else(|| Reject::got(RejectCode::DrawdownStands, command.fund).into())
}

pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::DrawdownSet { fund, policy } => {
            let watch = state.watches.change(*fund)?;
            watch.policy = *policy;
            if policy.is_none() {
                watch.since = None;
            }
        }
        Event::DrawdownTurned { fund, on, .. } => {
            state.watches.change(*fund)?.since = on.then_some(now);
        }
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}
