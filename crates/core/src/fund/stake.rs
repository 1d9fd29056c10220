//! Staking into a tranche.

use super::{money::payable, shares::minted};
use crate::{
    command::Stake,
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{PastShares, State},
};

/// Mints shares at the current price; none while a loss is open, for no price is right then.
pub(crate) fn stake(state: &State, context: &Context<'_>, command: &Stake) -> Result<Event, Halt> {
    let id = state.tranche_id(command.tranche)?;
    let tranche = state.tranches.expect(id)?;
    let fund = state.funds.expect(tranche.fund)?;
    let account = state.account_id(command.account)?;
    payable(state, context, (tranche.fund, fund), (account, command.asset, command.amount))?;
    if let Some(loss) = state.holds.expect(tranche.fund)?.gated_by(context.now) {
        return Err(Reject::got(RejectCode::FundGated, loss).into());
    }
    let assets = state.ledger.owed(LedgerAccount::Tranche(id), fund.asset);
    if assets.is_zero() && !tranche.shares.is_zero() {
        return Err(Reject::new(RejectCode::TrancheWiped, assets, tranche.shares).into());
    }
    let shares = minted(command.amount, assets, tranche.shares)?;
    if shares.is_zero() {
        return Err(Reject::new(RejectCode::ZeroShares, command.amount, assets).into());
    }
    if command.amount < tranche.policy.stake_min {
        return Err(Reject::new(
            RejectCode::BelowMinimumStake,
            command.amount,
            tranche.policy.stake_min,
        )
        .into());
    }
    if shares < command.min_shares {
        return Err(Reject::new(RejectCode::Slippage, shares, command.min_shares).into());
    }
    tranche.shares.checked_add(shares).ok_or(Reject::overflow())?;
    let position =
        state.position(id, account).map_or(state.positions.next_id(), |(position, _)| position);
    let (asset, amount) = (fund.asset, command.amount);
    Ok(Event::Staked { tranche: id, position, account, asset, amount, shares })
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
        position.shares = backstop_units::Shares::ZERO;
        position.queued = backstop_units::Shares::ZERO;
    }
    Ok(())
}
