//! `demo`: real crashes on a leveraged venue, each under every preset's rules, and real weeks of a lending vault, each
//! with and without an insurance pool.
//!
//! ```text
//!   DIR/journal.db      the log of the first run: preset backstop, SOL 2025-10-10
//!   DIR/checkpoint      its head, signed
//!   DIR/books.ledger    the books
//!   DIR/waterfall.svg   who paid, as a picture
//!   DIR/losses/         a page and a picture for each loss
//!   DIR/runs/CRASH-PRESET/   every other run: the same, with pages of its largest losses
//!   DIR/runs/WEEK-COVER/     a vault through a week: journal, checkpoint, books, vault.md, report.json
//! ```
//!
//! Everything is made in `DIR/.partial` and moved up when all of it is there.

mod dashboard;
mod pages;
mod parallel;
mod plan;
mod referees;
mod text;
mod vault;

use crate::{
    args::DemoArgs,
    commands::checkpoint,
    exit::Failure,
    files::{self, Unfinished},
    ledger::{self, Durable, engine_failure},
    printer::Printer,
};
use backstop_engine::verify::{KeptCheckpoint, VerifyOptions, VerifyReport, verify};
use backstop_risk::{Crash, DemoReport, DemoSetup, sweep::Line};
use ed25519_dalek::SigningKey;
use indicatif::ProgressBar;
use parallel::{in_parallel, threads};
use plan::{Job, Plan};
use referees::Verdict;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};
use vault::VaultRun;

/// Losses of a run that have pages, the largest ones; the first run has a page for each.
const PAGES: usize = 10;

/// Where unfinished results lie inside the folder.
const PARTIAL: &str = ".partial";

/// What to do when a run could not be written.
const NOTHING_LEFT: &str =
    "nothing of this run is left; make room there or name another folder with --out";

/// One run and where it lies.
pub(crate) struct Run {
    pub(crate) crash: &'static Crash,
    pub(crate) folder: PathBuf,
    pub(crate) report: DemoReport,
    pub(crate) verified: VerifyReport,
    pub(crate) pages: u64,
}

pub(crate) fn run(args: &DemoArgs, printer: &Printer) -> Result<(), Failure> {
    let Plan { jobs, weeks, left_out } = plan::plan(args)?;
    if let Some(seeds) = args.sweep {
        return sweep(args, seeds, &jobs, printer);
    }
    let started = Instant::now();
    let folder = folder(args)?;
    let partial = Unfinished::folder(folder.join(PARTIAL))?;
    let runs = all(args, &jobs, partial.path(), &folder, printer)
        .map_err(|failure| failure.hinting(NOTHING_LEFT))?;
    let vaults = vault::all(args, &weeks, partial.path(), &folder, printer)
        .map_err(|failure| failure.hinting(NOTHING_LEFT))?;
    move_up(partial, &folder)?;
    let named = runs.iter().map(|run| (run.name(), run.folder.join("books.ledger")));
    let vaulted = vaults.iter().map(|run| (run.name(), run.folder.join("books.ledger")));
    let most = if args.full { usize::MAX } else { 1 };
    let books: Vec<_> = named.chain(vaulted).take(most).collect();
    let verdicts = referees::ask(&books, threads(args.threads))?;
    let value = json!({
        "schema": "backstop.demo.v2",
        "folder": folder,
        "seed": args.seed,
        "prices": "real (data/README.md)",
        "book": "synthetic",
        "runs": runs.iter().map(Run::value).collect::<Vec<_>>(),
        "vaults": vaults.iter().map(VaultRun::value).collect::<Vec<_>>(),
        "left_out": left_out.iter().map(|(preset, why)| json!({ "preset": preset, "why": why })).collect::<Vec<_>>(),
        "referees": verdicts.iter().map(Verdict::value).collect::<Vec<_>>(),
    });
    printer.either(&value, || {
        let done = text::Done { folder: &folder, runs: &runs, vaults: &vaults };
        text::summary(&done, &left_out, &verdicts, started.elapsed())
    })?;
    let sound = runs.iter().map(|run| (&run.verified, &run.folder));
    let mut sound = sound.chain(vaults.iter().map(|run| (&run.verified, &run.folder)));
    if let Some((_, folder)) = sound.find(|(verified, _)| !verified.is_clean()) {
        return Err(Failure::Unverified(format!("{} is not sound", folder.display())));
    }
    if let Some(against) = verdicts.iter().find(|verdict| matches!(verdict.answer, Some(Err(_)))) {
        return Err(Failure::Unverified(format!("books not accepted by `{}`", against.command)));
    }
    if dashboard::is_wanted(args) {
        dashboard::serve(args, &runs, &vaults, printer)
    } else {
        Ok(())
    }
}

/// Does all runs below `partial`, several at once; `folder` is where they will lie.
fn all(
    args: &DemoArgs,
    jobs: &[Job],
    partial: &Path,
    folder: &Path,
    printer: &Printer,
) -> Result<Vec<Run>, Failure> {
    let bars = |job: &Job| job.feeds.iter().map(|feed| feed.bars.bars.len()).max().unwrap_or(0);
    let bar = printer.bar(jobs.iter().map(bars).sum::<usize>() as u64, "crashes");
    let runs = in_parallel(jobs, threads(args.threads), |at, job| {
        let pages = if at == 0 || args.full { usize::MAX } else { PAGES };
        let mut run = one(args, job, job.place(partial, at == 0), pages, &bar)?;
        run.folder = job.place(folder, at == 0);
        Ok(run)
    });
    bar.finish_and_clear();
    runs
}

