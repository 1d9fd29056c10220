//! The queue of those whom a vault can't pay at once: what comes to hand is shared by what each waits with, and
//! nobody passes.
//!
//! ```text
//!   holders ── queue ──▶ shares that wait ── fill: burned for what is at hand ──▶ money per unit ── claim ──▶ balances
//!      ▲                        │
//!      └──────── leave ◀────────┘        still earning, still bearing losses until they are paid
//! ```
//!
//! Who joins gets units of the queue, as many as a share of it costs then; a fill burns shares of all at once and raises
//! the money for each unit, so every command is one step, however many wait. A **round** of the queue ends when nothing
//! is left that could be paid, and when the vault loses something, so that who bore the loss with how many shares is
//! known; what it then has of shares goes back with the claim.

use super::{
    book::{Round, Vault, Waiting},
    fees::penalty,
    leave::{asked, drawn_from, forgone, reserve_of, vaulted},
    touch::{leaving, marks, touch},
    withdraw::{Vaulted, Withdrawal, withdraw},
    worth::stands_for,
};
use crate::{
    command::{ClaimQueued, FillQueue, LeaveQueue, QueueWithdrawal},
    event::{Event, QueueFill, QueueMove, VaultEvent},
    governance::Context,
    lending::supply::some,
    policy::{QueueKind, VaultPolicy},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Fixed60, Label, MathError, Shares, VaultId};

/// Refuses while somebody waits for money of a vault.
pub(crate) fn nobody_waits(state: &State, vault: &Vault) -> Result<(), Halt> {
    let Some(round) = vault.queue.round else { return Ok(()) };
    let waits = state.rounds.expect(round)?.shares;
    Err(Reject::new(RejectCode::QueueWaits, waits, Shares::ZERO).into())
}

/// Whether so many shares could be withdrawn by themselves if there was money.
fn withdrawable(policy: &VaultPolicy, vault: Vaulted, shares: Shares) -> Result<bool, Halt> {
    if shares.is_zero() || vault.net.is_zero() {
        return Ok(false);
    }
    let gross = stands_for(vault.net, vault.shares, shares)?;
    let kept = penalty(policy, gross)?;
    Ok(gross > kept && gross.saturating_sub(kept) > policy.min_withdraw)
}

/// Puts shares into the queue. **Rounding** units down, for those who wait already.
pub(crate) fn join(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &QueueWithdrawal,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(Amount::new(command.shares.get()))?;
    let id = state.vault_id(command.vault)?;
    if state.vaults.expect(id)?.policy.queue == QueueKind::None {
        return Err(Reject::got(RejectCode::NoQueue, command.vault).into());
    }
    let marked = touch(txn, context, id)?.net;
    settle(txn, (id, account))?;
    let (holding, shares) = asked(txn.state(), (id, account), command.shares)?;
    let touched = leaving(txn, context, id)?;
    let vault = txn.state().vaults.expect(id)?;
    let seen = vaulted(txn.state(), vault, (marked, &touched))?;
    if !withdrawable(&vault.policy, seen, shares)? {
        let worth = stands_for(seen.net, seen.shares, shares)?;
        return Err(Reject::new(RejectCode::BelowMinimum, worth, vault.policy.min_withdraw).into());
    }
    let current = vault.queue.round;
    let state = txn.state();
    let round = current.unwrap_or(state.rounds.next_id());
    let there = state.rounds.get(round).copied().unwrap_or_else(|| Round::of(id));
    let units = if there.shares.is_zero() {
        shares
    } else {
        shares.mul_div_floor(there.units.get(), there.shares.get())?
    };
    if units.is_zero() {
        return Err(Reject::none(RejectCode::SharesRoundToZero).into());
    }
    let found = state.waiting(id, account);
    let old = found.map(|(_, waiting)| *waiting).filter(|waiting| Some(waiting.round) == current);
    let before = old.map_or(Shares::ZERO, |waiting| waiting.units);
    let due = match old {
        Some(waiting) => waiting.due(&there)?,
        None => found.map_or(Fixed60::ZERO, |(_, waiting)| waiting.due),
    };
    let moved = QueueMove {
        vault: id,
        asset: state.vaults.expect(id)?.asset,
        holding,
        account,
        ticket: found.map_or(state.queued.next_id(), |(ticket, _)| ticket),
        round,
        joins: shares,
        leaves: Shares::ZERO,
        units: before.checked_add(units).ok_or(Reject::overflow())?,
        paid: Amount::ZERO,
        due,
    };
    txn.emit(Event::Vault(VaultEvent::QueueMoved(Box::new(moved))))
}

