//! Merging an isolated market into a shared fund: reserve, contributions and pool move at once, margin
//! accounts one by one as they are touched.

use super::{
    book::{pool, venue},
    collateral::any_held,
};
use crate::{
    command::MergeIsolated,
    event::{Event, Merge},
    ledger::LedgerAccount,
    policy::FundKind,
    reject::{Halt, Reject, RejectCode},
    state::{Source, State},
    txn::Txn,
};
use backstop_units::{FundId, Label};

/// Moves an account's margin account to the pool that took its own pool over, if one has; returns the
/// fund whose pool it is in.
///
/// **Complexity** one step for each of its positions.
pub(crate) fn seat(txn: &mut Txn<'_>, account: Label, fund: FundId) -> Result<FundId, Halt> {
    let state = txn.state();
    let Some(to_fund) = state.margin_pools.expect(fund)?.merged else { return Ok(fund) };
    let account = state.account_id(account)?;
    let Some((from, old)) = state.margin(account, fund) else { return Ok(to_fund) };
    if old.quote.is_zero() && old.open == 0 {
        return Ok(to_fund);
    }
    let to = state.margin(account, to_fund).map_or(state.margins.next_id(), |(id, _)| id);
    txn.emit(Event::MarginAbsorbed { from, to, account, fund: to_fund })?;
    Ok(to_fund)
}

/// Moves an isolated market with its fund's money to a shared fund.
pub(crate) fn merge(state: &State, command: &MergeIsolated) -> Result<Event, Halt> {
    let to = state.fund_id(command.fund)?;
    let at = venue(state, command.market)?;
    pool(state, to)?;
    let (from, target) = (state.funds.expect(at.fund)?, state.funds.expect(to)?);
    if target.asset != from.asset {
        let [got, held] = [state.assets.expect(target.asset)?, state.assets.expect(from.asset)?];
        return Err(Reject::new(RejectCode::WrongAsset, got.label, held.label).into());
    }
    if let Some((loss, _)) = state.holds.expect(at.fund)?.open.first() {
        return Err(Reject::got(RejectCode::LossOpen, *loss).into());
    }
    let alone = state.markets.iter().filter(|(_, market)| market.fund == at.fund).count() == 1;
    let kinds = from.kind == FundKind::Isolated && target.kind == FundKind::Shared;
    if !alone || !kinds {
        return Err(Reject::new(RejectCode::NotIsolated, from.label, target.label).into());
    }
    let market = state.markets.expect(at.market)?;
    let moves = |source: Source| match source {
        Source::FeePool | Source::Socialised => true,
        Source::Reserve(fund) => fund == at.fund,
        _ => false,
    };
    let owed = |account| state.ledger.owed(account, at.asset);
    let held = state.reservations.expect(at.fund)?.held(state.meta.now);
    let bare = held.is_zero()
        && owed(LedgerAccount::Idle(at.fund)).is_zero()
        && from.first_tranche.is_none()
        && state.layers_of(market).all(|(_, layer)| moves(layer.source));
    if !bare {
        return Err(Reject::got(RejectCode::FundStaked, from.label).into());
    }
    if let Some((asset, held)) = any_held(state, at.fund)? {
        return Err(Reject::new(RejectCode::CollateralLeft, asset, held).into());
    }
    Ok(Event::IsolatedMerged(Merge {
        market: at.market,
        from: at.fund,
        to,
        asset: at.asset,
        reserve: owed(LedgerAccount::Reserve(at.fund)),
        contributions: owed(LedgerAccount::Contributions(at.fund)),
        collateral: owed(LedgerAccount::Collateral(at.fund)),
    }))
}
