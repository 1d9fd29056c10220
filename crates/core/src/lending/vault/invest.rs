//! Moving a vault's money toward a reserve's target: a crank that anybody may turn.

use super::{
    allocation::{distance, weighed},
    book::{Allocation, Vault, find},
    queue,
    touch::{Touched, touch},
};
use crate::{
    command::Invest,
    event::{Event, Investment, VaultEvent},
    governance::Context,
    lending::{
        accrue::accrue,
        book::opens,
        exchange::Holdings,
        supply::{payable, some},
    },
    policy::AllocationKind,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Fixed60, ReserveId, Shares};

pub(crate) fn invest(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Invest,
) -> Result<(), Halt> {
    let state = txn.state();
    let payer = state.account_id(command.payer)?;
    command.max.map_or(Ok(()), some)?;
    let id = state.vault_id(command.vault)?;
    let vault = state.vaults.expect(id)?;
    let (place, reserve) = find(state, vault, command.reserve)?;
    let allocation = *vault.allocations.get(place).ok_or(Corrupt::DanglingHandle)?;
    rested(vault, &allocation, context)?;
    accrue(txn, context, reserve)?;
    let touched = touch(txn, context, id)?;
    let state = txn.state();
    let vault = state.vaults.expect(id)?;
    let (adds, wanted) = wanted(vault, &touched, (place, &allocation))?;
    if adds {
        queue::nobody_waits(state, vault)?;
    }
    let most = if adds { vault.held.idle } else { Amount::MAX };
    let amount = wanted.min(most).min(command.max.unwrap_or(Amount::MAX));
    if amount <= vault.policy.min_invest {
        return Err(Reject::new(RejectCode::BelowMinimum, amount, vault.policy.min_invest).into());
    }
    let held = &state.reserves.expect(reserve)?.sound();
    let moved =
        if adds { into(state, vault, reserve, amount)? } else { out(held, &allocation, amount)? };
    let Moved { amount, shares, uneven } = moved;
    if shares.is_zero() {
        return Err(Reject::none(RejectCode::SharesRoundToZero).into());
    }
    let (rounding, payer) = rounding(state, vault, uneven, payer)?;
    let asset = vault.asset;
    let cranked = true;
    let move_of =
        Investment { vault: id, asset, reserve, adds, amount, shares, rounding, payer, cranked };
    txn.emit(Event::Vault(VaultEvent::Invested(Box::new(move_of))))
}

/// The atom that a move costs which leaves a fraction behind, and who pays it if the crank fund has none.
pub(crate) fn rounding(
    state: &State,
    vault: &Vault,
    uneven: bool,
    payer: AccountId,
) -> Result<(Amount, Option<AccountId>), Halt> {
    let rounding = Amount::new(u128::from(uneven));
    let payer = (rounding > vault.held.crank).then_some(payer);
    if let Some(payer) = payer {
        payable(state, payer, (vault.asset, rounding))?;
    }
    Ok((rounding, payer))
}

/// Refuses a move too soon after the last one.
fn rested(vault: &Vault, allocation: &Allocation, context: &Context<'_>) -> Result<(), Reject> {
    let Some(last) = allocation.moved_at else { return Ok(()) };
    let from = last.plus(vault.policy.invest_delay);
    if context.now < from {
        return Err(Reject::new(RejectCode::InvestTooSoon, context.now, from));
    }
    Ok(())
}

/// How far the reserve is from its target, and which way. A conditional one gets nothing by weight, and gives
/// back what nobody borrows.
fn wanted(
    vault: &Vault,
    touched: &Touched,
    (place, allocation): (usize, &Allocation),
) -> Result<(bool, Amount), Halt> {
    let held = touched.valued.invested.get(place).copied().unwrap_or_default();
    if allocation.kind == AllocationKind::Conditional {
        return Ok((false, held.floor()));
    }
    let all = weighed(vault, &touched.valued, touched.net)?;
    Ok(distance(held, all.get(place).copied().unwrap_or_default()))
}

/// What a move comes to, and whether it leaves a fraction of an atom behind.
pub(crate) struct Moved {
    pub(crate) amount: Amount,
    pub(crate) shares: Shares,
    pub(crate) uneven: bool,
}

/// Into an open reserve that the vault may use, up to its limit of supply.
pub(crate) fn into(
    state: &State,
    vault: &Vault,
    id: ReserveId,
    amount: Amount,
) -> Result<Moved, Halt> {
    let reserve = state.reserves.expect(id)?;
    opens(reserve)?;
    if vault.policy.listed_only && !reserve.listed {
        return Err(Reject::got(RejectCode::NotListed, reserve.label).into());
    }
    let room = match reserve.policy.supply_max {
        Some(max) => max.saturating_sub(reserve.held.supply()?.ceil()),
        None => Amount::MAX,
    };
    let amount = amount.min(room);
    let shares = reserve.held.minted(amount)?;
    let worth = reserve.held.worth(shares)?;
    let uneven = Fixed60::from_atoms(amount).ok_or(Reject::overflow())? != worth;
    Ok(Moved { amount, shares, uneven })
}

/// Out of a reserve, as far as it has money at hand.
fn out(held: &Holdings, allocation: &Allocation, amount: Amount) -> Result<Moved, Halt> {
    let amount = amount.min(held.available);
    let all = held.worth(allocation.shares)?.floor();
    let shares = if amount >= all { allocation.shares } else { held.minted(amount)? };
    let shares = shares.min(allocation.shares);
    let worth = held.worth(shares)?;
    Ok(Moved { amount: worth.floor(), shares, uneven: !worth.fraction().is_zero() })
}
