//! The reference venue: synthetic books on real prices, a liquidation engine, and the demo. And the risk desk: how big
//! a fund must be, out of anybody's prices and positions.
//!
//! ```text
//!   prices ──▶ path ──┐
//!                     ├──▶ venue ──▶ Ledger (core, in memory or durable) ──▶ demo ──▶ sweep
//!   random ──▶ book ──┘      │
//!                            └── impact, margin, evidence
//!   prices ──▶ vault: a vault of lenders through a week, on the same Ledger
//!
//!   files ──▶ data ──▶ models ──▶ scenarios ──▶ need ──▶ sizing ──▶ desk's report
//! ```
//!
//! Floats live in this crate only, and only where a market is imitated or risk is measured.
//! Money is integer from the moment a book is drawn. Transcendentals come from `libm`, so the same
//! seed gives the same commands on every machine and on any number of threads.
//!
//! # Invariants
//!
//! - **V1** The venue settles only through a [`Ledger`]; each closed account is one command.
//! - **V2** All money of venue and ledger adds up to what was paid in, to the atom, with floors
//!   counted as named dust ([`Conservation`]).
//! - **V3** The same setup sends the same commands at the same times.
//! - **V4** Parameters are constants with a source ([`BookParams`], [`VenueParams`]), fixed before
//!   the first run.
//!
//! Deliberately not here: the rules of who pays (core), and any clock or file.

mod custody;
mod float;
mod impact;
mod margin;

pub mod book;
pub mod crash;
pub mod data;
pub mod demo;
pub mod desk;
pub mod error;
pub mod evidence;
pub mod forecast;
pub mod kernel;
pub mod ledger;
pub mod models;
pub mod need;
pub mod params;
pub mod path;
pub mod prices;
pub mod random;
pub mod scenarios;
pub mod sizing;
pub mod stats;
pub mod sweep;
pub mod vault;
pub mod venue;

pub use book::Book;
pub use crash::{CRASHES, Crash, Feed};
pub use demo::{DemoReport, DemoSetup, Progress, run, run_with_evidence};
pub use error::RiskError;
pub use ledger::{Ledger, LedgerError, Memory};
pub use params::{BookParams, VenueParams};
pub use prices::{Bar, Bars, PriceError};
pub use sweep::{Percentiles, Sweep, sweep};
pub use vault::{Cover, LendingParams, WEEKS, Week, WeekReport, WeekSetup};
pub use venue::{Conservation, Venue};
