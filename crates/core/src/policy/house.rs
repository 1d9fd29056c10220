//! Rules of a fund's own account at a venue.

use super::choice;
use backstop_units::Label;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// How much of what a fund's house account is worth counts as the fund's money. A debt always
    /// counts in full.
    HouseCounts {
        /// What the venue would pay out now, at most the account's value.
        Free = 0 "free",
        /// The account's value, with what its positions have gained.
        Value = 1 "value",
    }
}

/// A fund's own account at a venue, and where what is in it beyond the threshold goes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HousePolicy {
    /// A market of the fund at that venue: it reports the account and clears what moves.
    pub market: Label,
    /// How much of it counts.
    #[serde(default = "free")]
    pub counts: HouseCounts,
    /// Who gets the surplus; nobody: none leaves the account.
    #[serde(default)]
    pub beneficiary: Option<Label>,
    /// Whether anyone may have the fund repay what the account owes, not the operator or a keeper alone.
    #[serde(default)]
    pub anyone_repays: bool,
}

const fn free() -> HouseCounts {
    HouseCounts::Free
}
