//! The dashboard at the demo's end: the main run, and a week of a vault for each crisis, to look at and to act on.

use super::{Run, VaultRun, demo_key};
use crate::{
    args::DemoArgs, commands::serve, exit::Failure, ledger::engine_failure, printer::Printer,
};
use backstop_engine::{Engine, Options, read_model::beside};
use backstop_risk::{Cover, WEEKS};
use backstop_server::{
    Mounted, Settings, Site,
    config::{Commands, Written},
};
use std::{io::IsTerminal, path::Path};

/// Whether a demo ends in a dashboard.
pub(super) fn is_wanted(args: &DemoArgs) -> bool {
    let watched = args.out.is_none() && std::io::stdout().is_terminal();
    !args.no_serve && (args.serve || watched)
}

/// Serves the first run at the root and the vaults' weeks with a first-loss pool below `/runs/`.
///
/// # Errors
/// [`Failure`] of a journal or the address.
pub(super) fn serve(
    args: &DemoArgs,
    runs: &[Run],
    vaults: &[VaultRun],
    printer: &Printer,
) -> Result<(), Failure> {
    let flags = [("listen".to_owned(), args.listen.clone())];
    let written = Written::gather(&flags, |name| std::env::var(name).ok(), None);
    let settings = written.and_then(|written| Settings::read(&written));
    let mut settings = settings.map_err(|error| Failure::Input(error.to_string()))?;
    // A story to play with: whoever sits at this machine may send commands.
    if settings.is_private() {
        settings.commands = Commands::Open;
    }
    backstop_server::init_log(&settings);
    let mut ledgers = Vec::new();
    if let Some(run) = runs.first() {
        let title = format!("{} under {}", run.crash.title, run.report.preset);
        ledgers.push(mounted("", title, &run.folder, args.seed)?);
    }
    let pooled = vaults.iter().filter(|run| run.report.cover == Cover::FirstLoss);
    for run in pooled {
        ledgers.push(mounted(&run.name(), heading(run.report.week), &run.folder, args.seed)?);
    }
    printer.note(
        "What you do on the dashboard is recorded in these journals; their clocks go on from the end of each story.",
    );
    serve::until_interrupted(Site { ledgers, settings }, printer)
}

/// A week's run by what happened in that week.
fn heading(week: &str) -> String {
    let found = WEEKS.iter().find(|known| known.name == week);
    format!("A vault through {}", found.map_or(week, |week| week.crisis))
}

/// Opens a run's journal with a clock that goes on where its story ends.
fn mounted(name: &str, title: String, folder: &Path, seed: u64) -> Result<Mounted, Failure> {
    let journal = folder.join("journal.db");
    let options =
        Options { read_model: Some(beside(&journal)), ..serve::after_the_story(&journal)? };
    let engine =
        Engine::open(&journal, options).map_err(|error| engine_failure(&journal, &error))?;
    let signer = Some(serve::signing(demo_key(seed), "backstop-demo", &engine));
    Ok(Mounted { name: name.to_owned(), title, engine, signer })
}
