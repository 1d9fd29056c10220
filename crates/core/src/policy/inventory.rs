//! Rules of the buyer of last resort: what a fund may take over on one market, and how it ends.

use super::choice;
use backstop_units::{Amount, Base, Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// Who bears what is lost when a position is closed against those on the other side.
    InventoryEnd {
        /// The market's waterfall, as with every other loss: the fund first, winners as their layer says.
        Waterfall = 0 "waterfall",
        /// Winners alone, as far as their layer's limits reach: the fund keeps its money.
        Winners = 1 "winners",
    }
}

/// How a position is auctioned: the discount on the mark rises from step to step.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AuctionPolicy {
    /// Discount at the start, as a portion of the mark.
    pub start: Ppm,
    /// What each step adds.
    pub step: Ppm,
    /// From one step to the next.
    pub interval: Span,
    /// Most discount.
    pub most: Ppm,
    /// How long an auction takes bids.
    pub lifetime: Span,
    /// What a bidder pays in as margin, as a portion of what he takes at the auction's price.
    pub margin: Ppm,
}

impl Default for AuctionPolicy {
    fn default() -> Self {
        Self {
            start: Ppm::new(1_000),
            step: Ppm::new(1_000),
            interval: Span::from_ms(10_000),
            most: Ppm::new(50_000),
            lifetime: Span::from_ms(900_000),
            margin: Ppm::new(100_000),
        }
    }
}

/// What a market's fund may take over. A position limit of zero takes nothing more.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct InventoryPolicy {
    /// Base atoms of a whole base unit, which prices are quoted for.
    pub base_unit: Base,
    /// Largest position, in atoms at the mark.
    pub position_max: Amount,
    /// Most that the position may cost the fund's layers within 24 hours, unrealised loss included.
    pub loss_max: Amount,
    /// How long a position may be held before anyone may put it to auction or have it closed.
    pub hold_max: Span,
    /// The move against the position, as a portion of the mark, that the fund must be able to bear.
    pub shock: Ppm,
    /// Part of the fund's unreserved money that this move may cost on all its positions together.
    pub reserve_part: Ppm,
    /// So long after a takeover nothing more is taken from the same owner group.
    pub cooldown: Span,
    /// A mark older than this closes no position.
    pub mark_age: Span,
    /// How much worse than the mark a fill may be, as a portion of it.
    pub slip_max: Ppm,
    /// How it is auctioned.
    pub auction: AuctionPolicy,
    /// Who bears what is lost when it is closed against the other side.
    pub end: InventoryEnd,
}

impl Default for InventoryPolicy {
    fn default() -> Self {
        Self {
            base_unit: Base::new(1_000_000_000),
            position_max: Amount::ZERO,
            loss_max: Amount::ZERO,
            hold_max: Span::hours(4),
            shock: Ppm::new(200_000),
            reserve_part: Ppm::new(250_000),
            cooldown: Span::days(1),
            mark_age: Span::from_ms(60_000),
            slip_max: Ppm::new(50_000),
            auction: AuctionPolicy::default(),
            end: InventoryEnd::Waterfall,
        }
    }
}
