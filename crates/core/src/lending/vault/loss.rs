//! Losses of a vault: noticed before anybody's shares can change, and what came of them.
//!
//! ```text
//!   occurrence in a reserve ──▶ touch, before every change of shares ──▶ record
//!                                  nobody's shares changed since:       provisional ──▶ recognised
//!                                  who holds now held then                  └── nothing lost: void
//! ```
//!
//! A record names a run of a reserve's occurrences and the shares of it that the vault held. What is provisional,
//! lost and released is their product, asked anew each time: nothing has to be written when a loan is repaid or
//! socialised, whatever the number of vaults. Pending fees bear a loss before depositors do, and what an insurance
//! pool bore by burning its shares is not theirs either.

use super::{
    book::{Allocation, Vault},
    worth::value,
};
use crate::{
    command::RecogniseLoss,
    event::{Event, VaultEvent},
    governance::Context,
    lending::{
        book::LendingReserve,
        occurrence::{between, find},
    },
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Fixed60, MathError, ReserveId, Seq, Shares, Timestamp, VaultId, VaultLossId};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// How many records pending fees are counted to at most when they bear a loss, for each reserve.
const CUSHIONED_MAX: usize = 16;

/// What a vault lost through one reserve at once.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VaultLoss {
    /// Which vault.
    pub vault: VaultId,
    /// Through which reserve.
    pub reserve: ReserveId,
    /// Its number among the vault's losses, from zero.
    pub count: u32,
    /// After this occurrence of the reserve.
    pub after: u32,
    /// Up to this one.
    pub until: u32,
    /// When the first of them occurred: nobody's shares changed since.
    pub at: Timestamp,
    /// In which record of the log.
    pub seq: Seq,
    /// When it was noticed.
    pub noticed_at: Timestamp,
    /// Shares of the reserve that the vault held.
    pub held: Shares,
    /// All shares of the vault.
    pub shares: Shares,
    /// Of them dead, in insurance pools and on compensation accounts: they have no claim.
    pub nobodys: Shares,
    /// What the vault's shares were worth to who leaves when it was noticed, the loss taken off.
    pub net: Fixed60,
    /// What pending fees bore of it.
    pub cushioned: Fixed60,
    /// What the vault's insurance pool bore of it, by burning shares.
    pub absorbed: Fixed60,
    /// Those shares: what is left of the loss is borne by the others.
    pub burned: Shares,
    /// The vault's loss through this reserve before.
    pub earlier: Option<VaultLossId>,
}

/// What a loss comes to, in atoms.
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
pub struct Amounts {
    /// What may still come right.
    pub provisional: Fixed60,
    /// What is lost.
    pub socialised: Fixed60,
    /// What was not lost in the end.
    pub released: Fixed60,
}

/// How far a loss has come on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing of it is certain.
    Provisional,
    /// Something is lost.
    Recognised,
    /// Nothing was lost.
    Void,
}

impl Amounts {
    /// Whether something is lost, may be, or not.
    pub fn standing(&self) -> Standing {
        match (self.socialised.is_zero(), self.provisional.is_zero()) {
            (false, _) => Standing::Recognised,
            (true, false) => Standing::Provisional,
            (true, true) => Standing::Void,
        }
    }

    /// All that was marked.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub fn marked(&self) -> Result<Fixed60, MathError> {
        let sum = self.provisional.checked_add(self.socialised);
        sum.and_then(|sum| sum.checked_add(self.released)).ok_or(MathError::Overflow)
    }
}

impl VaultLoss {
    /// Shares whose holders have a claim.
    pub fn borne_by(&self) -> Shares {
        self.shares.saturating_sub(self.nobodys)
    }

    /// What it comes to now. **Rounding** down, by less than a step of 2⁻⁶⁰ for each share of the reserve and
    /// occurrence.
    ///
    /// # Errors
    /// [`RejectCode::Overflow`] from 2⁶⁸ atoms on.
    pub fn amounts(&self, state: &State) -> Result<Amounts, Halt> {
        let toll = between(state, self.reserve, self.after, self.until)?;
        let held = |each: Fixed60| each.mul_div_floor(self.held.get(), 1);
        Ok(Amounts {
            provisional: held(toll.open())?,
            socialised: held(toll.socialised)?,
            released: held(toll.released)?,
        })
    }

    /// What those who bear it have lost for good, pools and all: what was socialised, without what pending fees
    /// and burned pool shares bore. What who left gave up of what came right since is with those who stayed, and so no
    /// loss: never more is made good than was lost.
    ///
    /// # Errors
    /// As [`VaultLoss::amounts`].
    pub fn borne(&self, state: &State) -> Result<Fixed60, Halt> {
        let lost = self.amounts(state)?.socialised;
        Ok(lost.saturating_sub(self.cushioned).saturating_sub(self.absorbed))
    }

    /// The part of [`VaultLoss::borne`] that so many of the shares have lost that no pool burned. **Rounding** down.
    ///
    /// # Errors
    /// As [`VaultLoss::amounts`].
    pub fn borne_of(&self, state: &State, shares: Shares) -> Result<Fixed60, Halt> {
        let bearing = self.shares.saturating_sub(self.burned);
        if bearing.is_zero() {
            return Ok(Fixed60::ZERO);
        }
        let all = self.borne(state)?;
        Ok(all.mul_div_floor(shares.min(bearing).get(), bearing.get())?)
    }
}

