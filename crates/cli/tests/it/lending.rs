//! Verbs about lending, on the ledgers of scenarios that were kept.

use super::{backstop, code, err, out, value};
use serde_json::json;
use std::path::{Path, PathBuf};

fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name)
}

/// Runs a scenario and keeps its ledger as `backstop.db`.
fn kept(folder: &Path, name: &str) {
    let file = scenario(name);
    out(&backstop(folder, &["run", file.to_str().unwrap(), "--keep", "backstop.db"]));
}

/// Cells of the line that begins with a word.
fn line<'a>(text: &'a str, begins: &str) -> Vec<&'a str> {
    let found = text.lines().find(|line| line.starts_with(begins));
    found.unwrap_or_else(|| panic!("no line {begins} in\n{text}")).split_whitespace().collect()
}

#[test]
fn a_vault_its_holders_and_reserves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kept(folder, "vault.toml");
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
    let list = out(&backstop(folder, &["vault", "list"]));
    assert_eq!(line(&list, "safe")[2..4], ["799.631001", "1.002913795116"], "{list}");
    let text = out(&backstop(folder, &["vault", "show", "safe", "--account", "ann"]));
    for needle in ["safe, run by curator, at 2025-02-03T00:00:00Z", "net of fees now", "2.2960%"] {
        assert!(text.contains(needle), "{needle} not in\n{text}");
    }
    let cash = ["cash", "active", "standard", "100", "5000.000000", "550.631001", "68.8606%"];
    assert_eq!(line(&text, "cash")[..7], cash);
    assert_eq!(line(&text, "worth"), ["worth", "200.581754"]);
    let shown = value(&backstop(folder, &["vault", "show", "safe", "--account", "ann", "--json"]));
    assert_eq!(shown["net_assets"], json!("799631001"));
    assert_eq!(shown["holding"]["worth"], json!("200581754"));
    let holders = value(&backstop(folder, &["vault", "holders", "safe", "--limit", "1", "--json"]));
    assert_eq!(
        (&holders["holders"], &holders["largest"][0]["account"]),
        (&json!(2), &json!("ben"))
    );
    assert_eq!(holders["largest"].as_array().map(Vec::len), Some(1));
    assert_eq!(out(&backstop(folder, &["vault", "losses", "safe"])), "safe has lost nothing\n");
    let reserves = out(&backstop(folder, &["reserve", "list"]));
    assert_eq!(line(&reserves, "term")[..3], ["term", "usdt", "active"]);
    let reserve =
        value(&backstop(folder, &["reserve", "show", "cash", "--account", "bob", "--json"]));
    assert!(reserve["lending"]["loan"]["debt"].is_string(), "{reserve}");
    let unknown = backstop(folder, &["vault", "show", "nobody"]);
    assert_eq!(code(&unknown), 1);
    assert!(err(&unknown).contains("UNKNOWN_VAULT"), "{}", err(&unknown));
    // A ledger never takes another one's place.
    let again = ["run", "scenario.toml", "--keep", "backstop.db"];
    std::fs::copy(scenario("vault.toml"), folder.join("scenario.toml")).unwrap();
    assert_eq!(code(&backstop(folder, &again)), 4);
}

#[test]
fn pools_farms_and_losses() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, begins, args, want) in [
        (
            "pool.toml",
            "vault  usdt",
            &["pool", "list"][..],
            &["vault", "usdt", "reimburse", "150000.000000", "125000.000000"][..],
        ),
        (
            "pool.toml",
            "live",
            &["pool", "show", "vault"],
            &["live", "coverage", "of", "them", "23.4042%"],
        ),
        ("pool.toml", "vault  usdt", &["vault", "list"], &["vault", "usdt"]),
        ("farm.toml", "meadow", &["farm", "list"], &["meadow", "vault", "350.000000", "0.000000"]),
        ("farm.toml", "hay", &["farm", "show", "meadow"], &["hay", "864000.000000"]),
        ("farm.toml", "hay", &["vault", "show", "safe"], &["hay", "864000.000000"]),
        (
            "farm.toml",
            "worth",
            &["farm", "show", "meadow", "--account", "ada"],
            &["worth", "300.000000"],
        ),
        (
            "compensation.toml",
            "vloss_0",
            &["vault", "losses", "vault"],
            &["vloss_0", "cash", "2025-01-01T01:00:00Z", "recognised"],
        ),
    ] {
        let db = format!("{name}.db");
        if !folder.join(&db).exists() {
            let file = scenario(name);
            out(&backstop(folder, &["run", file.to_str().unwrap(), "--keep", &db]));
        }
        let text = out(&backstop(folder, &[&["--db", &db], args].concat()));
        assert_eq!(&line(&text, begins)[..want.len()], want, "{args:?}\n{text}");
    }
}

