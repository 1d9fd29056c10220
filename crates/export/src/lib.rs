//! Books for auditors: what the engine did, in files that other programs can check.
//!
//! ```text
//!                       ┌─▶ ledger::LedgerWriter   one journal for hledger and Ledger
//!   records, state ─────┼─▶ csv::PostingsCsv       spreadsheets
//!                       ├─▶ fund_csv::FundsCsv     each fund's history, with reasons
//!                       ├─▶ loss::loss_page        one page for each loss, with its waterfall
//!                       ├─▶ report::Gather         an auditor's statement of a period
//!                       ├─▶ claims::write          claims on a vault's loss with their Merkle proofs
//!   plain values ───────┼─▶ picture                pictures of structure as SVG, each with its table
//!   a risk report ──────┴─▶ risk                   one page to sign, its parts, text, CSV
//! ```
//!
//! # Invariants
//!
//! - **X1** Nothing here decides or computes money: postings come from
//!   [`backstop_core::ledger::postings`], balances from the state.
//! - **X2** The journal asserts every closing balance of the state, so an outside program finds a
//!   posting that is missing, changed or doubled.
//! - **X3** The same records and state give the same bytes. No clock, no file access; floats only where figures of the
//!   risk desk are shown ([`risk`], [`picture::chart`]).
//! - **X4** A name can't break out of its field: see [`names`], [`csv`] and [`loss`].
//!
//! What is deliberately not here: opening files, choosing file names, reading journals back.

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

pub mod claims;
pub mod csv;
mod error;
pub mod fund_csv;
pub mod ledger;
pub mod loss;
pub mod names;
pub mod picture;
pub mod report;
#[allow(
    clippy::float_arithmetic,
    reason = "figures of the risk desk are floats; no money is computed"
)]
pub mod risk;
pub mod standing;
mod words;

pub use error::ExportError;
pub use words::event_word;
