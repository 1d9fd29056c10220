//! What events about lending change, and what they post.

use super::{
    accrue::Due,
    book::{LendingReserve, Loan, Pledge, Supply},
    exchange::Holdings,
    occurrence,
};
use crate::{
    event::{LendingEvent, LoanLiquidation, Repayment, Socialised},
    ledger::LedgerAccount,
    policy::ReserveStatus,
    reject::Corrupt,
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, AssetId, Fixed60, ReserveId, Shares};

pub(crate) fn evolve(state: &mut State, event: &LendingEvent) -> Result<(), Corrupt> {
    match event {
        LendingEvent::ReserveCreated { reserve, label, asset, treasury, policy } => {
            state.labels.reserves.insert(*label, *reserve);
            let accrued_at = state.meta.now;
            let created = LendingReserve {
                label: *label,
                asset: *asset,
                treasury: *treasury,
                policy: policy.clone(),
                status: ReserveStatus::Active,
                listed: false,
                held: Holdings::default(),
                referrers: Fixed60::ZERO,
                index: Fixed60::UNIT,
                accrued_at,
                impaired: Fixed60::ZERO,
                occurrences: 0,
                seen: 0,
            };
            state.reserves.insert(*reserve, created)
        }
        LendingEvent::ReserveSet { reserve, policy } => {
            state.reserves.change(*reserve)?.policy.clone_from(policy);
            Ok(())
        }
        LendingEvent::ReserveStatusSet { reserve, status } => {
            state.reserves.change(*reserve)?.status = *status;
            Ok(())
        }
        LendingEvent::InterestAccrued { reserve, at, interest, index, .. } => {
            let due = Due { at: *at, interest: *interest, index: *index };
            state.reserves.change(*reserve)?.add(&due).map_err(|_| Corrupt::Overflow)
        }
        LendingEvent::InterestCollected { reserve, amount, .. } => {
            let reserve = state.reserves.change(*reserve)?;
            let held = &mut reserve.held;
            held.fees = minus(held.fees, Fixed60::from_atoms(*amount).ok_or(Corrupt::Overflow)?)?;
            held.available = less(held.available, *amount)?;
            reserve.referrers = reserve.referrers.min(held.fees);
            Ok(())
        }
        LendingEvent::Supplied { .. } | LendingEvent::SupplyWithdrawn { .. } => {
            supply(state, event)
        }
        _ => loan(state, event),
    }
}

