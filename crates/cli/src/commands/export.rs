//! `export`: the books for other programs.

use crate::{
    args::{ExportArgs, ExportFormat},
    exit::Failure,
    files, ledger,
    printer::Printer,
};
use backstop_export::{
    ExportError, claims, csv::PostingsCsv, fund_csv::FundsCsv, ledger::LedgerWriter,
};
use backstop_units::VaultLossId;
use std::{io::Write, path::Path};

pub(crate) fn run(args: &ExportArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    // A journal that can't be read is told before an output file is begun.
    drop(ledger::open(db)?);
    let fill = |out: &mut dyn Write| match args.format {
        ExportFormat::Ledger => ledger_of(db, out),
        ExportFormat::Csv => csv_of(db, out),
        ExportFormat::Funds => funds_of(db, out),
        ExportFormat::Claims => claims_of(db, args.loss.unwrap_or_default(), out),
    };
    if let Some(path) = &args.out {
        return files::write(path, fill);
    }
    let mut text = Vec::new();
    fill(&mut text)?;
    printer.text(&String::from_utf8_lossy(&text))
}

/// Writes the books of a journal for hledger and Ledger.
///
/// # Errors
/// [`Failure`] of the journal or the output.
pub(crate) fn ledger_of(db: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let mut writer = LedgerWriter::new(out);
    let state = ledger::walk(db, |state, record| writer.record(state, record).map_err(told))?;
    writer.finish(&state).map(drop).map_err(told)
}

fn csv_of(db: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let mut writer = PostingsCsv::new(out).map_err(told)?;
    ledger::walk(db, |state, record| writer.record(state, record).map_err(told))?;
    writer.finish().map(drop).map_err(told)
}

fn funds_of(db: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let mut writer = FundsCsv::new(out).map_err(told)?;
    ledger::walk(db, |state, record| writer.record(state, record).map_err(told))?;
    writer.finish().map(drop).map_err(told)
}

fn claims_of(db: &Path, loss: VaultLossId, out: &mut dyn Write) -> Result<(), Failure> {
    let state = ledger::walk(db, |_, _| Ok(()))?;
    claims::write(&state, loss, out).map_err(told)
}

fn told(error: ExportError) -> Failure {
    match error {
        ExportError::Refused(reject) => Failure::Rejected(reject),
        other => Failure::machine(&other),
    }
}
