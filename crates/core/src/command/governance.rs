//! Registry, council, proposals, batches and scenarios.

use super::{Body, envelope::OpeningAccount, flat_body, flat_steps};
use crate::policy::{PublicKey, Roles};
use crate::table::commands;
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Hash, Label, ProposalId, Timestamp};

commands! {
    /// Registers an asset.
    RegisterAsset {
        /// Its name.
        label: Label,
        /// Decimals of a whole unit, for print and for what stands for how much of another asset.
        decimals: u8,
        /// Whose signature an external balance needs; none: the custodian role alone reports it.
        @default custodian: Option<PublicKey>,
    }
    /// Opens an account for a trader, staker, liquidator or an office of the venue.
    OpenAccount {
        /// Its pseudonymous name.
        label: Label,
        /// Accounts of one owner share a group; without one the account is its own group.
        @default group: Option<Label>,
        /// The venue that acts for its holder; the sender if it is a venue, nobody otherwise.
        @default venue: Option<Label>,
    }
    /// Sets what an account may do. Needs the council.
    SetRoles {
        /// Whose roles.
        account: Label,
        /// All it has from now on.
        roles: Roles,
    }
    /// Replaces the council. Needs the council.
    SetCouncil {
        /// The members' keys.
        keys: Vec<PublicKey>,
        /// How many must sign.
        threshold: u8,
    }
    /// Switches on a rules version. Needs the council.
    ActivateRules {
        /// From the next record on.
        version: u16,
    }
    /// Files a command that needs the council, to collect signatures and wait out its delay.
    Propose {
        /// What is proposed.
        !"flat_body" body: Box<Body>,
        /// Above every nonce used before.
        nonce: u64,
        /// Lapses then.
        expires_at: Timestamp,
    }
    /// Adds signatures to a proposal.
    Approve {
        /// Which proposal.
        proposal: ProposalId,
        /// Digest of its body.
        digest: Hash,
    }
    /// Carries out a proposal that is signed and whose delay is over; anyone may.
    Execute {
        /// Which proposal.
        proposal: ProposalId,
    }
    /// Withdraws a proposal.
    CancelProposal {
        /// Which proposal.
        proposal: ProposalId,
    }
    /// All of these or none, as one record.
    Linked {
        /// In this order.
        !"flat_steps" steps: Vec<Body>,
    }
    /// Sets an opening balance; exists in scenarios only.
    Opening {
        /// Where.
        account: OpeningAccount,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
}
