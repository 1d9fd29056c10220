//! Claims: a staker's reward is paid, less the treasury's fee.

use super::{
    book::{Staker, place, reward},
    rewards::claimable,
    touch::settle,
};
use crate::{
    command::HarvestFarm,
    event::{Event, FarmEvent},
    governance::Context,
    reject::{Corrupt, Halt, Reject, RejectCode},
    txn::Txn,
};
use backstop_units::{Amount, FarmId, Label, Timestamp};

/// From when on a staker may claim a reward.
fn claimable_from(staker: &Staker, at: u8, wait: backstop_units::Span) -> Timestamp {
    let claimed = staker.earned.get(usize::from(at)).and_then(|earned| earned.claimed_at);
    claimed.map_or(staker.since, |claimed| claimed.max(staker.since)).plus(wait)
}

/// Pays a reward to its staker's free balance; what he got. **Rounding** of the fee down: he keeps the dust.
pub(crate) fn pay(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (farm, staker): (FarmId, u32),
    asset: Label,
) -> Result<Amount, Halt> {
    let state = txn.state();
    let (at, item) = reward(state, state.farms.expect(farm)?, asset)?;
    let from = claimable_from(state.stakers.expect(staker)?, at, item.terms.claim_wait);
    if context.now < from {
        return Err(Reject::new(RejectCode::ClaimTooEarly, context.now, from).into());
    }
    settle(txn, context, (farm, staker))?;
    let state = txn.state();
    let (found, place) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let earned = place.earned.get(usize::from(at)).copied().unwrap_or_default();
    let amount = earned.unclaimed;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::NothingEarned).into());
    }
    let fee = found.policy.fee.of_floor(amount)?;
    let (account, treasury) = (place.account, found.treasury);
    let paid_in = found.rewards.get(usize::from(at)).ok_or(Corrupt::DanglingHandle)?;
    let asset = paid_in.asset;
    let event = FarmEvent::RewardHarvested {
        farm,
        staker,
        reward: at,
        account,
        treasury,
        asset,
        amount,
        fee,
    };
    txn.emit(Event::Farm(event))?;
    Ok(amount.saturating_sub(fee))
}

pub(crate) fn harvest(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &HarvestFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    let farm = state.farm_id(command.farm)?;
    claimable(state.farms.expect(farm)?)?;
    reward(state, state.farms.expect(farm)?, command.asset)?;
    let (staker, _) = place(state, farm, (account, command.account))?;
    pay(txn, context, (farm, staker), command.asset).map(drop)
}
