//! `fund`, `loss`, `waterfall`: what people look at most.

use crate::{
    args::{FundArgs, FundVerb, LossArgs, LossVerb, WaterfallArgs, WaterfallVerb},
    exit::Failure,
    ledger,
    printer::{Printer, table},
};
use backstop_api::{fund_view, loss_view, waterfall_view};
use backstop_core::{Halt, State, policy::Cause};
use backstop_export::{
    ExportError,
    loss::{History, loss_text},
};
use backstop_units::{FundId, LossId, format_decimal};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn fund(args: &FundArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    match &args.verb {
        FundVerb::List => {
            let ids = state.funds.iter().map(|(id, _)| id);
            let views = ids.map(|id| view(&state, id)).collect::<Result<Vec<_>, _>>()?;
            printer.either(&Value::Array(views.clone()), || funds_text(&views))
        }
        FundVerb::Show { fund } => {
            let value = view(&state, state.fund_id(*fund)?)?;
            printer.either(&value, || fund_text(&value))
        }
    }
}

fn view(state: &State, id: FundId) -> Result<Value, Failure> {
    fund_view(state, id, state.meta.now).map_err(halted)
}

/// A halt outside the writer: a reject is an answer, anything else a broken journal.
pub(crate) fn halted(halt: Halt) -> Failure {
    match halt {
        Halt::Reject(reject) => Failure::Rejected(reject),
        Halt::Corrupt(corrupt) => Failure::Unverified(format!("{corrupt}; run `backstop verify`")),
    }
}

fn money(view: &Value, field: &str) -> String {
    let decimals = view["decimals"].as_u64().and_then(|d| u8::try_from(d).ok()).unwrap_or(0);
    let atoms = view[field].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    format_decimal(atoms, decimals)
}

fn word(view: &Value) -> String {
    view["standing"].as_str().unwrap_or_default().replace('_', " ")
}

fn coverage(view: &Value) -> String {
    let bps = view["coverage_bps"].as_str().and_then(|text| text.parse().ok());
    bps.map_or_else(|| "-".to_owned(), |bps: u128| format!("{}%", format_decimal(bps, 2)))
}

fn funds_text(views: &[Value]) -> String {
    let text = |view: &Value, field: &str| view[field].as_str().unwrap_or("-").to_owned();
    let rows: Vec<_> = views
        .iter()
        .map(|view| {
            vec![
                text(view, "label"),
                text(view, "asset"),
                word(view),
                money(view, "balance"),
                money(view, "target"),
                coverage(view),
            ]
        })
        .collect();
    table(&["fund", "asset", "state", "balance", "target", "coverage"], &rows)
}

fn fund_text(view: &Value) -> String {
    let asset = view["asset"].as_str().unwrap_or_default();
    let mut text =
        format!("{} ({asset}, {})\n\n", view["label"].as_str().unwrap_or_default(), word(view));
    let rows: Vec<_> = [
        "balance",
        "reserve",
        "contributions",
        "staked",
        "queued",
        "counted",
        "threshold",
        "target",
    ]
    .iter()
    .map(|field| vec![(*field).to_owned(), money(view, field)])
    .chain([vec!["coverage".to_owned(), coverage(view)]])
    .collect();
    text.push_str(&table(&["", asset], &rows));
    for tranche in view["tranches"].as_array().into_iter().flatten() {
        let shares = tranche["shares"].as_str().unwrap_or_default();
        let label = tranche["label"].as_str().unwrap_or_default();
        text.push_str(&format!(
            "\ntranche {label}: {shares} shares, series {}, {} losses borne\n",
            tranche["series"], tranche["losses"]
        ));
    }
    text
}

pub(crate) fn loss(args: &LossArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    match &args.verb {
        LossVerb::List { limit } => losses(&ledger::load(db)?, *limit, printer),
        LossVerb::Show { loss } => one_loss(*loss, db, printer),
    }
}

/// One loss, with what its layers had when it was placed.
fn one_loss(id: LossId, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let mut history = History::default();
    let state = ledger::walk(db, |state, record| history.observe(state, record).map_err(told))?;
    let value = loss_view(&state, id).map_err(halted)?;
    let text = loss_text(&state, id, &history).map_err(told)?;
    printer.either(&value, || text)
}

fn told(error: ExportError) -> Failure {
    Failure::machine(&error)
}

fn losses(state: &State, limit: usize, printer: &Printer) -> Result<(), Failure> {
    let count = u32::try_from(state.losses.len()).unwrap_or(u32::MAX);
    let newest = (0..count).rev().take(limit).map(LossId::new);
    let views =
        newest.map(|id| loss_view(state, id)).collect::<Result<Vec<_>, _>>().map_err(halted)?;
    let value = json!({ "total": count, "losses": views });
    printer.either(&value, || {
        let cell = |view: &Value, field: &str| match &view[field] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let head = ["id", "market", "cause", "status", "account", "gross", "funded", "placed_in"];
        let rows: Vec<_> =
            views.iter().map(|view| head.iter().map(|field| cell(view, field)).collect()).collect();
        table(&head, &rows)
    })
}

pub(crate) fn waterfall(args: &WaterfallArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    let WaterfallVerb::Explain { market, loss } = &args.verb;
    let value = waterfall_view(&state, *market, *loss, Cause::Bankruptcy, state.meta.now)
        .map_err(halted)?;
    printer.either(&value, || {
        let cell = |view: &Value| view.as_str().unwrap_or("no limit").to_owned();
        let layers = value["layers"].as_array().into_iter().flatten();
        let mut rows: Vec<_> = layers
            .map(|layer| {
                ["layer", "available", "limits_leave", "pays"]
                    .iter()
                    .map(|field| cell(&layer[field]))
                    .collect()
            })
            .collect();
        let residual = value["residual"].as_str().unwrap_or_default().to_owned();
        rows.push(vec!["residual".to_owned(), String::new(), String::new(), residual]);
        format!(
            "a loss of {loss} atoms on {market}\n\n{}",
            table(&["layer", "available", "limits leave", "pays"], &rows)
        )
    })
}
