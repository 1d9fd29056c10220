//! Pending fees: charged, paid to the curator, or given up.

use super::{
    book::find,
    leave::source,
    queue::nobody_waits,
    touch::{leaving, marks, touch, touched},
    withdraw::{Drawn, drawn},
};
use crate::{
    command::{ChargeFees, FundRewards, GiveUpFees, TakeFees},
    event::{Event, FeesTaken, VaultEvent},
    governance::Context,
    lending::{
        accrue::accrue,
        supply::{payable, some},
    },
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Fixed60};

pub(crate) fn charge(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ChargeFees,
) -> Result<(), Halt> {
    touched(txn, context, command.vault).map(drop)
}

/// Whole atoms of what is pending, idle money first. Where the reserve's shares have a fraction, the curator
/// gets an atom less. While a loss may come that they would bear first, they stay.
pub(crate) fn take(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &TakeFees,
) -> Result<(), Halt> {
    let state = txn.state();
    let id = state.vault_id(command.vault)?;
    nobody_waits(state, state.vaults.expect(id)?)?;
    let from = match command.reserve {
        Some(label) => Some(find(state, state.vaults.expect(id)?, label)?),
        None => None,
    };
    if let Some((_, reserve)) = from {
        accrue(txn, context, reserve)?;
    }
    let marked = touch(txn, context, id)?.valued.holdings;
    let up_to_now = leaving(txn, context, id)?;
    let sound = up_to_now.valued.holdings;
    let vault = txn.state().vaults.expect(id)?;
    let due = vault.held.pending.floor();
    let from_idle = vault.held.idle.min(due);
    let rest = due.saturating_sub(from_idle);
    let whole = Fixed60::from_atoms(rest).ok_or(Reject::overflow())?;
    let drawn = match from {
        Some((place, _)) => drawn(source(vault, &up_to_now, place)?, whole)?,
        None => Drawn::default(),
    };
    let given = drawn.wanted.floor();
    let amount = from_idle.checked_add(given).ok_or(Reject::overflow())?;
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    if vault.policy.fees_bear_losses && sound < marked {
        return Err(Reject::new(RejectCode::FeesWait, sound.floor(), marked.floor()).into());
    }
    let taken = FeesTaken {
        vault: id,
        asset: vault.asset,
        curator: vault.curator,
        reserve: from.map(|(_, reserve)| reserve).filter(|_| !drawn.redeemed.is_zero()),
        amount,
        from_idle,
        from_reserve: given.saturating_sub(Amount::new(u128::from(drawn.uneven))),
        redeemed: drawn.redeemed,
        received: drawn.received,
    };
    txn.emit(Event::Vault(VaultEvent::FeesTaken(Box::new(taken))))
}

/// Pending fees become everybody's; that is no profit.
pub(crate) fn give_up(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &GiveUpFees,
) -> Result<(), Halt> {
    command.max.map_or(Ok(()), some)?;
    let (id, up_to_now) = touched(txn, context, command.vault)?;
    let vault = txn.state().vaults.expect(id)?;
    let pending = vault.held.pending;
    let amount = match command.max {
        Some(max) => Fixed60::from_atoms(max).unwrap_or(Fixed60::MAX).min(pending),
        None => pending,
    };
    if amount.is_zero() {
        return Err(Reject::none(RejectCode::NothingDelivered).into());
    }
    let basis = up_to_now.valued.net(pending.saturating_sub(amount));
    let marks = marks(vault, basis);
    txn.emit(Event::Vault(VaultEvent::FeesGivenUp { vault: id, amount, marks }))
}

/// Pays rewards in; what streamed until now did so at the old rate.
pub(crate) fn fund(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &FundRewards,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(command.amount)?;
    let id = state.vault_id(command.vault)?;
    let asset = state.vaults.expect(id)?.asset;
    let amount = command.amount;
    payable(state, account, (asset, amount))?;
    touched(txn, context, command.vault)?;
    let old = txn.state().vaults.expect(id)?.held.rewards.per_second;
    let per_second = command.per_second.unwrap_or(old);
    let event = VaultEvent::RewardsFunded { vault: id, account, asset, amount, per_second };
    txn.emit(Event::Vault(event))
}
