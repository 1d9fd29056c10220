//! Sharing by equity: a sealed list of accounts, and the steps in which they pay.

use crate::{loss::equity::Holder, table::commands};
use alloc::vec::Vec;
use backstop_units::{Amount, Hash, LossId};

commands! {
    /// Announces the list of accounts for a loss's claim by equity: what it adds up to. May be sent anew until
    /// the first has paid.
    OpenEquity {
        /// Which loss.
        loss: LossId,
        /// How many accounts.
        count: u32,
        /// All their equity, in atoms.
        equity: Amount,
        /// Merkle root over the accounts (RFC 6962, each leaf an account's encoding).
        root: Hash,
    }
    /// Brings the next accounts of the list, at most 4096 at once.
    SubmitEquityPart {
        /// Which loss.
        loss: LossId,
        /// The accounts with their equity, in the order of the list.
        entries: Vec<Holder>,
    }
    /// Lets the next accounts of a list that has come in pay, at most as many as the market's policy allows.
    RunEquity {
        /// Which loss.
        loss: LossId,
    }
    /// Ends a claim by equity that is paid or whose deadline is over; what it lacks goes to the layers behind.
    CloseEquity {
        /// Which loss.
        loss: LossId,
    }
}
