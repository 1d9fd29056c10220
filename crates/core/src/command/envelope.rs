//! What stands around a command's body, and the small types that bodies share.

use super::Body;
use crate::policy::{PublicKey, SignatureBytes, choice};
use alloc::vec::Vec;
use backstop_units::{Label, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One request: who asks, for what, under which approvals.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Made by the client (`UUIDv7`): the same id with the same body is answered once.
    pub id: Label,
    /// The account that sends it.
    pub actor: Label,
    /// When it happened at the venue, if not now; serves windows and snapshots.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// What is asked.
    pub body: Body,
    /// Signatures of the council, where the body needs them.
    #[serde(default)]
    pub approvals: Option<Approvals>,
}

/// Signatures over one body, this ledger, a nonce and an expiry.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Above every nonce used before.
    pub nonce: u64,
    /// Not valid after this.
    pub expires_at: Timestamp,
    /// Who signed.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// By which key.
    pub key: PublicKey,
    /// The 64 bytes.
    pub bytes: SignatureBytes,
}

choice! {
    /// Which way a transfer goes.
    Direction {
        /// From outside into the books.
        In = 0 "in",
        /// Out of the books.
        Out = 1 "out",
    }
}
choice! {
    /// How a transfer ended.
    Outcome {
        /// The custodian has moved the money.
        Confirmed = 0 "confirmed",
        /// It came to nothing; what was set aside goes back.
        Failed = 1 "failed",
    }
}

/// Whose money a transfer, payment or opening balance is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Party {
    /// An account's free balance.
    Account(Label) = 0,
    /// A market's clearing: what is owed to its venue.
    Clearing(Label) = 1,
}

/// Where an opening balance stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum OpeningAccount {
    /// An account's free balance.
    Account(Label) = 0,
    /// A fund's own reserve.
    Reserve(Label) = 1,
    /// A fund's contributions.
    Contributions(Label) = 2,
    /// A market's fee pool.
    FeePool(Label) = 3,
    /// A tranche's assets.
    Tranche(Label) = 4,
    /// A fund's revenue pool.
    Revenue(Label) = 5,
}
