//! What is kept of lending reserves, supplies and loans. How to find them.

use super::{accrue::Due, exchange::Holdings, interest::Interest, occurrence::Lack};
use crate::{
    policy::{PledgePolicy, ReservePolicy, ReserveStatus},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Fixed60, Label, MathError, ReserveId, Shares, Timestamp,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// A lending reserve. What is in it is also in the ledger, in whole atoms.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LendingReserve {
    /// Its name.
    pub label: Label,
    /// What it lends.
    pub asset: AssetId,
    /// Who gets the protocol's interest.
    pub treasury: AccountId,
    /// Its rules.
    pub policy: Box<ReservePolicy>,
    /// What may happen in it.
    pub status: ReserveStatus,
    /// Whether vaults that take listed reserves only may use it.
    pub listed: bool,
    /// Its money and shares.
    pub held: Holdings,
    /// The referrers' part of its fees.
    pub referrers: Fixed60,
    /// By which factor a debt has grown since the reserve began.
    pub index: Fixed60,
    /// Up to when interest was added.
    pub accrued_at: Timestamp,
    /// What the collateral of loans is known to lack.
    pub impaired: Fixed60,
    /// How often its lenders lost something: occurrences, counted from one.
    pub occurrences: u32,
    /// The last occurrence that a vault has looked at; what comes next is another one.
    pub seen: u32,
}

/// What one account supplied to one reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Supply {
    /// Whose.
    pub account: AccountId,
    /// To which reserve.
    pub reserve: ReserveId,
    /// Its shares.
    pub shares: Shares,
}

/// One account's loan from one reserve, with what is pledged for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Loan {
    /// Whose.
    pub account: AccountId,
    /// From which reserve.
    pub reserve: ReserveId,
    /// The debt when it was last written.
    pub debt: Fixed60,
    /// The reserve's index at that time.
    pub index: Fixed60,
    /// What is pledged, at most as many assets as the reserve's rules ever named at once.
    pub pledges: Vec<Pledge>,
    /// What its collateral lacked when it was last marked.
    pub impaired: Fixed60,
    /// Of which occurrences that is, the oldest first.
    pub lacks: Vec<Lack>,
}

/// Collateral of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pledge {
    /// Which asset.
    pub asset: AssetId,
    /// How many atoms.
    pub amount: Amount,
}

impl LendingReserve {
    /// Adds interest up to a moment.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub(crate) fn add(&mut self, due: &Due) -> Result<(), MathError> {
        let plus = |a: Fixed60, b| a.checked_add(b).ok_or(MathError::Overflow);
        let Interest { debt, protocol, referrers } = due.interest;
        self.referrers = plus(self.referrers, referrers)?;
        self.held.borrowed = plus(self.held.borrowed, debt)?;
        self.held.fees = plus(plus(self.held.fees, protocol)?, referrers)?;
        (self.accrued_at, self.index) = (due.at, due.index);
        Ok(())
    }

    /// The reserve's money as exits see it: without what is known to be impaired.
    pub fn sound(&self) -> Holdings {
        Holdings { fees: self.held.fees.saturating_add(self.impaired), ..self.held }
    }

    /// What shares are paid out for: their part of what is sound. **Rounding** down.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub fn exit(&self, shares: Shares) -> Result<Fixed60, MathError> {
        let sound = self.sound();
        if sound.supply()?.is_zero() { Ok(Fixed60::ZERO) } else { sound.worth(shares) }
    }
}

impl Loan {
    /// The debt with the interest up to the reserve's index. **Rounding** down.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub fn grown(&self, reserve: &LendingReserve) -> Result<Fixed60, MathError> {
        if self.index == reserve.index || self.debt.is_zero() {
            return Ok(self.debt);
        }
        self.debt.mul_div_floor(reserve.index.get(), self.index.get())
    }

    /// How much of an asset is pledged.
    pub fn pledged(&self, asset: AssetId) -> Amount {
        let found = self.pledges.iter().find(|pledge| pledge.asset == asset);
        found.map_or(Amount::ZERO, |pledge| pledge.amount)
    }

    /// Whether no collateral is left.
    pub fn is_bare(&self) -> bool {
        self.pledges.iter().all(|pledge| pledge.amount.is_zero())
    }
}

impl State {
    /// What one account supplied to one reserve.
    pub fn supply(&self, reserve: ReserveId, account: AccountId) -> Option<(u32, &Supply)> {
        let id = self.labels.supplies.get((reserve, account))?;
        self.supplies.get(id).map(|supply| (id, supply))
    }

    /// One account's loan from one reserve.
    pub fn loan(&self, reserve: ReserveId, account: AccountId) -> Option<(u32, &Loan)> {
        let id = self.labels.loans.get((reserve, account))?;
        self.loans.get(id).map(|loan| (id, loan))
    }
}

/// A loan that must be there.
pub(crate) fn find_loan(
    state: &State,
    reserve: ReserveId,
    account: Label,
) -> Result<(u32, &Loan), Halt> {
    let found = state.loan(reserve, state.account_id(account)?);
    Ok(found.ok_or_else(|| Reject::got(RejectCode::UnknownLoan, account))?)
}

/// The rules of an asset as collateral.
pub(crate) fn rules_of(
    state: &State,
    reserve: &LendingReserve,
    asset: AssetId,
) -> Result<PledgePolicy, Halt> {
    let label = state.assets.expect(asset)?.label;
    let found = reserve.policy.collateral.iter().find(|rules| rules.asset == label);
    Ok(*found.ok_or_else(|| Reject::got(RejectCode::NotCollateral, label))?)
}

/// Refuses what a paused or dead reserve does not do; a dead one does nothing new.
pub(crate) fn opens(reserve: &LendingReserve) -> Result<(), Reject> {
    match reserve.status {
        ReserveStatus::Active => Ok(()),
        other => Err(Reject::new(RejectCode::ReserveClosed, other.word(), "active")),
    }
}
