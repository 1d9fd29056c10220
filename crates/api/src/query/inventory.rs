//! What a fund has taken over on a market, what it may still take, and what an auction asks.

use backstop_core::{
    Halt, Reject, State,
    fund::inventory::{
        Inventory,
        auction::{discount, price},
        margin, worth,
    },
    policy::{AuctionPolicy, InventoryPolicy},
};
use backstop_units::{Label, Price, Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// A moment of an auction.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionPrice {
    /// Its rules.
    pub policy: AuctionPolicy,
    /// The mark.
    pub mark: Price,
    /// Whether a short is auctioned.
    #[serde(default)]
    pub short: bool,
    /// How long it has run.
    pub since: Span,
}

impl AuctionPrice {
    pub(super) fn answer(&self) -> Result<Value, Halt> {
        let discount = discount(&self.policy, self.since);
        let price = price(self.mark, self.short, discount).map_err(Reject::from)?;
        Ok(json!({ "discount": discount, "price": price }))
    }
}

/// A market's line: position, cost, margin, what it lacks, when it is due, and its auction.
pub(super) fn answer(state: &State, label: Label, now: Timestamp) -> Result<Value, Halt> {
    let id = state.market_id(label)?;
    let line = state.inventories.expect(id)?;
    let Some(policy) = line.policy else {
        return Ok(json!({ "market": label, "rules": null }));
    };
    let value = worth(line.base, line.mark, policy.base_unit).map_err(Reject::from)?;
    Ok(json!({
        "market": label,
        "rules": policy,
        "base": line.base,
        "cost": line.cost,
        "mark": line.mark,
        "marked_at": line.marked_at,
        "value": value,
        "unrealised": value.checked_sub(line.cost),
        "margin": margin(state, id)?,
        "shortfall": line.shortfall,
        "cost_24h": line.cost_lately(now),
        "due_at": line.due_at(),
        "due": line.is_due(now),
        "auction": auction(line, &policy, now)?,
    }))
}

/// What an auction that runs asks for at this moment.
fn auction(
    line: &Inventory,
    policy: &InventoryPolicy,
    now: Timestamp,
) -> Result<Option<Value>, Halt> {
    let Some((since, until)) = line.auctioned(now) else { return Ok(None) };
    let discount = discount(&policy.auction, now.since(since));
    let price = price(line.mark, line.base.is_negative(), discount).map_err(Reject::from)?;
    Ok(Some(json!({ "since": since, "until": until, "discount": discount, "price": price })))
}
