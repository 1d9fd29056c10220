//! `checkpoint`: the journal's head, signed, to be kept elsewhere.

use crate::{
    args::CheckpointArgs,
    commands::keys,
    exit::Failure,
    ledger::{journal_failure, open},
    printer::Printer,
};
use backstop_journal::{SqliteJournal, checkpoint::Checkpoint};
use backstop_units::Label;
use ed25519_dalek::SigningKey;
use serde_json::json;
use std::path::Path;

pub(crate) fn run(args: &CheckpointArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let key = keys::load(&args.key)?;
    let journal = open(db)?;
    let note = sign(&journal, db, &key, &args.name)?;
    let value = json!({ "schema": "backstop.checkpoint.v1", "checkpoint": note, "public_key": hex::encode(key.verifying_key().to_bytes()) });
    printer.either(&value, || note.clone())
}

/// Signs the head of a journal; its origin is the ledger's id.
///
/// # Errors
/// When the journal can't be read or the name can't stand in a note.
pub(crate) fn sign(
    journal: &SqliteJournal,
    db: &Path,
    key: &SigningKey,
    name: &str,
) -> Result<String, Failure> {
    let told = |error| journal_failure(db, &error);
    let origin = format!("backstop/{}", Label::from_bytes(journal.genesis().ledger_id));
    let head = Checkpoint {
        origin,
        size: journal.size().map_err(told)?,
        root: journal.root().map_err(told)?,
    };
    head.sign(key, name).map_err(|error| Failure::Input(error.to_string()))
}
