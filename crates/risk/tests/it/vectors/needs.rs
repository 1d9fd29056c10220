//! Cases about the need of the fund.

use super::{Case, number};
use crate::need::PLAIN;
use backstop_risk::{
    desk::Silent,
    need::{Closing, Portfolio, Rules, Stressed, opening, outcomes},
};
use backstop_units::Span;
use std::fmt::Write as _;

/// Every account of the case through the desk's own readers and the integer margin code; without maintenance nobody
/// is liquidated before the end, and nothing is lost on the way.
pub(super) fn shortfall(case: &Case) {
    let markets = ["BTC", "ETH", "SOL"];
    let (mut accounts, mut positions) =
        ("account,collateral\n".to_owned(), "account,market,notional\n".to_owned());
    for (at, account) in case.input["accounts"].as_array().unwrap().iter().enumerate() {
        writeln!(accounts, "a{at},{}", account["collateral"]).unwrap();
        for (market, notional) in account["positions"].as_object().unwrap() {
            writeln!(positions, "a{at},{market},{notional}").unwrap();
        }
    }
    let market = |name| {
        format!("[market.{name}]\nmaintenance = 0.000001\nprice = 100.0\ndepth_per_percent = inf\n")
    };
    let settings: String = markets.map(market).concat();
    let (venue, accounts) = crate::need::venue(&settings, &accounts, &positions);
    let now = opening(&venue, None).unwrap();
    let rules = Rules { closing: Closing { jump_share: 1.0, ..PLAIN.closing }, ..PLAIN };
    let book = Portfolio::new(&venue, &accounts, &now, &rules).unwrap();
    let changes: Vec<Vec<[f64; 1]>> = case.input["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scenario| markets.iter().map(|name| [number(&scenario[*name])]).collect())
        .collect();
    let rows: Vec<Vec<&[f64]>> =
        changes.iter().map(|path| path.iter().map(<[f64; 1]>::as_slice).collect()).collect();
    let rows: Vec<&[&[f64]]> = rows.iter().map(Vec::as_slice).collect();
    let paths = crate::need::scenarios(&markets, Span::days(1), &rows);
    let stressed = Stressed { scenarios: &paths, conditions: &[] };
    let found = outcomes(&book, &stressed, &rules, &Silent).unwrap();
    for (at, outcome) in found.iter().enumerate() {
        let ratio = |market: usize| 1.0 + changes[at][market][0];
        let exact = (0..book.margins.len()).map(|account| book.margins.deficit(account, &ratio));
        let exact: u128 = exact.map(|deficit| deficit.unwrap().get()).sum();
        let atoms = u32::try_from(exact / 1_000).unwrap();
        case.absolute(f64::from(atoms) / 1e3, &case.expected["shortfall"][at], "abs");
        assert_eq!(exact % 1_000, 0);
        case.absolute(outcome.shortfall, &case.expected["shortfall"][at], "abs");
    }
}

/// What a real fund's owner reported; by the same source the fund held 33,491 XBT at the end of 2019.
pub(super) fn bitmex(case: &Case) {
    let of = |name: &str| number(&case.expected[name]);
    assert_eq!(case.expected["adl"], false);
    crate::crises::bitmex(
        of("largest_unrealised_loss_xbt"),
        of("largest_daily_fall_xbt"),
        33_491.0,
    );
}
