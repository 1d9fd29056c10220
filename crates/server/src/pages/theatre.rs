//! A crash step by step: price, liquidations, layers that drain. Each step is an address of its own; a script only
//! goes through them by itself.

use super::{
    chart::Charts,
    fund::csv_of,
    shell::{Page, Shell, page},
    view,
};
use crate::{
    app::App,
    extract::Asked,
    past::{Frame, Past},
    problem::Problem,
};
use askama::Template;
use axum::{
    Json,
    extract::State as Of,
    response::{IntoResponse, Response},
};
use backstop_core::State;
use backstop_export::{
    names::Unit,
    picture::{Balance, Point, Tower, Waterfall},
};
use backstop_units::{Amount, Label, MarketId, format_decimal};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    market: Option<Label>,
    frame: Option<usize>,
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "theatre.html")]
struct Whole {
    shell: Shell,
    script: String,
    seen: Seen,
}

struct Seen {
    market: String,
    markets: Vec<String>,
    asset: String,
    /// Which step is shown, and the last one.
    at: usize,
    last: usize,
    record: String,
    time: String,
    price: String,
    open_interest: String,
    liquidations: String,
    losses: String,
    lost: String,
    balance: String,
    charts: Charts,
}

pub(crate) async fn get(Of(app): Of<App>, Asked(asked): Asked<Fields>) -> Page {
    let csv = asked.csv.clone();
    let seen = app.look_back(move |state, past, _| gather(state, past, &asked)).await??;
    let script = app.assets().theatre.clone();
    match csv {
        None => {
            Ok(page(&Whole { shell: Shell::new(&app, "Replay theatre", "theatre"), script, seen }))
        }
        Some(name) => csv_of(&seen.charts, &name),
    }
}

/// The steps' numbers, for a chart: decimal text, times in milliseconds.
pub(crate) async fn frames(
    Of(app): Of<App>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Problem> {
    let told = app.look_back(move |state, past, _| series(state, past, &asked)).await??;
    Ok(Json(told).into_response())
}

/// The market that is asked for, or the first one, with its unit and steps.
fn found<'a>(
    state: &State,
    past: &'a Past,
    asked: &Fields,
) -> Result<(MarketId, Label, Unit, &'a [Frame]), Problem> {
    let wanted = |label: Label| asked.market.is_none_or(|asked| asked == label);
    let (id, market) = state
        .markets
        .iter()
        .find(|(_, market)| wanted(market.label))
        .ok_or_else(|| Problem::not_found("there is no such market to watch"))?;
    let unit = Unit::of(state, state.funds.expect(market.fund)?.asset);
    let frames = past.frames(id);
    if frames.is_empty() {
        let why = "this ledger's log is too long to be played, or its market has no step yet";
        return Err(Problem::not_found(why));
    }
    Ok((id, market.label, unit, frames))
}

/// A price has nine more decimals than its quote.
fn priced(unit: &Unit) -> Unit {
    Unit { symbol: unit.symbol.clone(), decimals: unit.decimals.saturating_add(9) }
}

fn series(state: &State, past: &Past, asked: &Fields) -> Result<Value, Problem> {
    let (_, market, unit, frames) = found(state, past, asked)?;
    let (price, money) = (priced(&unit).decimals, unit.decimals);
    let all = |tell: &dyn Fn(&Frame) -> Value| frames.iter().map(tell).collect::<Vec<_>>();
    Ok(json!({
        "market": market,
        "asset": unit.symbol,
        "time_ms": all(&|frame| json!(frame.time.ms())),
        "price": all(&|frame| json!(frame.price.map(|it| format_decimal(it.get(), price)))),
        "liquidations": all(&|frame| json!(frame.liquidations)),
        "lost": all(&|frame| json!(format_decimal(frame.lost.get(), money))),
        "balance": all(&|frame| json!(format_decimal(frame.balance.get(), money))),
    }))
}

fn gather(state: &State, past: &Past, asked: &Fields) -> Result<Seen, Problem> {
    let (id, market, unit, frames) = found(state, past, asked)?;
    let last = frames.len().saturating_sub(1);
    let at = asked.frame.unwrap_or(last).min(last);
    let Some(frame) = frames.get(at) else { return Err(Problem::internal()) };
    let mut charts = Charts::with(format!("&market={market}&frame={at}"));
    charts.add("layers", &Tower(&drained(frame, (at, last))));
    let prices = frames.iter().filter_map(|frame| Some((frame.time, frame.price?)));
    let points = prices.map(|(at, price)| Point { at, amount: Amount::new(price.get()) });
    charts.add(
        "price",
        &line(
            (format!("{id}-price"), format!("Price of {market}")),
            priced(&unit),
            points.collect(),
        ),
    );
    let points = frames.iter().map(|frame| Point { at: frame.time, amount: frame.balance });
    charts.add(
        "balance",
        &line(
            (format!("{id}-fund"), "What the fund holds".to_owned()),
            unit.clone(),
            points.collect(),
        ),
    );
    let digits = |amount: Amount| view::short(&unit.digits(amount));
    let price =
        frame.price.map(|price| view::short(&format_decimal(price.get(), priced(&unit).decimals)));
    Ok(Seen {
        market: market.to_string(),
        markets: state.markets.iter().map(|(_, market)| market.label.to_string()).collect(),
        at,
        last,
        record: frame.seq.to_string(),
        time: view::time(&frame.time.to_string()),
        price: price.unwrap_or_else(|| "–".to_owned()),
        open_interest: view::grouped(&frame.open_interest.to_string()),
        liquidations: view::grouped(&frame.liquidations.to_string()),
        losses: view::grouped(&frame.losses.to_string()),
        lost: digits(frame.lost),
        balance: digits(frame.balance),
        asset: unit.symbol.clone(),
        charts,
    })
}

fn line((id, title): (String, String), unit: Unit, points: Vec<Point>) -> Balance {
    Balance { id, title, unit, points, marks: Vec::new() }
}

/// What layers have paid so far, drawn into what they had and have.
fn drained(frame: &Frame, (at, last): (usize, usize)) -> Waterfall {
    let mut waterfall = frame.layers.clone();
    waterfall.title = format!("Layers at step {at} of {last}");
    waterfall.facts = vec!["strong: paid so far; faint: left to pay with".to_owned()];
    for layer in &mut waterfall.layers {
        let paid = layer.used.take().unwrap_or_default();
        layer.capacity = layer.capacity.map(|can| can.saturating_add(paid));
        layer.draw = paid;
        layer.note = String::new();
        waterfall.loss = waterfall.loss.saturating_add(paid);
    }
    waterfall
}
