//! The files of a pack: one page, a CSV file for each table, everything as JSON, the signed head.

use super::Pack;
use crate::{
    exit::Failure,
    files::{self, Unfinished},
};
use backstop_export::{picture::Cell, report::Sheet};
use serde_json::{Map, Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The page to open first.
pub(super) const PAGE: &str = "report.md";
const JSON: &str = "report.json";
const CHECKPOINT: &str = "checkpoint";

/// Refuses a folder that holds something.
///
/// # Errors
/// [`Failure::Input`], [`Failure::Environment`].
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    if !folder.exists() {
        return Ok(());
    }
    let mut inside = fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    match inside.next() {
        None => Ok(()),
        Some(_) => Err(Failure::Input(format!(
            "{}: not empty, and a report is never written over another\n\nhint: name a new folder with --out",
            folder.display()
        ))),
    }
}

/// Writes the pack, whole or not at all; returns the names of its files.
///
/// # Errors
/// [`Failure::Environment`].
pub(super) fn write(pack: &Pack, folder: &Path) -> Result<Vec<String>, Failure> {
    let told = |error: std::io::Error| Failure::file(folder, &error);
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(told)?;
    }
    let partial = Unfinished::folder(partial(folder))?;
    let mut names = Vec::new();
    let mut put = |name: String, text: &str| {
        let path = partial.path().join(&name);
        names.push(name);
        files::write(&path, |out| {
            out.write_all(text.as_bytes()).map_err(|error| Failure::file(&path, &error))
        })
    };
    put(PAGE.to_owned(), &page(pack))?;
    put(JSON.to_owned(), &format!("{:#}\n", whole(pack)))?;
    for sheet in &pack.sheets {
        put(file(sheet), &sheet.table.csv())?;
    }
    if let Some(text) = &pack.checkpoint {
        put(CHECKPOINT.to_owned(), text)?;
    }
    if folder.exists() {
        fs::remove_dir(folder).map_err(told)?;
    }
    fs::rename(partial.path(), folder).map_err(told)?;
    Ok(names)
}

fn partial(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    folder.with_file_name(name)
}

fn file(sheet: &Sheet) -> String {
    format!("{}.csv", sheet.name)
}

/// The whole pack for people.
fn page(pack: &Pack) -> String {
    let Pack { ledger, period, as_of, first, next, .. } = pack;
    let mut text = format!("# Auditor's pack of ledger `{ledger}`\n\n");
    let facts = [
        ("from", period.from.to_string()),
        ("up to, and without", period.until.to_string()),
        ("made up for", as_of.to_string()),
        ("records", records(pack)),
        ("hash of the state", format!("`{}`", pack.state_hash)),
        (
            "verified",
            format!(
                "integrity, books, rules and signatures of all {} records: sound",
                pack.verified
            ),
        ),
    ];
    text.push_str("| fact | value |\n| --- | --- |\n");
    for (name, value) in facts {
        text.push_str(&format!("| {name} | {value} |\n"));
    }
    if pack.unfinished {
        text.push_str(&format!(
            "\n**The period is not over by the ledger's clock: figures are those up to {as_of}.**\n"
        ));
    }
    text.push_str(&format!(
        "\nAmounts here are in whole units; the CSV files and `{JSON}` have the same tables in atoms, the smallest unit of \
         each asset. Every figure comes out of the log's records {first} and later, or of the state before record \
         {next}.\n"
    ));
    for sheet in &pack.sheets {
        let (caption, file) = (&sheet.table.caption, file(sheet));
        text.push_str(&format!("\n## {caption}\n\n{} File: `{file}`.\n", sheet.note));
        if sheet.table.rows.is_empty() {
            text.push_str("\nNone.\n");
        } else if sheet.shown > 0 {
            text.push_str(&format!("\n{}", sheet.table.markdown(sheet.shown)));
        } else {
            text.push_str(&format!("\n{} rows, in the file only.\n", sheet.table.rows.len()));
        }
    }
    text
}

fn records(pack: &Pack) -> String {
    match pack.next.get().checked_sub(pack.first.get()) {
        None | Some(0) => "none".to_owned(),
        Some(count) => format!("{count}: {} to {}", pack.first, pack.next.get() - 1),
    }
}

/// The whole pack for programs: amounts are strings of atoms.
fn whole(pack: &Pack) -> Value {
    let sheets = pack.sheets.iter().map(|sheet| {
        let rows = sheet.table.rows.iter().map(|row| {
            let cells = sheet.table.columns.iter().zip(row).map(|(column, cell)| {
                let value = match cell {
                    Cell::Amount { atoms, .. } => atoms,
                    Cell::Text(words) | Cell::Number(words) => words,
                };
                (column.clone(), Value::String(value.clone()))
            });
            Value::Object(cells.collect::<Map<_, _>>())
        });
        let rows: Vec<Value> = rows.collect();
        (
            sheet.name.to_owned(),
            json!({ "caption": sheet.table.caption, "note": sheet.note, "rows": rows }),
        )
    });
    json!({
        "schema": "backstop.report.v1",
        "ledger": pack.ledger,
        "from": pack.period.from,
        "until": pack.period.until,
        "as_of": pack.as_of,
        "period_is_over": !pack.unfinished,
        "first_record": pack.first,
        "next_record": pack.next,
        "state_hash": pack.state_hash,
        "verified_records": pack.verified,
        "sheets": sheets.collect::<Map<_, _>>(),
    })
}
