//! What lenders hold, as commands.

use super::{Op, resolve::market_label};
use backstop_core::{Body, State, command::ReportDeposits};
use backstop_units::{ShareIndex, Shares};

pub(super) fn deposits(op: &Op, state: &State) -> Option<(&'static str, Body)> {
    match op {
        Op::Deposits { market, shares, index, late } => {
            Some(report(state, *market, (*shares, *index), *late))
        }
        _ => None,
    }
}

/// What lenders hold, as a venue knows it that has seen every loss, or none but the first.
fn report(
    state: &State,
    number: u8,
    (shares, index): (u128, u128),
    late: bool,
) -> (&'static str, Body) {
    let market = market_label(number);
    let known = state.market_id(market).ok().and_then(|id| state.markets.get(id));
    let borne = known.and_then(|market| market.deposits.as_ref()).map_or(0, |lent| lent.losses);
    let losses = if late { borne / 2 } else { borne };
    let report = ReportDeposits {
        market,
        shares: Shares::new(shares),
        index: ShareIndex::new(index),
        unit: ShareIndex::new(1_000_000),
        losses,
    };
    ("venue", report.into())
}
