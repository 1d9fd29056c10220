//! The desk's files: what is read, and what is refused by place.

use backstop_risk::data::{
    DataError, History, Return, Size, Source, read_accounts, read_prices, read_shocks, read_venue,
};
use backstop_units::{Span, Timestamp};
use std::{fmt::Write as _, path::PathBuf};

fn prices(text: &str) -> Result<History, DataError> {
    History::join(vec![read_prices("p.csv", text, ("BTC", "made up"))?])
}

#[track_caller]
fn refused<T: std::fmt::Debug>(found: Result<T, DataError>, want: &str) {
    let error = found.unwrap_err().to_string();
    assert!(error.starts_with(want), "{error}\n  is not\n{want}");
    // A refusal says what to do, in words after the first colon.
    assert!(error.split(": ").count() > 1, "{error}");
}

const BARS: &str = "open_time_unix,open,high,low,close,volume\n";

#[test]
fn bars_with_a_hole() {
    let text = format!("# from a test\n{BARS}0,1,2,0.5,1.5,7\n3600,1.5,2,1,2,0\n14400,2,4,2,4,1\n");
    let history = prices(&text).unwrap();
    let page = &history.pages()[0];
    assert_eq!((page.step.as_str(), page.origin.as_str()), ("1h", "from a test"));
    assert_eq!(page.sha256.len(), 64);
    assert_eq!((page.markets[0].from.as_str(), page.markets[0].bars), ("1970-01-01T01:00:00Z", 3));
    assert_eq!((page.holes.len(), page.holes[0].bars), (1, 2));
    assert_eq!(page.holes[0].from, "1970-01-01T02:00:00Z");
    let aligned = history.aligned(&[]).unwrap();
    // Over the hole there is no return.
    assert_eq!(aligned.followers(), [1]);
    let simple = aligned.returns(0, Return::Simple);
    assert!((simple[0] - (2.0 / 1.5 - 1.0)).abs() < 1e-15 && simple.len() == 1);
    assert!((aligned.returns(0, Return::Log)[0] - (2.0f64 / 1.5).ln()).abs() < 1e-12);
    assert_eq!(aligned.candles[0][2].volume, Some(1.0));
}

#[test]
fn closes_side_by_side_are_aligned_where_all_are_listed() {
    let text = "date,btc,luna\n2022-05-01,1,\n2022-05-02,2,80\n2022-05-03,3,60\n2022-05-04,4,\n2022-05-05,5,1\n2022-05-06,5,2\n";
    let history = prices(text).unwrap();
    assert_eq!(history.step(), Span::days(1));
    assert_eq!(history.series("luna").unwrap().candles.len(), 4);
    let page = &history.pages()[0];
    assert_eq!((page.holes[0].market.as_str(), page.holes[0].bars), ("luna", 1));
    // A day's close is the end of that day.
    assert_eq!(page.markets[0].from, "2022-05-02T00:00:00Z");
    let both = history.aligned(&[]).unwrap();
    assert_eq!((both.times.len(), both.followers()), (4, vec![1, 3]));
    assert_eq!(history.aligned(&["btc"]).unwrap().times.len(), 6);
    assert_eq!(both.holes().len(), 1);
    refused(history.aligned(&["sol"]), "price history: unknown price history of \"sol\"");
}

#[test]
fn symbols_and_quotes_and_other_orders_are_fine() {
    let text = "\"symbol\",close,open,high,low,\"date\"\r\n\"ETH\",2,2,2,2,2020-01-01\r\nBTC,1,1,1,1,2020-01-01\r\n\
                ETH,3,2,3,2,2020-01-02\r\nBTC,1,1,1,1,2020-01-02\r\n";
    let history = prices(text).unwrap();
    assert_eq!(history.markets().collect::<Vec<_>>(), ["ETH", "BTC"]);
    assert!((history.series("ETH").unwrap().last() - 3.0).abs() < 1e-15);
    let half_hours = "datetime_utc,a\n2024-04-01 00:00:00,1\n2024-04-01 00:30:00,2\n";
    let history = prices(half_hours).unwrap();
    assert_eq!(
        history.series("a").unwrap().candles[0].at,
        Timestamp::parse("2024-04-01T00:30:00Z").unwrap()
    );
}

