//! Rules of vaults: fees, penalties, limits, and where money goes.

use super::choice;
use backstop_units::{Amount, Bps, Shares, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// When money of a vault goes to a reserve.
    AllocationKind {
        /// By weight, whenever money is moved.
        Standard = 0 "standard",
        /// Only when a borrower takes it.
        Conditional = 1 "conditional",
    }
}
choice! {
    /// What the penalty of a withdrawal is a part of.
    PenaltyBase {
        /// What is delivered.
        Delivered = 0 "delivered",
        /// What was asked for, delivered or not.
        Requested = 1 "requested",
    }
}

choice! {
    /// Who is paid when a vault can't pay all at once.
    QueueKind {
        /// Whoever asks first when something is at hand.
        None = 0 "none",
        /// Those who wait, each by the shares he waits with; nobody passes them.
        ProRata = 1 "pro_rata",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro declares the words, not what is usual")]
impl Default for AllocationKind {
    fn default() -> Self {
        Self::Standard
    }
}

/// Rules of one vault.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VaultPolicy {
    /// The curator's part of profit.
    pub performance: Bps,
    /// The curator's part of net assets for a year; at most 10 %.
    pub management: Bps,
    /// How long a year of the management fee is.
    pub year: Span,
    /// Whether profit counts only above the highest share price so far.
    pub high_water: bool,
    /// Whether a loss takes pending fees before depositors bear any.
    pub fees_bear_losses: bool,
    /// Kept by the vault of each withdrawal; at most 10 %.
    pub penalty: Bps,
    /// At least so many atoms of it; at most 10,000.
    pub penalty_min: Amount,
    /// The protocol's least portion, whatever the curator sets.
    pub penalty_floor: Bps,
    /// The protocol's least amount, in atoms.
    pub penalty_min_floor: Amount,
    /// What the penalty is a part of.
    pub penalty_of: PenaltyBase,
    /// At least so many atoms a deposit.
    pub min_deposit: Amount,
    /// More than so many atoms a withdrawal.
    pub min_withdraw: Amount,
    /// At most so many atoms of net assets after a deposit.
    pub deposit_max: Option<Amount>,
    /// More than so many atoms are moved into or out of a reserve at once.
    pub min_invest: Amount,
    /// So long between two moves for one reserve.
    pub invest_delay: Span,
    /// What a deposit pays for each reserve that it may go to, in atoms.
    pub crank_fee: Amount,
    /// The idle part, against the weights of the reserves.
    pub idle_weight: u64,
    /// At most so many atoms are kept idle by weight; none: no limit.
    pub idle_max: Option<Amount>,
    /// Only reserves that the council has listed get new money. Once on, the council alone turns it off.
    pub listed_only: bool,
    /// Shares that the first deposit gives to nobody.
    pub dead_shares: Shares,
    /// Who is paid when it can't pay all at once.
    pub queue: QueueKind,
    /// How long a new reserve or a higher cap waits for a veto.
    pub cap_delay: Span,
    /// How long an assessed loss can be disputed before claims open.
    pub dispute_window: Span,
    /// How long claims can be made; at least a week.
    pub claim_window: Span,
}

impl VaultPolicy {
    /// Most of the management fee.
    pub const MANAGEMENT_MAX: Bps = Bps::new(1_000);
    /// Least time for claims.
    pub const CLAIM_WINDOW_MIN: Span = Span::days(7);
    /// Most of the penalty's portion.
    pub const PENALTY_MAX: Bps = Bps::new(1_000);
    /// Most of the penalty's least amount, in atoms.
    pub const PENALTY_MIN_MAX: Amount = Amount::new(10_000);
}

impl Default for VaultPolicy {
    fn default() -> Self {
        Self {
            performance: Bps::ZERO,
            management: Bps::ZERO,
            year: Span::days(365),
            high_water: true,
            fees_bear_losses: true,
            penalty: Bps::new(1),
            penalty_min: Amount::new(1),
            penalty_floor: Bps::ZERO,
            penalty_min_floor: Amount::ZERO,
            penalty_of: PenaltyBase::Delivered,
            min_deposit: Amount::ZERO,
            min_withdraw: Amount::ZERO,
            deposit_max: None,
            min_invest: Amount::ZERO,
            invest_delay: Span::ZERO,
            crank_fee: Amount::new(1),
            idle_weight: 0,
            idle_max: None,
            listed_only: true,
            dead_shares: Shares::new(1_000),
            queue: QueueKind::ProRata,
            cap_delay: Span::days(3),
            dispute_window: Span::days(3),
            claim_window: Span::days(180),
        }
    }
}
