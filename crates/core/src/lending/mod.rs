//! Lending: reserves in which lenders' money earns interest from borrowers who pledge collateral.
//!
//! ```text
//!   lenders ── supply ──▶ reserve ── borrow ──▶ borrowers ◀── pledge ── collateral
//!      shares at             ▲                      │ interest by the curve, for whole periods
//!      supply ÷ shares       └──────── repay ◀──────┤
//!                                                   │ collateral × part < debt
//!                     repaid for collateral + bonus ◀── liquidate_loan
//!                     exits pay less, entries not   ◀── mark_impairment
//!                     lenders bear it               ◀── socialise_loan, once no collateral is left
//! ```
//!
//! Debts grow by one index, so interest is O(1) in the number of loans. Fractions of atoms stand in the
//! state; the ledger has whole atoms. **Invariant D1** a reserve's loans in the ledger are its debt rounded
//! down, its interest there the uncollected fees rounded down, and what lenders are owed is what is
//! available and lent less that interest. **D2** shares of a reserve are those of its supplies, its
//! impairment the sum of its loans', and what is pledged in the ledger the sum of its pledges. **D3** stands in [`occurrence`].

pub mod accrue;
pub mod bad_debt;
pub mod book;
pub(crate) mod check;
pub mod curve;
pub(crate) mod evolve;
pub mod exchange;
pub mod interest;
pub mod liquidate;
pub mod loan;
pub mod occurrence;
pub(crate) mod setup;
pub(crate) mod supply;
pub mod vault;
