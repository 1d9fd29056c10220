//! Money that comes back: rows in reverse order, to those who bore them.
//!
//! A staker's claim is his shares just before the loss ÷ all shares then. Nobody is listed when a
//! loss is placed: the tranche counts its losses, and a position writes down its shares on the first
//! change after one ([`PastShares`](crate::state::PastShares)). So placing is O(1) in stakers, later
//! stakers get nothing and leavers lose nothing.

use super::lifecycle::find;
use crate::{
    command::{ClaimRecovery, Party, RecoverLoss},
    event::{Cohort, Event, RowPart},
    governance::Context,
    ledger::LedgerAccount,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Loss, LossStatus, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, AssetId, LossId, MarketId, Shares};

/// Where money for a row goes: to its layer, or for stakers into the loss's recoveries.
fn row_returns_to(cohort: &Cohort, loss: LossId, market: MarketId) -> LedgerAccount {
    match cohort {
        Cohort::Stakers { .. } => LedgerAccount::Recoveries(loss),
        other => crate::ledger::posting::row_account(other, market),
    }
}

/// What has not come back yet, last row first.
pub(crate) fn unrecovered(id: LossId, loss: &Loss) -> impl Iterator<Item = RowPart> {
    let rows = (0u8..).zip(&loss.rows).collect::<Vec<_>>();
    let market = loss.market;
    rows.into_iter().rev().filter_map(move |(at, row)| {
        let amount = row.row.amount.saturating_sub(row.recovered);
        let part = RowPart { row: at, to: row_returns_to(&row.row.cohort, id, market), amount };
        (!amount.is_zero()).then_some(part)
    })
}

pub(crate) fn recover(state: &State, command: &RecoverLoss) -> Result<Event, Halt> {
    let from = match command.from {
        Party::Account(label) => LedgerAccount::Balance(state.account_id(label)?),
        Party::Clearing(label) => LedgerAccount::Clearing(state.market_id(label)?),
    };
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let loss = find(state, command.loss)?;
    let asset = asset_of(state, loss.market)?;
    payable(state, from, asset, command.amount)?;
    if !matches!(loss.status, LossStatus::Placed | LossStatus::Closed) {
        return Err(Reject::new(RejectCode::LossState, "not placed", "placed or closed").into());
    }
    let mut left = command.amount;
    let mut parts = Vec::new();
    for part in unrecovered(command.loss, loss) {
        let amount = part.amount.min(left);
        left = left.saturating_sub(amount);
        if !amount.is_zero() {
            parts.push(RowPart { amount, ..part });
        }
    }
    if !left.is_zero() {
        let limit = command.amount.saturating_sub(left);
        return Err(Reject::new(RejectCode::RecoveryAboveLoss, command.amount, limit).into());
    }
    Ok(Event::LossRecovered { loss: command.loss, asset, from, parts })
}

fn asset_of(state: &State, market: MarketId) -> Result<AssetId, Corrupt> {
    Ok(state.funds.expect(state.markets.expect(market)?.fund)?.asset)
}

/// Money of the loss's asset, and there: a market's clearing may go below zero, a balance may not.
fn payable(state: &State, from: LedgerAccount, asset: AssetId, amount: Amount) -> Result<(), Halt> {
    if let LedgerAccount::Clearing(market) = from {
        let cleared = asset_of(state, market)?;
        if cleared != asset {
            let [got, held] = [state.assets.expect(cleared)?, state.assets.expect(asset)?];
            return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
        }
        return Ok(());
    }
    let free = state.ledger.owed(from, asset);
    if amount > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, amount, free).into());
    }
    Ok(())
}

/// The shares that a position held just before the tranche's loss number `epoch`.
pub fn shares_at(state: &State, position: u32, series: u32, epoch: u32) -> Shares {
    let Some(position) = state.positions.get(position) else { return Shares::ZERO };
    if position.epoch < epoch {
        return if position.series == series { position.shares } else { Shares::ZERO };
    }
    let mut run = position.past;
    while let Some(past) = run.and_then(|id| state.past_shares.get(id)) {
        if past.after < epoch && epoch <= past.until {
            return if past.series == series { past.shares } else { Shares::ZERO };
        }
        run = past.earlier;
    }
    Shares::ZERO
}

/// What an account can claim of a loss now: for each row of stakers its position and the amount.
///
/// **Rounding** floor; the dust stays in the loss's recoveries.
///
/// # Errors
/// [`Corrupt::Overdrawn`] when more was paid than recovered.
pub fn claimable(
    state: &State,
    id: LossId,
    account: AccountId,
) -> Result<Vec<(u8, u32, Amount)>, Corrupt> {
    let loss = state.losses.expect(id)?;
    let mut parts = Vec::new();
    for (at, row) in (0u8..).zip(&loss.rows) {
        let Cohort::Stakers { tranche, series, epoch, shares } = row.row.cohort else { continue };
        let Some((position, _)) = state.position(tranche, account) else { continue };
        let held = shares_at(state, position, series, epoch);
        let due = row
            .recovered
            .mul_div_floor(held.get(), shares.get())
            .map_err(|_| Corrupt::Overdrawn)?;
        let claim =
            state.labels.claims.get((id, at, position)).and_then(|claim| state.claims.get(claim));
        let paid = claim.map_or(Amount::ZERO, |claim| claim.paid);
        let amount = due.checked_sub(paid).ok_or(Corrupt::Overdrawn)?;
        if !amount.is_zero() {
            parts.push((at, position, amount));
        }
    }
    Ok(parts)
}

pub(crate) fn claim(
    txn: &mut Txn<'_>,
    _: &Context<'_>,
    command: &ClaimRecovery,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let asset = asset_of(state, find(state, command.loss)?.market)?;
    let parts = claimable(state, command.loss, account)?;
    if parts.is_empty() {
        return Err(Reject::got(RejectCode::NothingToClaim, command.account).into());
    }
    parts.into_iter().try_for_each(|(row, position, amount)| {
        txn.emit(Event::RecoveryClaimed {
            loss: command.loss,
            row,
            position,
            account,
            asset,
            amount,
        })
    })
}
