//! Losses: from the declaration to the last recovery.
//!
//! ```text
//!   Declared ──assess──▶ Open ──place──▶ Placed ──close──▶ Closed
//!      │                  │                 │                 │
//!      └── lapses / void ─┴──── void ───────┴────── void ─────┘ ──▶ Void
//! ```
//!
//! A deficit that a venue reports with its evidence passes through all of them in one command. While
//! a loss is declared or open, the gate of every fund it may touch is shut.

pub mod adl;
pub mod capacity;
pub mod claim;
pub mod conversion;
pub mod deposit_index;
pub(crate) mod deposits;
pub mod equity;
pub(crate) mod evolve;
pub(crate) mod lifecycle;
pub(crate) mod place;
pub(crate) mod recovery;
pub mod waterfall;
pub mod window;

pub use recovery::{PROTOCOL, claimable, shares_at};
