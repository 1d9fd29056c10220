//! Settings as they changed: who, when, what from and to.

use super::flat;
use crate::kept::FundPast;
use backstop_api::event_json;
use backstop_core::{Event, State};
use backstop_engine::read_model::SettingChange;
use backstop_export::names::Unit;
use backstop_units::Amount;
use serde_json::Value;
use std::collections::BTreeMap;

/// One change.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) seq: String,
    pub(super) time: String,
    /// Who sent it; nobody what the genesis set.
    pub(super) who: Option<String>,
    /// The proposal that waited for it, if one did.
    pub(super) proposal: Option<String>,
    pub(super) what: String,
    /// Whether this is how the fund was made.
    pub(super) made: bool,
    /// Which setting, what it was, what it is since.
    pub(super) rows: Vec<(String, String, String)>,
}

/// The changes of a fund's settings that a page shows.
pub(super) fn changes(state: &State, past: &FundPast, unit: &Unit) -> Vec<Change> {
    let made = past.made.as_ref().map_or_else(BTreeMap::new, |event| leaves(event, state, unit));
    past.settings.iter().map(|it| change(state, it, &made, unit)).collect()
}

fn change(
    state: &State,
    it: &SettingChange,
    made: &BTreeMap<String, String>,
    unit: &Unit,
) -> Change {
    let new = leaves(&it.event, state, unit);
    let old = it.before.as_ref().map(|event| leaves(event, state, unit));
    // The first change of its kind changes what the fund was made with.
    let was = |name: &str| match &old {
        Some(old) => old.get(name).cloned(),
        None => made.get(name).or_else(|| made.get(&format!("policy.{name}"))).cloned(),
    };
    let is_first = matches!(it.event, Event::FundCreated { .. });
    let rows = new.into_iter().map(|(name, now)| {
        let was = if is_first { None } else { was(&name) };
        (name, was.unwrap_or_else(|| "–".to_owned()), now)
    });
    let word = event_json(&it.event, state);
    Change {
        seq: it.seq.to_string(),
        time: it.time.to_string(),
        who: it
            .actor
            .and_then(|id| state.accounts.get(id))
            .map(|account| account.label.to_string()),
        proposal: it.proposal.map(|id| id.to_string()),
        what: word.get("type").and_then(Value::as_str).unwrap_or_default().replace('_', " "),
        made: is_first,
        rows: rows.filter(|(_, was, now)| is_first || was != now).collect(),
    }
}

/// What an event sets, leaf by leaf; amounts that are no part of a policy with their asset.
fn leaves(event: &Event, state: &State, unit: &Unit) -> BTreeMap<String, String> {
    let Value::Object(mut fields) = event_json(event, state) else { return BTreeMap::new() };
    for name in ["type", "fund", "label"] {
        fields.remove(name);
    }
    for name in ["threshold", "target"] {
        let atoms = fields.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
        if let Some(atoms) = atoms {
            fields.insert(name.to_owned(), Value::String(unit.brief(Amount::new(atoms))));
        }
    }
    flat::rows(&Value::Object(fields), state).into_iter().collect()
}
