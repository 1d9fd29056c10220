//! What happened in farms.

use crate::{
    farm::{
        accrual::{Earned, Issued},
        book::{FarmTicket, Staked},
    },
    policy::{FarmKind, FarmPolicy, RewardTerms},
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Amount, AssetId, FarmId, Label, Shares, Timestamp, VaultId};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One fact about farms. Discriminants are append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
#[expect(missing_docs, reason = "fields are the command's own, by handle; see the command table")]
pub enum FarmEvent {
    /// A farm exists.
    FarmCreated(Box<CreatedFarm>) = 0,
    /// A vault has a farm, which the council keeps.
    FarmAttached { vault: VaultId, farm: FarmId } = 1,
    /// A farm has new rules.
    FarmPolicySet { farm: FarmId, policy: Box<FarmPolicy> } = 2,
    /// A farm was offered.
    FarmOffered { farm: FarmId, owner: AccountId } = 3,
    /// A farm has another owner.
    FarmTaken { farm: FarmId, owner: AccountId } = 4,
    /// A reward comes in this way from a moment on.
    RewardSet { farm: FarmId, asset: AssetId, terms: Box<RewardTerms>, at: Timestamp } = 5,
    /// Rewards were paid in.
    FarmFunded { farm: FarmId, reward: u8, account: AccountId, asset: AssetId, amount: Amount } = 6,
    /// Rewards were taken back.
    FarmDefunded { farm: FarmId, reward: u8, account: AccountId, asset: AssetId, amount: Amount } =
        7,
    /// A reward was issued up to a moment.
    RewardIssued { farm: FarmId, reward: u8, issued: Issued } = 8,
    /// A staker has a place.
    StakerOpened { staker: u32, farm: FarmId, account: AccountId } = 9,
    /// A staker has what was issued to his shares up to now, for each reward.
    StakerSettled { staker: u32, earned: Vec<Earned> } = 10,
    /// Deposits earn from now on.
    StakeWarmed { staker: u32, farm: FarmId, tickets: Vec<u32>, amount: Amount, shares: Shares } =
        11,
    /// Something was staked.
    FarmStaked(Box<StakeIn>) = 12,
    /// Stake is on its way out.
    FarmUnstaked(Box<StakeOut>) = 13,
    /// An exit is stake again; without shares: a deposit is free again.
    FarmTicketCancelled(Box<CancelledTicket>) = 14,
    /// Exits were paid.
    FarmWithdrawn(Box<StakePaid>) = 15,
    /// A reward was paid; the fee is part of the amount.
    RewardHarvested {
        farm: FarmId,
        staker: u32,
        reward: u8,
        account: AccountId,
        treasury: AccountId,
        asset: AssetId,
        amount: Amount,
        fee: Amount,
    } = 16,
    /// Stake changed hands.
    FarmStakeMoved(Box<StakeMove>) = 17,
    /// A staker of a delegated farm has so much at stake.
    FarmStakeSet(Box<StakeSet>) = 18,
    /// A reward was given to one staker.
    RewardGiven { farm: FarmId, staker: u32, reward: u8, amount: Amount } = 19,
    /// Atoms were given to all stakers.
    FarmStakeGiven { farm: FarmId, account: AccountId, asset: AssetId, amount: Amount } = 20,
    /// Penalties were paid.
    PenaltiesPaid { farm: FarmId, account: AccountId, unit: StakeUnit, amount: Amount } = 21,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind),* }
    )*};
}

/// Where what is staked is kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum StakeUnit {
    /// Atoms, in the farm's account.
    Asset(AssetId) = 0,
    /// Shares of a vault, bound in this holder's place.
    Holding(u32) = 1,
}

