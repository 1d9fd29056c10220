//! Atoms for all stakers at once; and penalties, paid to whom they go.

use super::{
    book::{Staked, kind},
    stake::unit,
    touch::touch,
};
use crate::{
    command::{GiveFarmStake, PayPenalties, RefreshFarm},
    event::{Event, FarmEvent},
    governance::Context,
    lending::supply::{payable, some},
    policy::FarmPolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};

/// Every active share is worth more. Where shares are as coarse as atoms a gift could make one too dear for what others
/// stake next, so such farms take none; nor do those that stake a vault's shares, whose holders must stay in sight.
pub(crate) fn give(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &GiveFarmStake,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    let fine = found.policy.stake_decimals >= FarmPolicy::GIFT_DECIMALS;
    let Staked::Asset(asset) = found.staked else {
        return kind(found, false, "an asset with fine shares");
    };
    payable(state, account, (asset, command.amount))?;
    kind(found, fine, "an asset with fine shares")?;
    if found.held.shares.is_zero() {
        return Err(Reject::none(RejectCode::NobodyStakes).into());
    }
    touch(txn, context, farm)?;
    let amount = command.amount;
    txn.emit(Event::Farm(FarmEvent::FarmStakeGiven { farm, account, asset, amount }))
}

pub(crate) fn pay_penalties(state: &State, command: &PayPenalties) -> Result<Event, Halt> {
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    let (account, amount) = (found.penalties_to, found.held.penalties);
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::NoPenalties).into());
    }
    let unit = unit(state, found, account)?;
    Ok(Event::Farm(FarmEvent::PenaltiesPaid { farm, account, unit, amount }))
}

/// Brings a farm up to now, and a place in it.
pub(crate) fn refresh(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &RefreshFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = command.account.map(|label| state.account_id(label)).transpose()?;
    let farm = state.farm_id(command.farm)?;
    match account {
        Some(account) => super::touch::opened(txn, context, farm, account).map(drop),
        None => touch(txn, context, farm),
    }
}
