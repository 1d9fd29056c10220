//! What happened in lending reserves.

mod compensation;
mod farm;
mod pool;
mod vault;

pub use compensation::*;
pub use farm::*;
pub use pool::*;
pub use vault::*;

use crate::{
    lending::interest::Interest,
    policy::{ReservePolicy, ReserveStatus},
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, AssetId, Fixed60, Label, ReserveId, Shares, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One fact about lending. Discriminants are append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
#[expect(missing_docs, reason = "fields are the command's own, by handle; see the command table")]
pub enum LendingEvent {
    /// A reserve exists.
    ReserveCreated {
        reserve: ReserveId,
        label: Label,
        asset: AssetId,
        treasury: AccountId,
        policy: Box<ReservePolicy>,
    } = 0,
    /// A reserve has new rules.
    ReserveSet { reserve: ReserveId, policy: Box<ReservePolicy> } = 1,
    /// A reserve was paused or opened.
    ReserveStatusSet { reserve: ReserveId, status: ReserveStatus } = 2,
    /// Interest was added up to `at`; loans and fees grew by these whole atoms.
    InterestAccrued {
        reserve: ReserveId,
        asset: AssetId,
        at: Timestamp,
        interest: Interest,
        index: Fixed60,
        loans: Amount,
        fees: Amount,
    } = 3,
    /// Money came in.
    Supplied {
        reserve: ReserveId,
        asset: AssetId,
        supply: u32,
        account: AccountId,
        amount: Amount,
        shares: Shares,
    } = 4,
    /// Money went out.
    SupplyWithdrawn {
        reserve: ReserveId,
        asset: AssetId,
        supply: u32,
        account: AccountId,
        amount: Amount,
        shares: Shares,
    } = 5,
    /// Collateral came in.
    Pledged { reserve: ReserveId, loan: u32, account: AccountId, asset: AssetId, amount: Amount } =
        6,
    /// Collateral went back.
    Unpledged { reserve: ReserveId, loan: u32, account: AccountId, asset: AssetId, amount: Amount } =
        7,
    /// Money was lent; the whole debt after it.
    Borrowed {
        reserve: ReserveId,
        asset: AssetId,
        loan: u32,
        account: AccountId,
        amount: Amount,
        debt: Fixed60,
    } = 8,
    /// A debt was repaid.
    Repaid(Box<Repayment>) = 9,
    /// A debt was repaid for collateral.
    LoanLiquidated(Box<LoanLiquidation>) = 10,
    /// What a loan's collateral lacks.
    ImpairmentMarked { reserve: ReserveId, loan: u32, impaired: Fixed60 } = 11,
    /// Lenders bear a debt.
    LoanSocialised(Box<Socialised>) = 12,
    /// The protocol's interest was paid out.
    InterestCollected { reserve: ReserveId, asset: AssetId, treasury: AccountId, amount: Amount } =
        13,
}

impl LendingEvent {
    /// Its word, the same as in its JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::ReserveCreated { .. } => "reserve_created",
            Self::ReserveSet { .. } => "reserve_set",
            Self::ReserveStatusSet { .. } => "reserve_status_set",
            Self::InterestAccrued { .. } => "interest_accrued",
            Self::Supplied { .. } => "supplied",
            Self::SupplyWithdrawn { .. } => "supply_withdrawn",
            Self::Pledged { .. } => "pledged",
            Self::Unpledged { .. } => "unpledged",
            Self::Borrowed { .. } => "borrowed",
            Self::Repaid(_) => "repaid",
            Self::LoanLiquidated(_) => "loan_liquidated",
            Self::ImpairmentMarked { .. } => "impairment_marked",
            Self::LoanSocialised(_) => "loan_socialised",
            Self::InterestCollected { .. } => "interest_collected",
        }
    }
}

/// What was paid toward a debt.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Repayment {
    /// To which reserve.
    pub reserve: ReserveId,
    /// Of which asset.
    pub asset: AssetId,
    /// Toward which loan.
    pub loan: u32,
    /// Who paid.
    pub payer: AccountId,
    /// How many atoms.
    pub amount: Amount,
    /// What they took off the debt: less where its fraction was rounded up.
    pub repaid: Fixed60,
    /// The debt after it.
    pub debt: Fixed60,
    /// What the loan's collateral lacks at most after it.
    pub impaired: Fixed60,
    /// Whole atoms that the reserve has lent less.
    pub loans: Amount,
}

/// A debt repaid for collateral.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoanLiquidation {
    /// What was paid.
    pub repayment: Repayment,
    /// What was taken for it.
    pub seizure: Seizure,
}

/// Collateral that went to who repaid.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seizure {
    /// Whose loan it was.
    pub account: AccountId,
    /// Of which asset.
    pub asset: AssetId,
    /// How many atoms the liquidator got.
    pub to_liquidator: Amount,
    /// How many atoms of the bonus the treasury got.
    pub to_treasury: Amount,
    /// Whose balance that is.
    pub treasury: AccountId,
}

/// A debt that lenders bear.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Socialised {
    /// Of which reserve.
    pub reserve: ReserveId,
    /// Of which asset.
    pub asset: AssetId,
    /// Which loan.
    pub loan: u32,
    /// What was taken off it.
    pub amount: Fixed60,
    /// What is left of it.
    pub debt: Fixed60,
    /// What the loan's collateral lacks at most after it.
    pub impaired: Fixed60,
    /// What of it the protocol's uncollected interest bears.
    pub fees: Fixed60,
    /// Whole atoms that the reserve has lent less.
    pub loans: Amount,
    /// Whole atoms of interest that the protocol gave up.
    pub interest: Amount,
    /// Whether lenders have nothing left.
    pub dead: bool,
}
