//! The protocol as a holder of a tranche's shares: it gives some to a staker, takes some out, or stakes.

use super::{
    rescale::{assets_of, prepare},
    revenue::{entry_price, settle_before_stake},
    shares::{minted, worth},
};
use crate::{
    command::{GrantProtocolShares, RedeemProtocolShares, StakeProtocol},
    event::Event,
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, Shares, TrancheId};

/// At least one share, and no more than the protocol has.
fn within(state: &State, id: TrancheId, shares: Shares) -> Result<(), Halt> {
    let held = state.tranches.expect(id)?.protocol;
    if shares > held {
        return Err(Reject::new(RejectCode::AboveProtocolShares, shares, held).into());
    }
    Ok(())
}

/// Makes some of the protocol's shares a staker's. Assets and all shares stay as they are.
pub(crate) fn grant(txn: &mut Txn<'_>, command: &GrantProtocolShares) -> Result<(), Halt> {
    let account = txn.state().account_id(command.account)?;
    let id = txn.state().tranche_id(command.tranche)?;
    prepare(txn, id)?;
    let state = txn.state();
    if command.shares.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    within(state, id, command.shares)?;
    let tranche = state.tranches.expect(id)?;
    let value = worth(command.shares, assets_of(state, id)?, tranche.shares)?;
    let position = state.position(id, account).map_or(state.positions.next_id(), |(at, _)| at);
    let shares = command.shares;
    txn.emit(Event::ProtocolSharesGranted { tranche: id, position, account, shares, value })
}

/// One of shares and amount is given; how many shares and atoms that is now.
///
/// **Rounding** of an amount's shares up, of shares' worth down: the dust stays with the others.
fn priced(
    state: &State,
    id: TrancheId,
    command: &RedeemProtocolShares,
) -> Result<(Shares, Amount), Halt> {
    let (assets, all) = (assets_of(state, id)?, state.tranches.expect(id)?.shares);
    match (command.amount, command.shares) {
        (Some(amount), Shares::ZERO) => {
            if assets.is_zero() {
                return Err(Reject::new(RejectCode::TrancheWiped, assets, all).into());
            }
            Ok((all.mul_div_ceil(amount.get(), assets.get())?, amount))
        }
        (None, shares) => Ok((shares, worth(shares, assets, all)?)),
        (Some(amount), _) => {
            Err(Reject::new(RejectCode::SharesOrAmount, amount, "shares alone").into())
        }
    }
}

/// Pays the protocol's shares out to the treasury; nothing while a loss is open or exits are held.
pub(crate) fn redeem(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &RedeemProtocolShares,
) -> Result<(), Halt> {
    let id = txn.state().tranche_id(command.tranche)?;
    prepare(txn, id)?;
    let state = txn.state();
    let tranche = state.tranches.expect(id)?;
    if command.shares.is_zero() && command.amount.is_none_or(Amount::is_zero) {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    super::unstake::exits_open(state, context, tranche.fund)?;
    let (shares, amount) = priced(state, id, command)?;
    within(state, id, shares)?;
    let fund = state.funds.expect(tranche.fund)?;
    let left = assets_of(state, id)?.saturating_sub(tranche.policy.keeps);
    let amount = amount.min(left);
    let (asset, treasury) = (fund.asset, fund.treasury);
    txn.emit(Event::ProtocolSharesRedeemed { tranche: id, asset, treasury, shares, amount })
}

/// Stakes for the protocol, below no minimum and in no queue; it pays for what waits, as any newcomer.
pub(crate) fn stake(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &StakeProtocol,
) -> Result<(), Halt> {
    let account = txn.state().account_id(command.account)?;
    let id = txn.state().tranche_id(command.tranche)?;
    let fund = txn.state().tranches.expect(id)?.fund;
    settle_before_stake(txn, context, fund)?;
    prepare(txn, id)?;
    let state = txn.state();
    let tranche = state.tranches.expect(id)?;
    let fund = state.funds.expect(tranche.fund)?;
    super::money::payable(state, fund, account, (fund.asset, command.amount))?;
    super::stake::entry_open(state, context, tranche.fund)?;
    let assets = assets_of(state, id)?;
    if assets.is_zero() && !tranche.shares.is_zero() {
        return Err(Reject::new(RejectCode::TrancheWiped, assets, tranche.shares).into());
    }
    let (price, all) = entry_price(state, id, tranche, command.amount)?;
    let shares = minted(command.amount, price, all)?;
    if shares.is_zero() {
        return Err(Reject::new(RejectCode::ZeroShares, command.amount, assets).into());
    }
    let (asset, amount) = (fund.asset, command.amount);
    txn.emit(Event::ProtocolStaked { tranche: id, account, asset, amount, shares })
}
