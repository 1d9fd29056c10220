//! Collateral and loans: what can be borrowed against what is pledged.

use super::{
    accrue::accrue,
    book::{LendingReserve, Loan, find_loan, opens, rules_of},
    supply::{payable, some},
};
use crate::{
    command::{Borrow, Pledge, Repay, Unpledge},
    event::{Event, LendingEvent, Repayment},
    governance::Context,
    ledger::LedgerAccount,
    loss::conversion,
    policy::PledgePolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Bps, Fixed60, Ppm, ReserveId, Timestamp};

/// Which part of collateral counts.
pub type Counts = fn(&PledgePolicy) -> Bps;

/// What a loan's collateral is worth in the reserve's asset, at fresh prices and the part that counts.
///
/// **Rounding** down for each asset. **Complexity** one step for each pledged asset.
///
/// # Errors
/// When an asset that is pledged has no fresh price. One that the rules no longer name is worth nothing.
pub fn worth(
    state: &State,
    reserve: &LendingReserve,
    loan: &Loan,
    (counts, now): (Counts, Timestamp),
) -> Result<Amount, Halt> {
    let mut sum = Amount::ZERO;
    for pledge in loan.pledges.iter().filter(|pledge| !pledge.amount.is_zero()) {
        let Ok(rules) = rules_of(state, reserve, pledge.asset) else { continue };
        let counted = counts(&rules);
        if counted == Bps::ZERO {
            continue;
        }
        let cut = Bps::WHOLE.saturating_sub(counted).get().saturating_mul(100);
        let assets = (pledge.asset, reserve.asset);
        let atoms = if pledge.asset == reserve.asset {
            counted.of_floor(pledge.amount)?
        } else {
            conversion::rate(state, assets, Ppm::new(cut), now)?.worth(pledge.amount)?
        };
        sum = sum.saturating_add(atoms);
    }
    Ok(sum)
}

/// Refuses a debt that a loan's collateral does not carry.
fn covered(state: &State, id: ReserveId, account: AccountId, now: Timestamp) -> Result<(), Halt> {
    let reserve = state.reserves.expect(id)?;
    let Some((_, loan)) = state.loan(id, account) else { return Ok(()) };
    let debt = loan.grown(reserve)?.ceil();
    if debt.is_zero() {
        return Ok(());
    }
    let limit = worth(state, reserve, loan, (|rules| rules.borrow, now))?;
    if debt > limit {
        return Err(Reject::new(RejectCode::LoanUncovered, debt, limit).into());
    }
    Ok(())
}

pub(crate) fn pledge(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Pledge,
) -> Result<(), Halt> {
    let state = txn.state();
    let asset = state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    let amount = command.amount;
    payable(state, account, (asset, amount))?;
    let id = state.reserve_id(command.reserve)?;
    let reserve = state.reserves.expect(id)?;
    let rules = rules_of(state, reserve, asset)?;
    if let Some(max) = rules.max {
        let there = state.ledger.owed(LedgerAccount::Pledged(id), asset);
        let all = there.checked_add(amount).ok_or(Reject::overflow())?;
        if all > max {
            return Err(Reject::new(RejectCode::CollateralCap, all, max).into());
        }
    }
    accrue(txn, context, id)?;
    let state = txn.state();
    let loan = state.loan(id, account).map_or(state.loans.next_id(), |(loan, _)| loan);
    let event = LendingEvent::Pledged { reserve: id, loan, account, asset, amount };
    txn.emit(Event::Lending(event))
}

/// What is left must carry the debt.
pub(crate) fn unpledge(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Unpledge,
) -> Result<(), Halt> {
    let state = txn.state();
    let asset = state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    let amount = command.amount;
    some(amount)?;
    let id = state.reserve_id(command.reserve)?;
    let (loan, held) = find_loan(state, id, command.account)?;
    let pledged = held.pledged(asset);
    if amount > pledged {
        return Err(Reject::new(RejectCode::CollateralShort, amount, pledged).into());
    }
    accrue(txn, context, id)?;
    let event = LendingEvent::Unpledged { reserve: id, loan, account, asset, amount };
    txn.emit(Event::Lending(event))?;
    covered(txn.state(), id, account, context.now)
}

