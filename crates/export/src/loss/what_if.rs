//! A waterfall that has not happened: who would pay now.

use super::view::{by_users, source_words};
use crate::{
    error::ExportError,
    names::{Unit, market_label},
    picture::{Waterfall, WaterfallLayer},
};
use backstop_core::{loss::capacity::capacities, policy::Cause, state::State, waterfall::allocate};
use backstop_units::{Amount, MarketId, Timestamp};

/// What users could bear from here on is told as any amount: only the size of an index bounds it, and no ledger
/// holds so much.
const BEYOND: Amount = Amount::new(1_000_000_000_000_000_000_000_000_000_000);

/// What each layer of a market could pay at `now`, and what it would pay of a loss; a loss of zero shows what is
/// there. It asks the functions that place losses.
///
/// # Errors
/// [`ExportError::Corrupt`].
pub fn what_if(
    state: &State,
    (id, loss): (MarketId, Amount),
    cause: Cause,
    now: Timestamp,
) -> Result<Waterfall, ExportError> {
    let market = state.markets.expect(id)?;
    let unit = Unit::of(state, state.funds.expect(market.fund)?.asset);
    let capacities = capacities(state, id, market, cause, now)?;
    let paid = allocate(loss, &capacities);
    let rows = state.layers_of(market).zip(&capacities).zip(&paid.draws);
    let layers = rows.map(|(((_, layer), capacity), draw)| {
        let can = match capacity.available.min(capacity.headroom) {
            can if by_users(layer.source) && can >= BEYOND => Amount::MAX,
            can => can,
        };
        let note = match () {
            () if can.is_zero() && !capacity.available.is_zero() => {
                "held back by a limit or by what it covers"
            }
            () if can < capacity.available && can != Amount::MAX => "held back by a limit",
            () if *draw == can && !can.is_zero() => "would be used up",
            () => "",
        };
        WaterfallLayer {
            name: source_words(state, id, layer.source),
            capacity: Some(can),
            used: Some(layer.used),
            draw: *draw,
            note: note.to_owned(),
            by_users: by_users(layer.source),
        }
    });
    let facts = match loss {
        Amount::ZERO => Vec::new(),
        loss => vec![format!("what if a loss of {} came now", unit.brief(loss))],
    };
    Ok(Waterfall {
        id: format!("{id}-tower"),
        title: format!("Who pays on {}", market_label(state, id)),
        facts,
        unit,
        loss,
        layers: layers.collect(),
        residual: paid.residual,
    })
}
