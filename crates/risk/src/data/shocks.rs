//! Scenarios of the user: a TOML or a CSV file.
//!
//! ```toml
//! [[scenario]]
//! name = "weekend"
//! shock = { BTC = "-30%", SOL = -0.45 }     # at once; or path = [{ BTC = -0.1 }, { BTC = "-30%" }], step by step
//! depth = 0.1                               # of the settings' depth
//! latency = 3.0                             # times the settings' latency
//! stall_seconds = 600.0                     # the price that margins are computed from lags
//! liquidators_absent = false
//! ```
//!
//! ```text
//!   scenario,BTC,SOL,depth,latency,stall_seconds,liquidators_absent
//!   weekend,-30%,-0.45,0.1,3,600,false
//! ```
//!
//! A shock is a change since now: a percentage, or a ratio of at least −1. A market that a step does not name stays
//! where it was.

use super::{
    error::{DataError, DataFault},
    table::{Header, Row, number},
    terms::Settings,
};
use crate::{need::Conditions, scenarios::library};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A scenario of the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Shock {
    /// Its name.
    pub name: String,
    /// Step by step, the changes since now of the markets that are named.
    pub path: Vec<Vec<(String, f64)>>,
    /// What else is out of order.
    pub conditions: Conditions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    scenario: Vec<Spanned<RawShock>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShock {
    name: Spanned<String>,
    shock: Option<Moves>,
    path: Option<Vec<Moves>>,
    depth: Option<Spanned<f64>>,
    latency: Option<Spanned<f64>>,
    stall_seconds: Option<Spanned<f64>>,
    #[serde(default)]
    liquidators_absent: bool,
}

type Moves = BTreeMap<String, Spanned<Move>>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Move {
    Ratio(f64),
    Text(String),
}

const DEPTH: (f64, &str) = (1e-6, "depth is a part of the settings' depth: above 0");
const LATENCY: (f64, &str) = (0.0, "latency is a multiple of the settings' latency: 0 or above");
const STALL: (f64, &str) = (0.0, "a stall is in seconds: 0 or above");
/// The largest rise, as a part of the price: above what any price did in a crisis, and below what sums can't hold.
const CHANGE_MOST: f64 = 1e6;
const CHANGE: &str = "a shock is a change since now: a percentage of at least -100%, or a ratio of at least -1, and at most \
                      1000000";

/// Reads a file of scenarios; one whose name ends in `.csv` as CSV, any other as TOML. `markets` are the names that
/// the settings know.
///
/// # Errors
/// [`DataError`] with file, line and column.
pub fn read_shocks(file: &str, text: &str, markets: &[String]) -> Result<Vec<Shock>, DataError> {
    let csv = file.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let found = if csv { read_csv(file, text, markets)? } else { read_toml(file, text, markets)? };
    if found.is_empty() {
        return Err(DataError::file(file, DataFault::Empty));
    }
    Ok(found)
}

/// Refuses a name that another scenario of the file has, or one of the library.
fn fresh(name: &str, found: &[Shock]) -> Result<(), DataFault> {
    let hint = if found.iter().any(|known| known.name == name) {
        "give each scenario a name of its own"
    } else if library::names().any(|known| known == name) {
        "a shipped crisis has this name, give yours another"
    } else {
        return Ok(());
    };
    Err(DataFault::Twice { what: "scenario", name: name.to_owned(), hint })
}

fn unknown(market: &str) -> DataFault {
    let hint = "name a market of the markets file";
    DataFault::Unknown { what: "market", name: market.to_owned(), hint }
}

/// A percentage or a ratio.
fn change(text: &str) -> Result<f64, DataFault> {
    let (digits, unit) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim(), 0.01),
        None => (text, 1.0),
    };
    possible(number(digits)? * unit)
}

fn possible(change: f64) -> Result<f64, DataFault> {
    if (-1.0..=CHANGE_MOST).contains(&change) {
        return Ok(change);
    }
    Err(DataFault::Range { got: change, range: CHANGE })
}

