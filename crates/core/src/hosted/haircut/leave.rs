//! Claims that leave a pool that is short, and money that closes its gap.

use super::{Haircut, Holdings, is_short, open, split};
use crate::{
    command::RecapitalisePool,
    event::{Event, HaircutPart, HaircutTaken},
    fund::money::payable,
    hosted::money::holds,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, AssetId, FundId};

/// Lets a margin account leave its pool with a claim: it takes its part of the gap over, and the rest is
/// the money that it can have, which is returned.
///
/// # Errors
/// [`RejectCode::PoolShort`] when all that the pool owes is less than the claim.
pub(crate) fn leave(txn: &mut Txn<'_>, margin: u32, claim: Amount) -> Result<Amount, Halt> {
    let state = txn.state();
    let owner = *state.margins.expect(margin)?;
    let asset = state.funds.expect(owner.fund)?.asset;
    let pool = state.margin_pools.expect(owner.fund)?;
    if !is_short(pool) {
        holds(state, owner.fund, asset, claim)?;
        return Ok(claim);
    }
    let holdings = Holdings::of(state, owner.fund, asset)?;
    if claim > holdings.claims {
        return Err(Reject::new(RejectCode::PoolShort, claim, holdings.claims).into());
    }
    let cut = holdings.cut(claim)?;
    let parts = split(&open(state, pool)?, cut)?;
    let (fund, account) = (owner.fund, owner.account);
    let taken = HaircutTaken { fund, asset, account, margin: Some(margin), amount: cut, parts };
    txn.emit(Event::HaircutTaken(Box::new(taken)))?;
    Ok(claim.saturating_sub(cut))
}

/// With which claim on a pool its member pays a debt elsewhere, and what of it arrives: no more than the
/// debt, out of what he can spare there.
pub(crate) fn outgoing(
    state: &State,
    (fund, asset): (FundId, AssetId),
    spare: Amount,
    debt: Amount,
) -> Result<(Amount, Amount), Halt> {
    let holdings = Holdings::of(state, fund, asset)?;
    let claim = holdings.claim_for(debt)?.min(spare).min(holdings.claims);
    if claim.is_zero() {
        return Ok((Amount::ZERO, Amount::ZERO));
    }
    Ok((claim, claim.saturating_sub(holdings.cut(claim)?)))
}

/// Pays money into a pool that is short, at most what it is short of; whoever pays takes that part of the
/// losses over, the oldest first, and has what comes back of it.
pub(crate) fn recapitalise(state: &State, command: &RecapitalisePool) -> Result<Event, Halt> {
    let account = state.account_id(command.account)?;
    let fund = state.fund_id(command.fund)?;
    let (item, amount) = (state.funds.expect(fund)?, command.amount);
    payable(state, item, account, (item.asset, amount))?;
    let short = Holdings::of(state, fund, item.asset)?.short;
    if amount > short {
        return Err(Reject::new(RejectCode::AboveHaircut, amount, short).into());
    }
    let parts = oldest_first(&open(state, state.margin_pools.expect(fund)?)?, amount);
    let taken = HaircutTaken { fund, asset: item.asset, account, margin: None, amount, parts };
    Ok(Event::PoolRecapitalised(Box::new(taken)))
}

fn oldest_first(open: &[(u32, Haircut)], amount: Amount) -> Vec<HaircutPart> {
    let mut left = amount;
    let parts = open.iter().map(|(id, haircut)| {
        let amount = haircut.open.min(left);
        left = left.saturating_sub(amount);
        HaircutPart { haircut: *id, amount }
    });
    parts.filter(|part| !part.amount.is_zero()).collect()
}
