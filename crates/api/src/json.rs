//! Events and refusals as JSON for people.

use backstop_core::{Event, Reject, State, reject::Value as Detail};
use backstop_units::{
    AccountId, AssetId, FarmId, FeedId, FundId, IndexId, Label, MarketId, ReserveId, TrancheId,
    VaultId,
};
use serde_json::{Map, Value, json};

/// A refusal in the words of RFC 9457: stable code and number, the value got, the limit, and a hint.
pub fn problem(reject: &Reject) -> Value {
    let detail = |value: Detail| match value {
        Detail::None => Value::Null,
        other => Value::String(other.to_string()),
    };
    json!({
        "code": reject.code.name(),
        "number": reject.code.number(),
        "title": reject.code.what(),
        "got": detail(reject.got),
        "limit": detail(reject.limit),
        "hint": reject.code.hint(),
    })
}

/// An event as `{"type": …, fields…}` with names instead of handles.
pub fn event_json(event: &Event, state: &State) -> Value {
    let value = serde_json::to_value(event).unwrap_or(Value::Null);
    let mut flat = Map::new();
    if let Value::Object(tagged) = named(value, state) {
        for (word, fields) in tagged {
            flat.insert("type".into(), Value::String(word));
            if let Value::Object(fields) = fields {
                flat.extend(fields);
            }
        }
    }
    Value::Object(flat)
}

/// Replaces every handle in `value` by the outside name of what it leads to.
pub fn named(value: Value, state: &State) -> Value {
    match value {
        Value::String(text) => {
            let name = name(&text, state).map(|label| label.to_string());
            Value::String(name.unwrap_or(text))
        }
        Value::Array(items) => items.into_iter().map(|item| named(item, state)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, field)| (key, named(field, state))).collect()
        }
        other => other,
    }
}

/// The label behind a handle's text, if it is one.
fn name(text: &str, state: &State) -> Option<Label> {
    let (kind, index) = text.split_once('_')?;
    let index: u32 = index.parse().ok()?;
    match kind {
        "acct" => state.accounts.get(AccountId::new(index)).map(|item| item.label),
        "asset" => state.assets.get(AssetId::new(index)).map(|item| item.label),
        "fund" => state.funds.get(FundId::new(index)).map(|item| item.label),
        "tranche" => state.tranches.get(TrancheId::new(index)).map(|item| item.label),
        "market" => state.markets.get(MarketId::new(index)).map(|item| item.label),
        "index" => state.indexes.get(IndexId::new(index)).map(|item| item.label),
        "reserve" => state.reserves.get(ReserveId::new(index)).map(|item| item.label),
        "farm" => state.farms.get(FarmId::new(index)).map(|item| item.label),
        "vault" => state.vaults.get(VaultId::new(index)).map(|item| item.label),
        "feed" => state.feeds.get(FeedId::new(index)).map(|item| item.label),
        _ => None,
    }
}
