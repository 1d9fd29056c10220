//! What one engine does on this machine: durable batches, replay, verification, restart, bytes.
//!
//! ```text
//! cargo run --profile dist -p backstop-engine --example throughput -- [SETTLEMENTS] [ACCOUNTS] [RUNS] \
//!     [--json] [--read-model]
//! ```
//!
//! Each run has a journal of its own, in the folder for temporary files; the median of each row is
//! printed.
//!
//! Settlements are distinct valid commands over random accounts out of a state of one million.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use backstop_core::{
    Body, Command, Genesis,
    command::{Linked, OpenAccount, SettleLiquidation},
    policy::Limits,
};
use backstop_engine::{
    Engine, Options, VerifyOptions, ids,
    read_model::{Level, MoveFilter, Party, Reason, RecordFilter, Series, beside},
    verify,
};
use backstop_journal::{Access, SqliteJournal};
use backstop_testkit::{
    bench::{Row, medians, print},
    world::{Setup, label},
};
use backstop_units::{
    AccountId, Amount, Base, FundId, Label, MarketId, Price, Seq, Signed, Timestamp,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Commands in one library batch.
const BATCH: u64 = 8_192;
/// Library batches that one caller keeps under way.
const UNDER_WAY: usize = 3;
/// Steps in one record that opens accounts.
const STEPS: u64 = 256;

struct Plan {
    settlements: u64,
    accounts: u64,
    path: PathBuf,
    /// Whether a read model is kept.
    history: bool,
}

fn main() -> Outcome<()> {
    let (words, numbers): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let number = |at: usize, default: u64| numbers.get(at).map_or(Ok(default), |text| text.parse());
    let (settlements, accounts, runs) =
        (number(0, 4_000_000)?, number(1, 1_000_000)?, number(2, 1)?);
    let history = words.iter().any(|word| word == "--read-model");
    let measured = (0..runs).map(|_| {
        let folder = tempfile::Builder::new().prefix("throughput-").tempdir()?;
        let path = folder.path().join("journal.db");
        let plan = Plan { settlements, accounts, path, history };
        let mut rows = Vec::new();
        write(&plan, &mut rows)?;
        replayed(&plan, &mut rows)?;
        verified(&plan, &mut rows)?;
        restarted(&plan, &mut rows)?;
        Ok(rows)
    });
    let measured = measured.collect::<Outcome<Vec<_>>>()?;
    print(&medians(&measured), words.iter().any(|word| word == "--json"));
    Ok(())
}

/// Opens the accounts, then settles.
fn write(plan: &Plan, rows: &mut Vec<Row>) -> Outcome<()> {
    let mut counter = 0;
    let read_model = plan.history.then(|| beside(&plan.path));
    let options =
        Options { snapshot_every: 0, ids_expected: 16_000_000, read_model, ..Options::default() };
    let engine = Engine::create(&plan.path, &genesis(), options)?;
    let opened = (plan.accounts / STEPS).max(1);
    let steps = (0..opened).map(|at| open_accounts(at, &mut counter)).collect();
    for answer in engine.call_many(steps) {
        answer?;
    }
    caught_up(&engine)?;
    let before = sizes(&plan.path)?;
    let history_before = history_bytes(&plan.path);
    let mut random = 0x9e37_79b9_7f4a_7c15;
    let batches = plan.settlements / BATCH;
    let mut commands = Vec::new();
    // Making the commands is the caller's work; it is not measured.
    for _ in 0..batches {
        let batch = (0..BATCH).map(|_| settlement(opened * STEPS, &mut random, &mut counter));
        commands.push(batch.collect::<Vec<_>>());
    }
    let start = Instant::now();
    let mut tickets = std::collections::VecDeque::new();
    let mut latencies = Vec::new();
    for batch in commands {
        tickets.push_back((Instant::now(), engine.submit_many(batch)?));
        if tickets.len() >= UNDER_WAY {
            take(&mut tickets, &mut latencies)?;
        }
    }
    while !tickets.is_empty() {
        take(&mut tickets, &mut latencies)?;
    }
    let took = start.elapsed();
    let count = batches * BATCH;
    rows.push(rate("durable batches of 8,192", count, took, Some(350_000.0)));
    latencies.sort_unstable();
    let at = |part: usize| latencies[(latencies.len() - 1) * part / 1_000].as_secs_f64() * 1e3;
    rows.push(Row::new("  a batch is answered after, p50", at(500), "ms", None));
    rows.push(Row::new("  a batch is answered after, p99", at(990), "ms", None));
    let size = engine.head().size;
    let start = Instant::now();
    engine.wait_for(Seq::new(size - 1), Duration::from_secs(60))?;
    let behind = start.elapsed().as_secs_f64() * 1e3;
    rows.push(Row::new("  reads are behind at the end by", behind, "ms", None));
    if plan.history {
        caught(&engine, rows)?;
    }
    drop(engine);
    let history = history_bytes(&plan.path).saturating_sub(history_before);
    if plan.history {
        let each = history as f64 / count as f64;
        rows.push(Row::new("read model, bytes on disk for each", each, "bytes", None));
    }
    let after = sizes(&plan.path)?;
    for (part, before, after, bar) in [
        ("bytes on disk for each", before.file, after.file, Some(600.0)),
        ("  records", before.records, after.records, None),
        ("  tags and roots", before.marks, after.marks, None),
        ("  tiles", before.tiles, after.tiles, None),
    ] {
        rows.push(Row::new(part, (after - before) as f64 / count as f64, "bytes", bar));
    }
    Ok(())
}

/// How far the read model was when the writer had ended, how fast the rest came in, what pages ask of it.
fn caught(engine: &Engine, rows: &mut Vec<Row>) -> Outcome<()> {
    let start = Instant::now();
    let there = engine.read_model().map_or(0, |model| model.applied_seq().get());
    rows.push(Row::new("  in the read model by then", there as f64, "records", None));
    caught_up(engine)?;
    let rest = engine.head().size - there;
    rows.push(rate("  the rest comes in at", rest, start.elapsed(), None));
    asked(engine, rows)
}

/// Waits for the read model, if one is kept.
fn caught_up(engine: &Engine) -> Outcome<()> {
    if let Some(model) = engine.read_model() {
        model.wait_for(Seq::new(engine.head().size - 1), Duration::from_secs(600))?;
    }
    Ok(())
}

fn history_bytes(path: &Path) -> u64 {
    std::fs::metadata(beside(path)).map_or(0, |file| file.len())
}

/// How long questions of pages take: what concerns an account, a fund's moves, a chart.
fn asked(engine: &Engine, rows: &mut Vec<Row>) -> Outcome<()> {
    let Some(model) = engine.read_model() else { return Ok(()) };
    let start = Instant::now();
    for account in 0..100 {
        let parties = vec![Party::Account(AccountId::new(1_000 + account))];
        model.records(&RecordFilter { parties, limit: 50, ..RecordFilter::default() })?;
    }
    let each = start.elapsed().as_secs_f64() * 10.0;
    rows.push(Row::new("  everything about an account", each, "ms", Some(50.0)));
    let start = Instant::now();
    let fund = FundId::new(0);
    for reason in [None, Some(Reason::BankruptcyLoss)] {
        model.fund_moves(fund, &MoveFilter { reason, limit: 50, ..MoveFilter::default() })?;
    }
    let each = start.elapsed().as_secs_f64() * 500.0;
    rows.push(Row::new("  a page of a fund's moves", each, "ms", Some(50.0)));
    let start = Instant::now();
    let ever = (Timestamp::from_ms(0), Timestamp::from_ms(u64::MAX >> 1));
    model.samples(Series::Balance(fund), Level::Minute, ever)?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    rows.push(Row::new("  a fund's balance by the minute", took, "ms", Some(50.0)));
    let start = Instant::now();
    model.curve(Series::Balance(fund), ever, 160)?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    rows.push(Row::new("  a fund's balance in 160 points", took, "ms", Some(50.0)));
    let size = engine.head().size;
    for (what, from) in
        [("  a market from the beginning on", 0), ("  a market's end", size - 1_000)]
    {
        let start = Instant::now();
        let found = model.frames(MarketId::new(0), (Seq::new(from), Seq::new(size)), 240)?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        rows.push(Row::new(what, took, "ms", Some(50.0)));
        rows.push(Row::new("    in steps", found.value.len() as f64, "", None));
    }
    Ok(())
}

fn take(
    tickets: &mut std::collections::VecDeque<(Instant, backstop_engine::BatchTicket)>,
    latencies: &mut Vec<Duration>,
) -> Outcome<()> {
    if let Some((sent, ticket)) = tickets.pop_front() {
        for answer in ticket.wait() {
            answer?;
        }
        latencies.push(sent.elapsed());
    }
    Ok(())
}

/// From the genesis on, without a snapshot.
fn replayed(plan: &Plan, rows: &mut Vec<Row>) -> Outcome<()> {
    let start = Instant::now();
    let engine = Engine::open(&plan.path, Options::default())?;
    rows.push(rate("replay at opening", engine.head().size, start.elapsed(), Some(1e6)));
    let start = Instant::now();
    engine.snapshot()?;
    rows.push(Row::new(
        "a snapshot is stored after",
        start.elapsed().as_secs_f64() * 1e3,
        "ms",
        None,
    ));
    Ok(())
}

fn verified(plan: &Plan, rows: &mut Vec<Row>) -> Outcome<()> {
    let start = Instant::now();
    let report = verify(&plan.path, &VerifyOptions::default())?;
    rows.push(rate("verify, one thread, no signatures", report.size, start.elapsed(), Some(7e5)));
    if report.is_clean() { Ok(()) } else { Err(format!("not clean: {report:?}").into()) }
}

fn restarted(plan: &Plan, rows: &mut Vec<Row>) -> Outcome<()> {
    let snapshot = std::fs::metadata(plan.path.with_file_name("journal.db.snapshot"))?.len();
    let start = Instant::now();
    let engine = Engine::open(&plan.path, Options::default())?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    rows.push(Row::new("restart from a snapshot", took, "ms", Some(2_000.0)));
    rows.push(Row::new("  of", snapshot as f64 / f64::from(1 << 20), "MiB", None));
    drop(engine);
    Ok(())
}

fn genesis() -> Genesis {
    let limits = Limits { sandbox: true, ..Limits::default() };
    Setup { limits, threshold: Amount::new(u128::MAX >> 1), ..Setup::default() }.genesis()
}

fn command(actor: &str, body: impl Into<Body>, counter: &mut u64) -> Command {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = now.map_or(0, |since| since.as_secs() * 1_000 + u64::from(since.subsec_millis()));
    *counter += 1;
    let id = ids::uuid7(Timestamp::from_ms(ms), *counter);
    Command { id, actor: label(actor), occurred_at: None, body: body.into(), approvals: None }
}

fn account(number: u64) -> Label {
    let mut bytes = *b"acct-0000000000\0";
    for (byte, shift) in bytes[5..15].iter_mut().rev().zip((0..).step_by(4)) {
        *byte = b"0123456789abcdef"[(number >> shift & 15) as usize];
    }
    Label::from_bytes(bytes)
}

fn open_accounts(at: u64, counter: &mut u64) -> Command {
    let open = |n| OpenAccount { label: account(n), group: None, venue: None }.into();
    let steps = (at * STEPS..(at + 1) * STEPS).map(open).collect();
    command("op", Linked { steps }, counter)
}

fn settlement(accounts: u64, random: &mut u64, counter: &mut u64) -> Command {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let who = *random % accounts;
    let body = SettleLiquidation {
        market: label("sol"),
        account: account(who),
        liquidator: account((who + 1 + (*random >> 40) % (accounts - 1)) % accounts),
        outcome: Signed::new(1_000_000 + i128::from(*random >> 32)),
        notional: Amount::new(50_000_000),
        mark: Price::default(),
        open_interest: Some(Base::new(1_000_000_000 + u128::from(*random >> 44))),
        evidence: None,
    };
    command("venue", body, counter)
}

struct Sizes {
    file: u64,
    records: u64,
    marks: u64,
    tiles: u64,
}

/// The file and its parts. A writer may be at work; what is still in its write-ahead log counts with
/// the next measurement.
fn sizes(path: &Path) -> Outcome<Sizes> {
    let journal = SqliteJournal::open(path, Access::ReadOnly)?;
    let mut sizes = Sizes { file: std::fs::metadata(path)?.len(), records: 0, marks: 0, tiles: 0 };
    for batch in journal.batches_from(0) {
        let batch = batch?;
        sizes.records += batch.bytes.len() as u64;
        sizes.marks += (batch.tags.len() + batch.root.len()) as u64;
    }
    sizes.tiles =
        journal.tile_coordinates()?.len() as u64 * backstop_journal::tile::TILE_BYTES as u64;
    Ok(sizes)
}

fn rate(work: &'static str, count: u64, took: Duration, bar: Option<f64>) -> Row {
    Row::new(work, count as f64 / took.as_secs_f64(), "/s", bar)
}
