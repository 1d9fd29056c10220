//! What happened in vaults.

use crate::{
    lending::{
        exchange::Holdings,
        vault::{
            book::{Allocation, Funds},
            fees::Charged,
            in_kind::InKind,
            loss::VaultLoss,
            withdraw::Withdrawal,
        },
    },
    policy::VaultPolicy,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Fixed60, Label, ReserveId, Shares, Timestamp, VaultId, VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Net assets that later fees are measured from, and the highest for a share.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Marks {
    /// What profit is measured from.
    pub basis: Fixed60,
    /// The highest net assets for a share, as their quotient.
    pub high: (Fixed60, Shares),
}

/// One fact about vaults. Discriminants are append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
#[expect(missing_docs, reason = "fields are the command's own, by handle; see the command table")]
pub enum VaultEvent {
    /// A vault exists.
    VaultCreated {
        vault: VaultId,
        label: Label,
        asset: AssetId,
        curator: AccountId,
        policy: Box<VaultPolicy>,
    } = 0,
    /// A vault has new rules.
    VaultPolicySet { vault: VaultId, policy: Box<VaultPolicy> } = 1,
    /// Vaults that take listed reserves only may use this one, or no longer.
    ReserveListed { reserve: ReserveId, listed: bool } = 2,
    /// An allocation waits until a moment.
    AllocationProposed { vault: VaultId, allocation: Allocation, ready_at: Timestamp } = 3,
    /// An allocation is in force.
    AllocationSet { vault: VaultId, allocation: Allocation } = 4,
    /// A waiting allocation was struck.
    AllocationVetoed { vault: VaultId, reserve: ReserveId } = 5,
    /// A reserve was taken off.
    AllocationRemoved { vault: VaultId, reserve: ReserveId } = 6,
    /// Rewards came in up to a moment.
    RewardsStreamed { vault: VaultId, asset: AssetId, amount: Amount, at: Timestamp } = 7,
    /// Fees were charged up to a moment.
    FeesCharged { vault: VaultId, charged: Charged, high: (Fixed60, Shares), at: Timestamp } = 8,
    /// Money came in.
    VaultDeposited(Box<VaultDeposit>) = 9,
    /// Money went out.
    VaultWithdrawn(Box<VaultWithdrawal>) = 10,
    /// Shares of a reserve went out.
    RedeemedInKind(Box<InKindRedemption>) = 11,
    /// Money went into a reserve or came out of it.
    Invested(Box<Investment>) = 12,
    /// Pending fees were paid.
    FeesTaken(Box<FeesTaken>) = 13,
    /// Pending fees were given up.
    FeesGivenUp { vault: VaultId, amount: Fixed60, marks: Marks } = 14,
    /// A scenario's reserve holds this instead of that.
    ReserveOpened { supply: u32, account: AccountId, forced: Box<ForcedReserve> } = 16,
    /// A scenario's vault holds this.
    VaultOpened(Box<OpenedVault>) = 17,
    /// Somebody joined the queue of a vault, left it or was paid.
    QueueMoved(Box<QueueMove>) = 18,
    /// Money came for those in the queue.
    QueueFilled(Box<QueueFill>) = 19,
    /// Rewards were paid in.
    RewardsFunded {
        vault: VaultId,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        per_second: Amount,
    } = 15,
    /// A vault lost something.
    LossRecorded { loss: VaultLossId, record: Box<VaultLoss> } = 30,
    /// Pending fees bore a part of a loss.
    LossCushioned { loss: VaultLossId, amount: Fixed60 } = 31,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind),* }
    )*};
}

/// What a scenario's vault begins with.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenedVault {
    /// Which vault.
    pub vault: VaultId,
    /// Of which asset.
    pub asset: AssetId,
    /// The holder's place.
    pub holding: u32,
    /// Whose.
    pub account: AccountId,
    /// Its money, shares and fees.
    pub held: Funds,
    /// Its reserves, each with the place that its shares are taken from.
    pub allocations: Vec<(Allocation, u32)>,
}

