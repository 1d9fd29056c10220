//! The rules of Backstop: commands in, events and postings out.
//!
//! A venue sends [`Command`]s. [`apply`] checks the sender's right, asks the command's rule, and
//! either refuses with one [`Reject`] or turns it into [`Event`]s, from which state and postings
//! follow. Nothing here reads a clock, a file or a random number; the same commands at the same times
//! give the same bytes on every machine.
//!
//! ```text
//!   Command ──▶ authority ──▶ decide(&State) ──▶ Event ──▶ evolve(&mut State) ──▶ postings
//!                  │               │                                    (ledger, per asset Σ = 0)
//!                  └── Reject ◀────┘        several steps, one Txn, one Record
//! ```
//!
//! # Where is what
//!
//! [`waterfall`] is the loss waterfall. One folder for each part of the domain: `ledger`, `fund`,
//! `liquidation`, `lending`, `pool`, `loss`, `oracle`, `governance`. One file for each mechanism. [`COMMANDS`] is the command
//! table, [`RejectCode`] the table of refusals.
//!
//! # Invariants
//!
//! The numbered ones are counted by [`invariants::check`]. Besides them:
//!
//! - **C1** `decide` never changes state; `evolve` never decides and never refuses.
//! - **C2** A refused command changes nothing: state, bytes and hash are as before.
//! - **C3** Every command is O(1) in accounts, stakers and losses. A step of deleveraging takes a list of
//!   candidates, whose length the market's policy bounds.
//! - **C4** A hash map is never walked; canonical order exists in slabs only.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]
extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod command;
pub mod compensation;
mod decide;
mod entity;
pub mod event;
mod evolve;
pub mod farm;
pub mod fund;
pub mod governance;
pub mod hosted;
mod index;
pub mod invariants;
pub mod ledger;
pub mod lending;
pub mod liquidation;
pub mod loss;
mod machine;
pub mod merkle;
pub mod oracle;
pub mod policy;
pub mod pool;
pub mod record;
pub mod reject;
#[cfg(feature = "schema")]
mod schema;
mod slab;
pub mod state;
mod table;
mod txn;
pub mod warm;

pub use command::{Body, COMMANDS, Command};
pub use event::Event;
pub use loss::waterfall;
pub use machine::{Checked, apply, begin, dry_run, recheck, rehearse, replay, replay_genesis};
pub use record::{Asked, Entry, Genesis, Record};
pub use reject::{Corrupt, Halt, Reject, RejectCode};
pub use slab::{Handle, Slab};
pub use state::State;
pub use table::{CommandSpec, FieldSpec};

/// The newest rules this program knows. A change of outcomes is a new version, switched on by an
/// `activate_rules` command; old ranges of a log are verified by the rules they were decided by.
pub const RULES_VERSION: u16 = 1;
