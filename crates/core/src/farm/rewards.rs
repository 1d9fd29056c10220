//! Rewards of a farm: how they come, and money for them.

use super::{
    accrual::Reward,
    book::{Farm, Staked, kind, reward},
    schedule,
    touch::touch,
};
use crate::{
    command::{DefundFarm, FundFarm, SetReward},
    event::{Event, FarmEvent},
    governance::Context,
    lending::supply::{payable, some},
    policy::FarmKind,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::AssetId;

/// Most rewards of one farm.
pub(crate) const REWARDS_MAX: usize = 10;

/// An autocompound farm pays in what its vault holds, and in nothing else.
fn pays(state: &State, farm: &Farm, asset: AssetId) -> Result<(), Halt> {
    let Staked::Vault(vault) = farm.staked else { return Ok(()) };
    let held = state.vaults.expect(vault)?.asset;
    if farm.kind == FarmKind::Autocompound && asset != held {
        let [got, held] = [state.assets.expect(asset)?, state.assets.expect(held)?];
        return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
    }
    Ok(())
}

/// A schedule holds from now on, whatever it says of the past.
pub(crate) fn set(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SetReward,
) -> Result<(), Halt> {
    let state = txn.state();
    let (asset, farm) = (state.asset_id(command.asset)?, state.farm_id(command.farm)?);
    let found = state.farms.expect(farm)?;
    pays(state, found, asset)?;
    let is_new = found.rewards.iter().all(|reward| reward.asset != asset);
    if is_new && found.rewards.len() >= REWARDS_MAX {
        let count = found.rewards.len().saturating_add(1);
        return Err(Reject::new(RejectCode::CapacityReached, count, REWARDS_MAX).into());
    }
    schedule::check(&command.terms)?;
    touch(txn, context, farm)?;
    let (terms, at) = (command.terms.clone(), context.now);
    txn.emit(Event::Farm(FarmEvent::RewardSet { farm, asset, terms, at }))
}

pub(crate) fn fund(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &FundFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let farm = state.farm_id(command.farm)?;
    let (asset, amount) = (state.asset_id(command.asset)?, command.amount);
    payable(state, account, (asset, amount))?;
    let (reward, _) = reward(state, state.farms.expect(farm)?, command.asset)?;
    // What was due while nothing was left is not owed later.
    touch(txn, context, farm)?;
    txn.emit(Event::Farm(FarmEvent::FarmFunded { farm, reward, account, asset, amount }))
}

/// Only what nobody can expect any more: a schedule that is over, and what is left then.
pub(crate) fn defund(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &DefundFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let farm = state.farm_id(command.farm)?;
    let asset = state.asset_id(command.asset)?;
    let (at, Reward { terms, .. }) = reward(state, state.farms.expect(farm)?, command.asset)?;
    if !terms.is_over(context.now) {
        return Err(Reject::got(RejectCode::RewardsRun, command.asset).into());
    }
    touch(txn, context, farm)?;
    let (_, Reward { left, .. }) =
        reward(txn.state(), txn.state().farms.expect(farm)?, command.asset)?;
    let amount = command.amount;
    if amount > *left {
        return Err(Reject::new(RejectCode::AboveUnissued, amount, *left).into());
    }
    txn.emit(Event::Farm(FarmEvent::FarmDefunded { farm, reward: at, account, asset, amount }))
}

/// Refuses a farm whose rewards become stake.
pub(crate) fn claimable(farm: &Farm) -> Result<(), Halt> {
    kind(farm, farm.kind != FarmKind::Autocompound, "rewards that are paid out")
}
