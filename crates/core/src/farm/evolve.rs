//! What events about farms change, and what they post.

use super::{
    accrual::{Earned, Reward},
    book::{Farm, FarmTicket, Staker, Stakes},
};
use crate::{
    event::{
        CancelledTicket, CreatedFarm, FarmEvent, StakeIn, StakeMove, StakeOut, StakePaid, StakeUnit,
    },
    ledger::LedgerAccount,
    lending::vault::holders::{bind, hand_over},
    reject::Corrupt,
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Amount, AssetId, FarmId, ShareIndex, Shares};

pub(crate) fn evolve(state: &mut State, event: &FarmEvent) -> Result<(), Corrupt> {
    match event {
        FarmEvent::FarmCreated(it) => created(state, it),
        FarmEvent::FarmAttached { vault, farm } => {
            let found = state.farms.change(*farm)?;
            (found.owner, found.offered) = (None, None);
            state.vaults.change(*vault)?.farm = Some(*farm);
            Ok(())
        }
        FarmEvent::FarmPolicySet { farm, policy } => {
            state.farms.change(*farm)?.policy.clone_from(policy);
            Ok(())
        }
        FarmEvent::FarmOffered { farm, owner } => {
            state.farms.change(*farm)?.offered = Some(*owner);
            Ok(())
        }
        FarmEvent::FarmTaken { farm, owner } => {
            let found = state.farms.change(*farm)?;
            (found.owner, found.offered) = (Some(*owner), None);
            Ok(())
        }
        FarmEvent::StakerOpened { staker, farm, account } => {
            let now = state.meta.now;
            state.labels.stakers.insert((*farm, *account), *staker);
            let (account, farm, shares) = (*account, *farm, Shares::ZERO);
            // What was issued before he came is not his.
            let rewards = state.farms.expect(farm)?.rewards.iter();
            let earned =
                rewards.map(|item| Earned { seen: item.index, ..Earned::default() }).collect();
            let (since, staked_at, tickets, next_ticket) = (now, now, Vec::new(), 0);
            let place =
                Staker { account, farm, shares, since, staked_at, earned, tickets, next_ticket };
            state.stakers.insert(*staker, place)
        }
        FarmEvent::StakerSettled { staker, earned } => {
            state.stakers.change(*staker)?.earned.clone_from(earned);
            Ok(())
        }
        FarmEvent::RewardSet { .. }
        | FarmEvent::FarmFunded { .. }
        | FarmEvent::FarmDefunded { .. }
        | FarmEvent::RewardIssued { .. }
        | FarmEvent::RewardHarvested { .. }
        | FarmEvent::RewardGiven { .. } => rewards(state, event),
        _ => stakes(state, event),
    }
}

fn created(state: &mut State, it: &CreatedFarm) -> Result<(), Corrupt> {
    state.labels.farms.insert(it.label, it.farm);
    let farm = Farm {
        label: it.label,
        kind: it.kind,
        staked: it.staked,
        owner: Some(it.owner),
        offered: None,
        treasury: it.treasury,
        penalties_to: it.penalties_to,
        policy: Box::new(it.policy.clone()),
        held: Stakes::default(),
        rewards: Vec::new(),
    };
    state.farms.insert(it.farm, farm)
}

fn of(farm: &mut Farm, reward: u8) -> Result<&mut Reward, Corrupt> {
    farm.rewards.get_mut(usize::from(reward)).ok_or(Corrupt::DanglingHandle)
}

fn part(staker: &mut Staker, reward: u8) -> Result<&mut Earned, Corrupt> {
    staker.earned.get_mut(usize::from(reward)).ok_or(Corrupt::DanglingHandle)
}

