//! The risk desk as a user meets it: the example, wrong files, the report's folder, a signed message into a ledger.

use super::{backstop, code, err, out, value};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/risk")
}

/// A copy of the example whose settings are small enough for a test.
fn small(folder: &Path) {
    for name in ["venue.toml", "accounts.csv", "positions.csv", "shocks.toml"] {
        fs::copy(example().join(name), folder.join(name)).unwrap();
    }
    let prices = example().join("../../data/ohlcv_1d_btc_eth_sol.csv");
    fs::copy(prices, folder.join("prices.csv")).unwrap();
    let text = "[files]\nprices = [\"prices.csv\"]\nvenue = \"venue.toml\"\naccounts = \"accounts.csv\"\npositions = \
                \"positions.csv\"\nshocks = \"shocks.toml\"\n[scenarios]\nnumber = 3000\n[fund]\nsize = 250000.0\n\
                income_per_day = 60000.0\n[ruin]\npaths = 3000\n[fee]\npaths = 50\n[back_test]\nrefit = 500\n";
    fs::write(folder.join("risk.toml"), text).unwrap();
}

#[test]
fn each_verb_answers_and_the_report_can_be_made_again_from_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    for (verb, part) in [
        ("size", "/size/recommended/estimate"),
        ("size", "/sensitivity/lines/0/figures/size"),
        ("stress", "/stress/0/need"),
        ("backtest", "/back_tests/0/models/0/passes"),
        ("forecast", "/forecast/markets/0/risk/0"),
        ("fee", "/fee/rates/0/1"),
        ("tranche", "/tranches/0/price"),
    ] {
        let told = value(&backstop(folder, &["risk", verb, "--setup", "risk.toml", "--json"]));
        assert!(told.pointer(part).is_some_and(|part| !part.is_null()), "{verb}: no {part}");
        let text = out(&backstop(folder, &["risk", verb, "--setup", "risk.toml"]));
        assert!(text.len() > 100 && !text.contains("NaN"), "{verb}: {text}");
    }
    // Only when it was made differs, and how its files are named from another folder.
    let here = format!("{}/", folder.canonicalize().unwrap().display());
    let report = |threads: &str, to: &str, setup: &str| {
        let args = ["risk", "report", "--setup", setup, "--threads", threads, "--out", to];
        out(&backstop(folder, &args));
        let text = fs::read_to_string(folder.join(to).join("report.json")).unwrap();
        let mut value: Value = serde_json::from_str(&text.replace(&here, "")).unwrap();
        value["made_at"] = Value::Null;
        value
    };
    let one = report("1", "one", "risk.toml");
    assert_eq!(one, report("2", "two", "risk.toml"), "threads change the figures");
    assert_eq!(
        one,
        report("2", "three", "one/setup.toml"),
        "its own settings do not make it again"
    );
    let page = fs::read_to_string(folder.join("one/report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && !page.contains("NaN"));
    // Nothing is fetched: no address but the name of SVG, no script, no image.
    let addresses = page.matches("://").count();
    assert_eq!(addresses, page.matches("http://www.w3.org/2000/svg").count(), "a foreign byte");
    assert!(!page.contains("<script") && !page.contains("<img"));
    // A folder that holds something is never written over.
    let again = backstop(folder, &["risk", "report", "--setup", "risk.toml", "--out", "one"]);
    assert_eq!(code(&again), 2);
    assert!(!folder.join("one.partial").exists());
}

#[test]
fn wrong_files_are_told_by_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    let head = "date,symbol,open,high,low,close\n";
    let bar = |day: &str, close: &str| format!("{day},BTC,100,200,50,{close}\n");
    let days: Vec<String> = (1..=9).map(|day| format!("2024-01-0{day}")).collect();
    let good: String = days.iter().map(|day| bar(day, "100")).collect();
    let with = |wrong: &str| format!("{head}{good}{wrong}");
    for (text, needle) in [
        (with(&bar("2024-01-05", "100")), "bad.csv, line 11, column 1"),
        (with(&bar("2024-01-10", "-3")), "bad.csv, line 11, column 27"),
        (with(&bar("2024-01-10", "0")), "bad.csv, line 11, column 27"),
        (with(&bar("2024-01-10", "NaN")), "bad.csv, line 11, column 27"),
        (with("2024-01-10,BTC,100,200\n"), "bad.csv, line 11"),
        ("date,symbol,open\n2024-01-01,BTC,1\n".to_owned(), "bad.csv, line"),
        (String::new(), "bad.csv: nothing to read"),
    ] {
        fs::write(folder.join("bad.csv"), text).unwrap();
        let args = ["risk", "backtest", "--prices", "bad.csv"];
        let refused = backstop(folder, &args);
        assert_eq!(code(&refused), 2, "{}", err(&refused));
        assert!(err(&refused).contains(needle), "{needle} not in {}", err(&refused));
    }
    let stranger = "account,market,size\na0001,DOGE,1\n";
    fs::write(folder.join("positions.csv"), stranger).unwrap();
    let refused = backstop(folder, &["risk", "size", "--setup", "risk.toml"]);
    let told = err(&refused);
    assert!(code(&refused) == 2 && told.contains("positions.csv, line 2, column 7"), "{told}");
    fs::write(folder.join("wrong.toml"), "seed = 1\n[cost]\nholding = 2\n").unwrap();
    let refused = backstop(folder, &["risk", "size", "--setup", "wrong.toml"]);
    let told = err(&refused);
    assert!(code(&refused) == 2 && told.contains("wrong.toml:2:2: unknown field `cost`"), "{told}");
    let refused = backstop(folder, &["risk", "size"]);
    assert!(code(&refused) == 2 && err(&refused).contains("--venue"), "{}", err(&refused));
    let refused = backstop(folder, &["risk", "size", "--setup", "nowhere.toml"]);
    assert_eq!(code(&refused), 4);
}

