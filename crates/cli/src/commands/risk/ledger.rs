//! The ledger of `--from-ledger` as it stands at its head.

use super::told;
use crate::{exit::Failure, ledger};
use backstop_risk::desk::{
    Setup,
    from_ledger::{Found, Taking, fill},
    inputs::Texts,
};
use std::path::Path;

/// Puts what the ledger holds in the place of files and of settings. With `positions` given as files only the fund is taken.
pub(super) fn read(
    db: &Path,
    setup: &mut Setup,
    (texts, positions): (&mut Texts, bool),
) -> Result<Found, Failure> {
    let state = ledger::walk(db, |_, _| Ok(()))?;
    let name = db.display().to_string();
    let taking = if positions { Taking::Fund } else { Taking::Book };
    let found = fill((&state, &name), (setup, taking), texts).map_err(|error| told(&error))?;
    let found = found.ok_or_else(|| {
        Failure::Input(format!(
            "{name}: the ledger has no fund\n\nhint: create one, or leave --from-ledger out"
        ))
    })?;
    found.fund.settle(setup);
    if found.has_book {
        (setup.files.accounts, setup.files.positions) = (None, None);
    }
    Ok(found)
}
