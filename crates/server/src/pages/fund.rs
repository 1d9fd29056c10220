//! A fund: what it holds, who is hit when, who leaves, what it has paid, by which rules.

use super::{
    changes::{Change, changes},
    chart::Charts,
    flat,
    payouts::{Payouts, payouts},
    shell::{Page, Shell, page},
    view::View,
    whatif,
};
use crate::{
    app::App,
    extract::{Asked, Named},
    kept::FundPast,
    problem::Problem,
};
use askama::Template;
use axum::{extract::State as Of, response::IntoResponse};
use backstop_api::{Query, answer, concerns_fund, fund_view, tranche_holders_view};
use backstop_core::{
    State,
    ledger::LedgerAccount,
    policy::Cause,
    state::{Fund, Proposal},
};
use backstop_export::{
    ExportError,
    loss::{share_price_text, what_if},
    names::Unit,
    picture::{Balance, Tower},
    standing::{exit_queue, fund_gauge, timelocks},
};
use backstop_units::{FundId, Label, LossId, MarketId, Seq, Timestamp, TrancheId};
use serde::Deserialize;
use serde_json::{Value, json};

/// Changes of settings and holders that are listed at once.
const LISTED: usize = 20;
const HOLDERS: usize = 5;
/// Points and marks of the balance's picture.
const POINTS: usize = 160;
const MARKS: usize = 24;

/// What may stand behind a page's address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    market: Option<Label>,
    loss: Option<String>,
    csv: Option<String>,
    /// Losses before this one, settings from this place of the log back.
    losses: Option<LossId>,
    settings: Option<String>,
}

#[derive(Template)]
#[template(path = "fund.html")]
struct Whole {
    shell: Shell,
    plot: String,
    seen: Seen,
}

struct Seen {
    fund: View,
    charts: Charts,
    /// The market whose tower is shown, all of them, and the loss that is thought of.
    market: String,
    markets: Vec<String>,
    loss: String,
    reach: u128,
    payouts: Payouts,
    /// Where older settings begin.
    older_settings: Option<String>,
    tranches: Vec<Staked>,
    settings: Vec<(String, String)>,
    changes: Vec<Change>,
    /// Records that history does not tell yet.
    lacks: Option<String>,
    waiting: Vec<View>,
    trial: Vec<View>,
}

/// A staked tranche: what it is, what a share stands for, its largest holders, what they earned.
struct Staked {
    tranche: View,
    price: String,
    holders: Vec<View>,
    yields: Vec<View>,
}

/// A fund's history as far as its page shows it.
struct History {
    past: FundPast,
    yields: Vec<Value>,
    lacks: Option<String>,
}

pub(crate) async fn get(
    Of(app): Of<App>,
    Named(label): Named<String>,
    Asked(asked): Asked<Fields>,
) -> Page {
    let csv = asked.csv.clone();
    let name = label.clone();
    let after = asked.settings.as_deref().map(place).transpose()?;
    let seen = app.look_back(move |engine, kept| {
        let (id, tranches) = engine.read(|state| found(state, &name))?;
        let past = kept.fund(id, (POINTS, MARKS, LISTED), after);
        let (yields, lacks) = (kept.yields(engine, &tranches), kept.lacks());
        let history = History { past, yields, lacks };
        let now = engine.now();
        engine.read(|state| gather((state, id), &history, &asked, now))
    });
    let seen = seen.await??;
    let plot = app.assets().plot.clone();
    let shell = Shell::new(&app, format!("Fund {label}"), "overview");
    match csv {
        None => Ok(page(&Whole { shell, plot, seen })),
        Some(name) => csv_of(&seen.charts, &name),
    }
}

/// A place of the log, as the link to older settings writes it.
fn place(text: &str) -> Result<(Seq, u32), Problem> {
    let parts = text.split_once('.').and_then(|(seq, at)| seq.parse().ok().zip(at.parse().ok()));
    let (seq, at) = parts.filter(|(seq, _)| *seq < 1 << 53).ok_or_else(|| {
        Problem::parameter("settings", text, "a place as the link to older settings has it")
    })?;
    Ok((Seq::new(seq), at))
}

fn found(state: &State, label: &str) -> Result<(FundId, Vec<TrancheId>), Problem> {
    let missing = || Problem::not_found(format!("there is no fund `{label}`"));
    let id =
        Label::parse(label).ok().and_then(|label| state.fund_id(label).ok()).ok_or_else(missing)?;
    let fund = state.funds.get(id).ok_or_else(missing)?;
    Ok((id, state.tranches_of(fund).map(|(id, _)| id).collect()))
}

/// A moment for people.
fn moment(text: &str) -> String {
    super::view::time(text)
}

/// A picture's values, or 404.
pub(super) fn csv_of(charts: &Charts, name: &str) -> Result<axum::response::Response, Problem> {
    let missing = || Problem::not_found(format!("this page has no picture `{name}`"));
    charts.csv(Some(name)).map(IntoResponse::into_response).ok_or_else(missing)
}

/// What a picture could not be made of.
pub(super) fn drawn(error: ExportError) -> Problem {
    match error {
        ExportError::Refused(reject) => Problem::of_read(&reject),
        ExportError::UnknownLoss(id) => Problem::not_found(format!("there is no {id}")),
        other => {
            tracing::error!(error = %other, "a picture could not be drawn");
            Problem::internal()
        }
    }
}

