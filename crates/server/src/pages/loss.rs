//! The permanent page of a loss: who bore it, by which formula, what came back, and how to check it.

use super::{
    chart::Charts,
    fund::{csv_of, drawn},
    shell::{Page, Shell, page},
    view::{View, money},
};
use crate::{
    app::App,
    extract::{Asked, Named},
    kept::Kept,
    problem::Problem,
};
use askama::Template;
use axum::extract::State as Of;
use backstop_api::loss_view;
use backstop_core::State;
use backstop_engine::Engine;
use backstop_export::{
    loss::{History, LossTables, loss_flow, loss_tables, loss_waterfall},
    picture::Cascade,
    standing::loss_steps,
};
use backstop_units::LossId;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "loss.html")]
struct Whole {
    shell: Shell,
    seen: Seen,
}

struct Seen {
    loss: View,
    tables: LossTables,
    payers: String,
    decimals: u8,
    asset: String,
    fund: String,
    charts: Charts,
    before: Option<String>,
    after: Option<String>,
}

pub(crate) async fn get(
    Of(app): Of<App>,
    Named(id): Named<String>,
    Asked(asked): Asked<Fields>,
) -> Page {
    let wanted = id.clone();
    let seen = app.look_back(move |engine, kept| gather(engine, kept, &wanted)).await??;
    match asked.csv {
        None => Ok(page(&Whole { shell: Shell::new(&app, id, "overview"), seen })),
        Some(name) => csv_of(&seen.charts, &name),
    }
}

fn missing(id: &str) -> Problem {
    Problem::not_found(format!("there is no loss `{id}`"))
}

fn gather(engine: &Engine, kept: &Kept, id: &str) -> Result<Seen, Problem> {
    let number = id.strip_prefix("loss_").unwrap_or(id).parse().map_err(|_| missing(id))?;
    let history = kept.history_of(LossId::new(number));
    engine.read(|state| shown(state, number, &history))
}

fn shown(state: &State, number: u32, history: &History) -> Result<Seen, Problem> {
    let id = LossId::new(number);
    let missing = || missing(&id.to_string());
    let loss = state.losses.get(id).ok_or_else(missing)?;
    let tables = loss_tables(state, id, history).map_err(drawn)?;
    let waterfall = loss_waterfall(state, id, history).map_err(drawn)?;
    let mut charts = Charts::default();
    charts.add("waterfall", &Cascade(&waterfall));
    charts.add("flow", &loss_flow(state, id).map_err(drawn)?);
    charts.add("states", &loss_steps(state, id).map_err(drawn)?);
    let market = state.markets.get(loss.market).ok_or_else(missing)?;
    let fund = state.funds.get(market.fund).ok_or_else(missing)?;
    let neighbour = |number: Option<u32>| {
        let id = LossId::new(number?);
        state.losses.get(id).map(|_| id.to_string())
    };
    Ok(Seen {
        loss: View(loss_view(state, id)?),
        payers: tables.payers.html(),
        tables,
        decimals: waterfall.unit.decimals,
        asset: waterfall.unit.symbol,
        fund: fund.label.to_string(),
        charts,
        before: neighbour(number.checked_sub(1)),
        after: neighbour(number.checked_add(1)),
    })
}
