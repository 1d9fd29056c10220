//! `compensation`: what of a vault's loss is made good, and to whom.

use super::{As, Cell, ask, facts, part, rows, with, word};
use crate::{
    args::{CompensationArgs, CompensationVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_api::Query;
use backstop_core::State;
use serde_json::Value;
use std::path::Path;

const LIST: &[Cell] = &[
    ("loss", "/loss", As::Text),
    ("vault", "/vault", As::Text),
    ("asset", "/asset", As::Text),
    ("at", "/occurred_at", As::Text),
    ("state", "/status", As::Text),
    ("lost", "/socialised", As::Money),
    ("assessed", "/assessment/amount", As::Money),
    ("paid", "/claims/paid", As::Money),
    ("until", "/claims/until", As::Text),
    ("shortfall", "/shortfall", As::Money),
];

const MONEY: &[Cell] = &[
    ("may be lost", "/provisional", As::Money),
    ("lost", "/socialised", As::Money),
    ("came right", "/released", As::Money),
    ("shares that have a claim", "/assessment/eligible", As::Money),
    ("assessed", "/assessment/amount", As::Money),
    ("there for it now", "/money", As::Money),
    ("shared, in money", "/claims/money", As::Money),
    ("  in shares", "/claims/shares", As::Money),
    ("paid, in money", "/claims/paid", As::Money),
    ("  in shares", "/claims/handed", As::Money),
    ("stays with those who bore it", "/shortfall", As::Money),
];

const DATES: &[Cell] = &[
    ("occurred", "/occurred_at", As::Text),
    ("noticed", "/noticed_at", As::Text),
    ("assessed", "/assessment/at", As::Text),
    ("revision", "/assessment/revision", As::Text),
    ("evidence", "/assessment/evidence", As::Text),
    ("claims until", "/claims/until", As::Text),
    ("root over claims", "/published/root", As::Text),
    ("  stands from", "/published/stands_at", As::Text),
];

const PAID_IN: &[Cell] = &[("from", "/account", As::Text), ("amount", "/amount", As::Money)];

const DUE: &[Cell] = &[
    ("shares at the loss", "/due/held", As::Money),
    ("claim", "/due/amount", As::Money),
    ("  in shares", "/due/shares", As::Money),
    ("paid", "/due/paid", As::Text),
    ("leaf in the root", "/due/leaf", As::Text),
];

pub(crate) fn compensation(
    args: &CompensationArgs,
    db: &Path,
    printer: &Printer,
) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    match &args.verb {
        CompensationVerb::List => {
            let losses = state.vault_losses.iter().rev();
            let queries = losses.map(|(loss, _)| Query::Compensation { loss, account: None });
            let views = queries.map(|query| seen(&state, &query)).collect::<Result<Vec<_>, _>>()?;
            printer.either(&Value::Array(views.clone()), || rows(&views, LIST, 0))
        }
        CompensationVerb::Show { loss, account } => {
            let view = seen(&state, &Query::Compensation { loss: *loss, account: *account })?;
            printer.either(&view, || text(&view))
        }
    }
}

/// A view with the decimals of its asset, and the root that was published under a name of its own.
fn seen(state: &State, query: &Query) -> Result<Value, Failure> {
    let view = ask(state, query)?;
    let asset = state.assets.iter().find(|(_, it)| view["asset"] == it.label.to_string().as_str());
    let decimals = asset.map(|(_, it)| Value::from(it.decimals));
    let published = view["root"].clone();
    Ok(with(with(view, "decimals", decimals), "published", Some(published)))
}

fn text(view: &Value) -> String {
    let (loss, vault) = (word(view, "/loss"), word(view, "/vault"));
    let mut text = format!("{loss} of {vault} ({})\n\n", word(view, "/status"));
    text.push_str(&facts(view, word(view, "/asset"), MONEY));
    text.push_str("\nwhen and by what\n");
    text.push_str(&facts(view, "", DATES));
    text.push_str(&part(view, ("paid in", "/paid_in"), PAID_IN));
    if !view["due"].is_null() {
        text.push_str(&format!("\n{}\n", word(view, "/due/account")));
        text.push_str(&facts(view, "", DUE));
    }
    text
}
