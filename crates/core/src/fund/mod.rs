//! Funds: one asset, a protocol-owned reserve, contributions, and staked tranches.

pub mod coverage;
pub(crate) mod evolve;
pub(crate) mod hold;
pub mod holds;
pub(crate) mod money;
pub(crate) mod protocol;
pub mod rescale;
pub mod revenue;
pub(crate) mod setup;
pub mod shares;
pub(crate) mod stake;
pub(crate) mod unstake;

pub use coverage::{Coverage, coverage, excess};