parts! {
    /// A farm as it begins.
    CreatedFarm {
        /// Its handle.
        farm: FarmId,
        /// Its name.
        label: Label,
        /// What it is for.
        kind: FarmKind,
        /// What is staked.
        staked: Staked,
        /// Who runs it.
        owner: AccountId,
        /// Who gets the fee on rewards.
        treasury: AccountId,
        /// Who gets penalties.
        penalties_to: AccountId,
        /// Its rules.
        policy: FarmPolicy,
    }
    /// Something staked.
    StakeIn {
        /// Where.
        farm: FarmId,
        /// Whose place.
        staker: u32,
        /// Whose.
        account: AccountId,
        /// What.
        unit: StakeUnit,
        /// How much.
        amount: Amount,
        /// Shares of the farm for it, at once.
        shares: Shares,
        /// Or the wait; it takes the place of one with the same number.
        ticket: Option<FarmTicket>,
        /// What the wait before a claim counts from, and when something was last staked.
        clock: (Timestamp, Timestamp),
    }
    /// Stake on its way out.
    StakeOut {
        /// Where from.
        farm: FarmId,
        /// Whose place.
        staker: u32,
        /// Shares of the farm given up.
        shares: Shares,
        /// What they were worth.
        amount: Amount,
        /// What of that is a penalty.
        penalty: Amount,
        /// What is left of it waits; it takes the place of one with the same number.
        ticket: FarmTicket,
        /// The fractions that are kept, for each reward.
        carried: Vec<Earned>,
        /// Of a vault's shares: whose they are and who gets the penalty.
        holdings: Option<Bound>,
    }
    /// A wait that was called off.
    CancelledTicket {
        /// Where.
        farm: FarmId,
        /// Whose place.
        staker: u32,
        /// Whose.
        account: AccountId,
        /// What.
        unit: StakeUnit,
        /// Which wait.
        ticket: u32,
        /// How much.
        amount: Amount,
        /// Shares of the farm for it, if it was an exit.
        shares: Option<Shares>,
    }
    /// Exits that were paid.
    StakePaid {
        /// Where from.
        farm: FarmId,
        /// Whose place.
        staker: u32,
        /// Whose.
        account: AccountId,
        /// What.
        unit: StakeUnit,
        /// Which waits.
        tickets: Vec<u32>,
        /// How much in all.
        amount: Amount,
    }
    /// Stake that changes hands.
    StakeMove {
        /// Where.
        farm: FarmId,
        /// From which place.
        from: u32,
        /// To which place.
        to: u32,
        /// Shares of the farm.
        shares: Shares,
        /// What they are worth.
        amount: Amount,
        /// Fractions that the giver keeps, for each reward.
        carried: Vec<Earned>,
        /// The taker's clocks: as they were.
        clock: (Timestamp, Timestamp),
        /// Of a vault's shares: whose they were and are.
        holdings: Option<Bound>,
    }
    /// What a staker of a delegated farm has at stake.
    StakeSet {
        /// Where.
        farm: FarmId,
        /// Whose place.
        staker: u32,
        /// How much from now on.
        stake: Shares,
        /// The fractions that are kept, for each reward.
        carried: Vec<Earned>,
        /// As of one who stakes.
        clock: (Timestamp, Timestamp),
    }
    /// Shares of a vault that go from one holder to another and stay bound.
    Bound {
        /// The vault.
        vault: VaultId,
        /// From which place.
        from: u32,
        /// To which place; a new one if it is the next.
        to: u32,
        /// Whose place that is.
        account: AccountId,
    }
}

impl FarmEvent {
    /// Its word, the same as in its JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::FarmCreated(_) => "farm_created",
            Self::FarmAttached { .. } => "farm_attached",
            Self::FarmPolicySet { .. } => "farm_policy_set",
            Self::FarmOffered { .. } => "farm_offered",
            Self::FarmTaken { .. } => "farm_taken",
            Self::RewardSet { .. } => "reward_set",
            Self::FarmFunded { .. } => "farm_funded",
            Self::FarmDefunded { .. } => "farm_defunded",
            Self::RewardIssued { .. } => "reward_issued",
            Self::StakerOpened { .. } => "staker_opened",
            Self::StakerSettled { .. } => "staker_settled",
            Self::StakeWarmed { .. } => "stake_warmed",
            Self::FarmStaked(_) => "farm_staked",
            Self::FarmUnstaked(_) => "farm_unstaked",
            Self::FarmTicketCancelled(_) => "farm_ticket_cancelled",
            Self::FarmWithdrawn(_) => "farm_withdrawn",
            Self::RewardHarvested { .. } => "reward_harvested",
            Self::FarmStakeMoved(_) => "farm_stake_moved",
            Self::FarmStakeSet(_) => "farm_stake_set",
            Self::RewardGiven { .. } => "reward_given",
            Self::FarmStakeGiven { .. } => "farm_stake_given",
            Self::PenaltiesPaid { .. } => "penalties_paid",
        }
    }
}
