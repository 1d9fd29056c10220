//! What happened on compensation accounts.

use crate::{
    compensation::root::{Leaf, Stream},
    event::Marks,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Amount, AssetId, Hash, Shares, Timestamp, VaultId, VaultLossId};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One fact about compensation. Discriminants are append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
#[expect(missing_docs, reason = "fields are the command's own, by handle; see the command table")]
pub enum CompensationEvent {
    /// It was said what of a loss is to be made good.
    VaultLossAssessed { compensation: u32, assessment: Box<Assessment> } = 0,
    /// An assessment is in dispute.
    VaultLossDisputed { compensation: u32, loss: VaultLossId, evidence: Hash } = 1,
    /// Money was paid in.
    CompensationPaidIn {
        compensation: u32,
        loss: VaultLossId,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
    } = 2,
    /// Claims are open.
    ClaimsOpened {
        compensation: u32,
        loss: VaultLossId,
        money: Amount,
        shares: Shares,
        until: Timestamp,
    } = 3,
    /// A claim was paid.
    CompensationClaimed(Box<CompensationClaimed>) = 4,
    /// Claims are over; what nobody claimed went back.
    ClaimsClosed(Box<ClaimsClosed>) = 5,
    /// A root over all claims was published.
    ClaimsRootPublished { compensation: u32, root: Box<ClaimsRoot> } = 6,
    /// It was struck: a leaf of it is not what the rules give.
    ClaimsRootStruck { compensation: u32, loss: VaultLossId, root: Hash, leaf: Box<Leaf> } = 7,
    /// Claims were listed; with the last of them the root is the ledger's own.
    ClaimsCounted(Box<ClaimsCounted>) = 8,
}

/// What of a loss is to be made good.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assessment {
    /// Which loss.
    pub loss: VaultLossId,
    /// How many atoms.
    pub amount: Amount,
    /// Shares whose holders have a claim.
    pub eligible: Shares,
    /// Accounts without one.
    pub excluded: Vec<AccountId>,
    /// Root of the evidence.
    pub evidence: Hash,
    /// How often it was assessed.
    pub revision: u32,
    /// When.
    pub at: Timestamp,
}

/// A claim that was paid.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensationClaimed {
    /// From which account.
    pub compensation: u32,
    /// For which loss.
    pub loss: VaultLossId,
    /// The holder's place.
    pub holding: u32,
    /// Who.
    pub account: AccountId,
    /// Shares that he held.
    pub held: Shares,
    /// Of which asset.
    pub asset: AssetId,
    /// How many atoms he got.
    pub amount: Amount,
    /// How many shares of the vault.
    pub shares: Shares,
}

/// What went back when claims ended.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimsClosed {
    /// From which account.
    pub compensation: u32,
    /// For which loss.
    pub loss: VaultLossId,
    /// Of which asset.
    pub asset: AssetId,
    /// To whom, and how much.
    pub returned: Vec<(AccountId, Amount)>,
    /// What went back to the insurance pool.
    pub refund: Option<PoolRefund>,
}

/// What goes back to an insurance pool.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolRefund {
    /// To which pool.
    pub pool: u32,
    /// Of which vault.
    pub vault: VaultId,
    /// Money that becomes the vault's again.
    pub money: Amount,
    /// Shares that are made for it.
    pub minted: Shares,
    /// Shares that the stakers' tranche has again.
    pub own: Shares,
    /// Shares that the matched tranche has again.
    pub matched: Shares,
    /// Shares of a tranche that has ended: the place they go to, whose it is, and how many.
    pub handed: Vec<(u32, AccountId, Shares)>,
    /// The vault's, after it.
    pub marks: Marks,
}

/// A Merkle root over the claims on a loss.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimsRoot {
    /// On which loss.
    pub loss: VaultLossId,
    /// The root.
    pub root: Hash,
    /// How many claims.
    pub count: u32,
    /// What they add up to, in atoms.
    pub total: Amount,
    /// When it was published.
    pub at: Timestamp,
    /// From when it stands: until then a leaf can strike it.
    pub stands_at: Timestamp,
    /// Whether the ledger made it itself.
    pub counted: bool,
}

/// A part of a count of claims.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimsCounted {
    /// From which account they are paid.
    pub compensation: u32,
    /// The count's place.
    pub id: u32,
    /// How far it has come.
    pub count: ClaimCount,
    /// The root, with the last part.
    pub root: Option<ClaimsRoot>,
}

/// How far somebody has counted the claims on a loss.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimCount {
    /// On which loss.
    pub loss: VaultLossId,
    /// Who counts.
    pub account: AccountId,
    /// The tree so far.
    pub stream: Stream,
    /// What was listed so far, in atoms.
    pub total: Amount,
    /// Shares at the loss of who was listed.
    pub held: Shares,
    /// How many of them have been in the vault's queue.
    pub waited: u32,
}

impl CompensationEvent {
    /// Its word, the same as in its JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::VaultLossAssessed { .. } => "vault_loss_assessed",
            Self::VaultLossDisputed { .. } => "vault_loss_disputed",
            Self::CompensationPaidIn { .. } => "compensation_paid_in",
            Self::ClaimsOpened { .. } => "claims_opened",
            Self::CompensationClaimed(_) => "compensation_claimed",
            Self::ClaimsClosed(_) => "claims_closed",
            Self::ClaimsRootPublished { .. } => "claims_root_published",
            Self::ClaimsRootStruck { .. } => "claims_root_struck",
            Self::ClaimsCounted(_) => "claims_counted",
        }
    }
}
