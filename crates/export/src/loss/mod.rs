//! Loss pages: who bore how much of a loss and by which rule, as text, SVG and Markdown.
//!
//! The state knows who bore what. What each layer had at that moment, and so the share price before
//! and after, is in the log only: a [`History`] collects it while the records go by. Without it the
//! pages say less, never something else.
//!
//! Names reach SVG escaped, and Markdown inside code spans, which no label can end.

mod history;
mod page;
mod picture;
mod svg;
mod view;

pub use history::{History, Placing};
pub use picture::{Picture, PictureLayer, waterfall_text};
pub use svg::waterfall_svg;
pub(crate) use view::row_words;

use crate::error::ExportError;
use backstop_core::state::State;
use backstop_units::LossId;
use view::LossView;

/// The picture of a loss: its layers in the order in which they paid, for [`waterfall_text`],
/// [`waterfall_svg`] or a page of your own.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_picture(state: &State, id: LossId, history: &History) -> Result<Picture, ExportError> {
    Ok(LossView::new(state, id, history)?.picture())
}

/// One loss for a terminal of 80 columns: facts, waterfall, residual, what came back.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_text(state: &State, id: LossId, history: &History) -> Result<String, ExportError> {
    Ok(page::text(&LossView::new(state, id, history)?))
}

/// One loss as a self-contained SVG; see [`waterfall_svg`].
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_svg(state: &State, id: LossId, history: &History) -> Result<String, ExportError> {
    Ok(waterfall_svg(&loss_picture(state, id, history)?))
}

/// One loss as a Markdown page. It shows the picture `<loss id>.svg`, which belongs beside it: write
/// [`loss_svg`] there.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_page(state: &State, id: LossId, history: &History) -> Result<String, ExportError> {
    Ok(page::markdown(&LossView::new(state, id, history)?))
}
