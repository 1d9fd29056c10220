//! `risk forecast --registry`: fitted models into a file that knows what each was made from.

use crate::{args::RiskRun, exit::Failure, files, printer::Printer};
use backstop_risk::{
    desk::{Inputs, registered::entries},
    forecast::registry::Registry,
};
use std::path::Path;

/// Fits the models and enters them; what the gate keeps out is entered as refused, with the figure that decided.
pub(super) fn enter(
    asked: &RiskRun,
    db: &Path,
    file: &Path,
    printer: &Printer,
) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        let name = file.display();
        Failure::Input(format!(
            "{name}: {error}\n\nhint: name a registry, or a file that is not there"
        ))
    };
    let mut registry = if file.exists() {
        Registry::from_json(&files::read(file)?).map_err(|error| wrong(&error))?
    } else {
        Registry::new()
    };
    let (setup, texts, _) = super::inputs::read(asked, db)?;
    let inputs = Inputs::read(&setup, &texts).map_err(|error| super::told(&error))?;
    let found = entries(&inputs, &texts).map_err(|error| super::told(&error))?;
    if found.is_empty() {
        printer.note(
            "Nothing to enter: bars shorter than a day and --outcomes have models that are fitted.",
        );
    }
    for (market, entry) in found {
        match entry {
            Ok(entry) => {
                let word = if entry.accepted { "let in" } else { "kept out" };
                let name = entry.model.clone();
                let version = registry.add(entry).map_err(|error| wrong(&error))?;
                printer.note(&format!("{name}, version {version}: {word}"));
            }
            Err(error) => printer.note(&format!("{market}: not fitted: {error}")),
        }
    }
    let json = registry.to_json().map_err(|error| wrong(&error))?;
    files::write(file, |out| {
        out.write_all(format!("{json}\n").as_bytes()).map_err(|error| Failure::file(file, &error))
    })
}
