//! Stake in: at once, or after a wait in which it earns nothing.

use super::{
    book::{Farm, FarmTicket, Staked, Staker, kind},
    touch::{at_stake, clocks, opened},
};
use crate::{
    command::StakeFarm,
    event::{Event, FarmEvent, StakeIn, StakeUnit},
    governance::Context,
    lending::supply::{payable, some},
    policy::{FarmKind, FarmPolicy, FarmTimers},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, FarmId, Shares, Timestamp};

/// Where an account's stake is kept: the farm's account, or the account's place in the vault.
pub(crate) fn unit(state: &State, farm: &Farm, account: AccountId) -> Result<StakeUnit, Halt> {
    match farm.staked {
        Staked::Asset(asset) => Ok(StakeUnit::Asset(asset)),
        Staked::Vault(vault) => {
            let (holding, _) = state.holding(vault, account).ok_or(Corrupt::DanglingHandle)?;
            Ok(StakeUnit::Holding(holding))
        }
        Staked::Nothing => Err(Corrupt::DanglingHandle.into()),
    }
}

/// Refuses more than the account has free.
fn affordable(
    state: &State,
    farm: &Farm,
    account: AccountId,
    amount: Amount,
) -> Result<(), Reject> {
    match farm.staked {
        Staked::Asset(asset) => payable(state, account, (asset, amount)),
        Staked::Vault(vault) => {
            let found = state.holding(vault, account);
            let at_hand = found.map_or(Shares::ZERO, |(_, holding)| holding.shares);
            if amount.get() > at_hand.get() {
                return Err(Reject::new(RejectCode::SharesShort, amount, at_hand));
            }
            Ok(())
        }
        Staked::Nothing => Ok(()),
    }
}

pub(crate) fn stake(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &StakeFarm,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let farm = state.farm_id(command.farm)?;
    let found = state.farms.expect(farm)?;
    affordable(state, found, account, command.amount)?;
    kind(found, found.kind != FarmKind::Delegated, "a farm that takes stake")?;
    let staker = opened(txn, context, farm, account)?;
    let found = txn.state().farms.expect(farm)?;
    let all = found.held.all().and_then(|all| all.checked_add(command.amount));
    let all = all.ok_or(Reject::overflow())?;
    match found.policy.cap {
        Some(cap) if all > cap => Err(Reject::new(RejectCode::FarmFull, all, cap).into()),
        _ => enter(txn, context, (farm, staker), command.amount),
    }
}

/// What the wait of something more is.
pub(crate) fn ticket(
    policy: &FarmPolicy,
    staker: &Staker,
    (cooling, amount): (bool, Amount),
    now: Timestamp,
) -> Result<FarmTicket, Halt> {
    let wait = if cooling { policy.cooldown } else { policy.warmup };
    let ready_at = now.plus(wait);
    let one = staker.waiting(cooling).next().filter(|_| policy.timers == FarmTimers::One);
    if let Some(had) = one {
        let amount = had.amount.checked_add(amount).ok_or(Reject::overflow())?;
        return Ok(FarmTicket { amount, ready_at, ..*had });
    }
    let most = usize::from(policy.tickets_max);
    if staker.tickets.len() >= most {
        let count = staker.tickets.len().saturating_add(1);
        return Err(Reject::new(RejectCode::TooManyTickets, count, most).into());
    }
    Ok(FarmTicket { number: staker.next_ticket, cooling, amount, ready_at })
}

/// Stakes what is there, for as much as the shares cost that it buys.
fn enter(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (farm, staker): (FarmId, u32),
    most: Amount,
) -> Result<(), Halt> {
    let state = txn.state();
    let (found, place) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let policy = &found.policy;
    let bought = found.held.bought(most, policy)?;
    if bought.is_zero() {
        return Err(Reject::none(RejectCode::SharesRoundToZero).into());
    }
    let (amount, shares, ticket) = if policy.warmup.is_zero() {
        (found.held.cost(bought, policy)?, bought, None)
    } else {
        (most, Shares::ZERO, Some(ticket(policy, place, (false, most), context.now)?))
    };
    let clock = clocks(policy, place, (at_stake(found, place)?, amount), context.now)?;
    let unit = unit(state, found, place.account)?;
    let account = place.account;
    let staked = StakeIn { farm, staker, account, unit, amount, shares, ticket, clock };
    txn.emit(Event::Farm(FarmEvent::FarmStaked(Box::new(staked))))
}

/// Stakes shares that a reward has bought: at once, and without moving the staker's clocks.
pub(crate) fn reinvest(
    txn: &mut Txn<'_>,
    (farm, staker): (FarmId, u32),
    amount: Amount,
) -> Result<(), Halt> {
    let state = txn.state();
    let (found, place) = (state.farms.expect(farm)?, state.stakers.expect(staker)?);
    let shares = found.held.bought(amount, &found.policy)?;
    let unit = unit(state, found, place.account)?;
    let (account, clock) = (place.account, (place.since, place.staked_at));
    let staked = StakeIn { farm, staker, account, unit, amount, shares, ticket: None, clock };
    txn.emit(Event::Farm(FarmEvent::FarmStaked(Box::new(staked))))
}
