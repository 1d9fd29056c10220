//! Deleveraging: a sealed list of candidates, and the steps that cut them.

use crate::{loss::adl::Candidate, policy::PositionSide, table::commands};
use alloc::vec::Vec;
use backstop_units::{Base, Hash, LossId, Price};

commands! {
    /// Announces the list of candidates for a loss's row of deleveraging: what it adds up to, and the
    /// prices. May be sent anew until the first cut.
    OpenAdl {
        /// Which loss.
        loss: LossId,
        /// The side that gains and is cut.
        side: PositionSide,
        /// What cut lots are closed at: the price of bankruptcy, worse for them than the mark.
        price: Price,
        /// The mark.
        mark: Price,
        /// How many candidates.
        count: u32,
        /// All their lots, in base atoms.
        lots: Base,
        /// Merkle root over the candidates (RFC 6962, each leaf a candidate's encoding).
        root: Hash,
    }
    /// Brings the next candidates of the list, at most 4096 at once.
    SubmitAdlPart {
        /// Which loss.
        loss: LossId,
        /// The candidates, in the order of the list.
        entries: Vec<Candidate>,
    }
    /// Makes the next cuts of a list that has come in, at most as many as the market's policy allows.
    RunAdl {
        /// Which loss.
        loss: LossId,
    }
    /// Ends a deleveraging whose cuts are made or whose deadline is over; what they lack goes to the layers behind.
    CloseAdl {
        /// Which loss.
        loss: LossId,
    }
}
