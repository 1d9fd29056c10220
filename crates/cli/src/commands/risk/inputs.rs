//! Settings and files of a run: flags first, then the settings file, then the defaults.

use crate::{args::RiskRun, exit::Failure, files};
use backstop_risk::desk::{Setup, error::DeskError, from_ledger::Found, inputs::Texts};
use backstop_server::risk::files as named;
use std::path::{Path, PathBuf};

/// Reads all that a run is made of. The settings name the files as they were given.
pub(super) fn read(asked: &RiskRun, db: &Path) -> Result<(Setup, Texts, Option<Found>), Failure> {
    let mut setup = match &asked.setup {
        None => Setup::default(),
        Some(file) => {
            let text = files::read(file)?;
            let name = file.display().to_string();
            let mut setup =
                Setup::parse(&name, &text).map_err(|error| Failure::Input(error.to_string()))?;
            named::from_folder(&mut setup, file.parent().unwrap_or(Path::new("")));
            setup
        }
    };
    let given = |flag: &Option<PathBuf>, set: &mut Option<String>| {
        if let Some(path) = flag {
            *set = Some(path.display().to_string());
        }
    };
    given(&asked.venue, &mut setup.files.venue);
    given(&asked.accounts, &mut setup.files.accounts);
    given(&asked.positions, &mut setup.files.positions);
    given(&asked.shocks, &mut setup.files.shocks);
    given(&asked.outcomes, &mut setup.files.outcomes);
    if !asked.prices.is_empty() {
        setup.files.prices = asked.prices.iter().map(|path| path.display().to_string()).collect();
    }
    if asked.fund_name.is_some() {
        setup.fund.name.clone_from(&asked.fund_name);
    }
    setup.seed = asked.seed.unwrap_or(setup.seed);
    setup.fund.size = asked.fund.unwrap_or(setup.fund.size);
    setup.scenarios.number = asked.scenarios.unwrap_or(setup.scenarios.number);
    setup.check().map_err(|error| by_flag(asked, &error))?;
    let mut texts = named::texts(&setup, &|path| read_file(path))?;
    let found = asked.from_ledger.then(|| {
        let positions = asked.accounts.is_some() || asked.positions.is_some();
        super::ledger::read(db, &mut setup, (&mut texts, positions))
    });
    let found = found.transpose()?;
    Ok((setup, texts, found))
}

/// A refusal of settings after the flags: the settings file passed by itself, so a flag's setting is that flag's fault.
fn by_flag(asked: &RiskRun, error: &DeskError) -> Failure {
    let flags = [
        ("fund.size", "--fund", asked.fund.is_some()),
        ("scenarios.number", "--scenarios", asked.scenarios.is_some()),
        ("seed", "--seed", asked.seed.is_some()),
    ];
    let DeskError::Setting { key, .. } = error else { return super::told(error) };
    match flags.iter().find(|(name, _, given)| name == key && *given) {
        Some((_, flag, _)) => Failure::Input(format!("{flag}: {error}")),
        None => super::told(error),
    }
}

fn read_file(path: &Path) -> Result<String, Failure> {
    if path.extension().is_none_or(|end| end != "gz") {
        return files::read(path);
    }
    named::read(path).map_err(|error| Failure::file(path, &error))
}
