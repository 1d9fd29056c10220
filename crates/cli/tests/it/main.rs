//! The binary as a user meets it: output, exit codes, files left behind.

mod demo;
mod faults;
#[path = "../../../api/tests/it/kana.rs"]
mod kana;
mod lending;
mod mishaps;
mod pictures;
mod report;
mod risk;
mod served;
mod webhooks;

use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

fn backstop(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backstop")).current_dir(folder).args(args).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn value(output: &Output) -> Value {
    serde_json::from_str(&out(output)).unwrap()
}

/// A ledger with a contribution of 70 in it.
fn ledger(folder: &Path) {
    out(&backstop(folder, &["init", "--preset", "backstop", "--ledger", "test"]));
    let commands = [
        json!({ "actor": "operator", "body": { "open_account": { "label": "alice" } } }),
        json!({ "actor": "custodian", "body": { "begin_transfer": { "direction": "in", "party": { "account": "alice" }, "asset": "usdt", "amount": "100" } } }),
        json!({ "actor": "custodian", "body": { "resolve_transfer": { "transfer": "transfer_0", "outcome": "confirmed" } } }),
        json!({ "actor": "alice", "body": { "contribute": { "fund": "main", "account": "alice", "asset": "usdt", "amount": "70" } } }),
    ];
    let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
    fs::write(folder.join("commands.jsonl"), lines.join("\n")).unwrap();
    assert_eq!(out(&backstop(folder, &["apply", "commands.jsonl"])).lines().count(), 4);
}

#[test]
fn a_ledger_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    let fund = value(&backstop(folder, &["fund", "show", "main", "--json"]));
    assert_eq!((&fund["contributions"], &fund["reserve"]), (&json!("70"), &json!("0")));
    assert!(out(&backstop(folder, &["fund", "list"])).contains("main"));
    assert!(out(&backstop(folder, &["state"])).contains("zero for every asset"));
    assert!(
        out(&backstop(folder, &["export", "ledger"])).contains("Equity:Fund:main:Contributions")
    );
    assert!(out(&backstop(folder, &["export", "csv"])).starts_with("seq,"));
    assert!(out(&backstop(folder, &["export", "funds"])).starts_with("seq,time,fund,part,reason,"));
    let explained =
        value(&backstop(folder, &["waterfall", "explain", "sol-perp", "100", "--json"]));
    assert_eq!(
        (&explained["layers"][1]["pays"], &explained["residual"]),
        (&json!("70"), &json!("30"))
    );
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
    // A second ledger never takes the place of the first.
    assert_eq!(code(&backstop(folder, &["init"])), 4);
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
}

#[test]
fn a_refusal_says_code_value_limit_and_hint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    let more = json!({ "actor": "alice", "body": { "contribute": { "fund": "main", "account": "alice", "asset": "usdt", "amount": "31" } } });
    fs::write(folder.join("more.jsonl"), more.to_string()).unwrap();
    let before = value(&backstop(folder, &["state", "--json"]));
    for dry in [&["apply", "more.jsonl", "--dry-run"][..], &["apply", "more.jsonl"]] {
        let refused = backstop(folder, dry);
        assert_eq!(code(&refused), 1);
        let said = err(&refused);
        for needle in ["INSUFFICIENT_BALANCE (311)", "got 31", "limit 30", "hint: "] {
            assert!(said.contains(needle), "{needle} not in {said}");
        }
    }
    assert_eq!(before["state_hash"], value(&backstop(folder, &["state", "--json"]))["state_hash"]);
}

