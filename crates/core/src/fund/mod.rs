//! Funds: one asset, a protocol-owned reserve, contributions, and staked tranches.

pub mod bands;
pub mod control;
pub mod controls;
pub mod coverage;
pub(crate) mod crank;
pub mod drawdown;
pub(crate) mod evolve;
pub mod exits;
pub mod gauge;
pub(crate) mod hold;
pub mod holds;
pub mod house;
pub(crate) mod idle;
pub mod inventory;
pub(crate) mod money;
pub(crate) mod protocol;
pub mod rails;
pub mod realised;
pub mod rescale;
pub mod reservations;
pub(crate) mod reserve;
pub mod revenue;
pub mod risk_message;
pub(crate) mod setup;
pub mod shares;
pub(crate) mod stake;
pub mod surplus;
pub(crate) mod unstake;

pub use coverage::{Coverage, coverage, coverage_at, excess, room};
pub use crank::{band_at, covered, limits_at};
