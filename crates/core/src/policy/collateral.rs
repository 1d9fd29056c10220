//! Rules of assets that a collateral pool takes beside its own.

use backstop_units::{Amount, Ppm};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What an asset counts for as margin, how much of it is taken, and at which price it is seized.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CollateralPolicy {
    /// Taken off its value for maintenance margin.
    pub maintenance_haircut: Ppm,
    /// Taken off for initial margin and withdrawals; at least as much.
    pub initial_haircut: Ppm,
    /// Atoms of one account beyond which `beyond` is taken off instead; none: no cap.
    #[serde(default)]
    pub cap: Option<Amount>,
    /// Taken off what lies beyond the cap; at least `initial_haircut`.
    #[serde(default = "whole")]
    pub beyond: Ppm,
    /// Most atoms that the pool takes, of all accounts together; none: any amount.
    #[serde(default)]
    pub pool_max: Option<Amount>,
    /// Discount at which a liquidator buys what is seized.
    pub liquidator_fee: Ppm,
    /// Discount on top of it that goes to the fund; both together are at most `maintenance_haircut`.
    #[serde(default = "nothing")]
    pub fund_fee: Ppm,
}

const fn whole() -> Ppm {
    Ppm::WHOLE
}
const fn nothing() -> Ppm {
    Ppm::ZERO
}
