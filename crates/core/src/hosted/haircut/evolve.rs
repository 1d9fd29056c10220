//! What haircuts leave in the state, and what has to add up.

use super::{HAIRCUTS_MAX, Haircut, HaircutShare, Holdings, due};
use crate::{
    event::{HaircutPart, HaircutTaken},
    ledger::LedgerAccount,
    reject::Corrupt,
    state::{LossRow, State},
};
use alloc::{vec, vec::Vec};
use backstop_units::{AccountId, Amount, FundId, LossId};

/// A loss that made a pool short.
pub(crate) fn opened(
    state: &mut State,
    (loss, row): (LossId, u8),
    (fund, id): (FundId, u32),
    amount: Amount,
) -> Result<(), Corrupt> {
    let (open, taken, returned) = (amount, Amount::ZERO, Amount::ZERO);
    state.haircuts.insert(id, Haircut { fund, loss, row, open, taken, returned })?;
    let pool = state.margin_pools.change(fund)?;
    let free = pool.haircuts.iter_mut().find(|place| place.is_none());
    *free.ok_or(Corrupt::CounterRange)? = Some(id);
    Ok(())
}

/// Somebody took parts of a pool's haircuts over.
pub(crate) fn taken(state: &mut State, event: &HaircutTaken) -> Result<(), Corrupt> {
    event.parts.iter().try_for_each(|part| part_taken(state, event.account, part))
}

fn part_taken(state: &mut State, who: AccountId, part: &HaircutPart) -> Result<(), Corrupt> {
    let item = state.haircuts.change(part.haircut)?;
    item.open = item.open.checked_sub(part.amount).ok_or(Corrupt::Overdrawn)?;
    item.taken = item.taken.checked_add(part.amount).ok_or(Corrupt::Overflow)?;
    let item = *item;
    let row = row_of(state, &item)?;
    let lacking = row.row.amount.checked_sub(row.recovered).ok_or(Corrupt::CounterRange)?;
    let weight = part.amount.mul_div_floor(row.row.amount.get(), lacking.get());
    let weight = weight.map_err(|_| Corrupt::Overflow)?;
    share(state, (part, who), weight, &row)?;
    closed(state, part.haircut, &item)
}

/// Adds to what an account has taken over of a haircut, after what it was due until now.
fn share(
    state: &mut State,
    (part, account): (&HaircutPart, AccountId),
    weight: Amount,
    row: &LossRow,
) -> Result<(), Corrupt> {
    let (haircut, taken, since) = (part.haircut, part.amount, row.recovered);
    let Some(id) = state.labels.haircut_shares.get((haircut, account)) else {
        let id = state.haircut_shares.next_id();
        let share = HaircutShare { haircut, account, taken, weight, since, due: Amount::ZERO };
        state.haircut_shares.insert(id, share)?;
        state.labels.haircut_shares.insert((haircut, account), id);
        return Ok(());
    };
    let old = *state.haircut_shares.expect(id)?;
    let share = state.haircut_shares.change(id)?;
    share.due = due(&old, row)?;
    share.since = since;
    share.taken = old.taken.checked_add(taken).ok_or(Corrupt::Overflow)?;
    share.weight = old.weight.checked_add(weight).ok_or(Corrupt::Overflow)?;
    Ok(())
}

/// Money that came back to a row: into the pool, or for those who took parts over.
pub(crate) fn returned(
    state: &mut State,
    id: u32,
    (to, amount): (LedgerAccount, Amount),
) -> Result<(), Corrupt> {
    let item = state.haircuts.change(id)?;
    if to == LedgerAccount::Haircut(item.fund) {
        item.open = item.open.checked_sub(amount).ok_or(Corrupt::Overdrawn)?;
    } else {
        item.returned = item.returned.checked_add(amount).ok_or(Corrupt::Overflow)?;
    }
    let item = *item;
    closed(state, id, &item)
}

/// A haircut of which nothing is open leaves its pool's list.
fn closed(state: &mut State, id: u32, item: &Haircut) -> Result<(), Corrupt> {
    if !item.open.is_zero() {
        return Ok(());
    }
    let pool = state.margin_pools.change(item.fund)?;
    let mut kept = [None; HAIRCUTS_MAX];
    let others = pool.haircuts.iter().flatten().filter(|other| **other != id);
    kept.iter_mut().zip(others).for_each(|(place, other)| *place = Some(*other));
    pool.haircuts = kept;
    Ok(())
}

fn row_of(state: &State, item: &Haircut) -> Result<LossRow, Corrupt> {
    let rows = &state.losses.expect(item.loss)?.rows;
    rows.get(usize::from(item.row)).cloned().ok_or(Corrupt::DanglingHandle)
}

/// What came back to those who took parts of each loss over; it waits in the loss's recoveries.
pub(crate) fn returned_by_loss(state: &State) -> Result<Vec<Amount>, Corrupt> {
    let mut sums = vec![Amount::ZERO; state.losses.len()];
    for (_, item) in state.haircuts.iter() {
        let at = usize::try_from(item.loss.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = sums.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.saturating_add(item.returned);
    }
    Ok(sums)
}

/// Counts haircuts: **H5**.
///
/// # Errors
/// Where what is open, was taken over and came back does not add up.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let broken = Corrupt::Invariant("H5");
    let mut shares = vec![(Amount::ZERO, Amount::ZERO); state.haircuts.len()];
    for (_, share) in state.haircut_shares.iter() {
        let row = row_of(state, state.haircuts.expect(share.haircut)?)?;
        let at = usize::try_from(share.haircut).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = shares.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = (sum.0.saturating_add(share.taken), sum.1.saturating_add(due(share, &row)?));
    }
    let mut open = vec![Amount::ZERO; state.funds.len()];
    for ((id, item), (taken, due)) in state.haircuts.iter().zip(shares) {
        let row = row_of(state, item)?;
        let sum = item.open.saturating_add(item.taken).checked_sub(item.returned);
        let lacking = row.row.amount.checked_sub(row.recovered);
        let pool = state.margin_pools.expect(item.fund)?;
        let listed = pool.haircuts.contains(&Some(id));
        if sum != lacking || taken != item.taken || due > item.returned {
            return Err(broken);
        }
        if listed == item.open.is_zero() {
            return Err(broken);
        }
        let at = usize::try_from(item.fund.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = open.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.saturating_add(item.open);
    }
    for ((id, fund), open) in state.funds.iter().zip(open) {
        let short = state.ledger.held(LedgerAccount::Haircut(id), fund.asset);
        let holdings = Holdings::of(state, id, fund.asset)?;
        if short != open || holdings.short != open || open > holdings.claims {
            return Err(broken);
        }
    }
    Ok(())
}