#[test]
fn bad_prices_are_refused_by_place() {
    for (rows, want) in [
        ("", "p.csv: nothing to read"),
        ("0,1,2,0.5,1.5,7\n", "p.csv, line 2, column 1 (open_time_unix): 1 bars, at least 2"),
        (
            "0,1,2,0.5,1.5,7\n0,1,2,1,2,0\n",
            "p.csv, line 3, column 1 (open_time_unix): this time is there twice",
        ),
        (
            "3600,1,2,0.5,1.5,7\n0,1,2,1,2,0\n",
            "p.csv, line 3, column 1 (open_time_unix): times must rise",
        ),
        ("0,1,2,0.5,1.5\n", "p.csv, line 2, column 14 (volume): the field is missing"),
        ("0,1,2,0.5,1.5,7,8\n", "p.csv, line 2, column 17 (field): the header has 6 columns"),
        ("0,1,2,0.5,-1.5,7\n", "p.csv, line 2, column 11 (close): a price of -1.5"),
        ("0,0,2,0,1.5,7\n", "p.csv, line 2, column 3 (open): a price of 0"),
        ("0,1,NaN,0.5,1.5,7\n", "p.csv, line 2, column 5 (high): \"NaN\" is no number"),
        ("0,1,inf,0.5,1.5,7\n", "p.csv, line 2, column 5 (high): \"inf\" is no number"),
        ("0,1,1e999,0.5,1.5,7\n", "p.csv, line 2, column 5 (high): \"1e999\" is not finite"),
        ("0,1,,0.5,1.5,7\n", "p.csv, line 2, column 5 (high): the field is empty"),
        ("0,1,0.4,0.5,0.5,7\n", "p.csv, line 2, column 5 (high): the high is below the low"),
        ("0,3,2,0.5,0.5,7\n", "p.csv, line 2, column 3 (open): open and close lie between"),
        ("0,1,2,0.5,0.5,-7\n", "p.csv, line 2, column 15 (volume): -7 is out of range"),
        ("1.5,1,2,0.5,0.5,7\n", "p.csv, line 2, column 1 (open_time_unix): \"1.5\" is no time"),
        ("0,1,2,0.5,\"0.5,7\n", "p.csv, line 2, column 11 (field): a quote is open"),
    ] {
        refused(prices(&format!("{BARS}{rows}")), want);
    }
    for (text, want) in [
        (
            "open,high,low,close\n1,1,1,1\n",
            "p.csv, line 1, column 1 (header): the header has no column of times",
        ),
        (
            "date,open,high,close\n",
            "p.csv, line 1, column 1 (low): the header has no column \"low\"",
        ),
        (
            "date,a,a\n2020-01-01,1,1\n",
            "p.csv, line 1, column 8 (a): the header names this column twice",
        ),
        (
            "date;a\n2020-01-01;1\n",
            "p.csv, line 1, column 1 (header): fields are separated by commas",
        ),
        (
            "date\n2020-01-01\n",
            "p.csv, line 1, column 1 (header): the header has no column of prices",
        ),
        ("date,a\n2020-13-01,1\n", "p.csv, line 2, column 1 (date): \"2020-13-01\" is no day"),
        (
            "date,a,b\n2020-01-01,1,\n2020-01-02,1,\n",
            "p.csv, line 1, column 8 (b): the field is empty",
        ),
    ] {
        refused(prices(text), want);
    }
}