#[test]
fn flags_and_settings_out_of_range_are_told_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    for (flags, needle) in [
        (&["--fund", "-5"][..], "--fund: fund.size is -5, it must lie from 0"),
        (&["--fund=NaN"], "--fund: fund.size is NaN, it must lie from 0"),
        (
            &["--scenarios", "1000000000000"],
            "--scenarios: scenarios.number is 1000000000000, it must",
        ),
        (&["--threads", "100000"], "100000 is not in 1..=1024"),
        (&["--threads", "0"], "0 is not in 1..=1024"),
    ] {
        let args = [&["risk", "size", "--setup", "risk.toml"], flags].concat();
        let refused = backstop(folder, &args);
        assert_eq!(code(&refused), 2, "{flags:?}");
        assert!(err(&refused).contains(needle), "{needle} not in {}", err(&refused));
    }
    let text = fs::read_to_string(folder.join("risk.toml")).unwrap();
    fs::write(folder.join("wrong.toml"), text.replace("refit = 500", "refit = 0")).unwrap();
    let refused = err(&backstop(folder, &["risk", "backtest", "--setup", "wrong.toml"]));
    assert!(
        refused.contains("wrong.toml:17:9: back_test.refit is 0, it must lie from 1"),
        "{refused}"
    );
    fs::write(folder.join("wide.toml"), format!("{text}window = 1000000\n")).unwrap();
    let refused = backstop(folder, &["risk", "backtest", "--setup", "wide.toml"]);
    let told = err(&refused);
    assert!(code(&refused) == 2 && told.contains("not one market could be back tested"), "{told}");
}

#[test]
fn too_little_history_for_a_quantile_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    let text = fs::read_to_string(folder.join("risk.toml")).unwrap();
    let text = format!("levels = [0.999]\n{text}").replace("number = 3000", "number = 250");
    fs::write(folder.join("few.toml"), text).unwrap();
    let refused = backstop(folder, &["risk", "size", "--setup", "few.toml"]);
    assert_eq!(code(&refused), 2);
    assert!(err(&refused).contains("250 observations, at least 2500"), "{}", err(&refused));
}

