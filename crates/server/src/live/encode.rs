//! Frames: what happened from one record to another, as bytes of an event stream.

use super::filter::{Detail, View};
use axum::body::Bytes;
use backstop_api::event_json;
use backstop_core::{Entry, Record, State, fund::coverage};
use backstop_engine::read_model::Party;
use backstop_units::{Label, Seq};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Records that one frame of full detail holds. Of more, readers get several frames out of the journal.
pub(super) const FULL_MAX: usize = 256;
/// Funds, markets and losses that one summary tells of each.
const CHANGED_MAX: usize = 64;

/// What happened from `first` to before `next`, for one view.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) first: u64,
    pub(crate) next: u64,
    /// Empty when nothing is wanted of it; none when that is too much for one frame.
    pub(crate) bytes: Option<Bytes>,
}

impl Frame {
    /// Nothing, up to the record that the next frame begins with.
    pub(super) const fn begin(next: u64) -> Self {
        Self { first: next, next, bytes: Some(Bytes::new()) }
    }
}

/// Encodes records that follow each other; none of no records.
pub(crate) fn frame(view: &View, records: &[&Record], state: &State) -> Option<Frame> {
    let (first, last) = (records.first()?.seq, records.last()?.seq);
    let wanted: Vec<&Record> =
        records.iter().copied().filter(|record| view.wants(record, state)).collect();
    let range = (first, last);
    let bytes = match view.detail {
        _ if wanted.is_empty() => Some(Bytes::new()),
        Detail::Summary => Some(event("summary", last, &summary(range, &wanted, state))),
        Detail::Full if wanted.len() > FULL_MAX => None,
        Detail::Full => Some(event("records", last, &full(range, &wanted, state))),
    };
    Some(Frame { first: first.get(), next: last.next().get(), bytes })
}

fn event(name: &str, last: Seq, data: &Value) -> Bytes {
    // JSON on one line: a line's end would end the field.
    Bytes::from(format!("id: {last}\nevent: {name}\ndata: {data}\n\n"))
}

fn full((first, last): (Seq, Seq), wanted: &[&Record], state: &State) -> Value {
    let records: Vec<Value> = wanted.iter().map(|record| record_json(record, state)).collect();
    json!({ "from_seq": first, "last_seq": last, "records": records })
}

/// A record as everybody is told of it who follows the log: in frames of full detail, and by webhooks.
pub(crate) fn record_json(record: &Record, state: &State) -> Value {
    let (id, actor, word) = match &record.entry {
        Entry::Genesis(_) => (None, None, "genesis"),
        Entry::Command(command) => (Some(command.id), Some(command.actor), command.body.word()),
    };
    let events: Vec<Value> = record.events.iter().map(|event| event_json(event, state)).collect();
    json!({
        "seq": record.seq, "time": record.time, "id": id, "actor": actor, "command": word,
        "events": events,
    })
}

/// How many of each command, and what they changed: with the values of now, which may be later than the
/// last record of the frame.
fn summary((first, last): (Seq, Seq), wanted: &[&Record], state: &State) -> Value {
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    let mut changed: Vec<Party> = Vec::new();
    for record in wanted {
        let word = match &record.entry {
            Entry::Genesis(_) => "genesis",
            Entry::Command(command) => command.body.word(),
        };
        let count = words.entry(word).or_default();
        *count = count.saturating_add(1);
        for event in &record.events {
            Party::add_named(event, &mut |party| {
                let told = match party {
                    Party::Fund(_) | Party::Market(_) | Party::Loss(_) => Some(party),
                    // What stakers bring or take changes their fund's balance.
                    Party::Tranche(id) => {
                        state.tranches.get(id).map(|tranche| Party::Fund(tranche.fund))
                    }
                    _ => None,
                };
                if told.is_some() && changed.last().copied() != told {
                    changed.extend(told);
                }
            });
        }
        if changed.len() > CHANGED_MAX.saturating_mul(64) {
            changed.sort_unstable();
            changed.dedup();
        }
    }
    changed.sort_unstable();
    changed.dedup();
    let of = |tell: &dyn Fn(Party) -> Option<Value>| -> Vec<Value> {
        changed.iter().filter_map(|party| tell(*party)).take(CHANGED_MAX).collect()
    };
    json!({
        "from_seq": first, "last_seq": last,
        "time": wanted.last().map(|record| record.time), "records": wanted.len(),
        "commands": words,
        "funds": of(&|party| fund(party, state)),
        "markets": of(&|party| market(party, state)),
        "losses": of(&|party| loss(party, state)),
    })
}

fn fund(party: Party, state: &State) -> Option<Value> {
    let Party::Fund(id) = party else { return None };
    let fund = state.funds.get(id)?;
    let parts = coverage(state, id, fund).ok()?;
    let asset: Option<Label> = state.assets.get(fund.asset).map(|asset| asset.label);
    Some(json!({
        "fund": fund.label, "asset": asset, "balance": parts.total(), "counted": parts.counted,
    }))
}

fn market(party: Party, state: &State) -> Option<Value> {
    let Party::Market(id) = party else { return None };
    let market = state.markets.get(id)?;
    Some(json!({ "market": market.label, "open_interest": market.open_interest }))
}

fn loss(party: Party, state: &State) -> Option<Value> {
    let Party::Loss(id) = party else { return None };
    let loss = state.losses.get(id)?;
    Some(json!({ "loss": id, "status": loss.status }))
}
