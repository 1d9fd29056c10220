//! The risk desk: one run from settings and files to figures that a committee can sign.
//!
//! ```text
//!   files ──▶ data ──▶ models ──▶ scenarios ──▶ need ──▶ sizing ──▶ report
//!                         └──────▶ back tests ────────────┘
//! ```

mod progress;

pub use progress::{Cancelled, Progress, Silent};