#[test]
fn a_report_becomes_a_signed_message_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    out(&backstop(folder, &["risk", "report", "--setup", "risk.toml", "--out", "pack"]));
    let key = out(&backstop(folder, &["keys", "new", "model.key"]));
    // A scenario's opening sets at once what a council would wait for.
    let story = format!(
        "title = \"A model is trusted\"\npreset = \"backstop\"\nsetup = [\n  {{ set_target = {{ fund = \"main\", target = \"1000\" }} }},\n  {{ set_control = {{ fund = \"main\", policy = {{ messages = \
         {{ key = \"{}\", age_max = \"1h\", span_max = \"1d\", target_max = \"900000000000\", target_default = \"0\", \
         fee_max = 30000, hold_max = \"500\" }} }} }} }},\n]\n\n[[steps]]\nquery.fund = {{ fund = \"main\" }}\n",
        key.trim()
    );
    fs::write(folder.join("story.toml"), story).unwrap();
    out(&backstop(folder, &["run", "story.toml", "--keep", "backstop.db"]));
    let message = |until: &str, sequence: &str| {
        let args = [
            "risk",
            "message",
            "pack/report.json",
            "--key",
            "model.key",
            "--ledger",
            "scenario",
            "--fund",
            "main",
            "--sequence",
            sequence,
            "--until",
            until,
            "--fee",
            "10000",
        ];
        fs::write(folder.join("message.jsonl"), out(&backstop(folder, &args))).unwrap();
        backstop(folder, &["apply", "message.jsonl"])
    };
    let stale = message("2025-01-01T00:00:00Z", "1");
    assert!(err(&stale).contains("RISK_MESSAGE_STALE"), "{}", err(&stale));
    let made = backstop_engine::Clock::now(&backstop_engine::SystemClock::default());
    let later = made.plus(backstop_units::Span::hours(2)).to_string();
    let taken = out(&message(&later, "1"));
    let report: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("pack/report.json")).unwrap())
            .unwrap();
    let fund = value(&backstop(folder, &["fund", "show", "main", "--json"]));
    assert_eq!(fund["target_now"], report["size"]["atoms"], "{taken}");
    let evidence = fund["control"]["message"]["told"]["evidence"].as_str().unwrap().to_owned();
    assert!(taken.contains(&evidence), "the log names the report's hash");
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
}

#[test]
fn a_ledger_with_hosted_markets_is_a_book_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let story =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/hosted-margin.toml");
    out(&backstop(folder, &["run", story.to_str().unwrap(), "--keep", "backstop.db"]));
    let told = value(&backstop(folder, &["risk", "stress", "--from-ledger", "--json"]));
    let positions = told["book"]["accounts"].as_u64().unwrap();
    assert!(positions > 0, "{}", told["book"]);
    assert!(told["stress"].as_array().unwrap().len() > 10);
    // A ledger whose markets are attached says where positions come from instead.
    let attached = tempfile::tempdir().unwrap();
    super::ledger(attached.path());
    for named in [&[][..], &["--fund-name", "main"]] {
        let args = [&["risk", "stress", "--from-ledger"], named].concat();
        let refused = backstop(attached.path(), &args);
        assert_eq!(code(&refused), 2);
        assert!(err(&refused).contains("--accounts and --positions"), "{}", err(&refused));
    }
}

