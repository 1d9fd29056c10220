//! `farm`: stake, rewards with their rates, rules.

use super::{As, Cell, ask, facts, part, rows, with, word};
use crate::{
    args::{FarmArgs, FarmVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_api::Query;
use backstop_units::Timestamp;
use serde_json::Value;
use std::path::Path;

const LIST: &[Cell] = &[
    ("farm", "/farm", As::Text),
    ("kind", "/kind", As::Text),
    ("staked", "/held/amount", As::Money),
    ("waiting", "/held/waiting", As::Money),
];

const STAKE: &[Cell] = &[
    ("staked", "/held/amount", As::Money),
    ("waiting to come or go", "/held/waiting", As::Money),
    ("penalties not paid", "/held/penalties", As::Money),
    ("warms up", "/policy/warmup", As::Text),
    ("cools down", "/policy/cooldown", As::Text),
    ("lock", "/policy/lock", As::Text),
    ("  for", "/policy/lock_span", As::Text),
    ("leaving early costs up to", "/policy/penalty", As::Bps),
    ("fee on rewards", "/policy/fee", As::Bps),
    ("run by", "/owner", As::Text),
];

const REWARDS: &[Cell] = &[
    ("token", "/asset", As::Text),
    ("a day", "/per_day", As::Money),
    ("at this rate until", "/rate_until", As::Text),
    ("left", "/left", As::Money),
    ("empty", "/empty_at", As::Text),
    ("earned, not claimed", "/owed", As::Money),
    ("first claim after", "/terms/claim_wait", As::Text),
];

const STAKER: &[Cell] = &[
    ("shares of the farm", "/staker/shares", As::Text),
    ("worth", "/staker/worth", As::Money),
    ("since", "/staker/since", As::Text),
];

const EARNED: &[Cell] =
    &[("token", "/asset", As::Text), ("can be claimed", "/unclaimed", As::Money)];

pub(crate) fn farm(args: &FarmArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    match &args.verb {
        FarmVerb::List => {
            let queries = state.farms.iter().map(|(_, farm)| Query::Farm { farm: farm.label });
            let views = queries.map(|query| ask(&state, &query)).collect::<Result<Vec<_>, _>>()?;
            printer.either(&Value::Array(views.clone()), || rows(&views, LIST, 0))
        }
        FarmVerb::Show { farm, account } => {
            let own = account.map(|account| Query::Staker { account, farm: *farm });
            let own = own.map(|query| ask(&state, &query)).transpose()?;
            let view = with(ask(&state, &Query::Farm { farm: *farm })?, "staker", own);
            printer.either(&view, || text(&view, state.meta.now))
        }
    }
}

fn text(view: &Value, now: Timestamp) -> String {
    let staked = ["/staked/vault", "/staked/asset"].map(|at| word(view, at));
    let what = staked.into_iter().find(|word| *word != "-").unwrap_or("nothing");
    let (farm, kind) = (word(view, "/farm"), word(view, "/kind"));
    let mut text = format!("{farm} ({kind}, stake in {what}), at {now}\n\n");
    text.push_str(&facts(view, what, STAKE));
    text.push_str(&part(view, ("rewards", "/rewards"), REWARDS));
    if !view["staker"].is_null() {
        text.push_str(&format!("\n{}\n", word(view, "/staker/account")));
        text.push_str(&facts(view, "", STAKER));
        text.push_str(&part(view, ("earned", "/staker/rewards"), EARNED));
    }
    text
}