pub(crate) fn borrow(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Borrow,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let amount = command.amount;
    some(amount)?;
    let id = state.reserve_id(command.reserve)?;
    opens(state.reserves.expect(id)?)?;
    let (loan, _) = find_loan(state, id, command.account)?;
    accrue(txn, context, id)?;
    let reserve = txn.state().reserves.expect(id)?;
    let (asset, available) = (reserve.asset, reserve.held.available);
    if amount > available {
        return Err(Reject::new(RejectCode::ReserveIlliquid, amount, available).into());
    }
    let added = Fixed60::from_atoms(amount).ok_or(Reject::overflow())?;
    let grown = txn.state().loans.expect(loan)?.grown(reserve)?;
    let debt = grown.checked_add(added).ok_or(Reject::overflow())?;
    let event = LendingEvent::Borrowed { reserve: id, asset, loan, account, amount, debt };
    txn.emit(Event::Lending(event))?;
    within(txn.state(), id)?;
    covered(txn.state(), id, account, context.now)
}

/// Refuses a reserve that is lent further than its rules let it.
fn within(state: &State, id: ReserveId) -> Result<(), Halt> {
    let reserve = state.reserves.expect(id)?;
    let lent = reserve.held.borrowed.ceil();
    if let Some(max) = reserve.policy.borrow_max
        && lent > max
    {
        return Err(Reject::new(RejectCode::BorrowAboveMax, lent, max).into());
    }
    let most = Fixed60::from_bps(reserve.policy.utilization_max);
    let utilization = reserve.held.utilization()?;
    if utilization > most {
        let parts = utilization.mul_div_ceil(Bps::WHOLE.get().into(), Fixed60::ONE)?;
        let most = reserve.policy.utilization_max.get();
        return Err(Reject::new(RejectCode::UtilizationAboveMax, parts.get(), most).into());
    }
    Ok(())
}

/// Takes at most the debt, its fraction rounded up.
pub(crate) fn repay(txn: &mut Txn<'_>, context: &Context<'_>, command: &Repay) -> Result<(), Halt> {
    let state = txn.state();
    state.account_id(command.account)?;
    let payer = state.account_id(command.payer)?;
    some(command.amount)?;
    let id = state.reserve_id(command.reserve)?;
    let (loan, _) = find_loan(state, id, command.account)?;
    accrue(txn, context, id)?;
    let state = txn.state();
    let repayment = repayment(state, id, (loan, payer), command.amount)?;
    payable(state, payer, (repayment.asset, repayment.amount))?;
    txn.emit(Event::Lending(LendingEvent::Repaid(Box::new(repayment))))
}

/// What a payment of at most `amount` takes off a debt and off what the reserve has lent.
pub(crate) fn repayment(
    state: &State,
    id: ReserveId,
    (loan, payer): (u32, AccountId),
    amount: Amount,
) -> Result<Repayment, Halt> {
    let (reserve, held) = (state.reserves.expect(id)?, state.loans.expect(loan)?);
    let debt = held.grown(reserve)?;
    if debt.is_zero() {
        let account = state.accounts.expect(held.account)?.label;
        return Err(Reject::got(RejectCode::NoDebt, account).into());
    }
    let amount = amount.min(debt.ceil());
    let repaid = Fixed60::from_atoms(amount).ok_or(Reject::overflow())?.min(debt);
    let lent = reserve.held.borrowed;
    let loans = lent.floor().saturating_sub(lent.saturating_sub(repaid).floor());
    let left = debt.saturating_sub(repaid);
    let impaired = held.impaired.min(left);
    let asset = reserve.asset;
    Ok(Repayment { reserve: id, asset, loan, payer, amount, repaid, debt: left, impaired, loans })
}