#[test]
fn wrong_inputs_have_their_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("junk.db"), "no database, whatever it is called").unwrap();
    fs::write(folder.join("empty.db"), "").unwrap();
    fs::write(folder.join("junk.toml"), "steps = [\n  { command = 7 }\n]").unwrap();
    fs::write(folder.join("junk.jsonl"), "{\"actor\": \"a\"\n").unwrap();
    let asset = "[[setup]]\nregister_asset = { label = \"usd\", decimals = 6 }\n";
    let twice = format!("name = \"twice\"\nabout = \"An asset twice.\"\n{asset}{asset}");
    fs::write(folder.join("twice.toml"), twice).unwrap();
    fs::write(folder.join("unmet.toml"), "preset = \"kana\"\n[[steps]]\nquery.excess = { fund = \"main\" }\nexpect.contains = { allowed_max = \"7\" }\n").unwrap();
    for (args, want, needle) in [
        (&["verify", "missing.db"][..], 4, "missing.db"),
        (&["verify", "junk.db"], 4, "junk.db"),
        (&["verify", "empty.db"], 4, "empty.db"),
        (&["fund", "list", "--db", "junk.db"], 4, "junk.db"),
        (&["run", "missing.toml"], 4, "missing.toml"),
        (&["run", "junk.toml"], 2, "junk.toml:2:15: "),
        (&["run", "unmet.toml"], 3, "step 1"),
        (&["nonsense"], 2, "unrecognized subcommand"),
        (&["loss", "show", "loss_x"], 2, "loss_"),
        (&["init", "--preset", "nobody"], 2, "kana"),
        (&["init", "--council", "7"], 2, "64 hex digits"),
        // Both name the same command of the same preset by the same number.
        (&["init", "--preset", "twice.toml"], 2, "setup command 2: "),
        (&["config", "check", "twice.toml"], 2, "setup command 2: "),
        (
            &["config", "show", "--set", "connections=0"],
            2,
            "`connections` is `0`, expected a count above 0",
        ),
        (
            &["config", "show", "--set", "journal_bytes=7"],
            2,
            "`journal_bytes` is `7`, expected 0, or a count",
        ),
    ] {
        let output = backstop(folder, args);
        assert_eq!(code(&output), want, "{args:?}: {}", err(&output));
        assert!(err(&output).contains(needle), "{args:?}: {}", err(&output));
    }
    out(&backstop(folder, &["init"]));
    let junk = backstop(folder, &["apply", "junk.jsonl"]);
    assert_eq!(code(&junk), 2);
    assert!(err(&junk).contains("junk.jsonl:1:14: not JSON"), "{}", err(&junk));
}

#[test]
fn verify_finds_a_changed_bit_a_cut_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    out(&backstop(folder, &["keys", "new", "key"]));
    let checkpoint = out(&backstop(folder, &["checkpoint", "--key", "key"]));
    fs::write(folder.join("checkpoint"), checkpoint).unwrap();
    assert_eq!(
        code(&backstop(folder, &["verify", "backstop.db", "--checkpoint", "checkpoint"])),
        0
    );
    let good = value(&backstop(folder, &["verify", "backstop.db", "--json"]));
    assert_eq!(good["root"].as_str().map(str::len), Some(64));
    assert_eq!(good["state_hash"].as_str().map(str::len), Some(64));

    // The label of the account, as it stands in a record.
    let bytes = fs::read(folder.join("backstop.db")).unwrap();
    let at =
        bytes.windows(16).rposition(|window| window == b"alice\0\0\0\0\0\0\0\0\0\0\0").unwrap();
    let mut changed = bytes.clone();
    changed[at] ^= 1;
    fs::write(folder.join("changed.db"), changed).unwrap();
    let found = backstop(folder, &["verify", "changed.db"]);
    assert_eq!(code(&found), 3);
    assert!(String::from_utf8_lossy(&found.stdout).contains("record"), "{found:?}");
    // A log that ends before the checkpoint.
    out(&backstop(folder, &["init", "--db", "short.db", "--ledger", "test"]));
    assert_eq!(code(&backstop(folder, &["verify", "short.db", "--checkpoint", "checkpoint"])), 3);

    // A proof holds, and a changed one does not.
    let proof = out(&backstop(folder, &["proof", "show", "4", "--key", "key"]));
    fs::write(folder.join("proof.json"), &proof).unwrap();
    assert_eq!(code(&backstop(folder, &["proof", "check", "proof.json"])), 0);
    let mut wrong: Value = serde_json::from_str(&proof).unwrap();
    let record = wrong["record"].as_str().unwrap().replacen('0', "1", 1);
    wrong["record"] = json!(record);
    fs::write(folder.join("wrong.json"), wrong.to_string()).unwrap();
    assert_eq!(code(&backstop(folder, &["proof", "check", "wrong.json"])), 3);
}

