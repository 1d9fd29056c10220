//! `vault`, `reserve`, `farm`, `pool`, `compensation`: what depositors, curators and auditors look at. All numbers are as of the
//! ledger's last record.

mod compensation;
mod farm;
mod pool;
mod reserve;
mod vault;

pub(crate) use compensation::compensation;
pub(crate) use farm::farm;
pub(crate) use pool::pool;
pub(crate) use reserve::reserve;
pub(crate) use vault::vault;

use crate::{commands::show::halted, exit::Failure, printer::table};
use backstop_api::{Query, answer};
use backstop_core::State;
use backstop_units::{format_decimal, parse_decimal};
use serde_json::Value;

/// How a cell is written.
#[derive(Clone, Copy, Debug)]
enum As {
    /// As it stands.
    Text,
    /// Atoms of the view's asset, with its decimals.
    Money,
    /// Millionths, as a percentage.
    Ppm,
    /// Basis points, as a percentage.
    Bps,
}

/// A column or a line: its head, where its value stands (a JSON pointer), how it is written.
type Cell = (&'static str, &'static str, As);

/// Answers a query as of the ledger's last record.
fn ask(state: &State, query: &Query) -> Result<Value, Failure> {
    answer(state, query, state.meta.now).map_err(halted)
}

/// A view with the answer to another query under a key of its own.
fn with(mut view: Value, key: &str, other: Option<Value>) -> Value {
    if let (Value::Object(fields), Some(other)) = (&mut view, other) {
        fields.insert(key.to_owned(), other);
    }
    view
}

/// The decimals of a view's asset.
fn decimals(view: &Value) -> u8 {
    view["decimals"].as_u64().and_then(|decimals| u8::try_from(decimals).ok()).unwrap_or(0)
}

/// A number as JSON has it: in quotes, or bare.
fn number(value: &Value) -> Option<u128> {
    match value {
        Value::String(text) => parse_decimal(text, 0).ok(),
        other => other.as_u64().map(u128::from),
    }
}

/// One cell of a view; `-` for what is not there.
fn cell(view: &Value, (pointer, how): (&str, As), decimals: u8) -> String {
    let Some(value) = view.pointer(pointer) else { return "-".to_owned() };
    let plain = || match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let written = match how {
        As::Text => None,
        As::Money => number(value).map(|atoms| format_decimal(atoms, decimals)),
        As::Ppm => number(value).map(|parts| format!("{}%", format_decimal(parts, 4))),
        As::Bps => number(value).map(|parts| format!("{}%", format_decimal(parts, 2))),
    };
    written.unwrap_or_else(plain)
}

/// One line for each fact of a view, under a unit if there is one.
fn facts(view: &Value, unit: &str, lines: &[Cell]) -> String {
    let of = |(name, pointer, how): &Cell| {
        vec![(*name).to_owned(), cell(view, (pointer, *how), decimals(view))]
    };
    let text = table(&["", unit], &lines.iter().map(of).collect::<Vec<_>>());
    text.trim_start_matches('\n').to_owned()
}

/// A table of a list, each item with the decimals of its own or these.
fn rows(items: &[Value], columns: &[Cell], decimals_of: u8) -> String {
    let head: Vec<_> = columns.iter().map(|(name, ..)| *name).collect();
    let row = |item: &Value| {
        let own = if item["decimals"].is_null() { decimals_of } else { decimals(item) };
        columns.iter().map(|(_, pointer, how)| cell(item, (pointer, *how), own)).collect()
    };
    table(&head, &items.iter().map(row).collect::<Vec<Vec<_>>>())
}

/// A titled table of a list inside a view; nothing where the list is empty.
fn part(view: &Value, (title, pointer): (&str, &str), columns: &[Cell]) -> String {
    match view.pointer(pointer).and_then(Value::as_array) {
        Some(items) if !items.is_empty() => {
            format!("\n{title}\n{}", rows(items, columns, decimals(view)))
        }
        _ => String::new(),
    }
}

/// A view's text field.
fn word<'a>(view: &'a Value, pointer: &str) -> &'a str {
    view.pointer(pointer).and_then(Value::as_str).unwrap_or("-")
}
