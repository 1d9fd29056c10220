//! What is kept of farms and their stakers.

use super::accrual::{Earned, Reward};
use crate::{
    policy::{FarmKind, FarmPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, FarmId, Label, MathError, Shares, Timestamp, VaultId,
};
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
pub enum Staked {
    /// Atoms of an asset, in the farm's account.
    Asset(AssetId) = 0,
    /// Shares of a vault, bound in their holders' places.
    Vault(VaultId) = 1,
    /// Nothing: the farm is delegated.
    Nothing = 2,
}

/// A farm.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Farm {
    /// Its name.
    pub label: Label,
    /// What it is for.
    pub kind: FarmKind,
    /// What is staked.
    pub staked: Staked,
    /// Who runs it; nobody: the council.
    pub owner: Option<AccountId>,
    /// To whom it was offered.
    pub offered: Option<AccountId>,
    /// Who gets the fee on rewards.
    pub treasury: AccountId,
    /// Who gets penalties.
    pub penalties_to: AccountId,
    /// Its rules.
    pub policy: Box<FarmPolicy>,
    /// What is staked now.
    pub held: Stakes,
    /// Its rewards.
    pub rewards: Vec<Reward>,
}

/// What is staked in a farm, in atoms or in a vault's shares.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stakes {
    /// What earns.
    pub amount: Amount,
    /// Shares of it.
    pub shares: Shares,
    /// Deposits and exits that wait.
    pub waiting: Amount,
    /// Penalties that were not paid to whom they go.
    pub penalties: Amount,
}

impl Stakes {
    /// Shares for what joins, at today's price. **Rounding** down: those who are there keep the dust.
    ///
    /// # Errors
    /// [`MathError`] when it does not fit, or shares are left that nothing stands behind.
    pub fn bought(&self, amount: Amount, policy: &FarmPolicy) -> Result<Shares, MathError> {
        let count = if self.shares.is_zero() {
            amount.get().checked_mul(power(policy.stake_decimals)).ok_or(MathError::Overflow)?
        } else {
            amount.mul_div_floor(self.shares.get(), self.amount.get())?.get()
        };
        Ok(Shares::new(count))
    }

    /// What shares cost. **Rounding** up.
    ///
    /// # Errors
    /// As [`Self::bought`].
    pub fn cost(&self, shares: Shares, policy: &FarmPolicy) -> Result<Amount, MathError> {
        let of = if self.shares.is_zero() {
            (1, power(policy.stake_decimals))
        } else {
            (self.amount.get(), self.shares.get())
        };
        Amount::new(shares.get()).mul_div_ceil(of.0, of.1)
    }

    /// What shares are worth. **Rounding** down: those who stay keep the dust.
    ///
    /// # Errors
    /// As [`Self::bought`].
    pub fn worth(&self, shares: Shares) -> Result<Amount, MathError> {
        if shares == self.shares {
            return Ok(self.amount);
        }
        Amount::new(shares.get()).mul_div_floor(self.amount.get(), self.shares.get())
    }

    /// All that stands behind the farm.
    pub fn all(&self) -> Option<Amount> {
        self.amount.checked_add(self.waiting)?.checked_add(self.penalties)
    }
}

/// Ten to a power of at most 36.
pub(crate) fn power(decimals: u8) -> u128 {
    10_u128.saturating_pow(decimals.into())
}

/// One account's place in one farm.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Staker {
    /// Whose.
    pub account: AccountId,
    /// In which farm.
    pub farm: FarmId,
    /// Active shares.
    pub shares: Shares,
    /// What the wait before a claim counts from.
    pub since: Timestamp,
    /// When something was last staked.
    pub staked_at: Timestamp,
    /// Its part of each reward that was there when it was last settled.
    pub earned: Vec<Earned>,
    /// Deposits and exits that wait.
    pub tickets: Vec<FarmTicket>,
    /// The next ticket's number.
    pub next_ticket: u32,
}

impl Staker {
    /// What waits, of deposits or of exits.
    pub fn waiting(&self, cooling: bool) -> impl Iterator<Item = &FarmTicket> {
        self.tickets.iter().filter(move |ticket| ticket.cooling == cooling)
    }
}

/// A deposit or an exit that waits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FarmTicket {
    /// Its number among those of its staker.
    pub number: u32,
    /// Whether it is an exit.
    pub cooling: bool,
    /// Atoms, or shares of the vault.
    pub amount: Amount,
    /// When its wait is over.
    pub ready_at: Timestamp,
}

impl State {
    /// One account's place in one farm.
    pub fn staker(&self, farm: FarmId, account: AccountId) -> Option<(u32, &Staker)> {
        let id = self.labels.stakers.get((farm, account))?;
        self.stakers.get(id).map(|staker| (id, staker))
    }
}

/// The place of an account that must have one.
pub(crate) fn place(
    state: &State,
    farm: FarmId,
    account: (AccountId, Label),
) -> Result<(u32, &Staker), Halt> {
    let found = state.staker(farm, account.0);
    Ok(found.ok_or_else(|| Reject::got(RejectCode::UnknownStaker, account.1))?)
}

/// The place of a reward that must be there.
pub(crate) fn reward<'a>(
    state: &State,
    farm: &'a Farm,
    asset: Label,
) -> Result<(u8, &'a Reward), Halt> {
    let id = state.asset_id(asset)?;
    let found = (0..).zip(&farm.rewards).find(|(_, reward)| reward.asset == id);
    Ok(found.ok_or_else(|| Reject::got(RejectCode::UnknownReward, asset))?)
}

/// Refuses a farm of a kind that doesn't do this.
pub(crate) fn kind(farm: &Farm, fits: bool, needed: &'static str) -> Result<(), Halt> {
    if fits {
        return Ok(());
    }
    Err(Reject::new(RejectCode::FarmKind, farm.kind.word(), needed).into())
}
