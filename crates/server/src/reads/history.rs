//! What the read model keeps of the past: moves of funds, values over time, settings, records by whom they
//! concern.

use super::{
    Handler,
    page::{Listed, Order, cut},
    params::{Params, bad_cursor, command_code},
    state::unknown,
};
use crate::{
    app::App,
    kept::Kept,
    problem::{HttpProblem, Problem},
};
use backstop_api::{
    event_json,
    http::{self, NUMBERED_PARTIES},
};
use backstop_core::{Entry, Record, Reject, State};
use backstop_engine::{
    ReadModel,
    read_model::{
        FundMove, Level, MoveFilter, Party, ReadModelError, Reason, RecordFilter, RecordRow,
        Series, SettingChange,
    },
};
use backstop_units::{FundId, Label, Seq, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

type List = Result<Listed, Problem>;

pub(super) const HANDLERS: &[(&str, Handler)] = &[
    ("list_account_history", Handler::Past(account_history)),
    ("list_fund_history", Handler::Past(fund_history)),
    ("list_fund_balance_series", Handler::Past(balance_series)),
    ("list_fund_settings", Handler::Past(settings)),
    ("list_fund_yields", Handler::Past(yields)),
    ("list_records", Handler::Past(records)),
];

/// How long a read waits for the read model.
const PATIENCE: Duration = Duration::from_secs(5);

/// The read model, once it has what was asked to be there.
fn model<'a>(app: &'a App, params: &Params) -> Result<&'a ReadModel, Problem> {
    let model = app.engine().read_model();
    let model = model.ok_or_else(|| Problem::http(HttpProblem::NotReady))?;
    if let Some(seq) = params.seq("min_seq") {
        let behind = |_| Problem::lagging(seq, model.applied_seq());
        model.wait_for(seq, PATIENCE).map_err(behind)?;
    }
    Ok(model)
}

fn failed(error: &ReadModelError) -> Problem {
    tracing::error!(%error, "the read model can't be read");
    Problem::internal()
}

fn fund_of(app: &App, params: &Params) -> Result<FundId, Problem> {
    app.engine().read(|state| state.fund_id(params.label("fund"))).map_err(unknown)
}

/// A place within a record, as a cursor writes it.
fn place(params: &Params) -> Result<Option<(Seq, u32)>, Problem> {
    let Some(text) = params.text("after") else { return Ok(None) };
    let parts = text.split_once('.').and_then(|(seq, at)| seq.parse().ok().zip(at.parse().ok()));
    let (seq, at) = parts.filter(|(seq, _)| *seq < 1 << 53).ok_or_else(|| bad_cursor(text))?;
    Ok(Some((Seq::new(seq), at)))
}

fn cursor(place: Option<(Seq, u32)>) -> Option<String> {
    place.map(|(seq, at)| format!("{seq}.{at}"))
}

fn fund_history(app: &App, params: &Params) -> List {
    let fund = fund_of(app, params)?;
    let parsed = |word: &str| {
        let known = Reason::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(", ");
        Reason::parse(word).ok_or_else(|| Problem::parameter("reason", word, &known))
    };
    let reason = params.text("reason").map(parsed).transpose()?;
    let filter = MoveFilter { reason, until: None, cursor: place(params)?, limit: params.limit() };
    let page = model(app, params)?.fund_moves(fund, &filter).map_err(|error| failed(&error))?.value;
    let rows = app.engine().read(|state| page.rows.iter().map(|it| moved(state, it)).collect());
    Ok(Listed { rows, next: cursor(page.next) })
}

fn moved(state: &State, it: &FundMove) -> Value {
    let tranche = match it.part {
        backstop_engine::read_model::FundPart::Tranche(id) => state.tranches.get(id),
        _ => None,
    };
    let sign = if it.is_out && !it.amount.is_zero() { "-" } else { "" };
    json!({
        "seq": it.seq, "time": it.time, "reason": it.reason.word(), "part": it.part.word(),
        "tranche": tranche.map(|tranche| tranche.label), "amount": format!("{sign}{}", it.amount),
        "after": it.after, "balance": it.balance,
    })
}