fn gather(
    (state, id): (&State, FundId),
    history: &History,
    asked: &Fields,
    now: Timestamp,
) -> Result<Seen, Problem> {
    let fund = state.funds.expect(id)?;
    let markets: Vec<(MarketId, Label)> = state
        .markets
        .iter()
        .filter(|(_, market)| market.fund == id)
        .map(|(id, market)| (id, market.label))
        .collect();
    let wanted = |(_, label): &&(MarketId, Label)| asked.market.is_none_or(|asked| asked == *label);
    let market = markets.iter().find(wanted).copied();
    let unit = Unit::of(state, fund.asset);
    let lost = whatif::amount(asked.loss.as_deref(), unit.decimals)?;
    let mut charts = Charts::with(
        asked
            .loss
            .as_ref()
            .map_or_else(String::new, |_| format!("&loss={}", whatif::field(&unit, lost))),
    );
    let mut reach = 100;
    if let Some((market, _)) = market {
        let tower = what_if(state, (market, lost), Cause::Bankruptcy, now).map_err(drawn)?;
        reach = whatif::reach(&tower);
        charts.add("tower", &Tower(&tower));
    }
    charts.add("coverage", &fund_gauge(state, id, now).map_err(drawn)?);
    charts.add("exits", &exit_queue(state, id, now).map_err(drawn)?);
    if let Some(balance) = balance(&history.past, (id, fund), unit.clone()) {
        charts.add_plot("balance", &balance);
    }
    let payouts = payouts(state, asked.losses, |loss| concerns_fund(state, id, loss))?;
    let older_settings = history.past.older.map(|(seq, at)| format!("{seq}.{at}"));
    let name = fund.label.to_string();
    let waiting = waiting(state, &name);
    if !waiting.is_empty() {
        let title = ("timelocks", "Changes of this fund that wait");
        charts.add("timelocks", &timelocks(state, title, |it| is_about(it, &name), now));
    }
    Ok(Seen {
        fund: View(fund_view(state, id, now)?),
        charts,
        market: market.map_or_else(String::new, |(_, label)| label.to_string()),
        markets: markets.iter().map(|(_, label)| label.to_string()).collect(),
        loss: whatif::field(&unit, lost),
        reach,
        payouts,
        older_settings,
        tranches: tranches(state, (id, fund), &history.yields, now)?,
        settings: flat::rows(&fund.policy, state),
        changes: changes(state, &history.past, &unit),
        lacks: history.lacks.clone(),
        waiting,
        trial: View(answer(state, &Query::TrialBalance {}, now)?).list("assets"),
    })
}

/// The balance over time, where it has moved.
fn balance(past: &FundPast, (id, fund): (FundId, &Fund), unit: Unit) -> Option<Balance> {
    let (points, marks) = (past.points.clone(), past.marks.clone());
    let title = format!("Balance of {}", fund.label);
    let some = !points.is_empty();
    some.then(|| Balance { id: format!("{id}-balance"), title, unit, points, marks })
}

/// Each tranche with its share price and its largest holders.
fn tranches(
    state: &State,
    (id, fund): (FundId, &Fund),
    yields: &[Value],
    now: Timestamp,
) -> Result<Vec<Staked>, Problem> {
    let views = View(fund_view(state, id, now)?).list("tranches");
    let rows = state.tranches_of(fund).zip(views).map(|((id, tranche), view)| {
        let assets = state.ledger.owed(LedgerAccount::Tranche(id), fund.asset);
        let name = tranche.label.to_string();
        let of = |row: &&Value| row.get("tranche").and_then(Value::as_str) == Some(name.as_str());
        let holders = tranche_holders_view(state, id, HOLDERS)?;
        Ok(Staked {
            tranche: view,
            price: share_price_text(assets, tranche.shares),
            holders: holders.into_iter().map(View).collect(),
            yields: yields.iter().filter(of).cloned().map(View).collect(),
        })
    });
    rows.collect()
}

/// Proposals that name the fund and are not carried out.
fn waiting(state: &State, label: &str) -> Vec<View> {
    let open = state.proposals.iter().filter(|(_, proposal)| !proposal.closed);
    let about = open.filter(|(_, proposal)| is_about(proposal, label)).filter_map(|(id, it)| {
        let body = serde_json::to_value(&it.body).ok()?;
        Some(View(json!({
            "proposal": id.to_string(), "what": it.body.word(), "delay": it.delay,
            "ready_at": it.ready_at, "expires_at": it.expires_at,
            "signatures": it.keys.len(), "sets": sets(&body, state),
        })))
    });
    about.collect()
}

/// What a proposal would set, in one line; what it names is left out.
fn sets(body: &Value, state: &State) -> String {
    let fields = body.as_object().into_iter().flatten().next().map(|(_, fields)| fields);
    let leaves = fields.map(|fields| flat::rows(fields, state)).unwrap_or_default();
    let leaves = leaves.into_iter().filter(|(name, _)| name != "fund");
    leaves.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("; ")
}

/// Whether what a proposal would do names a fund.
fn is_about(proposal: &Proposal, label: &str) -> bool {
    serde_json::to_value(&proposal.body).is_ok_and(|body| names(&body, label))
}

/// Whether a label stands anywhere in a tree.
fn names(value: &Value, label: &str) -> bool {
    match value {
        Value::String(text) => text == label,
        Value::Array(items) => items.iter().any(|item| names(item, label)),
        Value::Object(fields) => fields.values().any(|field| names(field, label)),
        _ => false,
    }
}
