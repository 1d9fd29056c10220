//! Full disks, interrupts, missing helpers, damaged files: nothing unfinished passes for whole.

use crate::{backstop, code, err, ledger, out, value};
use serde_json::json;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

const BINARY: &str = env!("CARGO_BIN_EXE_backstop");
/// One of the demo's runs.
const QUICK: [&str; 7] =
    ["demo", "--steps", "6", "--crash", "sol-2025-10-10", "--preset", "backstop"];

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// A limit on the size of files stands in for a disk that fills up.
#[cfg(unix)]
fn limited(folder: &Path, blocks: u32, args: &str) -> Output {
    // The signal is ignored, so that writing fails as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {args}");
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", &script, BINARY]).output().unwrap()
}

#[test]
#[cfg(unix)]
fn a_file_that_can_not_grow_leaves_nothing_that_looks_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let demo = limited(folder, 2_000, "demo --steps 6 --out d");
    assert_eq!(code(&demo), 4, "{}", err(&demo));
    for needle in ["d/.partial/", "hint: nothing of this run is left"] {
        assert!(err(&demo).contains(needle), "{needle}\n{}", err(&demo));
    }
    assert_eq!(entries(&folder.join("d")), 0);
    out(&backstop(folder, &[&QUICK[..], &["--out", "e"]].concat()));
    let before = entries(folder);
    let export = limited(folder, 200, "export csv --db e/journal.db --out books.csv");
    assert_eq!(code(&export), 4, "{}", err(&export));
    assert!(err(&export).contains("books.csv"), "{}", err(&export));
    assert!(!folder.join("books.csv").exists() && !folder.join("books.csv.partial").exists());
    assert_eq!(entries(folder), before);
}

#[test]
#[cfg(unix)]
fn a_journal_that_can_not_grow_keeps_what_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    out(&backstop(folder, &["init", "--ledger", "test"]));
    fs::write(folder.join("many.jsonl"), many(5_000)).unwrap();
    let apply = limited(folder, 4_000, "apply many.jsonl");
    assert_eq!(code(&apply), 4, "{}", err(&apply));
    for needle in ["backstop.db: ", "hint: what was answered is in the journal"] {
        assert!(err(&apply).contains(needle), "{needle}\n{}", err(&apply));
    }
    let answered = String::from_utf8(apply.stdout).unwrap();
    assert!(!answered.contains("reject"), "{answered}");
    finish(folder, answered.lines().count());
}

/// So many accounts to open, each command with an id of its own.
fn many(count: u128) -> String {
    // Any time but the future's: ids are UUIDv7.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let lines = (0..count).map(|at| {
        let id = format!("{:032x}", now.as_millis() << 80 | 7 << 76 | 2 << 62 | at);
        json!({ "id": id, "actor": "operator", "body": { "open_account": { "label": format!("a{at}") } } })
            .to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The journal is sound and has what was answered; sent again, all commands are there exactly once.
fn finish(folder: &Path, answered: usize) {
    out(&backstop(folder, &["verify", "backstop.db"]));
    let records = value(&backstop(folder, &["state", "--json"]))["next_seq"].as_u64().unwrap();
    assert!(records > answered as u64, "{records} records, {answered} answers");
    let again = out(&backstop(folder, &["apply", "many.jsonl"]));
    let replayed = again.lines().filter(|line| line.contains("\"replayed\":true")).count();
    assert_eq!(replayed as u64, records - 1);
    assert_eq!(again.lines().count(), 5_000);
    out(&backstop(folder, &["verify", "backstop.db"]));
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
#[cfg(unix)]
fn an_interrupted_demo_takes_its_files_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let child = Command::new(BINARY)
        .current_dir(folder)
        .args(["demo", "--out", "d", "--steps", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !folder.join("d/.partial/journal.db").exists() {
        std::thread::yield_now();
    }
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", err(&output));
    assert!(err(&output).contains("interrupted; "), "{}", err(&output));
    assert_eq!(entries(&folder.join("d")), 0);
    // The same folder serves the next run.
    out(&backstop(folder, &[&QUICK[..], &["--out", "d"]].concat()));
}

#[test]
#[cfg(unix)]
fn an_interrupted_apply_can_be_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    out(&backstop(folder, &["init", "--ledger", "test"]));
    fs::write(folder.join("many.jsonl"), many(5_000)).unwrap();
    let mut child = Command::new(BINARY)
        .current_dir(folder)
        .args(["apply", "many.jsonl"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    answers.next().unwrap().unwrap();
    interrupt(&child);
    let answered = 1 + answers.map_while(Result::ok).count();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    finish(folder, answered);
}

#[test]
fn a_folder_left_by_a_killed_demo_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("d/.partial")).unwrap();
    let demo = backstop(folder.path(), &["demo", "--out", "d"]);
    assert_eq!(code(&demo), 2);
    assert!(err(&demo).contains("d/.partial: left by"), "{}", err(&demo));
    assert!(err(&demo).contains("hint: remove it"), "{}", err(&demo));
}

#[test]
fn cut_and_newer_journals_are_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    let whole = fs::read(folder.join("backstop.db")).unwrap();
    fs::write(folder.join("cut.db"), &whole[..whole.len() / 2]).unwrap();
    // SQLite keeps user_version at byte 60 of the file, big end first: the journal's format.
    let mut newer = whole;
    newer[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(folder.join("newer.db"), newer).unwrap();
    for (name, needle) in [("cut.db", "cut short"), ("newer.db", "newer")] {
        let before = fs::read(folder.join(name)).unwrap();
        for args in [
            &["verify", name][..],
            &["state", "--db", name],
            &["apply", "commands.jsonl", "--db", name],
            &["export", "csv", "--db", name, "--out", "books.csv"],
        ] {
            let output = backstop(folder, args);
            assert_eq!(code(&output), 4, "{args:?}: {}", err(&output));
            let told = err(&output);
            assert!(told.contains(name) && told.contains(needle), "{args:?}: {told}");
            assert!(!folder.join("books.csv").exists());
        }
        assert_eq!(before, fs::read(folder.join(name)).unwrap(), "{name} was touched");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_takes_nothing_is_an_error_and_a_gone_reader_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output =
        Command::new(BINARY).args(["reference", "commands"]).stdout(full).output().unwrap();
    assert_eq!(code(&output), 4);
    assert!(err(&output).contains("standard output: "), "{}", err(&output));
    ledger(folder.path());
    let script = "\"$0\" state --json | head -n 1; \"$0\" export ledger | head -n 1";
    let mut sh = Command::new("sh");
    let output = sh.current_dir(folder.path()).args(["-c", script, BINARY]).output().unwrap();
    assert_eq!(err(&output), "");
    assert_eq!(out(&output).lines().count(), 2);
}
