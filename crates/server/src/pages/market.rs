//! A market: who pays when somebody goes bankrupt on it, how near deleveraging is, what it has cost so far.

use super::{
    chart::Charts,
    flat,
    fund::{csv_of, drawn},
    payouts::{Payouts, payouts},
    shell::{Page, Shell, page},
    view::View,
    whatif,
};
use crate::{
    app::App,
    extract::{Asked, Named},
    problem::Problem,
};
use askama::Template;
use axum::extract::State as Of;
use backstop_api::{adl_state_view, market_view};
use backstop_core::{State, policy::Cause, state::Market};
use backstop_export::{loss::what_if, names::Unit, picture::Tower, standing::market_lights};
use backstop_units::{Label, LossId, Timestamp};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    loss: Option<String>,
    /// Losses before this one.
    losses: Option<LossId>,
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "market.html")]
struct Whole {
    shell: Shell,
    seen: Seen,
}

struct Seen {
    market: View,
    decimals: u8,
    asset: String,
    mark: Option<String>,
    charts: Charts,
    loss: String,
    reach: u128,
    /// What stands on those who pay later, and is not paid yet.
    claims: Vec<View>,
    payouts: Payouts,
    settings: Vec<(String, String)>,
}

pub(crate) async fn get(
    Of(app): Of<App>,
    Named(label): Named<String>,
    Asked(asked): Asked<Fields>,
) -> Page {
    let (name, csv) = (label.clone(), asked.csv.clone());
    let seen = app.look(move |state, now| gather(state, &name, &asked, now)).await;
    let seen = seen??;
    match csv {
        None => Ok(page(&Whole {
            shell: Shell::new(&app, format!("Market {label}"), "overview"),
            seen,
        })),
        Some(name) => csv_of(&seen.charts, &name),
    }
}

/// The rules of each layer, in the order in which they pay, then of the market itself.
fn settings(state: &State, market: &Market) -> Vec<(String, String)> {
    let layers = (1..).zip(state.layers_of(market));
    let layers = layers.flat_map(|(at, (_, layer))| {
        let rows = flat::rows(&layer.policy, state).into_iter();
        rows.map(move |(name, value)| (format!("layer {at}: {name}"), value))
    });
    let pools = flat::rows(&market.pools, state).into_iter();
    layers.chain(pools.map(|(name, value)| (format!("pools: {name}"), value))).collect()
}

/// A whole number for people.
fn count(digits: impl AsRef<str>) -> String {
    super::view::grouped(digits.as_ref())
}

fn gather(state: &State, label: &str, asked: &Fields, now: Timestamp) -> Result<Seen, Problem> {
    let missing = || Problem::not_found(format!("there is no market `{label}`"));
    let name = Label::parse(label).map_err(|_| missing())?;
    let id = state.market_id(name).map_err(|_| missing())?;
    let market = state.markets.get(id).ok_or_else(missing)?;
    let view = View(market_view(state, id, now)?);
    let unit = {
        let fund = state.funds.get(market.fund).ok_or_else(missing)?;
        Unit::of(state, fund.asset)
    };
    let lost = whatif::amount(asked.loss.as_deref(), unit.decimals)?;
    let waterfall = what_if(state, (id, lost), Cause::Bankruptcy, now).map_err(drawn)?;
    let query = asked.loss.as_ref().map(|_| format!("&loss={}", whatif::field(&unit, lost)));
    let mut charts = Charts::with(query.unwrap_or_default());
    charts.add("tower", &Tower(&waterfall));
    if let Some(lights) = market_lights(state, id, now).map_err(drawn)? {
        charts.add("lights", &lights);
    }
    let payouts = payouts(state, asked.losses, |loss| loss.market == id)?;
    let index = market.mark.and_then(|mark| state.indexes.get(mark.index));
    let mark = index.and_then(|index| index.band.last());
    Ok(Seen {
        mark: mark.map(|(price, at)| {
            format!("{} {} at {at}", super::view::short(&unit.price(price)), unit.symbol)
        }),
        market: view,
        decimals: unit.decimals,
        charts,
        loss: whatif::field(&unit, lost),
        reach: whatif::reach(&waterfall),
        claims: View(adl_state_view(state, id, now)?).list("claims"),
        payouts,
        settings: settings(state, market),
        asset: unit.symbol,
    })
}
