//! What a run is made from: settings, the files' texts, and what of the ledger goes into it.

use super::{DeskRefusal, files};
use backstop_core::{Genesis, State};
use backstop_risk::desk::{
    LedgerFund, Setup,
    from_ledger::{Taking, fill, fund},
    inputs::Texts,
};
use std::path::Path;

/// What a run is made from.
#[derive(Debug)]
pub(crate) struct Order {
    pub(super) setup: Setup,
    pub(super) texts: Texts,
    /// The ledger's fund, whose fee control the fee path has; none in a ledger without one.
    pub(super) fund: Option<LedgerFund>,
    /// Says who pays in a crisis.
    pub(super) waterfall: Genesis,
    /// What a reader must know of what the ledger gave.
    pub(super) notes: Vec<String>,
}

impl Order {
    /// Reads the files that settings name, and the preset.
    ///
    /// # Errors
    /// [`DeskRefusal::Files`].
    pub(super) fn read(setup: Setup) -> Result<Self, DeskRefusal> {
        setup.check().map_err(|error| DeskRefusal::Files(error.to_string()))?;
        let waterfall = files::waterfall(&setup).map_err(DeskRefusal::Files)?;
        let texts = files::texts(&setup, &|path| read(path)).map_err(DeskRefusal::Files)?;
        Ok(Self { setup, texts, fund: None, waterfall, notes: Vec::new() })
    }

    /// Adds what the ledger has: the fund, and the book of its hosted markets where no file has one.
    ///
    /// **Complexity** one step for each margin account and what it holds.
    ///
    /// # Errors
    /// [`DeskRefusal::Fund`].
    pub(crate) fn beside(mut self, state: &State) -> Result<Self, DeskRefusal> {
        let name = named(state);
        let how = (&self.setup, taking(&self.setup));
        let found = fill((state, &name), how, &mut self.texts);
        let found = found.map_err(|error| DeskRefusal::Fund(error.to_string()))?;
        if let Some(found) = found {
            (self.fund, self.notes) = (Some(found.fund), found.notes);
        }
        Ok(self)
    }
}

/// Settings with what they leave to the ledger: name, decimals and size of the fund that they name, or of its only one.
///
/// # Errors
/// [`DeskRefusal::Fund`].
pub(crate) fn settled(mut setup: Setup, state: &State) -> Result<Setup, DeskRefusal> {
    let found = fund((state, &named(state)), setup.fund.name.as_deref(), taking(&setup));
    let found = found.map_err(|error| DeskRefusal::Fund(error.to_string()))?;
    if let Some((fund, _)) = found {
        fund.settle(&mut setup);
    }
    Ok(setup)
}

/// Files that settings name come before the ledger.
fn taking(setup: &Setup) -> Taking {
    let named = setup.files.accounts.is_some() || setup.files.positions.is_some();
    if named { Taking::Fund } else { Taking::BookIfAny }
}

fn named(state: &State) -> String {
    format!("ledger {}", state.meta.ledger)
}

/// Reads a file, unzipped if its name ends in `.gz`.
pub(super) fn read(path: &Path) -> Result<String, String> {
    files::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
