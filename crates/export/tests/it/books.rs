//! The journal: golden text, and what hledger and Ledger say about it and about damaged copies.

use crate::world::{World, golden, label, setup, usdt};
use backstop_core::command::{OpenAccount, Opening, OpeningAccount};
use backstop_export::{ExportError, ledger::LedgerWriter};
use backstop_units::Span;
use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

fn journal(world: &World) -> String {
    let mut writer = LedgerWriter::new(Vec::new());
    for record in &world.records {
        writer.record(&world.state, record).unwrap();
    }
    String::from_utf8(writer.finish(&world.state).unwrap()).unwrap()
}

/// Runs an accounting program on a journal; `None`, loudly, where it is not installed.
fn run(program: &str, args: &[&str], journal: &str) -> Option<Output> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(journal.as_bytes()).unwrap();
    let mut command = Command::new(program);
    command.arg("-f").arg(file.path()).args(args).stdin(Stdio::null());
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!(
                "SKIPPED: {program} did not start ({error}); the books are not checked by it"
            );
            None
        }
    }
}

fn hledger(journal: &str) -> Option<Output> {
    run("hledger", &["check", "--strict", "ordereddates"], journal)
}

fn ledger(journal: &str) -> Option<Output> {
    run("ledger", &["--args-only", "--pedantic", "balance", "--flat"], journal)
}

/// Both programs take it, without a word of complaint.
fn accepted(journal: &str) {
    for output in [hledger(journal), ledger(journal)].into_iter().flatten() {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{errors}\n{journal}");
    }
}

/// Those programs that are here refuse it.
fn refused(journal: &str, why: &str) {
    for output in [hledger(journal), ledger(journal)].into_iter().flatten() {
        assert!(!output.status.success(), "accepted although {why}:\n{journal}");
    }
}

/// Lines that move money: neither declarations nor closing assertions.
fn posting_lines(journal: &str) -> Vec<usize> {
    let posting = |line: &str| {
        line.starts_with("    ")
            && !line.starts_with("    ;")
            && !line.starts_with("    format")
            && !line.contains(" = ")
    };
    let lines = journal.lines().enumerate().filter(|(_, line)| posting(line));
    lines.map(|(at, _)| at).collect()
}

fn without(journal: &str, dropped: impl Fn(usize) -> bool) -> String {
    let kept = journal.lines().enumerate().filter(|(at, _)| !dropped(*at));
    kept.flat_map(|(_, line)| [line, "\n"]).collect()
}

#[test]
fn golden_journal_is_accepted() {
    let world = World::full();
    let journal = journal(&world);
    // The hash moves with the state's encoding, which is not this crate's concern.
    let hash = world.state.hash().to_string();
    assert_eq!(journal.matches(&hash).count(), 1);
    golden("books.ledger", &journal.replace(&hash, "<hash>"));
    accepted(&journal);
}

#[test]
fn a_layer_in_another_asset_has_books_in_both() {
    let world = World::converted();
    let journal = journal(&world);
    accepted(&journal);
    // 6.25 stones are taken as 7; what they fall short of is basis, and two more make good what they can.
    for line in [
        ("Liabilities:Market:sol-stone:Conversion", "7", "stone"),
        ("Equity:Fund:stones:Basis", "80", "usdt"),
        ("Equity:Fund:stones:Reserve", "500", "usdt"),
    ] {
        let (account, amount, asset) = line;
        let found = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let says = |number: &str| {
                let number = number.trim_start_matches('-');
                [Some(".0"), Some(".000000")].contains(&number.strip_prefix(amount))
            };
            words.first() == Some(&account)
                && words.windows(2).any(|pair| says(pair[0]) && pair[1].trim_matches('"') == asset)
        };
        assert!(journal.lines().any(found), "{line:?}\n{journal}");
    }
    // A figure of another asset is no capacity for the pictures.
    let placing = world.history.get(backstop_units::LossId::new(0)).unwrap();
    let stones = backstop_units::FundId::new(1);
    assert_eq!(placing.had(backstop_core::ledger::LedgerAccount::Reserve(stones)), None);
}

