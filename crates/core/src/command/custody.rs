//! Money in and out, and the custodian's own figure.

use super::envelope::{Direction, Outcome, Party};
use crate::{policy::SignatureBytes, table::commands};
use backstop_units::{Amount, Label, Timestamp, TransferId};

commands! {
    /// Announces a transfer; money going out is set aside.
    BeginTransfer {
        /// Which way.
        direction: Direction,
        /// Whose money.
        party: Party,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
        /// The custodian's reference.
        @default reference: Label,
    }
    /// Reports how a transfer ended.
    ResolveTransfer {
        /// Which transfer.
        transfer: TransferId,
        /// How it ended.
        outcome: Outcome,
    }
    /// Compares custody with the custodian's own figure; a difference goes to suspense.
    Reconcile {
        /// Which asset.
        asset: Label,
        /// What the custodian holds, in atoms.
        balance: Amount,
        /// As of when.
        as_of: Timestamp,
        /// The custodian's signature over ledger id, asset, balance and time.
        @default signature: Option<SignatureBytes>,
    }
}
