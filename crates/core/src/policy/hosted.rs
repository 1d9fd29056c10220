//! Rules of hosted markets, whose positions are kept in the ledger, and of the pools behind them.

use super::choice;
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Base, Label, Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// How far a hosted market is wound down.
    MarketStatus {
        /// Open for everything.
        Active = 0 "active",
        /// Positions may only shrink.
        ReduceOnly = 1 "reduce_only",
        /// No trades: positions are closed against each other at the mark.
        FinalSettlement = 2 "final_settlement",
        /// Over; no position is open.
        Closed = 3 "closed",
    }
}
choice! {
    /// What becomes of a liquidation fill that is worse than bankruptcy.
    BeyondBankruptcy {
        /// It goes on only if insured layers pay in full; else the venue has to deleverage.
        Refuse = 0 "refuse",
        /// It goes on, and the whole waterfall bears what is missing.
        Place = 1 "place",
    }
}
choice! {
    /// Which other accounts of an owner group pay before a fund does.
    Netting {
        /// None: each account stands alone.
        None = 0 "none",
        /// Those in the same pool.
        Pool = 1 "pool",
        /// Those in every pool of the same asset.
        Asset = 2 "asset",
    }
}

/// What may be liquidated within a span; without a limit there is none.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Throttle {
    /// Length of the rolling window. One that has begun keeps its length.
    pub window: Span,
    /// At most this much notional at the mark, in quote atoms.
    pub notional_max: Option<Amount>,
    /// At most this much of the waterfall, in atoms.
    pub insurance_max: Option<Amount>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { window: Span::hours(1), notional_max: None, insurance_max: None }
    }
}

/// What the part of a position above a notional needs, up to the next tier. Its largest leverage there
/// is the whole ÷ `initial`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MarginTier {
    /// Notional at the mark above which it holds, in quote atoms.
    pub above: Amount,
    /// Margin below which an account can't take on more.
    pub initial: Ppm,
    /// Margin below which it is liquidated.
    pub maintenance: Ppm,
}

/// Between which bounds of open interest initial margin rises to the whole, in quote atoms at the mark,
/// long and short together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MarginScale {
    /// Where it begins to rise.
    pub lower: Amount,
    /// Where it is the whole.
    pub upper: Amount,
}

/// The liquidator's fee: what it is at first, and how it rises while a position waits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeeRamp {
    /// Portion of the fill at first.
    pub base: Ppm,
    /// How long it stays there, from the moment at which the position was put on the backlog.
    pub grace: Span,
    /// What it rises by, counted from that moment.
    pub step: Ppm,
    /// In each of this span.
    pub every: Span,
    /// At most.
    pub max: Ppm,
}

/// A stretch of the fee for large positions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SizeFee {
    /// Part of the market's open interest, long and short together, above which it holds.
    pub above: Ppm,
    /// Charged on what lies above, up to the next stretch.
    pub rate: Ppm,
}

/// What a liquidation fill is charged besides the fund's plain fee. All of it comes out of what the fill
/// brought above bankruptcy.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LiquidationFees {
    /// To whoever takes the position over, before the fund.
    pub liquidator: Option<FeeRamp>,
    /// At most this part of the margin that the account still has for it is the fund's; none: no bound
    /// but `max_fee`.
    pub headroom_share: Option<Ppm>,
    /// To the fund, for the size of the position that is closed; rising by `above`.
    pub size: Vec<SizeFee>,
    /// Most that one fill brings the fund, in quote atoms.
    pub cap: Option<Amount>,
}

/// Rules of one hosted market.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HostedPolicy {
    /// Decimals of the base asset.
    pub decimals: u8,
    /// Margin below which an account can't take on more.
    pub initial: Ppm,
    /// Margin below which it is liquidated.
    pub maintenance: Ppm,
    /// Most that a liquidation brings the fund, as a portion of the fill.
    pub max_fee: Ppm,
    /// What becomes of a fill worse than bankruptcy.
    #[serde(default = "refuse")]
    pub beyond_bankruptcy: BeyondBankruptcy,
    /// How old the venue's mark may be; zero: any age. A market with a price index has no use for it.
    #[serde(default = "no_span")]
    pub mark_age: Span,
    /// A step of liquidation may close at least this much notional, in quote atoms.
    #[serde(default = "nothing")]
    pub min_notional: Amount,
    /// Otherwise at most this portion of the position.
    #[serde(default = "whole")]
    pub portion: Ppm,
    /// How long a step lasts; zero: each fill is a step.
    #[serde(default = "no_span")]
    pub step: Span,
    /// What may be liquidated on this market.
    #[serde(default)]
    pub throttle: Throttle,
    /// Largest position, in base atoms.
    #[serde(default)]
    pub position_max: Option<Base>,
    /// Largest open interest, long and short together, in base atoms.
    #[serde(default)]
    pub open_interest_max: Option<Base>,
    /// The fund into whose pool collateral goes once an account has no position left on this
    /// market's fund; none: it stays.
    #[serde(default)]
    pub home: Option<Label>,
    /// Margin of what is larger, rising by notional and by rate; without tiers the rates above hold for
    /// every size.
    #[serde(default)]
    pub tiers: Vec<MarginTier>,
    /// How initial margin rises with open interest; a market has this or tiers.
    #[serde(default)]
    pub scale: Option<MarginScale>,
    /// What a liquidation is charged besides; nothing without it.
    #[serde(default)]
    pub fees: Option<Box<LiquidationFees>>,
}

/// Rules of one fund's collateral pool.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MarginPoolPolicy {
    /// How long withdrawals are held after an account below zero equity was seen, or a stall.
    pub gate: Span,
    /// A venue that is silent for this long has stalled; zero: never.
    pub stall: Span,
    /// Who of an owner group pays before a fund does.
    pub netting: Netting,
    /// Open positions of one account, at most 32.
    pub positions_max: u8,
    /// What may be liquidated of one account.
    pub throttle: Throttle,
    /// Quote atoms that an account may owe while its pledges bear it; past it anyone may seize.
    pub debt_max: Amount,
}

impl Default for MarginPoolPolicy {
    fn default() -> Self {
        Self {
            gate: Span::from_ms(60_000),
            stall: Span::from_ms(300_000),
            netting: Netting::Asset,
            positions_max: 32,
            throttle: Throttle::default(),
            debt_max: Amount::ZERO,
        }
    }
}

const fn refuse() -> BeyondBankruptcy {
    BeyondBankruptcy::Refuse
}
const fn no_span() -> Span {
    Span::ZERO
}
const fn nothing() -> Amount {
    Amount::ZERO
}
const fn whole() -> Ppm {
    Ppm::WHOLE
}
