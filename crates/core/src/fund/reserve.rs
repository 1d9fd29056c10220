//! Holding capacity for a liquidation in flight: reserve, commit with the settlement, release.

use super::{
    crank::policy_of,
    reservations::{Reservation, unreserved},
};
use crate::{
    command::{CommitReservation, ReleaseReservation, Reserve},
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    liquidation::settle,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, FundId, Label, MarketId, Timestamp};

/// A market's reservation that holds capacity now, and the fund that it holds capacity of.
fn standing(
    state: &State,
    market: MarketId,
    id: Label,
    now: Timestamp,
) -> Result<(FundId, Reservation), Halt> {
    let fund = state.markets.expect(market)?.fund;
    let found = state.reservations.expect(fund)?.find(market, id);
    let found = *found.ok_or_else(|| Reject::got(RejectCode::UnknownReservation, id))?;
    if now >= found.until {
        return Err(Reject::new(RejectCode::ReservationExpired, now, found.until).into());
    }
    Ok((fund, found))
}

/// Holds a part of what the market's fund has and nobody else holds.
///
/// **Rounding** the largest part that may be held is rounded down.
pub(crate) fn reserve(
    state: &State,
    context: &Context<'_>,
    command: &Reserve,
) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    let id = state.markets.expect(market)?.fund;
    let fund = state.funds.expect(id)?;
    let (now, until, amount) = (context.now, command.until, command.amount);
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    if until <= now {
        return Err(Reject::new(RejectCode::TimeRunsBack, until, now).into());
    }
    let limits = policy_of(state.controls.expect(id)?, fund.label)?.reservations;
    let reservations = state.reservations.expect(id)?;
    let taken = |open: &Reservation| (open.market, open.id) == (market, command.id);
    if reservations.open(now).any(taken) {
        return Err(Reject::got(RejectCode::DuplicateReservation, command.id).into());
    }
    let span = until.since(now);
    if span > limits.span_max {
        return Err(Reject::new(RejectCode::ReservationTooLong, span, limits.span_max).into());
    }
    let (open, most) = (reservations.open(now).count(), usize::from(limits.count_max));
    if open >= most {
        return Err(Reject::new(RejectCode::TooManyReservations, open, most).into());
    }
    let held = reservations.held(now);
    let own = unreserved(state, id, fund, now)?.saturating_add(held);
    let own = own.saturating_sub(fund.inventory.shortfall);
    let left = limits.part_max.of_floor(own)?.saturating_sub(held);
    if amount > left {
        return Err(Reject::new(RejectCode::ReservationAboveCapacity, amount, left).into());
    }
    Ok(Event::Reserved { fund: id, market, id: command.id, amount, until })
}

/// Settles a liquidation with what was held for it, as one record: the capacity is freed and the
/// settlement asks for it before anybody else can. What it does not need is free for all.
pub(crate) fn commit(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CommitReservation,
) -> Result<(), Halt> {
    let state = txn.state();
    let measured = settle::measured(state, &command.settlement)?;
    let (fund, held) = standing(state, measured.market(), command.id, context.now)?;
    let (market, id, amount) = (held.market, held.id, held.amount);
    txn.emit(Event::ReservationCommitted { fund, market, id, amount })?;
    settle::carry_out(txn, context, &command.settlement, &measured)
}

pub(crate) fn release(
    state: &State,
    context: &Context<'_>,
    command: &ReleaseReservation,
) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    let (fund, held) = standing(state, market, command.id, context.now)?;
    Ok(Event::ReservationReleased { fund, market, id: held.id, amount: held.amount })
}

/// What of a fund's own reserve may leave it at `now`: not what contributors gave, and not so much
/// that open reservations are no longer there, nor what positions taken over lack at their mark or a risk
/// message holds back.
pub(crate) fn free_reserve(state: &State, id: FundId, now: Timestamp) -> Result<Amount, Halt> {
    let fund = state.funds.expect(id)?;
    let reserve = state.ledger.owed(LedgerAccount::Reserve(id), fund.asset);
    let free = reserve.min(unreserved(state, id, fund, now)?);
    let held_back = state.controls.expect(id)?.held_back(now);
    Ok(free.saturating_sub(fund.inventory.shortfall).saturating_sub(held_back))
}