fn read_toml(file: &str, text: &str, markets: &[String]) -> Result<Vec<Shock>, DataError> {
    let settings = Settings { file, text };
    let raw: RawFile = settings.parse()?;
    let mut found: Vec<Shock> = Vec::with_capacity(raw.scenario.len());
    for spanned in &raw.scenario {
        let (one, section) = (spanned.get_ref(), spanned.span());
        let name = one.name.get_ref();
        let path = match (&one.shock, &one.path) {
            (Some(moves), None) => std::slice::from_ref(moves),
            (None, Some(path)) if !path.is_empty() => path.as_slice(),
            _ => {
                return Err(settings.fault(&section, name, DataFault::Either("shock", "path")));
            }
        };
        fresh(name, &found).map_err(|fault| settings.fault(&one.name.span(), "name", fault))?;
        let at_least =
            |name, value: &Option<Spanned<f64>>, (least, range): (f64, &'static str), usual| {
                let Some(value) = value else { return Ok(usual) };
                let got = *value.get_ref();
                let fault = DataFault::Range { got, range };
                if got >= least && got.is_finite() {
                    Ok(got)
                } else {
                    Err(settings.fault(&value.span(), name, fault))
                }
            };
        found.push(Shock {
            name: name.clone(),
            path: path
                .iter()
                .map(|moves| read_moves(settings, moves, markets))
                .collect::<Result<_, _>>()?,
            conditions: Conditions {
                depth: at_least("depth", &one.depth, DEPTH, 1.0)?,
                latency: at_least("latency", &one.latency, LATENCY, 1.0)?,
                stall: at_least("stall_seconds", &one.stall_seconds, STALL, 0.0)?,
                liquidators_absent: one.liquidators_absent,
            },
        });
    }
    Ok(found)
}

fn read_moves(
    settings: Settings<'_>,
    moves: &Moves,
    markets: &[String],
) -> Result<Vec<(String, f64)>, DataError> {
    let one = |(market, spanned): (&String, &Spanned<Move>)| {
        let span = spanned.span();
        if !markets.contains(market) {
            return Err(settings.fault(&span, market, unknown(market)));
        }
        let moved = match spanned.get_ref() {
            Move::Ratio(ratio) => possible(*ratio),
            Move::Text(text) => change(text),
        };
        Ok((market.clone(), moved.map_err(|fault| settings.fault(&span, market, fault))?))
    };
    moves.iter().map(one).collect()
}

/// Columns that are no markets.
const COLUMNS: [&str; 5] = ["scenario", "depth", "latency", "stall_seconds", "liquidators_absent"];

fn read_csv(file: &str, text: &str, markets: &[String]) -> Result<Vec<Shock>, DataError> {
    let (header, lines) = Header::read(file, text)?;
    let name_at = header.need("scenario")?;
    for (at, name) in header.names().filter(|(_, name)| !COLUMNS.contains(name)) {
        if !markets.iter().any(|market| market == name) {
            return Err(header.fault(header.at(at), "header", unknown(name)));
        }
    }
    let mut found: Vec<Shock> = Vec::new();
    for content in lines {
        let row = header.row(content)?;
        let name = row.filled(name_at)?;
        fresh(name, &found).map_err(|fault| row.fault(name_at, fault))?;
        let mut moves = Vec::new();
        for (at, market) in header.names().filter(|(_, name)| !COLUMNS.contains(name)) {
            let text = row.text(at)?;
            if !text.is_empty() {
                let moved = change(text).map_err(|fault| row.fault(at, fault))?;
                moves.push((market.to_owned(), moved));
            }
        }
        let conditions = read_conditions(&header, &row)?;
        found.push(Shock { name: name.to_owned(), path: vec![moves], conditions });
    }
    Ok(found)
}

fn read_conditions(header: &Header<'_>, row: &Row<'_, '_>) -> Result<Conditions, DataError> {
    let at_least = |name, (least, range): (f64, &'static str), usual: f64| {
        let Some(at) = header.find(name) else { return Ok(usual) };
        if row.text(at)?.is_empty() {
            return Ok(usual);
        }
        let got = row.number(at)?;
        if got >= least { Ok(got) } else { Err(row.fault(at, DataFault::Range { got, range })) }
    };
    let absent = match header.find("liquidators_absent") {
        Some(at) => match row.text(at)? {
            "true" | "yes" | "1" => true,
            "" | "false" | "no" | "0" => false,
            other => {
                return Err(
                    row.fault(at, DataFault::Toml(format!("{other:?}: write true or false")))
                );
            }
        },
        None => false,
    };
    Ok(Conditions {
        depth: at_least("depth", DEPTH, 1.0)?,
        latency: at_least("latency", LATENCY, 1.0)?,
        stall: at_least("stall_seconds", STALL, 0.0)?,
        liquidators_absent: absent,
    })
}
