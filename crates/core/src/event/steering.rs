//! What events about steering a fund are made of.

use crate::policy::PublicKey;
use backstop_units::{Amount, FundId, Hash, Ppm, Signed, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One run of fee control, with every term, so that anyone can compute it again: the rate is the
/// target as far as `reach` allows, the target the sum of the terms between the rails, what is charged
/// the rate and the spikes as far as the headroom allows. Coverage, terms and rates in trillionths.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ControlRun {
    /// Of which fund.
    pub fund: FundId,
    /// The coverage it saw: the lower of what the fund has and what a fresh forecast says.
    pub coverage: Signed,
    /// What the law says without its integral.
    pub proportional: Signed,
    /// The integral after this run.
    pub integral: Signed,
    /// What open interest adds.
    pub open_interest: Signed,
    /// What volatility adds.
    pub volatility: Signed,
    /// The sum of these four, clipped.
    pub target: Signed,
    /// How far the rate might move.
    pub reach: Signed,
    /// The rate before, without spikes.
    pub rate_before: Signed,
    /// The rate after it.
    pub rate: Signed,
    /// What spikes and the risk message in force add together, capped.
    pub spikes: Ppm,
    /// What the margin leaves, where it was stated.
    pub headroom: Option<Ppm>,
    /// What was charged just before.
    pub charged_before: Ppm,
    /// What is charged now.
    pub charged: Ppm,
    /// The band before.
    pub band_before: u8,
    /// The band now.
    pub band: u8,
    /// The band that coverage is good for once the delay is over, and since when it has been.
    pub rising: Option<(u8, Timestamp)>,
    /// The risk message that was in force, by its number.
    pub message: Option<u64>,
}

/// What a risk model asks of a fund. It only tightens: a target below the fund's own, or a fee or hold of nothing,
/// changes nothing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RiskMessage {
    /// Its number.
    pub sequence: u64,
    /// When the model made it.
    pub made_at: Timestamp,
    /// It lapses then.
    pub until: Timestamp,
    /// What the fund should hold.
    pub target: Amount,
    /// The stress loss of the two largest owner groups.
    pub cover_two: Amount,
    /// What it adds to the rate.
    pub fee: Ppm,
    /// What it holds back from what may leave the fund.
    pub hold: Amount,
    /// SHA-256 of the report behind it.
    pub evidence: Hash,
    /// The key that signed it.
    pub key: PublicKey,
}
