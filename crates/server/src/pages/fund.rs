//! A fund: what it holds, who is hit when, who leaves, what it has paid, by which rules.

use super::{
    chart::Charts,
    flat,
    overview::standing,
    shell::{Page, Shell, page},
    view::View,
    whatif,
};
use crate::{
    app::App,
    extract::{Asked, Named},
    past::Past,
    problem::Problem,
};
use askama::Template;
use axum::{extract::State as Of, response::IntoResponse};
use backstop_api::{Query, answer, fund_view, loss_view};
use backstop_core::{State, ledger::LedgerAccount, policy::Cause, state::Fund};
use backstop_export::{
    ExportError,
    loss::{share_price_text, what_if},
    names::Unit,
    picture::{Balance, Mark, Point, Tower},
    standing::{exit_queue, fund_gauge},
};
use backstop_units::{FundId, Label, MarketId, Shares, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// Payouts and holders that are listed.
const LISTED: usize = 20;
const HOLDERS: usize = 5;
/// Points and marks of the balance's picture.
const POINTS: usize = 160;
const MARKS: u64 = 24;

/// What may stand behind a page's address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    market: Option<Label>,
    loss: Option<String>,
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "fund.html")]
struct Whole {
    shell: Shell,
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
    /// The largest loss that the fund's markets ever had, and all their number.
    worst: Option<View>,
    losses: usize,
    payouts: Vec<View>,
    tranches: Vec<(View, String, Vec<View>)>,
    settings: Vec<(String, String)>,
    waiting: Vec<View>,
    trial: Vec<View>,
}

pub(crate) async fn get(
    Of(app): Of<App>,
    Named(label): Named<String>,
    Asked(asked): Asked<Fields>,
) -> Page {
    let csv = asked.csv.clone();
    let name = label.clone();
    let seen =
        app.look_back(move |state, past, now| gather((state, past), &name, &asked, now)).await;
    let seen = seen??;
    match csv {
        None => {
            Ok(page(&Whole { shell: Shell::new(&app, format!("Fund {label}"), "overview"), seen }))
        }
        Some(name) => csv_of(&seen.charts, &name),
    }
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
    (state, past): (&State, &Past),
    label: &str,
    asked: &Fields,
    now: Timestamp,
) -> Result<Seen, Problem> {
    let missing = || Problem::not_found(format!("there is no fund `{label}`"));
    let id =
        Label::parse(label).ok().and_then(|label| state.fund_id(label).ok()).ok_or_else(missing)?;
    let fund = state.funds.get(id).ok_or_else(missing)?;
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
    if let Some(balance) = balance(past, (id, fund), unit.clone()) {
        charts.add("balance", &balance);
    }
    let (worst, losses, payouts) = losses(state, &markets)?;
    Ok(Seen {
        fund: View(fund_view(state, id, now)?),
        charts,
        market: market.map_or_else(String::new, |(_, label)| label.to_string()),
        markets: markets.iter().map(|(_, label)| label.to_string()).collect(),
        loss: whatif::field(&unit, lost),
        reach,
        worst,
        losses,
        payouts,
        tranches: tranches(state, (id, fund), now)?,
        settings: flat::rows(&fund.policy, state),
        waiting: waiting(state, &fund.label.to_string()),
        trial: View(answer(state, &Query::TrialBalance {}, now)?).list("assets"),
    })
}

/// The balance over time, where the past of this ledger is known.
fn balance(past: &Past, (id, fund): (FundId, &Fund), unit: Unit) -> Option<Balance> {
    let points = past.balances(id, POINTS).into_iter();
    let points: Vec<Point> = points.map(|(at, amount)| Point { at, amount }).collect();
    if points.is_empty() {
        return None;
    }
    let marks = past.moved(id, MARKS).into_iter();
    Some(Balance {
        id: format!("{id}-balance"),
        title: format!("Balance of {}", fund.label),
        unit,
        points,
        marks: marks.map(|one| Mark { at: one.at, kind: one.kind, amount: one.amount }).collect(),
    })
}

type Losses = (Option<View>, usize, Vec<View>);

/// The largest loss of the fund's markets, how many there were, and the newest.
fn losses(state: &State, markets: &[(MarketId, Label)]) -> Result<Losses, Problem> {
    let ours = || {
        let of = |market: MarketId| markets.iter().any(|(id, _)| *id == market);
        state.losses.iter().filter(move |(_, loss)| of(loss.market))
    };
    let view = |id| loss_view(state, id).map(View).map_err(Problem::from);
    let worst = ours().max_by_key(|(_, loss)| loss.gross).map(|(id, _)| view(id)).transpose()?;
    let newest = ours().rev().take(LISTED).map(|(id, _)| view(id));
    Ok((worst, ours().count(), newest.collect::<Result<_, _>>()?))
}

/// Each tranche with its share price and its largest holders.
fn tranches(
    state: &State,
    (id, fund): (FundId, &Fund),
    now: Timestamp,
) -> Result<Vec<(View, String, Vec<View>)>, Problem> {
    let views = View(fund_view(state, id, now)?).list("tranches");
    let rows = state.tranches_of(fund).zip(views).map(|((id, tranche), view)| {
        let assets = state.ledger.owed(LedgerAccount::Tranche(id), fund.asset);
        let mut holders: Vec<_> = state
            .positions
            .iter()
            .filter(|(_, position)| position.tranche == id && position.series == tranche.series)
            .map(|(_, position)| {
                (backstop_core::fund::rescale::shares_now(position, tranche).0, position.account)
            })
            .filter(|(shares, _)| !shares.is_zero())
            .collect();
        holders.sort_unstable_by(|one, other| other.cmp(one));
        let holders = holders.into_iter().take(HOLDERS).map(|(shares, account)| {
            let part = shares.mul_div_floor(10_000, tranche.shares.get()).map_or(0, Shares::get);
            let name = state.accounts.get(account).map(|account| account.label);
            View(json!({ "account": name, "shares": shares, "part_bps": part.to_string() }))
        });
        (view, share_price_text(assets, tranche.shares), holders.collect())
    });
    Ok(rows.collect())
}

/// Proposals that name the fund and are not carried out.
fn waiting(state: &State, label: &str) -> Vec<View> {
    let open = state.proposals.iter().filter(|(_, proposal)| !proposal.closed);
    let about = open.filter_map(|(id, proposal)| {
        let body = serde_json::to_value(&proposal.body).ok()?;
        names(&body, label).then(|| {
            View(json!({
                "proposal": id.to_string(), "what": proposal.body.word(), "delay": proposal.delay,
                "ready_at": proposal.ready_at, "expires_at": proposal.expires_at,
                "signatures": proposal.keys.len(),
            }))
        })
    });
    about.collect()
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
