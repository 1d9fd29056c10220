//! What is kept of insurance pools, their stakes and exits.

use crate::{
    policy::{BreachCause, InsurancePolicy, PoolSigner, PublicKey, ReleaseBy, ReleaseStatus},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    AccountId, Amount, AssetId, Label, MathError, Seq, Shares, Timestamp, VaultId, VaultLossId,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The insurance pool of one vault.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct InsurancePool {
    /// Of which vault.
    pub vault: VaultId,
    /// Its rules.
    pub policy: Box<InsurancePolicy>,
    /// The council's key for releases.
    pub council: PublicKey,
    /// The key of the curator's nominee.
    pub nominee: PublicKey,
    /// Who owns it; none: the vault's curator.
    pub owner: Option<Box<Multisig>>,
    /// Who was offered it.
    pub heir: Option<Box<Multisig>>,
    /// The highest nonce that was signed for it.
    pub nonce: u64,
    /// Who matches, and the asset that the cap is counted in.
    pub matcher: Option<(AccountId, AssetId)>,
    /// What stakers locked.
    pub own: Tranche,
    /// What was put beside it.
    pub matched: Tranche,
    /// What of the cap is used, valued when it was matched.
    pub used: Amount,
    /// What was matched, in atoms of the vault's asset at that time.
    pub principal: Amount,
}

/// Keys of which several must sign.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Multisig {
    /// Whose signatures count.
    pub keys: Vec<PublicKey>,
    /// How many are needed.
    pub threshold: u8,
}

/// One tranche of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tranche {
    /// Shares of the vault.
    pub shares: Shares,
    /// Units of its stakers.
    pub units: Shares,
    /// Units on their way out.
    pub exiting: Shares,
    /// How often a loss has taken all.
    pub series: u32,
    /// In which record of the log the series began: it answers for no loss before.
    pub began: Seq,
}

/// A release that was announced.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolRelease {
    /// Of which pool.
    pub pool: u32,
    /// For which loss.
    pub loss: VaultLossId,
    /// At most how many atoms.
    pub amount: Amount,
    /// By whom.
    pub by: ReleaseBy,
    /// When it can be paid.
    pub ready_at: Timestamp,
    /// What became of it.
    pub status: ReleaseStatus,
}

/// What was released for one loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PoolPayment {
    /// For which loss.
    pub loss: VaultLossId,
    /// In money, in atoms.
    pub money: Amount,
    /// In shares of the vault.
    pub shares: Shares,
    /// All of it, in atoms at the time.
    pub value: Amount,
    /// Shares that the stakers' tranche gave, of the series with this number.
    pub own: (Shares, u32),
    /// Shares that the matched tranche gave.
    pub matched: Shares,
}

/// A commitment that was not kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolBreach {
    /// Of which pool.
    pub pool: u32,
    /// Whose, if it is an account's.
    pub account: Option<AccountId>,
    /// What happened.
    pub cause: BreachCause,
    /// While which loss was open.
    pub loss: VaultLossId,
    /// When.
    pub at: Timestamp,
}

/// One account's part of a tranche.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PoolStake {
    /// Whose.
    pub account: AccountId,
    /// Of which pool.
    pub pool: u32,
    /// Whether it is matched money.
    pub matched: bool,
    /// Of which series its units are.
    pub series: u32,
    /// Its units.
    pub units: Shares,
    /// Those on their way out.
    pub exiting: Shares,
    /// Its open exits.
    pub tickets: u8,
}

/// One exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PoolTicket {
    /// Of which stake.
    pub stake: u32,
    /// Of which series.
    pub series: u32,
    /// How many units.
    pub units: Shares,
    /// When it was signalled.
    pub signalled_at: Timestamp,
    /// When it can be paid.
    pub due: Timestamp,
    /// Whether it was paid or taken back.
    pub closed: bool,
}

impl Tranche {
    /// Units for shares of the vault: one each at the beginning, then at the price of now. **Rounding** down.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 128 bits.
    pub fn minted(&self, shares: Shares) -> Result<Shares, MathError> {
        if self.units.is_zero() || self.is_wiped() {
            return Ok(shares);
        }
        self.units.mul_div_floor(shares.get(), self.shares.get())
    }

    /// Shares of the vault that units stand for. **Rounding** down; who stays keeps the dust, the last one gets all.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when they are more than all.
    pub fn worth(&self, units: Shares) -> Result<Shares, MathError> {
        if self.units.is_zero() {
            return Ok(Shares::ZERO);
        }
        self.shares.mul_div_floor(units.get(), self.units.get())
    }