#[test]
fn one_file_has_one_frequency() {
    // Daily bars, then one six hours later.
    let text = "close_time_unix,a\n86400,1\n172800,1\n259200,1\n280800,1\n345600,1\n";
    refused(
        prices(text),
        "p.csv, line 5, column 1 (close_time_unix): mixed frequencies: 6h after the line before, with a step of 1d",
    );
    // Days first, then hours: most distances are hours, and more is missing than there.
    let mut text = "close_time_unix,a\n0,1\n86400,1\n172800,1\n259200,1\n".to_owned();
    for hour in 1..30 {
        writeln!(text, "{},1", 259_200 + 3_600 * hour).unwrap();
    }
    refused(prices(&text), "p.csv, line 4, column 1 (close_time_unix): mixed frequencies: 1d");
    // Two files of different steps, and one market in both.
    let days = read_prices("d.csv", "date,a\n2020-01-01,1\n2020-01-02,1\n", ("", "")).unwrap();
    let hours = read_prices("h.csv", "close_time_unix,b\n0,1\n3600,1\n", ("", "")).unwrap();
    refused(
        History::join(vec![days.clone(), hours]),
        "h.csv: market b has a step of 1h, the history has 1d",
    );
    refused(History::join(vec![days.clone(), days]), "d.csv: market \"a\" is there twice");
    let later = read_prices("l.csv", "date,b\n2021-01-01,1\n2021-01-02,1\n", ("", "")).unwrap();
    let days = read_prices("d.csv", "date,a\n2020-01-01,1\n2020-01-02,1\n", ("", "")).unwrap();
    let apart = History::join(vec![days, later]).unwrap();
    refused(apart.aligned(&[]), "price history: markets a and b have no time in common");
}

#[test]
fn files_of_the_collection_are_read_whole() {
    let Some(folder) = std::env::var_os("BACKSTOP_EXTERNAL_DATA").map(PathBuf::from) else {
        println!("SKIPPED: BACKSTOP_EXTERNAL_DATA is not set");
        return;
    };
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join("prices").join(name)).unwrap();
        read_prices(name, &text, ("BTC", "collection")).unwrap()
    };
    let closes = read("daily_close_13coins_2020_2023.csv");
    assert_eq!((closes.series.len(), closes.series[0].candles.len()), (13, 1_461));
    let luna = closes.series.iter().find(|series| series.market == "luna").unwrap();
    assert_eq!(luna.candles.len(), 1_461 - 448);
    let bars = read("daily_ohlcv_btc_eth_bnb_sol_2014_2024.csv");
    assert_eq!(bars.series.iter().map(|series| series.candles.len()).sum::<usize>(), 10_706);
    assert_eq!(bars.page.step, "1d");
    assert!(bars.series[0].ranges && bars.series[0].candles[0].volume.is_some());
}

const MARKETS: &str = "[market.BTC]\nmaintenance = 0.005\ninitial = 0.01\nprice = 60000\ndepth_per_percent = 1e6\n\
                       [market.SOL]\ntiers = [{ above = 0, rate = 0.01 }, { above = 1e5, rate = 0.05 }]\nadv = 1e9\n\
                       [asset.SOL]\nhaircut = 0.1\nmarket = \"SOL\"\n";

