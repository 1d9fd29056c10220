//! `demo`: a real crash on a leveraged venue, under two presets side by side.
//!
//! ```text
//!   DIR/journal.db      the log, preset backstop       DIR/runs/sol-2025-10-10-kana/   the same, kana
//!   DIR/checkpoint      its head, signed
//!   DIR/books.ledger    the books
//!   DIR/waterfall.svg   who paid, as a picture
//!   DIR/losses/         a page and a picture for each loss
//! ```
//!
//! Everything is made in `DIR/.partial` and moved up when all of it is there.

mod pages;
mod referees;
mod text;

use crate::{
    args::DemoArgs,
    commands::checkpoint,
    exit::Failure,
    files::{self, Unfinished},
    ledger::{self, Durable, engine_failure},
    printer::Printer,
};
use backstop_api::Preset;
use backstop_core::Genesis;
use backstop_engine::verify::{KeptCheckpoint, VerifyOptions, VerifyReport, verify};
use backstop_risk::{Bars, DemoReport, DemoSetup, RiskError};
use backstop_units::Label;
use ed25519_dalek::SigningKey;
use referees::Verdict;
use serde_json::{Value, json};
use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Instant,
};

/// The presets that run, the first into the folder itself.
const PRESETS: [&str; 2] = ["backstop", "kana"];
/// What is replayed, in names of folders.
const CRASH: &str = "sol-2025-10-10";

/// Where unfinished results lie inside the folder.
const PARTIAL: &str = ".partial";

/// What to do when a run could not be written.
const NOTHING_LEFT: &str =
    "nothing of this run is left; make room there or name another folder with --out";

/// One preset's run and where it lies.
pub(crate) struct Run {
    pub(crate) folder: PathBuf,
    pub(crate) report: DemoReport,
    pub(crate) verified: VerifyReport,
    pub(crate) pages: u64,
}

pub(crate) fn run(args: &DemoArgs, printer: &Printer) -> Result<(), Failure> {
    let bars = Bars::sol_crash().map_err(|error| Failure::Environment(error.to_string()))?;
    if let Some(seeds) = args.sweep {
        return sweep(args, seeds, &bars, printer);
    }
    let started = Instant::now();
    let folder = folder(args)?;
    let partial = Unfinished::folder(folder.join(PARTIAL))?;
    let place = |top: &Path, preset: &str| {
        if preset == PRESETS[0] {
            top.to_owned()
        } else {
            top.join(format!("runs/{CRASH}-{preset}"))
        }
    };
    let runs = PRESETS.iter().map(|preset| {
        let mut run = one(args, preset, &bars, place(partial.path(), preset), printer)?;
        run.folder = place(&folder, preset);
        Ok::<_, Failure>(run)
    });
    let runs =
        runs.collect::<Result<Vec<_>, _>>().map_err(|failure| failure.hinting(NOTHING_LEFT))?;
    move_up(partial, &folder)?;
    let books: Vec<_> = runs.iter().map(|run| run.folder.join("books.ledger")).collect();
    let named = runs.iter().zip(&books);
    let verdicts =
        referees::ask(named.map(|(run, path)| (run.report.preset.to_string(), path.as_path())));
    let value = json!({
        "schema": "backstop.demo.v1",
        "folder": folder,
        "seed": args.seed,
        "prices": "SOL/USDT hourly, real (data/README.md)",
        "book": "synthetic",
        "runs": runs.iter().map(Run::value).collect::<Vec<_>>(),
        "referees": verdicts.iter().map(Verdict::value).collect::<Vec<_>>(),
    });
    printer
        .either(&value, || text::summary(&folder, &bars, &runs, &verdicts, started.elapsed()))?;
    if !args.no_serve && args.out.is_none() && std::io::stdout().is_terminal() {
        printer.note(
            "The dashboard is not part of this version; the pages under losses/ show every loss.",
        );
    }
    if let Some(run) = runs.iter().find(|run| !run.verified.is_clean()) {
        return Err(Failure::Unverified(format!("{} is not sound", run.folder.display())));
    }
    if let Some(against) = verdicts.iter().find(|verdict| matches!(verdict.answer, Some(Err(_)))) {
        return Err(Failure::Unverified(format!("books not accepted by `{}`", against.command)));
    }
    Ok(())
}