/// Gives an account back what it has in a round that has ended.
fn settle(txn: &mut Txn<'_>, (id, account): (VaultId, AccountId)) -> Result<(), Halt> {
    let state = txn.state();
    let Some((ticket, waiting)) = state.waiting(id, account) else { return Ok(()) };
    if waiting.units.is_zero() || Some(waiting.round) == state.vaults.expect(id)?.queue.round {
        return Ok(());
    }
    let settled = settled(state, (id, ticket), true)?;
    txn.emit(Event::Vault(VaultEvent::QueueMoved(Box::new(settled))))
}

/// What a ticket gets: the money that came for it and, out of the queue, what it still has of shares.
///
/// **Rounding** shares down for those who stay; who leaves last has all of them, and what the index did not show. A
/// fraction of an atom stays due.
fn settled(state: &State, (id, ticket): (VaultId, u32), out: bool) -> Result<QueueMove, Halt> {
    let waiting = state.queued.expect(ticket)?;
    let round = state.rounds.expect(waiting.round)?;
    let (holding, _) = state.holding(id, waiting.account).ok_or(Corrupt::DanglingHandle)?;
    let (shown, leaves) = (waiting.due(round)?, waiting.shares(round)?);
    let last = out && waiting.units == round.units;
    let carry = if last { round.carry } else { Fixed60::ZERO };
    let due = shown.checked_add(carry).ok_or(Reject::overflow())?;
    let leaves = if out { leaves } else { Shares::ZERO };
    Ok(QueueMove {
        vault: id,
        asset: state.vaults.expect(id)?.asset,
        holding,
        account: waiting.account,
        ticket,
        round: waiting.round,
        joins: Shares::ZERO,
        leaves,
        units: if out { Shares::ZERO } else { waiting.units },
        paid: due.floor(),
        due: due.fraction(),
    })
}

fn ticket(state: &State, (vault, account): (Label, Label)) -> Result<(VaultId, u32), Halt> {
    let id = state.vault_id(vault)?;
    let found = state.waiting(id, state.account_id(account)?);
    let (ticket, _) = found.ok_or_else(|| Reject::got(RejectCode::NotQueued, account))?;
    Ok((id, ticket))
}

/// Pays what has come for a ticket; of a round that has ended its shares go back too.
pub(crate) fn claim(state: &State, command: &ClaimQueued) -> Result<Event, Halt> {
    let (id, ticket) = ticket(state, (command.vault, command.account))?;
    let ended = Some(state.queued.expect(ticket)?.round) != state.vaults.expect(id)?.queue.round;
    let moved = settled(state, (id, ticket), ended)?;
    if moved.paid.is_zero() && moved.leaves.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    Ok(Event::Vault(VaultEvent::QueueMoved(Box::new(moved))))
}

/// Takes a ticket out of the queue, with its money and its shares.
pub(crate) fn leave(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &LeaveQueue,
) -> Result<(), Halt> {
    let (id, ticket) = ticket(txn.state(), (command.vault, command.account))?;
    touch(txn, context, id)?;
    let moved = settled(txn.state(), (id, ticket), true)?;
    if moved.paid.is_zero() && moved.leaves.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    txn.emit(Event::Vault(VaultEvent::QueueMoved(Box::new(moved))))
}

pub(crate) fn fill(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &FillQueue,
) -> Result<(), Halt> {
    let id = txn.state().vault_id(command.vault)?;
    fill_from(txn, context, (id, command.reserve))
}

