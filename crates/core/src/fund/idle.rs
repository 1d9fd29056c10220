//! Idle cash at a yield venue: nothing by default, and only so much as the council allows.

use super::{coverage::no_open_loss, crank::policy_of, reserve::free_reserve};
use crate::{
    command::{Direction, MoveIdle},
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Fund, State},
};
use backstop_units::{Amount, FundId};

/// What of a fund's idle cash counts toward coverage: all of it if the yield venue's notice is over
/// within the time that the policy grants, else nothing.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] when there is no such fund.
#[inline]
pub(crate) fn counted(state: &State, id: FundId, fund: &Fund) -> Result<Amount, Corrupt> {
    let policy = state.controls.expect(id)?.policy.as_deref();
    let reached = policy.and_then(|policy| policy.idle).filter(|idle| idle.notice <= idle.reach);
    Ok(reached.map_or(Amount::ZERO, |_| state.ledger.owed(LedgerAccount::Idle(id), fund.asset)))
}

/// Moves protocol reserve to the yield venue, or back. Contributions and what is reserved stay, and
/// nothing is placed while a loss is open. The way back is always open.
///
/// **Rounding** the limit is rounded down.
pub(crate) fn move_idle(
    state: &State,
    context: &Context<'_>,
    command: &MoveIdle,
) -> Result<Event, Halt> {
    let id = state.fund_id(command.fund)?;
    let fund = state.funds.expect(id)?;
    let (direction, amount) = (command.direction, command.amount);
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let placed = state.ledger.owed(LedgerAccount::Idle(id), fund.asset);
    match direction {
        Direction::In if amount > placed => {
            return Err(Reject::new(RejectCode::AboveIdle, amount, placed).into());
        }
        Direction::In => {}
        Direction::Out => {
            let free = free_reserve(state, id, context.now)?;
            if amount > free {
                return Err(Reject::new(RejectCode::InsufficientBalance, amount, free).into());
            }
            no_open_loss(state, id, context.now)?;
            let reserve = state.ledger.owed(LedgerAccount::Reserve(id), fund.asset);
            let all = reserve.saturating_add(placed);
            let idle = policy_of(state.controls.expect(id)?, fund.label)?.idle;
            let limit = idle.map_or(Ok(Amount::ZERO), |idle| idle.part_max.of_floor(all))?;
            let after = placed.saturating_add(amount);
            if after > limit {
                return Err(Reject::new(RejectCode::IdleAboveLimit, after, limit).into());
            }
        }
    }
    Ok(Event::IdleMoved { fund: id, asset: fund.asset, direction, amount })
}
