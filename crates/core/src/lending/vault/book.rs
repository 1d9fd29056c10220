//! What is kept of vaults and their holders.

use super::{fees::Charged, kin::Kin, yields::Returns};
use crate::{
    policy::{AllocationKind, VaultPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, FarmId, Fixed60, Label, MathError, ReserveId, Shares, Timestamp,
    VaultId, VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most reserves of one vault.
pub const ALLOCATIONS_MAX: usize = 25;

/// A vault.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vault {
    /// Its name.
    pub label: Label,
    /// What is deposited.
    pub asset: AssetId,
    /// Who manages it and earns its fees.
    pub curator: AccountId,
    /// Its rules.
    pub policy: Box<VaultPolicy>,
    /// Money, shares and fees.
    pub held: Funds,
    /// What it earned ever.
    pub returns: Returns,
    /// Rewards that came in since fees were last charged, in atoms.
    pub streamed: Amount,
    /// Those who wait for its money.
    pub queue: Queue,
    /// Its reserves, in the order in which they were added.
    pub allocations: Vec<Allocation>,
    /// Allocations that wait for a veto, each until a moment.
    pub waiting: Vec<(Allocation, Timestamp)>,
    /// The farm in which its shares are staked, once it has one.
    pub farm: Option<FarmId>,
    /// Its insurance pool, if it has one.
    pub pool: Option<u32>,
    /// Places of the curator's owner group.
    pub kin: Kin,
}

/// A vault's money, shares and fees.
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
pub struct Funds {
    /// Atoms that are in no reserve.
    pub idle: Amount,
    /// Shares of all holders, the dead ones too.
    pub shares: Shares,
    /// Shares that belong to nobody, so that the first depositor can't move the price.
    pub dead: Shares,
    /// Shares in the vault's insurance pool.
    pub pooled: Shares,
    /// Net assets when they were last looked at: what fees are charged on and profit is measured from.
    pub basis: Fixed60,
    /// The highest net assets for a share so far, as their quotient.
    pub high: (Fixed60, Shares),
    /// Fees that the curator has earned and not taken.
    pub pending: Fixed60,
    /// When fees were last charged; never before the first time.
    pub charged_at: Option<Timestamp>,
    /// What pays for roundings when money is invested, in atoms.
    pub crank: Amount,
    /// Profit ever, for statements; losses don't lower it.
    pub earned: Fixed60,
    /// Rewards that are added to the idle money over time.
    pub rewards: Stream,
    /// How many losses were recorded.
    pub losses: u32,
    /// Shares on compensation accounts, part of `shares`.
    pub escrowed: Shares,
}

/// The queue of those whom a vault could not pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Queue {
    /// The round that waits, if somebody does.
    pub round: Option<u32>,
    /// Atoms that came for those in the queue and that they have not claimed.
    pub owed: Amount,
}

/// A round of a vault's queue: until nobody waits, or nothing is left that could be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Round {
    /// Of which vault.
    pub vault: VaultId,
    /// Shares that wait.
    pub shares: Shares,
    /// Units of all who wait.
    pub units: Shares,
    /// Money that came for each unit, ever.
    pub index: Fixed60,
    /// Money that is too little for a step of the index.
    pub carry: Fixed60,
}

/// One account's place in a vault's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Waiting {
    /// Whose.
    pub account: AccountId,
    /// Of which vault.
    pub vault: VaultId,
    /// In which round.
    pub round: u32,
    /// His part of it, against all units.
    pub units: Shares,
    /// The round's index when this was last looked at.
    pub index: Fixed60,
    /// Money that came for him until then.
    pub due: Fixed60,
}

/// Money that comes in second by second.
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
pub struct Stream {
    /// Atoms for each second.
    pub per_second: Amount,
    /// Atoms that are left.
    pub left: Amount,
    /// Up to when it has come in.
    pub at: Timestamp,
}

