//! What happened in insurance pools.

use super::Marks;
use crate::{
    policy::{InsurancePolicy, PoolSigner, PublicKey},
    pool::book::{Multisig, PoolBreach, PoolRelease},
};
use alloc::boxed::Box;
use backstop_units::{
    AccountId, Amount, AssetId, Fixed60, Shares, Timestamp, VaultId, VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One fact about insurance pools. Discriminants are append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
#[expect(missing_docs, reason = "fields are the command's own, by handle; see the command table")]
pub enum PoolEvent {
    /// A pool exists.
    InsurancePoolCreated {
        pool: u32,
        vault: VaultId,
        council: PublicKey,
        nominee: PublicKey,
        matcher: Option<(AccountId, AssetId)>,
        policy: Box<InsurancePolicy>,
    } = 0,
    /// Shares were locked.
    PoolStaked(Box<PoolStaked>) = 1,
    /// Matched shares were locked.
    PoolMatched { staked: Box<PoolStaked>, principal: Amount, value: Amount } = 2,
    /// An exit was signalled; `shares` is what it would pay now, `due` when it can be paid.
    PoolExitSignalled {
        ticket: u32,
        pool: u32,
        stake: u32,
        account: AccountId,
        units: Shares,
        shares: Shares,
        due: Timestamp,
    } = 3,
    /// An exit was taken back.
    PoolExitCancelled { ticket: u32 } = 4,
    /// An exit was paid.
    PoolExitPaid(Box<PoolExit>) = 5,
    /// A new owner was named.
    PoolOffered { pool: u32, owner: Box<Multisig>, nonce: Option<u64> } = 6,
    /// The new owner took over.
    PoolAccepted { pool: u32, nonce: u64 } = 7,
    /// A key for releases was replaced.
    PoolSignerSet { pool: u32, signer: PoolSigner, key: PublicKey, nonce: u64 } = 8,
    /// Money or shares went to the compensation account of a loss.
    PoolReleased(Box<Released>) = 9,
    /// A release can be paid from a moment on.
    ReleaseAnnounced { release: u32, announced: Box<PoolRelease>, nonce: Option<u64> } = 10,
    /// A signer said no to a release.
    ReleaseDisputed { release: u32, pool: u32, signer: PoolSigner, nonce: u64 } = 11,
    /// Somebody did not keep a commitment.
    CommitmentBroken { breach: u32, broken: Box<PoolBreach> } = 12,
    /// Shares of the pool were burned for a loss.
    LossAbsorbed(Box<LossAbsorbed>) = 13,
}

/// What was released for a loss.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Released {
    /// Out of which pool.
    pub pool: u32,
    /// Of which vault.
    pub vault: VaultId,
    /// Of which asset.
    pub asset: AssetId,
    /// For which loss.
    pub loss: VaultLossId,
    /// Shares of the stakers' tranche.
    pub own: Shares,
    /// Shares of the matched tranche.
    pub matched: Shares,
    /// What all of these are worth, in atoms.
    pub value: Amount,
    /// Paid in money, and the shares burned; none: the shares were handed over.
    pub money: Amount,
    /// The place where the loss's payments are kept.
    pub payment: u32,
    /// Under which announcement.
    pub release: Option<u32>,
    /// Under which nonce of both signatures.
    pub nonce: Option<u64>,
    /// The vault's, after it.
    pub marks: Marks,
}

/// Shares of a pool that bore a loss.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LossAbsorbed {
    /// Of which pool.
    pub pool: u32,
    /// Of which vault.
    pub vault: VaultId,
    /// For which loss.
    pub loss: VaultLossId,
    /// Shares of the stakers' tranche.
    pub own: Shares,
    /// Shares of the matched tranche.
    pub matched: Shares,
    /// What of the loss they bore.
    pub amount: Fixed60,
}

/// Shares that were locked.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolStaked {
    /// In which pool.
    pub pool: u32,
    /// The stake's place.
    pub stake: u32,
    /// Whose.
    pub account: AccountId,
    /// The place they were taken from.
    pub holding: u32,
    /// How many shares of the vault.
    pub shares: Shares,
    /// How many units of the tranche.
    pub units: Shares,
    /// Whether they begin a new series, since a loss took all that there was.
    pub fresh: bool,
}

/// An exit that was paid.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolExit {
    /// Which.
    pub ticket: u32,
    /// Out of which pool.
    pub pool: u32,
    /// Whose.
    pub account: AccountId,
    /// The place they go to.
    pub holding: u32,
    /// How many units end.
    pub units: Shares,
    /// How many shares of the vault are paid.
    pub shares: Shares,
    /// What leaves of the matched tranche.
    pub unmatched: Option<Unmatched>,
}

/// Matched money that goes back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unmatched {
    /// The matcher's stake.
    pub stake: u32,
    /// The place its shares go to.
    pub holding: u32,
    /// How many units end.
    pub units: Shares,
    /// How many shares of the vault are paid.
    pub shares: Shares,
    /// How many shares, their yield, stay with the stakers.
    pub yielded: Shares,
    /// What had been put in for them, in atoms of the vault's asset.
    pub principal: Amount,
    /// What of the cap is free again.
    pub value: Amount,
}

impl PoolEvent {
    /// Its word, the same as in its JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::InsurancePoolCreated { .. } => "insurance_pool_created",
            Self::PoolStaked(_) => "pool_staked",
            Self::PoolMatched { .. } => "pool_matched",
            Self::PoolExitSignalled { .. } => "pool_exit_signalled",
            Self::PoolExitCancelled { .. } => "pool_exit_cancelled",
            Self::PoolExitPaid(_) => "pool_exit_paid",
            Self::PoolOffered { .. } => "pool_offered",
            Self::PoolAccepted { .. } => "pool_accepted",
            Self::PoolSignerSet { .. } => "pool_signer_set",
            Self::PoolReleased(_) => "pool_released",
            Self::ReleaseAnnounced { .. } => "release_announced",
            Self::ReleaseDisputed { .. } => "release_disputed",
            Self::CommitmentBroken { .. } => "commitment_broken",
            Self::LossAbsorbed(_) => "loss_absorbed",
        }
    }
}