/// Records what the vault's reserves lost since they were last looked at.
pub(crate) fn notice(txn: &mut Txn<'_>, context: &Context<'_>, id: VaultId) -> Result<(), Halt> {
    let vault = txn.state().vaults.expect(id)?;
    for record in coming(txn.state(), (id, vault), context.now)? {
        let loss = txn.state().vault_losses.next_id();
        let record =
            Box::new(VaultLoss { count: txn.state().vaults.expect(id)?.held.losses, ..record });
        txn.emit(Event::Vault(VaultEvent::LossRecorded { loss, record }))?;
    }
    Ok(())
}

/// What the reserves of a vault lost since it last looked, each as its next loss.
pub(crate) fn coming(
    state: &State,
    (id, vault): (VaultId, &Vault),
    now: Timestamp,
) -> Result<Vec<VaultLoss>, Halt> {
    let mut found = Vec::new();
    for allocation in &vault.allocations {
        let reserve = state.reserves.expect(allocation.reserve)?;
        if !allocation.shares.is_zero() && reserve.occurrences != allocation.seen {
            found.push(record(state, (id, vault), (allocation, reserve), now)?);
        }
    }
    Ok(found)
}

fn record(
    state: &State,
    (id, vault): (VaultId, &Vault),
    (allocation, reserve): (&Allocation, &LendingReserve),
    now: Timestamp,
) -> Result<VaultLoss, Halt> {
    let first = find(state, allocation.reserve, allocation.seen.saturating_add(1))?;
    let net = value(state, vault, (LendingReserve::sound, now))?.net(vault.held.pending);
    Ok(VaultLoss {
        vault: id,
        reserve: allocation.reserve,
        count: vault.held.losses,
        after: allocation.seen,
        until: reserve.occurrences,
        at: first.at,
        seq: first.seq,
        noticed_at: now,
        held: allocation.shares,
        shares: vault.held.shares,
        nobodys: vault.held.nobodys()?,
        net,
        cushioned: Fixed60::ZERO,
        absorbed: Fixed60::ZERO,
        burned: Shares::ZERO,
        earlier: allocation.loss,
    })
}

/// Counts what pending fees bore to the losses that are not theirs yet, reserve by reserve, the last loss
/// of each first. What falls for another reason than a loss counts to none.
pub(crate) fn cushion(txn: &mut Txn<'_>, id: VaultId, borne: Fixed60) -> Result<(), Halt> {
    let mut rest = borne;
    for place in 0.. {
        let allocations = &txn.state().vaults.expect(id)?.allocations;
        let Some(allocation) = allocations.get(place).filter(|_| !rest.is_zero()) else { break };
        let mut next = allocation.loss;
        for _ in 0..CUSHIONED_MAX {
            let Some(loss) = next else { break };
            let record = txn.state().vault_losses.expect(loss)?;
            let lost = record.amounts(txn.state())?.socialised;
            let amount = lost.saturating_sub(record.cushioned).min(rest);
            next = record.earlier;
            rest = rest.saturating_sub(amount);
            if !amount.is_zero() {
                txn.emit(Event::Vault(VaultEvent::LossCushioned { loss, amount }))?;
            }
        }
    }
    Ok(())
}

/// Looks at a vault for losses, so that they need not wait for who deposits or leaves.
pub(crate) fn recognise(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &RecogniseLoss,
) -> Result<(), Halt> {
    let id = txn.state().vault_id(command.vault)?;
    let before = txn.state().vaults.expect(id)?.held.losses;
    super::touch::touch(txn, context, id)?;
    if txn.state().vaults.expect(id)?.held.losses == before {
        return Err(Reject::got(RejectCode::NothingLost, command.vault).into());
    }
    Ok(())
}

pub(crate) fn evolve(state: &mut State, event: &VaultEvent) -> Result<(), Corrupt> {
    match event {
        VaultEvent::LossRecorded { loss, record } => {
            let seen = join(state, record.reserve)?;
            let vault = state.vaults.change(record.vault)?;
            vault.held.losses = vault.held.losses.checked_add(1).ok_or(Corrupt::Overflow)?;
            // Who waits holds a number of shares from now on, and may join again.
            vault.queue.round = None;
            let place = vault.allocations.iter_mut().find(|one| one.reserve == record.reserve);
            let place = place.ok_or(Corrupt::DanglingHandle)?;
            (place.seen, place.loss) = (seen, Some(*loss));
            state.vault_losses.insert(*loss, **record)
        }
        VaultEvent::LossCushioned { loss, amount } => {
            let record = state.vault_losses.change(*loss)?;
            let sum = record.cushioned.checked_add(*amount);
            record.cushioned = sum.ok_or(Corrupt::Overflow)?;
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// Ends the reserve's occurrence, so that what it loses from now on is another one; returns its number.
pub(crate) fn join(state: &mut State, reserve: ReserveId) -> Result<u32, Corrupt> {
    let held = state.reserves.expect(reserve)?;
    let (seen, last) = (held.seen, held.occurrences);
    if seen != last {
        state.reserves.change(reserve)?.seen = last;
    }
    Ok(last)
}
