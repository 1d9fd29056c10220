//! Rules of auto-deleveraging: who is cut first, and by how much.

use super::choice;
use backstop_units::{Base, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// Which way a position gains.
    PositionSide {
        /// When the price rises.
        Long = 0 "long",
        /// When the price falls.
        Short = 1 "short",
    }
}
choice! {
    /// What puts a position to the front of the queue.
    AdlRank {
        /// Its place in the venue's list.
        Given = 0 "given",
        /// Profit in percent of the entry × effective leverage; of losers percent ÷ leverage.
        ProfitTimesLeverage = 1 "profit_times_leverage",
        /// (Unrealised profit ÷ collateral) × (maintenance margin ÷ equity).
        LeveragedPnl = 2 "leveraged_pnl",
        /// How far the price has moved its way as a factor × (notional ÷ equity).
        MoveTimesLeverage = 3 "move_times_leverage",
    }
}
choice! {
    /// How the need is shared among those who can be cut.
    AdlSelect {
        /// The first in the queue gives all it can, then the next.
        Queue = 0 "queue",
        /// Each gives in proportion to its unrealised gain.
        ProRataGains = 1 "pro_rata_gains",
        /// The highest leverage is brought down to the next highest, those two to the third, and so on.
        WaterFilling = 2 "water_filling",
    }
}

/// Rules of auto-deleveraging on one market.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AdlPolicy {
    /// Who stands first; a queue cuts in this order.
    pub rank: AdlRank,
    /// How the need is shared.
    pub select: AdlSelect,
    /// Whether the hedged part of a position is spared until nothing else is left.
    pub hedge_aware: bool,
    /// Whether nobody gives up more than his unrealised gain. Without it whole positions can be closed;
    /// sharing by gains never goes past a gain.
    pub gains_only: bool,
    /// Base atoms of a whole base unit, which prices are quoted for.
    pub base_unit: Base,
    /// At most so many cuts in one step.
    pub batch: u16,
    /// At most so many candidates in a list.
    pub candidates_max: u32,
    /// So long after the loss was placed, what is not cut by then can be called residual.
    pub deadline: Span,
}

impl AdlPolicy {
    /// Most candidates in one part of a list, and most cuts in one step.
    pub const PART_MAX: u16 = 4_096;
    /// Most candidates that a policy may allow.
    pub const LIST_MAX: u32 = 1 << 20;
}

impl Default for AdlPolicy {
    fn default() -> Self {
        Self {
            rank: AdlRank::ProfitTimesLeverage,
            select: AdlSelect::WaterFilling,
            hedge_aware: true,
            gains_only: true,
            base_unit: Base::new(1_000_000_000),
            batch: 1_024,
            candidates_max: 131_072,
            deadline: Span::hours(1),
        }
    }
}
