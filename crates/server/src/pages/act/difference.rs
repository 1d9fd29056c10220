//! What a command would change of an account, field by field.

use crate::pages::view::short;
use backstop_core::State;
use backstop_units::{Label, format_decimal};
use serde_json::Value;

/// One value before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) what: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Fields by which items of a list are told apart.
const NAMES: [&str; 6] = ["asset", "tranche", "ticket", "fund", "loss", "vault"];
/// Fields that are money of the asset around them.
const MONEY: [&str; 7] = ["free", "pending", "value", "cost", "total", "amount", "worth"];

/// What differs between two views of an account, in the order of the second.
pub(super) fn between(before: &Value, after: &Value, state: &State) -> Vec<Change> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    leaves(before, &Path::default(), state, &mut old);
    leaves(after, &Path::default(), state, &mut new);
    let nothing = || "–".to_owned();
    let mut changes: Vec<Change> = new
        .iter()
        .map(|(what, value)| {
            let was = old.iter().find(|(known, _)| known == what);
            let before = was.map_or_else(nothing, |(_, value)| value.clone());
            Change { what: what.clone(), before, after: value.clone() }
        })
        .filter(|change| change.before != change.after)
        .collect();
    let gone = old.iter().filter(|(what, _)| !new.iter().any(|(known, _)| known == what));
    changes.extend(gone.map(|(what, value)| Change {
        what: what.clone(),
        before: value.clone(),
        after: nothing(),
    }));
    changes
}

/// Where a value stands, and the decimals of the asset that it belongs to.
#[derive(Clone, Debug, Default)]
struct Path {
    words: Vec<String>,
    decimals: Option<u8>,
}

impl Path {
    fn below(&self, word: &str) -> Self {
        let mut path = self.clone();
        path.words.push(word.replace('_', " "));
        path
    }
}

fn leaves(value: &Value, path: &Path, state: &State, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            let name = NAMES.iter().find_map(|name| Some((*name, fields.get(*name)?.as_str()?)));
            let mut here = path.clone();
            if let Some((kind, name)) = name {
                here.words.push(name.to_owned());
                here.decimals = decimals(state, kind, name).or(path.decimals);
            }
            for (key, field) in fields {
                if name.is_none_or(|(kind, _)| kind != key) {
                    leaves(field, &here.below(key), state, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, state, found)),
        Value::Null => {}
        Value::String(text) => {
            let last = path.words.last().map_or("", String::as_str);
            let money = MONEY.contains(&last).then_some(path.decimals).flatten();
            let atoms = money.and_then(|decimals| Some((text.parse::<u128>().ok()?, decimals)));
            let text = atoms.map_or_else(
                || text.clone(),
                |(atoms, decimals)| short(&format_decimal(atoms, decimals)),
            );
            found.push((path.words.join(" · "), text));
        }
        other => found.push((path.words.join(" · "), other.to_string())),
    }
}

/// The decimals of what a name in a view stands for.
fn decimals(state: &State, kind: &str, name: &str) -> Option<u8> {
    let label = Label::parse(name).ok()?;
    let asset = match kind {
        "asset" => state.asset_id(label).ok()?,
        "tranche" => {
            let tranche = state.tranches.get(state.tranche_id(label).ok()?)?;
            state.funds.get(tranche.fund)?.asset
        }
        "fund" => state.funds.get(state.fund_id(label).ok()?)?.asset,
        "vault" => state.vaults.get(state.vault_id(label).ok()?)?.asset,
        _ => return None,
    };
    state.assets.get(asset).map(|asset| asset.decimals)
}
