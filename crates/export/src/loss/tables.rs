//! A loss as rows, for pages that lay them out themselves.

use super::{
    history::History,
    page::{formula, rounding, share_price},
    view::{LossView, row_words},
};
use crate::{
    error::ExportError,
    picture::{Cell, Table},
};
use backstop_core::{event::Cohort, state::State};
use backstop_units::{Amount, Hash, LossId, Seq};

/// What the page of a loss says, in the words of [`super::loss_page`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossTables {
    /// What the loss is, and on which market.
    pub title: String,
    /// How far it is.
    pub status: &'static str,
    /// Why there are no rows, or what became of them; empty in the ordinary case.
    pub notice: &'static str,
    /// Its market's name.
    pub market: String,
    /// Whose account caused it, if one alone did.
    pub account: Option<String>,
    /// The mark, where one was reported.
    pub mark: Option<String>,
    /// The root of what it was computed from, if it is known.
    pub evidence: Option<Hash>,
    /// The record that placed it.
    pub placed_in: Option<Seq>,
    /// What came back to all who bore it.
    pub recovered: Amount,
    /// What nobody paid.
    pub residual: Amount,
    /// Who bore how much, by which formula, rounded how.
    pub payers: Table,
    /// What it did to share prices, a line for each tranche.
    pub prices: Vec<String>,
}

/// The rows of one loss.
///
/// # Errors
/// [`ExportError::UnknownLoss`], [`ExportError::Corrupt`].
pub fn loss_tables(
    state: &State,
    id: LossId,
    history: &History,
) -> Result<LossTables, ExportError> {
    let view = LossView::new(state, id, history)?;
    let columns = ["who", "layer", "bore", "came back", "formula", "rounding"];
    let mut payers = Table::new("Who bore it", columns);
    let rows = view.rows();
    for row in &rows {
        let cohort = &row.row.row.cohort;
        let layer = match cohort {
            Cohort::Residual => "–".to_owned(),
            _ => row.row.row.layer.to_string(),
        };
        payers.row([
            Cell::text(row_words(state, view.loss.market, cohort)),
            Cell::number(&layer),
            Cell::amount(&view.unit, row.row.row.amount),
            Cell::amount(&view.unit, row.row.recovered),
            Cell::text(formula(&view, row)),
            Cell::text(rounding(cohort)),
        ]);
    }
    let (recovered, gross) = (view.recovered(), view.loss.gross);
    let [gross, back] = [gross, recovered].map(|sum| Cell::amount(&view.unit, sum));
    let (none, empty) = (Cell::number(&"–"), || Cell::text(""));
    payers.row([Cell::text("sum = gross loss"), none, gross, back, empty(), empty()]);
    let prices = rows.iter().filter_map(|row| share_price(&view, row));
    Ok(LossTables {
        title: view.title(),
        status: view.status(),
        notice: view.notice(),
        market: view.market(),
        account: view.account(),
        mark: view.mark(),
        evidence: (view.loss.evidence != Hash::ZERO).then_some(view.loss.evidence),
        placed_in: view.placed_in(),
        recovered,
        residual: view.residual(),
        payers,
        prices: prices.map(|(name, words)| format!("{name}: {words}")).collect(),
    })
}
