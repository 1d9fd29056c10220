//! What lenders would bear of a loss, with every number given.

use backstop_core::{Halt, Reject, loss::deposit_index::Deposits};
use backstop_units::{Amount, ShareIndex, Shares};
use serde::Deserialize;
use serde_json::{Value, json};

/// Deposits of one asset, and a loss.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositIndex {
    /// Lenders' shares.
    shares: Shares,
    /// What a share is worth, in parts of `unit`.
    index: ShareIndex,
    /// Index at which a share is worth one atom.
    unit: ShareIndex,
    /// What is lost, in atoms.
    loss: Amount,
}

impl DepositIndex {
    /// How far the index falls, and what nobody could bear.
    pub(super) fn answer(self) -> Result<Value, Halt> {
        let deposits = Deposits { shares: self.shares, index: self.index, unit: self.unit };
        let lowered = deposits.bear(self.loss).map_err(Reject::from)?;
        let after = Deposits { index: lowered.index, ..deposits };
        Ok(json!({
            "step": lowered.step,
            "index": lowered.index,
            "worth": after.worth().map_err(Reject::from)?,
            "socialised": lowered.socialised,
            "residual": lowered.residual,
            "exhausted": lowered.is_exhausted(),
        }))
    }
}
