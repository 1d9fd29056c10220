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
        /// Accounts without a claim besides those of the curator's owner group, at most 16.
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
        /// Sister hashes from the claim's leaf up to the published root, to have it checked against that too.
        @default proof: Option<Vec<Hash>>,
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
    /// Binds a Merkle root over all claims on a loss, for who pays or checks them elsewhere.
    PublishClaimsRoot {
        /// On which loss.
        loss: VaultLossId,
        /// The root.
        root: Hash,
        /// How many claims.
        count: u32,
        /// What they add up to, in atoms.
        total: Amount,
    }
    /// Strikes a published root by showing a leaf of it that the rules do not give. Anyone.
    ChallengeClaimsRoot {
        /// On which loss.
        loss: VaultLossId,
        /// The leaf's number.
        index: u32,
        /// Whose it says the claim is.
        account: Label,
        /// How many atoms it says.
        amount: Amount,
        /// Sister hashes from the leaf up.
        proof: Vec<Hash>,
    }
    /// Lists claims in the order of their leaves, in parts: the ledger makes the root itself, and that one holds
    /// whatever was published. Anyone.
    CountClaims {
        /// Who counts; everybody has a count of his own.
        account: Label,
        /// On which loss.
        loss: VaultLossId,
        /// How many claims there are.
        count: u32,
        /// How many were listed before; 0 begins anew.
        from: u32,
        /// The next ones, by the hashes of their leaves in rising order; 1 to 4,096.
        holders: Vec<Label>,
    }
}
