//! Invariants F2 and F3, counted over all farms.

use super::{
    accrual::{Earned, earn, unit},
    book::{Farm, Staked},
};
use crate::{ledger::LedgerAccount, policy::FarmDust, reject::Corrupt, state::State};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use backstop_units::{Amount, FarmId, Shares};

/// What the places of one farm add up to.
#[derive(Default)]
struct Sum {
    shares: Shares,
    waiting: Amount,
    /// Of each reward: whole atoms, and steps of a further one.
    rewards: Vec<(Amount, u128)>,
}

/// Adds steps of an atom, and takes whole atoms out of them.
fn carry(sum: &mut (Amount, u128), steps: u128, unit: u128) -> Result<(), Corrupt> {
    let all = sum.1.checked_add(steps).ok_or(Corrupt::Overflow)?;
    let (whole, rest) =
        backstop_units::split::with_carry(all, 1, unit, 0).map_err(|_| Corrupt::Overflow)?;
    sum.0 = sum.0.checked_add(Amount::new(whole)).ok_or(Corrupt::Overflow)?;
    sum.1 = rest;
    Ok(())
}

/// Counts all farms.
///
/// # Errors
/// The invariant that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let mut sums: BTreeMap<FarmId, Sum> = BTreeMap::new();
    let mut bound: BTreeMap<u32, Shares> = BTreeMap::new();
    for (_, place) in state.stakers.iter() {
        let farm = state.farms.expect(place.farm)?;
        let unit = unit(&farm.policy);
        let sum = sums.entry(place.farm).or_default();
        sum.shares = sum.shares.checked_add(place.shares).ok_or(Corrupt::Overflow)?;
        let waits = place.tickets.iter();
        let waits = waits.fold(Amount::ZERO, |sum, ticket| sum.saturating_add(ticket.amount));
        sum.waiting = sum.waiting.checked_add(waits).ok_or(Corrupt::Overflow)?;
        sum.rewards.resize(farm.rewards.len(), (Amount::ZERO, 0));
        let had = place.earned.iter().copied().chain(core::iter::repeat(Earned::default()));
        for ((reward, had), sum) in farm.rewards.iter().zip(had).zip(&mut sum.rewards) {
            let now = earn(reward, had, place.shares, unit).map_err(|_| Corrupt::Overflow)?;
            sum.0 = sum.0.checked_add(now.unclaimed).ok_or(Corrupt::Overflow)?;
            carry(sum, now.carry.get(), unit)?;
        }
        let holds = |vault| state.holding(vault, place.account).map(|(holding, _)| holding);
        if let Staked::Vault(vault) = farm.staked {
            let active = farm.held.worth(place.shares).map_err(|_| Corrupt::Overflow);
            let all = Shares::new(if place.shares.is_zero() {
                waits.get()
            } else {
                active?.saturating_add(waits).get()
            });
            if !all.is_zero() {
                let sum = bound.entry(holds(vault).ok_or(Corrupt::DanglingHandle)?).or_default();
                *sum = sum.checked_add(all).ok_or(Corrupt::Overflow)?;
            }
        }
    }
    for (id, farm) in state.farms.iter() {
        let sum = sums.remove(&id).unwrap_or_default();
        staked(state, (id, farm), &sum, &mut bound)?;
        rewarded(state, (id, farm), sum.rewards)?;
    }
    let kept = state
        .holdings
        .iter()
        .all(|(id, holding)| holding.staked == bound.get(&id).copied().unwrap_or_default());
    if kept { Ok(()) } else { Err(Corrupt::Invariant("F2")) }
}

fn staked(
    state: &State,
    (id, farm): (FarmId, &Farm),
    sum: &Sum,
    bound: &mut BTreeMap<u32, Shares>,
) -> Result<(), Corrupt> {
    let held = &farm.held;
    let all = held.all().ok_or(Corrupt::Overflow)?;
    let kept = match farm.staked {
        Staked::Asset(asset) => state.ledger.owed(LedgerAccount::FarmStake(id), asset) == all,
        Staked::Vault(vault) => {
            if !held.penalties.is_zero() {
                let place = state.holding(vault, farm.penalties_to);
                let (place, _) = place.ok_or(Corrupt::DanglingHandle)?;
                let sum = bound.entry(place).or_default();
                *sum = sum.saturating_add(Shares::new(held.penalties.get()));
            }
            true
        }
        Staked::Nothing => held.waiting.is_zero() && held.penalties.is_zero(),
    };
    let adds_up = sum.shares == held.shares && sum.waiting == held.waiting;
    // Nothing is left behind when the last share goes.
    let empty = !held.shares.is_zero() || held.amount.is_zero();
    if kept && adds_up && empty { Ok(()) } else { Err(Corrupt::Invariant("F2")) }
}

fn rewarded(
    state: &State,
    (id, farm): (FarmId, &Farm),
    mut sums: Vec<(Amount, u128)>,
) -> Result<(), Corrupt> {
    if sums.is_empty() {
        sums = vec![(Amount::ZERO, 0); farm.rewards.len()];
    }
    let exact = farm.policy.dust == FarmDust::Carried;
    for (reward, mut sum) in farm.rewards.iter().zip(sums) {
        carry(&mut sum, reward.carry.get(), unit(&farm.policy))?;
        let (whole, steps) = sum;
        let adds_up = if exact {
            (whole, steps) == (reward.owed, 0)
        } else {
            whole < reward.owed || (whole == reward.owed && steps == 0)
        };
        let posted = state.ledger.owed(LedgerAccount::FarmRewards(id), reward.asset);
        if !adds_up || reward.left.checked_add(reward.owed) != Some(posted) {
            return Err(Corrupt::Invariant("F3"));
        }
    }
    Ok(())
}
