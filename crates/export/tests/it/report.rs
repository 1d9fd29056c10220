//! An auditor's statement: it ties at both ends, period to period, and to the other exports.

use crate::world::{World, label};
use backstop_core::{record::Record, state::State};
use backstop_export::{
    fund_csv::FundsCsv,
    ledger::LedgerWriter,
    picture::Cell,
    report::{Gather, Period, Sheet},
};
use backstop_units::{Timestamp, format_decimal};
use std::collections::BTreeMap;

const ALWAYS: Period = Period { from: Timestamp::ZERO, until: Timestamp::MAX };

/// The statement of a period, as the program makes it.
fn statement(records: &[Record], period: Period) -> Vec<Sheet> {
    let mut gather = Gather::new(period);
    let mut state: Option<State> = None;
    for record in records.iter().take_while(|record| record.time < period.until) {
        if period.contains(record.time) {
            gather.open(state.as_ref()).unwrap();
        }
        let next = match state.take() {
            None => backstop_core::replay_genesis(record).unwrap(),
            Some(mut state) => {
                backstop_core::replay(&mut state, record).unwrap();
                state
            }
        };
        if period.contains(record.time) {
            gather.record(&next, record).unwrap();
        }
        state = Some(next);
    }
    let state = state.unwrap();
    let as_of = period.until.min(records.last().unwrap().time);
    gather.finish(&state, as_of).unwrap()
}

/// A sheet's rows by column, amounts in atoms.
fn rows(sheets: &[Sheet], name: &str) -> Vec<BTreeMap<String, String>> {
    let sheet = sheets.iter().find(|sheet| sheet.name == name).unwrap();
    let words = |cell: &Cell| match cell {
        Cell::Amount { atoms: exact, .. } | Cell::Figure { exact, .. } => exact.clone(),
        Cell::Text(words) | Cell::Number(words) => words.clone(),
    };
    let row =
        |row: &Vec<Cell>| sheet.table.columns.iter().cloned().zip(row.iter().map(words)).collect();
    sheet.table.rows.iter().map(row).collect()
}

fn atoms(row: &BTreeMap<String, String>, column: &str) -> i128 {
    row[column].parse().unwrap_or(0)
}

/// Debits less credits.
fn net(row: &BTreeMap<String, String>, of: [&str; 2]) -> i128 {
    atoms(row, of[0]) - atoms(row, of[1])
}

const OPENING: [&str; 2] = ["opening debit", "opening credit"];
const MOVES: [&str; 2] = ["debits", "credits"];
const CLOSING: [&str; 2] = ["closing debit", "closing credit"];

fn by_account(sheets: &[Sheet], of: [&str; 2]) -> BTreeMap<(String, String), i128> {
    let rows = rows(sheets, "trial-balance-accounts");
    let balances =
        rows.iter().map(|row| ((row["account"].clone(), row["asset"].clone()), net(row, of)));
    balances.filter(|(_, balance)| *balance != 0).collect()
}

#[test]
fn every_cut_gives_two_statements_that_tie() {
    let world = World::full();
    let whole = statement(&world.records, ALWAYS);
    let mut cuts: Vec<Timestamp> = world.records.iter().map(|record| record.time).collect();
    cuts.dedup();
    // The first cut would leave nothing before it.
    for cut in cuts.into_iter().skip(1) {
        let before = statement(&world.records, Period { until: cut, ..ALWAYS });
        let after = statement(&world.records, Period { from: cut, ..ALWAYS });
        assert_eq!(by_account(&before, CLOSING), by_account(&after, OPENING), "{cut}");
        assert_eq!(by_account(&after, CLOSING), by_account(&whole, CLOSING), "{cut}");
        let mut moved = by_account(&before, MOVES);
        for (account, sum) in by_account(&after, MOVES) {
            *moved.entry(account).or_default() += sum;
        }
        moved.retain(|_, sum| *sum != 0);
        assert_eq!(moved, by_account(&whole, MOVES), "{cut}");
        for row in rows(&after, "trial-balance").iter().chain(&rows(&before, "trial-balance")) {
            assert_eq!(net(row, OPENING) + net(row, MOVES), net(row, CLOSING), "{row:?}");
            let is_sum = row["account"] == "all accounts";
            assert!(!is_sum || [OPENING, MOVES, CLOSING].iter().all(|of| net(row, *of) == 0));
        }
        let started = rows(&after, "coverage").into_iter().find(|row| row["moment"] == "start");
        let ended = rows(&before, "coverage").into_iter().find(|row| row["moment"] == "end");
        assert_eq!(started.unwrap()["counts"], ended.unwrap()["counts"], "{cut}");
    }
}

#[test]
fn closing_balances_are_those_that_hledger_asserts() {
    for world in [World::full(), World::converted()] {
        let mut writer = LedgerWriter::new(Vec::new());
        for record in &world.records {
            writer.record(&world.state, record).unwrap();
        }
        let journal = String::from_utf8(writer.finish(&world.state).unwrap()).unwrap();
        let is_asserted = |line: &&str| line.starts_with("    ") && line.contains(" = ");
        let lines: Vec<&str> = journal.lines().filter(is_asserted).collect();
        let rows = rows(&statement(&world.records, ALWAYS), "trial-balance-accounts");
        assert_eq!(lines.len(), rows.len());
        for row in rows {
            let asset = world.state.assets.iter().find(|(_, it)| it.label == label(&row["asset"]));
            let balance = net(&row, CLOSING);
            let decimals = asset.unwrap().1.decimals;
            let digits = format_decimal(balance.unsigned_abs(), decimals);
            // hledger wants a decimal point in any case.
            let digits = if decimals == 0 { format!("{digits}.0") } else { digits };
            let sign = if balance < 0 { "-" } else { "" };
            let found = |line: &&&str| {
                line.split_whitespace().next() == Some(&row["account"])
                    && line.contains(&format!("= {sign}{digits} \"{}\"", row["asset"]))
            };
            assert_eq!(lines.iter().filter(found).count(), 1, "{row:?}\n{journal}");
        }
    }
}

