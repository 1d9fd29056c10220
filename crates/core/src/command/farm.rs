//! Farms: stake, rewards, and who runs them.

use crate::{
    policy::{FarmKind, FarmPolicy, RewardTerms},
    table::commands,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Label, Shares};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What is staked in a farm.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum FarmStake {
    /// Atoms of an asset.
    Asset(Label) = 0,
    /// Shares of a vault.
    Vault(Label) = 1,
    /// Nothing: the farm is delegated.
    Nothing = 2,
}

commands! {
    /// Opens a farm.
    CreateFarm {
        /// Its name.
        label: Label,
        /// What it is for.
        kind: FarmKind,
        /// What is staked.
        stake: FarmStake,
        /// Who runs it.
        owner: Label,
        /// Who gets the fee on rewards.
        treasury: Label,
        /// Who gets penalties.
        penalties_to: Label,
        /// Its rules.
        @default policy: Box<FarmPolicy>,
    }
    /// Makes a farm the one of its vault; the council keeps it from then on. Not while something is staked in the
    /// farm that the vault has.
    AttachFarm {
        /// Which vault.
        vault: Label,
        /// Which farm, of kind vault and the curator's.
        farm: Label,
    }
    /// Changes a farm's rules; rewards up to now and waits that run stay by the old ones.
    SetFarmPolicy {
        /// Which farm.
        farm: Label,
        /// Its new rules.
        policy: Box<FarmPolicy>,
    }
    /// Offers a farm to another owner.
    OfferFarm {
        /// Which farm.
        farm: Label,
        /// To whom.
        owner: Label,
    }
    /// Takes a farm that was offered.
    TakeFarm {
        /// Which farm.
        farm: Label,
    }
    /// Sets how a reward comes; a new one begins now. What was issued stays.
    SetReward {
        /// Of which farm.
        farm: Label,
        /// Which asset it is paid in.
        asset: Label,
        /// How it comes.
        terms: Box<RewardTerms>,
    }
    /// Pays rewards in.
    FundFarm {
        /// Who pays.
        account: Label,
        /// To which farm.
        farm: Label,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Takes rewards back that were not issued, once none is to come.
    DefundFarm {
        /// Out of which farm.
        farm: Label,
        /// Of which asset.
        asset: Label,
        /// Who gets them.
        account: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Stakes.
    StakeFarm {
        /// Whose money or vault shares.
        account: Label,
        /// Into which farm.
        farm: Label,
        /// At most how many atoms, or shares of the vault.
        amount: Amount,
    }
    /// Takes stake out; it is paid once the wait is over.
    UnstakeFarm {
        /// Whose stake.
        account: Label,
        /// Out of which farm.
        farm: Label,
        /// At most how many of the farm's shares.
        shares: Shares,
    }
    /// Takes back a waiting exit, which is stake again, or a waiting deposit, which is free again.
    CancelFarmTicket {
        /// Whose.
        account: Label,
        /// Of which farm.
        farm: Label,
        /// Its number, as the staker's place shows it.
        ticket: u32,
    }
    /// Pays out all exits whose wait is over.
    WithdrawFarm {
        /// Whose.
        account: Label,
        /// Of which farm.
        farm: Label,
    }
    /// Claims a reward.
    HarvestFarm {
        /// Whose.
        account: Label,
        /// Of which farm.
        farm: Label,
        /// Paid in which asset.
        asset: Label,
    }
    /// Turns a staker's reward of an autocompound farm into more stake. Anyone.
    CompoundFarm {
        /// Whose.
        account: Label,
        /// Of which farm.
        farm: Label,
    }
    /// Hands stake to somebody else; its rewards up to now stay.
    TransferFarmStake {
        /// Whose.
        account: Label,
        /// To whom.
        to: Label,
        /// Of which farm.
        farm: Label,
        /// How many of the farm's shares.
        shares: Shares,
    }
    /// Says what an account has at stake in a delegated farm.
    SetFarmStake {
        /// Of which farm.
        farm: Label,
        /// Whose.
        account: Label,
        /// How much from now on.
        stake: Shares,
    }
    /// Gives a reward to one staker of a delegated farm, out of what is not issued.
    RewardOnce {
        /// Of which farm.
        farm: Label,
        /// Whom.
        account: Label,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
        /// What he has unclaimed before it; refused if that is something else, so it is not given twice.
        expected: Amount,
    }
    /// Gives atoms to all who stake in a farm, by their stake.
    GiveFarmStake {
        /// Who gives.
        account: Label,
        /// To which farm.
        farm: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Brings a farm up to now, and a staker in it: deposits whose wait is over begin to earn. An account without a
    /// place in the farm opens one.
    RefreshFarm {
        /// Which farm.
        farm: Label,
        /// Whose place.
        @default account: Option<Label>,
    }
    /// Pays the penalties that a farm holds to whom they go. Anyone.
    PayPenalties {
        /// Of which farm.
        farm: Label,
    }
}
