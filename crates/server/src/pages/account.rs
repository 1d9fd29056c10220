//! One account: what it has, what a loss would cost it, why it was closed, what it can claim.

use super::{
    chart::Charts,
    fund::csv_of,
    shell::{Page, Shell, page},
    view::View,
    whatif,
};
use crate::{
    app::App,
    extract::{Asked, Named},
    problem::Problem,
    reads::closing_of,
};
use askama::Template;
use axum::extract::State as Of;
use backstop_api::{Query, account_view, answer, loss_shares_view};
use backstop_core::{State, state::Fund};
use backstop_export::{names::Unit, standing::ticket_steps};
use backstop_units::{AccountId, Label, LossId, Timestamp};
use serde::Deserialize;
use serde_json::json;

/// Losses and tickets that are shown.
const LISTED: usize = 20;
/// Names of the pictures of tickets: so many are drawn.
const TICKETS: [&str; 4] = ["exit-1", "exit-2", "exit-3", "exit-4"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    market: Option<Label>,
    loss: Option<String>,
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Whole {
    shell: Shell,
    seen: Seen,
}

struct Seen {
    account: View,
    balances: Vec<View>,
    stakes: Vec<View>,
    margins: Vec<View>,
    holdings: Vec<View>,
    closed: Vec<View>,
    claims: Vec<View>,
    markets: Vec<String>,
    market: String,
    asset: String,
    loss: String,
    shares: Vec<View>,
    charts: Charts,
    tickets: Vec<&'static str>,
}

pub(crate) async fn get(
    Of(app): Of<App>,
    Named(label): Named<String>,
    Asked(asked): Asked<Fields>,
) -> Page {
    let (name, csv) = (label.clone(), asked.csv.clone());
    let (mut seen, losses) =
        app.look(move |state, now| gather(state, &name, &asked, now)).await??;
    seen.closed = closings(&app, losses).await?;
    match csv {
        None => Ok(page(&Whole {
            shell: Shell::new(&app, format!("Account {label}"), "overview"),
            seen,
        })),
        Some(name) => csv_of(&seen.charts, &name),
    }
}

/// What the page shows, and the losses that began with this account, the newest first.
fn gather(
    state: &State,
    label: &str,
    asked: &Fields,
    now: Timestamp,
) -> Result<(Seen, Vec<LossId>), Problem> {
    let missing = || Problem::not_found(format!("there is no account `{label}`"));
    let name = Label::parse(label).map_err(|_| missing())?;
    let id = state.account_id(name).map_err(|_| missing())?;
    let account = View(account_view(state, name, now)?);
    let wanted = |label: Label| asked.market.is_none_or(|asked| asked == label);
    let market = state.markets.iter().find(|(_, market)| wanted(market.label));
    let unit = market.and_then(|(_, market)| state.funds.get(market.fund));
    let unit = unit.map(|fund| Unit::of(state, fund.asset));
    let lost =
        whatif::amount(asked.loss.as_deref(), unit.as_ref().map_or(0, |unit| unit.decimals))?;
    let mut charts = Charts::default();
    let mut tickets = Vec::new();
    let open = state.tickets.iter().filter(|(_, ticket)| {
        !ticket.closed
            && state.positions.get(ticket.position).is_some_and(|held| held.account == id)
    });
    for ((ticket, _), picture) in open.zip(TICKETS) {
        if let Some(steps) = ticket_steps(state, ticket, now) {
            charts.add(picture, &steps);
            tickets.push(picture);
        }
    }
    let shares = match market {
        Some((_, market)) if !lost.is_zero() => {
            let rows = loss_shares_view(state, (name, market.label), lost, now)?;
            rows.into_iter().map(View).collect()
        }
        _ => Vec::new(),
    };
    let losses = state.losses.iter().rev().filter(|(_, loss)| loss.account == Some(id));
    let losses = losses.take(LISTED).map(|(id, _)| id).collect();
    let seen = Seen {
        balances: money(&account.list("balances"), state),
        stakes: account.list("stakes").into_iter().map(|stake| staked(state, stake)).collect(),
        margins: margins(state, name, now),
        holdings: holdings(state, (name, id), now)?,
        closed: Vec::new(),
        claims: account.list("claims"),
        account,
        markets: state.markets.iter().map(|(_, market)| market.label.to_string()).collect(),
        market: market.map_or_else(String::new, |(_, market)| market.label.to_string()),
        asset: unit.as_ref().map_or_else(String::new, |unit| unit.symbol.clone()),
        loss: unit.map_or_else(String::new, |unit| whatif::field(&unit, lost)),
        shares,
        charts,
        tickets,
    };
    Ok((seen, losses))
}

/// Balances that are not nothing, with their decimals.
fn money(balances: &[View], state: &State) -> Vec<View> {
    let some = balances.iter().filter(|held| held.has("free") || held.has("pending"));
    let told = some.map(|held| {
        let mut held = held.0.clone();
        let asset = held["asset"].as_str().and_then(|asset| Label::parse(asset).ok());
        let decimals = asset.and_then(|asset| state.asset_id(asset).ok());
        let decimals = decimals.and_then(|id| state.assets.get(id)).map(|asset| asset.decimals);
        held["decimals"] = json!(decimals);
        View(held)
    });
    told.collect()
}

/// A stake with the asset and decimals of its fund.
fn staked(state: &State, stake: View) -> View {
    let mut stake = stake.0;
    let label = stake["tranche"].as_str().unwrap_or_default().to_owned();
    let tranche = state.tranches.iter().find(|(_, tranche)| tranche.label.to_string() == label);
    let fund = tranche.and_then(|(_, tranche)| state.funds.get(tranche.fund));
    let asset = fund.and_then(|fund| state.assets.get(fund.asset));
    stake["fund"] = json!(fund.map(|fund| fund.label));
    stake["asset"] = json!(asset.map(|asset| asset.label));
    stake["decimals"] = json!(asset.map(|asset| asset.decimals));
    View(stake)
}

/// Margin accounts in every pool; a pool without a fresh mark says so by its absence.
fn margins(state: &State, account: Label, now: Timestamp) -> Vec<View> {
    let ask = |fund: &Fund| {
        let query = Query::MarginAccount { account, fund: fund.label };
        let mut margin = answer(state, &query, now).ok()?;
        let asset = state.assets.get(fund.asset);
        margin["asset"] = json!(asset.map(|asset| asset.label));
        margin["decimals"] = json!(asset.map(|asset| asset.decimals));
        Some(View(margin))
    };
    state.funds.iter().filter_map(|(_, fund)| ask(fund)).collect()
}

/// What it holds of vaults.
fn holdings(
    state: &State,
    (account, id): (Label, AccountId),
    now: Timestamp,
) -> Result<Vec<View>, Problem> {
    let ours = state.vaults.iter().filter(|(vault, _)| state.holding(*vault, id).is_some());
    let held = ours.map(|(_, vault)| {
        let mut held = answer(state, &Query::Holding { account, vault: vault.label }, now)?;
        let asset = state.assets.get(vault.asset);
        held["decimals"] = json!(asset.map(|asset| asset.decimals));
        held["asset"] = json!(asset.map(|asset| asset.label));
        Ok(View(held))
    });
    held.collect()
}

/// How the account was closed, loss by loss; reads the journal.
async fn closings(app: &App, losses: Vec<LossId>) -> Result<Vec<View>, Problem> {
    let reader = app.clone();
    let read = move || losses.into_iter().map(|id| closing_of(&reader, id).map(View)).collect();
    tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal())?
}
