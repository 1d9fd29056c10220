//! What is kept of compensation: one account for each loss that was assessed.

use crate::{
    event::{Assessment, ClaimCount, ClaimsRoot},
    ledger::LedgerAccount,
    pool::liable::payment,
    reject::{Halt, Reject, RejectCode},
    state::{State, VaultLoss},
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, AssetId, MathError, Shares, Timestamp, VaultLossId};
use borsh::{BorshDeserialize, BorshSerialize};

/// The compensation of one loss.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Compensation {
    /// What is to be made good.
    pub assessment: Assessment,
    /// Whether that is in dispute.
    pub disputed: bool,
    /// Who paid in how much; what is more came from the insurance pool.
    pub paid_in: Vec<(AccountId, Amount)>,
    /// Claims, once they are open.
    pub claims: Option<Claims>,
    /// The root over them, while one is published.
    pub root: Option<ClaimsRoot>,
}

/// Open or closed claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Claims {
    /// Atoms that are shared.
    pub money: Amount,
    /// Shares of the vault that are shared.
    pub shares: Shares,
    /// Up to when they are paid.
    pub until: Timestamp,
    /// Atoms that were paid.
    pub paid: Amount,
    /// Shares that were handed over.
    pub handed: Shares,
    /// Shares at the loss whose holders were paid.
    pub claimed: Shares,
    /// Whether they are over.
    pub closed: bool,
}

/// One holder's claim that was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PaidClaim {
    /// For which loss.
    pub loss: VaultLossId,
    /// The holder's place.
    pub holding: u32,
}

impl Compensation {
    /// What an account's claim comes to, in atoms and shares. **Rounding** down; the rest goes back at the end.
    ///
    /// # Errors
    /// None for shares that are no more than have a claim.
    pub fn due(&self, claims: &Claims, held: Shares) -> Result<(Amount, Shares), MathError> {
        let all = self.assessment.eligible.get();
        if all == 0 {
            return Ok((Amount::ZERO, Shares::ZERO));
        }
        let money = claims.money.mul_div_floor(held.get(), all)?;
        Ok((money, claims.shares.mul_div_floor(held.get(), all)?))
    }

    /// What accounts have paid in.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when it does not fit.
    pub fn given(&self) -> Result<Amount, MathError> {
        let mut paid = self.paid_in.iter().map(|(_, paid)| *paid);
        paid.try_fold(Amount::ZERO, Amount::checked_add).ok_or(MathError::Overflow)
    }

    /// What of the assessed loss stays with those who bore it: nobody paid or released it. Shares count as what
    /// they were worth when they were released.
    ///
    /// # Errors
    /// A dangling handle.
    pub fn shortfall(&self, state: &State) -> Result<Amount, Halt> {
        let loss = self.assessment.loss;
        let (shares, worth) = in_kind(state, loss);
        let there = match &self.claims {
            Some(claims) if shares.is_zero() => claims.money,
            Some(claims) => {
                let part = worth.mul_div_floor(claims.shares.get(), shares.get())?;
                claims.money.saturating_add(part)
            }
            None => money(state, loss)?.1.saturating_add(worth),
        };
        Ok(self.assessment.amount.saturating_sub(there))
    }
}

/// How far what was assessed is made good, in atoms of the vault's asset: three parts that add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MadeGood {
    /// Claimants were paid it, or were handed shares worth as much.
    pub paid: Amount,
    /// It is there and nobody has claimed it; once claims are closed, it went back.
    pub waits: Amount,
    /// Nobody paid or released it.
    pub missing: Amount,
}

impl Compensation {
    /// How far what was assessed is made good. What came beyond the assessment is no part of it.
    ///
    /// **Rounding** shares that were handed over down, at what they were worth when they were released.
    ///
    /// # Errors
    /// A dangling handle.
    pub fn made_good(&self, state: &State) -> Result<MadeGood, Halt> {
        let missing = self.shortfall(state)?;
        let there = self.assessment.amount.saturating_sub(missing);
        let (shares, worth) = in_kind(state, self.assessment.loss);
        let paid = match &self.claims {
            None => Amount::ZERO,
            Some(claims) if shares.is_zero() => claims.paid,
            Some(claims) => {
                let handed = worth.mul_div_floor(claims.handed.get(), shares.get())?;
                claims.paid.saturating_add(handed)
            }
        };
        let paid = paid.min(there);
        Ok(MadeGood { paid, waits: there.saturating_sub(paid), missing })
    }
}

/// Shares of the vault that were released for a loss, and what they were worth then.
pub fn in_kind(state: &State, loss: VaultLossId) -> (Shares, Amount) {
    payment(state, loss)
        .map_or_else(Default::default, |it| (it.shares, it.value.saturating_sub(it.money)))
}

/// The asset of a loss, and what its compensation account holds.
///
/// # Errors
/// A dangling handle.
pub fn money(state: &State, loss: VaultLossId) -> Result<(AssetId, Amount), Halt> {
    let record = state.vault_losses.expect(loss)?;
    let asset = state.vaults.expect(record.vault)?.asset;
    Ok((asset, state.ledger.owed(LedgerAccount::Compensation(loss), asset)))
}

/// A loss under its handle.
pub(crate) fn find(state: &State, loss: VaultLossId) -> Result<&VaultLoss, Reject> {
    state
        .vault_losses
        .get(loss)
        .ok_or_else(|| Reject::got(RejectCode::UnknownVaultLoss, loss.get()))
}

/// The compensation of a loss that was assessed.
pub(crate) fn assessed(state: &State, loss: VaultLossId) -> Result<(u32, &Compensation), Reject> {
    find(state, loss)?;
    let found = state.labels.compensations.get(loss);
    let found = found.and_then(|id| state.compensations.get(id).map(|held| (id, held)));
    found.ok_or_else(|| Reject::new(RejectCode::CompensationState, "recorded", "assessed"))
}

impl State {
    /// The compensation of a loss, once it was assessed.
    pub fn compensation(&self, loss: VaultLossId) -> Option<&Compensation> {
        self.compensations.get(self.labels.compensations.get(loss)?)
    }

    /// How far an account has counted the claims on a loss.
    pub fn claim_count(&self, loss: VaultLossId, account: AccountId) -> Option<(u32, &ClaimCount)> {
        let id = self.labels.claim_counts.get((loss, account))?;
        self.claim_counts.get(id).map(|count| (id, count))
    }

    /// Whether a holder's claim was paid.
    pub fn is_claimed(&self, loss: VaultLossId, holding: u32) -> bool {
        self.labels.paid_claims.get((loss, holding)).is_some()
    }
}
