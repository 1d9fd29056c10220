//! Pictures of structure: who pays for a loss, where it went, what leaves when. Each is drawn from plain values and
//! has a table of the same values.
//!
//! ```text
//!   Waterfall ──▶ Cascade, Tower      Flow      Queue     Gauge     Balance     Stack     Lights     Timeline     Timelocks
//!                        └──────────────┴─────────┴────┬────┴──────────┴──────────┴─────────┘
//!                                        sketch.rs: whole numbers, measured text, one palette (ink.rs)
//!                                                      ├─▶ svg(Form::File)     a file with its own dark scheme
//!                                                      ├─▶ svg(Form::Inline)   for a page with `stylesheet()`
//!                                                      └─▶ table()             HTML and CSV
//! ```
//!
//! Charts of estimated figures are in [`chart`].
//!
//! # Invariants
//!
//! - **X5** Every picture is 360 wide, so a phone shows it one to one, and no letter is smaller than 12.
//! - **X6** No words stand on others, and nothing outside the picture: tests look at every sketch.
//! - **X7** No color without words; a title and a description tell what is drawn.

mod balance;
mod cascade;
#[allow(
    clippy::float_arithmetic,
    reason = "what is estimated is a float; it ends as tenths of a pixel"
)]
pub mod chart;
mod flow;
mod gauge;
mod ink;
mod lights;
mod queue;
mod sketch;
mod stack;
mod table;
mod timeline;
mod timelocks;
mod tower;
mod waterfall;

pub use balance::{Balance, Mark, MarkKind, Point};
pub use cascade::Cascade;
pub use flow::{Flow, FlowRow};
pub use gauge::{Band, Gauge};
pub use ink::{Tone, stylesheet};
pub use lights::Lights;
pub use queue::{Queue, QueueDay};
pub(crate) use sketch::escaped;
pub use sketch::{Form, Sketch};
pub use stack::{Part, Stack};
pub use table::{Cell, Table};
pub use timeline::{Step, StepState, Timeline};
pub use timelocks::{Timelock, Timelocks};
pub use tower::Tower;
pub(crate) use waterfall::RESIDUAL;
pub use waterfall::{Waterfall, WaterfallLayer, waterfall_text};

/// What can be drawn and read as a table.
pub trait Picture {
    /// The picture before it is written.
    #[doc(hidden)]
    fn sketch(&self) -> Sketch;

    /// The same values as rows.
    fn table(&self) -> Table;

    /// The picture as SVG, with a title and a description that tells all of it in words.
    fn svg(&self, form: Form) -> String {
        self.sketch().svg(form)
    }
}

/// A loss running down its layers, as a file of its own.
pub fn waterfall_svg(waterfall: &Waterfall) -> String {
    Cascade(waterfall).svg(Form::File)
}

#[cfg(test)]
mod tests;