#[test]
fn a_council_signs_offline() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let keys: Vec<String> = ["k1", "k2"]
        .iter()
        .map(|name| out(&backstop(folder, &["keys", "new", name])).trim().to_owned())
        .collect();
    assert_eq!(
        code(&backstop(folder, &["keys", "new", "k1"])),
        4,
        "a secret is never written over"
    );
    out(&backstop(
        folder,
        &["init", "--ledger", "signed", "--council", &keys[0], "--council", &keys[1]],
    ));
    let setup = [
        json!({ "actor": "venue", "body": { "declare_loss": { "market": "sol-perp", "cause": "bankruptcy", "estimate": "5" } } }),
    ];
    fs::write(folder.join("setup.json"), json!(setup).to_string()).unwrap();
    out(&backstop(folder, &["apply", "setup.json"]));
    let body = json!({ "void_loss": { "loss": "loss_0" } });
    fs::write(folder.join("body.json"), body.to_string()).unwrap();
    let sign = |key: &str| {
        value(&backstop(
            folder,
            &[
                "keys",
                "sign",
                "--key",
                key,
                "--ledger",
                "signed",
                "--nonce",
                "1",
                "--expires",
                "2099-01-01T00:00:00Z",
                "body.json",
            ],
        ))
    };
    let (first, second) = (sign("k1"), sign("k2"));
    let send = |signatures: Value| {
        let command = json!({ "actor": "operator", "body": body, "approvals": { "nonce": 1, "expires_at": "2099-01-01T00:00:00Z", "signatures": signatures } });
        fs::write(folder.join("void.json"), command.to_string()).unwrap();
        backstop(folder, &["apply", "void.json"])
    };
    let one = send(first["signatures"].clone());
    assert_eq!(code(&one), 1);
    assert!(err(&one).contains("TOO_FEW_SIGNATURES"), "{}", err(&one));
    let both = json!([first["signatures"][0], second["signatures"][0]]);
    assert!(out(&send(both.clone())).contains("loss_voided"));
    let again = send(both);
    assert!(
        err(&again).contains("LOSS_STATE") || err(&again).contains("NONCE_USED"),
        "{}",
        err(&again)
    );
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
}

#[test]
fn quiet_on_a_broken_pipe() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .args(["reference", "commands"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", err(&output));
    assert_eq!(code(&output), 0);
}

#[test]
fn completions_and_references_come_from_the_code() {
    let folder = tempfile::tempdir().unwrap();
    assert!(out(&backstop(folder.path(), &["completions", "bash"])).contains("backstop"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (table, page) in [
        ("commands", "commands.md"),
        ("rejects", "rejects.md"),
        ("problems", "problems.md"),
        ("openapi", "openapi.json"),
        ("fees", "fees.md"),
        ("checks", "checks.md"),
        ("cli", "cli.md"),
        ("config", "config.md"),
    ] {
        let page = fs::read_to_string(root.join("docs/reference").join(page)).unwrap_or_default();
        let printed = out(&backstop(folder.path(), &["reference", table]));
        assert!(page.ends_with(&printed), "docs/reference: run `backstop reference {table}` again");
    }
}

/// The Kana cases through the binary: the durable engine on a file, every field that a case expects.
#[test]
fn kana_cases_through_run() {
    let folder = tempfile::tempdir().unwrap();
    let cases = kana::cases();
    assert!(cases.len() >= 11, "only {} cases", cases.len());
    for case in cases {
        fs::write(folder.path().join("case.json"), kana::scenario(&case).to_string()).unwrap();
        // Books are written from a journal on disk.
        let args = ["run", "case.json", "--json", "--books", "case.ledger"];
        let run = value(&backstop(folder.path(), &args));
        kana::check(&case, run["steps"].as_array().unwrap());
        assert_eq!(run["books"]["trial_balance"]["balanced"], true);
        assert!(folder.path().join("case.ledger").exists());
    }
}
