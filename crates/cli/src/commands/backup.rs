//! `backup` and `restore`: a journal and what the service keeps beside it, copied while both are in use, and brought
//! back only if every byte of it adds up.

use crate::{
    args::{BackupArgs, RestoreArgs},
    exit::Failure,
    files,
    ledger::{self, journal_failure},
    printer::Printer,
};
use backstop_engine::verify::{KeptCheckpoint, VerifyOptions, verify};
use backstop_journal::{Access, SqliteJournal};
use backstop_server::ServerDb;
use backstop_units::Hash;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names inside a backup's folder.
const JOURNAL: &str = "journal.db";
const SERVER: &str = "server.db";
const HEAD: &str = "head.json";

pub(crate) fn backup(args: &BackupArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let folder = &args.folder;
    let journal = ledger::open(db)?;
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let copy = folder.join(JOURNAL);
    journal.copy_to(&copy).map_err(|error| journal_failure(&copy, &error))?;
    let copied = SqliteJournal::open(&copy, Access::ReadOnly);
    let copied = copied.map_err(|error| journal_failure(&copy, &error))?;
    let keys = server_db(args.server_db.as_ref(), db);
    let has_keys = keys.exists();
    if has_keys {
        let to = folder.join(SERVER);
        ServerDb::copy(&keys, &to).map_err(|error| Failure::file(&to, &error))?;
    }
    let told = |error| journal_failure(&copy, &error);
    let head = json!({
        "schema": "backstop.backup.v1", "records": copied.size().map_err(told)?,
        "root": Hash::new(copied.root().map_err(told)?), "server_db": has_keys,
    });
    let path = folder.join(HEAD);
    files::write(&path, |out| {
        writeln!(out, "{head:#}").map_err(|error| Failure::file(&path, &error))
    })?;
    printer.either(&head, || {
        format!(
            "{} records, root {}, in {}\nhint: keep it, and a signed checkpoint, on another machine\n",
            head["records"],
            head["root"].as_str().unwrap_or_default(),
            folder.display()
        )
    })
}

pub(crate) fn restore(args: &RestoreArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let from = args.folder.join(JOURNAL);
    let keys = server_db(args.server_db.as_ref(), db);
    let has_keys = args.folder.join(SERVER).exists();
    for taken in [Some(db), has_keys.then_some(keys.as_path())].into_iter().flatten() {
        if taken.exists() {
            let what = format!(
                "{}: there is one already; name another with --db, or move it away",
                taken.display()
            );
            return Err(Failure::Input(what));
        }
    }
    let head = head(&args.folder)?;
    let kept = args.checkpoint.as_ref().map(|path| files::read(path)).transpose()?;
    let checkpoint = kept.map(|text| KeptCheckpoint { text, signer: None });
    let options = VerifyOptions { signatures: true, pages: true, checkpoint };
    let report = verify(&from, &options).map_err(|error| Failure::file(&from, &error))?;
    let same = head["records"] == json!(report.size) && head["root"] == json!(report.root);
    if !report.is_clean() || !same {
        let what = format!(
            "{}: not what was backed up\n\nhint: `backstop verify {}` says what is wrong; take an older backup",
            from.display(),
            from.display()
        );
        return Err(Failure::Unverified(what));
    }
    let journal = SqliteJournal::open(&from, Access::ReadOnly);
    let journal = journal.map_err(|error| journal_failure(&from, &error))?;
    journal.copy_to(db).map_err(|error| journal_failure(db, &error))?;
    if has_keys {
        ServerDb::copy(&args.folder.join(SERVER), &keys)
            .map_err(|error| Failure::file(&keys, &error))?;
    }
    printer.either(&head, || {
        format!(
            "{} records, verified, in {}\nhint: backstop --db {} serve\n",
            report.size,
            db.display(),
            db.display()
        )
    })
}

fn server_db(given: Option<&PathBuf>, db: &Path) -> PathBuf {
    given.cloned().unwrap_or_else(|| db.with_file_name(SERVER))
}

/// What a backup says of itself.
fn head(folder: &Path) -> Result<Value, Failure> {
    let path = folder.join(HEAD);
    let text = files::read(&path)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Input(format!("{}: no backup's head: {error}", path.display())))
}
