//! What the tests of every crate share: worlds, scripts, and a naive oracle.
//!
//! ```text
//!   generator ──▶ Script ──▶ World ──▶ core ──▶ events, state
//!                              │                     │
//!                              └──▶ Oracle ◀─────────┘  same answer, same balances, or a failure
//! ```
//!
//! [`world`] begins a ledger and sends commands with a scenario clock. [`generator`] makes random
//! command scripts that shrink. [`oracle`] computes the same money again with plain structs and lists,
//! written from the design's text and not from the core's code. [`keys`] signs as a test council. [`fuzz`]
//! feeds decoders with junk.
//!
//! A dev-dependency only: what is here may panic, and a panic is a failed test.

pub mod bench;
pub mod compensation;
pub mod farm;
pub mod fuzz;
pub mod generator;
pub mod hosted;
pub mod keys;
pub mod lending;
pub mod oracle;
pub mod pool;
pub mod vault;
pub mod world;

pub use generator::{Op, Script, script};
pub use oracle::Oracle;
pub use world::{Setup, World, label};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
