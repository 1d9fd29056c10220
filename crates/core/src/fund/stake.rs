//! Staking into a tranche.

use super::{
    money::{enterable, payable},
    shares::minted,
};
use crate::{
    command::Stake,
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{PastShares, State, Tranche},
};
use backstop_units::{Amount, Shares};

/// Mints shares at the current price; none while a loss is open, for no price is right then.
pub(crate) fn stake(state: &State, context: &Context<'_>, command: &Stake) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let account = state.account_id(command.account)?;
    let id = state.tranche_id(command.tranche)?;
    let tranche = state.tranches.expect(id)?;
    let fund = state.funds.expect(tranche.fund)?;
    payable(state, fund, account, (asset, command.amount))?;
    let assets = state.ledger.owed(LedgerAccount::Tranche(id), asset);
    let minted = minted_now(tranche, assets, command.amount)?;
    enterable(state, context.now, tranche.fund)?;
    if let Some(loss) = state.holds.expect(tranche.fund)?.gated_by(context.now) {
        return Err(Reject::got(RejectCode::FundGated, loss).into());
    }
    let shares = acceptable(tranche, assets, command, minted)?;
    let position =
        state.position(id, account).map_or(state.positions.next_id(), |(position, _)| position);
    Ok(Event::Staked { tranche: id, position, account, asset, amount: command.amount, shares })
}

/// What an amount buys; nothing can be told of a wiped tranche, whose shares have no price.
fn minted_now(tranche: &Tranche, assets: Amount, amount: Amount) -> Result<Option<Shares>, Reject> {
    if assets.is_zero() && !tranche.shares.is_zero() {
        return Ok(None);
    }
    let shares = minted(amount, assets, tranche.shares)?;
    tranche.shares.checked_add(shares).ok_or(Reject::overflow())?;
    Ok(Some(shares))
}

/// The shares, if the tranche and the staker both take the stake at this price.
fn acceptable(
    tranche: &Tranche,
    assets: Amount,
    command: &Stake,
    minted: Option<Shares>,
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
    minted.ok_or(Reject::new(RejectCode::TrancheWiped, assets, tranche.shares))
}

/// Brings a position up to its tranche's losses and series before its shares change: what it held
/// over the losses since its last change is written down, and shares of a wiped series end.
pub(crate) fn touch(state: &mut State, id: u32) -> Result<(), Corrupt> {
    let position = state.positions.expect(id)?;
    let tranche = state.tranches.expect(position.tranche)?;
    let (epoch, series) = (tranche.epoch, tranche.series);
    if position.epoch == epoch && position.series == series {
        return Ok(());
    }
    let past = state.past_shares.next_id();
    if position.epoch < epoch && !position.shares.is_zero() {
        let run = PastShares {
            after: position.epoch,
            until: epoch,
            series: position.series,
            shares: position.shares,
            earlier: position.past,
        };
        state.past_shares.insert(past, run)?;
        state.positions.change(id)?.past = Some(past);
    }
    let position = state.positions.change(id)?;
    position.epoch = epoch;
    if position.series != series {
        position.series = series;
        position.shares = Shares::ZERO;
        position.queued = Shares::ZERO;
    }
    Ok(())
}
