//! Rules of funds and tranches.

use super::{
    CancelTerms, Causes, EntryPrice, ExitValue, Overflow, ProtocolHolding, SplitRate, SplitRounding,
};
use backstop_units::{Amount, Bps, Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// How the collateral left after a liquidation is shared. **Shape** the three parts add up to 100%.
///
/// With a `rate` other than fixed the fund first takes what its fee control charges, and liquidator and
/// user share the rest by their parts. A fund without fee control takes its part of the split.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Where the fund's part comes from.
    pub rate: SplitRate,
}

impl Default for SplitPolicy {
    fn default() -> Self {
        Self {
            fund: Bps::new(2_000),
            liquidator: Bps::new(3_000),
            user: Bps::new(5_000),
            rounding: SplitRounding::LargestRemainder,
            overflow: Overflow::Treasury,
            rate: SplitRate::Fixed,
        }
    }
}

/// When and how much of a fund's revenue pool is settled to its owners.
///
/// A settlement moves the whole pool while nobody but the protocol holds shares. With stakers it moves
/// the least of `pool_share` of the pool and what `apr_max` allows for one period.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RevenuePolicy {
    /// From one settlement to the next, aligned to multiples of it on the clock; no time means never.
    pub period: Span,
    /// At most this part of the pool at once.
    pub pool_share: Ppm,
    /// At most this yearly part of the staked assets, spread over the periods of a year of 365 days.
    pub apr_max: Ppm,
    /// Where less money is free than the pool holds: at most this part of what is free.
    pub liquid_share: Ppm,
    /// Part of the income that is taken for the fund, as the venue states it.
    pub total_factor: Ppm,
    /// Part of the income that is meant for stakers; the rest of `total_factor` is the protocol's.
    pub staker_factor: Ppm,
    /// What newcomers pay.
    pub entry: EntryPrice,
}

impl Default for RevenuePolicy {
    fn default() -> Self {
        Self {
            period: Span::hours(1),
            pool_share: Ppm::new(100_000),
            apr_max: Ppm::new(300_000),
            liquid_share: Ppm::new(500_000),
            total_factor: Ppm::WHOLE,
            staker_factor: Ppm::new(500_000),
            entry: EntryPrice::WithPending,
        }
    }
}

/// Rules of one fund.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Settlement of revenue.
    pub revenue: RevenuePolicy,
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
            revenue: RevenuePolicy::default(),
        }
    }
}

/// When a fund counts as fallen far from its peak of eight hours, each bound a portion of that peak.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrawdownPolicy {
    /// It begins at a fall of at least this.
    pub start: Ppm,
    /// Once begun it lasts while the fall is at least this, which is no more.
    pub stop: Ppm,
    /// A fall counts only while the fund holds more than this, in atoms; an empty fund always counts.
    #[serde(default)]
    pub min_balance: Amount,
    /// Whether the fund then gives nothing to markets whose winners stand in the waterfall. Without it
    /// the fall is only shown.
    #[serde(default)]
    pub spares: bool,
}

/// Rules of one staked tranche.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Atoms that stay whatever is paid out or drawn.
    pub keeps: Amount,
    /// What taking a ticket back costs.
    pub cancel: CancelTerms,
    /// Whether a staker may add to his stake while a ticket of his is open.
    pub stake_while_leaving: bool,
    /// How the protocol holds what is its own.
    pub protocol: ProtocolHolding,
    /// Its weight beside the fund's other tranches when revenue is settled to stakers.
    pub revenue_weight: u16,
    /// Decimals that a share price keeps below one atom before shares are rescaled by a power of ten.
    pub spare_decimals: u8,
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
            keeps: Amount::ZERO,
            cancel: CancelTerms::Free,
            stake_while_leaving: true,
            protocol: ProtocolHolding::Reserve,
            revenue_weight: 1,
            spare_decimals: 9,
        }
    }
}
