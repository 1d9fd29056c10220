//! What the desk's files may not hold, as a hostile reader would write them: each is refused by place, or told.

use backstop_risk::{
    data::{Source, read_accounts, read_prices, read_shocks, read_venue},
    desk::{
        Inputs, Setup, Silent,
        inputs::{Text, Texts},
        run::{Maker, Parts, run},
    },
};
use std::fmt::Write as _;

#[track_caller]
fn begins(found: &str, want: &str) {
    assert!(found.starts_with(want), "{found}\n  is not\n{want}");
}

#[track_caller]
fn prices(text: &str, want: &str) {
    begins(&read_prices("p.csv", text, ("BTC", "made up")).unwrap_err().to_string(), want);
}

/// Daily bars from the first day on, `gap` days apart, each price a little above the last.
fn days(text: &mut String, (first, number, gap): (u64, u64, u64)) {
    for at in 0..number {
        let (time, price) = ((first + at * gap) * 86_400, 100 + at % 7);
        writeln!(text, "{time},{price},{},{},{price}", price + 2, price - 2).unwrap();
    }
}

const HEAD: &str = "open_time_unix,open,high,low,close\n";

#[test]
fn amounts_that_no_ledger_counts_are_refused_where_they_stand() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (markets, assets) = (names(&["BTC"]), names(&["usd"]));
    let read = |accounts: &str, positions: &str| {
        let accounts = Source { file: "a.csv", text: accounts };
        let positions = Source { file: "p.csv", text: positions };
        read_accounts(accounts, positions, (&markets, &assets))
    };
    let (accounts, positions) = ("account,collateral\na,5\n", "account,market,size\na,BTC,1\n");
    assert!(read(accounts, positions).is_ok());
    let large = accounts.replace(",5", ",1e300");
    let want =
        "a.csv, line 2, column 3 (collateral): 1e300 is out of range: an amount lies from -1e18";
    begins(&read(&large, positions).unwrap_err().to_string(), want);
    let large = positions.replace(",1", ",-1e19");
    let want = "p.csv, line 2, column 7 (size): -1e19 is out of range";
    begins(&read(accounts, &large).unwrap_err().to_string(), want);
    let large = format!("{HEAD}0,1,2,1,1\n86400,1,1e300,1,1\n");
    prices(
        &large,
        "p.csv, line 3, column 9 (high): 1e300 is out of range: a price lies from 1e-12",
    );
}

#[test]
fn times_in_other_units_and_other_line_ends_are_told() {
    let want = "p.csv, line 2, column 1 (open_time_unix): 1700000000000 is past the year 9999 as seconds since 1970: \
                divide by 1000, if it is in milliseconds";
    prices(&format!("{HEAD}1700000000000,1,2,1,1\n"), want);
    let want = "p.csv, line 2, column 1 (open_time_unix): 1700000000000000 is past the year 9999 as seconds since \
                1970: divide by 1000000, if it is in microseconds";
    prices(&format!("{HEAD}1700000000000000,1,2,1,1\n"), want);
    let old = format!("{HEAD}0,1,2,1,1\n").replace('\n', "\r");
    prices(&old, "p.csv, line 1, column 35 (line end): lines end in CR alone");
}

#[test]
fn another_bar_length_is_refused_and_holes_are_not() {
    let mut weeks = HEAD.to_owned();
    days(&mut weeks, (0, 300, 1));
    let mut mixed = weeks.clone();
    days(&mut mixed, (306, 43, 7));
    prices(
        &mixed,
        "p.csv, line 302, column 1 (open_time_unix): mixed frequencies: 7d after the line before",
    );
    // As many missing, but here and there: a market that was closed or not recorded.
    let mut first = 300;
    for hole in 0..43 {
        first += 6;
        days(&mut weeks, (first, 2 + hole % 3, 1));
        first += 2 + hole % 3;
    }
    let found = read_prices("p.csv", &weeks, ("BTC", "made up")).unwrap();
    assert_eq!(found.page.holes.len(), 43);
}