/// One reserve of a vault.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Allocation {
    /// Which reserve.
    pub reserve: ReserveId,
    /// Whether money goes there by weight, or only when a borrower takes it.
    pub kind: AllocationKind,
    /// Its part of what is not kept idle, against the other weights.
    pub weight: u64,
    /// At most so many atoms; zero: none.
    pub cap: Amount,
    /// Shares of the reserve that the vault holds.
    pub shares: Shares,
    /// When money was last moved.
    pub moved_at: Option<Timestamp>,
    /// Up to which of its occurrences losses were recorded.
    pub seen: u32,
    /// The last loss that was recorded.
    pub loss: Option<VaultLossId>,
}

/// One holder of a vault's shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Holding {
    /// Whose.
    pub account: AccountId,
    /// Of which vault.
    pub vault: VaultId,
    /// How many he has at hand.
    pub shares: Shares,
    /// How many he has in farms.
    pub staked: Shares,
    /// The vault's count of losses when his shares last changed.
    pub met: u32,
    /// The newest run of losses that he met with one number of shares.
    pub run: Option<u32>,
    /// For an account of the curator's owner group, the place of it before this one.
    pub kin: Option<u32>,
}

impl Funds {
    /// Shares that are no holder's: dead, in insurance pools and on compensation accounts.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 128 bits.
    pub fn nobodys(&self) -> Result<Shares, MathError> {
        let all = self.dead.checked_add(self.pooled).and_then(|all| all.checked_add(self.escrowed));
        all.ok_or(MathError::Overflow)
    }
}

impl Vault {
    /// Takes in rewards that came up to a moment.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past what an amount holds.
    pub(crate) fn stream(&mut self, amount: Amount, at: Timestamp) -> Result<(), MathError> {
        let plus = |a: Amount, b| a.checked_add(b).ok_or(MathError::Overflow);
        self.held.idle = plus(self.held.idle, amount)?;
        self.streamed = plus(self.streamed, amount)?;
        let rewards = &mut self.held.rewards;
        (rewards.left, rewards.at) = (rewards.left.saturating_sub(amount), at);
        Ok(())
    }

    /// Takes in fees that were charged.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub(crate) fn charge(
        &mut self,
        charged: &Charged,
        high: (Fixed60, Shares),
        at: Timestamp,
    ) -> Result<(), MathError> {
        self.returns.add(&self.held, charged, self.streamed);
        self.streamed = Amount::ZERO;
        let held = &mut self.held;
        let plus = |a: Fixed60, b| a.checked_add(b).ok_or(MathError::Overflow);
        held.pending = plus(held.pending.saturating_sub(charged.written_down), charged.fee)?;
        held.earned = plus(held.earned, charged.earned)?;
        (held.basis, held.high, held.charged_at) = (charged.basis, high, Some(at));
        Ok(())
    }
}

impl Allocation {
    /// Nothing in a reserve.
    pub(crate) const fn of(reserve: ReserveId) -> Self {
        Self {
            reserve,
            kind: AllocationKind::Standard,
            weight: 0,
            cap: Amount::ZERO,
            shares: Shares::ZERO,
            moved_at: None,
            seen: 0,
            loss: None,
        }
    }
}

impl Vault {
    /// The place of a reserve among the allocations.
    pub fn place(&self, reserve: ReserveId) -> Option<usize> {
        self.allocations.iter().position(|allocation| allocation.reserve == reserve)
    }

    /// How many reserves new money can go to.
    pub fn active(&self) -> usize {
        let active = |allocation: &&Allocation| allocation.weight > 0 && !allocation.cap.is_zero();
        self.allocations.iter().filter(active).count()
    }
}

impl State {
    /// What one account holds of one vault.
    pub fn holding(&self, vault: VaultId, account: AccountId) -> Option<(u32, &Holding)> {
        let id = self.labels.holdings.get((vault, account))?;
        self.holdings.get(id).map(|holding| (id, holding))
    }
}

/// The place of a reserve that must be among a vault's.
pub(crate) fn find(
    state: &State,
    vault: &Vault,
    reserve: Label,
) -> Result<(usize, ReserveId), Halt> {
    let id = state.reserve_id(reserve)?;
    let place = vault.place(id);
    Ok((place.ok_or_else(|| Reject::got(RejectCode::NotAllocated, reserve))?, id))
}
