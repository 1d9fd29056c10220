//! `risk forecast --registry`: fitted models into a file that knows what each was made from.

use super::{Work, told};
use crate::{exit::Failure, files, printer::Printer};
use backstop_risk::{desk::registered::entries, forecast::registry::Registry};
use std::path::Path;

/// A registry and its file, which may not be there yet.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    file: &'a Path,
    registry: Registry,
}

impl<'a> Kept<'a> {
    /// Reads the file; one that is not there is an empty registry.
    pub(super) fn open(file: &'a Path) -> Result<Self, Failure> {
        if !file.exists() {
            return Ok(Self { file, registry: Registry::new() });
        }
        let registry = Registry::from_json(&files::read(file)?);
        Ok(Self { file, registry: registry.map_err(|error| wrong(file, &error))? })
    }

    /// Fits the models and enters them; what the gate keeps out is entered as refused, with the figure that decided. The
    /// file is written if there was anything to enter.
    pub(super) fn enter(mut self, work: &Work, printer: &Printer) -> Result<(), Failure> {
        let found = entries(&work.inputs, &work.texts).map_err(|error| told(&error))?;
        if found.is_empty() {
            printer.note(
                "Nothing to enter: bars shorter than a day and --outcomes have models that are fitted.",
            );
        }
        let mut entered = 0_usize;
        for (market, entry) in found {
            match entry {
                Ok(entry) => {
                    let word = if entry.accepted { "let in" } else { "kept out" };
                    let name = entry.model.clone();
                    let added = self.registry.add(entry);
                    let version = added.map_err(|error| wrong(self.file, &error))?;
                    printer.note(&format!("{name}, version {version}: {word}"));
                    entered += 1;
                }
                Err(error) => printer.note(&format!("{market}: not fitted: {error}")),
            }
        }
        if entered == 0 {
            return Ok(());
        }
        let json = self.registry.to_json().map_err(|error| wrong(self.file, &error))?;
        files::write(self.file, |out| {
            let written = out.write_all(format!("{json}\n").as_bytes());
            written.map_err(|error| Failure::file(self.file, &error))
        })
    }
}

fn wrong(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    let name = file.display();
    Failure::Input(format!("{name}: {error}\n\nhint: name a registry, or a file that is not there"))
}