impl Run {
    fn value(&self) -> Value {
        json!({
            "folder": self.folder,
            "report": self.report,
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

fn genesis(preset: &str, seed: u64) -> Result<Genesis, Failure> {
    let preset = Preset::named(preset).map_err(|error| Failure::Input(error.to_string()))?;
    let label = format!("demo-{seed:x}");
    let label = Label::parse(label.get(..16).unwrap_or(&label))
        .map_err(|error| Failure::Input(error.to_string()))?;
    Ok(preset.genesis(label))
}

/// Runs one preset into its folder: journal, checkpoint, books, pages; then verifies the journal.
fn one(
    args: &DemoArgs,
    preset: &'static str,
    bars: &Bars,
    folder: PathBuf,
    printer: &Printer,
) -> Result<Run, Failure> {
    let genesis = genesis(preset, args.seed)?;
    let setup =
        DemoSetup { steps_per_leg: args.steps, ..DemoSetup::new(args.seed, &genesis, bars) };
    let losses = folder.join("losses");
    fs::create_dir_all(&losses).map_err(|error| Failure::file(&losses, &error))?;
    let journal = folder.join("journal.db");

    let bar = printer.bar(bars.bars.len() as u64, preset);
    let mut durable = Durable::create(Some(&journal), &genesis, setup.begins_at())
        .map_err(|error| engine_failure(&journal, &error))?;
    let report = backstop_risk::run(&setup, &mut durable, &mut |progress| {
        bar.set_position(progress.bars as u64);
    });
    drop(durable);
    bar.finish_and_clear();
    let report = report.map_err(|error| Failure::file(&journal, &error))?;

    let note = checkpoint::sign(
        &ledger::open(&journal)?,
        &journal,
        &demo_key(args.seed),
        "backstop-demo",
    )?;
    files::write(&folder.join("checkpoint"), |out| {
        out.write_all(note.as_bytes()).map_err(|error| Failure::file(&folder, &error))
    })?;
    let pages = pages::write(&journal, &folder, &report)?;
    let kept = KeptCheckpoint { text: note, signer: None };
    let options = VerifyOptions { signatures: true, checkpoint: Some(kept), pages: true };
    let verified = verify(&journal, &options).map_err(|error| Failure::file(&journal, &error))?;
    Ok(Run { folder, report, verified, pages })
}

fn told(error: &RiskError) -> Failure {
    Failure::machine(error)
}

/// A key made of the seed, so that two runs write the same bytes. It proves nothing about who signed.
fn demo_key(seed: u64) -> SigningKey {
    let mut bytes = [0x42; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
    SigningKey::from_bytes(&bytes)
}

/// The results over many seeds, in memory, both presets.
fn sweep(args: &DemoArgs, seeds: u32, bars: &Bars, printer: &Printer) -> Result<(), Failure> {
    let mut sweeps = Vec::new();
    for preset in PRESETS {
        let genesis = genesis(preset, 0)?;
        let setup = DemoSetup { steps_per_leg: args.steps, ..DemoSetup::new(0, &genesis, bars) };
        printer.note(&format!("{preset}: {seeds} seeds, {} steps for each leg", args.steps));
        let sweep = backstop_risk::sweep(&setup, u64::from(seeds)).map_err(|error| told(&error))?;
        sweeps.push((preset, sweep.lines()));
    }
    let value = json!({
        "schema": "backstop.sweep.v1", "seeds": seeds, "steps_per_leg": args.steps,
        "presets": sweeps.iter().map(|(preset, lines)| json!({ "preset": preset, "lines": lines })).collect::<Vec<_>>(),
    });
    printer.either(&value, || text::sweep(&sweeps))
}
