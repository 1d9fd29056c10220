//! Insurance pools: shares of a vault that its curator and others lock to pay for its losses before depositors do.
//!
//! ```text
//!   holding ── stake ──▶ own tranche ──┐ hit first
//!   matcher ── match ──▶ matched ──────┤ hit next            both stay shares of the vault and earn as they do
//!      ▲                               ▼
//!      └── exit, 30 days later ──   a loss of the vault
//! ```
//!
//! How a loss is paid is the pool's mode: released to those whom it has hurt, by signatures or after public delays
//! (`release.rs`), or burned in the same step (`first_loss.rs`). Both leave depositors equally well off while the pool
//! suffices.
//!
//! A tranche counts **units**; a unit is worth shares of the vault ÷ units. What a loss takes lowers the shares and
//! not the units, so who is on his way out is hit as hard as who stays. A tranche that lost all begins a new series
//! with the next stake. **Invariant P1** the units of a tranche's series are its stakes', those on their way out its
//! open exits', and the shares of both tranches are what the vault counts as pooled.

pub mod book;
pub(crate) mod check;
pub mod coverage;
pub(crate) mod evolve;
pub(crate) mod exit;
pub(crate) mod first_loss;
pub mod liable;
pub mod matching;
pub(crate) mod owner;
pub(crate) mod refund;
pub(crate) mod release;
pub(crate) mod setup;
pub mod signers;
pub(crate) mod stake;
