//! What happened on hosted markets, where a fact has many parts.

use crate::policy::MarketStatus;
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, AssetId, Base, FundId, LossId, MarketId, Price, Signed};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Base atoms that went from one margin account to another, for quote atoms the other way.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fill {
    /// On which market.
    pub market: MarketId,
    /// In which fund's pool.
    pub fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// Who buys, by margin account.
    pub buyer: u32,
    /// Who sells.
    pub seller: u32,
    /// How many base atoms.
    pub size: Base,
    /// What the buyer pays, below zero when he receives it.
    pub quote: Signed,
    /// What the buyer pays into the fee pool.
    pub buyer_fee: Amount,
    /// What the seller pays into it.
    pub seller_fee: Amount,
}

/// How a fill that closed a part of an account under maintenance was settled with the fund.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Liquidated {
    /// On which market.
    pub market: MarketId,
    /// In which fund's pool.
    pub fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// Whose, by margin account.
    pub margin: u32,
    /// What was closed, in quote atoms at the mark.
    pub notional: Amount,
    /// What the fill brought above bankruptcy, or below zero what it lacked.
    pub residual: Signed,
    /// To the fund's reserve.
    pub to_fund: Amount,
    /// To the fund's treasury: what does not fit under its threshold.
    pub overflow: Amount,
    /// Whose balance that is.
    pub treasury: AccountId,
    /// What the waterfall was asked for.
    pub insured: Amount,
    /// What the step of liquidation may still close, in quote atoms.
    pub step_left: Amount,
    /// Whether a new step began.
    pub step_begins: bool,
}

/// The liquidator's fee of a fill, from one margin account to another of the same pool.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiquidatorPaid {
    /// On which market.
    pub market: MarketId,
    /// Who was liquidated, by margin account.
    pub margin: u32,
    /// Who took the position over.
    pub liquidator: u32,
    /// How many quote atoms.
    pub amount: Amount,
}

/// Collateral that came in or left by its holder's will.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarginChange {
    /// Of which margin account; a new one if its handle is the next.
    pub margin: u32,
    /// Whose that is.
    pub account: AccountId,
    /// In which fund's pool.
    pub fund: FundId,
    /// The pool's asset.
    pub asset: AssetId,
    /// How many atoms.
    pub amount: Amount,
}

/// A pledge that grew or shrank by its holder's will.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PledgeMove {
    /// Of which margin account; a new one if its handle is the next.
    pub margin: u32,
    /// Whose that is.
    pub account: AccountId,
    /// In which fund's pool.
    pub fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// Which of the pool's that is.
    pub collateral: u32,
    /// How many atoms.
    pub amount: Amount,
}

/// A pledge that was sold for what its account owes. The account got `paid` less what went to the fund and
/// its treasury.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seized {
    /// In which fund's pool.
    pub fund: FundId,
    /// The pool's own asset.
    pub asset: AssetId,
    /// Of which margin account.
    pub margin: u32,
    /// Which of the pool's other assets.
    pub collateral: u32,
    /// Which asset that is.
    pub seized: AssetId,
    /// Who bought it.
    pub liquidator: AccountId,
    /// How many atoms of it.
    pub amount: Amount,
    /// What he paid, in atoms of the pool's own asset.
    pub paid: Amount,
    /// Of it to the fund's reserve.
    pub to_fund: Amount,
    /// Of it to the fund's treasury: what does not fit under its threshold.
    pub overflow: Amount,
    /// Whose balance that is.
    pub treasury: AccountId,
}

/// Collateral of one margin account that became another's.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarginMove {
    /// From which margin account.
    pub from: u32,
    /// To which; a new one if its handle is the next.
    pub to: u32,
    /// Whose that is.
    pub account: AccountId,
    /// Out of which fund's pool.
    pub from_fund: FundId,
    /// Into which.
    pub to_fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// How many atoms.
    pub amount: Amount,
    /// Why.
    pub why: MoveCause,
}

crate::policy::choice! {
    /// Why collateral went from one margin account to another.
    MoveCause {
        /// The owner group paid for one of its accounts.
        Netting = 0 "netting",
        /// No position of the account needed it on an isolated market any more.
        Home = 1 "home",
    }
}

crate::policy::choice! {
    /// Why withdrawals are held.
    GateCause {
        /// An account below zero equity.
        Negative = 0 "negative",
        /// A stall of the venue.
        Stall = 1 "stall",
    }
}

/// What a position settled of its market's indexes, in quote atoms.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IndexSettlement {
    /// Which position.
    pub position: u32,
    /// On which market.
    pub market: MarketId,
    /// Funding that it received, or below zero paid.
    pub funding: Signed,
    /// Its part of socialised losses.
    pub loss: Amount,
}

/// Money that entered a pool for an account that owed it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolCovered {
    /// On which market.
    pub market: MarketId,
    /// Into which fund's pool.
    pub fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// For which margin account.
    pub margin: u32,
    /// The placed loss.
    pub loss: LossId,
    /// What its layers paid at once, in atoms.
    pub paid: Amount,
    /// What positions are yet to pay through the index, and what nobody could bear.
    pub owed: Amount,
}

/// What one account took over of what a pool is short of: it left with a part of its claim unpaid, or
/// paid money in.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HaircutTaken {
    /// In which fund's pool.
    pub fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// Who.
    pub account: AccountId,
    /// Whose claim fell by it, when an account left; none when money was paid in.
    pub margin: Option<u32>,
    /// How many atoms.
    pub amount: Amount,
    /// Of which losses.
    pub parts: Vec<HaircutPart>,
}

/// A part of one haircut.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HaircutPart {
    /// Of which haircut.
    pub haircut: u32,
    /// How many atoms.
    pub amount: Amount,
}

/// An isolated market that became one of a shared fund.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Merge {
    /// Which market.
    pub market: MarketId,
    /// Of which isolated fund it was.
    pub from: FundId,
    /// Of which shared fund it is.
    pub to: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// The reserve that moved.
    pub reserve: Amount,
    /// The contributions that moved.
    pub contributions: Amount,
    /// The collateral that moved.
    pub collateral: Amount,
}

/// How a hosted market's status changed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusChange {
    /// Which market.
    pub market: MarketId,
    /// In which fund's pool.
    pub fund: FundId,
    /// Of which asset.
    pub asset: AssetId,
    /// What it is now.
    pub status: MarketStatus,
    /// What rounding of funding left, to the fund's reserve when the market closes.
    pub dust: Amount,
}

/// The mark of a hosted market.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarkReport {
    /// Which market.
    pub market: MarketId,
    /// In which fund's pool.
    pub fund: FundId,
    /// Quote atoms for a whole base unit × 10⁹.
    pub price: Price,
}
