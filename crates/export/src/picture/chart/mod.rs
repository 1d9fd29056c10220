//! Charts of figures that are estimated, not booked: lines with bands, bars, parts of wholes, grids.
//!
//! ```text
//!   Plot    lines, dashes, areas, bands, dots, crosses, sticks; rules and marks; plain and logarithmic axes
//!   Bars    signed lengths with their intervals
//!   Stacked parts of wholes          Grid    a value for each row and column
//!   Tornado one figure under changed assumptions, to both sides of what it is
//! ```
//!
//! Floats come in here and end as whole tenths of a pixel and as words; logarithms are `libm`'s, all else is
//! correctly rounded, so the same figures give the same bytes on every machine. What is no number is not drawn, and
//! is a word in tables.

mod axis;
mod bars;
mod draw;
mod label;
mod number;
mod plot;
mod span;
mod tornado;
mod trace;

pub use axis::{Axis, Scale};
pub use bars::{Bar, Bars, Grid, Stacked};
pub use number::Numbers;
pub(crate) use number::exact;
pub use plot::{Mark, Plot, Rule, Series, Trace};
pub(crate) use span::whole;
pub use tornado::{Swing, Tornado};

/// Colors of parts that stand beside each other, in their order.
pub const PARTS: [super::Tone; 6] = label::PARTS;

#[cfg(test)]
pub(super) mod tests;
