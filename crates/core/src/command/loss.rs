//! Losses, from declaration to recovery.

use super::envelope::Party;
use crate::{
    policy::{Cause, LayerSource},
    table::commands,
};
use backstop_units::{Amount, Hash, Label, LossId};

commands! {
    /// Declares a loss and closes the gate of the funds it may touch.
    DeclareLoss {
        /// On which market.
        market: Label,
        /// Why.
        cause: Cause,
        /// Whose account, if one account caused it.
        @default account: Option<Label>,
        /// First estimate, in atoms.
        estimate: Amount,
    }
    /// Fixes a declared loss's amount and evidence; may be revised until it is placed.
    AssessLoss {
        /// Which loss.
        loss: LossId,
        /// How much, in atoms.
        amount: Amount,
        /// Merkle root of what it was computed from.
        evidence: Hash,
    }
    /// Sends an assessed loss through the waterfall and opens the gate.
    PlaceLoss {
        /// Which loss.
        loss: LossId,
    }
    /// Closes a placed loss.
    CloseLoss {
        /// Which loss.
        loss: LossId,
    }
    /// Withdraws a loss; a placed one is reversed. Needs the council.
    VoidLoss {
        /// Which loss.
        loss: LossId,
    }
    /// Ends a declaration that was not assessed in time; anyone may.
    LapseDeclaration {
        /// Which loss.
        loss: LossId,
    }
    /// Returns recovered money to those who bore a loss, last layer first.
    RecoverLoss {
        /// Which loss.
        loss: LossId,
        /// Whose money it is now.
        from: Party,
        /// How many atoms.
        amount: Amount,
    }
    /// Books a sale of what was taken of a layer in another asset. At any price it needs the council.
    BookConversion {
        /// For which market.
        market: Label,
        /// Of which layer.
        layer: LayerSource,
        /// How many atoms of the layer's asset the venue took.
        sold: Amount,
        /// How many atoms of the market's asset it owes for them.
        received: Amount,
        /// Whether it may be less than the fresh price after the haircut.
        @default any_price: bool,
    }
    /// Pays what a converted layer is short of: with what came back to its fund, then from the reserve.
    SettleBasis {
        /// For which market.
        market: Label,
        /// Of which layer.
        layer: LayerSource,
    }
    /// Pays one staker's part of what was recovered.
    ClaimRecovery {
        /// Of which loss.
        loss: LossId,
        /// To whom.
        account: Label,
    }
}