#[test]
fn the_markets_file() {
    let venue = read_venue("m.toml", MARKETS).unwrap();
    assert_eq!((venue.quote.as_str(), venue.markets.len(), venue.assets[0].market), ("usd", 2, 1));
    assert_eq!(venue.markets[1].maintenance.len(), 2);
    assert_eq!((venue.markets[1].history.as_str(), venue.markets[1].price), ("SOL", None));
    for (from, to, want) in [
        (
            "maintenance = 0.005",
            "maintenance = 1.5",
            "m.toml, line 2, column 15 (maintenance): 1.5 is out of range",
        ),
        (
            "maintenance = 0.005",
            "maintenance = nan",
            "m.toml, line 2, column 15 (maintenance): NaN is out of range",
        ),
        (
            "maintenance = 0.005",
            "maintenence = 0.005",
            "m.toml, line 2, column 1 (settings): unknown field `maintenence`",
        ),
        (
            "maintenance = 0.005",
            "",
            "m.toml, line 1, column 1 (BTC): market BTC has no maintenance",
        ),
        (
            "maintenance = 0.005",
            "maintenance = 0.1\ntiers = []",
            "m.toml, line 1, column 1 (BTC): give either",
        ),
        ("price = 60000", "price = 0", "m.toml, line 4, column 9 (price): 0 is out of range"),
        ("above = 1e5", "above = 0", "m.toml, line 7, column 48 (above): 0 is out of range"),
        (
            "rate = 0.05",
            "rate = 0.001",
            "m.toml, line 7, column 60 (rate): 0.001 is out of range: rates rise",
        ),
        (
            "market = \"SOL\"",
            "market = \"ETH\"",
            "m.toml, line 11, column 10 (market): unknown market \"ETH\"",
        ),
        (
            "haircut = 0.1",
            "haircut = -0.1",
            "m.toml, line 10, column 11 (haircut): -0.1 is out of range",
        ),
        ("[market.BTC]", "[market.BTC", "m.toml, line 1, column"),
        (
            "[asset.SOL]",
            "[asset.usd]",
            "m.toml, line 11, column 10 (asset): asset \"usd\" is there twice",
        ),
    ] {
        assert!(MARKETS.contains(from), "{from}");
        refused(read_venue("m.toml", &MARKETS.replacen(from, to, 1)), want);
    }
}

#[test]
fn accounts_and_positions() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (markets, assets) = (names(&["BTC", "SOL"]), names(&["usd", "SOL"]));
    let read = |accounts, positions| {
        let accounts = Source { file: "a.csv", text: accounts };
        let positions = Source { file: "p.csv", text: positions };
        read_accounts(accounts, positions, (&markets, &assets))
    };
    let accounts = "account,owner,asset,collateral\na,x,usd,-5\na,x,SOL,2\nb,x,,7\nx,,,1\n";
    let positions = "account,market,size,notional\na,BTC,-1.5,\nb,SOL,,1e4\n";
    let found = read(accounts, positions).unwrap();
    assert_eq!(found.accounts.len(), 3);
    // Two accounts of owner `x`; the account called `x` has no owner but itself.
    assert_eq!(found.accounts.iter().map(|one| one.owner).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(found.owners, ["x", "x"]);
    assert_eq!(found.accounts[0].positions[0].size, Size::Base(-1.5));
    assert_eq!(found.accounts[1].positions[0].size, Size::Notional(1e4));
    for (accounts, want) in [
        ("account\n", "a.csv, line 1, column 1 (collateral): the header has no column"),
        ("account,collateral\n", "a.csv: nothing to read"),
        ("account,collateral\na,x\n", "a.csv, line 2, column 3 (collateral): \"x\" is no number"),
        ("account,collateral\n,1\n", "a.csv, line 2, column 1 (account): the field is empty"),
        (
            "account,collateral\na,1\na,2\n",
            "a.csv, line 3, column 1 (account): collateral of account \"a\" is there twice",
        ),
        (
            "account,asset,collateral\na,ETH,1\n",
            "a.csv, line 2, column 3 (asset): unknown asset \"ETH\"",
        ),
        (
            "account,asset,collateral\na,SOL,-1\n",
            "a.csv, line 2, column 7 (collateral): -1 is out of range",
        ),
        (
            "account,owner,asset,collateral\na,x,usd,1\na,y,SOL,1\n",
            "a.csv, line 3, column 3 (owner): account with two owners",
        ),
    ] {
        refused(read(accounts, positions), want);
    }
    for (positions, want) in [
        ("account,market\n", "p.csv, line 1, column 1 (header): the header has no column \"size\""),
        (
            "account,market,size\nq,BTC,1\n",
            "p.csv, line 2, column 1 (account): unknown account \"q\"",
        ),
        (
            "account,market,size\na,ETH,1\n",
            "p.csv, line 2, column 3 (market): unknown market \"ETH\"",
        ),
        (
            "account,market,size\na,BTC,1\na,BTC,2\n",
            "p.csv, line 3, column 3 (market): position of account \"a\" is there twice",
        ),
        (
            "account,market,size,notional\na,BTC,1,2\n",
            "p.csv, line 2, column 9 (notional): give either size or notional",
        ),
        ("account,market,size\na,BTC,\n", "p.csv, line 2, column 7 (size): the field is empty"),
        (
            "account,market,size\na,BTC,0x1\n",
            "p.csv, line 2, column 7 (size): \"0x1\" is no number",
        ),
        ("account,market,size\na,BTC\n", "p.csv, line 2, column 6 (size): the field is missing"),
    ] {
        refused(read(accounts, positions), want);
    }
}

