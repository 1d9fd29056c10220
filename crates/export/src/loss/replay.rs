//! A waterfall as it stood at a moment of the past: what each layer had borne by then, and what it still held.

use super::view::{by_users, source_words};
use crate::{
    error::ExportError,
    names::Unit,
    picture::{Waterfall, WaterfallLayer},
};
use backstop_core::state::{Source, State};
use backstop_units::{Amount, MarketId};

/// A layer at a moment: who pays, what it had borne, what it held where that is known.
pub type LayerAt = (Source, Amount, Option<Amount>);

/// The layers of a market as they drain: each is as large as what it had borne and what it held together, and
/// its loss is all that they had borne. A layer that stands in the waterfall no more has only what it bore.
///
/// # Errors
/// [`ExportError::Corrupt`].
pub fn drained(
    state: &State,
    id: MarketId,
    layers: &[LayerAt],
    title: String,
) -> Result<Waterfall, ExportError> {
    let market = state.markets.expect(id)?;
    let unit = Unit::of(state, state.funds.expect(market.fund)?.asset);
    let mut loss = Amount::ZERO;
    let layers = layers.iter().map(|(source, paid, held)| {
        loss = loss.saturating_add(*paid);
        let users = by_users(*source);
        let capacity = match held {
            Some(held) => held.saturating_add(*paid),
            None if users => Amount::MAX,
            None => *paid,
        };
        let unknown = held.is_none() && !users;
        WaterfallLayer {
            name: source_words(state, id, *source),
            capacity: Some(capacity),
            used: None,
            draw: *paid,
            note: if unknown { "what it held is not in this asset" } else { "" }.to_owned(),
            by_users: users,
        }
    });
    let layers = layers.collect();
    Ok(Waterfall {
        id: format!("{id}-layers"),
        title,
        facts: vec!["strong: borne so far; faint: held".to_owned()],
        unit,
        loss,
        layers,
        residual: Amount::ZERO,
    })
}
