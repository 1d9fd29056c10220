//! The risk desk: one run from settings and files to figures that a committee can sign.
//!
//! ```text
//!   files ──▶ data ──▶ models ──▶ scenarios ──▶ need ──▶ sizing ──▶ report
//!                         └──────▶ back tests ────────────┘
//! ```

pub mod outcome;
mod progress;
pub mod setup;

pub use outcome::Report;
pub use progress::{Cancelled, Progress, Silent};
pub use setup::Setup;