#[test]
fn scenarios_of_the_user() {
    let markets: Vec<String> = ["BTC", "SOL"].map(str::to_owned).to_vec();
    let toml = "[[scenario]]\nname = \"weekend\"\nshock = { BTC = \"-30%\", SOL = -0.45 }\ndepth = 0.1\nlatency = 3.0\n\
                stall_seconds = 600.0\nliquidators_absent = true\n\
                [[scenario]]\nname = \"slow\"\npath = [{ BTC = -0.1 }, { BTC = \"12 %\" }]\n";
    let found = read_shocks("s.toml", toml, &markets).unwrap();
    assert_eq!((found.len(), found[1].path.len()), (2, 2));
    assert!(
        (found[0].path[0][0].1 + 0.3).abs() < 1e-12 && (found[1].path[1][0].1 - 0.12).abs() < 1e-12
    );
    assert!(found[0].conditions.liquidators_absent && !found[1].conditions.liquidators_absent);
    let csv = "scenario,BTC,SOL,depth,latency,stall_seconds,liquidators_absent\nweekend,-30%,-0.45,0.1,3,600,true\n";
    assert_eq!(read_shocks("s.csv", csv, &markets).unwrap()[0], found[0]);
    for (file, text, want) in [
        (
            "s.toml",
            "[[scenario]]\nname = \"a\"\nshock = { ETH = -0.1 }\n",
            "s.toml, line 3, column 17 (ETH): unknown market \"ETH\"",
        ),
        (
            "s.toml",
            "[[scenario]]\nname = \"a\"\nshock = { BTC = -30 }\n",
            "s.toml, line 3, column 17 (BTC): -30 is out of range",
        ),
        (
            "s.toml",
            "[[scenario]]\nname = \"a\"\nshock = { BTC = \"much\" }\n",
            "s.toml, line 3, column 17 (BTC): \"much\" is no number",
        ),
        (
            "s.toml",
            "[[scenario]]\nname = \"a\"\n",
            "s.toml, line 1, column 1 (a): give either shock or path",
        ),
        (
            "s.toml",
            "[[scenario]]\nname = \"a\"\nshock = { BTC = 0.1 }\ndepth = 0.0\n",
            "s.toml, line 4, column 9 (depth): 0 is out of range",
        ),
        (
            "s.csv",
            "scenario,ETH\na,1\n",
            "s.csv, line 1, column 10 (header): unknown market \"ETH\"",
        ),
        (
            "s.csv",
            "scenario,BTC\na,-101%\n",
            "s.csv, line 2, column 3 (BTC): -1.01 is out of range",
        ),
        (
            "s.csv",
            "scenario,BTC\na,-1%\na,-2%\n",
            "s.csv, line 3, column 1 (scenario): scenario \"a\" is there twice",
        ),
        (
            "s.csv",
            "scenario,BTC,liquidators_absent\na,-1%,maybe\n",
            "s.csv, line 2, column 7 (liquidators_absent): \"maybe\": write true or false",
        ),
        ("s.csv", "scenario,BTC\n", "s.csv: nothing to read"),
    ] {
        refused(read_shocks(file, text, &markets), want);
    }
}
