//! Interest of whole periods that have passed, added to all debts of a reserve at once.

use super::{
    book::LendingReserve,
    curve,
    interest::{self, Interest},
};
use crate::{
    command::{AccrueInterest, CollectInterest},
    event::{Event, LendingEvent},
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, Fixed60, ReserveId, Span, Timestamp};

/// What a reserve's debts grow by up to a moment; nothing while no period is over.
pub(crate) fn due(reserve: &LendingReserve, now: Timestamp) -> Result<Option<Due>, Halt> {
    let policy = &reserve.policy.interest;
    let periods = interest::periods(policy, now.since(reserve.accrued_at));
    if periods == 0 {
        return Ok(None);
    }
    let passed = Span::from_ms(policy.period.ms().saturating_mul(periods));
    let at = reserve.accrued_at.plus(passed);
    let (interest, factor) = if reserve.held.borrowed.is_zero() {
        (Interest::default(), Fixed60::UNIT)
    } else {
        let rate = curve::yearly_rate(&policy.curve, reserve.held.utilization()?)?;
        let interest = interest::accrue(policy, reserve.held.borrowed, rate, periods)?;
        let all = rate.checked_add(Fixed60::from_bps(policy.host_rate)).ok_or(Reject::overflow())?;
        (interest, interest::factor(all, policy.period, periods, policy.growth)?)
    };
    Ok(Some(Due { at, interest, index: reserve.index.times(factor)? }))
}

/// Interest that has come due.
pub(crate) struct Due {
    /// Up to when.
    pub(crate) at: Timestamp,
    /// How much, and whose.
    pub(crate) interest: Interest,
    /// The reserve's index then.
    pub(crate) index: Fixed60,
}

/// A reserve as it would be if interest were added now.
///
/// # Errors
/// [`RejectCode::Overflow`] when interest does not fit.
pub fn preview(state: &State, id: ReserveId, now: Timestamp) -> Result<LendingReserve, Halt> {
    let mut reserve = state.reserves.expect(id)?.clone();
    if let Some(due) = due(&reserve, now)? {
        reserve.add(&due)?;
    }
    Ok(reserve)
}

/// Brings a reserve up to now; every rule that looks at its money begins with this.
pub(crate) fn accrue(txn: &mut Txn<'_>, context: &Context<'_>, id: ReserveId) -> Result<(), Halt> {
    let reserve = txn.state().reserves.expect(id)?;
    let Some(Due { at, interest, index }) = due(reserve, context.now)? else { return Ok(()) };
    let held = &reserve.held;
    let grown = |from: Fixed60, by: Fixed60| -> Result<Amount, Halt> {
        let to = from.checked_add(by).ok_or(Reject::overflow())?;
        Ok(to.floor().saturating_sub(from.floor()))
    };
    let of_fees = interest.protocol.checked_add(interest.referrers).ok_or(Reject::overflow())?;
    let event = LendingEvent::InterestAccrued {
        reserve: id,
        asset: reserve.asset,
        at,
        interest,
        index,
        loans: grown(held.borrowed, interest.debt)?,
        fees: grown(held.fees, of_fees)?,
    };
    txn.emit(Event::Lending(event))
}

pub(crate) fn crank(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &AccrueInterest,
) -> Result<(), Halt> {
    let reserve = txn.state().reserve_id(command.reserve)?;
    accrue(txn, context, reserve)
}

/// Pays out what the protocol has earned, in whole atoms, as far as there is money.
pub(crate) fn collect(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CollectInterest,
) -> Result<(), Halt> {
    let id = txn.state().reserve_id(command.reserve)?;
    accrue(txn, context, id)?;
    let amount = collectable(txn.state(), id)?;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ReserveIlliquid).into());
    }
    let reserve = txn.state().reserves.expect(id)?;
    let (asset, treasury) = (reserve.asset, reserve.treasury);
    txn.emit(Event::Lending(LendingEvent::InterestCollected {
        reserve: id,
        asset,
        treasury,
        amount,
    }))
}

/// What the treasury can have now.
fn collectable(state: &State, id: ReserveId) -> Result<Amount, Halt> {
    let held = &state.reserves.expect(id)?.held;
    Ok(held.fees.floor().min(held.available))
}
