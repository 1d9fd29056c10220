//! `config check`: settings that are known to go wrong, of a preset, a file or a ledger; `config show`: those
//! of the service, and where each came from.

use crate::{
    args::{ConfigArgs, ConfigVerb, ServeArgs},
    commands::{init::preset, serve},
    exit::Failure,
    ledger,
    printer::{Printer, table},
};
use backstop_api::warnings;
use backstop_core::State;
use backstop_units::{Label, Timestamp};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &ConfigArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let (file, preset, strict) = match &args.verb {
        ConfigVerb::Check { file, preset, strict } => (file, preset, strict),
        ConfigVerb::Show(args) => return show(args, printer),
    };
    let name = preset.clone().or_else(|| file.as_ref().map(|file| file.display().to_string()));
    let state = match &name {
        Some(name) => begun(name)?,
        None => ledger::load(db)?,
    };
    let found = warnings(&state);
    let value = json!({ "schema": "backstop.config.v1", "warnings": found });
    printer.either(&value, || text(&found))?;
    let word = if found.len() == 1 { "warning" } else { "warnings" };
    match (strict, found.len()) {
        (true, count @ 1..) => Err(Failure::Warned(format!("{count} {word}"))),
        _ => Ok(()),
    }
}

/// The service's settings, where each came from, and whether they can be used.
fn show(args: &ServeArgs, printer: &Printer) -> Result<(), Failure> {
    let written = serve::written(args)?;
    let rows = written.rows();
    let value = json!({ "schema": "backstop.settings.v1", "settings": rows });
    printer.either(&value, || {
        let cell = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let cells =
            |row: &Value| ["name", "value", "from", "what"].map(|field| cell(row, field)).to_vec();
        table(&["setting", "value", "from", "what"], &rows.iter().map(cells).collect::<Vec<_>>())
    })?;
    serve::settings(args).map(drop)
}

/// The ledger that a preset would begin.
fn begun(name: &str) -> Result<State, Failure> {
    let genesis = preset(name)?.genesis(Label::NONE);
    let started = backstop_core::begin(&genesis, Timestamp::from_ms(1));
    let (state, _) = started.map_err(|(at, halt)| {
        Failure::Input(format!("{name}: setup command {}: {halt}", at + 1))
    })?;
    Ok(state)
}

fn text(found: &[Value]) -> String {
    if found.is_empty() {
        return "nothing is known to be wrong with these settings\n".to_owned();
    }
    let plain = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let told = found.iter().map(|row| {
        let [check, place, got, why, advice] =
            ["check", "where", "got", "why", "do"].map(|field| plain(row, field));
        format!("{place}: {check} ({got})\n  why: {why}\n  do:  {advice}\n")
    });
    told.collect::<Vec<_>>().join("\n")
}
