//! A crash step by step: price, liquidations, layers that drain. Each step is an address of its own, and so is
//! each stretch of the log that is looked at; a script only goes through them by itself.

use super::{
    chart::Charts,
    fund::{csv_of, drawn},
    shell::{Page, Shell, page},
    view,
};
use crate::{
    app::App,
    extract::Asked,
    kept::{Kept, at_amounts},
    problem::Problem,
};
use askama::Template;
use axum::{
    Json,
    extract::State as Of,
    response::{IntoResponse, Response},
};
use backstop_core::State;
use backstop_engine::{Engine, read_model::Frame};
use backstop_export::{
    loss::drained,
    names::Unit,
    picture::{Balance, Point, Tower},
};
use backstop_units::{Amount, Label, MarketId, Price, Seq, format_decimal};
use serde::Deserialize;
use serde_json::{Value, json};

/// Steps of a stretch: when there would be more, each holds more.
const FRAMES: usize = 400;
/// Changes of a market that a step of the lowest level holds, and by how much more each level above does.
const CHANGES: u64 = 8;
const FACTOR: u64 = 4;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    market: Option<Label>,
    /// The first and the last record of the stretch; all of the log if left out.
    from: Option<u64>,
    until: Option<u64>,
    frame: Option<usize>,
    csv: Option<String>,
}

#[derive(Template)]
#[template(path = "theatre.html")]
struct Whole {
    shell: Shell,
    script: String,
    plot: String,
    seen: Seen,
}

/// A loss that ends a step or lies in it.
struct Hit {
    step: usize,
    loss: String,
    lost: String,
    so_far: String,
    time: String,
}

struct Seen {
    market: String,
    markets: Vec<String>,
    asset: String,
    /// What addresses of this stretch begin with.
    query: String,
    /// The first and the last record of the stretch, and whether it is not the whole log.
    from: u64,
    until: u64,
    is_part: bool,
    /// The records around the step, where they can be seen more closely.
    closer: Option<(u64, u64)>,
    /// How many changes a step holds at most.
    holds: String,
    /// Which step is shown, and the last one.
    at: usize,
    last: usize,
    first_record: String,
    record: String,
    time: String,
    price: String,
    range: Option<(String, String)>,
    open_interest: String,
    liquidations: String,
    losses: String,
    lost: String,
    worst: Option<(String, String)>,
    balance: String,
    lowest: Option<String>,
    hits: Vec<Hit>,
    /// Records that are not told yet.
    lacks: Option<String>,
    charts: Charts,
}

/// A market and a stretch of its log.
struct Stretch {
    id: MarketId,
    market: Label,
    unit: Unit,
    frames: Vec<Frame>,
    from: u64,
    until: u64,
    /// The last record of the log.
    end: u64,
}

pub(crate) async fn get(Of(app): Of<App>, Asked(asked): Asked<Fields>) -> Page {
    let csv = asked.csv.clone();
    let seen = app.look_back(move |engine, kept| gather(engine, kept, &asked)).await??;
    let (script, plot) = (app.assets().theatre.clone(), app.assets().plot.clone());
    let shell = Shell::new(&app, "Replay theatre", "theatre");
    match csv {
        None => Ok(page(&Whole { shell, script, plot, seen })),
        Some(name) => csv_of(&seen.charts, &name),
    }
}

