//! The demo: every crash under every preset, a vault's weeks, their tables, their folders.

use crate::{backstop, code, err, out, value};
use backstop_api::PRESETS;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// What every run leaves in its folder.
const PARTS: [&str; 5] =
    ["journal.db", "books.ledger", "checkpoint", "waterfall.svg", "losses/index.md"];
const CRASHES: [&str; 4] =
    ["sol-2025-10-10", "sol-2021-05-19", "btc-eth-2020-03-12", "ftx-2022-11"];

/// The demo with few steps, as JSON.
fn demo(folder: &Path, args: &[&str]) -> Value {
    let quick = ["demo", "--steps", "6", "--no-serve", "--json"];
    value(&backstop(folder, &[&quick, args].concat()))
}

/// An amount of a report.
fn amount(value: &Value) -> u128 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

/// Crash and preset of each run, in order.
fn names(demo: &Value) -> Vec<(&str, &str)> {
    let runs = demo["runs"].as_array().unwrap().iter();
    runs.map(|run| (run["crash"].as_str().unwrap(), run["report"]["preset"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_crash_runs_under_every_preset_and_its_payers_add_up_to_its_loss() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let all = demo(folder, &["--out", "a", "--seed", "3"]);
    let left_out: Vec<&str> = all["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["preset"].as_str().unwrap())
        .collect();
    let shown = |name: &&str| !left_out.contains(name);
    let mut presets: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).filter(shown).collect();
    presets.sort_by_key(|name| *name != "backstop");
    let want: Vec<(&str, &str)> = CRASHES
        .iter()
        .flat_map(|crash| presets.iter().map(move |preset| (*crash, *preset)))
        .collect();
    assert_eq!(names(&all), want);
    assert!(presets.len() >= 4 && presets[0] == "backstop", "{presets:?}");
    for (at, run) in all["runs"].as_array().unwrap().iter().enumerate() {
        let paid: u128 = run["payers"].as_object().unwrap().values().map(amount).sum();
        assert_eq!(paid, amount(&run["report"]["gross_loss"]), "{run}");
        assert!(paid > 0 && run["sound"] == true, "{run}");
        let place = match (at, want[at]) {
            (0, _) => "a".to_owned(),
            (_, (crash, preset)) => format!("a/runs/{crash}-{preset}"),
        };
        assert_eq!(run["folder"], place);
        for part in PARTS {
            assert!(folder.join(&place).join(part).exists(), "{place}/{part}");
        }
        let pages = fs::read_dir(folder.join(&place).join("losses")).unwrap().count() as u64;
        let most = if at == 0 { u64::MAX } else { 10 };
        let losses = run["report"]["losses"].as_u64().unwrap().min(most);
        assert_eq!(pages, 2 * losses + 1, "{place}: a page and a picture each, and the list");
    }
    vaults(folder, &all);
    // The same again on one thread, without the others.
    let few =
        ["--crash", "btc-eth-2020-03-12", "--crash", "sol-2025-10-10", "--preset", "backstop"];
    let again =
        demo(folder, &[&["--out", "b", "--seed", "3", "--threads", "1"], &few[..]].concat());
    assert_eq!(names(&again), [(CRASHES[0], "backstop"), (CRASHES[2], "backstop")]);
    let runs = all["runs"].as_array().unwrap();
    for (one, other) in again["runs"].as_array().unwrap().iter().zip([0, 2 * presets.len()]) {
        for field in ["root", "state_hash", "payers"] {
            assert_eq!(one[field], runs[other][field], "{} {field}", one["folder"]);
        }
    }
    let verified = value(&backstop(folder, &["verify", "b/journal.db", "--json"]));
    assert_eq!(verified["root"], all["runs"][0]["root"]);
    assert!(verified["records"].as_u64().unwrap() > 20_000);
    assert_eq!(code(&backstop(folder, &["demo", "--out", "a"])), 2, "a full folder is left alone");
}

const WEEKS: [&str; 3] = ["vault-luna-2022-05", "vault-ftx-2022-11", "vault-usdc-2023-03"];
const COVERS: [&str; 3] = ["no-pool", "reimburse", "first-loss"];

/// Every week of the vault, with and without a pool: its files are there, its logs are sound, and what is lent and
/// not repaid is the same in all three.
fn vaults(folder: &Path, demo: &Value) {
    let runs = demo["vaults"].as_array().unwrap();
    let pairs = WEEKS.iter().flat_map(|week| COVERS.iter().map(move |cover| (week, cover)));
    assert_eq!(runs.len(), WEEKS.len() * COVERS.len());
    for (at, (run, (week, cover))) in runs.iter().zip(pairs).enumerate() {
        let report = &run["report"];
        assert_eq!((&report["week"], &report["cover"]), (&json!(week), &json!(cover)));
        assert_eq!(run["folder"], format!("a/runs/{week}-{cover}"));
        for part in ["journal.db", "books.ledger", "checkpoint", "vault.md", "report.json"] {
            let path = folder.join(format!("a/runs/{week}-{cover}/{part}"));
            assert!(path.exists(), "{}", path.display());
        }
        let file = fs::read(folder.join(format!("a/runs/{week}-{cover}/report.json"))).unwrap();
        assert_eq!(&serde_json::from_slice::<Value>(&file).unwrap(), report);
        assert_eq!(run["sound"], true, "{run}");
        for field in ["bad_debt", "repaid", "deposits"] {
            assert_eq!(report[field], runs[at - at % 3]["report"][field], "{week} {cover}");
        }
    }
    assert!(amount(&runs[0]["report"]["bad_debt"]) > 0);
}

#[test]
fn a_week_of_a_vault_runs_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = demo(folder, &["--out", "a", "--crash", WEEKS[1]]);
    assert_eq!((names(&told), told["vaults"].as_array().unwrap().len()), (Vec::new(), 3));
    let args = ["demo", "--steps", "6", "--out", "b", "--crash", WEEKS[1], "--threads", "1"];
    let text = out(&backstop(folder, &args));
    assert!(text.contains("SYNTHETIC") && text.contains("3 of 3 logs sound"), "{text}");
    let rows: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("vault ")).skip(1).take(3).collect();
    for (row, (cover, run)) in
        rows.iter().zip(COVERS.iter().zip(told["vaults"].as_array().unwrap()))
    {
        let cells: Vec<String> = row.split_whitespace().map(|cell| cell.replace(',', "")).collect();
        let from = cells.iter().position(|cell| cell == cover).unwrap();
        let whole = |value: &Value| (amount(value) / 1_000_000).to_string();
        let report = &run["report"];
        assert_eq!(cells[from + 1], whole(&report["bad_debt"]), "{row}");
        assert_eq!(cells[from + 5], whole(&report["pool"]["paid"]), "{row}");
        assert_eq!(cells[from + 7], whole(&report["shortfall"]), "{row}");
    }
    // The preset of another venue has no vault.
    let other = ["demo", "--out", "c", "--crash", WEEKS[1], "--preset", "kana"];
    assert_eq!(code(&backstop(folder, &other)), 2);
}

#[test]
fn the_table_says_who_paid_under_which_rules() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let only = [
        "--crash",
        "btc-eth-2020-03-12",
        "--crash",
        "sol-2021-05-19",
        "--preset",
        "kana",
        "--preset",
        "mango",
    ];
    let told = demo(folder, &[&["--out", "a"], &only[..]].concat());
    let wanted = [
        ("sol-2021-05-19", "kana"),
        ("sol-2021-05-19", "mango"),
        ("btc-eth-2020-03-12", "kana"),
        ("btc-eth-2020-03-12", "mango"),
    ];
    assert_eq!(names(&told), wanted);
    let text =
        out(&backstop(folder, &[&["demo", "--steps", "6", "--out", "b"], &only[..]].concat()));
    assert!(text.contains("SYNTHETIC"), "the book must be labelled");
    let mut lines = text.lines().skip_while(|line| !line.starts_with("crash "));
    let head: Vec<&str> =
        lines.next().unwrap().split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    // Neither has a fee pool or stakers in its waterfall: no column for who never pays.
    let want =
        ["crash", "preset", "deficits", "loss", "reserve", "positions", "nobody", "fund left"];
    assert_eq!(head, want);
    for (at, (line, (crash, preset))) in lines.zip(wanted).enumerate() {
        let run = &told["runs"][at];
        let mut cells: Vec<String> =
            line.split_whitespace().map(|cell| cell.replace(',', "")).collect();
        if at % 2 == 0 {
            assert_eq!(cells.remove(0), crash);
        }
        let whole = |value: &Value| (amount(value) / 1_000_000).to_string();
        let paid = &run["payers"];
        let report = &run["report"];
        let sums =
            [&report["gross_loss"], &paid["reserve"], &paid["socialised"], &paid["residual"]];
        let mut row = vec![preset.to_owned(), report["deficits"].to_string()];
        row.extend(sums.map(whole));
        assert_eq!(cells[..6], row, "{line}");
        assert!(cells[6].ends_with('%'), "{line}");
    }
    let unknown = backstop(folder, &["demo", "--out", "c", "--crash", "luna"]);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("no crash \"luna\"") && err(&unknown).contains("ftx-2022-11"));
    assert!(!folder.join("c").exists());
}

