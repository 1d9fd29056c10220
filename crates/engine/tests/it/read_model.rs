//! The read model against naive scans of the log, and against the state at every record.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use backstop_core::{
    Entry, Event, Record, State,
    fund::coverage,
    ledger::{LedgerAccount, postings},
    replay, replay_genesis,
};
use backstop_engine::{
    Engine, EngineError, Options, ReadModel,
    read_model::{
        FundPart, Level, MoveFilter, Party, ReadModelError, Reason, Rebuilt, RecordFilter, Series,
        TABLE_NAMES, beside,
    },
};
use backstop_journal::{BatchBuilder, GenesisMeta, SqliteJournal, TreeState};
use backstop_testkit::{World, script};
use backstop_units::{AccountId, Amount, FundId, LossId, Seq, Timestamp, TrancheId};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rusqlite::{Connection, types::Value};

use crate::support::{Maker, SECOND, genesis, open, settle_down};

const PATIENCE: Duration = Duration::from_secs(60);

/// A journal that holds these records, a few in each batch.
fn journal_of(path: &Path, ledger: [u8; 16], records: &[Vec<u8>]) {
    let mut journal = SqliteJournal::create(path, &GenesisMeta { ledger_id: ledger }).unwrap();
    let mut tree = TreeState::new();
    for some in records.chunks(7) {
        let mut builder = BatchBuilder::new(tree);
        for record in some {
            builder.push(record).unwrap();
        }
        journal.append(&builder.finish()).unwrap();
        tree = builder.tree().clone();
    }
}

/// The frozen log of the rules: every kind of event that they know.
fn frozen() -> Vec<Vec<u8>> {
    let mut bytes = include_bytes!("../../../core/tests/golden/rules-v1.bin").as_slice();
    let mut records = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (record, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        records.push(record.to_vec());
        bytes = rest;
    }
    records
}

/// A random world's log.
fn random(runner: &mut TestRunner) -> Vec<Vec<u8>> {
    let script = script().new_tree(runner).unwrap().current();
    let mut world = World::of(&script.setup);
    for step in &script.steps {
        world.wait(step.wait);
        let command = step.command(&mut world);
        let _ = world.try_command(&command);
    }
    world.log
}

mod frames;

struct Logged {
    _folder: tempfile::TempDir,
    path: PathBuf,
    records: Vec<Record>,
    engine: Engine,
}

fn options(path: &Path) -> Options {
    Options { read_model: Some(beside(path)), snapshot_every: 0, ..Options::default() }
}

/// An engine over a log, whose read model has caught up.
fn logged(log: &[Vec<u8>]) -> Logged {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let records: Vec<Record> = log.iter().map(|bytes| Record::decode(bytes).unwrap()).collect();
    let Entry::Genesis(genesis) = &records[0].entry else { panic!("no genesis") };
    journal_of(&path, *genesis.ledger.bytes(), log);
    let engine = Engine::open(&path, options(&path)).unwrap();
    caught_up(&engine);
    Logged { _folder: folder, path, records, engine }
}