/// The steps' numbers, for a chart: decimal text, times in milliseconds.
pub(crate) async fn frames(
    Of(app): Of<App>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Problem> {
    let told = app.look_back(move |engine, kept| series(engine, kept, &asked)).await??;
    Ok(Json(told).into_response())
}

/// The market that is asked for, or the first one, with its unit and steps.
fn found(engine: &Engine, kept: &Kept, asked: &Fields) -> Result<Stretch, Problem> {
    let wanted = |label: Label| asked.market.is_none_or(|asked| asked == label);
    let look = |state: &State| -> Result<_, Problem> {
        let (id, market) = state
            .markets
            .iter()
            .find(|(_, market)| wanted(market.label))
            .ok_or_else(|| Problem::not_found("there is no such market to watch"))?;
        let unit = Unit::of(state, state.funds.expect(market.fund)?.asset);
        Ok((id, market.label, unit, state.meta.next.get().saturating_sub(1)))
    };
    let (id, market, unit, end) = engine.read(look)?;
    let (from, until) = (asked.from.unwrap_or(0), asked.until.unwrap_or(end).min(end));
    if from > until {
        let limit = format!("at most {until}, the last record that is asked for");
        return Err(Problem::parameter("from", &from.to_string(), &limit));
    }
    let frames = kept.frames(id, (Seq::new(from), Seq::new(until)), FRAMES);
    if frames.is_empty() {
        let why = format!("nothing happened on {market} from record {from} to {until}");
        return Err(Problem::not_found(why));
    }
    Ok(Stretch { id, market, unit, frames, from, until, end })
}

fn series(engine: &Engine, kept: &Kept, asked: &Fields) -> Result<Value, Problem> {
    let Stretch { market, unit, frames, .. } = found(engine, kept, asked)?;
    let (price, money) = (unit.of_price().decimals, unit.decimals);
    let all = |tell: &dyn Fn(&Frame) -> Value| frames.iter().map(tell).collect::<Vec<_>>();
    let at = |it: Option<Price>| json!(it.map(|it| format_decimal(it.get(), price)));
    Ok(json!({
        "market": market,
        "asset": unit.symbol,
        "time_ms": all(&|frame| json!(frame.time.ms())),
        "price": all(&|frame| at(frame.price)),
        "high": all(&|frame| at(frame.high)),
        "low": all(&|frame| at(frame.low)),
        "liquidations": all(&|frame| json!(frame.liquidations)),
        "losses": all(&|frame| json!(frame.losses)),
        "worst": all(&|frame| json!(frame.worst.map(|(_, lost)| format_decimal(lost.get(), money)))),
        "lost": all(&|frame| json!(format_decimal(frame.lost.get(), money))),
        "balance": all(&|frame| json!(format_decimal(frame.balance.get(), money))),
    }))
}

/// The pictures of a stretch and of the step that is shown.
fn pictures(
    state: &State,
    stretch: &Stretch,
    (at, last): (usize, usize),
    query: &str,
) -> Result<Charts, Problem> {
    let Stretch { id, market, unit, frames, .. } = stretch;
    let mut charts = Charts::with(format!("&{query}&frame={at}"));
    let layers = frames.get(at).map_or(&[][..], |frame| frame.layers.as_slice());
    let layers: Vec<_> = layers.iter().map(|it| (it.source, it.paid, it.held)).collect();
    let title = format!("Layers at step {at} of {last}");
    charts.add("layers", &Tower(&drained(state, *id, &layers, title).map_err(drawn)?));
    // The extremes of a step stand before its end; where they are its end, once is enough.
    let prices = frames.iter().flat_map(|frame| {
        let low = frame.low.filter(|low| Some(*low) < frame.price);
        let high = frame.high.filter(|high| Some(*high) > frame.price);
        let ends = [low, high, frame.price].into_iter().flatten();
        ends.map(|price| (frame.time, price.get()))
    });
    let title = (format!("{id}-price"), format!("Price of {market}"));
    charts.add_plot("price", &line(title, unit.of_price(), at_amounts(prices)));
    let balances = frames.iter().flat_map(|frame| {
        let lowest = (frame.lowest < frame.balance).then_some(frame.lowest);
        let ends = [lowest, Some(frame.balance)].into_iter().flatten();
        ends.map(|amount| (frame.time, amount.get()))
    });
    let title = (format!("{id}-fund"), "What the fund holds".to_owned());
    charts.add_plot("balance", &line(title, unit.clone(), at_amounts(balances)));
    Ok(charts)
}

fn gather(engine: &Engine, kept: &Kept, asked: &Fields) -> Result<Seen, Problem> {
    let stretch = found(engine, kept, asked)?;
    let last = stretch.frames.len().saturating_sub(1);
    let at = asked.frame.unwrap_or(last).min(last);
    let is_part = (stretch.from, stretch.until) != (0, stretch.end);
    let mut query = format!("market={}", stretch.market);
    if is_part {
        query = format!("{query}&from={}&until={}", stretch.from, stretch.until);
    }
    let (charts, markets) = engine.read(|state| {
        let names = state.markets.iter().map(|(_, market)| market.label.to_string()).collect();
        Ok::<(Charts, Vec<String>), Problem>((
            pictures(state, &stretch, (at, last), &query)?,
            names,
        ))
    })?;
    let Stretch { market, unit, frames, from, until, .. } = stretch;
    let Some(frame) = frames.get(at) else { return Err(Problem::internal()) };
    let digits = |amount: Amount| view::short(&unit.digits(amount));
    let told = |price: Price| view::short(&unit.price(price));
    let range = frame.low.zip(frame.high).filter(|(low, high)| low != high);
    let base = |frame: &Frame| frame.open_interest.map(|base| view::grouped(&base.to_string()));
    let nothing = || "–".to_owned();
    Ok(Seen {
        market: market.to_string(),
        markets,
        query,
        from,
        until,
        is_part,
        closer: closer(&frames, at),
        holds: view::grouped(&holds(frame.level).to_string()),
        at,
        last,
        first_record: frame.first.to_string(),
        record: frame.last.to_string(),
        time: view::time(&frame.time.to_string()),
        price: frame.price.map_or_else(nothing, told),
        range: range.map(|(low, high)| (told(low), told(high))),
        open_interest: base(frame).unwrap_or_else(nothing),
        liquidations: view::grouped(&frame.liquidations.to_string()),
        losses: view::grouped(&frame.losses.to_string()),
        lost: digits(frame.lost),
        worst: frame.worst.map(|(loss, lost)| (loss.to_string(), digits(lost))),
        balance: digits(frame.balance),
        lowest: (frame.lowest < frame.balance).then(|| digits(frame.lowest)),
        hits: hits(&frames, &unit),
        lacks: kept.lacks(),
        asset: unit.symbol.clone(),
        charts,
    })
}

/// How many changes a step of a level holds at most.
fn holds(level: u8) -> u64 {
    FACTOR.saturating_pow(u32::from(level)).saturating_mul(CHANGES)
}

/// The step with the one before and the one behind it, where steps can be made smaller.
fn closer(frames: &[Frame], at: usize) -> Option<(u64, u64)> {
    let frame = frames.get(at).filter(|frame| frame.level > 0)?;
    let before = at.checked_sub(1).and_then(|before| frames.get(before)).unwrap_or(frame);
    let behind = frames.get(at.saturating_add(1)).unwrap_or(frame);
    Some((before.first.get(), behind.last.get()))
}

/// Every step with a loss, the newest first.
fn hits(frames: &[Frame], unit: &Unit) -> Vec<Hit> {
    let hits = frames.iter().enumerate().rev().filter_map(|(step, frame)| {
        let (loss, lost) = frame.worst?;
        Some(Hit {
            step,
            loss: loss.to_string(),
            lost: view::money(lost.get(), unit.decimals),
            so_far: view::grouped(&frame.losses.to_string()),
            time: view::time(&frame.time.to_string()),
        })
    });
    hits.collect()
}

fn line((id, title): (String, String), unit: Unit, points: Vec<Point>) -> Balance {
    Balance { id, title, unit, points, marks: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_holds_grows_fourfold() {
        assert_eq!([0, 1, 5].map(holds), [8, 32, 8_192]);
        assert_eq!(holds(u8::MAX), u64::MAX);
    }
}