/// Alice has pledged three ethers at 500, of which the third has a haircut of a half, and is 50 coins long at 100 with
/// nothing else; a fund of 1,000 steers to 4,000. `more` are commands of the setup, `ETH-PERP` and `WSTETH` among them;
/// `steps` come after all others.
fn pledged(folder: &Path, more: &str, steps: &str) {
    let hosted = |label: &str, mark: &str| {
        format!(
            "  {{ create_market = {{ label = \"{label}\", fund = \"main\", venue = \"venue\", policy = {{ {mark}waterfall = [{{ \
             source = {{ reserve = \"main\" }} }}], hosted = {{ decimals = 0, initial = 200000, maintenance = 100000, max_fee \
             = 50000 }} }} }} }},\n"
        )
    };
    let more = more.replace("WSTETH", WSTETH);
    let more =
        more.replace("ETH-PERP", &hosted("eth-perp", "mark = \"eth-usdt\", mark_band = 50000, "));
    let setup = format!(
        "title = \"Pledges\"\npreset = \"backstop\"\nsetup = [\n  {{ open_account = {{ label = \"alice\" }} }},\n  {{ \
         open_account = {{ label = \"bob\" }} }},\n  {{ register_asset = {{ label = \"eth\", decimals = 9 }} }},\n  {{ \
         register_index = {{ label = \"eth-usdt\", asset = \"eth\", quote = \"usdt\", policy = {{ quorum = 1, families = 1 }} \
         }} }},\n  {{ register_feed = {{ label = \"eth-feed\", index = \"eth-usdt\", family = \"one\", reporter = {{ account \
         = \"venue\" }} }} }},\n  {{ set_margin_pool = {{ fund = \"main\" }} }},\n  {{ set_collateral = {{ fund = \"main\", \
         asset = \"eth\", policy = {{ maintenance_haircut = 100000, initial_haircut = 100000, cap = \"2000000000\", beyond = \
         500000, liquidator_fee = 30000 }} }} }},\n  {{ set_target = {{ fund = \"main\", target = \"4000000000\" }} }},\n  {{ \
         set_control = {{ fund = \"main\", policy = {{ rate_max = 120000, bands = [{{ from = 0, open_interest = 1000000, leverage = 20000000, listings = true, surplus = \"reserve\" }}] }} }} }},\n{}{more}]\n",
        hosted("coin-perp", "")
    );
    let rest = r#"
opening = [
  { account = { reserve = "main" }, asset = "usdt", amount = "1000000000" },
  { account = { account = "alice" }, asset = "eth", amount = "3000000000" },
  { account = { account = "bob" }, asset = "usdt", amount = "9000000000" },
OPENING]
[[steps]]
actor = "bob"
command.deposit_margin = { account = "bob", fund = "main", amount = "9000000000" }
[[steps]]
actor = "venue"
command.report_mark = { market = "coin-perp", price = "100000000000000000" }
[[steps]]
actor = "venue"
command.report_price = { feed = "eth-feed", price = "500000000000000000", at = "2025-01-01T00:00:00Z" }
[[steps]]
actor = "alice"
command.deposit_collateral = { account = "alice", fund = "main", asset = "eth", amount = "3000000000" }
[[steps]]
actor = "venue"
command.trade = { market = "coin-perp", buyer = "alice", seller = "bob", size = "50", price = "100000000000000000" }
[[steps]]
query.margin_account = { account = "alice", fund = "main" }
expect.contains = { equity = "1150000000" }
"#;
    let has =
        "  { account = { account = \"bob\" }, asset = \"wsteth\", amount = \"2000000000\" },\n";
    let rest = rest.replace("OPENING", if more.contains("wsteth") { has } else { "" });
    fs::write(folder.join("story.toml"), setup + &rest + steps).unwrap();
    out(&backstop(folder, &["run", "story.toml", "--keep", "backstop.db"]));
}

/// A second asset that is taken; bob has two of them.
const WSTETH: &str = r#"  { register_asset = { label = "wsteth", decimals = 9 } },
  { register_index = { label = "wsteth-usdt", asset = "wsteth", quote = "usdt", policy = { quorum = 1, families = 1 } } },
  { register_feed = { label = "wsteth-feed", index = "wsteth-usdt", family = "one", reporter = { account = "venue" } } },
  { set_collateral = { fund = "main", asset = "wsteth", policy = { maintenance_haircut = 100000, initial_haircut = 100000, liquidator_fee = 30000 } } },
