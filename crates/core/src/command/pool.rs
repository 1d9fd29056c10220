//! Insurance pools of vaults: stakes, exits, matching, ownership, signers.

use crate::{
    policy::{InsurancePolicy, PoolSigner, PublicKey},
    table::commands,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Label, Shares};

commands! {
    /// Opens the insurance pool of a vault. Its rules are for ever.
    CreateInsurancePool {
        /// Of which vault.
        vault: Label,
        /// The council's key for releases; a member of the ledger's council where there is one.
        council: PublicKey,
        /// The key of the curator's nominee.
        nominee: PublicKey,
        /// Its rules.
        @default policy: Box<InsurancePolicy>,
    }
    /// Locks shares of the vault in its insurance pool, where they go on earning.
    StakePool {
        /// Whose shares.
        account: Label,
        /// Of which vault.
        vault: Label,
        /// How many.
        shares: Shares,
    }
    /// Puts the matcher's shares of the vault beside those of stakers, one for one.
    MatchPool {
        /// Of which vault.
        vault: Label,
        /// How many; as many as stake, cap and the matcher's shares allow if left out.
        @default shares: Option<Shares>,
    }
    /// Signals an exit from an insurance pool, for everybody to see. It is paid after the pool's delay and can be
    /// hit until then.
    ExitPool {
        /// Whose stake.
        account: Label,
        /// In the pool of which vault.
        vault: Label,
        /// Whether it is matched money.
        @default matched: bool,
        /// How many of its units; all that are in no other exit if left out.
        @default units: Option<Shares>,
    }
    /// Takes an exit back.
    CancelPoolExit {
        /// Which exit.
        ticket: u32,
    }
    /// Pays an exit whose delay is over, in shares of the vault; matched money leaves with it, pro rata.
    ClaimPoolExit {
        /// Which exit.
        ticket: u32,
    }
    /// Offers the ownership of an insurance pool to a multisig. The curator's, or its owner's signatures.
    OfferPool {
        /// Of which vault.
        vault: Label,
        /// The keys of the new owner, the pool's council key among them.
        keys: Vec<PublicKey>,
        /// How many must sign, two or more.
        threshold: u8,
    }
    /// Takes the ownership of an insurance pool over. Signed by the new owner, and by the council as one of it.
    AcceptPool {
        /// Of which vault.
        vault: Label,
        /// The keys as they were offered.
        keys: Vec<PublicKey>,
        /// As it was offered.
        threshold: u8,
    }
    /// Replaces one of the two keys for releases. Signed by the other one.
    SetPoolSigner {
        /// Of which vault.
        vault: Label,
        /// Whose key.
        signer: PoolSigner,
        /// The new one.
        key: PublicKey,
    }
}