fn supply(state: &mut State, event: &LendingEvent) -> Result<(), Corrupt> {
    match event {
        LendingEvent::Supplied { reserve, supply, account, amount, shares, .. } => {
            if *supply == state.supplies.next_id() {
                state.labels.supplies.insert((*reserve, *account), *supply);
                let none = Supply { account: *account, reserve: *reserve, shares: Shares::ZERO };
                state.supplies.insert(*supply, none)?;
            }
            let held = state.supplies.change(*supply)?;
            held.shares = held.shares.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            let held = &mut state.reserves.change(*reserve)?.held;
            held.shares = held.shares.checked_add(*shares).ok_or(Corrupt::Overflow)?;
            held.available = held.available.checked_add(*amount).ok_or(Corrupt::Overflow)?;
            Ok(())
        }
        LendingEvent::SupplyWithdrawn { reserve, supply, amount, shares, .. } => {
            let held = state.supplies.change(*supply)?;
            held.shares = held.shares.checked_sub(*shares).ok_or(Corrupt::CounterRange)?;
            let held = &mut state.reserves.change(*reserve)?.held;
            held.shares = held.shares.checked_sub(*shares).ok_or(Corrupt::CounterRange)?;
            held.available = less(held.available, *amount)?;
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn loan(state: &mut State, event: &LendingEvent) -> Result<(), Corrupt> {
    match event {
        LendingEvent::Pledged { reserve, loan, account, asset, amount } => {
            open(state, *reserve, *loan, *account)?;
            give(state, *loan, *asset, *amount)
        }
        LendingEvent::Unpledged { loan, asset, amount, .. } => take(state, *loan, *asset, *amount),
        LendingEvent::Borrowed { reserve, loan, amount, debt, .. } => {
            let held = &mut state.reserves.change(*reserve)?.held;
            held.available = less(held.available, *amount)?;
            let added = Fixed60::from_atoms(*amount).ok_or(Corrupt::Overflow)?;
            held.borrowed = plus(held.borrowed, added)?;
            owe(state, *reserve, *loan, *debt)
        }
        LendingEvent::Repaid(repayment) => repaid(state, repayment),
        LendingEvent::LoanLiquidated(it) => {
            let LoanLiquidation { repayment, seizure } = &**it;
            repaid(state, repayment)?;
            let seized = seizure.to_liquidator.checked_add(seizure.to_treasury);
            let seized = seized.ok_or(Corrupt::Overflow)?;
            take(state, repayment.loan, seizure.asset, seized)
        }
        LendingEvent::ImpairmentMarked { reserve, loan, impaired } => {
            impair(state, *reserve, *loan, *impaired)
        }
        LendingEvent::LoanSocialised(socialised) => borne(state, socialised),
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// The first pledge of an account opens its loan.
fn open(
    state: &mut State,
    reserve: ReserveId,
    loan: u32,
    account: AccountId,
) -> Result<(), Corrupt> {
    if loan != state.loans.next_id() {
        return Ok(());
    }
    let index = state.reserves.expect(reserve)?.index;
    state.labels.loans.insert((reserve, account), loan);
    let (debt, impaired) = (Fixed60::ZERO, Fixed60::ZERO);
    let (pledges, lacks) = (Vec::new(), Vec::new());
    let new = Loan { account, reserve, debt, index, pledges, impaired, lacks };
    state.loans.insert(loan, new)
}

fn give(state: &mut State, loan: u32, asset: AssetId, amount: Amount) -> Result<(), Corrupt> {
    let pledges = &mut state.loans.change(loan)?.pledges;
    match pledges.iter_mut().find(|pledge| pledge.asset == asset) {
        Some(place) => {
            place.amount = place.amount.checked_add(amount).ok_or(Corrupt::Overflow)?;
        }
        None => pledges.push(Pledge { asset, amount }),
    }
    Ok(())
}

fn take(state: &mut State, loan: u32, asset: AssetId, amount: Amount) -> Result<(), Corrupt> {
    let loan = state.loans.change(loan)?;
    let place = loan.pledges.iter_mut().find(|pledge| pledge.asset == asset);
    let place = place.ok_or(Corrupt::DanglingHandle)?;
    place.amount = less(place.amount, amount)?;
    loan.pledges.retain(|pledge| !pledge.amount.is_zero());
    Ok(())
}

/// Writes a debt at the reserve's index.
fn owe(state: &mut State, reserve: ReserveId, loan: u32, debt: Fixed60) -> Result<(), Corrupt> {
    let index = state.reserves.expect(reserve)?.index;
    let loan = state.loans.change(loan)?;
    (loan.debt, loan.index) = (debt, index);
    Ok(())
}

fn repaid(state: &mut State, it: &Repayment) -> Result<(), Corrupt> {
    let held = &mut state.reserves.change(it.reserve)?.held;
    held.available = held.available.checked_add(it.amount).ok_or(Corrupt::Overflow)?;
    held.borrowed = held.borrowed.saturating_sub(it.repaid);
    owe(state, it.reserve, it.loan, it.debt)?;
    impair(state, it.reserve, it.loan, it.impaired)
}

fn borne(state: &mut State, it: &Socialised) -> Result<(), Corrupt> {
    let before = occurrence::look(state, it.reserve, it.loan)?;
    let reserve = state.reserves.change(it.reserve)?;
    reserve.held.borrowed = reserve.held.borrowed.saturating_sub(it.amount);
    reserve.held.fees = minus(reserve.held.fees, it.fees)?;
    reserve.referrers = reserve.referrers.min(reserve.held.fees);
    if it.dead {
        reserve.status = ReserveStatus::Dead;
    }
    owe(state, it.reserve, it.loan, it.debt)?;
    set_impaired(state, it.reserve, it.loan, it.impaired)?;
    occurrence::socialised(state, (it.reserve, it.loan), before)
}

fn impair(
    state: &mut State,
    reserve: ReserveId,
    loan: u32,
    impaired: Fixed60,
) -> Result<(), Corrupt> {
    if state.loans.expect(loan)?.impaired == impaired {
        return Ok(());
    }
    let before = occurrence::look(state, reserve, loan)?;
    set_impaired(state, reserve, loan, impaired)?;
    occurrence::marked(state, (reserve, loan), before)
}

fn set_impaired(
    state: &mut State,
    reserve: ReserveId,
    loan: u32,
    impaired: Fixed60,
) -> Result<(), Corrupt> {
    let before = state.loans.expect(loan)?.impaired;
    state.loans.change(loan)?.impaired = impaired;
    let reserve = state.reserves.change(reserve)?;
    reserve.impaired = plus(minus(reserve.impaired, before)?, impaired)?;
    Ok(())
}

fn plus(a: Fixed60, b: Fixed60) -> Result<Fixed60, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn minus(a: Fixed60, b: Fixed60) -> Result<Fixed60, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}
fn less(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}

/// Money of lending events, in whole atoms.
pub(crate) fn postings<E>(
    event: &LendingEvent,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        LendingEvent::InterestAccrued { reserve, asset, loans, fees, .. } => {
            one(*asset, L::Loans(*reserve), L::Lenders(*reserve), *loans)?;
            one(*asset, L::Lenders(*reserve), L::Interest(*reserve), *fees)
        }
        LendingEvent::Supplied { reserve, asset, account, amount, .. } => {
            one(*asset, L::Balance(*account), L::Lenders(*reserve), *amount)
        }
        LendingEvent::SupplyWithdrawn { reserve, asset, account, amount, .. } => {
            one(*asset, L::Lenders(*reserve), L::Balance(*account), *amount)
        }
        LendingEvent::Pledged { reserve, account, asset, amount, .. } => {
            one(*asset, L::Balance(*account), L::Pledged(*reserve), *amount)
        }
        LendingEvent::Unpledged { reserve, account, asset, amount, .. } => {
            one(*asset, L::Pledged(*reserve), L::Balance(*account), *amount)
        }
        LendingEvent::Borrowed { reserve, asset, account, amount, .. } => {
            one(*asset, L::Loans(*reserve), L::Balance(*account), *amount)
        }
        LendingEvent::Repaid(it) => paid(it, one),
        LendingEvent::LoanLiquidated(it) => {
            let LoanLiquidation { repayment, seizure } = &**it;
            paid(repayment, &mut one)?;
            let pledged = L::Pledged(repayment.reserve);
            let (payer, treasury) = (L::Balance(repayment.payer), L::Balance(seizure.treasury));
            one(seizure.asset, pledged, payer, seizure.to_liquidator)?;
            one(seizure.asset, pledged, treasury, seizure.to_treasury)
        }
        LendingEvent::LoanSocialised(it) => {
            one(it.asset, L::Interest(it.reserve), L::Lenders(it.reserve), it.interest)?;
            one(it.asset, L::Lenders(it.reserve), L::Loans(it.reserve), it.loans)
        }
        LendingEvent::InterestCollected { reserve, asset, treasury, amount } => {
            one(*asset, L::Interest(*reserve), L::Balance(*treasury), *amount)
        }
        LendingEvent::ReserveCreated { .. }
        | LendingEvent::ReserveSet { .. }
        | LendingEvent::ReserveStatusSet { .. }
        | LendingEvent::ImpairmentMarked { .. } => Ok(()),
    }
}

/// A fraction that was rounded up is the lenders'.
fn paid<E>(
    it: &Repayment,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    let over = it.amount.saturating_sub(it.loans);
    one(it.asset, L::Balance(it.payer), L::Loans(it.reserve), it.loans)?;
    one(it.asset, L::Balance(it.payer), L::Lenders(it.reserve), over)
}
