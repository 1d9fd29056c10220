//! A fund's own account at a venue.

use backstop_core::{State, fund::house, state::House};
use serde_json::{Value, json};

/// An account and its rules.
pub(crate) fn house_view(state: &State, house: &House) -> Value {
    let market = state.markets.get(house.terms.market).map(|market| market.label);
    let beneficiary = house.terms.beneficiary.and_then(|account| state.accounts.get(account));
    json!({
        "market": market,
        "value": house.value,
        "free": house.free,
        "moves": house.moves,
        "counts": house.terms.counts,
        "counted": house::counted(house),
        "beneficiary": beneficiary.map(|account| account.label),
        "anyone_repays": house.terms.anyone_repays,
    })
}