#[test]
fn the_state_after_each_record_serves_as_well_as_the_last() {
    let full = World::full();
    let mut writer = LedgerWriter::new(Vec::new());
    let mut state = backstop_core::replay_genesis(&full.records[0]).unwrap();
    for record in &full.records {
        if record.seq == state.meta.next {
            backstop_core::replay(&mut state, record).unwrap();
        }
        writer.record(&state, record).unwrap();
    }
    let streamed = String::from_utf8(writer.finish(&state).unwrap()).unwrap();
    assert_eq!(streamed, journal(&full));
}

#[test]
fn any_posting_that_is_missing_or_changed_is_found() {
    let journal = journal(&World::full());
    let postings = posting_lines(&journal);
    assert!(postings.len() > 60, "only {} postings", postings.len());
    for at in &postings {
        refused(&without(&journal, |line| line == *at), &format!("line {} is gone", at + 1));
    }
    // Whole transactions, which leave the rest balanced.
    let lines: Vec<&str> = journal.lines().collect();
    for head in (0..lines.len()).filter(|at| lines[*at].starts_with("2025") && at + 1 < lines.len())
    {
        if lines[head].contains("(end)") {
            continue;
        }
        let end = (head..lines.len()).find(|at| lines[*at].is_empty()).unwrap();
        let copy = without(&journal, |line| (head..end).contains(&line));
        refused(&copy, &format!("transaction {} is gone", lines[head]));
    }
    // One atom from one account to another: the transaction balances, the balances do not.
    let moved = journal.replacen("150.000000 \"usdt\"", "150.000001 \"usdt\"", 1).replacen(
        "-150.000000 \"usdt\"",
        "-150.000001 \"usdt\"",
        1,
    );
    assert_ne!(moved, journal);
    refused(&moved, "an atom moved");
}

#[test]
fn largest_amounts_are_exact() {
    let mut world = World::begin(setup());
    let account = OpeningAccount::Account(label("keeper"));
    let amount = backstop_units::Amount::new(u128::MAX / 4);
    for (asset, amount) in [("x-1.", amount), ("usdt", amount), ("usdt", usdt(1))] {
        world.apply("op", Span::days(1), Opening { account, asset: label(asset), amount });
    }
    let journal = journal(&world);
    accepted(&journal);
    let digits = "85070591730234615865843651857942.052863 \"usdt\"";
    assert!(journal.contains(digits), "{journal}");
    refused(&journal.replacen("942.052863", "942.052862", 1), "an atom is missing");
}

#[test]
fn many_accounts_close_in_several_transactions() {
    let mut world = World::begin(setup());
    for at in 0..150 {
        let name = format!("user-{at}");
        world.apply(
            "op",
            Span::ZERO,
            OpenAccount { label: label(&name), group: None, venue: None },
        );
        let account = OpeningAccount::Account(label(&name));
        world.apply("op", Span::ZERO, Opening { account, asset: label("usdt"), amount: usdt(1) });
    }
    let journal = journal(&world);
    assert_eq!(journal.matches("(end) closing balances").count(), 3);
    accepted(&journal);
    refused(&journal.replace("= -1.000000", "= -1.000001"), "a balance is another");
}

#[test]
fn a_ledger_without_money_has_books() {
    let world = World::begin(Vec::new());
    let journal = journal(&world);
    assert!(posting_lines(&journal).is_empty() && !journal.contains("(end)"));
    accepted(&journal);
}

#[test]
fn records_come_in_order_and_the_state_after_the_last() {
    let world = World::full();
    let mut writer = LedgerWriter::new(Vec::new());
    let skipped = writer.record(&world.state, &world.records[1]);
    assert!(matches!(skipped, Err(ExportError::OutOfOrder { .. })));
    writer.record(&world.state, &world.records[0]).unwrap();
    assert!(matches!(writer.finish(&world.state), Err(ExportError::OtherState { .. })));
}
