//! The hold on withdrawals from a pool in trouble.

use super::book::{MarginPool, pool};
use crate::{
    event::{Event, GateCause},
    governance::Context,
    liquidation::withdrawal_gate::{Movement, is_open, opens_at},
    policy::MarginPoolPolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{FundId, Timestamp};

/// Whether the venue is silent for so long that it has stalled.
fn stalls(pool: &MarginPool, policy: &MarginPoolPolicy, now: Timestamp) -> bool {
    let silent = |heard: Timestamp| now.since(heard) >= policy.stall;
    !policy.stall.is_zero() && pool.heard_at.is_some_and(silent)
}

/// When money may leave a pool again; `now` if it may.
///
/// A stall that goes on counts as seen now.
///
/// # Errors
/// [`RejectCode::NoMarginPool`]; [`RejectCode::Overflow`] past the end of time.
pub fn opens(state: &State, fund: FundId, now: Timestamp) -> Result<Timestamp, Halt> {
    let (pool, policy) = pool(state, fund)?;
    let stall = stalls(pool, &policy, now).then_some(now);
    let seen = [pool.negative_at, pool.stalled_at, stall].map(|at| at.unwrap_or(Timestamp::ZERO));
    let seen = seen.map(Timestamp::ms);
    if is_open(now.ms(), &seen, policy.gate.ms(), Movement::Withdrawal) {
        return Ok(now);
    }
    Ok(Timestamp::from_ms(opens_at(now.ms(), &seen, policy.gate.ms())?))
}

/// Refuses to let money out of a pool whose gate is shut.
pub(crate) fn leave(state: &State, fund: FundId, now: Timestamp) -> Result<(), Halt> {
    let opens = opens(state, fund, now)?;
    if opens > now {
        return Err(Reject::new(RejectCode::WithdrawalsHeld, now, opens).into());
    }
    Ok(())
}

/// Notes that an account below zero equity was seen in a pool, once for each moment.
pub(crate) fn negative(txn: &mut Txn<'_>, context: &Context<'_>, fund: FundId) -> Result<(), Halt> {
    if txn.state().margin_pools.expect(fund)?.negative_at == Some(context.now) {
        return Ok(());
    }
    txn.emit(Event::GateSeen { fund, cause: GateCause::Negative })
}

/// Notes a stall that a command of the venue ends.
pub(crate) fn heard(txn: &mut Txn<'_>, context: &Context<'_>, fund: FundId) -> Result<(), Halt> {
    let (pool, policy) = pool(txn.state(), fund)?;
    if stalls(pool, &policy, context.now) {
        txn.emit(Event::GateSeen { fund, cause: GateCause::Stall })?;
    }
    Ok(())
}
