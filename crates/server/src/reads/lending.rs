//! Reserves, vaults, farms, insurance pools, compensation.

use super::{
    Handler,
    page::{Listed, Order, cut},
    params::Params,
};
use crate::problem::Problem;
use backstop_api::{Query, answer};
use backstop_core::{Halt, State};
use backstop_units::{Label, Timestamp};
use serde_json::Value;

type One = Result<Value, Problem>;
type List = Result<Listed, Problem>;

pub(super) const HANDLERS: &[(&str, Handler)] = &[
    ("list_reserves", Handler::List(reserves)),
    ("get_reserve", Handler::One(reserve)),
    ("list_vaults", Handler::List(vaults)),
    ("get_vault", Handler::One(vault)),
    ("list_vault_holders", Handler::List(holders)),
    ("list_farms", Handler::List(farms)),
    ("get_farm", Handler::One(farm)),
    ("get_pool", Handler::One(pool)),
    ("get_compensation", Handler::One(compensation)),
];

/// Views of all items of one kind, by their labels.
fn all(
    state: &State,
    now: Timestamp,
    params: &Params,
    labels: impl Iterator<Item = (u32, Label)>,
    query: fn(Label) -> Query,
) -> List {
    let view = |label| -> Result<Value, Halt> { answer(state, &query(label), now) };
    cut(params, labels, Order::Rising, |_, label| view(label).map(Some))
}

fn reserves(state: &State, now: Timestamp, params: &Params) -> List {
    let labels = state.reserves.iter().map(|(id, item)| (id.get(), item.label));
    all(state, now, params, labels, |reserve| Query::Reserve { reserve })
}

fn reserve(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(answer(state, &Query::Reserve { reserve: params.label("reserve") }, now)?)
}

fn vaults(state: &State, now: Timestamp, params: &Params) -> List {
    let labels = state.vaults.iter().map(|(id, item)| (id.get(), item.label));
    all(state, now, params, labels, |vault| Query::Vault { vault })
}

fn vault(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(answer(state, &Query::Vault { vault: params.label("vault") }, now)?)
}

/// The largest first, so the whole list is made before its page is cut.
fn holders(state: &State, now: Timestamp, params: &Params) -> List {
    let query = Query::Holders { vault: params.label("vault"), limit: usize::MAX };
    let mut view = answer(state, &query, now)?;
    let rows = match view.get_mut("largest").map(Value::take) {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    cut(params, (0..).zip(rows), Order::Rising, |_, row| Ok(Some(row)))
}

fn farms(state: &State, now: Timestamp, params: &Params) -> List {
    let labels = state.farms.iter().map(|(id, item)| (id.get(), item.label));
    all(state, now, params, labels, |farm| Query::Farm { farm })
}

fn farm(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(answer(state, &Query::Farm { farm: params.label("farm") }, now)?)
}

fn pool(state: &State, now: Timestamp, params: &Params) -> One {
    Ok(answer(state, &Query::InsurancePool { vault: params.label("vault") }, now)?)
}

fn compensation(state: &State, now: Timestamp, params: &Params) -> One {
    let (loss, account) = (params.vault_loss(), params.filter("account"));
    Ok(answer(state, &Query::Compensation { loss, account }, now)?)
}
