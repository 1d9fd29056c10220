//! Compensation of those whom a loss of a vault has hurt: assessment, payments, claims.

use crate::table::commands;
use alloc::vec::Vec;
use backstop_units::{Amount, Hash, Label, VaultLossId};

commands! {
    /// Says what of a recorded loss is to be made good, and who has no claim. Again until claims are open.
    AssessVaultLoss {
        /// Which loss.
        loss: VaultLossId,
        /// How many atoms; all that those with a claim have lost if left out.
        @default amount: Option<Amount>,
        /// Root of the evidence; must not be zero.
        evidence: Hash,
        /// Accounts without a claim besides the curator's own: his affiliates, at most 16.
        @default excluded: Vec<Label>,
    }
    /// Stops claims on a loss until it is assessed anew.
    DisputeVaultLoss {
        /// Which loss.
        loss: VaultLossId,
        /// Root of the evidence; must not be zero.
        evidence: Hash,
    }
    /// Pays money toward a loss. Anyone; what nobody claims comes back.
    PayCompensation {
        /// Who pays.
        account: Label,
        /// For which loss.
        loss: VaultLossId,
        /// How many atoms.
        amount: Amount,
    }
    /// Opens claims on what was paid and released for a loss, once its assessment stood for the time to dispute it. Anyone.
    OpenClaims {
        /// On which loss.
        loss: VaultLossId,
    }
    /// Pays one holder's claim. Anyone may send it; it goes to the holder.
    ClaimCompensation {
        /// Whose claim.
        account: Label,
        /// On which loss.
        loss: VaultLossId,
    }
    /// Pays the claims of many holders; who was paid or has none is passed over. Anyone.
    PayClaims {
        /// On which loss.
        loss: VaultLossId,
        /// Whose; 1 to 4,096.
        accounts: Vec<Label>,
    }
    /// Ends claims on a loss once their time is over, and gives back what nobody claimed. Anyone.
    CloseClaims {
        /// On which loss.
        loss: VaultLossId,
    }
}
