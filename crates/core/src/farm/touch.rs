//! What comes first in every rule that looks at stake: rewards up to now, then one staker's part of them.

use super::{
    accrual::{Earned, earn, issue, kept, unit},
    book::{Farm, Staked, Staker},
};
use crate::{
    event::{Event, FarmEvent},
    governance::Context,
    policy::{ClaimClock, FarmPolicy},
    reject::{Halt, Reject},
    state::State,
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, FarmId, MathError, Shares, Timestamp};

/// Issues what is due of every reward.
pub(crate) fn touch(txn: &mut Txn<'_>, context: &Context<'_>, farm: FarmId) -> Result<(), Halt> {
    let now = context.now;
    let found = txn.state().farms.expect(farm)?;
    let moved: Vec<FarmEvent> = (0..)
        .zip(&found.rewards)
        .filter_map(|(reward, item)| {
            let issued = issue(item, &found.policy, &found.held, now)?;
            Some(FarmEvent::RewardIssued { farm, reward, issued })
        })
        .collect();
    moved.into_iter().try_for_each(|event| txn.emit(Event::Farm(event)))
}

/// Lets the vault whose shares are staked value itself, before some of them go to another holder.
pub(crate) fn valued(txn: &mut Txn<'_>, context: &Context<'_>, farm: FarmId) -> Result<(), Halt> {
    match txn.state().farms.expect(farm)?.staked {
        Staked::Vault(vault) => crate::lending::vault::touch::touch(txn, context, vault).map(drop),
        Staked::Asset(_) | Staked::Nothing => Ok(()),
    }
}

/// A staker's part of every reward as it stands.
fn settled(farm: &Farm, staker: &Staker) -> Result<Vec<Earned>, MathError> {
    let unit = unit(&farm.policy);
    let had = staker.earned.iter().copied().chain(core::iter::repeat(Earned::default()));
    // A reward that came after the place was last settled was issued to the shares that it has.
    farm.rewards
        .iter()
        .zip(had)
        .map(|(reward, had)| earn(reward, had, staker.shares, unit))
        .collect()
}

/// Brings a farm and one of its places up to now; deposits whose wait is over begin to earn.
pub(crate) fn settle(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (farm, staker): (FarmId, u32),
) -> Result<(), Halt> {
    touch(txn, context, farm)?;
    let state = txn.state();
    let place = state.stakers.expect(staker)?;
    let earned = settled(state.farms.expect(farm)?, place)?;
    if earned != place.earned {
        txn.emit(Event::Farm(FarmEvent::StakerSettled { staker, earned }))?;
    }
    warm(txn, context, (farm, staker))
}

/// Deposits whose wait is over are stake from now on. What buys no share waits on.
fn warm(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (farm, staker): (FarmId, u32),
) -> Result<(), Halt> {
    let state = txn.state();
    let due = state.stakers.expect(staker)?.waiting(false);
    let due: Vec<_> = due.filter(|ticket| ticket.ready_at <= context.now).collect();
    let amount = due.iter().try_fold(Amount::ZERO, |sum, ticket| sum.checked_add(ticket.amount));
    let amount = amount.ok_or(Reject::overflow())?;
    let found = state.farms.expect(farm)?;
    let shares = found.held.bought(amount, &found.policy)?;
    if shares.is_zero() {
        return Ok(());
    }
    let tickets = due.iter().map(|ticket| ticket.number).collect();
    let event = FarmEvent::StakeWarmed { staker, farm, tickets, amount, shares };
    txn.emit(Event::Farm(event))
}

/// The place of an account in a farm, a new one if it has none, brought up to now.
pub(crate) fn opened(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    farm: FarmId,
    account: AccountId,
) -> Result<u32, Halt> {
    let found = txn.state().staker(farm, account);
    let staker = if let Some((staker, _)) = found {
        staker
    } else {
        let staker = txn.state().stakers.next_id();
        touch(txn, context, farm)?;
        txn.emit(Event::Farm(FarmEvent::StakerOpened { staker, farm, account }))?;
        staker
    };
    settle(txn, context, (farm, staker))?;
    Ok(staker)
}

/// The clocks of one who stakes now: what his wait before a claim counts from, and his last stake. **Rounding** of
/// the first up, to the millisecond.
pub(crate) fn clocks(
    policy: &FarmPolicy,
    staker: &Staker,
    (had, more): (Amount, Amount),
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), MathError> {
    if policy.claim_clock == ClaimClock::Opening {
        return Ok((staker.since, now));
    }
    let all = had.checked_add(more).ok_or(MathError::Overflow)?;
    if had.is_zero() || all.is_zero() {
        return Ok((now, now));
    }
    let age = Amount::new(now.since(staker.since).ms().into());
    let stays = age.mul_div_floor(had.get(), all.get())?;
    let stays = u64::try_from(stays.get()).unwrap_or(u64::MAX);
    Ok((now.minus(backstop_units::Span::from_ms(stays)), now))
}

/// What a place has at stake: active and on its way in or out.
pub(crate) fn at_stake(farm: &Farm, staker: &Staker) -> Result<Amount, MathError> {
    let active = farm.held.worth(staker.shares)?;
    let mut waiting = staker.tickets.iter();
    let all = waiting.try_fold(active, |sum, ticket| sum.checked_add(ticket.amount));
    all.ok_or(MathError::Overflow)
}

/// A place's fractions once it has so many shares.
pub(crate) fn carried(farm: &Farm, staker: &Staker, shares: Shares) -> Vec<Earned> {
    staker.earned.iter().map(|had| kept(*had, &farm.policy, shares)).collect()
}

/// A farm and a place at a moment without changing them, for reads.
///
/// # Errors
/// [`RejectCode::Overflow`](crate::RejectCode::Overflow) when it does not fit.
pub fn preview(
    state: &State,
    farm: FarmId,
    staker: Option<u32>,
    now: Timestamp,
) -> Result<(Farm, Vec<Earned>), Halt> {
    let mut farm = state.farms.expect(farm)?.clone();
    for at in 0..farm.rewards.len() {
        let reward = farm.rewards.get(at);
        let issued = reward.and_then(|item| issue(item, &farm.policy, &farm.held, now));
        if let (Some(issued), Some(reward)) = (issued, farm.rewards.get_mut(at)) {
            reward.apply(&issued)?;
        }
    }
    let earned = match staker {
        Some(staker) => settled(&farm, state.stakers.expect(staker)?)?,
        None => Vec::new(),
    };
    Ok((farm, earned))
}
