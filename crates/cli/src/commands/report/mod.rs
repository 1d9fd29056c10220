//! `report`: an auditor's pack of a period, as one page, a CSV file for each table, and one JSON file.
//!
//! What it says of money comes out of `backstop_export::report`; here are the period, what anchors the log, changed
//! settings, and the files. The same journal and period give the same bytes: no clock, path or machine is in it.

mod anchors;
mod files;
mod period;
mod settings;

use crate::{
    args::ReportArgs,
    exit::Failure,
    ledger::{self, Step},
    printer::Printer,
};
use anchors::Anchors;
use backstop_core::{Entry, State};
use backstop_engine::verify::{VerifyOptions, VerifyReport, verify};
use backstop_export::{
    ExportError,
    report::{Gather, Period, Sheet},
};
use backstop_units::{Hash, Label, Seq, Timestamp};
use serde_json::json;
use settings::Settings;
use std::{ops::ControlFlow, path::Path};

/// A pack before it is written.
struct Pack {
    ledger: Label,
    period: Period,
    /// The moment that it is made up for.
    as_of: Timestamp,
    /// Whether the ledger's clock had not come to the period's end.
    unfinished: bool,
    /// The first record of the period, and the one after its last.
    first: Seq,
    next: Seq,
    state_hash: Hash,
    /// Records of the whole journal, which was verified.
    verified: u64,
    /// The signed head that covers the period's last record, if one is kept in the journal.
    checkpoint: Option<String>,
    sheets: Vec<Sheet>,
}

pub(crate) fn run(args: &ReportArgs, printer: &Printer) -> Result<(), Failure> {
    crate::files::folder::check(&args.out)?;
    let anchors = Anchors::open(&args.file)?;
    let period = period::of(args, anchors.began()?, anchors.clock()?)?;
    let report = sound(&args.file)?;
    let pack = pack(&args.file, period, &anchors, &report)?;
    let written = files::write(&pack, &args.out)?;
    let value = json!({
        "schema": "backstop.report.written.v1", "ledger": pack.ledger, "from": period.from, "until": period.until,
        "as_of": pack.as_of, "records": pack.next.get() - pack.first.get(), "state_hash": pack.state_hash,
        "folder": args.out, "files": written,
    });
    printer.either(&value, || {
        format!(
            "{} records from {} up to {}, in {} files\nOpen {} first.\n",
            pack.next.get() - pack.first.get(),
            period.from,
            pack.as_of,
            written.len(),
            args.out.join(files::PAGE).display()
        )
    })
}

/// Verifies the whole journal: nobody should sign figures out of one that is not sound.
fn sound(file: &Path) -> Result<VerifyReport, Failure> {
    let options = VerifyOptions { signatures: true, pages: true, checkpoint: None };
    let report = verify(file, &options).map_err(|error| Failure::file(file, &error))?;
    if report.is_clean() {
        return Ok(report);
    }
    Err(Failure::Unverified(format!(
        "{}: not what it should be, so there is no report of it\n\nhint: `backstop verify {}` says what is wrong",
        file.display(),
        file.display()
    )))
}

fn pack(
    file: &Path,
    period: Period,
    anchors: &Anchors,
    report: &VerifyReport,
) -> Result<Pack, Failure> {
    let (mut gather, mut settings) = (Gather::new(period), Settings::default());
    let state = ledger::steps(file, |step| {
        match step {
            Step::Before(_, record) if record.time >= period.until => {
                return Ok(ControlFlow::Break(()));
            }
            Step::Before(state, record) if period.contains(record.time) => {
                gather.open(state).map_err(told)?;
            }
            Step::After(state, record) if period.contains(record.time) => {
                gather.record(state, record).map_err(told)?;
                settings.record(state, record);
            }
            Step::Before(..) | Step::After(..) => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let clock = anchors.clock()?;
    let (as_of, next) = (period.until.min(clock), state.meta.next);
    let first = gather.first().unwrap_or(next);
    let mut sheets = gather.finish(&state, as_of).map_err(told)?;
    sheets.extend(settings.sheets());
    let state_hash = state.hash();
    let (checkpoint, sheet) = anchors.sheet((first, next), (state_hash, &invariants(&state)?))?;
    sheets.push(sheet);
    Ok(Pack {
        ledger: state.meta.ledger,
        period,
        as_of,
        unfinished: clock < period.until,
        first,
        next,
        state_hash,
        verified: report.size,
        checkpoint,
        sheets,
    })
}

/// That every numbered invariant holds in the state at the period's end.
fn invariants(state: &State) -> Result<String, Failure> {
    let broken = |corrupt| Failure::Unverified(format!("an invariant is broken: {corrupt}"));
    backstop_core::invariants::check(state).map_err(broken)?;
    Ok("hold".to_owned())
}

fn told(error: ExportError) -> Failure {
    match error {
        ExportError::Refused(reject) => Failure::Rejected(reject),
        other => Failure::machine(&other),
    }
}

/// Who sent a record: the actor's label, or the genesis.
fn sender(entry: &Entry) -> String {
    match entry {
        Entry::Genesis(_) => "genesis".to_owned(),
        Entry::Command(command) => command.actor.to_string(),
    }
}
