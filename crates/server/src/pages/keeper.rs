//! What waits to be done, and what doing it brings: every candidate is rehearsed, so the list is what the rules
//! would take now and nothing else.

use super::{
    shell::{Page, Shell, page},
    view::short,
};
use crate::{
    app::App,
    commands::{fresh_id, rehearse},
    extract::Asked,
    problem::Problem,
};
use askama::Template;
use axum::extract::State as Of;
use backstop_core::{
    Body, Command, State,
    command::{
        AccrueInterest, CheckDrawdown, FillQueue, Invest, LapseDeclaration, LapseTicket, RunAdl,
        RunControl, RunEquity, SettleRevenue,
    },
    ledger::LedgerAccount,
    state::LossStatus,
};
use backstop_units::{Label, LossId, Timestamp, format_decimal};
use serde::Deserialize;

/// Candidates that are rehearsed for one page; more wait for the first ones to be done.
const TRIED: usize = 200;
/// Tickets and losses that are looked through for candidates, the newest.
const LOOKED: usize = 10_000;
/// Liquidations that are listed.
const LISTED: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    #[serde(rename = "as")]
    actor: Option<Label>,
}

/// Something that can be done now.
struct Task {
    what: &'static str,
    on: String,
    events: usize,
    earns: String,
    form: Option<String>,
    body: String,
}

/// A position that waits to be liquidated.
struct Liquidation {
    account: String,
    market: String,
    since: Timestamp,
}

#[derive(Template)]
#[template(path = "keeper.html")]
struct Keeper {
    shell: Shell,
    actor: Label,
    tasks: Vec<Task>,
    more: bool,
    liquidations: Vec<Liquidation>,
    backlog: usize,
}

pub(crate) async fn get(Of(app): Of<App>, Asked(asked): Asked<Fields>) -> Page {
    let keeper = Label::parse("keeper").unwrap_or(Label::NONE);
    let actor = asked.actor.unwrap_or(keeper);
    let (found, (liquidations, backlog)) =
        app.look(move |state, now| (candidates(state, actor, now), liquidations(state))).await?;
    let more = found.len() > TRIED;
    let mut tasks = Vec::new();
    for candidate in found.into_iter().take(TRIED) {
        tasks.extend(tried(&app, actor, candidate).await?);
    }
    let shell = Shell::new(&app, "What waits to be done", "keeper");
    Ok(page(&Keeper { shell, actor, tasks, more, liquidations, backlog }))
}

/// A command that might be taken, and on what.
struct Candidate {
    body: Body,
    on: String,
    form: Option<String>,
}

impl Candidate {
    fn new(body: impl Into<Body>, on: &impl ToString, form: Option<String>) -> Self {
        Self { body: body.into(), on: on.to_string(), form }
    }
}

fn candidates(state: &State, payer: Label, now: Timestamp) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (_, fund) in state.funds.iter() {
        let fund = fund.label;
        let form = |name: &str| Some(format!("{name}?fund={fund}"));
        found.push(Candidate::new(SettleRevenue { fund }, &fund, form("settle-revenue")));
        found.push(Candidate::new(RunControl { fund }, &fund, form("run-control")));
        found.push(Candidate::new(CheckDrawdown { fund }, &fund, None));
    }
    for (id, loss) in newest(state).filter_map(|id| Some((id, state.losses.get(id)?))) {
        if loss.status == LossStatus::Declared {
            found.push(Candidate::new(LapseDeclaration { loss: id }, &id, None));
        }
    }
    for (_, claim) in state.layer_claims.iter().take(LOOKED).filter(|(_, claim)| !claim.closed) {
        found.push(Candidate::new(RunAdl { loss: claim.loss }, &claim.loss, None));
        found.push(Candidate::new(RunEquity { loss: claim.loss }, &claim.loss, None));
    }
    let due = |ready: Timestamp| now >= ready;
    for (id, ticket) in state.tickets.iter().take(LOOKED) {
        if !ticket.closed && due(ticket.ready_at) {
            let form = Some(format!("lapse-ticket?ticket={id}"));
            found.push(Candidate::new(LapseTicket { ticket: id }, &id, form));
        }
    }
    for (_, vault) in state.vaults.iter() {
        let label = vault.label;
        let form = Some(format!("fill-queue?vault={label}"));
        found.push(Candidate::new(FillQueue { vault: label, reserve: None }, &label, form));
        for allocation in &vault.allocations {
            let Some(reserve) = state.reserves.get(allocation.reserve).map(|item| item.label)
            else {
                continue;
            };
            let body = Invest { vault: label, reserve, payer, max: None };
            let form = format!("invest?vault={label}&reserve={reserve}&payer={payer}");
            found.push(Candidate::new(body, &format!("{label} into {reserve}"), Some(form)));
        }
    }
    for (_, reserve) in state.reserves.iter() {
        found.push(Candidate::new(AccrueInterest { reserve: reserve.label }, &reserve.label, None));
    }
    found
}

fn newest(state: &State) -> impl Iterator<Item = LossId> {
    let count = u32::try_from(state.losses.len()).unwrap_or(u32::MAX);
    (0..count).rev().take(LOOKED).map(LossId::new)
}

/// A candidate that the rules would take, with what it brings; nothing for one that they refuse.
async fn tried(app: &App, actor: Label, candidate: Candidate) -> Result<Option<Task>, Problem> {
    let Candidate { body, on, form } = candidate;
    let (what, text) = (body.word(), serde_json::to_string(&body).unwrap_or_default());
    let had = app.engine().read(|state| free(state, actor));
    let command = Command { id: fresh_id(app), actor, occurred_at: None, body, approvals: None };
    let looked = rehearse(app, command, move |state, receipt| {
        (receipt.events.len(), earned(state, &had, &free(state, actor)))
    });
    match looked.await {
        Ok((0, _)) => Ok(None),
        Ok((events, earns)) => Ok(Some(Task { what, on, events, earns, form, body: text })),
        Err(problem) if problem.0.number.is_some() => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// An account's free balance of each asset, in atoms.
fn free(state: &State, actor: Label) -> Vec<u128> {
    let Ok(account) = state.account_id(actor) else { return Vec::new() };
    let balance = LedgerAccount::Balance(account);
    state.assets.iter().map(|(asset, _)| state.ledger.owed(balance, asset).get()).collect()
}

/// What an account has gained, asset by asset.
fn earned(state: &State, had: &[u128], has: &[u128]) -> String {
    let gains =
        state.assets.iter().zip(had.iter().zip(has)).filter_map(|((_, asset), (had, has))| {
            let gain = has.checked_sub(*had).filter(|gain| *gain > 0)?;
            Some(format!("{} {}", short(&format_decimal(gain, asset.decimals)), asset.label))
        });
    let text = gains.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "nothing".to_owned() } else { text }
}

/// Positions of hosted markets that wait to be liquidated, the oldest first, and how many there are.
fn liquidations(state: &State) -> (Vec<Liquidation>, usize) {
    let waits = state.hosted_positions.iter().filter_map(|(_, held)| Some((held, held.waiting?)));
    let mut all: Vec<_> = waits.collect();
    let backlog = all.len();
    all.sort_by_key(|(_, since)| *since);
    let told = all.into_iter().take(LISTED).filter_map(|(held, since)| {
        let account = state.accounts.get(state.margins.get(held.owner)?.account)?.label;
        let market = state.markets.get(held.market)?.label;
        Some(Liquidation { account: account.to_string(), market: market.to_string(), since })
    });
    (told.collect(), backlog)
}