pub(crate) fn caught_up(engine: &Engine) {
    let last = Seq::new(engine.head().size - 1);
    let model = engine.read_model().unwrap();
    model.wait_for(last, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
}

/// Every row of every table.
pub(crate) fn tables(path: &Path) -> BTreeMap<&'static str, Vec<Vec<Value>>> {
    let connection = Connection::open(path).unwrap();
    let rows = |table| {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let order: Vec<String> = (1..=columns).map(|column| column.to_string()).collect();
        let sql = format!("SELECT * FROM {table} ORDER BY {}", order.join(", "));
        statement = connection.prepare(&sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    TABLE_NAMES.into_iter().map(|table| (table, rows(table))).collect()
}

/// All pages of a list, one after the other.
fn all_moves(
    model: &ReadModel,
    fund: FundId,
    limit: usize,
) -> Vec<backstop_engine::read_model::FundMove> {
    let mut filter = MoveFilter { limit, ..MoveFilter::default() };
    let mut moves = Vec::new();
    loop {
        let page = model.fund_moves(fund, &filter).unwrap().value;
        moves.extend(page.rows);
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            moves.reverse();
            return moves;
        }
    }
}

fn account_of(fund: FundId, part: FundPart) -> LedgerAccount {
    match part {
        FundPart::Reserve => LedgerAccount::Reserve(fund),
        FundPart::Contributions => LedgerAccount::Contributions(fund),
        FundPart::Tranche(tranche) => LedgerAccount::Tranche(tranche),
        FundPart::Idle => LedgerAccount::Idle(fund),
        FundPart::Revenue => LedgerAccount::Revenue(fund),
    }
}

/// What the read model says of funds is what the state says, at every record.
fn funds_fit(logged: &Logged) -> usize {
    let model = logged.engine.read_model().unwrap();
    let mut state = replay_genesis(&logged.records[0]).unwrap();
    let all = logged.engine.read(|state| state.funds.len());
    let moves: Vec<_> =
        (0..).take(all).map(|fund| all_moves(model, FundId::new(fund), 3)).collect();
    let mut seen = 0;
    for record in &logged.records {
        if record.seq.get() > 0 {
            replay(&mut state, record).unwrap();
        }
        for (id, fund) in state.funds.iter() {
            let mine = &moves[id.get() as usize];
            let until: Vec<_> = mine.iter().filter(|one| one.seq <= record.seq).collect();
            let balance = until.iter().rev().find(|one| one.part.in_balance());
            let total = coverage(&state, id, fund).unwrap().total();
            assert_eq!(
                balance.map_or(Amount::ZERO, |one| one.balance),
                total,
                "{id} {}",
                record.seq.get()
            );
            let mut sums: BTreeMap<FundPart, i128> = BTreeMap::new();
            for one in &until {
                let amount = i128::try_from(one.amount.get()).unwrap();
                *sums.entry(one.part).or_default() += if one.is_out { -amount } else { amount };
                assert_eq!(u128::try_from(sums[&one.part]).unwrap(), one.after.get());
            }
            for (part, sum) in sums {
                let held = state.ledger.owed(account_of(id, part), fund.asset);
                assert_eq!(
                    u128::try_from(sum).unwrap(),
                    held.get(),
                    "{part:?} at {}",
                    record.seq.get()
                );
            }
        }
    }
    for one in moves.iter().flatten() {
        let record = &logged.records[usize::try_from(one.seq.get()).unwrap()];
        assert_eq!(one.time, record.time);
        seen += 1;
    }
    seen
}

/// The last sample of each tranche's shares and assets is what the state holds.
fn samples_fit(logged: &Logged) {
    let model = logged.engine.read_model().unwrap();
    let ever = (Timestamp::from_ms(0), Timestamp::from_ms(u64::MAX >> 1));
    let last = |series, level| {
        let samples = model.samples(series, level, ever).unwrap().value;
        samples.last().map_or(Amount::ZERO, |sample| sample.last)
    };
    logged.engine.read(|state| {
        for (id, tranche) in state.tranches.iter() {
            let asset = state.funds.get(tranche.fund).unwrap().asset;
            let held = state.ledger.owed(LedgerAccount::Tranche(id), asset);
            for level in [Level::Minute, Level::Hour, Level::Day] {
                let shares = last(Series::Shares(id), level).get();
                assert_eq!(shares, tranche.shares.get(), "{id} {level:?}");
                assert_eq!(last(Series::Assets(id), level), held, "{id} {level:?}");
            }
        }
    });
}

/// The same tables when the file is built anew, and when it is fed record by record.
fn rebuilt_fits(logged: Logged) {
    let Logged { _folder, path, engine, .. } = logged;
    drop(engine);
    let before = tables(&beside(&path));
    std::fs::remove_file(beside(&path)).unwrap();
    let engine = Engine::open(&path, options(&path)).unwrap();
    caught_up(&engine);
    assert_eq!(engine.read_model().unwrap().status().rebuilt, None);
    drop(engine);
    for (table, rows) in tables(&beside(&path)) {
        assert_eq!(rows, before[table], "{table}");
    }
}

#[test]
fn the_frozen_log_fits_the_state_at_every_record_and_is_rebuilt_alike() {
    let logged = logged(&frozen());
    assert!(funds_fit(&logged) > 100);
    samples_fit(&logged);
    parties_fit(&logged);
    losses_fit(&logged);
    assert!(frames::fit(&logged) > 10);
    rebuilt_fits(logged);
}

#[test]
fn random_worlds_fit_the_state_at_every_record_and_are_rebuilt_alike() {
    let mut runner = TestRunner::deterministic();
    let (mut seen, mut steps) = (0, 0);
    for _ in 0..24 {
        let logged = logged(&random(&mut runner));
        seen += funds_fit(&logged);
        samples_fit(&logged);
        parties_fit(&logged);
        losses_fit(&logged);
        steps += frames::fit(&logged);
        rebuilt_fits(logged);
    }
    assert!(seen > 300, "{seen}");
    assert!(steps > 100, "{steps}");
}

/// The handles that an event spells in its JSON; written without the read model's own walk.
fn spelled(event: &Event) -> BTreeSet<String> {
    fn collect(value: &serde_json::Value, into: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::String(text) => drop(into.insert(text.clone())),
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            serde_json::Value::Object(fields) => {
                fields.values().for_each(|value| collect(value, into));
            }
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    let mut value = serde_json::to_value(event).unwrap();
    // Where nothing overflows, nobody gets the overflow.
    if let Some(settled) = value.get_mut("liquidation_settled")
        && settled["overflow"] == "0"
    {
        settled["overflow_to"] = serde_json::Value::Null;
    }
    collect(&value, &mut all);
    all.retain(|text| Party::parse(text).is_some());
    all
}

fn found(model: &ReadModel, filter: &RecordFilter) -> Vec<u64> {
    let mut filter = filter.clone();
    let mut all = Vec::new();
    loop {
        let page = model.records(&filter).unwrap().value;
        all.extend(page.rows.iter().map(|row| row.seq.get()));
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            return all;
        }
    }
}

/// Every party is found by the records that name it, and by others only through what belongs to it.
fn parties_fit(logged: &Logged) {
    let model = logged.engine.read_model().unwrap();
    let mut naive: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in &logged.records {
        let names: BTreeSet<String> = record.events.iter().flat_map(spelled).collect();
        for name in names {
            naive.entry(name).or_default().push(record.seq.get());
        }
    }
    for (name, want) in &naive {
        let party = Party::parse(name).unwrap();
        let filter = RecordFilter {
            parties: vec![party],
            oldest_first: true,
            limit: 5,
            ..RecordFilter::default()
        };
        let got = found(model, &filter);
        if matches!(
            party,
            Party::Account(_)
                | Party::Fund(_)
                | Party::Market(_)
                | Party::Tranche(_)
                | Party::Vault(_)
                | Party::Farm(_)
        ) {
            assert!(want.iter().all(|seq| got.contains(seq)), "{name}: {want:?} {got:?}");
        } else {
            assert_eq!(&got, want, "{name}");
        }
        let newest = found(model, &RecordFilter { oldest_first: false, limit: 2, ..filter });
        assert!(newest.iter().rev().eq(&got), "{name}");
    }
}

/// Losses have their steps, and what layers had is what a replay finds just before.
fn losses_fit(logged: &Logged) {
    let model = logged.engine.read_model().unwrap();
    let losses = logged.engine.read(|state| state.losses.len());
    let steps: Vec<_> = (0..)
        .take(losses)
        .flat_map(|loss| model.loss_steps(LossId::new(loss)).unwrap().value)
        .collect();
    let mut before = replay_genesis(&logged.records[0]).unwrap();
    for record in &logged.records[1..] {
        for step in steps.iter().filter(|step| step.seq == record.seq) {
            let Event::LossPlaced(placed) = &step.event else { continue };
            let market = before.markets.get(placed.market);
            let Some(market) = market else { continue };
            let at = record.events.iter().position(|event| event == &step.event).unwrap();
            if !record.events[..at].iter().any(|event| matches!(event, Event::WaterfallSet { .. }))
            {
                let layers: Vec<_> =
                    before.layers_of(market).map(|(_, layer)| layer.source).collect();
                assert_eq!(step.layers.as_ref(), Some(&layers));
            }
            for (account, had) in &step.had {
                let mut entry = before.ledger.entry(*account, placed.asset);
                for event in &record.events[..at] {
                    postings(event, |posting| {
                        if posting.asset == placed.asset {
                            if posting.debit == *account {
                                entry.debits = entry.debits.checked_add(posting.amount).unwrap();
                            }
                            if posting.credit == *account {
                                entry.credits = entry.credits.checked_add(posting.amount).unwrap();
                            }
                        }
                        Ok::<(), ()>(())
                    })
                    .unwrap();
                }
                assert_eq!(entry.credit_balance(), *had, "{account:?} at {}", record.seq.get());
            }
            for row in placed.rows.iter().filter(|row| !row.amount.is_zero()) {
                if let backstop_core::event::Cohort::Stakers { tranche, .. } = row.cohort
                    && is_of(&before, tranche, placed.asset)
                {
                    let account = LedgerAccount::Tranche(tranche);
                    assert!(step.had.iter().any(|(known, _)| *known == account));
                }
            }
        }
        replay(&mut before, record).unwrap();
    }
}

fn is_of(state: &State, tranche: TrancheId, asset: backstop_units::AssetId) -> bool {
    let fund = state.tranches.get(tranche).map(|tranche| tranche.fund);
    fund.and_then(|fund| state.funds.get(fund)).is_some_and(|fund| fund.asset == asset)
}

#[test]
fn filters_and_pages_agree_with_a_scan() {
    let logged = logged(&frozen());
    let model = logged.engine.read_model().unwrap();
    let actor = |record: &Record| match &record.entry {
        Entry::Genesis(_) => None,
        Entry::Command(command) => logged.engine.read(|state| state.account_id(command.actor)).ok(),
    };
    let kind = |record: &Record| match &record.entry {
        Entry::Genesis(_) => 0,
        Entry::Command(command) => command.body.code(),
    };
    let kinds: BTreeSet<u16> = logged.records.iter().map(kind).collect();
    let actors: BTreeSet<u32> =
        logged.records.iter().filter_map(actor).map(AccountId::get).collect();
    let (first, last) = (logged.records[0].time, logged.records.last().unwrap().time);
    let middle = Timestamp::from_ms(first.ms().midpoint(last.ms()));
    for code in kinds {
        for who in &actors {
            for (since, until) in [(None, None), (Some(middle), None), (None, Some(middle))] {
                let who = AccountId::new(*who);
                let filter = RecordFilter {
                    parties: vec![Party::Kind(code), Party::Actor(who)],
                    since,
                    until,
                    limit: 2,
                    ..RecordFilter::default()
                };
                let want = logged.records.iter().rev().filter(|record| {
                    kind(record) == code
                        && actor(record) == Some(who)
                        && since.is_none_or(|at| record.time >= at)
                        && until.is_none_or(|at| record.time < at)
                });
                let want: Vec<u64> = want.map(|record| record.seq.get()).collect();
                assert_eq!(found(model, &filter), want, "{filter:?}");
            }
        }
    }
    let everything = RecordFilter { limit: 100, oldest_first: true, ..RecordFilter::default() };
    assert_eq!(found(model, &everything).len(), logged.records.len());
    for reason in Reason::ALL {
        let filter = MoveFilter { reason: Some(*reason), limit: 1_000, ..MoveFilter::default() };
        let fund = FundId::new(0);
        let got = model.fund_moves(fund, &filter).unwrap().value.rows;
        let mut want = all_moves(model, fund, 1_000);
        want.retain(|one| one.reason == *reason);
        want.reverse();
        assert_eq!(got, want, "{reason:?}");
    }
}

#[test]
fn settings_know_what_they_were_before() {
    let logged = logged(&frozen());
    let model = logged.engine.read_model().unwrap();
    let fund = Some(Party::Fund(FundId::new(0)));
    let changes = model.settings(fund, None, 1_000).unwrap().value.rows;
    let targets: Vec<_> =
        changes.iter().filter(|change| matches!(change.event, Event::TargetSet { .. })).collect();
    assert!(!targets.is_empty(), "{changes:?}");
    for pair in targets.windows(2) {
        assert_eq!(pair[0].before.as_ref(), Some(&pair[1].event));
    }
    assert_eq!(targets.last().unwrap().before, None);
    let named = logged.records.iter().flat_map(|record| &record.events);
    let created =
        named.filter(|event| matches!(event, Event::FundCreated { fund, .. } if fund.get() == 0));
    assert_eq!(
        created.count(),
        changes.iter().filter(|c| matches!(c.event, Event::FundCreated { .. })).count()
    );
    let mut cursor = None;
    let mut paged = Vec::new();
    loop {
        let page = model.settings(fund, cursor, 1).unwrap().value;
        paged.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, changes);
}

#[test]
fn it_follows_live_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut maker = Maker::new(11);
    let with = |maker: &Maker| Options { read_model: Some(beside(&path)), ..maker.options() };
    let engine = Engine::create(&path, &genesis(), with(&maker)).unwrap();
    for _ in 0..3 {
        maker.wait(SECOND);
        for answer in engine.call_many((0..50).map(|_| maker.any()).collect()) {
            answer.unwrap();
        }
    }
    caught_up(&engine);
    assert_eq!(engine.read_model().unwrap().applied_seq().get(), engine.head().size);
    drop(engine);
    // Without it for a while: it catches up from the journal.
    let engine = open(&path, &maker);
    for answer in engine.call_many((0..50).map(|_| maker.any()).collect()) {
        answer.unwrap();
    }
    drop(engine);
    let engine = Engine::open(&path, with(&maker)).unwrap();
    settle_down(&engine);
    caught_up(&engine);
    assert_eq!(engine.read_model().unwrap().status().rebuilt, None);
    drop(engine);
    let before = tables(&beside(&path));
    std::fs::remove_file(beside(&path)).unwrap();
    let engine = Engine::open(&path, with(&maker)).unwrap();
    caught_up(&engine);
    drop(engine);
    assert_eq!(tables(&beside(&path)), before);
}

