//! `reserve`: money, rates, curve, collateral, impairments.

use super::{As, Cell, ask, facts, part, rows, with, word};
use crate::{
    args::{ReserveArgs, ReserveVerb},
    exit::Failure,
    ledger,
    printer::Printer,
};
use backstop_api::Query;
use backstop_units::Timestamp;
use serde_json::Value;
use std::path::Path;

const LIST: &[Cell] = &[
    ("reserve", "/reserve", As::Text),
    ("asset", "/asset", As::Text),
    ("status", "/status", As::Text),
    ("supplied", "/rates/supply", As::Money),
    ("borrowed", "/borrowed", As::Money),
    ("used", "/rates/utilization", As::Text),
    ("borrowers pay", "/rates/borrow_apr", As::Text),
    ("lenders get", "/rates/supply_apr", As::Text),
    ("impaired", "/impaired", As::Money),
];

const MONEY: &[Cell] = &[
    ("supplied", "/rates/supply", As::Money),
    ("at hand", "/available", As::Money),
    ("borrowed", "/borrowed", As::Money),
    ("used", "/rates/utilization", As::Text),
    ("borrowers pay, a year", "/rates/borrow_apr", As::Text),
    ("the protocol's part", "/policy/interest/take", As::Bps),
    ("lenders get, a year", "/rates/supply_apr", As::Text),
    ("  compounded", "/rates/supply_apy", As::Text),
    ("interest not collected", "/uncollected_interest", As::Money),
    ("may be lost", "/impaired", As::Money),
    ("times lenders lost", "/occurrences", As::Text),
];

const CURVE: &[Cell] = &[("used", "/utilization", As::Bps), ("a year", "/rate", As::Bps)];

const COLLATERAL: &[Cell] = &[
    ("asset", "/asset", As::Text),
    ("can be borrowed", "/borrow", As::Bps),
    ("liquidated above", "/liquidation", As::Bps),
    ("bonus", "/bonus", As::Bps),
];

const IMPAIRED: &[Cell] = &[
    ("account", "/account", As::Text),
    ("debt", "/debt", As::Money),
    ("lacks", "/lacks", As::Money),
];

const ACCOUNT: &[Cell] = &[
    ("supplied, shares", "/lending/shares", As::Money),
    ("worth", "/lending/worth", As::Money),
    ("paid out now", "/lending/paid_now", As::Money),
    ("owes", "/lending/loan/debt", As::Money),
    ("collateral carries", "/lending/loan/carries", As::Money),
    ("liquidated above", "/lending/loan/liquidated_above", As::Money),
];

pub(crate) fn reserve(args: &ReserveArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    match &args.verb {
        ReserveVerb::List => {
            let labels = state.reserves.iter().map(|(_, reserve)| reserve.label);
            let queries = labels.map(|reserve| Query::Reserve { reserve });
            let views = queries.map(|query| ask(&state, &query)).collect::<Result<Vec<_>, _>>()?;
            printer.either(&Value::Array(views.clone()), || rows(&views, LIST, 0))
        }
        ReserveVerb::Show { reserve, account } => {
            let own = account.map(|account| Query::Lending { account, reserve: *reserve });
            let own = own.map(|query| ask(&state, &query)).transpose()?;
            let view = with(ask(&state, &Query::Reserve { reserve: *reserve })?, "lending", own);
            printer.either(&view, || text(&view, state.meta.now))
        }
    }
}

fn text(view: &Value, now: Timestamp) -> String {
    let listed = if view["listed"] == true { "listed" } else { "not listed" };
    let (reserve, status) = (word(view, "/reserve"), word(view, "/status"));
    let mut text = format!("{reserve} ({status}, {listed}), at {now}\n\n");
    text.push_str(&facts(view, word(view, "/asset"), MONEY));
    text.push_str(&part(view, ("what borrowers pay", "/policy/interest/curve"), CURVE));
    text.push_str(&part(view, ("collateral", "/policy/collateral"), COLLATERAL));
    text.push_str(&part(view, ("loans whose collateral lacks", "/impaired_loans"), IMPAIRED));
    if !view["lending"].is_null() {
        text.push_str(&format!("\n{}\n", word(view, "/lending/account")));
        text.push_str(&facts(view, "", ACCOUNT));
    }
    text
}