fn balance_series(app: &App, params: &Params) -> List {
    let fund = fund_of(app, params)?;
    let level = match params.text("span") {
        Some("minute") => Level::Minute,
        Some("day") => Level::Day,
        _ => Level::Hour,
    };
    let after: Option<u64> = params.after()?;
    let from = params.time("from").unwrap_or_default();
    let since = after.map_or(from, Timestamp::from_ms);
    let until = params.time("to").unwrap_or_else(|| app.engine().now());
    let model = model(app, params)?;
    let samples = model.samples(Series::Balance(fund), level, (since, until));
    let samples = samples.map_err(|error| failed(&error))?.value;
    let mut samples =
        samples.iter().filter(|sample| after.is_none_or(|after| sample.begins.ms() > after));
    let taken: Vec<_> = samples.by_ref().take(params.limit()).collect();
    let more = samples.next().is_some();
    let next = taken.last().filter(|_| more).map(|sample| sample.begins.ms().to_string());
    let rows = taken.into_iter().map(|it| {
        json!({ "from": it.begins, "open": it.first, "high": it.high, "low": it.low, "close": it.last })
    });
    Ok(Listed { rows: rows.collect(), next })
}

fn settings(app: &App, params: &Params) -> List {
    let fund = fund_of(app, params)?;
    let model = model(app, params)?;
    let page = model.settings(Some(Party::Fund(fund)), place(params)?, params.limit());
    let page = page.map_err(|error| failed(&error))?.value;
    let rows = app.engine().read(|state| page.rows.iter().map(|it| change(state, it)).collect());
    Ok(Listed { rows, next: cursor(page.next) })
}

fn yields(app: &App, params: &Params) -> List {
    let fund = fund_of(app, params)?;
    model(app, params)?;
    let tranches = app.engine().read(|state| {
        let fund = state.funds.get(fund).into_iter();
        fund.flat_map(|fund| state.tranches_of(fund)).map(|(id, _)| id).collect::<Vec<_>>()
    });
    let rows = Kept::of(app.engine()).yields(app.engine(), &tranches);
    cut(params, (0..).zip(rows), Order::Rising, |_, row| Ok(Some(row)))
}

fn change(state: &State, it: &SettingChange) -> Value {
    let actor = it.actor.and_then(|id| state.accounts.get(id)).map(|account| account.label);
    json!({
        "seq": it.seq, "time": it.time, "actor": actor, "proposal": it.proposal,
        "change": event_json(&it.event, state),
        "before": it.before.as_ref().map(|event| event_json(event, state)),
    })
}

fn account_history(app: &App, params: &Params) -> List {
    let account = app.engine().read(|state| state.account_id(params.label("account")));
    let party = Party::Account(account.map_err(unknown)?);
    let filter = RecordFilter {
        parties: vec![party],
        cursor: params.after()?.map(Seq::new),
        limit: params.limit(),
        ..RecordFilter::default()
    };
    found(app, params, &filter)
}

fn records(app: &App, params: &Params) -> List {
    let mut parties = Vec::new();
    if let Some(word) = params.text("kind") {
        parties.push(Party::Kind(command_code(word)?));
    }
    if let Some(label) = params.filter("actor") {
        let account = app.engine().read(|state| state.account_id(label)).map_err(unknown)?;
        parties.push(Party::Actor(account));
    }
    if let Some(text) = params.text("party") {
        parties.push(app.engine().read(|state| party(state, text))?);
    }
    let filter = RecordFilter {
        parties,
        since: params.time("from"),
        until: params.time("to"),
        cursor: params.after()?.map(Seq::new),
        oldest_first: params.text("order") == Some("oldest"),
        limit: params.limit(),
    };
    found(app, params, &filter)
}

