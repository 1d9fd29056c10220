//! `serve`: the HTTP API and the dashboard on a journal.

use crate::{
    args::ServeArgs,
    commands::keys,
    exit::Failure,
    files,
    ledger::{self, engine_failure},
    printer::Printer,
};
use backstop_engine::{Engine, Options, StoryClock, read_model::beside};
use backstop_journal::checkpoint::Checkpoint;
use backstop_server::{Mounted, ServeError, Settings, Signer, Site, config::Written};
use backstop_units::Span;
use ed25519_dalek::SigningKey;
use serde_json::json;
use std::path::Path;

pub(crate) fn run(args: &ServeArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let mut settings = settings(args)?;
    settings.server_db.get_or_insert_with(|| db.with_file_name("server.db"));
    settings.risk_runs.get_or_insert_with(|| db.with_file_name("risk-runs"));
    backstop_server::init_log(&settings);
    let read_model = settings.read_model.clone().unwrap_or_else(|| beside(db));
    let options = if args.story { after_the_story(db)? } else { Options::default() };
    let options = Options {
        confirm_clock: args.confirm_clock,
        read_model: Some(read_model),
        snapshot_every: settings.snapshot_every,
        journal_bytes: settings.journal_bytes,
        ..options
    };
    let engine = Engine::open(db, options).map_err(|error| engine_failure(db, &error))?;
    let title = engine.ledger().to_string();
    let signer =
        settings.checkpoint_key.as_deref().map(|file| signer(file, &engine)).transpose()?;
    let mounted = Mounted { name: String::new(), title, engine, signer };
    let site = Site { ledgers: vec![mounted], settings };
    until_interrupted(site, printer)
}

/// From the last record of a story to where its clock goes on.
const AFTER: Span = Span::from_ms(1_000);

/// With a clock that goes on where a journal's story ends.
///
/// # Errors
/// [`Failure`] of the journal.
pub(crate) fn after_the_story(db: &Path) -> Result<Options, Failure> {
    let end = ledger::load(db)?.meta.now;
    Ok(Options::with_clock(StoryClock::from(end.plus(AFTER))))
}

/// Signs heads with the key of a file.
fn signer(file: &Path, engine: &Engine) -> Result<Signer, Failure> {
    Ok(signing(keys::load(file)?, "backstop", engine))
}

/// Signs heads of a ledger's log under a name.
pub(crate) fn signing(key: SigningKey, name: &'static str, engine: &Engine) -> Signer {
    let origin = format!("backstop/{}", engine.ledger());
    Signer::new(move |head| {
        let root = *head.root.bytes();
        let head = Checkpoint { origin: origin.clone(), size: head.size, root };
        head.sign(&key, name).map_err(|error| error.to_string())
    })
}

/// Serves until Ctrl-C or SIGTERM; requests under way are answered.
///
/// # Errors
/// [`Failure::Environment`] when the address can't be had, or a file that a setting names can't be used.
pub(crate) fn until_interrupted(site: Site, printer: &Printer) -> Result<(), Failure> {
    let scheme = if site.settings.tls_cert.is_some() { "https" } else { "http" };
    let running = site.start().map_err(|error| {
        let hint = match error {
            ServeError::Listen { .. } => {
                "\n\nhint: name another address with --listen; port 0 takes a free one"
            }
            _ => "",
        };
        Failure::Environment(format!("{error}{hint}"))
    })?;
    let stopper = running.stopper();
    files::end_when_interrupted(move || stopper.stop());
    let address = format!("{scheme}://{}/", running.address());
    printer.either(&json!({ "schema": "backstop.serve.v1", "address": address }), || {
        format!("Open {address} in a browser; Ctrl-C ends.\n")
    })?;
    running.wait();
    Ok(())
}

/// The settings of a run: flags, environment, file, defaults.
///
/// # Errors
/// [`Failure::Input`] for what is no setting or has a wrong value.
pub(crate) fn settings(args: &ServeArgs) -> Result<Settings, Failure> {
    Settings::read(&written(args)?).map_err(|error| Failure::Input(error.to_string()))
}

/// What was written of them, and where.
pub(crate) fn written(args: &ServeArgs) -> Result<Written, Failure> {
    let mut flags = Vec::new();
    for pair in &args.set {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Failure::Input(format!(
                "`--set {pair}`: expected NAME=VALUE; `backstop config show` lists the names"
            ))
        })?;
        flags.push((name.to_owned(), value.to_owned()));
    }
    let named = [("listen", &args.listen), ("public_url", &args.public_url)];
    flags.extend(
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))),
    );
    let file = args.config.as_ref().map(|file| files::read(file)).transpose()?;
    Written::gather(&flags, |name| std::env::var(name).ok(), file.as_deref())
        .map_err(|error| Failure::Input(error.to_string()))
}
