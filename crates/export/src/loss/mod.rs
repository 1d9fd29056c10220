//! Loss pages: who bore how much of a loss and by which rule, as text, SVG and Markdown.
//!
//! The state knows who bore what. What each layer had at that moment, and so the share price before
//! and after, is in the log only: a [`History`] collects it while the records go by. Without it the
//! pages say less, never something else.
//!
//! Names reach SVG escaped, and Markdown inside code spans, which no label can end.

mod history;
mod page;
mod replay;
mod tables;
mod view;
mod what_if;

pub use history::{History, Placing};
pub use page::share_price_text;
pub use replay::{LayerAt, drained};
pub use tables::{LossTables, loss_tables};
pub(crate) use view::row_words;
pub use what_if::what_if;

use crate::{
    error::ExportError,
    picture::{Flow, FlowRow, Waterfall, waterfall_svg},
};
use backstop_core::{event::Cohort, state::State};
use backstop_units::{Amount, LossId};
use view::LossView;

/// The waterfall of a loss: its layers in the order in which they paid, for any picture of it.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_waterfall(
    state: &State,
    id: LossId,
    history: &History,
) -> Result<Waterfall, ExportError> {
    Ok(LossView::new(state, id, history)?.picture())
}

/// Where a loss went: those who bore it, and what came back to them.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_flow(state: &State, id: LossId) -> Result<Flow, ExportError> {
    let history = History::default();
    let view = LossView::new(state, id, &history)?;
    let mut flow = Flow {
        id: format!("{id}-flow"),
        title: format!("Where {id} went"),
        unit: view.unit.clone(),
        gross: view.loss.gross,
        rows: Vec::new(),
        residual: Amount::ZERO,
        residual_recovered: Amount::ZERO,
    };
    for row in view.rows() {
        let (amount, recovered) = (row.row.row.amount, row.row.recovered);
        let cohort = &row.row.row.cohort;
        if *cohort == Cohort::Residual {
            flow.residual = flow.residual.saturating_add(amount);
            flow.residual_recovered = flow.residual_recovered.saturating_add(recovered);
            continue;
        }
        let name = row_words(state, view.loss.market, cohort);
        let by_users = cohort.source().is_some_and(view::by_users);
        flow.rows.push(FlowRow { name, amount, recovered, by_users });
    }
    Ok(flow)
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
    Ok(waterfall_svg(&loss_waterfall(state, id, history)?))
}

/// One loss as a Markdown page. It shows the picture `<loss id>.svg`, which belongs beside it: write
/// [`loss_svg`] there.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_page(state: &State, id: LossId, history: &History) -> Result<String, ExportError> {
    Ok(page::markdown(&LossView::new(state, id, history)?))
}
