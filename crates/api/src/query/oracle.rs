//! An index: its price, its feeds, what its band has seen.

use crate::json::problem;
use backstop_core::{
    Halt, State, oracle,
    state::{Feed, FeedSource, PriceIndex},
};
use backstop_units::{Label, Timestamp};
use serde_json::{Value, json};

/// An index's price now or which rule leaves none, with every feed that is not retired. What rests on
/// unsigned reports is marked `operator_attested`.
///
/// # Errors
/// A reject when the index is unknown.
pub(crate) fn price_view(state: &State, label: Label, now: Timestamp) -> Result<Value, Halt> {
    let id = state.index_id(label)?;
    let index = state.indexes.expect(id)?;
    let asset = |id| state.assets.get(id).map(|item| item.label);
    let fresh = match oracle::price(state, id, now) {
        Ok(fresh) => json!({
            "price": fresh.price,
            "at": fresh.at,
            "feeds": fresh.feeds,
            "families": fresh.families,
            "operator_attested": fresh.attested > 0,
        }),
        Err(reject) => json!({ "price": null, "because": problem(&reject) }),
    };
    let feeds = index.feeds.iter().filter_map(|feed| state.feeds.get(*feed));
    let last = index.band.last();
    let suspicion = index.band.suspicion;
    Ok(json!({
        "index": label,
        "asset": index.asset.and_then(asset),
        "quote": asset(index.quote),
        "now": fresh,
        "last_accepted": last.map(|(price, at)| json!({ "price": price, "at": at })),
        "suspect_since": suspicion.map(|suspicion| suspicion.since),
        "policy": index.policy,
        "feeds": feeds.map(|feed| feed_view(index, feed, now)).collect::<Vec<_>>(),
    }))
}

fn feed_view(index: &PriceIndex, feed: &Feed, now: Timestamp) -> Value {
    let report = feed.report.map(|report| {
        json!({
            "price": report.price,
            "at": report.at,
            "fresh": now.since(report.as_of()) <= index.policy.max_age,
        })
    });
    json!({
        "label": feed.label,
        "family": feed.family,
        "operator_attested": matches!(feed.source, FeedSource::Account(_)),
        "report": report,
    })
}