    /// Whether a loss has taken all and nobody has come since.
    pub fn is_wiped(&self) -> bool {
        self.shares.is_zero() && !self.units.is_zero()
    }

    /// Shares of the vault that are not on their way out. **Rounding** down.
    ///
    /// # Errors
    /// None while no more units leave than there are.
    pub fn live(&self) -> Result<Shares, MathError> {
        self.worth(self.units.saturating_sub(self.exiting))
    }
}

impl InsurancePool {
    /// One of its tranches.
    pub fn tranche(&self, matched: bool) -> &Tranche {
        if matched { &self.matched } else { &self.own }
    }

    pub(crate) fn tranche_mut(&mut self, matched: bool) -> &mut Tranche {
        if matched { &mut self.matched } else { &mut self.own }
    }

    /// What of the cap is used. Where a loss has taken all that was matched, matching begins anew.
    pub fn used(&self) -> Amount {
        if self.matched.is_wiped() { Amount::ZERO } else { self.used }
    }

    /// One of the two keys for releases.
    pub fn key(&self, signer: PoolSigner) -> PublicKey {
        match signer {
            PoolSigner::Council => self.council,
            PoolSigner::Nominee => self.nominee,
        }
    }
}

impl State {
    /// The insurance pool of a vault.
    ///
    /// # Errors
    /// [`RejectCode::UnknownInsurancePool`] when it has none.
    pub fn insurance_pool(&self, vault: Label) -> Result<(u32, &InsurancePool), Halt> {
        let unknown = Reject::got(RejectCode::UnknownInsurancePool, vault);
        let id = self.vaults.expect(self.vault_id(vault)?)?.pool.ok_or(unknown)?;
        Ok((id, self.insurance_pools.expect(id)?))
    }

    /// One account's part of a tranche.
    pub fn pool_stake(
        &self,
        pool: u32,
        (account, matched): (AccountId, bool),
    ) -> Option<(u32, &PoolStake)> {
        let id = self.labels.pool_stakes.get((pool, account, matched))?;
        self.pool_stakes.get(id).map(|stake| (id, stake))
    }
}

/// An exit that is still open.
pub(crate) fn open_ticket(state: &State, id: u32) -> Result<&PoolTicket, Reject> {
    let ticket = find_ticket(state, id)?;
    if ticket.closed { Err(Reject::got(RejectCode::TicketClosed, id)) } else { Ok(ticket) }
}

/// An exit under its handle.
pub(crate) fn find_ticket(state: &State, id: u32) -> Result<&PoolTicket, Reject> {
    state.pool_tickets.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownTicket, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tranche(shares: u128, units: u128, exiting: u128) -> Tranche {
        let [shares, units, exiting] = [shares, units, exiting].map(Shares::new);
        Tranche { shares, units, exiting, ..Tranche::default() }
    }

    #[test]
    fn units_and_shares() {
        for (shares, units, staked, minted, back) in [
            // The first gets one for each.
            (0, 0, 7, 7, 7),
            (100, 100, 7, 7, 7),
            // A loss took half: twice the units, and who came before lost nothing to him.
            (50, 100, 7, 14, 7),
            // Yield came in: rounded down, the dust is theirs who were there.
            (150, 100, 7, 4, 6),
            (3, 2, 1, 0, 0),
            // All was lost: a new series, one for each.
            (0, 100, 7, 7, 7),
        ] {
            let mut pool = tranche(shares, units, 0);
            let got = pool.minted(Shares::new(staked)).unwrap();
            assert_eq!(got.get(), minted, "{staked} into {shares}/{units}");
            if pool.is_wiped() {
                pool = Tranche::default();
            }
            let after = tranche(pool.shares.get() + staked, pool.units.get() + minted, 0);
            assert_eq!(after.worth(got).unwrap().get(), back, "{staked} into {shares}/{units}");
        }
    }

    #[test]
    fn what_is_on_its_way_out_is_not_live() {
        for (shares, units, exiting, live) in
            [(100, 100, 0, 100), (100, 100, 40, 60), (50, 100, 40, 30), (3, 2, 1, 1), (0, 5, 0, 0)]
        {
            let got = tranche(shares, units, exiting).live().unwrap();
            assert_eq!(got.get(), live, "{exiting} of {units} for {shares}");
        }
        assert_eq!(tranche(0, 0, 0).worth(Shares::new(0)), Ok(Shares::ZERO));
    }
}