impl Run {
    /// Its name among the runs, as that of its folder.
    fn name(&self) -> String {
        format!("{}-{}", self.crash.name, self.report.preset)
    }

    fn value(&self) -> Value {
        json!({
            "folder": self.folder,
            "crash": self.crash.name,
            "report": self.report,
            "payers": self.report.payers(),
            "records": self.verified.size,
            "root": self.verified.root,
            "state_hash": self.verified.state_hash,
            "sound": self.verified.is_clean(),
        })
    }
}

/// Moves what is finished out of its temporary place.
fn move_up(partial: Unfinished, folder: &Path) -> Result<(), Failure> {
    let told = |error: std::io::Error| Failure::file(folder, &error);
    for entry in fs::read_dir(partial.path()).map_err(told)? {
        let entry = entry.map_err(told)?;
        fs::rename(entry.path(), folder.join(entry.file_name())).map_err(told)?;
    }
    drop(partial);
    Ok(())
}

/// Where everything goes: the folder asked for, which must be new or empty, or the next free one.
fn folder(args: &DemoArgs) -> Result<PathBuf, Failure> {
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => (1..10_000u32)
            .map(|n| PathBuf::from(format!("runs/demo-{n}")))
            .find(|folder| fs::read_dir(folder).map_or(true, |mut inside| inside.next().is_none()))
            .unwrap_or_else(|| PathBuf::from("runs/demo")),
    };
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let mut entries = fs::read_dir(&folder).map_err(|error| Failure::file(&folder, &error))?;
    if folder.join(PARTIAL).exists() {
        let partial = folder.join(PARTIAL);
        return Err(Failure::Input(format!(
            "{}: left by a demo that was killed, unless one is running there now\n\n\
             hint: remove it and run again, or name a new folder",
            partial.display()
        )));
    }
    if entries.next().is_some() {
        return Err(Failure::Input(format!("{}: not empty; name a new folder", folder.display())));
    }
    Ok(folder)
}

/// One run into its folder: journal, checkpoint, books, pages of so many losses; then verifies the journal.
fn one(
    args: &DemoArgs,
    job: &Job,
    folder: PathBuf,
    most_pages: usize,
    bar: &ProgressBar,
) -> Result<Run, Failure> {
    let Job { genesis, feeds, .. } = job;
    let setup =
        DemoSetup { steps_per_leg: args.steps, ..DemoSetup::new(args.seed, genesis, feeds) };
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let journal = folder.join("journal.db");
    let mut durable = Durable::unfinished(&journal, genesis, setup.begins_at())
        .map_err(|error| engine_failure(&journal, &error))?;
    let report = backstop_risk::run(&setup, &mut durable, &mut |_| bar.inc(1));
    drop(durable);
    let report = report.map_err(|error| Failure::file(&journal, &error))?;

    let kept = sealed(args.seed, &journal, &folder)?;
    let pages = pages::write(&journal, &folder, &report, most_pages)?;
    let verified = verified(&journal, kept)?;
    Ok(Run { crash: job.crash, folder, report, verified, pages })
}

/// Signs the head of a run's journal, and keeps that beside it.
fn sealed(seed: u64, journal: &Path, folder: &Path) -> Result<KeptCheckpoint, Failure> {
    let note =
        checkpoint::sign(&ledger::open(journal)?, journal, &demo_key(seed), "backstop-demo")?;
    files::write(&folder.join("checkpoint"), |out| {
        out.write_all(note.as_bytes()).map_err(|error| Failure::file(folder, &error))
    })?;
    Ok(KeptCheckpoint { text: note, signer: None })
}

/// Verifies all of a journal against its checkpoint.
fn verified(journal: &Path, kept: KeptCheckpoint) -> Result<VerifyReport, Failure> {
    let options = VerifyOptions { signatures: true, checkpoint: Some(kept), pages: true };
    verify(journal, &options).map_err(|error| Failure::file(journal, &error))
}

/// A key made of the seed, so that two runs write the same bytes. It proves nothing about who signed.
fn demo_key(seed: u64) -> SigningKey {
    let mut bytes = [0x42; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
    SigningKey::from_bytes(&bytes)
}

/// One run over many seeds.
pub(crate) struct Swept<'a> {
    pub(crate) job: &'a Job,
    pub(crate) lines: Vec<Line>,
}

impl Swept<'_> {
    fn value(&self) -> Value {
        json!({ "crash": self.job.crash.name, "preset": self.job.preset, "lines": self.lines })
    }
}

/// The results over many seeds, in memory, run by run.
fn sweep(args: &DemoArgs, seeds: u32, jobs: &[Job], printer: &Printer) -> Result<(), Failure> {
    let mut sweeps = Vec::new();
    // The main crash, unless others were named.
    let main = |job: &&Job| !args.crash.is_empty() || job.crash.name == Crash::MAIN.name;
    for job in jobs.iter().filter(main) {
        let Job { crash, preset, genesis, feeds } = job;
        let setup = DemoSetup { steps_per_leg: args.steps, ..DemoSetup::new(0, genesis, feeds) };
        printer
            .note(&format!("{}, {preset}: {seeds} seeds, {} steps a leg", crash.name, args.steps));
        let sweep = backstop_risk::sweep(&setup, u64::from(seeds));
        let sweep = sweep.map_err(|error| Failure::machine(&error))?;
        sweeps.push(Swept { job, lines: sweep.lines() });
    }
    let value = json!({
        "schema": "backstop.sweep.v2", "seeds": seeds, "steps_per_leg": args.steps,
        "runs": sweeps.iter().map(Swept::value).collect::<Vec<_>>(),
    });
    printer.either(&value, || text::sweep(&sweeps))
}