"#;
/// Its price of 600.
const PRICED: &str = r#"
[[steps]]
actor = "venue"
command.report_price = { feed = "wsteth-feed", price = "600000000000000000", at = "2025-01-01T00:00:00Z" }
"#;
/// Bob pledges both of his.
const BOTH: &str = r#"
[[steps]]
actor = "bob"
command.deposit_collateral = { account = "bob", fund = "main", asset = "wsteth", amount = "2000000000" }
"#;

/// The collateral of a report's book, the need of the crisis in which all markets fall together, and the notes.
fn fallen(folder: &Path, more: &[&str]) -> (f64, f64, String) {
    // All of a step's move at once: nobody is closed on the way.
    fs::write(folder.join("risk.toml"), "[closing]\njump_share = 1.0\n").unwrap();
    let args = ["risk", "stress", "--from-ledger", "--setup", "risk.toml", "--json"];
    let args = [&args, more].concat();
    let told = value(&backstop(folder, &args));
    let stress = told["stress"].as_array().unwrap();
    let crisis = stress.iter().find(|line| line["name"] == "correlation-one").unwrap();
    let notes: Vec<&str> =
        told["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let collateral = told["book"]["collateral"].as_f64().unwrap();
    (collateral, crisis["need"].as_f64().unwrap(), notes.join("\n"))
}

#[test]
fn pledges_of_a_ledger_fall_with_the_market_that_they_follow() {
    let eth = "[market.ETH]\nhistory = \"ETH\"\n[asset.ETH]\nhaircut = 0.9\nmarket = \"ETH\"\n";
    let both = format!("{eth}[asset.wsteth]\nhaircut = 0.9\nmarket = \"ETH\"\n");
    let mark = r#"{"actor":"venue","body":{"report_mark":{"market":"coin-perp","price":"100000000000000000"}}}"#;
    let two = format!("{PRICED}{BOTH}");
    // All markets fall by six deviations of 5 %, 30 %: the coins lose 1,500, of which 1,150 of cash leave 350 unpaid, and
    // ethers of 1,500 that fell too, which are sold whole, 450.
    for (what, setup, (steps, later), venue, (collateral, need), (told, untold)) in [
        // What an ether counts for is cash, and the report says so: 9,000 + 900 + 250.
        (
            "nobody says it",
            "",
            ("", ""),
            "",
            (10_150.0, 350.0),
            ("pledges of eth count as cash", "pledges of usdt"),
        ),
        // 9,000 and three ethers at the ledger's own price of 500.
        ("a file says it", "", ("", ""), eth, (10_500.0, 450.0), ("coin-perp", "pledges")),
        // Much later the last price stands in, as nobody is liquidated for want of a fresh one.
        (
            "no price is fresh",
            "",
            ("", mark),
            eth,
            (10_500.0, 450.0),
            ("last price of it, of 2025-01-01T00:00:00Z", "count"),
        ),
        (
            "a hosted market of that base",
            "ETH-PERP",
            ("", ""),
            "",
            (10_500.0, 450.0),
            ("", "pledges"),
        ),
        // The file's market has the price of the first asset that is pledged and follows it, whatever others cost.
        (
            "nobody has pledged it",
            "WSTETH",
            (PRICED, ""),
            &both,
            (10_500.0, 450.0),
            ("", "pledges"),
        ),
        // And two more, of 600 each.
        ("two follow one", "WSTETH", (&two, ""), &both, (11_700.0, 450.0), ("", "pledges")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        pledged(folder, setup, steps);
        if !later.is_empty() {
            fs::write(folder.join("later.jsonl"), later).unwrap();
            out(&backstop(folder, &["apply", "later.jsonl"]));
        }
        fs::write(folder.join("venue.toml"), venue).unwrap();
        let flags = if venue.is_empty() { &[][..] } else { &["--venue", "venue.toml"] };
        let (found, needed, notes) = fallen(folder, flags);
        assert!((found - collateral).abs() < 1e-6, "{what}: {found}");
        assert!((needed - need).abs() < 1e-6, "{what}: {needed}");
        assert!(notes.contains("infinitely deep"), "{what}: {notes}");
        assert!(notes.contains(told) && !notes.contains(untold), "{what}: {notes}");
    }
}

#[test]
fn depth_and_volume_of_a_ledgers_markets_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pledged(folder, "ETH-PERP", "");
    let (_, free, notes) = fallen(folder, &[]);
    assert!(notes.contains("infinitely deep") && notes.contains("coin-perp, eth-perp"), "{notes}");
    let row = |name: &str| {
        format!("[market.{name}]\nadv = 20000\ndepth_per_percent = 500\nsigma = 0.05\n")
    };
    fs::write(folder.join("venue.toml"), row("COIN-PERP") + &row("doge")).unwrap();
    let (_, thin, notes) = fallen(folder, &["--venue", "venue.toml"]);
    assert!(thin > free + 1.0, "{thin} {free}");
    let line = notes.lines().find(|line| line.contains("infinitely deep")).unwrap_or_default();
    assert!(line.ends_with(": eth-perp"), "{notes}");
    assert!(notes.contains("no market doge"), "{notes}");
    fs::write(folder.join("venue.toml"), row("coin-perp") + &row("eth-perp")).unwrap();
    let (_, _, notes) = fallen(folder, &["--venue", "venue.toml"]);
    assert!(!notes.contains("infinitely deep") && !notes.contains("not used"), "{notes}");
    fs::write(folder.join("venue.toml"), "[market.coin-perp]\nadv = -5\n").unwrap();
    let args = ["risk", "stress", "--from-ledger", "--venue", "venue.toml"];
    let refused = backstop(folder, &args);
    assert!(
        code(&refused) == 2 && err(&refused).contains("venue.toml, line 2"),
        "{}",
        err(&refused)
    );
}

#[test]
fn the_fee_path_of_a_ledger_is_under_its_funds_own_policy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pledged(folder, "", "");
    let prices = example().join("../../data/ohlcv_1d_btc_eth_sol.csv");
    fs::copy(prices, folder.join("prices.csv")).unwrap();
    let rows = "[market.coin-perp]\nhistory = \"BTC\"\n[market.ETH]\n[asset.eth]\nhaircut = 0.1\nmarket = \"ETH\"\n";
    fs::write(folder.join("venue.toml"), rows).unwrap();
    let settings = "levels = [0.95]\n[scenarios]\nnumber = 1000\n[costs]\ndraws = 20\n[ruin]\npaths = 500\n[fee]\npaths = 20\n";
    fs::write(folder.join("risk.toml"), settings).unwrap();
    let fee = |more: &[&str]| {
        let args = [
            "risk",
            "fee",
            "--from-ledger",
            "--setup",
            "risk.toml",
            "--prices",
            "prices.csv",
            "--venue",
            "venue.toml",
            "--json",
        ];
        backstop(folder, &[&args, more].concat())
    };
    let told = value(&fee(&[]));
    assert_eq!(told["setup"]["fund"]["name"], "main");
    assert_eq!(told["setup"]["fund"]["size"], 1_000.0);
    assert_eq!(told["book"]["quote"], "usdt");
    let control = &told["fee"]["control"];
    let whose = control["whose"].as_str().unwrap();
    assert!(whose.starts_with("fund main of ledger scenario after "), "{whose}");
    assert_eq!(control["rails"], serde_json::json!([0.0, 0.12]));
    assert!(control["last_run"].as_str().unwrap().starts_with("2025-01-01"));
    // Settings come before the ledger, and are printed back.
    let text = format!("{settings}[fee.control]\nrate_max = 150000\n[fund]\nsize = 50.0\n");
    fs::write(folder.join("risk.toml"), text).unwrap();
    let told = value(&fee(&["--fund-name", "main"]));
    assert_eq!(told["setup"]["fund"]["size"], 50.0);
    assert_eq!(told["setup"]["fee"]["control"]["rate_max"], 150_000);
    assert_eq!(told["fee"]["control"]["rails"][1], 0.15);
    assert!(
        told["fee"]["control"]["whose"].as_str().unwrap().ends_with("the settings change rate_max")
    );
    let refused = fee(&["--fund-name", "nobody"]);
    assert!(code(&refused) == 2 && err(&refused).contains("there are main"), "{}", err(&refused));
    // With accounts and positions of files, only the fund comes from the ledger: here one with attached markets.
    let attached = tempfile::tempdir().unwrap();
    let attached = attached.path();
    super::ledger(attached);
    small(attached);
    let args = [
        "risk",
        "fee",
        "--from-ledger",
        "--setup",
        "risk.toml",
        "--accounts",
        "accounts.csv",
        "--positions",
        "positions.csv",
        "--json",
    ];
    let told = value(&backstop(attached, &args));
    assert_eq!(told["setup"]["fund"]["size"], 250_000.0);
    let whose = told["fee"]["control"]["whose"].as_str().unwrap();
    assert!(whose.starts_with("the default: fund main of ledger test after "), "{whose}");
}

