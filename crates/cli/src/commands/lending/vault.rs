//! `vault`: worth, share price, allocations, yields, fees, queue, holders, losses.

use super::{As, Cell, ask, facts, part, rows, with, word};
use crate::{
    args::{VaultArgs, VaultVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_api::Query;
use backstop_core::State;
use backstop_units::{Label, Timestamp};
use serde_json::{Value, json};
use std::path::Path;

const LIST: &[Cell] = &[
    ("vault", "/vault", As::Text),
    ("asset", "/asset", As::Text),
    ("net assets", "/net_assets", As::Money),
    ("share price", "/share_price", As::Text),
    ("interest", "/yields/interest_apy", As::Text),
    ("net of fees", "/yields/net_apy", As::Text),
    ("idle", "/idle_part", As::Text),
    ("coverage", "/coverage", As::Ppm),
    ("lost", "/losses/certain", As::Money),
];

const WORTH: &[Cell] = &[
    ("net assets", "/net_assets", As::Money),
    ("shares", "/held/shares", As::Money),
    ("price of a share", "/share_price", As::Text),
    ("idle", "/idle", As::Money),
    ("idle, of all", "/idle_part", As::Text),
    ("fees not taken", "/pending_fees", As::Money),
    ("waiting to leave, shares", "/queue/shares", As::Money),
    ("came for them, not claimed", "/queue/owed", As::Money),
    ("in the insurance pool, shares", "/held/pooled", As::Money),
    ("coverage by it", "/coverage", As::Ppm),
    ("losses recorded", "/losses/recorded", As::Text),
    ("lost for certain", "/losses/certain", As::Money),
    ("may be lost", "/losses/provisional", As::Money),
];

const YIELDS: &[Cell] = &[
    ("interest now, compounded", "/yields/interest_apy", As::Text),
    ("net of fees now", "/yields/net_apy", As::Text),
    ("rewards paid in now", "/yields/rewards_apr", As::Text),
    ("of late, since", "/yields/headline/since", As::Text),
    ("  interest", "/yields/headline/interest_apr", As::Text),
    ("  rewards paid in", "/yields/headline/rewards_apr", As::Text),
    ("  fees", "/yields/headline/fees_apr", As::Text),
    ("  net", "/yields/headline/net_apr", As::Text),
];

const FEES: &[Cell] = &[
    ("of profit", "/policy/performance", As::Bps),
    ("of assets, a year", "/policy/management", As::Bps),
    ("withdrawal, at least", "/policy/penalty_min", As::Money),
    ("withdrawal, of it", "/policy/penalty", As::Bps),
    ("each reserve, a deposit", "/policy/crank_fee", As::Money),
];

const ALLOCATIONS: &[Cell] = &[
    ("reserve", "/reserve", As::Text),
    ("status", "/status", As::Text),
    ("kind", "/kind", As::Text),
    ("weight", "/weight", As::Text),
    ("cap", "/cap", As::Money),
    ("invested", "/worth", As::Money),
    ("of all", "/part", As::Text),
    ("target", "/target_atoms", As::Money),
];

const WAITING: &[Cell] = &[
    ("reserve", "/reserve", As::Text),
    ("weight", "/weight", As::Text),
    ("cap", "/cap", As::Money),
    ("can be vetoed until", "/ready_at", As::Text),
];

const REWARDS: &[Cell] = &[
    ("token", "/asset", As::Text),
    ("a day", "/per_day", As::Money),
    ("at this rate until", "/rate_until", As::Text),
    ("left", "/left", As::Money),
    ("empty", "/empty_at", As::Text),
];

const HOLDING: &[Cell] = &[
    ("shares", "/holding/shares", As::Money),
    ("worth", "/holding/worth", As::Money),
    ("waits with, shares", "/holding/queued/shares", As::Money),
    ("came for it", "/holding/queued/came", As::Money),
];

const HOLDERS: &[Cell] = &[
    ("account", "/account", As::Text),
    ("shares", "/shares", As::Money),
    ("of them in farms", "/staked", As::Money),
    ("worth", "/worth", As::Money),
    ("of all", "/part", As::Text),
];

const LOSSES: &[Cell] = &[
    ("loss", "/loss", As::Text),
    ("reserve", "/reserve", As::Text),
    ("at", "/at", As::Text),
    ("standing", "/standing", As::Text),
    ("provisional", "/provisional", As::Money),
    ("certain", "/socialised", As::Money),
    ("by fees", "/by_fees", As::Money),
    ("by the pool", "/by_pool", As::Money),
    ("by holders", "/by_holders", As::Money),
    ("assessed", "/compensation/assessed", As::Money),
    ("paid", "/compensation/paid", As::Money),
    ("shortfall", "/compensation/shortfall", As::Money),
];

pub(crate) fn vault(args: &VaultArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    match &args.verb {
        VaultVerb::List => {
            let labels = state.vaults.iter().map(|(_, vault)| vault.label);
            let views = labels.map(|label| seen(&state, label)).collect::<Result<Vec<_>, _>>()?;
            printer.either(&Value::Array(views.clone()), || rows(&views, LIST, 0))
        }
        VaultVerb::Show { vault, account } => {
            let held = account.map(|account| Query::Holding { account, vault: *vault });
            let held = held.map(|query| ask(&state, &query)).transpose()?;
            let view = with(seen(&state, *vault)?, "holding", held);
            printer.either(&view, || text(&view, state.meta.now))
        }
        VaultVerb::Holders { vault, limit } => {
            let view = ask(&state, &Query::Holders { vault: *vault, limit: *limit })?;
            printer.either(&view, || holders(&view))
        }
        VaultVerb::Losses { vault } => {
            let view = ask(&state, &Query::VaultLosses { vault: *vault })?;
            let none = format!("{vault} has lost nothing\n");
            let told = || part(&view, ("losses, the newest first", "/losses"), LOSSES);
            printer.either(&view, || Some(told()).filter(|text| !text.is_empty()).unwrap_or(none))
        }
    }
}

/// A vault with its pool's live coverage and its farm's rewards.
fn seen(state: &State, vault: Label) -> Result<Value, Failure> {
    let view = ask(state, &Query::Vault { vault })?;
    let pool = view["insured"].as_bool().unwrap_or(false);
    let pool = pool.then(|| ask(state, &Query::InsurancePool { vault })).transpose()?;
    let farm = view["farm"].as_str().and_then(|farm| Label::parse(farm).ok());
    let farm = farm.map(|farm| ask(state, &Query::Farm { farm })).transpose()?;
    let view = with(view, "coverage", pool.map(|pool| pool["coverage"].clone()));
    Ok(with(view, "farm_rewards", farm.map(|farm| farm["rewards"].clone())))
}

fn text(view: &Value, now: Timestamp) -> String {
    let (vault, asset) = (word(view, "/vault"), word(view, "/asset"));
    let mut text = format!("{vault}, run by {}, at {now}\n\n", word(view, "/curator"));
    text.push_str(&facts(view, asset, WORTH));
    text.push_str("\nyield, a year\n");
    text.push_str(&facts(view, "", YIELDS));
    text.push_str("\nfees\n");
    text.push_str(&facts(view, "", FEES));
    text.push_str(&part(view, ("allocations", "/allocations"), ALLOCATIONS));
    text.push_str(&part(view, ("announced", "/waiting"), WAITING));
    text.push_str(&part(view, ("rewards of the farm", "/farm_rewards"), REWARDS));
    if !view["holding"].is_null() {
        text.push_str(&format!("\n{}\n", word(view, "/holding/account")));
        text.push_str(&facts(view, "", HOLDING));
    }
    text
}

fn holders(view: &Value) -> String {
    let count = &view["holders"];
    let noun = if *count == json!(1) { "holder" } else { "holders" };
    let apart = facts(
        view,
        "shares",
        &[
            ("all", "/shares", As::Money),
            ("nobody's", "/dead_shares", As::Money),
            ("in the insurance pool", "/pooled_shares", As::Money),
            ("for those whom losses have hurt", "/escrowed_shares", As::Money),
        ],
    );
    let head = format!("{}: {count} {noun}\n\n{apart}", word(view, "/vault"));
    head + &part(view, ("the largest", "/largest"), HOLDERS)
}
