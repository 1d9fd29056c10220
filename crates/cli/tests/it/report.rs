//! The auditor's pack as files: same bytes from the same journal, whole or not there, wrong periods told.

use super::{backstop, code, err, ledger, out, value};
use serde_json::Value;
use std::{fs, path::Path};

/// Every file of a folder with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    let mut files: Vec<_> = entries.map(read).collect();
    files.sort();
    files
}

/// The month of a ledger's clock.
fn month(folder: &Path) -> String {
    let clock = value(&backstop(folder, &["state", "--json"]))["time"].as_str().unwrap().to_owned();
    clock[..7].to_owned()
}

#[test]
fn the_same_journal_gives_the_same_pack() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    out(&backstop(folder, &["keys", "new", "key"]));
    let month = month(folder);
    let report = |to: &str| {
        value(&backstop(
            folder,
            &["report", "backstop.db", "--month", &month, "--out", to, "--json"],
        ))
    };
    let told = report("one");
    assert_eq!((&told["ledger"], &told["records"]), (&"test".into(), &5.into()));
    // An empty folder is as good as none; the journal under another name gives no other byte.
    fs::create_dir(folder.join("two")).unwrap();
    fs::copy(folder.join("backstop.db"), folder.join("copy.db")).unwrap();
    report("two");
    out(&backstop(folder, &["report", "copy.db", "--month", &month, "--out", "deep/three"]));
    let one = files(&folder.join("one"));
    assert_eq!(one, files(&folder.join("two")));
    assert_eq!(one, files(&folder.join("deep/three")));
    assert_eq!(told["files"].as_array().unwrap().len(), one.len());
    assert!(!folder.join("one.partial").exists());
    let text = |name: &str| &one.iter().find(|(other, _)| other == name).unwrap().1;
    let whole: Value = serde_json::from_str(text("report.json")).unwrap();
    let state = value(&backstop(folder, &["state", "--json"]));
    assert_eq!(whole["state_hash"], state["state_hash"]);
    assert_eq!(whole["period_is_over"], false);
    let sheets = whole["sheets"].as_object().unwrap();
    for (name, sheet) in sheets {
        // Each table is a file of its own with as many rows, and stands on the page.
        let csv = text(&format!("{name}.csv"));
        assert_eq!(
            csv.matches("\r\n").count(),
            sheet["rows"].as_array().unwrap().len() + 1,
            "{name}"
        );
        assert!(
            text("report.md").contains(&format!("## {}\n", sheet["caption"].as_str().unwrap()))
        );
    }
    let funds = sheets["funds"]["rows"].as_array().unwrap();
    let gift = funds.iter().find(|row| row["what"] == "contributed").unwrap();
    assert_eq!(gift["in"], "70");
}

#[test]
fn wrong_periods_and_places_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/of"), "something").unwrap();
    for (args, needles) in [
        (&["--out", "new"][..], &["no month is full yet", "hint: `--month 20"][..]),
        (&["--month", "2026-13", "--out", "new"], &["`--month 2026-13`", "such as 2026-10"]),
        (&["--month", "26-1", "--out", "new"], &["`--month 26-1`"]),
        (
            &["--month", "9998-12", "--out", "new"],
            &["does not go so far: the period begins at 9998-12-01", "hint: ask for"],
        ),
        (
            &["--month", "2001-01", "--out", "new"],
            &["had not begun: the period ends at 2001-02-01", "hint: ask for"],
        ),
        (
            &["--from", "2026-01-02", "--until", "2026-01-02", "--out", "new"],
            &["the period is empty"],
        ),
        (
            &["--from", "soon", "--until", "2026-01-02", "--out", "new"],
            &["`--from soon`", "a day as"],
        ),
        (&["--from", "2026-01-02", "--out", "new"], &["--until <TIME>"]),
        (&["--month", "2026-01", "--out", "full"], &["full: not empty", "hint: name a new folder"]),
    ] {
        let output = backstop(folder, &[&["report", "backstop.db"][..], args].concat());
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
        for needle in needles {
            assert!(err(&output).contains(needle), "{args:?}: {needle} not in {}", err(&output));
        }
    }
    assert_eq!(code(&backstop(folder, &["report", "missing.db", "--out", "new"])), 4);
    for left in ["new", "new.partial", "full.partial"] {
        assert!(!folder.join(left).exists(), "{left}");
    }
}

#[test]
fn there_is_no_report_of_a_journal_that_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    let month = month(folder);
    let mut bytes = fs::read(folder.join("backstop.db")).unwrap();
    let label = b"alice\0\0\0\0\0\0\0\0\0\0\0";
    let at = bytes.windows(16).rposition(|window| window == label).unwrap();
    bytes[at] ^= 1;
    fs::write(folder.join("changed.db"), bytes).unwrap();
    let output = backstop(folder, &["report", "changed.db", "--month", &month, "--out", "new"]);
    assert_eq!(code(&output), 3, "{}", err(&output));
    assert!(err(&output).contains("hint: `backstop verify changed.db`"), "{}", err(&output));
    assert!(!folder.join("new").exists());
}