#[test]
fn fitted_forecasts_are_entered_with_the_hash_of_their_data() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Hourly bars of a price whose volatility comes and goes: enough days for a fit and its judgement.
    let mut text = String::from("open_time_unix,open,high,low,close\n");
    let (mut price, mut word) = (100.0f64, 88_172_645_463_325_252u64);
    for hour in 0..24 * 900u64 {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        let wave = 1.0 + 0.8 * f64::from(u32::try_from(hour / 24 % 60).unwrap()) / 60.0;
        let step =
            (f64::from(u32::try_from(word >> 40).unwrap()) / 16_777_216.0 - 0.5) * 0.01 * wave;
        let next = price * (1.0 + step);
        let (low, high) = (price.min(next), price.max(next));
        let time = 1_577_836_800 + hour * 3_600;
        writeln!(text, "{time},{price:.6},{high:.6},{low:.6},{next:.6}").unwrap();
        price = next;
    }
    fs::write(folder.join("coin.csv"), &text).unwrap();
    let args = ["risk", "forecast", "--prices", "coin.csv", "--registry", "models.json"];
    out(&backstop(folder, &args));
    out(&backstop(folder, &args));
    let registry: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("models.json")).unwrap()).unwrap();
    let entries = registry["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[1]["version"]), (2, &2.into()));
    assert_eq!(entries[0]["model"], "har:COIN");
    assert_eq!(entries[0]["data"], entries[1]["data"]);
    assert_eq!(entries[0]["window"][0], "2020-01-01");
    fs::write(folder.join("models.json"), "{").unwrap();
    assert_eq!(code(&backstop(folder, &args)), 2);
    // Nothing is entered of a run that comes to no forecast.
    fs::write(folder.join("risk.toml"), "[fund]\npreset = \"nobody\"\n").unwrap();
    let args = ["risk", "forecast", "--prices", "coin.csv", "--setup", "risk.toml"];
    let refused = backstop(folder, &[&args[..], &["--registry", "never.json"]].concat());
    assert!(code(&refused) == 2 && err(&refused).contains("fund.preset: "), "{}", err(&refused));
    assert!(!folder.join("never.json").exists());
    // Daily bars have no model to enter, and no file is made of none.
    fs::copy(example().join("../../data/ohlcv_1d_btc_eth_sol.csv"), folder.join("days.csv"))
        .unwrap();
    let args = ["risk", "forecast", "--prices", "days.csv", "--registry", "never.json"];
    let told = backstop(folder, &args);
    assert!(code(&told) == 0 && err(&told).contains("Nothing to enter"), "{}", err(&told));
    assert!(!folder.join("never.json").exists());
}
