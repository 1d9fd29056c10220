//! The mark check: a deficit is paid on a mark that the index bears out, or waits.

use super::{near, price};
use crate::state::{MarkCheck, State};
use backstop_units::{Price, Timestamp};

/// What became of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The market asks for no check, or the mark is near the index's price.
    Sound,
    /// It is too far from this price, or there is no fresh one.
    Unsound(Option<Price>),
}

/// Compares the mark of a deficit with the fresh price of the market's index.
pub(crate) fn check(
    state: &State,
    check: Option<MarkCheck>,
    mark: Price,
    now: Timestamp,
) -> Checked {
    let Some(MarkCheck { index, band }) = check else { return Checked::Sound };
    match price(state, index, now) {
        Ok(fresh) if near(mark, fresh.price, band) => Checked::Sound,
        fresh => Checked::Unsound(fresh.ok().map(|fresh| fresh.price)),
    }
}
