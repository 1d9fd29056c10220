//! Kills the writer at random points and looks whether every acknowledged command is there, once.
//!
//! The child is this very test binary, run for one test with `BACKSTOP_KILL_CHILD` set. It writes
//! chains of commands and prints an id only after its answer; the parent kills it and verifies the
//! file. `BACKSTOP_KILLS` sets how often, `BACKSTOP_SEED` repeats a run.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command as Process, Stdio},
    time::Duration,
};

use backstop_core::{
    Body, Command, Entry, Record,
    command::{AssessLoss, DeclareLoss, PlaceLoss},
    policy::Cause,
    state::{Loss, LossStatus},
};
use backstop_engine::{Engine, Options, VerifyOptions, read_model::beside, verify};
use backstop_journal::{Access, SqliteJournal};
use backstop_testkit::world::label;
use backstop_units::{Amount, Hash, Label, LossId};

use crate::{
    read_model::{caught_up, tables},
    support::{Maker, SECOND, genesis, settle_down},
};

const CHILD: &str = "BACKSTOP_KILL_CHILD";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn every_acknowledged_command_survives_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        child(&PathBuf::from(path));
    }
    let clock = || RandomState::new().hash_one(0);
    let seed = number("BACKSTOP_SEED").unwrap_or_else(clock);
    let kills = number("BACKSTOP_KILLS").unwrap_or(10);
    println!("BACKSTOP_SEED={seed} BACKSTOP_KILLS={kills}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut random = Maker::new(seed);
    let mut acknowledged: Vec<(Label, u64)> = Vec::new();
    drop(Engine::create(&path, &genesis(), random.options()).unwrap());
    for round in 0..kills {
        let after = Duration::from_micros(random.below(60_000));
        let before = acknowledged.len();
        run_and_kill(&path, seed ^ (round << 32), after, &mut acknowledged);
        check(&path, &acknowledged);
        println!("kill {round} after {after:?}: {} more", acknowledged.len() - before);
    }
    assert!(kills < 5 || !acknowledged.is_empty(), "no child ever got an answer");
    history_is_whole(&path, &random);
}

/// A read model that was killed between its transactions goes on, and is what one built anew is.
fn history_is_whole(path: &Path, maker: &Maker) {
    let built = || {
        let options = Options { read_model: Some(beside(path)), ..maker.options() };
        let engine = Engine::open(path, options).unwrap();
        caught_up(&engine);
        assert_eq!(engine.read_model().unwrap().status().rebuilt, None);
        drop(engine);
        tables(&beside(path))
    };
    let killed = built();
    std::fs::remove_file(beside(path)).unwrap();
    for (table, rows) in built() {
        assert_eq!(rows, killed[table], "{table}");
    }
}

/// Starts a child, lets it answer once, waits, kills it, and collects what it acknowledged.
fn run_and_kill(path: &Path, seed: u64, after: Duration, acknowledged: &mut Vec<(Label, u64)>) {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::every_acknowledged_command_survives_a_kill", "--nocapture"])
        .env(CHILD, path)
        .env("BACKSTOP_SEED", seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let mut answered = false;
    while !answered && lines.read_line(&mut line).unwrap() > 0 {
        answered = take(&line, acknowledged);
        line.clear();
    }
    assert!(answered, "the child ended by itself");
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines.lines() {
        take(&line.unwrap(), acknowledged);
    }
}

/// Reads an acknowledgement; the last line may have been cut by the kill.
fn take(line: &str, acknowledged: &mut Vec<(Label, u64)>) -> bool {
    let mut words = line.split_whitespace();
    let (Some("ack"), Some(id), Some(seq), Some("end")) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    acknowledged.push((Label::parse(id).unwrap(), seq.parse().unwrap()));
    true
}

/// Every acknowledged command stands in the log once, where its answer said; the log is clean.
fn check(path: &Path, acknowledged: &[(Label, u64)]) {
    let journal = SqliteJournal::open(path, Access::ReadOnly).unwrap();
    let mut found: HashMap<Label, u64> = HashMap::new();
    for batch in journal.batches_from(0) {
        for record in batch.unwrap().records() {
            let record = Record::decode(record.unwrap().1).unwrap();
            let Entry::Command(command) = record.entry else { continue };
            let other = found.insert(command.id, record.seq.get());
            assert_eq!(other, None, "{} is recorded twice", command.id);
        }
    }
    for (id, seq) in acknowledged {
        assert_eq!(found.get(id), Some(seq), "{id} was acknowledged");
    }
    let report = verify(path, &VerifyOptions { pages: true, ..VerifyOptions::default() }).unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// Writes until it is killed.
fn child(path: &Path) -> ! {
    let mut maker = Maker::new(number("BACKSTOP_SEED").unwrap());
    let options = Options {
        snapshot_every: 150,
        batch_commands: 20,
        read_model: Some(beside(path)),
        ..maker.options()
    };
    let engine = Engine::open(path, options).unwrap();
    // Time goes on where the log ends, and the first id of this child follows the last one's.
    let last = engine.read(|state| state.meta.now);
    maker.wait(last.since(maker.now).plus(SECOND));
    let interrupted: Vec<LossId> = engine.read(|state| {
        let open = |loss: &Loss| matches!(loss.status, LossStatus::Declared | LossStatus::Open);
        state.losses.iter().filter(|(_, loss)| open(loss)).map(|(id, _)| id).collect()
    });
    for loss in interrupted {
        place(&engine, &mut maker, loss);
    }
    let mut sent: Vec<Command> = Vec::new();
    loop {
        maker.wait(SECOND);
        let mut commands: Vec<Command> = (0..=maker.below(30)).map(|_| maker.any()).collect();
        // Now and then an old command again: it must not be recorded a second time.
        if let Some(old) = sent.last() {
            commands.push(old.clone());
        }
        acknowledge(&engine, &commands);
        sent.extend(commands.pop());
        loss(&engine, &mut maker);
    }
}

/// A loss that takes three commands, each of which may be the last.
fn loss(engine: &Engine, maker: &mut Maker) {
    let (market, cause, estimate) = (label("sol"), Cause::Bankruptcy, Amount::new(1));
    let declare = DeclareLoss { market, cause, account: None, estimate };
    acknowledge(engine, &[maker.command("risk", declare)]);
    settle_down(engine);
    let declared = engine.read(|state| state.losses.len());
    place(engine, maker, LossId::new(u32::try_from(declared - 1).unwrap()));
}

/// What is left of a declared loss.
fn place(engine: &Engine, maker: &mut Maker, loss: LossId) {
    let amount = Amount::new(1 + u128::from(maker.below(900)));
    let evidence = Hash::new([9; 32]);
    let rest: [Body; 2] = [AssessLoss { loss, amount, evidence }.into(), PlaceLoss { loss }.into()];
    for body in rest {
        acknowledge(engine, &[maker.command("risk", body)]);
    }
}

/// Sends commands and prints what was answered, one whole line at a time.
fn acknowledge(engine: &Engine, commands: &[Command]) {
    let answers = engine.call_many(commands.to_vec());
    let mut out = std::io::stdout().lock();
    for (command, answer) in commands.iter().zip(answers) {
        // A gate that an interrupted loss left shut refuses stakes; that is the rules' business.
        if let Ok(receipt) = answer {
            let line = format!("ack {} {} end\n", command.id, receipt.seq);
            out.write_all(line.as_bytes()).unwrap();
        }
    }
    out.flush().unwrap();
}
