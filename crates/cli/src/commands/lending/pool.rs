//! `pool`: a vault's insurance pool, all of which is visible to all.

use super::{As, Cell, ask, facts, part, rows, word};
use crate::{
    args::{PoolArgs, PoolVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_api::Query;
use backstop_units::Timestamp;
use serde_json::Value;
use std::path::Path;

const LIST: &[Cell] = &[
    ("vault", "/vault", As::Text),
    ("asset", "/asset", As::Text),
    ("mode", "/policy/mode", As::Text),
    ("own", "/own/worth", As::Money),
    ("matched", "/matched/worth", As::Money),
    ("to be covered", "/covered_worth", As::Money),
    ("live coverage", "/coverage", As::Ppm),
];

const MONEY: &[Cell] = &[
    ("staked", "/own/worth", As::Money),
    ("  not on its way out", "/own/live_worth", As::Money),
    ("matched", "/matched/worth", As::Money),
    ("  not on its way out", "/matched/live_worth", As::Money),
    ("cap of matching, used", "/match_used", As::Money),
    ("stake that could be matched, shares", "/match_room", As::Money),
    ("others' shares, to be covered", "/covered_worth", As::Money),
    ("live coverage of them", "/coverage", As::Ppm),
    ("curator's shares beside it", "/affiliated_shares", As::Money),
];

const RULES: &[Cell] = &[
    ("mode", "/policy/mode", As::Text),
    ("notice of an exit", "/policy/exit_delay", As::Text),
    ("curator's release waits", "/policy/release_delay", As::Text),
    ("signers may be silent for", "/policy/silence", As::Text),
    ("matched by", "/policy/matching/matcher", As::Text),
];

const SIGNERS: &[Cell] = &[
    ("council", "/council", As::Text),
    ("curator's nominee", "/nominee", As::Text),
    ("owners who must sign", "/owner/threshold", As::Text),
];

const STAKES: &[Cell] = &[
    ("account", "/account", As::Text),
    ("units", "/units", As::Money),
    ("on their way out", "/exiting_units", As::Money),
];

const EXITS: &[Cell] = &[
    ("ticket", "/ticket", As::Text),
    ("account", "/account", As::Text),
    ("units", "/units", As::Money),
    ("shares", "/shares", As::Money),
    ("signalled", "/signalled_at", As::Text),
    ("due", "/due", As::Text),
];

const RELEASES: &[Cell] = &[
    ("release", "/release", As::Text),
    ("loss", "/loss", As::Text),
    ("amount", "/amount", As::Money),
    ("by", "/by", As::Text),
    ("can be paid from", "/ready_at", As::Text),
    ("status", "/status", As::Text),
];

const RELEASED: &[Cell] = &[
    ("loss", "/loss", As::Text),
    ("worth", "/value", As::Money),
    ("in money", "/money", As::Money),
    ("in shares", "/shares", As::Money),
];

const BREACHES: &[Cell] = &[
    ("commitment", "/cause", As::Text),
    ("account", "/account", As::Text),
    ("loss", "/loss", As::Text),
    ("at", "/at", As::Text),
];

pub(crate) fn pool(args: &PoolArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    match &args.verb {
        PoolVerb::List => {
            let insured = state.vaults.iter().filter(|(_, vault)| vault.pool.is_some());
            let queries = insured.map(|(_, vault)| Query::InsurancePool { vault: vault.label });
            let views = queries.map(|query| ask(&state, &query)).collect::<Result<Vec<_>, _>>()?;
            printer.either(&Value::Array(views.clone()), || rows(&views, LIST, 0))
        }
        PoolVerb::Show { vault } => {
            let view = ask(&state, &Query::InsurancePool { vault: *vault })?;
            printer.either(&view, || text(&view, state.meta.now))
        }
    }
}

fn text(view: &Value, now: Timestamp) -> String {
    let (vault, curator) = (word(view, "/vault"), word(view, "/curator"));
    let mut text = format!("insurance pool of {vault}, run by {curator}, at {now}\n\n");
    text.push_str(&facts(view, word(view, "/asset"), MONEY));
    text.push_str("\nrules, for ever\n");
    text.push_str(&facts(view, "", RULES));
    text.push_str("\nsigners of a release\n");
    text.push_str(&facts(view, "", SIGNERS));
    text.push_str(&part(view, ("stakes", "/own/stakes"), STAKES));
    text.push_str(&part(view, ("matched", "/matched/stakes"), STAKES));
    text.push_str(&part(view, ("exits, slashable until paid", "/exits"), EXITS));
    text.push_str(&part(view, ("announced releases", "/releases"), RELEASES));
    text.push_str(&part(view, ("released to those whom losses have hurt", "/released"), RELEASED));
    text.push_str(&part(view, ("commitments that were not kept", "/breaches"), BREACHES));
    text
}
