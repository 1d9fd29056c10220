//! Liquidations: sharing what is left, placing what is missing.

pub(crate) mod market;
pub(crate) mod settle;
pub mod split;
