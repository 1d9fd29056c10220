//! Loans whose collateral is gone: marked while they may come right, borne by lenders when they don't.

use super::{
    accrue::accrue,
    book::{LendingReserve, Loan, find_loan},
    exchange::Holdings,
    loan::worth,
    supply::some,
};
use crate::{
    command::{MarkImpairment, SocialiseLoan},
    event::{Event, LendingEvent, Socialised},
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Fixed60, MathError, ReserveId, Timestamp};

/// Notes what the counted collateral of a loan lacks to its debt. Who leaves the reserve from then on
/// bears his part of it; who enters pays as if nothing lacked.
pub(crate) fn mark(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &MarkImpairment,
) -> Result<(), Halt> {
    let state = txn.state();
    state.account_id(command.account)?;
    let id = state.reserve_id(command.reserve)?;
    let (loan, _) = find_loan(state, id, command.account)?;
    accrue(txn, context, id)?;
    let impaired = lacking(txn.state(), id, loan, context.now)?;
    txn.emit(Event::Lending(LendingEvent::ImpairmentMarked { reserve: id, loan, impaired }))
}

/// What the counted collateral of a loan lacks.
///
/// # Errors
/// When collateral has no fresh price.
pub fn lacking(state: &State, id: ReserveId, loan: u32, now: Timestamp) -> Result<Fixed60, Halt> {
    let (reserve, loan): (&LendingReserve, &Loan) =
        (state.reserves.expect(id)?, state.loans.expect(loan)?);
    let debt = loan.grown(reserve)?;
    let carried = worth(state, reserve, loan, (|rules| rules.liquidation, now))?;
    // What does not fit carries any debt that does.
    let carried = Fixed60::from_atoms(carried).unwrap_or(Fixed60::MAX);
    Ok(debt.saturating_sub(carried))
}

/// Takes a debt off the reserve; a loan with collateral left is liquidated first.
pub(crate) fn socialise(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SocialiseLoan,
) -> Result<(), Halt> {
    let state = txn.state();
    state.account_id(command.account)?;
    command.amount.map_or(Ok(()), some)?;
    let id = state.reserve_id(command.reserve)?;
    let (loan, held) = find_loan(state, id, command.account)?;
    if !held.is_bare() {
        let left = held.pledges.iter().filter(|pledge| !pledge.amount.is_zero()).count();
        return Err(Reject::new(RejectCode::CollateralLeft, left, 0u32).into());
    }
    accrue(txn, context, id)?;
    let state = txn.state();
    let reserve = state.reserves.expect(id)?;
    let held = state.loans.expect(loan)?;
    let debt = held.grown(reserve)?;
    if debt.is_zero() {
        return Err(Reject::got(RejectCode::NoDebt, command.account).into());
    }
    let amount = match command.amount {
        Some(amount) if amount > debt.ceil() => {
            return Err(Reject::new(RejectCode::AboveDebt, amount, debt.ceil()).into());
        }
        Some(amount) => Fixed60::from_atoms(amount).ok_or(Reject::overflow())?.min(debt),
        None => debt,
    };
    let borne = borne(&reserve.held, reserve.policy.fees_first, amount)?;
    let left = debt.saturating_sub(amount);
    let socialised = Socialised {
        reserve: id,
        asset: reserve.asset,
        loan,
        debt: left,
        impaired: held.impaired.min(left),
        ..borne
    };
    txn.emit(Event::Lending(LendingEvent::LoanSocialised(Box::new(socialised))))
}

/// What a debt that is taken off costs the protocol's interest, and whether it leaves lenders anything.
///
/// By policy uncollected interest bears it first; otherwise only as far as lenders have nothing left.
/// **Source** `socialise_loss` of published lending markets, where fees stand ahead of lenders.
///
/// # Errors
/// [`MathError::Overflow`] from 2⁶⁸ atoms on.
pub fn borne(held: &Holdings, fees_first: bool, amount: Fixed60) -> Result<Socialised, MathError> {
    let lent = held.borrowed.saturating_sub(amount);
    let there = Fixed60::from_atoms(held.available).ok_or(MathError::Overflow)?;
    let there = there.checked_add(lent).ok_or(MathError::Overflow)?;
    let uncovered = held.fees.saturating_sub(there);
    let fees = if fees_first { held.fees.min(amount).max(uncovered) } else { uncovered };
    let kept = held.fees.saturating_sub(fees);
    Ok(Socialised {
        amount,
        fees,
        loans: held.borrowed.floor().saturating_sub(lent.floor()),
        interest: held.fees.floor().saturating_sub(kept.floor()),
        dead: there.saturating_sub(kept).is_zero() && !held.shares.is_zero(),
        ..Socialised::default()
    })
}
