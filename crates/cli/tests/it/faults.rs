//! Junk in text files: the error says file, line and column, what was got and expected, and what next.

use crate::{backstop, code, err, out, value};
use serde_json::Value;
use std::fs;

/// File name, arguments before it, text, and where what is wrong stands.
const CASES: &[(&str, &[&str], &[u8], &str)] = &[
    ("a.toml", &["run"], b"steps = [\n  { command = 7 }\n]", "2:15: wrong type"),
    ("b.toml", &["run"], b"steps = [\n", "not TOML"),
    ("c.toml", &["run"], b"[[steps]]\nactor = \"A\"\n", "2:9: not a label"),
    ("d.json", &["run"], b"{\n \"steps\": [{\"actor\": \"A\"}]}", "2:22: not a label"),
    ("e.json", &["run"], b"{\n \"steps\": [}", "2:12: not JSON"),
    ("f.json", &["run"], b"{\"steps\": [{\"command\": {\n\"steak\": {}}}]}", "2:1: unknown word `steak`"),
    ("g.json", &["run"], b"{\"steps\": [\n {\"at\": \"x\"}]}", "2:9: "),
    ("h.toml", &["run"], b"title = \"\"\nsteps = \"\xff\"", "2:10: not UTF-8"),
    ("i.toml", &["run"], b"preset = \"nobody\"\nsteps = []", "1:10: no preset"),
    (
        "j.toml",
        &["run"],
        b"preset = \"kana\"\nsteps = []\nsetup = [\n { set_target = { fund = \"no\", target = \"1\" } },\n]",
        "4:2: refused, UNKNOWN_FUND (",
    ),
    (
        "k.toml",
        &["run"],
        b"preset = \"kana\"\nsteps = []\n[[opening]]\naccount = { reserve = \"main\" }\nasset = \"gold\"\namount = 1\n",
        "3:1: refused, UNKNOWN_ASSET (",
    ),
    ("l.jsonl", &["apply"], b"\n{\"actor\": \"a\"\n", "2:14: not JSON"),
    ("m.jsonl", &["apply"], b"[\n{\"actor\": \"A\"}]", "2:11: not a label"),
    (
        "n.json",
        &["keys", "sign", "--key", "key", "--ledger", "x", "--nonce", "1", "--expires", "2099-01-01T00:00:00Z"],
        b"{\n\"void\": {}}",
        "2:1: unknown word `void`",
    ),
    ("o.toml", &["init", "--db", "o.db", "--preset"], b"name = \"x\"\n[[setup]]\nopen_account = { labl = \"a\" }\n", "3:18: unknown field `labl`"),
];

#[test]
fn junk_says_where_what_and_what_next() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    out(&backstop(folder, &["keys", "new", "key"]));
    for (name, before, text, needle) in CASES {
        fs::write(folder.join(name), text).unwrap();
        let args: Vec<&str> = before.iter().copied().chain([*name]).collect();
        let output = backstop(folder, &args);
        let told = err(&output);
        assert_eq!(code(&output), 2, "{told}");
        let first = format!("error: {name}:");
        assert!(told.starts_with(&first) && told.contains(needle), "{needle}\n{told}");
        for part in ["got ", "expected ", "hint: "] {
            assert!(told.contains(part), "{part}\n{told}");
        }
        // The same for programs.
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let told: Value = serde_json::from_str(&err(&backstop(folder, &args))).unwrap();
        assert_eq!(told["exit_code"], 2);
        assert!(told["error"]["hint"].is_string(), "{told}");
    }
}

#[test]
fn a_refused_step_says_line_code_value_limit_and_hint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "preset = \"kana\"\n\n[[steps]]\nactor = \"operator\"\n\
                command.withdraw_excess = { fund = \"main\", amount = \"7\" }\n\n\
                [[steps]]\nquery.fund = { fund = \"main\" }\nexpect.contains = { reserve = \"1\" }\n";
    fs::write(folder.join("case.toml"), text).unwrap();
    let output = backstop(folder, &["run", "case.toml", "--json"]);
    assert_eq!(code(&output), 3);
    assert!(err(&output).contains("case.toml:7:1: 1 expectations not met; the first at step 2"));
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<_> = run.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["books", "schema", "steps", "title"]);
    let step = &run["steps"][0];
    assert_eq!((&step["step"], &step["line"]), (&1.into(), &3.into()));
    for field in ["code", "number", "title", "got", "limit", "hint"] {
        assert!(!step["reject"][field].is_null(), "{field}: {step}");
    }
    let text = backstop(folder, &["run", "case.toml"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("refused on line 3: "));
}

#[test]
fn both_formats_give_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let toml = "preset = \"kana\"\nsetup = [{ open_account = { label = \"a\" } }]\nsteps = []\n";
    let json =
        r#"{ "preset": "kana", "setup": [{ "open_account": { "label": "a" } }], "steps": [] }"#;
    fs::write(folder.join("a.toml"), toml).unwrap();
    fs::write(folder.join("a.json"), json).unwrap();
    let hash = |name: &str| value(&backstop(folder, &["run", name, "--json"]))["books"].clone();
    assert_eq!(hash("a.toml"), hash("a.json"));
}
