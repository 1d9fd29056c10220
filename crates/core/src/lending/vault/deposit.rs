//! Deposits: the crank fee first, then shares at the price after fees.

use super::{
    book::Vault,
    kin,
    touch::{Touched, first, marks, touch},
    worth::bought,
};
use crate::{
    command::DepositVault,
    event::{Event, Marks, VaultDeposit, VaultEvent},
    governance::Context,
    lending::supply::payable,
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Fixed60, Shares};

/// What a deposit of at most so many atoms comes to.
struct Entry {
    amount: Amount,
    crank: Amount,
    shares: Shares,
    dead: Shares,
    marks: Marks,
}

pub(crate) fn deposit(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &DepositVault,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    crate::lending::supply::some(command.amount)?;
    let id = state.vault_id(command.vault)?;
    let asset = state.vaults.expect(id)?.asset;
    payable(state, account, (asset, command.amount))?;
    let touched = touch(txn, context, id)?;
    let vault = txn.state().vaults.expect(id)?;
    let Entry { amount, crank, shares, dead, marks } = entry(vault, &touched, command.amount)?;
    if shares < command.min_shares {
        return Err(Reject::new(RejectCode::Slippage, shares, command.min_shares).into());
    }
    fits(vault, touched.net, (amount, shares))?;
    let state = txn.state();
    let holding = if let Some((holding, _)) = state.holding(id, account) {
        holding
    } else {
        kin::enters(state, state.vaults.expect(id)?, account)?;
        state.holdings.next_id()
    };
    let deposit =
        VaultDeposit { vault: id, asset, holding, account, amount, crank, shares, dead, marks };
    txn.emit(Event::Vault(VaultEvent::VaultDeposited(Box::new(deposit))))
}

fn entry(vault: &Vault, touched: &Touched, most: Amount) -> Result<Entry, Halt> {
    let active = u128::try_from(vault.active()).unwrap_or(u128::MAX);
    let crank = vault.policy.crank_fee.mul_div_floor(active, 1)?;
    let Some(paid) = most.checked_sub(crank) else {
        return Err(Reject::new(RejectCode::BelowMinimum, most, crank).into());
    };
    let all = vault.held.shares;
    if !all.is_zero() && touched.net.is_zero() {
        return Err(Reject::none(RejectCode::VaultEmpty).into());
    }
    let (got, amount) = bought(touched.net, all, paid)?;
    let dead = if all.is_zero() { vault.policy.dead_shares.min(got) } else { Shares::ZERO };
    let added = Fixed60::from_atoms(amount).ok_or(Reject::overflow())?;
    let basis = touched.net.checked_add(added).ok_or(Reject::overflow())?;
    let marks = if all.is_zero() { first(basis, got) } else { marks(vault, basis) };
    Ok(Entry { amount, crank, shares: got.saturating_sub(dead), dead, marks })
}

/// Refuses what is too little or too much.
fn fits(vault: &Vault, net: Fixed60, (amount, shares): (Amount, Shares)) -> Result<(), Reject> {
    let policy = &vault.policy;
    if shares.is_zero() {
        return Err(Reject::none(RejectCode::SharesRoundToZero));
    }
    if amount < policy.min_deposit {
        return Err(Reject::new(RejectCode::BelowMinimum, amount, policy.min_deposit));
    }
    let after = net.ceil().checked_add(amount).ok_or(Reject::overflow())?;
    match policy.deposit_max {
        Some(max) if after > max => Err(Reject::new(RejectCode::SupplyAboveMax, after, max)),
        _ => Ok(()),
    }
}
