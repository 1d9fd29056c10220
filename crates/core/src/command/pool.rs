//! Insurance pools of vaults: stakes, exits, matching, ownership, signers.

use crate::{
    policy::{InsurancePolicy, PoolSigner, PublicKey},
    table::commands,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Label, Shares, VaultLossId};

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
    /// Releases money of an insurance pool to those whom a loss has hurt, at once. Signed by both its keys.
    ReleasePool {
        /// Of which vault.
        vault: Label,
        /// For which of its losses.
        loss: VaultLossId,
        /// How many atoms, no more than depositors lost and did not get back.
        amount: Amount,
    }
    /// Announces a release that can be paid later: by the curator, after the pool's delay; signed by one of the two keys, once
    /// the other has been silent; by anyone, once nobody has moved for as long.
    AnnounceRelease {
        /// Of which vault.
        vault: Label,
        /// For which of its losses.
        loss: VaultLossId,
        /// How many atoms, no more than depositors lost and did not get back.
        amount: Amount,
        /// Whose signature comes with it; none: the curator's or anyone's.
        @default signer: Option<PoolSigner>,
    }
    /// Says no to a release that only the other signer, or neither, has announced. From then on both must sign.
    DisputeRelease {
        /// Which release.
        release: u32,
        /// Whose signature comes with it.
        signer: PoolSigner,
    }
    /// Pays an announced release whose time has come. Anyone.
    CarryRelease {
        /// Which release.
        release: u32,
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