/// Whom a filter means: a kind and a name, or a handle that is its own name. How it is spelled was checked by
/// the table of routes.
fn party(state: &State, text: &str) -> Result<Party, Problem> {
    let (kind, name) = text.split_once(':').unwrap_or_default();
    if NUMBERED_PARTIES.contains(&kind) {
        // A number that no handle reaches.
        return Party::parse(name).ok_or_else(|| not_there(name, "what was counted so far"));
    }
    let label = Label::parse(name).unwrap_or(Label::NONE);
    let found: Result<Party, Reject> = match kind {
        "account" => state.account_id(label).map(Party::Account),
        "fund" => state.fund_id(label).map(Party::Fund),
        "tranche" => state.tranche_id(label).map(Party::Tranche),
        "market" => state.market_id(label).map(Party::Market),
        "reserve" => state.reserve_id(label).map(Party::Reserve),
        "vault" => state.vault_id(label).map(Party::Vault),
        "farm" => state.farm_id(label).map(Party::Farm),
        _ => return Err(not_there(text, "a kind that records concern")),
    };
    found.map_err(unknown)
}

/// Records that fit, with their commands and events out of the journal.
fn found(app: &App, params: &Params, filter: &RecordFilter) -> List {
    let page = model(app, params)?.records(filter).map_err(|error| failed(&error))?.value;
    let journal = app.engine().journal().map_err(super::log::unreadable)?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for row in &page.rows {
        let bytes = journal.record(row.seq.get()).map_err(super::log::unreadable)?;
        let record = Record::decode(&bytes.unwrap_or_default())?;
        rows.push(app.engine().read(|state| summary(state, row, &record)));
    }
    Ok(Listed { rows, next: page.next.map(|seq| seq.to_string()) })
}

fn summary(state: &State, row: &RecordRow, record: &Record) -> Value {
    let kinds = record
        .events
        .iter()
        .map(|event| event_json(event, state).get("type").cloned().unwrap_or(Value::Null));
    let (id, actor, word) = asked(&record.entry);
    json!({
        "seq": row.seq, "time": row.time, "id": id, "actor": actor, "command": word,
        "events": kinds.collect::<Vec<_>>(),
    })
}

/// Id, sender and word of what was asked.
pub(super) fn asked(entry: &Entry) -> (Option<Label>, Option<Label>, &'static str) {
    match entry {
        Entry::Genesis(_) => (None, None, "genesis"),
        Entry::Command(command) => (Some(command.id), Some(command.actor), command.body.word()),
    }
}

/// The refusal of what is not there.
pub(super) fn not_there(got: &str, limit: &str) -> Problem {
    http::Problem::http(HttpProblem::NotThere).got(got).limit(limit).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_api::http::{FUND_REASONS, NAMED_PARTIES};
    use backstop_core::{RULES_VERSION, policy::Limits};

    /// The description lists the words that the read model knows.
    #[test]
    fn reasons_are_those_of_the_read_model() {
        let words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        assert_eq!(FUND_REASONS, words);
    }

    /// Every kind that the description allows is looked up.
    #[test]
    fn every_kind_of_party_is_known() {
        let name = Label::from_bytes([7; 16]);
        let state = State::genesis(name, RULES_VERSION, Limits::default(), Timestamp::default());
        for kind in NAMED_PARTIES {
            let refused = party(&state, &format!("{kind}:nobody")).unwrap_err().0;
            assert!(refused.code.starts_with("UNKNOWN_"), "{kind}: {}", refused.code);
        }
        for kind in NUMBERED_PARTIES {
            assert!(party(&state, &format!("{kind}:{kind}_0")).is_ok(), "{kind}");
            let beyond = party(&state, &format!("{kind}:{kind}_9999999999")).unwrap_err().0;
            assert_eq!((beyond.status, beyond.code), (404, "NOT_THERE"), "{kind}");
        }
    }
}
