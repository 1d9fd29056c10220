//! What sharing by equity would do: the seal of a list and who pays what, before anything is sent.

use backstop_core::{
    Halt, Reject, State,
    loss::{
        claim::Tally,
        equity::{Holder, shares},
    },
};
use backstop_units::{Amount, Label};
use serde::Deserialize;
use serde_json::{Value, json};

/// A list of accounts and a claim on them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EquityShares {
    /// By the rules of which market.
    pub market: Label,
    /// How many atoms are to be paid.
    pub claim: Amount,
    /// The accounts with their equity, in order.
    pub accounts: Vec<Holder>,
}

/// The seal that a venue announces; where the market has rules, also who would pay what, and what nobody
/// could.
pub(super) fn answer(state: &State, query: &EquityShares) -> Result<Value, Halt> {
    let market = state.markets.expect(state.market_id(query.market)?)?;
    let mut tally = Tally::default();
    for holder in &query.accounts {
        tally.push(holder).map_err(Reject::from)?;
    }
    let mut found = json!({
        "count": tally.count,
        "equity": tally.sum,
        "root": tally.root(),
        "rules": market.equity,
    });
    if let (Some(policy), Some(found)) = (market.equity, found.as_object_mut()) {
        let shares = shares(policy.cap, query.claim, &query.accounts).map_err(Reject::from)?;
        let paid = shares.iter().fold(Amount::ZERO, |sum, one| sum.saturating_add(one.pays));
        found.insert("shares".into(), json!(shares));
        found.insert("paid".into(), json!(paid));
        found.insert("residual".into(), json!(query.claim.saturating_sub(paid)));
    }
    Ok(found)
}
