//! Stake that changes hands without leaving the farm.

use super::{
    book::{kind, place},
    lock::penalty,
    touch::{carried, opened, settle, valued},
    unstake::bound,
};
use crate::{
    command::TransferFarmStake,
    event::{Event, FarmEvent, StakeMove},
    governance::Context,
    lending::supply::some,
    policy::FarmKind,
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Span};

/// What the giver has earned stays his. Only stake whose waits and lock are over changes hands, so it brings the taker
/// none, and nobody's clocks can be set back by what he is given.
pub(crate) fn transfer(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &TransferFarmStake,
) -> Result<(), Halt> {
    let state = txn.state();
    let (giver, taker) = (state.account_id(command.account)?, state.account_id(command.to)?);
    some(Amount::new(command.shares.get()))?;
    let farm = state.farm_id(command.farm)?;
    if giver == taker {
        return Err(Reject::got(RejectCode::SameAccount, command.to).into());
    }
    let found = state.farms.expect(farm)?;
    let moves = found.policy.transferable && found.kind != FarmKind::Delegated;
    kind(found, moves, "a farm whose stake can change hands")?;
    let (from, _) = place(state, farm, (giver, command.account))?;
    settle(txn, context, (farm, from))?;
    let to = opened(txn, context, farm, taker)?;
    valued(txn, context, farm)?;
    let state = txn.state();
    let found = state.farms.expect(farm)?;
    let (gives, takes) = (state.stakers.expect(from)?, state.stakers.expect(to)?);
    let shares = command.shares;
    if shares > gives.shares {
        return Err(Reject::new(RejectCode::InsufficientShares, shares, gives.shares).into());
    }
    let amount = found.held.worth(shares)?;
    if !penalty(&found.policy, gives.staked_at, context.now, amount)?.is_zero() {
        return Err(Reject::got(RejectCode::StakeLocked, context.now).into());
    }
    let wait = found.rewards.iter().map(|reward| reward.terms.claim_wait).max();
    let until = gives.since.plus(wait.unwrap_or(Span::ZERO));
    if context.now < until {
        return Err(Reject::new(RejectCode::ClaimTooEarly, context.now, until).into());
    }
    let clock = (takes.since, takes.staked_at);
    let carried = carried(found, gives, gives.shares.saturating_sub(shares));
    let holdings = bound(state, found, (giver, taker))?;
    let moved = StakeMove { farm, from, to, shares, amount, carried, clock, holdings };
    txn.emit(Event::Farm(FarmEvent::FarmStakeMoved(Box::new(moved))))
}
