//! The files of a pack: one page, a CSV file for each table, everything as JSON, the signed head.

use super::Pack;
use crate::{exit::Failure, files::folder};
use backstop_export::{picture::Cell, report::Sheet};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The page to open first.
pub(super) const PAGE: &str = "report.md";
const JSON: &str = "report.json";
const CHECKPOINT: &str = "checkpoint";

/// Writes the pack, whole or not at all; returns the names of its files.
///
/// # Errors
/// [`Failure::Environment`].
pub(super) fn write(pack: &Pack, folder: &Path) -> Result<Vec<String>, Failure> {
    let mut files =
        vec![(PAGE.to_owned(), page(pack)), (JSON.to_owned(), format!("{:#}\n", whole(pack)))];
    files.extend(pack.sheets.iter().map(|sheet| (file(sheet), sheet.table.csv())));
    files.extend(pack.checkpoint.iter().map(|text| (CHECKPOINT.to_owned(), text.clone())));
    folder::fill(folder, files)
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
                    Cell::Amount { atoms: exact, .. } | Cell::Figure { exact, .. } => exact,
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
