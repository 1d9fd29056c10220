//! Rules of funds and tranches.

use super::{Causes, ExitValue, Overflow, SplitRounding};
use backstop_units::{Amount, Bps, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// How the collateral left after a liquidation is shared. **Shape** the three parts add up to 100%.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct SplitPolicy {
    /// To the fund, until its threshold.
    pub fund: Bps,
    /// To the liquidator.
    pub liquidator: Bps,
    /// Back to the user.
    pub user: Bps,
    /// Who keeps the dust.
    pub rounding: SplitRounding,
    /// Where the fund's part goes past the threshold.
    pub overflow: Overflow,
}

impl Default for SplitPolicy {
    fn default() -> Self {
        Self {
            fund: Bps::new(2_000),
            liquidator: Bps::new(3_000),
            user: Bps::new(5_000),
            rounding: SplitRounding::LargestRemainder,
            overflow: Overflow::Treasury,
        }
    }
}

/// Rules of one fund.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct FundPolicy {
    /// Sharing of remaining collateral.
    pub split: SplitPolicy,
    /// Whether stakers' money counts toward threshold and coverage.
    pub counts_stake: bool,
    /// What losses the fund's reserve covers.
    pub covers: Causes,
    /// Below this part of its target the fund releases no excess.
    pub coverage_min: Bps,
    /// How long a lower threshold waits.
    pub threshold_delay: Span,
    /// How long a withdrawal of excess waits.
    pub withdraw_delay: Span,
    /// How long a declared loss may wait for its assessment before it lapses.
    pub declaration_lapse: Span,
    /// How much of 90 days alerts may hold exits, and pauses entries, each.
    pub hold_max: Span,
}

impl Default for FundPolicy {
    fn default() -> Self {
        Self {
            split: SplitPolicy::default(),
            counts_stake: false,
            covers: Causes::INSURED,
            coverage_min: Bps::WHOLE,
            threshold_delay: Span::days(14),
            withdraw_delay: Span::days(3),
            declaration_lapse: Span::days(1),
            hold_max: Span::days(7),
        }
    }
}

/// Rules of one staked tranche.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct TranchePolicy {
    /// From request to claim.
    pub cooldown: Span,
    /// From the end of the cooldown until the ticket lapses; no time means never.
    pub claim_window: Span,
    /// What a ticket pays.
    pub exit_value: ExitValue,
    /// Smallest stake.
    pub stake_min: Amount,
    /// Open tickets for each staker.
    pub tickets_max: u16,
    /// What losses the tranche covers.
    pub covers: Causes,
    /// Whether a wiped tranche starts a new share series, so that newcomers inherit nothing.
    pub new_series_after_wipe: bool,
}

impl Default for TranchePolicy {
    fn default() -> Self {
        Self {
            cooldown: Span::days(14),
            claim_window: Span::days(3),
            exit_value: ExitValue::AtClaim,
            stake_min: Amount::new(1),
            tickets_max: 16,
            covers: Causes::INSURED,
            new_series_after_wipe: true,
        }
    }
}