parts! {
    /// What a scenario's reserve held, and holds now.
    ForcedReserve {
        /// Which reserve.
        reserve: ReserveId,
        /// Of which asset.
        asset: AssetId,
        /// Before.
        from: Holdings,
        /// Now.
        to: Holdings,
    }
    /// A deposit.
    VaultDeposit {
        /// Into which vault.
        vault: VaultId,
        /// Of which asset.
        asset: AssetId,
        /// The holder's place.
        holding: u32,
        /// Whose.
        account: AccountId,
        /// How many atoms, without the crank fee.
        amount: Amount,
        /// The crank fee.
        crank: Amount,
        /// Shares for him.
        shares: Shares,
        /// Shares for nobody: with the first deposit.
        dead: Shares,
        /// After it.
        marks: Marks,
    }
    /// A withdrawal.
    VaultWithdrawal {
        /// Out of which vault.
        vault: VaultId,
        /// Of which asset.
        asset: AssetId,
        /// The holder's place.
        holding: u32,
        /// Whose.
        account: AccountId,
        /// Out of which reserve, besides idle money.
        reserve: Option<ReserveId>,
        /// What it comes to.
        withdrawal: Withdrawal,
        /// What he gave up, since collateral of loans lacks something.
        forgone: Fixed60,
        /// After it.
        marks: Marks,
    }
    /// Shares of a reserve for shares of a vault.
    InKindRedemption {
        /// Out of which vault.
        vault: VaultId,
        /// The holder's place in the vault.
        holding: u32,
        /// Whose.
        account: AccountId,
        /// Of which reserve.
        reserve: ReserveId,
        /// His place in the reserve.
        supply: u32,
        /// What it comes to.
        redeemed: InKind,
        /// What he gave up, since collateral of loans lacks something.
        forgone: Fixed60,
        /// After it.
        marks: Marks,
    }
    /// Money moved between a vault and a reserve.
    Investment {
        /// Which vault.
        vault: VaultId,
        /// Of which asset.
        asset: AssetId,
        /// Which reserve.
        reserve: ReserveId,
        /// Whether it went in.
        adds: bool,
        /// How many atoms.
        amount: Amount,
        /// Shares of the reserve for it.
        shares: Shares,
        /// The rounding that was paid, one atom at most.
        rounding: Amount,
        /// Who paid it; none: the crank fund.
        payer: Option<AccountId>,
        /// Whether the next move for the reserve waits after it; not after a conditional fill.
        cranked: bool,
    }
    /// Shares that a holder put into a vault's queue or got back, and money that came for them.
    QueueMove {
        /// Of which vault.
        vault: VaultId,
        /// Of which asset.
        asset: AssetId,
        /// The holder's place.
        holding: u32,
        /// Whose.
        account: AccountId,
        /// His place in the queue; a new one if its handle is the next.
        ticket: u32,
        /// Which round of the queue; a new one if its handle is the next.
        round: u32,
        /// Shares that join.
        joins: Shares,
        /// Shares that go back.
        leaves: Shares,
        /// His units after it.
        units: Shares,
        /// Atoms paid to him.
        paid: Amount,
        /// What is due to him after it: a fraction of an atom, when he was paid.
        due: Fixed60,
    }
    /// Money for a whole queue.
    QueueFill {
        /// Of which vault.
        vault: VaultId,
        /// Of which asset.
        asset: AssetId,
        /// Which round.
        round: u32,
        /// Out of which reserve, besides idle money.
        reserve: Option<ReserveId>,
        /// What it comes to.
        withdrawal: Withdrawal,
        /// Money for each unit, ever, after it.
        index: Fixed60,
        /// Money that is too little for a step of that.
        carry: Fixed60,
        /// Whether the round ends.
        ended: bool,
        /// What those who wait gave up, since collateral of loans lacked something.
        forgone: Fixed60,
        /// After it.
        marks: Marks,
    }
    /// Fees that the curator took.
    FeesTaken {
        /// Of which vault.
        vault: VaultId,
        /// Of which asset.
        asset: AssetId,
        /// Whose balance they went to.
        curator: AccountId,
        /// Out of which reserve, besides idle money.
        reserve: Option<ReserveId>,
        /// What is pending no longer, in whole atoms.
        amount: Amount,
        /// Paid out of idle money.
        from_idle: Amount,
        /// Paid out of the reserve: up to an atom less than it gave.
        from_reserve: Amount,
        /// Shares of the reserve that were given back.
        redeemed: Shares,
        /// What the reserve paid for them.
        received: Amount,
    }
}

impl VaultEvent {
    /// Its word, the same as in its JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::VaultCreated { .. } => "vault_created",
            Self::VaultPolicySet { .. } => "vault_policy_set",
            Self::ReserveListed { .. } => "reserve_listed",
            Self::AllocationProposed { .. } => "allocation_proposed",
            Self::AllocationSet { .. } => "allocation_set",
            Self::AllocationVetoed { .. } => "allocation_vetoed",
            Self::AllocationRemoved { .. } => "allocation_removed",
            Self::RewardsStreamed { .. } => "rewards_streamed",
            Self::FeesCharged { .. } => "fees_charged",
            Self::VaultDeposited(_) => "vault_deposited",
            Self::VaultWithdrawn(_) => "vault_withdrawn",
            Self::RedeemedInKind(_) => "redeemed_in_kind",
            Self::Invested(_) => "invested",
            Self::FeesTaken(_) => "fees_taken",
            Self::FeesGivenUp { .. } => "fees_given_up",
            Self::QueueMoved(_) => "queue_moved",
            Self::QueueFilled(_) => "queue_filled",
            Self::RewardsFunded { .. } => "rewards_funded",
            Self::ReserveOpened { .. } => "reserve_opened",
            Self::VaultOpened(_) => "vault_opened",
            Self::LossRecorded { .. } => "loss_recorded",
            Self::LossCushioned { .. } => "loss_cushioned",
        }
    }
}