#[test]
fn settings_that_go_wrong_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kamino = backstop(folder, &["config", "check", "--preset", "kamino"]);
    let text = out(&kamino);
    for needle in ["vault vault: recovery-is-profit (false)\n  why: ", "no-queue", "no-veto-time"] {
        assert!(text.contains(needle), "{needle} not in\n{text}");
    }
    let strict = backstop(folder, &["config", "check", "--preset", "kamino", "--strict"]);
    assert_eq!(code(&strict), 1);
    assert!(err(&strict).contains("warnings"), "{}", err(&strict));
    // The ledger that `init` begins has no council, and says so until one is given.
    out(&backstop(folder, &["init"]));
    let checks = |args: &[&str]| -> Vec<String> {
        let found = value(&backstop(folder, &[&["config", "check", "--json"], args].concat()));
        let rows = found["warnings"].as_array().unwrap().iter();
        rows.map(|row| row["check"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(checks(&["--preset", "backstop"]), ["no-council", "mark-unchecked"]);
    assert_eq!(checks(&[]), ["no-council", "mark-unchecked"]);
    std::fs::write(
        folder.join("own.toml"),
        "name = \"own\"\n[limits]\nconfig_delay = \"0s\"\n[[setup]]\nopen_account = { label = \"a\" }\n",
    )
    .unwrap();
    assert_eq!(checks(&["own.toml"]), ["no-council", "no-config-delay"]);
    let junk = backstop(folder, &["config", "check", "--preset", "nobody"]);
    assert_eq!(code(&junk), 2);
}

/// The story of `examples/curator.toml`, kept as a ledger: it verifies, its books are written, and each verb tells its part.
#[test]
fn a_curators_whole_life() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/curator.toml");
    let args = ["run", file.to_str().unwrap(), "--keep", "backstop.db", "--books", "books.ledger"];
    out(&backstop(folder, &args));
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
    let books = std::fs::read_to_string(folder.join("books.ledger")).unwrap();
    assert_eq!(books, out(&backstop(folder, &["export", "ledger"])));
    let losses = out(&backstop(folder, &["vault", "losses", "safe"]));
    let loss = line(&losses, "vloss_0");
    assert_eq!(loss[3..5], ["recognised", "0.000000"], "{losses}");
    assert_eq!(loss[loss.len() - 3..], ["69081.398343", "69081.398342", "0.000000"], "{losses}");
    let pool = out(&backstop(folder, &["pool", "show", "safe"]));
    for needle in ["released to those whom losses have hurt", "exit_in_loss  curator"] {
        assert!(pool.contains(needle), "{needle} not in\n{pool}");
    }
    assert_eq!(line(&pool, "vloss_0")[..2], ["vloss_0", "69081.398343"], "{pool}");
    let farm = out(&backstop(folder, &["farm", "show", "extra", "--account", "ann"]));
    assert_eq!(line(&farm, "gov")[..2], ["gov", "86400.000000"], "{farm}");
    let reserve = out(&backstop(folder, &["reserve", "show", "main"]));
    assert_eq!(line(&reserve, "times lenders lost"), ["times", "lenders", "lost", "1"]);
}

/// The scenario of compensation, kept as a ledger: what was made good, the proof of one claim, and the list of all.
#[test]
fn claims_with_their_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kept(folder, "compensation.toml");
    let show = ["compensation", "show", "vloss_0", "--account", "lars"];
    let text = out(&backstop(folder, &show));
    assert!(text.starts_with("vloss_0 of vault vault through cash: closed\n"), "{text}");
    assert_eq!(line(&text, "shared")[1], "80.000000", "{text}");
    assert_eq!(line(&text, "counted by the ledger")[4], "true", "{text}");
    assert_eq!(line(&text, "money")[1], "30.000000", "{text}");
    let view = value(&backstop(folder, &[&show[..], &["--json"]].concat()));
    let list = value(&backstop(folder, &["export", "claims", "--loss", "vloss_0"]));
    let claim = &list["claims"][1];
    let with_prefix = |hash: &serde_json::Value| format!("0x{}", hash.as_str().unwrap());
    assert_eq!(list["root"], with_prefix(&view["claims_root"]["root"]));
    assert_eq!(list["published"], list["root"]);
    assert_eq!((&claim["account"], &claim["amount"]), (&"lars".into(), &"30000000".into()));
    assert_eq!(claim["proof"][0], with_prefix(&view["due"]["proof"][0]));
    let unknown = backstop(folder, &["export", "claims", "--loss", "vloss_9"]);
    assert_eq!(code(&unknown), 1, "{}", err(&unknown));
    assert!(err(&unknown).contains("UNKNOWN_VAULT_LOSS"), "{}", err(&unknown));
    assert_eq!(code(&backstop(folder, &["export", "claims"])), 2);
}