/// Burns shares of the whole queue for what is at hand, as one withdrawal; the round ends when what is left could not
/// be withdrawn by itself.
pub(crate) fn fill_from(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (id, reserve): (VaultId, Option<Label>),
) -> Result<(), Halt> {
    let vault = txn.state().vaults.expect(id)?;
    if vault.queue.round.is_none() {
        return Err(Reject::got(RejectCode::NotQueued, vault.label).into());
    }
    let from = match reserve {
        Some(label) => Some(reserve_of(txn, context, id, label)?),
        None => None,
    };
    let marked = touch(txn, context, id)?.net;
    let touched = leaving(txn, context, id)?;
    let vault = txn.state().vaults.expect(id)?;
    // A loss that was noticed just now has ended the round.
    let Some(round) = vault.queue.round else { return Ok(()) };
    let seen = vaulted(txn.state(), vault, (marked, &touched))?;
    let round_of = txn.state().rounds.expect(round)?;
    let withdrawal = if withdrawable(&vault.policy, seen, round_of.shares)? {
        let source = drawn_from(vault, &touched, from)?;
        withdraw(&vault.policy, seen, source, round_of.shares)?
    } else {
        Withdrawal::default()
    };
    let Withdrawal { from_idle, from_reserve, burned, .. } = withdrawal;
    let paid = from_idle.checked_add(from_reserve).ok_or(Reject::overflow())?;
    let out = Fixed60::from_atoms(paid).ok_or(Reject::overflow())?;
    let (index, carry) = round_of.raised(out)?;
    let after = Vaulted {
        net: seen.net.saturating_sub(out),
        shares: seen.shares.saturating_sub(burned),
        idle: seen.idle,
    };
    let ended = !withdrawable(&vault.policy, after, round_of.shares.saturating_sub(burned))?;
    let filled = QueueFill {
        vault: id,
        asset: vault.asset,
        round,
        reserve: from.map(|(_, reserve)| reserve).filter(|_| !withdrawal.redeemed.is_zero()),
        withdrawal,
        index,
        carry,
        ended,
        forgone: forgone(vault, (marked, seen), burned)?,
        marks: marks(vault, marked.saturating_sub(out)),
    };
    txn.emit(Event::Vault(VaultEvent::QueueFilled(Box::new(filled))))
}

impl Round {
    /// A round that begins.
    pub(crate) fn of(vault: VaultId) -> Self {
        let (shares, units) = (Shares::ZERO, Shares::ZERO);
        Self { vault, shares, units, index: Fixed60::ZERO, carry: Fixed60::ZERO }
    }

    /// The money for each unit after so much more came in, and what of it no unit gets yet. **Rounding** down.
    fn raised(&self, paid: Fixed60) -> Result<(Fixed60, Fixed60), MathError> {
        let all = paid.checked_add(self.carry).ok_or(MathError::Overflow)?;
        let step = all.mul_div_floor(1, self.units.get())?;
        let index = self.index.checked_add(step).ok_or(MathError::Overflow)?;
        Ok((index, all.saturating_sub(step.mul_div_floor(self.units.get(), 1)?)))
    }
}

impl Waiting {
    /// Money that came for it and was not claimed.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ atoms on.
    pub fn due(&self, round: &Round) -> Result<Fixed60, MathError> {
        let step = round.index.saturating_sub(self.index);
        let more = step.mul_div_floor(self.units.get(), 1)?;
        self.due.checked_add(more).ok_or(MathError::Overflow)
    }

    /// Shares of it that still wait. **Rounding** down; who has all units has all shares.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 128 bits.
    pub fn shares(&self, round: &Round) -> Result<Shares, MathError> {
        if self.units.is_zero() {
            return Ok(Shares::ZERO);
        }
        self.units.mul_div_floor(round.shares.get(), round.units.get())
    }
}

impl State {
    /// One account's place in a vault's queue.
    pub fn waiting(&self, vault: VaultId, account: AccountId) -> Option<(u32, &Waiting)> {
        let id = self.labels.queued.get((vault, account))?;
        self.queued.get(id).map(|waiting| (id, waiting))
    }
}
