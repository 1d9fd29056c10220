//! `proof`: that a record is in a journal, for somebody who has neither.

use crate::{
    args::{ProofArgs, ProofVerb},
    commands::{checkpoint, keys},
    exit::Failure,
    files, ledger,
    printer::Printer,
};
use backstop_engine::{RecordProof, proof::ProofError, prove, verify_proof};
use backstop_journal::{JournalError, SqliteJournal};
use backstop_units::{Hash, Seq};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;

/// A proof as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    seq: Seq,
    /// Hex digits.
    record: String,
    path: Vec<Hash>,
    checkpoint: String,
}

const SCHEMA: &str = "backstop.proof.v1";

pub(crate) fn run(args: &ProofArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    match &args.verb {
        ProofVerb::Show { seq, key } => show(Seq::new(*seq), key.as_deref(), db, printer),
        ProofVerb::Check { file } => check(file, printer),
    }
}

fn show(seq: Seq, key: Option<&Path>, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let journal = ledger::open(db)?;
    let proof = match key {
        Some(key) => against_head(&journal, seq, key, db)?,
        None => prove(&journal, seq).map_err(|error| told(db, &error))?,
    };
    let written = Written {
        schema: SCHEMA.to_owned(),
        seq,
        record: hex::encode(&proof.record),
        path: proof.path,
        checkpoint: proof.checkpoint,
    };
    let value =
        serde_json::to_value(written).map_err(|error| Failure::Environment(error.to_string()))?;
    printer.value(&value)
}

/// A proof against the present head, signed on the spot.
fn against_head(
    journal: &SqliteJournal,
    seq: Seq,
    key: &Path,
    db: &Path,
) -> Result<RecordProof, Failure> {
    let journal_error = |error: JournalError| told(db, &error.into());
    let note = checkpoint::sign(journal, db, &keys::load(key)?, "backstop")?;
    let record = journal.record(seq.get()).map_err(journal_error)?;
    let record = record.ok_or_else(|| told(db, &ProofError::NoRecord(seq)))?;
    let size = journal.size().map_err(journal_error)?;
    let path = journal.inclusion_proof(seq.get(), size).map_err(journal_error)?;
    Ok(RecordProof {
        seq,
        record,
        path: path.into_iter().map(Hash::new).collect(),
        checkpoint: note,
    })
}

fn told(db: &Path, error: &ProofError) -> Failure {
    match error {
        ProofError::NoRecord(_) => Failure::Input(error.to_string()),
        ProofError::NoCheckpoint(_) => {
            Failure::Input(format!("{error}; or give --key to sign the present head"))
        }
        _ => Failure::file(db, error),
    }
}

fn check(file: &Path, printer: &Printer) -> Result<(), Failure> {
    let text = files::read(file)?;
    let junk = |what: &dyn std::fmt::Display| Failure::Input(format!("{}: {what}", file.display()));
    let written: Written = serde_json::from_str(&text).map_err(|error| junk(&error))?;
    if written.schema != SCHEMA {
        return Err(junk(&format!("schema {:?}, this program reads {SCHEMA:?}", written.schema)));
    }
    let record = hex::decode(&written.record).map_err(|error| junk(&error))?;
    let proof = RecordProof {
        seq: written.seq,
        record,
        path: written.path,
        checkpoint: written.checkpoint,
    };
    let record =
        verify_proof(&proof, None).map_err(|error| Failure::Unverified(error.to_string()))?;
    let value = json!({ "ok": true, "seq": record.seq, "time": record.time, "record": record });
    printer.either(&value, || {
        format!("record {} of {} is in the log of this checkpoint (its signature is for you to check):\n\n{}\n", record.seq, record.time, proof.checkpoint)
    })
}