#[test]
fn initial_margin_is_never_below_maintenance() {
    let venue = |terms: &str| {
        let text = format!("[market.BTC]\nprice = 5.0\nadv = inf\n{terms}\n");
        read_venue("m.toml", &text).map_err(|error| error.to_string())
    };
    let tiers = "tiers = [{ above = 0, rate = 0.0125 }, { above = 1e6, rate = 0.05 }]";
    for fine in [
        "initial = 0.05",
        "initial_tiers = [{ above = 0, rate = 0.02 }, { above = 5e5, rate = 0.05 }]",
        "",
    ] {
        assert!(venue(&format!("{tiers}\n{fine}")).is_ok(), "{fine}");
    }
    let want = "m.toml, line 5, column 11 (initial): initial margin of 0.001 is below the maintenance margin of 0.0125 on";
    begins(&venue(&format!("{tiers}\ninitial = 0.001")).unwrap_err(), want);
    let want = "m.toml, line 5, column 11 (initial): initial margin of 0.025 is below the maintenance margin of 0.05 on \
                any large position: raise";
    begins(&venue(&format!("{tiers}\ninitial = 0.025")).unwrap_err(), want);
}

#[test]
fn a_crisis_of_ones_own_has_a_name_of_its_own() {
    let read = |file, text| read_shocks(file, text, &["BTC".to_owned()]).unwrap_err().to_string();
    let csv = read("s.csv", "scenario,BTC\nsqueeze,-1%\n");
    begins(
        &csv,
        "s.csv, line 2, column 1 (scenario): scenario \"squeeze\" is there twice: a shipped",
    );
    let toml = read("s.toml", "[[scenario]]\nname = \"2025-10-10\"\nshock = { BTC = -0.1 }\n");
    begins(
        &toml,
        "s.toml, line 2, column 8 (name): scenario \"2025-10-10\" is there twice: a shipped",
    );
}

fn text(file: &str, text: &str) -> Text {
    Text { file: file.to_owned(), text: text.to_owned() }
}

fn texts(prices: &str) -> Texts {
    Texts {
        prices: vec![text("BTC.csv", prices)],
        venue: Some(text(
            "v.toml",
            "[market.BTC]\nmaintenance = 0.05\nadv = inf\ndepth_per_percent = inf\n",
        )),
        accounts: Some(text("a.csv", "account,collateral\na,10\nb,500\n")),
        positions: Some(text("p.csv", "account,market,size\na,BTC,1\nb,BTC,-1\n")),
        ..Texts::default()
    }
}

#[test]
fn a_market_without_a_price_is_named_where_it_stands() {
    let mut prices = HEAD.to_owned();
    days(&mut prices, (0, 40, 1));
    let mut texts = texts(&prices);
    let venue = texts.venue.as_mut().unwrap();
    venue.text.push_str("\n[market.SOL]\nmaintenance = 0.05\nadv = 1e6\n");
    let refused = Inputs::read(&Setup::default(), &texts).unwrap_err().to_string();
    begins(&refused, "v.toml, line 6, column 1 (SOL): market SOL has no price: set its price");
}

#[test]
fn a_leap_of_a_price_is_told_and_too_few_scenarios_say_what_to_raise() {
    let mut prices = HEAD.to_owned();
    days(&mut prices, (19_000, 800, 1));
    let only = |size, back_test| Parts { size, back_test, ..Parts::default() };
    let made = |setup: &Setup, prices: &str, parts| {
        let inputs = Inputs::read(setup, &texts(prices)).unwrap();
        run(setup, &inputs, (parts, &Maker::default()), &Silent)
    };
    let mut setup = Setup { levels: vec![0.99], ..Setup::default() };
    setup.back_test.window = 250;
    setup.back_test.refit = 250;
    let leaps = |prices: &str| -> Vec<String> {
        let report = made(&setup, prices, only(false, true)).unwrap();
        report.notes.into_iter().filter(|note| note.contains("check it")).collect()
    };
    assert!(leaps(&prices).is_empty());
    // 2022-01-08 is day 19,000; the eleventh bar.
    let spike = prices.replacen("\n1642464000,103,105,", "\n1642464000,103,1050,", 1);
    assert_ne!(spike, prices);
    begins(
        &leaps(&spike).concat(),
        "BTC: the bar of 2022-01-18 goes +929 % from the close before: check it",
    );
    setup.scenarios.number = 100;
    let refused = made(&setup, &prices, only(true, false)).unwrap_err().to_string();
    begins(
        &refused,
        "a quantile of the need: 100 observations, at least 250 are needed; raise scenarios.number",
    );
    // Nothing tested is no success.
    for window in [10, 1_000_000] {
        setup.back_test.window = window;
        let refused = made(&setup, &prices, only(false, true)).unwrap_err().to_string();
        begins(&refused, "not one market could be back tested\nno back test of BTC: a");
    }
}
