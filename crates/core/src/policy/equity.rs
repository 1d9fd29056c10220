//! Rules of sharing a loss by equity.

use super::AdlPolicy;
use backstop_units::{Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Rules of sharing a loss among a market's accounts in proportion to their equity.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EquityPolicy {
    /// The most that an account gives, as a portion of its equity; above nothing, at most all of it.
    pub cap: Ppm,
    /// At most so many accounts pay in one step.
    pub batch: u16,
    /// At most so many accounts in a list.
    pub accounts_max: u32,
    /// So long after the loss was placed, what has not been paid by then can go to the layers behind.
    pub deadline: Span,
}

impl Default for EquityPolicy {
    fn default() -> Self {
        let AdlPolicy { batch, candidates_max, deadline, .. } = AdlPolicy::default();
        Self { cap: Ppm::WHOLE, batch, accounts_max: candidates_max, deadline }
    }
}
