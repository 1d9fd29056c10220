//! Rules of lending reserves: what borrowers pay, and how it grows.

use super::choice;
use alloc::vec::Vec;
use backstop_units::{Amount, Bps, Label, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// How a rate becomes the factor by which a debt grows over several periods.
    Growth {
        /// The rate of one period, compounded once for each.
        Compound = 0 "compound",
        /// The first four terms of that power: a little less, never more.
        Series = 1 "series",
    }
}

choice! {
    /// What may happen in a reserve.
    ReserveStatus {
        /// Everything.
        Active = 0 "active",
        /// Money may only come back: withdrawals, repayments, liquidations.
        Paused = 1 "paused",
        /// Nothing was left of what lenders held: it is worth nothing, and stays so.
        Dead = 2 "dead",
    }
}

/// One corner of a rate curve.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RatePoint {
    /// How much of what is supplied is lent.
    pub utilization: Bps,
    /// What borrowers pay for a year there.
    pub rate: Bps,
}

/// What borrowers of a reserve pay, and who gets it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct InterestPolicy {
    /// Corners from no utilization to all of it, 2 to 11 of them.
    pub curve: Vec<RatePoint>,
    /// The protocol's part of what borrowers pay by the curve.
    pub take: Bps,
    /// Who referred a borrower gets this part of the protocol's part.
    pub referral: Bps,
    /// A yearly rate on top of the curve, all of it the protocol's.
    pub host_rate: Bps,
    /// Interest is added for each of these that has passed.
    pub period: Span,
    /// How the rate of one period becomes that of many.
    pub growth: Growth,
}

impl InterestPolicy {
    /// Fewest and most corners of a curve.
    pub const POINTS: (usize, usize) = (2, 11);
}

impl Default for InterestPolicy {
    fn default() -> Self {
        let point = |utilization, rate| RatePoint {
            utilization: Bps::new(utilization),
            rate: Bps::new(rate),
        };
        Self {
            curve: alloc::vec![
                point(0, 0),
                point(8_000, 600),
                point(9_000, 1_500),
                point(10_000, 8_000)
            ],
            take: Bps::new(1_500),
            referral: Bps::ZERO,
            host_rate: Bps::ZERO,
            period: Span::from_ms(1_000),
            growth: Growth::Compound,
        }
    }
}

/// An asset that borrowers can pledge.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PledgePolicy {
    /// Which.
    pub asset: Label,
    /// The part of its worth that can be borrowed against.
    pub borrow: Bps,
    /// The part of its worth below which a debt is liquidated; at least `borrow`.
    pub liquidation: Bps,
    /// What a liquidator gets on top of what he repays, as a portion of it.
    #[serde(default = "nothing")]
    pub bonus: Bps,
    /// The part of the bonus that goes to the reserve's treasury.
    #[serde(default = "nothing")]
    pub bonus_take: Bps,
    /// At most so many atoms are pledged in all.
    #[serde(default)]
    pub max: Option<Amount>,
}

/// Rules of one lending reserve.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReservePolicy {
    /// What borrowers pay, and who gets it.
    pub interest: InterestPolicy,
    /// What can be pledged, at most 16 assets.
    pub collateral: Vec<PledgePolicy>,
    /// At most so many atoms are supplied.
    pub supply_max: Option<Amount>,
    /// At most so many atoms are borrowed.
    pub borrow_max: Option<Amount>,
    /// A loan may not take utilization above this.
    pub utilization_max: Bps,
    /// One liquidation repays at most this part of a debt.
    pub close: Bps,
    /// A debt of at most so many atoms can be repaid whole at once.
    pub close_all: Amount,
    /// Whether a loss is borne by interest that the protocol has not collected before lenders bear any.
    pub fees_first: bool,
}

impl ReservePolicy {
    /// Most assets that can be pledged.
    pub const COLLATERAL_MAX: usize = 16;
}

impl Default for ReservePolicy {
    fn default() -> Self {
        Self {
            interest: InterestPolicy::default(),
            collateral: Vec::new(),
            supply_max: None,
            borrow_max: None,
            utilization_max: Bps::new(9_500),
            close: Bps::new(5_000),
            close_all: Amount::ZERO,
            fees_first: true,
        }
    }
}

const fn nothing() -> Bps {
    Bps::ZERO
}
