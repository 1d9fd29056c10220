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
use backstop_engine::{Clock, SystemClock};
use backstop_risk::desk::{
    self, Inputs, Report, Setup,
    error::DeskError,
    inputs::Texts,
    run::{Maker, Parts},
};
use backstop_server::risk::files::{from_folder, waterfall};
use registry::Kept;
use serde_json::json;
use std::path::Path;
use watch::Watch;

pub(crate) fn run(args: &RiskArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let only = Parts::default();
    let (asked, parts) = match &args.verb {
        RiskVerb::Message(args) => return message::run(args, printer),
        RiskVerb::Report { run, out } => {
            folder::check(out)?;
            let report = Work::read(run, db)?.report((Parts::ALL, true), printer)?;
            return written(&report, out, printer);
        }
        RiskVerb::Size(run) => (run, Parts { size: true, sensitivity: true, ..only }),
        RiskVerb::Stress(run) => (run, Parts { stress: true, ..only }),
        RiskVerb::Backtest(run) => (run, Parts { back_test: true, ..only }),
        RiskVerb::Forecast { run, registry } => {
            // One that can't be read is told before the work.
            let registry = registry.as_deref().map(Kept::open).transpose()?;
            let work = Work::read(run, db)?;
            shown(&work.report((Parts { forecast: true, ..only }, false), printer)?, printer)?;
            return registry.map_or(Ok(()), |registry| registry.enter(&work, printer));
        }
        RiskVerb::Fee(run) => (run, Parts { fee: true, ..only }),
        RiskVerb::Tranche(run) => (run, Parts { tranches: true, ..only }),
    };
    shown(&Work::read(asked, db)?.report((parts, false), printer)?, printer)
}

fn shown(report: &Report, printer: &Printer) -> Result<(), Failure> {
    let value = serde_json::to_value(report).map_err(|error| Failure::machine(&error))?;
    printer.either(&value, || backstop_export::risk::summary_text(report))
}

/// All that a run works on, read.
#[derive(Debug)]
struct Work {
    setup: Setup,
    texts: Texts,
    inputs: Inputs,
    threads: Option<usize>,
}

impl Work {
    fn read(asked: &RiskRun, db: &Path) -> Result<Self, Failure> {
        let (setup, texts, found) = inputs::read(asked, db)?;
        let mut inputs = Inputs::read(&setup, &texts).map_err(|error| told(&error))?;
        inputs.waterfall = Some(waterfall(&setup).map_err(Failure::Input)?);
        if let Some(found) = found {
            (inputs.fund, inputs.notes) = (Some(found.fund), found.notes);
        }
        Ok(Self { setup, texts, inputs, threads: asked.threads })
    }

    /// Makes the report. With `lenient`, parts whose files are not there are left out and named.
    fn report(
        &self,
        (parts, lenient): (Parts, bool),
        printer: &Printer,
    ) -> Result<Report, Failure> {
        let parts = if lenient { self.inputs.possible(parts) } else { parts };
        let maker = Maker {
            program: format!("backstop {}", env!("CARGO_PKG_VERSION")),
            made_at: SystemClock::default().now().to_string(),
        };
        let watch = Watch::new(printer);
        let work = || desk::run::run(&self.setup, &self.inputs, (parts, &maker), &watch);
        let made = desk::threads::on(self.threads, work);
        watch.finish();
        made.map_err(|error| told(&error))
    }
}

/// The same settings with names of files that hold wherever the settings file lies.
fn anywhere(setup: &Setup) -> Setup {
    let mut setup = setup.clone();
    // Where the machine can't say which folder this is, names stay as they are.
    if let Ok(here) = std::env::current_dir() {
        from_folder(&mut setup, &here);
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
