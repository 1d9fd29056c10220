//! Shares of a vault go into its insurance pool: for units at the price of now.

use super::{
    book::{InsurancePool, PoolStake},
    liable::open_loss,
};
use crate::{
    command::StakePool,
    event::{Event, PoolEvent, PoolStaked},
    governance::Context,
    lending::{supply::some, vault::touch::touch},
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Shares};

pub(crate) fn stake(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &StakePool,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    some(Amount::new(command.shares.get()))?;
    let vault = state.vault_id(command.vault)?;
    let (id, _) = state.insurance_pool(command.vault)?;
    touch(txn, context, vault)?;
    let pool = txn.state().insurance_pools.expect(id)?;
    let staked = locked(txn.state(), (id, pool), (account, false), command.shares)?;
    no_open_loss(txn.state(), pool)?;
    txn.emit(Event::Pool(PoolEvent::PoolStaked(Box::new(staked))))
}

/// Who comes while a loss is open would pay for it: nobody does.
pub(crate) fn no_open_loss(state: &State, pool: &InsurancePool) -> Result<(), Halt> {
    match open_loss(state, pool)? {
        Some(loss) => Err(Reject::got(RejectCode::InsurancePoolHeld, loss.get()).into()),
        None => Ok(()),
    }
}

/// Shares that an account holds, as units of a tranche.
pub(crate) fn locked(
    state: &State,
    (id, pool): (u32, &InsurancePool),
    (account, matched): (AccountId, bool),
    shares: Shares,
) -> Result<PoolStaked, Halt> {
    let tranche = pool.tranche(matched);
    let units = tranche.minted(shares)?;
    if units.is_zero() {
        return Err(Reject::new(RejectCode::ZeroShares, shares, tranche.shares).into());
    }
    let (holding, held) = match state.holding(pool.vault, account) {
        Some((holding, held)) if held.shares >= shares => (holding, held),
        found => {
            let held = found.map_or(Shares::ZERO, |(_, held)| held.shares);
            return Err(Reject::new(RejectCode::SharesShort, shares, held).into());
        }
    };
    let account = held.account;
    let stake = state
        .pool_stake(id, (account, matched))
        .map_or(state.pool_stakes.next_id(), |(stake, _)| stake);
    let fresh = tranche.is_wiped();
    Ok(PoolStaked { pool: id, stake, account, holding, shares, units, fresh })
}

/// The units of a stake that count: those of a series that a loss has ended are worth nothing.
pub(crate) fn free(pool: &InsurancePool, stake: &PoolStake) -> Shares {
    if stake.series != pool.tranche(stake.matched).series {
        return Shares::ZERO;
    }
    stake.units.saturating_sub(stake.exiting)
}
