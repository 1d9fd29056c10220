//! What the binary reads by itself against junk: proofs, keys, signers; and that junk in any of its
//! inputs ends in one of its exit codes.
//!
//! Each target takes raw text and mutations of true files; `backstop_testkit::fuzz` says how long.

use backstop_testkit::fuzz::{Input, target};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

fn backstop(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backstop")).current_dir(folder).args(args).output().unwrap()
}

/// Runs it; the exit code must be one of these and a failure must say why. The output if it succeeded.
fn run(folder: &Path, args: &[&str], codes: &[i32]) -> Option<Value> {
    let output = backstop(folder, args);
    let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    let (out, err) = (out.expect("text"), err.expect("text"));
    let code = output.status.code();
    assert!(code.is_some_and(|code| code == 0 || codes.contains(&code)), "{code:?}: {err}");
    assert!(err.len() < 4_096, "{err}");
    if code == Some(0) {
        return Some(serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}")));
    }
    assert!(!err.trim().is_empty(), "{args:?} failed without a word");
    None
}

/// A folder with a ledger `backstop.db`, a key `key`, and what was written with them.
fn ledger() -> (TempDir, [String; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let done = |args: &[&str]| {
        let output = backstop(path, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    done(&["init", "--preset", "backstop", "--ledger", "test"]);
    let open = json!({ "actor": "operator", "body": { "open_account": { "label": "alice" } } });
    fs::write(path.join("commands"), open.to_string()).unwrap();
    done(&["apply", "commands"]);
    let public = done(&["keys", "new", "key"]).trim().to_owned();
    let note = done(&["checkpoint", "--key", "key", "--name", "log"]);
    let proof = done(&["proof", "show", "1", "--key", "key"]);
    (folder, [public, note, proof])
}

/// A proof that is accepted proves the true record.
#[test]
fn proofs() {
    let (folder, [_, _, proof]) = ledger();
    let folder = folder.path();
    let seen = |value: &Value| (value["seq"].clone(), value["record"].clone());
    fs::write(folder.join("proof"), &proof).unwrap();
    let truth = run(folder, &["proof", "check", "proof", "--json"], &[]).unwrap();
    target("proof file", 150, |bytes| {
        let text = Input(bytes).text(&[&proof], b"0123456789abcdef\",:{}[] \n");
        fs::write(folder.join("proof"), text).unwrap();
        let value = run(folder, &["proof", "check", "proof", "--json"], &[2, 3]);
        value.inspect(|value| assert_eq!(seen(value), seen(&truth), "{value}")).is_some()
    });
}

/// A key file is 64 hex digits, and signs with the key that they are.
#[test]
fn keys() {
    let (folder, [public, ..]) = ledger();
    let folder = folder.path();
    let key = fs::read_to_string(folder.join("key")).unwrap();
    fs::write(folder.join("body"), json!({ "void_loss": { "loss": "loss_3" } }).to_string())
        .unwrap();
    let sign = ["keys", "sign", "--key", "fuzzed", "--ledger", "test", "--nonce", "1"];
    let sign = [&sign[..], &["--expires", "2027-01-01T00:00:00Z", "body", "--json"]].concat();
    target("key file", 150, |bytes| {
        let text = Input(bytes).text(&[&key], b"0123456789abcdefABCDEF \n");
        fs::write(folder.join("fuzzed"), &text).unwrap();
        let Some(value) = run(folder, &sign, &[2]) else { return false };
        let digits = text.trim();
        assert!(digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{text:?}");
        let same = value["signatures"][0]["key"] == public.as_str();
        assert_eq!(same, digits.eq_ignore_ascii_case(key.trim()), "{value} with {text:?}");
        true
    });
}

/// A kept checkpoint and its signer as they come from a person: verification is clean only with the
/// true ones.
#[test]
fn signers() {
    let (folder, [public, note, _]) = ledger();
    let folder = folder.path();
    let signer = format!("log:{public}");
    let body = note.split("\n\n").next().unwrap();
    target("signer", 150, |bytes| {
        let mut input = Input(bytes);
        let (mut by, mut text) = (signer.clone(), note.clone());
        if input.byte().is_multiple_of(2) {
            by = input.text(&[&signer], b"0123456789abcdef:log").replace('\0', " ");
        } else {
            text = input.text(&[&note], b"0123456789abcXYZ+/=\n ");
        }
        fs::write(folder.join("note"), &text).unwrap();
        let signer = format!("--signer={by}");
        let args = ["verify", "backstop.db", "--checkpoint", "note", &signer, "--json"];
        let Some(value) = run(folder, &args, &[2, 3, 4]) else { return false };
        assert_eq!(value["ok"], json!(true), "{value}");
        // The digits of a key may be of either case, its name may not.
        let same = by.strip_prefix("log:").is_some_and(|key| key.eq_ignore_ascii_case(&public));
        assert!(same && text.starts_with(body), "{by}: {text:?}");
        true
    });
}
