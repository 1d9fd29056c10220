//! Vaults: deposits in one asset, spread over reserves by weight, for shares that never change in number.
//!
//! ```text
//!   depositors ── deposit ──▶ idle ── invest ──▶ reserves, each at most its cap
//!       ▲                      │ ◀─ disinvest ──     │ interest, losses
//!       └────── withdraw ◀─────┘                     ▼
//!                       net assets = idle + worth of reserve shares − pending fees
//!                       share price = net assets ÷ shares
//! ```
//!
//! A vault values all its reserves at each command: at most [`ALLOCATIONS_MAX`](book::ALLOCATIONS_MAX) of
//! them, each with the interest up to then. A dead one is worth nothing, a paused one what it is worth, and neither
//! stops the others. Shares that are staked in a farm stay in their holder's place. **Invariant V1** a vault's idle
//! money is its ledger account's, its shares are its holders', those of pools and compensation accounts and the dead
//! ones, and the reserve shares it names are counted in those reserves. **V2** stands in [`snapshot`], **V3** in [`kin`].

pub mod allocation;
pub mod book;
pub(crate) mod check;
pub(crate) mod conditional;
pub(crate) mod curate;
pub(crate) mod deposit;
pub(crate) mod evolve;
pub mod fees;
pub(crate) mod holders;
pub mod in_kind;
pub(crate) mod invest;
pub mod kin;
pub(crate) mod leave;
pub mod loss;
pub(crate) mod opening;
pub(crate) mod payout;
pub(crate) mod queue;
pub mod snapshot;
pub mod touch;
pub mod withdraw;
pub mod worth;
pub mod yields;
