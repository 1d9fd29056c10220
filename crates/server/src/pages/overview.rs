//! The first page: every fund, market, vault and the latest losses at a glance.

use super::{
    shell::{Page, Shell, page},
    view::View,
};
use crate::app::App;
use askama::Template;
use axum::extract::State as Of;
use backstop_api::{fund_view, loss_view};
use backstop_core::{Halt, State};
use backstop_units::{LossId, Timestamp};

/// Losses on the first page.
const LOSSES: usize = 10;
/// Markets and vaults that are named.
const NAMED: usize = 50;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: Shell,
    funds: Vec<View>,
    losses: Vec<View>,
    loss_count: usize,
    accounts: usize,
    markets: usize,
    vaults: usize,
    /// The first of them, by name.
    market_names: Vec<String>,
    vault_names: Vec<String>,
}

pub(crate) async fn get(Of(app): Of<App>) -> Page {
    let looked = app.look(gather).await?;
    let seen = looked?;
    Ok(page(&Overview {
        shell: Shell::new(&app, "Overview", "overview"),
        funds: seen.funds,
        losses: seen.losses,
        loss_count: seen.counts[0],
        accounts: seen.counts[1],
        markets: seen.counts[2],
        vaults: seen.counts[3],
        market_names: seen.market_names,
        vault_names: seen.vault_names,
    }))
}

struct Seen {
    funds: Vec<View>,
    losses: Vec<View>,
    counts: [usize; 4],
    market_names: Vec<String>,
    vault_names: Vec<String>,
}

fn gather(state: &State, now: Timestamp) -> Result<Seen, Halt> {
    let funds = state.funds.iter().map(|(id, _)| fund_view(state, id, now).map(View));
    let count = u32::try_from(state.losses.len()).unwrap_or(u32::MAX);
    let newest = (0..count).rev().take(LOSSES).map(LossId::new);
    let markets = state.markets.iter().take(NAMED).map(|(_, market)| market.label.to_string());
    let vaults = state.vaults.iter().take(NAMED).map(|(_, vault)| vault.label.to_string());
    Ok(Seen {
        market_names: markets.collect(),
        vault_names: vaults.collect(),
        funds: funds.collect::<Result<_, _>>()?,
        losses: newest.map(|id| loss_view(state, id).map(View)).collect::<Result<_, _>>()?,
        counts: [state.losses.len(), state.accounts.len(), state.markets.len(), state.vaults.len()],
    })
}