#[test]
fn without_referees_it_says_how_to_ask_them() {
    let folder = tempfile::tempdir().unwrap();
    let asked = |name: &str, more: &[&str]| {
        let only = ["demo", "--steps", "6", "--crash", "btc-eth-2020-03-12", "--out", name];
        let mut command = Command::new(env!("CARGO_BIN_EXE_backstop"));
        let command = command.current_dir(folder.path()).env("PATH", folder.path());
        out(&command
            .args(only)
            .args(["--preset", "kana", "--preset", "mango"])
            .args(more)
            .output()
            .unwrap())
    };
    let of = |name: &str, run: &str| {
        [
            format!(
                "hledger is not installed; with it: hledger -f {name}{run}/books.ledger check --strict"
            ),
            format!(
                "ledger is not installed; with it: ledger -f {name}{run}/books.ledger --pedantic"
            ),
        ]
    };
    let other = "/runs/btc-eth-2020-03-12-mango";
    let text = asked("a", &[]);
    assert!(of("a", "").iter().all(|line| text.contains(line)), "{text}");
    assert!(!of("a", other).iter().any(|line| text.contains(line)), "{text}");
    let text = asked("b", &["--full"]);
    let both = [of("b", ""), of("b", other)].concat();
    assert!(both.iter().all(|line| text.contains(line)), "{text}");
    let pages = |run: &str| fs::read_dir(folder.path().join(run).join("losses")).unwrap().count();
    assert!(pages("b/runs/btc-eth-2020-03-12-mango") > 1_000, "every loss has its page");
}
