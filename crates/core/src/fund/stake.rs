//! Staking into a tranche.

use super::{
    money::{enterable, payable},
    rescale::{prepare, shares_now},
    revenue::{entry_price, settle_before_stake},
    shares::minted,
};
use crate::{
    command::Stake,
    event::Event,
    governance::Context,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{PastShares, State, Tranche},
    txn::Txn,
};
use backstop_units::{AccountId, Amount, AssetId, FundId, Shares, TrancheId};

/// Mints shares at the current price; none while a loss is open, for no price is right then. Revenue
/// that is due is settled first.
pub(crate) fn stake(txn: &mut Txn<'_>, context: &Context<'_>, command: &Stake) -> Result<(), Halt> {
    let state = txn.state();
    let asset = state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    let id = state.tranche_id(command.tranche)?;
    let fund = state.tranches.expect(id)?.fund;
    settle_before_stake(txn, context, fund)?;
    prepare(txn, id)?;
    let event = staked(txn.state(), context, command, (asset, account, id))?;
    txn.emit(event)
}

fn staked(
    state: &State,
    context: &Context<'_>,
    command: &Stake,
    (asset, account, id): (AssetId, AccountId, TrancheId),
) -> Result<Event, Halt> {
    let tranche = state.tranches.expect(id)?;
    let fund = state.funds.expect(tranche.fund)?;
    payable(state, fund, account, (asset, command.amount))?;
    let price = entry_price(state, id, tranche, command.amount)?;
    let minted = minted_now(tranche, price, command.amount)?;
    entry_open(state, context, tranche.fund)?;
    let found = state.position(id, account);
    let leaving = found.map_or(0, |(_, position)| position.tickets);
    let shares = acceptable(tranche, price.0, command, minted, leaving)?;
    let position = found.map_or(state.positions.next_id(), |(position, _)| position);
    Ok(Event::Staked { tranche: id, position, account, asset, amount: command.amount, shares })
}

/// Entries are neither paused nor shut by an open loss.
pub(crate) fn entry_open(state: &State, context: &Context<'_>, fund: FundId) -> Result<(), Halt> {
    enterable(state, context.now, fund)?;
    match state.holds.expect(fund)?.gated_by(context.now) {
        Some(loss) => Err(Reject::got(RejectCode::FundGated, loss).into()),
        None => Ok(()),
    }
}

/// What an amount buys; nothing can be told of a wiped tranche, whose shares have no price.
fn minted_now(
    tranche: &Tranche,
    (assets, all): (Amount, Shares),
    amount: Amount,
) -> Result<Option<Shares>, Reject> {
    if assets.is_zero() && !all.is_zero() {
        return Ok(None);
    }
    let shares = minted(amount, assets, all)?;
    tranche.shares.checked_add(shares).ok_or(Reject::overflow())?;
    Ok(Some(shares))
}

/// The shares, if the tranche and the staker both take the stake at this price.
fn acceptable(
    tranche: &Tranche,
    assets: Amount,
    command: &Stake,
    minted: Option<Shares>,
    leaving: u16,
) -> Result<Shares, Reject> {
    if minted.is_some_and(Shares::is_zero) {
        return Err(Reject::new(RejectCode::ZeroShares, command.amount, assets));
    }
    let least = tranche.policy.stake_min;
    if command.amount < least {
        return Err(Reject::new(RejectCode::BelowMinimumStake, command.amount, least));
    }
    if let Some(shares) = minted.filter(|shares| *shares < command.min_shares) {
        return Err(Reject::new(RejectCode::Slippage, shares, command.min_shares));
    }
    let shares = minted.ok_or(Reject::new(RejectCode::TrancheWiped, assets, tranche.shares))?;
    if leaving > 0 && !tranche.policy.stake_while_leaving {
        return Err(Reject::new(RejectCode::TicketOpen, u32::from(leaving), 0u32));
    }
    Ok(shares)
}

/// Brings a position up to its tranche's losses, series and measure before its shares change: what it
/// held over the losses since its last change is written down, and shares of a wiped series end.
pub(crate) fn touch(state: &mut State, id: u32) -> Result<(), Corrupt> {
    let position = state.positions.expect(id)?;
    let tranche = state.tranches.expect(position.tranche)?;
    let (epoch, series, base) = (tranche.epoch, tranche.series, tranche.base);
    if (position.epoch, position.series, position.base) == (epoch, series, base) {
        return Ok(());
    }
    let (shares, queued) = shares_now(position, tranche);
    let past = state.past_shares.next_id();
    if position.epoch < epoch && !position.shares.is_zero() {
        let run = PastShares {
            after: position.epoch,
            until: epoch,
            series: position.series,
            base: position.base,
            shares: position.shares,
            earlier: position.past,
        };
        state.past_shares.insert(past, run)?;
        state.positions.change(id)?.past = Some(past);
    }
    let position = state.positions.change(id)?;
    (position.epoch, position.series, position.base) = (epoch, series, base);
    (position.shares, position.queued) = (shares, queued);
    Ok(())
}
