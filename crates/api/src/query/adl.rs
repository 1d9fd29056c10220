//! What deleveraging would do: the seal of a list, ranks and cuts, before anything is sent.

use backstop_core::{
    Halt, Reject, State,
    loss::{
        adl::{Candidate, Need, Terms, order, quantiles, select},
        claim::Tally,
    },
    policy::{AdlPolicy, PositionSide},
};
use backstop_units::{Amount, Label, MathError, Price};
use serde::Deserialize;
use serde_json::{Value, json};

/// A list of candidates and a claim on them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleveraging {
    /// By the rules of which market.
    pub market: Label,
    /// The side that is cut.
    pub side: PositionSide,
    /// What cut lots are closed at.
    pub price: Price,
    /// The mark.
    pub mark: Price,
    /// How many atoms are to be forgone.
    pub claim: Amount,
    /// The candidates, in order.
    pub candidates: Vec<Candidate>,
}

/// The seal that a venue announces; where the market has rules, also who stands where, who would be cut,
/// and what nobody could give.
pub(super) fn answer(state: &State, query: &Deleveraging) -> Result<Value, Halt> {
    let market = state.markets.expect(state.market_id(query.market)?)?;
    let mut tally = Tally::default();
    for candidate in &query.candidates {
        tally.push(candidate).map_err(Reject::from)?;
    }
    let mut found = json!({ "count": tally.count, "lots": tally.sum, "root": tally.root(), "rules": market.adl });
    if let (Some(policy), Some(found)) = (market.adl, found.as_object_mut()) {
        found.extend(chosen(&policy, query).map_err(Reject::from)?);
    }
    Ok(found)
}

fn chosen(
    policy: &AdlPolicy,
    query: &Deleveraging,
) -> Result<serde_json::Map<String, Value>, MathError> {
    let Deleveraging { side, mark, price, claim, candidates, .. } = query;
    let terms = Terms { side: *side, mark: *mark, price: *price, base_unit: policy.base_unit };
    let order = order(policy.rank, &terms, candidates)?;
    let quantiles = quantiles(&order, candidates)?;
    let selection = select(policy, &terms, Need::Atoms(*claim), candidates)?;
    let place = |at: &usize| {
        let account = candidates.get(*at).map(|candidate| candidate.account);
        json!({ "at": at, "account": account, "quantile": quantiles.get(*at) })
    };
    let answer = [
        ("order", order.iter().map(place).collect()),
        ("cuts", json!(selection.cuts)),
        ("closed", json!(selection.lots)),
        ("forgone", json!(selection.forgone)),
        ("residual", json!(claim.saturating_sub(selection.forgone))),
    ];
    Ok(answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