#[test]
fn moves_of_funds_are_those_of_the_export() {
    let world = World::full();
    let mut writer = FundsCsv::new(Vec::new()).unwrap();
    for record in &world.records {
        writer.record(&world.state, record).unwrap();
    }
    let csv = String::from_utf8(writer.finish().unwrap()).unwrap();
    let mut want: BTreeMap<(String, String), (i128, i128)> = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let sum = want.entry((cells[3].to_owned(), cells[4].replace('_', " "))).or_default();
        sum.0 += cells[7].parse().unwrap_or(0);
        sum.1 += cells[8].parse().unwrap_or(0);
    }
    let rows = rows(&statement(&world.records, ALWAYS), "funds");
    let moves = rows.iter().filter(|row| row["balance"].is_empty());
    let got = moves.map(|row| {
        ((row["part"].clone(), row["what"].clone()), (atoms(row, "in"), atoms(row, "out")))
    });
    assert_eq!(got.collect::<BTreeMap<_, _>>(), want);
}

#[test]
fn losses_are_as_they_were_at_the_end_of_the_period() {
    let world = World::full();
    let whole = statement(&world.records, ALWAYS);
    let losses = rows(&whole, "losses");
    // Four losses and their sum; the third was withdrawn, the fourth is only declared.
    assert_eq!(losses.len(), 5);
    let bearers =
        ["fee pools", "reserves", "contributions", "stakers", "house accounts", "users", "nobody"];
    for row in losses.iter().filter(|row| !row["record"].is_empty()) {
        let bore: i128 = bearers.iter().map(|column| atoms(row, column)).sum();
        assert_eq!(bore, atoms(row, "gross"), "{row:?}");
    }
    let standing = |row: &&BTreeMap<String, String>| {
        row["loss"].starts_with("loss_") && row["status"] != "void"
    };
    let sum: i128 = losses.iter().filter(standing).map(|row| atoms(row, "gross")).sum();
    assert_eq!(atoms(&losses[0], "gross"), sum);
    // Up to its recovery nothing of it came back, whatever the log holds since.
    let recovered = losses.iter().find(|row| row["loss"] == "loss_1").unwrap();
    let placed = world.records.iter().find(|record| record.seq.to_string() == recovered["record"]);
    let until = Timestamp::from_ms(placed.unwrap().time.ms() + 1);
    let before = rows(&statement(&world.records, Period { until, ..ALWAYS }), "losses");
    let before = before.iter().find(|row| row["loss"] == "loss_1").unwrap();
    assert_eq!((before["came back"].as_str(), before["status"].as_str()), ("0", "closed"));
    assert!(atoms(recovered, "came back") > 0);
    let back: i128 = rows(&whole, "recoveries")
        .iter()
        .filter(|row| row["what"] == "loss recovered")
        .map(|row| atoms(row, "amount"))
        .sum();
    assert_eq!(back, atoms(recovered, "came back"));
}

#[test]
fn custody_is_told_with_what_differed() {
    let world = World::full();
    let whole = statement(&world.records, ALWAYS);
    let statements = rows(&whole, "custody-statements");
    assert_eq!(statements.len(), 2);
    let usdt =
        rows(&whole, "reconciliation").into_iter().find(|row| row["asset"] == "usdt").unwrap();
    assert_eq!(usdt["last statement"], statements[1]["balance"]);
    let moved: i128 = statements
        .iter()
        .map(|row| atoms(row, "surplus found") - atoms(row, "shortfall found"))
        .sum();
    assert_eq!(atoms(&usdt, "unexplained surplus") - atoms(&usdt, "unexplained shortfall"), moved);
    assert_eq!(usdt["all debits"], usdt["all credits"]);
}

#[test]
fn the_disclosure_says_what_was_used_and_what_is_not_known() {
    let world = World::full();
    let table = rows(&statement(&world.records, ALWAYS), "disclosure");
    let value = |section: &str, quantity: &str| {
        let row = table.iter().find(|row| row["section"] == section && row["quantity"] == quantity);
        row.unwrap_or_else(|| panic!("{section} {quantity}"))["value"].clone()
    };
    assert_eq!(value("4.1", "committed resources"), "not held by this ledger");
    // Bankrupt accounts: 30 and 1,000; a key compromise is none.
    assert_eq!(value("6.5", "times that an account's margin did not cover its loss"), "2");
    assert_eq!(value("4.4", "largest loss of one participant, actual"), "1000000000");
    assert_eq!(value("6.5", "mean size of what was not covered"), "515000000");
    let used: i128 =
        table.iter().filter(|row| row["section"] == "13.1").map(|row| atoms(row, "value")).sum();
    assert_eq!(used, 1_030_000_000);
    assert_eq!(value("18.4", "prefunded contributions of the largest 5"), "100.00%");
}
