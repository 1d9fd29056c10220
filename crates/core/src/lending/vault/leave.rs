//! Leaving a vault: with money, or with shares of a reserve.

use super::{
    book::{Vault, find},
    in_kind::redeem,
    queue::{fill_from, nobody_waits},
    touch::{Touched, leaving, marks, touch},
    withdraw::{Source, Vaulted, Withdrawal, withdraw},
};
use crate::{
    command::{RedeemInKind, WithdrawVault},
    event::{Event, InKindRedemption, VaultEvent, VaultWithdrawal},
    governance::Context,
    lending::{accrue::accrue, supply::some},
    pool::first_loss,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Fixed60, Label, ReserveId, Shares, VaultId};

/// A vault brought up to now, as a withdrawal sees it: with the shares that bear what its reserves lack.
pub(crate) fn vaulted(
    state: &State,
    vault: &Vault,
    (marked, touched): (Fixed60, &Touched),
) -> Result<Vaulted, Halt> {
    let shares = first_loss::bearing(state, vault, (marked, touched.net))?;
    Ok(Vaulted { net: touched.net, shares, idle: vault.held.idle })
}

/// The reserve at a place of a vault, no more than it has at hand.
pub(crate) fn source(vault: &Vault, touched: &Touched, place: usize) -> Result<Source, Halt> {
    let missing = crate::reject::Corrupt::DanglingHandle;
    let held = *touched.valued.reserves.get(place).ok_or(missing)?;
    let worth = *touched.valued.invested.get(place).ok_or(missing)?;
    let shares = vault.allocations.get(place).ok_or(missing)?.shares;
    let at_hand = Fixed60::from_atoms(held.available).ok_or(Reject::overflow())?;
    Ok(Source { held, shares, worth: worth.min(at_hand) })
}

/// At most what is held at hand, and something.
pub(crate) fn asked(
    state: &State,
    (id, account): (VaultId, AccountId),
    shares: Shares,
) -> Result<(u32, Shares), Halt> {
    let found = state.holding(id, account).filter(|(_, holding)| !holding.shares.is_zero());
    match found {
        Some((holding, held)) => Ok((holding, shares.min(held.shares))),
        None => Err(Reject::new(RejectCode::SharesShort, shares, Shares::ZERO).into()),
    }
}

/// Brings the reserve up to now in the books too, where something is taken out of it.
pub(crate) fn reserve_of(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    id: VaultId,
    label: Label,
) -> Result<(usize, ReserveId), Halt> {
    let found = find(txn.state(), txn.state().vaults.expect(id)?, label)?;
    accrue(txn, context, found.1)?;
    Ok(found)
}

/// The reserve that a withdrawal names, as a source of money.
pub(crate) fn drawn_from(
    vault: &Vault,
    touched: &Touched,
    from: Option<(usize, ReserveId)>,
) -> Result<Option<Source>, Halt> {
    from.map(|(place, _)| source(vault, touched, place)).transpose()
}

/// Pays those who wait in the queue first, out of the same money, and refuses while some still wait.
fn after_the_queue(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (id, reserve): (VaultId, Option<Label>),
) -> Result<(), Halt> {
    if txn.state().vaults.expect(id)?.queue.round.is_some() {
        match fill_from(txn, context, (id, reserve)) {
            // Nothing is there for the queue: it still waits.
            Ok(()) | Err(Halt::Reject(_)) => {}
            corrupt => return corrupt,
        }
    }
    nobody_waits(txn.state(), txn.state().vaults.expect(id)?)
}

/// What shares are worth less to who leaves, since collateral of loans lacks something. **Rounding** down.
pub(crate) fn forgone(
    vault: &Vault,
    (marked, left): (Fixed60, Vaulted),
    burned: Shares,
) -> Result<Fixed60, Halt> {
    let all = vault.held.shares;
    if left.shares == all {
        let lacking = marked.saturating_sub(left.net);
        return Ok(lacking.mul_div_floor(burned.get(), all.get())?);
    }
    let paid = left.net.mul_div_ceil(burned.get(), left.shares.get())?;
    Ok(marked.mul_div_floor(burned.get(), all.get())?.saturating_sub(paid))
}

pub(crate) fn leave(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &WithdrawVault,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(Amount::new(command.shares.get()))?;
    let id = state.vault_id(command.vault)?;
    let (holding, shares) = asked(state, (id, account), command.shares)?;
    after_the_queue(txn, context, (id, command.reserve))?;
    let from = match command.reserve {
        Some(label) => Some(reserve_of(txn, context, id, label)?),
        None => None,
    };
    let marked = touch(txn, context, id)?.net;
    let touched = leaving(txn, context, id)?;
    let vault = txn.state().vaults.expect(id)?;
    let drawn = drawn_from(vault, &touched, from)?;
    let seen = vaulted(txn.state(), vault, (marked, &touched))?;
    let withdrawal = withdraw(&vault.policy, seen, drawn, shares)?;
    let Withdrawal { from_idle, from_reserve, .. } = withdrawal;
    let paid = from_idle.checked_add(from_reserve).ok_or(Reject::overflow())?;
    if paid < command.min_amount {
        return Err(Reject::new(RejectCode::Slippage, paid, command.min_amount).into());
    }
    let out = Fixed60::from_atoms(paid).ok_or(Reject::overflow())?;
    let withdrawn = VaultWithdrawal {
        vault: id,
        asset: vault.asset,
        holding,
        account,
        reserve: from.map(|(_, reserve)| reserve).filter(|_| !withdrawal.redeemed.is_zero()),
        withdrawal,
        forgone: forgone(vault, (marked, seen), withdrawal.burned)?,
        marks: marks(vault, marked.saturating_sub(out)),
    };
    txn.emit(Event::Vault(VaultEvent::VaultWithdrawn(Box::new(withdrawn))))
}

pub(crate) fn in_kind(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &RedeemInKind,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(Amount::new(command.shares.get()))?;
    let id = state.vault_id(command.vault)?;
    let (holding, shares) = asked(state, (id, account), command.shares)?;
    let (place, reserve) = reserve_of(txn, context, id, command.reserve)?;
    let marked = touch(txn, context, id)?.net;
    let touched = leaving(txn, context, id)?;
    let state = txn.state();
    let vault = state.vaults.expect(id)?;
    // What the reserve has at hand does not matter: its shares change hands, no money.
    let worth = touched.valued.invested.get(place).copied().unwrap_or_default();
    let from = Source { worth, ..source(vault, &touched, place)? };
    let seen = vaulted(state, vault, (marked, &touched))?;
    let redeemed = redeem(&vault.policy, seen, from, shares)?;
    if redeemed.handed < command.min_shares {
        let (got, least) = (redeemed.handed, command.min_shares);
        return Err(Reject::new(RejectCode::Slippage, got, least).into());
    }
    let supply = state.supply(reserve, account);
    let redemption = InKindRedemption {
        vault: id,
        holding,
        account,
        reserve,
        supply: supply.map_or(state.supplies.next_id(), |(supply, _)| supply),
        redeemed,
        forgone: forgone(vault, (marked, seen), redeemed.burned)?,
        marks: marks(vault, marked.saturating_sub(redeemed.value)),
    };
    txn.emit(Event::Vault(VaultEvent::RedeemedInKind(Box::new(redemption))))
}
