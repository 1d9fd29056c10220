//! `risk`: the risk desk from the command line.
//!
//! All figures come out of `backstop_risk::desk`, all pages out of `backstop_export::risk`; here are files, threads,
//! progress and the clock. The same files and settings give the same report, whatever the number of threads.

mod inputs;
mod ledger;
mod message;
mod registry;
mod watch;

use crate::{
    args::{RiskArgs, RiskRun, RiskVerb},
    exit::Failure,
    files::folder,
    printer::Printer,
};
use backstop_api::Preset;
use backstop_core::Genesis;
use backstop_engine::{Clock, SystemClock};
use backstop_risk::desk::{
    Inputs, Report, Setup,
    error::DeskError,
    run::{Maker, Parts},
};
use backstop_units::Label;
use serde_json::json;
use std::path::Path;
use watch::Watch;

pub(crate) fn run(args: &RiskArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let only = Parts::default();
    let (asked, parts) = match &args.verb {
        RiskVerb::Message(args) => return message::run(args, printer),
        RiskVerb::Report { run, out } => {
            folder::check(out)?;
            let report = made(run, db, (Parts::ALL, true), printer)?;
            return written(&report, out, printer);
        }
        RiskVerb::Size(run) => (run, Parts { size: true, sensitivity: true, ..only }),
        RiskVerb::Stress(run) => (run, Parts { stress: true, ..only }),
        RiskVerb::Backtest(run) => (run, Parts { back_test: true, ..only }),
        RiskVerb::Forecast { run, registry } => {
            if let Some(file) = registry {
                registry::enter(run, db, file, printer)?;
            }
            (run, Parts { forecast: true, ..only })
        }
        RiskVerb::Fee(run) => (run, Parts { fee: true, ..only }),
        RiskVerb::Tranche(run) => (run, Parts { tranches: true, ..only }),
    };
    let report = made(asked, db, (parts, false), printer)?;
    let value = serde_json::to_value(&report).map_err(|error| Failure::machine(&error))?;
    printer.either(&value, || backstop_export::risk::summary_text(&report))
}

/// Makes the report. With `lenient`, parts whose files are not there are left out and named.
fn made(
    asked: &RiskRun,
    db: &Path,
    (parts, lenient): (Parts, bool),
    printer: &Printer,
) -> Result<Report, Failure> {
    let (setup, texts, found) = inputs::read(asked, db)?;
    let mut inputs = Inputs::read(&setup, &texts).map_err(|error| told(&error))?;
    inputs.waterfall = Some(waterfall(&setup.fund.preset)?);
    if let Some(found) = found {
        (inputs.fund, inputs.notes) = (Some(found.fund), found.notes);
    }
    let parts = if lenient { inputs.possible(parts) } else { parts };
    let maker = Maker {
        program: format!("backstop {}", env!("CARGO_PKG_VERSION")),
        made_at: SystemClock::default().now().to_string(),
    };
    let watch = Watch::new(printer);
    let work = || backstop_risk::desk::run::run(&setup, &inputs, (parts, &maker), &watch);
    let made = backstop_risk::desk::threads::on(asked.threads, work);
    watch.finish();
    made.map_err(|error| told(&error))
}

/// The ledger of a preset, whose waterfall says who pays in a crisis.
fn waterfall(preset: &str) -> Result<Genesis, Failure> {
    let preset =
        Preset::named(preset).map_err(|error| Failure::Input(format!("fund.preset: {error}")))?;
    Ok(preset.genesis(Label::parse("risk-desk").unwrap_or(Label::NONE)))
}

/// The same settings with names of files that hold wherever the settings file lies.
fn anywhere(setup: &Setup) -> Setup {
    let mut setup = setup.clone();
    // Where the machine can't say which folder this is, names stay as they are.
    if let Ok(here) = std::env::current_dir() {
        backstop_server::risk::files::from_folder(&mut setup, &here);
    }
    setup
}

/// A refusal of the desk: of what was put in.
fn told(error: &DeskError) -> Failure {
    Failure::Input(error.to_string())
}

/// Name of the page among the files.
const PAGE: &str = "report.html";

fn written(report: &Report, out: &Path, printer: &Printer) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(report).map_err(|error| Failure::machine(&error))?;
    let mut files = vec![
        (PAGE.to_owned(), backstop_export::risk::page(report)),
        ("report.json".to_owned(), json + "\n"),
        ("setup.toml".to_owned(), anywhere(&report.setup).to_toml()),
    ];
    files.extend(backstop_export::risk::tables(report));
    let names = folder::fill(out, files)?;
    let value = json!({
        "schema": "backstop.risk.written.v1", "folder": out, "files": names, "notes": report.notes,
    });
    printer.either(&value, || {
        let summary = backstop_export::risk::summary_text(report);
        let page = out.join(PAGE);
        format!("{summary}\n{} files; open {} first.\n", names.len(), page.display())
    })
}
