//! `serve`: the HTTP API and the dashboard on a journal.

use crate::{args::ServeArgs, exit::Failure, files, ledger::engine_failure, printer::Printer};
use backstop_engine::{Engine, Options, read_model::beside};
use backstop_server::{Mounted, Settings, Site, config::Written};
use serde_json::json;
use std::path::Path;

pub(crate) fn run(args: &ServeArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let settings = settings(args)?;
    backstop_server::init_log(&settings);
    let read_model = settings.read_model.clone().unwrap_or_else(|| beside(db));
    let options = Options {
        confirm_clock: args.confirm_clock,
        read_model: Some(read_model),
        ..Options::default()
    };
    let engine = Engine::open(db, options).map_err(|error| engine_failure(db, &error))?;
    let title = engine.ledger().to_string();
    let site = Site { ledgers: vec![Mounted { name: String::new(), title, engine }], settings };
    until_interrupted(site, printer)
}

/// Serves until Ctrl-C or SIGTERM; requests under way are answered.
///
/// # Errors
/// [`Failure::Environment`] when the address can't be had.
pub(crate) fn until_interrupted(site: Site, printer: &Printer) -> Result<(), Failure> {
    let running = site.start().map_err(|error| {
        Failure::Environment(format!(
            "{error}\n\nhint: name another address with --listen; port 0 takes a free one"
        ))
    })?;
    let stopper = running.stopper();
    files::end_when_interrupted(move || stopper.stop());
    let address = format!("http://{}/", running.address());
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
