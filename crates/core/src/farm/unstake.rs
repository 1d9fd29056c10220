//! Stake on its way out: no longer earning, less a penalty where it is locked, paid once its wait is over.

use super::{
    book::{Farm, Staked, Staker, Stakes, kind, place},
    lock::penalty,
    stake::ticket,
    touch::{carried, settle, valued},
};
use crate::{
    command::UnstakeFarm,
    event::{Bound, Event, FarmEvent, StakeOut},
    governance::Context,
    lending::supply::some,
    policy::{FarmKind, FarmTimers},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Shares, Timestamp};

/// At most what is held, and something.
pub(crate) fn asked(staker: &Staker, shares: Shares) -> Result<Shares, Halt> {
    if staker.shares.is_zero() {
        return Err(Reject::new(RejectCode::InsufficientShares, shares, staker.shares).into());
    }
    Ok(shares.min(staker.shares))
}

/// With one timer for all, what can be paid must be paid before more waits.
fn paid_first(farm: &Farm, staker: &Staker, now: Timestamp) -> Result<(), Halt> {
    let due = staker.waiting(true).find(|ticket| ticket.ready_at <= now);
    match due {
        Some(due) if farm.policy.timers == FarmTimers::One => {
            Err(Reject::new(RejectCode::ExitWaits, due.amount, Amount::ZERO).into())
        }
        _ => Ok(()),
    }
}

/// Places of a vault's shares that go from one account to another.
pub(crate) fn bound(
    state: &State,
    farm: &Farm,
    (from, to): (AccountId, AccountId),
) -> Result<Option<Bound>, Halt> {
    let Staked::Vault(vault) = farm.staked else { return Ok(None) };
    let (giver, _) = state.holding(vault, from).ok_or(Corrupt::DanglingHandle)?;
    let taker = state.holding(vault, to).map_or(state.holdings.next_id(), |(taker, _)| taker);
    Ok(Some(Bound { vault, from: giver, to: taker, account: to }))
}

pub(crate) fn unstake(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &UnstakeFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(Amount::new(command.shares.get()))?;
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    kind(found, found.kind != FarmKind::Delegated, "a farm that takes stake")?;
    let (staker, _) = place(state, farm, (account, command.account))?;
    settle(txn, context, (farm, staker))?;
    let state = txn.state();
    let (found, item) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let shares = asked(item, command.shares)?;
    let amount = found.held.worth(shares)?;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    let penalty = penalty(&found.policy, item.staked_at, context.now, amount)?;
    paid_first(found, item, context.now)?;
    let rest = amount.saturating_sub(penalty);
    let ticket = ticket(&found.policy, item, (true, rest), context.now)?;
    let carried = carried(found, item, item.shares.saturating_sub(shares));
    let holdings =
        if penalty.is_zero() { None } else { bound(state, found, (account, found.penalties_to))? };
    if holdings.is_some() {
        valued(txn, context, farm)?;
    }
    let out = StakeOut { farm, staker, shares, amount, penalty, ticket, carried, holdings };
    txn.emit(Event::Farm(FarmEvent::FarmUnstaked(Box::new(out))))
}

impl Stakes {
    /// Shares go, with what they are worth.
    pub(crate) fn leave(&mut self, shares: Shares, amount: Amount) -> Result<(), Corrupt> {
        self.shares = self.shares.checked_sub(shares).ok_or(Corrupt::CounterRange)?;
        self.amount = self.amount.checked_sub(amount).ok_or(Corrupt::CounterRange)?;
        Ok(())
    }

    /// Shares come, for an amount.
    pub(crate) fn join(&mut self, shares: Shares, amount: Amount) -> Result<(), Corrupt> {
        self.shares = self.shares.checked_add(shares).ok_or(Corrupt::Overflow)?;
        self.amount = self.amount.checked_add(amount).ok_or(Corrupt::Overflow)?;
        Ok(())
    }
}
