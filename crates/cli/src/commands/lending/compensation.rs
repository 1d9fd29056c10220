//! `compensation`: what of a vault's loss is made good, and to whom.

use super::{As, Cell, ask, facts, part, word};
use crate::{
    args::{CompensationArgs, CompensationVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_api::Query;
use serde_json::Value;
use std::path::Path;

const LOSS: &[Cell] = &[
    ("lost for good", "/socialised", As::Money),
    ("may be lost", "/provisional", As::Money),
    ("came right", "/released", As::Money),
    ("shares that bore it", "/borne_by", As::Money),
    ("assessed", "/assessment/amount", As::Money),
    ("shares with a claim", "/assessment/eligible", As::Money),
    ("on the account now", "/money", As::Money),
    ("missing", "/shortfall", As::Money),
];

const ASSESSMENT: &[Cell] = &[
    ("occurred", "/occurred_at", As::Text),
    ("noticed", "/noticed_at", As::Text),
    ("assessed", "/assessment/at", As::Text),
    ("revision", "/assessment/revision", As::Text),
    ("evidence", "/assessment/evidence", As::Text),
];

const CLAIMS: &[Cell] = &[
    ("shared", "/claims/money", As::Money),
    ("shares of the vault shared", "/claims/shares", As::Money),
    ("paid", "/claims/paid", As::Money),
    ("shares of the vault handed over", "/claims/handed", As::Money),
    ("shares at the loss that were paid for", "/claims/claimed", As::Money),
    ("until", "/claims/until", As::Text),
];

const ROOT: &[Cell] = &[
    ("root", "/claims_root/root", As::Text),
    ("claims", "/claims_root/count", As::Text),
    ("what they add up to", "/claims_root/total", As::Money),
    ("stands from", "/claims_root/stands_at", As::Text),
    ("counted by the ledger", "/claims_root/counted", As::Text),
];

const PAID_IN: &[Cell] = &[("from", "/account", As::Text), ("paid in", "/amount", As::Money)];

const DUE: &[Cell] = &[
    ("shares at the loss", "/due/held", As::Money),
    ("money", "/due/amount", As::Money),
    ("shares of the vault", "/due/shares", As::Money),
    ("paid", "/due/paid", As::Text),
    ("index", "/due/index", As::Text),
    ("leaf", "/due/leaf", As::Text),
];

pub(crate) fn compensation(
    args: &CompensationArgs,
    db: &Path,
    printer: &Printer,
) -> Result<(), Failure> {
    let CompensationVerb::Show { loss, account } = args.verb;
    let view = ask(&ledger::load(db)?, &Query::Compensation { loss, account })?;
    printer.either(&view, || text(&view))
}

fn text(view: &Value) -> String {
    let [loss, vault, reserve, status] =
        ["/loss", "/vault", "/reserve", "/status"].map(|field| word(view, field));
    let mut text = format!("{loss} of vault {vault} through {reserve}: {status}\n\n");
    text.push_str(&facts(view, word(view, "/asset"), LOSS));
    text.push('\n');
    text.push_str(&facts(view, "", ASSESSMENT));
    text.push_str(&part(view, ("paid in by others than the insurance pool", "/paid_in"), PAID_IN));
    for (title, field, cells) in [
        ("claims", "/claims", CLAIMS),
        ("root over all claims", "/claims_root", ROOT),
        ("due to the account", "/due", DUE),
    ] {
        if view.pointer(field).is_some_and(|found| !found.is_null()) {
            text.extend(["\n", title, "\n", &facts(view, "", cells)]);
        }
    }
    let proof = view.pointer("/due/proof").and_then(Value::as_array);
    for hash in proof.into_iter().flatten().filter_map(Value::as_str) {
        text.extend(["proof  ", hash, "\n"]);
    }
    text
}
