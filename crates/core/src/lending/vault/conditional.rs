//! Conditional allocations: money that waits elsewhere until a borrower takes it.

use super::{
    allocation::distance,
    book::{Allocation, Vault, find},
    invest::{Moved, into, rounding},
    queue::nobody_waits,
    touch::touch,
};
use crate::{
    command::{Borrow, BorrowConditional},
    event::{Event, Investment, VaultEvent},
    governance::Context,
    lending::{accrue::accrue, book::opens, exchange::Holdings, loan, supply::some},
    policy::AllocationKind,
    reject::{Corrupt, Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Fixed60, Label, ReserveId, VaultId};

/// Borrows what a reserve has at hand and, for the rest, what a vault keeps elsewhere for it: idle money first, then out
/// of one other reserve. All in one step: without the loan nothing moves.
pub(crate) fn borrow(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &BorrowConditional,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let id = state.vault_id(command.vault)?;
    let vault = state.vaults.expect(id)?;
    let (place, reserve) = find(state, vault, command.reserve)?;
    let allocation = vault.allocations.get(place).ok_or(Corrupt::DanglingHandle)?;
    if allocation.kind != AllocationKind::Conditional {
        return Err(Reject::got(RejectCode::NotConditional, command.reserve).into());
    }
    nobody_waits(state, vault)?;
    opens(state.reserves.expect(reserve)?)?;
    accrue(txn, context, reserve)?;
    let missing =
        command.amount.saturating_sub(txn.state().reserves.expect(reserve)?.held.available);
    if !missing.is_zero() {
        let touched = touch(txn, context, id)?;
        let held = touched.valued.invested.get(place).copied().unwrap_or_default();
        let vault = txn.state().vaults.expect(id)?;
        room(vault, place, held, missing)?;
        gather(txn, context, (id, account), (command.from, missing))?;
        fill(txn, (id, account), (reserve, missing))?;
    }
    let BorrowConditional { account, reserve, amount, .. } = *command;
    loan::borrow(txn, context, &Borrow { account, reserve, amount })
}

/// Refuses more than the allocation's cap.
fn room(vault: &Vault, place: usize, held: Fixed60, missing: Amount) -> Result<(), Halt> {
    let cap = vault.allocations.get(place).map_or(Amount::ZERO, |allocation| allocation.cap);
    let (below, room) = distance(held, Fixed60::from_atoms(cap).unwrap_or(Fixed60::MAX));
    let room = if below { room } else { Amount::ZERO };
    if missing > room {
        return Err(Reject::new(RejectCode::AboveCap, missing, room).into());
    }
    Ok(())
}

/// Makes idle money of what a reserve has, as far as there is too little of it.
fn gather(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (id, payer): (VaultId, AccountId),
    (from, missing): (Option<Label>, Amount),
) -> Result<(), Halt> {
    let idle = txn.state().vaults.expect(id)?.held.idle;
    let short = missing.saturating_sub(idle);
    if short.is_zero() {
        return Ok(());
    }
    let few = || Reject::new(RejectCode::ReserveIlliquid, missing, idle);
    let Some(from) = from else { return Err(few().into()) };
    let (place, reserve) = find(txn.state(), txn.state().vaults.expect(id)?, from)?;
    accrue(txn, context, reserve)?;
    let state = txn.state();
    let vault = state.vaults.expect(id)?;
    let allocation = vault.allocations.get(place).ok_or(Corrupt::DanglingHandle)?;
    let moved = out(&state.reserves.expect(reserve)?.sound(), allocation, short)?;
    if moved.amount < short {
        let had = idle.checked_add(moved.amount).ok_or(Reject::overflow())?;
        return Err(Reject::new(RejectCode::ReserveIlliquid, missing, had).into());
    }
    emit(txn, (id, reserve, payer), (false, moved))
}

/// At least so many atoms out of a reserve, as far as it has them at hand. **Rounding** shares up.
fn out(held: &Holdings, allocation: &Allocation, amount: Amount) -> Result<Moved, Halt> {
    let shares = held.burned(amount.min(held.available))?.min(allocation.shares);
    let worth = held.worth(shares)?;
    // A share rounded up may be worth more than the reserve has at hand.
    let amount = worth.floor().min(held.available);
    Ok(Moved { amount, shares, uneven: !worth.fraction().is_zero() })
}

/// Puts all that is missing into the reserve.
fn fill(
    txn: &mut Txn<'_>,
    (id, payer): (VaultId, AccountId),
    (reserve, missing): (ReserveId, Amount),
) -> Result<(), Halt> {
    let state = txn.state();
    let moved = into(state, state.vaults.expect(id)?, reserve, missing)?;
    if moved.amount < missing {
        return Err(Reject::new(RejectCode::SupplyAboveMax, missing, moved.amount).into());
    }
    emit(txn, (id, reserve, payer), (true, moved))
}

fn emit(
    txn: &mut Txn<'_>,
    (id, reserve, payer): (VaultId, ReserveId, AccountId),
    (adds, moved): (bool, Moved),
) -> Result<(), Halt> {
    let vault = txn.state().vaults.expect(id)?;
    let Moved { amount, shares, uneven } = moved;
    if shares.is_zero() {
        return Err(Reject::none(RejectCode::SharesRoundToZero).into());
    }
    let (rounding, payer) = rounding(txn.state(), vault, uneven, payer)?;
    let (asset, cranked) = (vault.asset, false);
    let move_of =
        Investment { vault: id, asset, reserve, adds, amount, shares, rounding, payer, cranked };
    txn.emit(Event::Vault(VaultEvent::Invested(Box::new(move_of))))
}