fn rewards(state: &mut State, event: &FarmEvent) -> Result<(), Corrupt> {
    match event {
        FarmEvent::RewardSet { farm, asset, terms, at } => {
            let rewards = &mut state.farms.change(*farm)?.rewards;
            match rewards.iter_mut().find(|reward| reward.asset == *asset) {
                Some(reward) => {
                    reward.terms.clone_from(terms);
                    // The rest is in parts of the old rate: less than an atom that was not issued.
                    (reward.rest, reward.at) = (ShareIndex::ZERO, *at);
                }
                None => rewards.push(Reward::new(*asset, (**terms).clone(), *at)),
            }
            Ok(())
        }
        FarmEvent::FarmFunded { farm, reward, amount, .. } => {
            let item = of(state.farms.change(*farm)?, *reward)?;
            item.left = more(item.left, *amount)?;
            Ok(())
        }
        FarmEvent::FarmDefunded { farm, reward, amount, .. } => {
            let item = of(state.farms.change(*farm)?, *reward)?;
            item.left = less(item.left, *amount)?;
            Ok(())
        }
        FarmEvent::RewardIssued { farm, reward, issued } => {
            let item = of(state.farms.change(*farm)?, *reward)?;
            item.apply(issued).map_err(|_| Corrupt::Overflow)
        }
        FarmEvent::RewardHarvested { farm, staker, reward, amount, .. } => {
            let now = state.meta.now;
            let item = of(state.farms.change(*farm)?, *reward)?;
            item.owed = less(item.owed, *amount)?;
            let place = part(state.stakers.change(*staker)?, *reward)?;
            place.unclaimed = less(place.unclaimed, *amount)?;
            place.claimed_at = Some(now);
            Ok(())
        }
        FarmEvent::RewardGiven { farm, staker, reward, amount } => {
            let item = of(state.farms.change(*farm)?, *reward)?;
            item.left = less(item.left, *amount)?;
            item.owed = more(item.owed, *amount)?;
            let place = part(state.stakers.change(*staker)?, *reward)?;
            place.unclaimed = more(place.unclaimed, *amount)?;
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn stakes(state: &mut State, event: &FarmEvent) -> Result<(), Corrupt> {
    match event {
        FarmEvent::StakeWarmed { staker, farm, tickets, amount, shares } => {
            let place = state.stakers.change(*staker)?;
            place.tickets.retain(|ticket| !tickets.contains(&ticket.number));
            place.shares = place.shares.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            let held = &mut state.farms.change(*farm)?.held;
            held.waiting = less(held.waiting, *amount)?;
            held.join(*shares, *amount)
        }
        FarmEvent::FarmStaked(it) => staked(state, it),
        FarmEvent::FarmUnstaked(it) => unstaked(state, it),
        FarmEvent::FarmTicketCancelled(it) => cancelled(state, it),
        FarmEvent::FarmWithdrawn(it) => paid(state, it),
        FarmEvent::FarmStakeMoved(it) => moved(state, it),
        FarmEvent::FarmStakeSet(it) => {
            let place = state.stakers.change(it.staker)?;
            let had = place.shares;
            place.shares = it.stake;
            place.earned.clone_from(&it.carried);
            (place.since, place.staked_at) = it.clock;
            let amount = |shares: Shares| Amount::new(shares.get());
            let held = &mut state.farms.change(it.farm)?.held;
            held.leave(had, amount(had))?;
            held.join(it.stake, amount(it.stake))
        }
        FarmEvent::FarmStakeGiven { farm, amount, .. } => {
            let held = &mut state.farms.change(*farm)?.held;
            held.amount = more(held.amount, *amount)?;
            Ok(())
        }
        FarmEvent::PenaltiesPaid { farm, unit, amount, .. } => {
            let held = &mut state.farms.change(*farm)?.held;
            held.penalties = less(held.penalties, *amount)?;
            free(state, *unit, *amount)
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn staked(state: &mut State, it: &StakeIn) -> Result<(), Corrupt> {
    let place = state.stakers.change(it.staker)?;
    place.shares = place.shares.checked_add(it.shares).ok_or(Corrupt::Overflow)?;
    (place.since, place.staked_at) = it.clock;
    let held = &mut state.farms.change(it.farm)?.held;
    match it.ticket {
        Some(_) => held.waiting = more(held.waiting, it.amount)?,
        None => held.join(it.shares, it.amount)?,
    }
    if let Some(ticket) = it.ticket {
        wait(state, it.staker, ticket)?;
    }
    match it.unit {
        StakeUnit::Holding(holding) => bind(state, holding, (shares(it.amount), Shares::ZERO)),
        StakeUnit::Asset(_) => Ok(()),
    }
}

/// Adds a wait, or puts it in the place of the one with its number.
fn wait(state: &mut State, staker: u32, ticket: FarmTicket) -> Result<(), Corrupt> {
    let place = state.stakers.change(staker)?;
    if let Some(had) = place.tickets.iter_mut().find(|had| had.number == ticket.number) {
        *had = ticket;
    } else {
        place.tickets.push(ticket);
        place.next_ticket = ticket.number.checked_add(1).ok_or(Corrupt::Overflow)?;
    }
    Ok(())
}

fn unstaked(state: &mut State, it: &StakeOut) -> Result<(), Corrupt> {
    let place = state.stakers.change(it.staker)?;
    place.shares = place.shares.checked_sub(it.shares).ok_or(Corrupt::CounterRange)?;
    place.earned.clone_from(&it.carried);
    let held = &mut state.farms.change(it.farm)?.held;
    held.leave(it.shares, it.amount)?;
    held.penalties = more(held.penalties, it.penalty)?;
    held.waiting = more(held.waiting, less(it.amount, it.penalty)?)?;
    wait(state, it.staker, it.ticket)?;
    match &it.holdings {
        Some(over) => hand_over(state, over, shares(it.penalty)),
        None => Ok(()),
    }
}

fn cancelled(state: &mut State, it: &CancelledTicket) -> Result<(), Corrupt> {
    let place = state.stakers.change(it.staker)?;
    place.tickets.retain(|ticket| ticket.number != it.ticket);
    let back = it.shares.unwrap_or_default();
    place.shares = place.shares.checked_add(back).ok_or(Corrupt::Overflow)?;
    let held = &mut state.farms.change(it.farm)?.held;
    held.waiting = less(held.waiting, it.amount)?;
    match it.shares {
        Some(shares) => held.join(shares, it.amount),
        None => free(state, it.unit, it.amount),
    }
}

fn paid(state: &mut State, it: &StakePaid) -> Result<(), Corrupt> {
    let place = state.stakers.change(it.staker)?;
    place.tickets.retain(|ticket| !it.tickets.contains(&ticket.number));
    let held = &mut state.farms.change(it.farm)?.held;
    held.waiting = less(held.waiting, it.amount)?;
    free(state, it.unit, it.amount)
}

fn moved(state: &mut State, it: &StakeMove) -> Result<(), Corrupt> {
    let from = state.stakers.change(it.from)?;
    from.shares = from.shares.checked_sub(it.shares).ok_or(Corrupt::CounterRange)?;
    from.earned.clone_from(&it.carried);
    let to = state.stakers.change(it.to)?;
    to.shares = to.shares.checked_add(it.shares).ok_or(Corrupt::Overflow)?;
    (to.since, to.staked_at) = it.clock;
    match &it.holdings {
        Some(over) => hand_over(state, over, shares(it.amount)),
        None => Ok(()),
    }
}

fn free(state: &mut State, unit: StakeUnit, amount: Amount) -> Result<(), Corrupt> {
    match unit {
        StakeUnit::Holding(holding) => bind(state, holding, (Shares::ZERO, shares(amount))),
        StakeUnit::Asset(_) => Ok(()),
    }
}

/// A farm that stakes a vault's shares counts them as atoms.
fn shares(amount: Amount) -> Shares {
    Shares::new(amount.get())
}
fn more(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn less(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}

/// Money of farms.
pub(crate) fn postings<E>(
    event: &FarmEvent,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    let stake = |farm: FarmId, account: AccountId, unit: StakeUnit| match unit {
        StakeUnit::Asset(asset) => Some((asset, L::FarmStake(farm), L::Balance(account))),
        StakeUnit::Holding(_) => None,
    };
    let (paid, amount) = match event {
        FarmEvent::FarmFunded { farm, account, asset, amount, .. } => {
            return one(*asset, L::Balance(*account), L::FarmRewards(*farm), *amount);
        }
        FarmEvent::FarmDefunded { farm, account, asset, amount, .. } => {
            return one(*asset, L::FarmRewards(*farm), L::Balance(*account), *amount);
        }
        FarmEvent::RewardHarvested { farm, account, treasury, asset, amount, fee, .. } => {
            let (rewards, net) = (L::FarmRewards(*farm), amount.saturating_sub(*fee));
            one(*asset, rewards, L::Balance(*account), net)?;
            return one(*asset, rewards, L::Balance(*treasury), *fee);
        }
        FarmEvent::FarmStakeGiven { farm, account, asset, amount } => {
            return one(*asset, L::Balance(*account), L::FarmStake(*farm), *amount);
        }
        FarmEvent::FarmStaked(it) => {
            return match stake(it.farm, it.account, it.unit) {
                Some((asset, farm, balance)) => one(asset, balance, farm, it.amount),
                None => Ok(()),
            };
        }
        FarmEvent::FarmTicketCancelled(it) if it.shares.is_none() => {
            (stake(it.farm, it.account, it.unit), it.amount)
        }
        FarmEvent::FarmWithdrawn(it) => (stake(it.farm, it.account, it.unit), it.amount),
        FarmEvent::PenaltiesPaid { farm, account, unit, amount } => {
            (stake(*farm, *account, *unit), *amount)
        }
        _ => (None, Amount::ZERO),
    };
    match paid {
        Some((asset, farm, balance)) => one(asset, farm, balance, amount),
        None => Ok(()),
    }
}
