//! The risk desk: one run from settings and files to figures that a committee can sign.
//!
//! ```text
//!   files ──▶ data ──▶ models ──▶ scenarios ──▶ need ──▶ sizing ──▶ report
//!                         └──────▶ back tests ────────────┘
//! ```

mod accounts_page;
mod back_page;
mod book_page;
mod draw;
pub mod error;
mod fee_page;
#[cfg(test)]
mod fixture;
mod forecast_page;
pub mod from_ledger;
pub mod fund;
pub mod inputs;
mod ledger_book;
mod limits;
mod need_page;
pub mod outcome;
pub mod overrides;
mod progress;
mod reference_page;
pub mod registered;
mod rules;
pub mod run;
mod sensitivity;
pub mod setup;
mod size_page;
mod stress_page;
mod tail_page;
pub mod threads;
mod year;

pub use fund::LedgerFund;
pub use inputs::Inputs;
pub use outcome::Report;
pub(crate) use progress::Stage;
pub use progress::{Cancelled, Progress, Silent};
pub use setup::Setup;
