//! Rules of markets and their waterfalls.

use super::{AdlPolicy, EquityPolicy, HostedPolicy, choice};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Bps, Label, Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// What a layer does when it can't pay all that is still needed.
    Payout {
        /// It pays what it can, and the next layer is asked for the rest.
        Partial = 0 "partial",
        /// It pays nothing, and the next layer is asked for all of it.
        Whole = 1 "whole",
    }
}

/// Who pays, as configured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum LayerSource {
    /// The market's own fee pool.
    FeePool = 0,
    /// A fund's reserve: the protocol's own money, then contributions.
    Reserve(Label) = 1,
    /// A staked tranche, by its label.
    Staked(Label) = 2,
    /// Open positions, by base amount, through an index.
    Socialised = 3,
    /// Winners of the market, by auto-deleveraging; nothing unless the market's policy says how.
    Adl = 4,
    /// Lenders, by their shares, through the index of their deposits.
    Depositors = 5,
    /// The members of a hosted market's collateral pool, when they leave it; the pool is short of at
    /// most this portion of its claims.
    #[serde(rename = "withdrawal_haircut")]
    Haircut(Ppm) = 8,
    /// Accounts of the market, in proportion to their equity; nothing unless the market's policy says how.
    Equity = 7,
}

/// A layer and its limits, each in atoms; without a limit the layer gives all it has.
///
/// An event is (market, cause, window): losses of one cause on one market within the market's
/// `event_window` count together, so splitting a loss does not dodge `per_event`. Limits count by the
/// time of payment; an event's window is longer by the ledger's `skew_past`, for reports that come late.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LayerPolicy {
    /// Who pays.
    pub source: LayerSource,
    /// Whether it pays a part when it can't pay all.
    #[serde(default = "partial")]
    pub payout: Payout,
    /// At most for one event.
    #[serde(default)]
    pub per_event: Option<Amount>,
    /// At most within any hour.
    #[serde(default)]
    pub per_1h: Option<Amount>,
    /// At most within any eight hours.
    #[serde(default)]
    pub per_8h: Option<Amount>,
    /// At most within any 24 hours.
    #[serde(default)]
    pub per_24h: Option<Amount>,
    /// At most ever.
    #[serde(default)]
    pub lifetime: Option<Amount>,
    /// What is taken off the price of what it holds; a layer of another asset than the market's must
    /// say so, and no other may. Limits stay in the market's asset.
    #[serde(default)]
    pub haircut: Option<Ppm>,
}

/// What a liquidator earns who closes an account that is already under water.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Underwater {
    /// Nothing.
    Nothing = 0,
    /// The whole liquidation fee, a portion of the closed notional; it enlarges the loss. None of it for
    /// the bankrupt's own group.
    FullFee {
        /// Portion of the closed notional.
        fee: Bps,
    } = 1,
    /// A bounty out of the fund's reserve, never to the bankrupt's own group.
    Bounty {
        /// Portion of the closed notional.
        fee: Bps,
        /// At most.
        cap: Amount,
    } = 2,
    /// A portion of the deficit itself, rounded up; it enlarges the loss.
    DeficitFee {
        /// Portion of what is owed beyond the collateral.
        fee: Bps,
    } = 3,
}

/// How a market's fee pool, its `PnL` pool and the fund's revenue pool feed each other.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PoolPolicy {
    /// What the market keeps before it passes anything on, in atoms.
    pub buffer: Amount,
    /// Part of its trading fees that it may pass on, besides liquidation fees.
    pub fee_share: Ppm,
    /// Most that moves either way between two settlements of revenue, in atoms.
    pub period_max: Amount,
    /// Winners' net `PnL` that may stand uncovered, in atoms; what exceeds it the fund may cover. None at
    /// all switches covering off.
    pub imbalance_max: Amount,
}

/// Ceilings for markets of one risk tier, in atoms.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TierPolicy {
    /// Most that one of the market's insured layers may be set to pay ever.
    pub insurance_max: Amount,
    /// Highest imbalance cap.
    pub imbalance_max: Amount,
    /// Highest limit for a period.
    pub period_max: Amount,
}

/// When an account's debt counts as bad, besides that it owes more than it has. **Units** whatever the
/// venue values accounts in, such as millionths of a dollar.
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
#[serde(deny_unknown_fields, default)]
pub struct BadDebtPolicy {
    /// It has less than this; without a bound whatever it has.
    pub assets_below: Option<Amount>,
    /// It owes more than this.
    pub debts_above: Amount,
}

/// Rules of one market.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MarketPolicy {
    /// Layers in the order in which they pay.
    pub waterfall: Vec<LayerPolicy>,
    /// Pay of a liquidator who closes under water.
    #[serde(default = "nothing")]
    pub underwater: Underwater,
    /// Within this span losses of one cause are one event.
    #[serde(default = "one_hour")]
    pub event_window: Span,
    /// How its pools feed each other; without it they don't.
    #[serde(default)]
    pub pools: Option<PoolPolicy>,
    /// Its risk tier, if it has one.
    #[serde(default)]
    pub tier: Option<Label>,
    /// The price index that a deficit's mark is compared with; none: the venue's mark is taken.
    #[serde(default)]
    pub mark: Option<Label>,
    /// How far a mark may lie from the index's price, as a portion of that price.
    #[serde(default = "two_percent")]
    pub mark_band: Ppm,
    /// How winners are deleveraged; they are not without it.
    #[serde(default)]
    pub adl: Option<AdlPolicy>,
    /// How accounts share a loss by equity; they do not without it.
    #[serde(default)]
    pub equity: Option<EquityPolicy>,
    /// Which debts of lenders' borrowers are bad.
    #[serde(default)]
    pub bad_debt: BadDebtPolicy,
    /// How its positions are kept; without it the venue keeps them.
    #[serde(default)]
    pub hosted: Option<Box<HostedPolicy>>,
}

const fn partial() -> Payout {
    Payout::Partial
}
const fn nothing() -> Underwater {
    Underwater::Nothing
}
const fn one_hour() -> Span {
    Span::hours(1)
}
const fn two_percent() -> Ppm {
    Ppm::new(20_000)
}
