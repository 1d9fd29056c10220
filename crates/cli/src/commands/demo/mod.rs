//! `demo`: a real crash on a leveraged venue, under two presets side by side.
//!
//! ```text
//!   DIR/journal.db      the log, preset backstop       DIR/runs/sol-2025-10-10-kana/   the same, kana
//!   DIR/checkpoint      its head, signed
//!   DIR/books.ledger    the books
//!   DIR/waterfall.svg   who paid, as a picture
//!   DIR/losses/         a page and a picture for each loss
//! ```

mod pages;
mod text;

use crate::{
    args::DemoArgs,
    commands::checkpoint,
    exit::Failure,
    files,
    ledger::{self, Durable},
    printer::Printer,
};
use backstop_api::Preset;
use backstop_core::Genesis;
use backstop_engine::verify::{KeptCheckpoint, VerifyOptions, VerifyReport, verify};
use backstop_risk::{Bars, DemoReport, DemoSetup, RiskError};
use backstop_units::Label;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// The presets that run, the first into the folder itself.
const PRESETS: [&str; 2] = ["backstop", "kana"];
/// What is replayed, in names of folders.
const CRASH: &str = "sol-2025-10-10";

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
    let runs = PRESETS.iter().map(|preset| {
        let place = if *preset == PRESETS[0] {
            folder.clone()
        } else {
            folder.join(format!("runs/{CRASH}-{preset}"))
        };
        one(args, preset, &bars, place, printer)
    });
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let books = hledger(&folder.join("books.ledger"));
    let value = json!({
        "schema": "backstop.demo.v1",
        "folder": folder,
        "seed": args.seed,
        "prices": "SOL/USDT hourly, real (data/README.md)",
        "book": "synthetic",
        "runs": runs.iter().map(Run::value).collect::<Vec<_>>(),
        "hledger": books,
    });
    printer.either(&value, || text::summary(&folder, &bars, &runs, &books, started.elapsed()))?;
    if !args.no_serve && args.out.is_none() && std::io::stdout().is_terminal() {
        printer.note(
            "The dashboard is not part of this version; the pages under losses/ show every loss.",
        );
    }
    match runs.iter().find(|run| !run.verified.is_clean()) {
        Some(run) => Err(Failure::Unverified(format!("{} is not sound", run.folder.display()))),
        None => Ok(()),
    }
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

/// Where everything goes: the folder asked for, which must be new or empty, or the next free one.
fn folder(args: &DemoArgs) -> Result<PathBuf, Failure> {
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => (1..10_000u32)
            .map(|n| PathBuf::from(format!("runs/demo-{n}")))
            .find(|folder| !folder.exists())
            .unwrap_or_else(|| PathBuf::from("runs/demo")),
    };
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let mut entries = fs::read_dir(&folder).map_err(|error| Failure::file(&folder, &error))?;
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
    let mut durable = Durable::create(Some(&journal), &genesis, setup.begins_at())?;
    let report = backstop_risk::run(&setup, &mut durable, &mut |progress| {
        bar.set_position(progress.bars as u64);
    });
    drop(durable);
    bar.finish_and_clear();
    let report = report.map_err(|error| told(&error))?;

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
    Failure::Environment(error.to_string())
}

/// A key made of the seed, so that two runs write the same bytes. It proves nothing about who signed.
fn demo_key(seed: u64) -> SigningKey {
    let mut bytes = [0x42; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
    SigningKey::from_bytes(&bytes)
}

/// What hledger says of the books, or the command to ask it.
fn hledger(books: &Path) -> Value {
    let command = format!("hledger -f {} check --strict", books.display());
    let ran = Command::new("hledger")
        .arg("-f")
        .arg(books)
        .args(["check", "--strict"])
        .stdin(Stdio::null())
        .output();
    match ran {
        Err(_) => json!({ "ran": false, "command": command }),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr)
                .lines()
                .take(6)
                .collect::<Vec<_>>()
                .join("\n");
            json!({ "ran": true, "accepted": output.status.success(), "command": command, "said": said })
        }
    }
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
