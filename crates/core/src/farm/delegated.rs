//! Farms without stake of their own: somebody says what each has at stake, and may reward one.

use super::{
    book::{kind, place, reward},
    touch::{clocks, opened, settle},
};
use crate::{
    command::{RewardOnce, SetFarmStake},
    event::{Event, FarmEvent, StakeSet},
    governance::Context,
    lending::supply::some,
    policy::{FarmDust, FarmKind},
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Amount, FarmId, ShareIndex, Shares};

/// What an account has at stake from now on. Whatever rule keeps shares of its own, such as an insurance pool, calls
/// this whenever they change, and its holders earn a farm's rewards.
pub(crate) fn follow(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (farm, account): (FarmId, AccountId),
    stake: Shares,
) -> Result<(), Halt> {
    let staker = opened(txn, context, farm, account)?;
    let state = txn.state();
    let (found, item) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let carried: Vec<_> = match found.policy.dust {
        FarmDust::Carried => item.earned.clone(),
        FarmDust::Left => {
            let none = ShareIndex::ZERO;
            item.earned.iter().map(|had| super::accrual::Earned { carry: none, ..*had }).collect()
        }
    };
    let more = stake.saturating_sub(item.shares);
    let clock = if more.is_zero() {
        (item.since, item.staked_at)
    } else {
        let (had, more) = (Amount::new(item.shares.get()), Amount::new(more.get()));
        clocks(&found.policy, item, (had, more), context.now)?
    };
    let set = StakeSet { farm, staker, stake, carried, clock };
    txn.emit(Event::Farm(FarmEvent::FarmStakeSet(Box::new(set))))
}

pub(crate) fn set(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SetFarmStake,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    kind(found, found.kind == FarmKind::Delegated, FarmKind::Delegated.word())?;
    follow(txn, context, (farm, account), command.stake)
}

/// Out of what is not issued, so it is always there; refused unless the staker has exactly what the sender believes,
/// so the same reward is not given twice.
pub(crate) fn reward_once(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &RewardOnce,
) -> Result<(), Halt> {
    let state = txn.state();
    state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    kind(found, found.kind == FarmKind::Delegated, FarmKind::Delegated.word())?;
    let (at, _) = reward(state, found, command.asset)?;
    let (staker, _) = place(state, farm, (account, command.account))?;
    settle(txn, context, (farm, staker))?;
    let state = txn.state();
    let (_, item) = reward(state, state.farms.expect(farm)?, command.asset)?;
    let amount = command.amount;
    if amount > item.left {
        return Err(Reject::new(RejectCode::AboveUnissued, amount, item.left).into());
    }
    let earned = state.stakers.expect(staker)?.earned.get(usize::from(at));
    let unclaimed = earned.map_or(Amount::ZERO, |earned| earned.unclaimed);
    if unclaimed != command.expected {
        return Err(Reject::new(RejectCode::ExpectedDiffers, command.expected, unclaimed).into());
    }
    txn.emit(Event::Farm(FarmEvent::RewardGiven { farm, staker, reward: at, amount }))
}