#[test]
fn it_falls_behind_and_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut maker = Maker::new(12);
    let with = Options { read_model: Some(beside(&path)), ..maker.options() };
    let engine = Engine::create(&path, &genesis(), with).unwrap();
    caught_up(&engine);
    // Somebody else holds the file, so the read model can't write.
    let other = Connection::open(beside(&path)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..150 {
        // Each batch is a chunk of its own: more than may wait.
        let batch = (0..5).map(|_| maker.settlement()).collect();
        for answer in engine.call_many(batch) {
            answer.unwrap();
        }
    }
    settle_down(&engine);
    assert_eq!(engine.read_model().unwrap().applied_seq().get(), 1);
    assert!(engine.failed().is_none());
    other.execute_batch("ROLLBACK").unwrap();
    caught_up(&engine);
    let status = engine.read_model().unwrap().status();
    assert_eq!((status.failure, status.fell_behind), (None, 1));
}

#[test]
fn files_that_do_not_belong_are_refused_or_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let model = beside(&path);
    let mut maker = Maker::new(13);
    let with = |maker: &Maker| Options { read_model: Some(beside(&path)), ..maker.options() };
    let engine = Engine::create(&path, &genesis(), with(&maker)).unwrap();
    for answer in engine.call_many((0..20).map(|_| maker.any()).collect()) {
        answer.unwrap();
    }
    caught_up(&engine);
    drop(engine);
    let change = |sql: &str| Connection::open(&model).unwrap().execute_batch(sql).unwrap();
    let status = |maker: &Maker| {
        let engine = Engine::open(&path, with(maker)).unwrap();
        caught_up(&engine);
        engine.read_model().unwrap().status()
    };
    change("UPDATE meta SET leaf = x'00'");
    assert_eq!(status(&maker).rebuilt, Some(Rebuilt::OtherHistory));
    change("UPDATE meta SET applied = 1000");
    assert_eq!(status(&maker).rebuilt, Some(Rebuilt::OtherHistory));
    for older in [0, 1] {
        change(&format!("PRAGMA user_version = {older}"));
        assert_eq!(status(&maker).rebuilt, Some(Rebuilt::Older));
    }
    change("PRAGMA user_version = 99");
    let refused = Engine::open(&path, with(&maker)).map(drop);
    assert!(
        matches!(refused, Err(EngineError::ReadModel(ReadModelError::Newer { got: 99, .. }))),
        "{refused:?}"
    );
    change("PRAGMA user_version = 2; UPDATE meta SET ledger = zeroblob(16)");
    let refused = Engine::open(&path, with(&maker)).map(drop);
    assert!(
        matches!(refused, Err(EngineError::ReadModel(ReadModelError::OtherLedger { .. }))),
        "{refused:?}"
    );
    change("PRAGMA application_id = 1");
    let refused = Engine::open(&path, with(&maker)).map(drop);
    assert!(
        matches!(refused, Err(EngineError::ReadModel(ReadModelError::NotAReadModel { .. }))),
        "{refused:?}"
    );
    assert!(matches!(
        Engine::memory(&genesis(), with(&maker)).map(drop),
        Err(EngineError::InMemory)
    ));
}
