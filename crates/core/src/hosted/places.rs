//! Who pays when an account owes its pool: its owner group, then the waterfall of the market.

use super::{
    account::{load, settle},
    book::{POSITIONS_MAX, pool},
    gate,
};
use crate::{
    event::{Cohort, Event, MarginMove, MoveCause, PoolCovered},
    governance::Context,
    ledger::LedgerAccount,
    liquidation::margin::notional,
    loss::{
        capacity::capacities,
        place::{Assessed, place},
        waterfall::allocate,
    },
    policy::{Cause, Netting},
    reject::{Halt, Reject, RejectCode},
    state::{MarginAccount, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Hash, MarketId, Price, Signed};
use borsh::BorshSerialize;
use sha2::Digest;

/// The margin accounts of an owner group, beginning with the oldest, then from the newest on.
///
/// **Shape** at most [`POSITIONS_MAX`]: further ones are not asked.
pub(crate) fn kin(state: &State, owner: &MarginAccount) -> Result<Vec<u32>, Halt> {
    let group = state.accounts.expect(owner.account)?.group;
    let found = |id: u32| state.margins.get(id).map(|margin| (id, margin));
    let first = state.labels.margins.group(group).and_then(found);
    let all = core::iter::successors(first, |(_, margin)| margin.kin.and_then(found));
    Ok(all.take(usize::from(POSITIONS_MAX)).map(|(id, _)| id).collect())
}

/// Lets the other accounts of the owner group pay out of what their initial margin does not need;
/// returns what is left.
///
/// An account of another pool pays while that pool's gate is open and its rules say so; one whose
/// marks are not there is passed over.
pub(crate) fn net(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    margin: u32,
    need: Amount,
) -> Result<Amount, Halt> {
    let owner = *txn.state().margins.expect(margin)?;
    let netting = pool(txn.state(), owner.fund)?.1.netting;
    let mut left = need;
    if netting == Netting::None || need.is_zero() {
        return Ok(left);
    }
    for other in kin(txn.state(), &owner)?.into_iter().filter(|other| *other != margin) {
        if left.is_zero() || !pays(txn.state(), context, &owner, other, netting)? {
            continue;
        }
        settle(txn, other)?;
        let state = txn.state();
        let giver = *state.margins.expect(other)?;
        let has = match load(state, other, context.now) {
            Ok(loaded) => loaded.free()?,
            Err(Halt::Reject(_)) => Amount::ZERO,
            Err(corrupt) => return Err(corrupt),
        };
        let asset = state.funds.expect(owner.fund)?.asset;
        let there = state.ledger.owed(LedgerAccount::Collateral(giver.fund), asset);
        let most = if giver.fund == owner.fund { has } else { has.min(there) };
        let amount = most.min(left);
        if amount.is_zero() {
            continue;
        }
        left = left.saturating_sub(amount);
        txn.emit(Event::MarginMoved(MarginMove {
            from: other,
            to: margin,
            account: owner.account,
            from_fund: giver.fund,
            to_fund: owner.fund,
            asset,
            amount,
            why: MoveCause::Netting,
        }))?;
    }
    Ok(left)
}

/// Whether another margin account of the group is asked.
fn pays(
    state: &State,
    context: &Context<'_>,
    owner: &MarginAccount,
    other: u32,
    netting: Netting,
) -> Result<bool, Halt> {
    let giver = state.margins.expect(other)?;
    if giver.fund == owner.fund {
        return Ok(true);
    }
    let asset = |fund| state.funds.expect(fund).map(|fund| fund.asset);
    let Some(policy) = state.margin_pools.expect(giver.fund)?.policy else { return Ok(false) };
    let both = netting == Netting::Asset && policy.netting == Netting::Asset;
    Ok(both
        && asset(giver.fund)? == asset(owner.fund)?
        && gate::opens(state, giver.fund, context.now)? <= context.now)
}

/// What the insured layers of a market (fee pool, reserve, stakers) would pay of a loss now.
pub(crate) fn insured(
    state: &State,
    context: &Context<'_>,
    id: MarketId,
    loss: Amount,
) -> Result<Amount, Halt> {
    let market = state.markets.expect(id)?;
    let capacities = capacities(state, id, market, Cause::Bankruptcy, context.now)?;
    let paid = allocate(loss, &capacities);
    let layers = state.layers_of(market).zip(&paid.draws);
    Ok(layers
        .filter(|((_, layer), _)| layer.source.is_funded())
        .fold(Amount::ZERO, |sum, (_, draw)| sum.saturating_add(*draw)))
}

/// What a loss is computed from, as a digest: no venue brings evidence of what is decided here.
#[derive(BorshSerialize)]
struct Grounds {
    ledger: u128,
    seq: u64,
    market: MarketId,
    margin: u32,
    size: Signed,
    mark: Price,
    gross: Amount,
}

/// Sends what an account owes through the whole waterfall of a market; the account is then whole.
pub(crate) fn cover(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (market, margin): (MarketId, u32),
    (size, mark): (Signed, Price),
    gross: Amount,
) -> Result<(), Halt> {
    let state = txn.state();
    let owner = *state.margins.expect(margin)?;
    let (ledger, seq) = (state.meta.ledger.get(), state.meta.next.get());
    let grounds = Grounds { ledger, seq, market, margin, size, mark, gross };
    let bytes = borsh::to_vec(&grounds).unwrap_or_default();
    let loss = Assessed {
        loss: state.losses.next_id(),
        market,
        cause: Cause::Bankruptcy,
        account: Some(owner.account),
        evidence: Hash::new(sha2::Sha256::digest(&bytes).into()),
        mark,
        gross,
        occurred_at: context.occurred_at,
        closed: true,
    };
    place(txn, context, &loss)?;
    let state = txn.state();
    let rows = &state.losses.expect(loss.loss)?.rows;
    let lacks = |cohort: &Cohort| matches!(cohort, Cohort::Positions { .. } | Cohort::Residual);
    let owed = rows.iter().filter(|row| lacks(&row.row.cohort));
    let owed = owed.fold(Amount::ZERO, |sum, row| sum.saturating_add(row.row.amount));
    txn.emit(Event::PoolPaid(PoolCovered {
        market,
        fund: owner.fund,
        asset: state.funds.expect(owner.fund)?.asset,
        margin,
        loss: loss.loss,
        paid: gross.saturating_sub(owed),
        owed,
    }))
}

/// The notional of a part of a position at a mark.
pub(crate) fn worth(size: Signed, decimals: u8, mark: Price) -> Result<Amount, Reject> {
    Ok(notional(size, decimals, mark)?.size())
}

/// Refuses a fill whose lack the insured layers don't pay in full.
pub(crate) fn affordable(
    state: &State,
    context: &Context<'_>,
    market: MarketId,
    need: Amount,
) -> Result<(), Halt> {
    let pays = insured(state, context, market, need)?;
    if pays < need {
        return Err(Reject::new(RejectCode::BeyondBankruptcy, need, pays).into());
    }
    Ok(())
}
