//! What every fill between two margin accounts has in common: who trades, what may change, what follows.

use super::{
    account::{settle, standing},
    backlog::watch,
    book::{POSITIONS_MAX, Venue, both, find, pool, size_on},
    haircut::is_short,
    merge::seat,
};
use crate::{
    event::{Event, Fill, MarginMove, MoveCause},
    governance::Context,
    ledger::LedgerAccount,
    liquidation::{
        deleverage::may_become,
        limits::{check_open_interest, check_position},
        margin::{Standing, notional},
    },
    policy::MarketStatus,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, Base, Label, MarketId, Price, Signed, Timestamp};

/// A margin account about to trade on a market, settled to its indexes.
pub(crate) fn trader(txn: &mut Txn<'_>, venue: &Venue, label: Label) -> Result<u32, Halt> {
    if let Some(former) = txn.state().hosted(venue.market)?.former {
        seat(txn, label, former)?;
    }
    let margin = find(txn.state(), label, venue.fund)?;
    settle(txn, margin)?;
    Ok(margin)
}

/// A fill on a market for a quote, without fees.
pub(crate) const fn plain(
    venue: &Venue,
    (buyer, seller): (u32, u32),
    size: Base,
    quote: Signed,
) -> Fill {
    let Venue { market, fund, asset } = *venue;
    let (buyer_fee, seller_fee) = (Amount::ZERO, Amount::ZERO);
    Fill { market, fund, asset, buyer, seller, size, quote, buyer_fee, seller_fee }
}

/// Base atoms with a sign.
pub(crate) fn signed(size: Base) -> Result<Signed, Halt> {
    Ok(Signed::gain(Amount::new(size.get())).ok_or(Reject::overflow())?)
}

/// What `size` costs at a price. **Rounding** down: the buyer keeps the dust.
pub(crate) fn cost(
    state: &State,
    market: MarketId,
    size: Base,
    price: Price,
) -> Result<Amount, Halt> {
    let decimals = state.hosted(market)?.policy.decimals;
    Ok(notional(signed(size)?, decimals, price)?.positive())
}

/// Refuses a status in which a market does not trade.
pub(crate) fn trades(state: &State, market: MarketId) -> Result<MarketStatus, Reject> {
    let status = state.hosted(market)?.status;
    match status {
        MarketStatus::Active | MarketStatus::ReduceOnly => Ok(status),
        other => {
            Err(Reject::new(RejectCode::WrongStatus, other.word(), MarketStatus::ReduceOnly.word()))
        }
    }
}

/// Refuses what a market's limits or its wind-down don't let a trade do to one side.
pub(crate) fn side(
    state: &State,
    market: MarketId,
    (margin, delta): (u32, Signed),
) -> Result<(), Halt> {
    let before = size_on(state, margin, market)?;
    let after = before.checked_add(delta).ok_or(Reject::overflow())?;
    let hosted = state.hosted(market)?;
    if let Some(max) = hosted.policy.position_max {
        check_position(before, after, max)?;
    }
    let turns = !after.is_zero() && before.is_negative() != after.is_negative();
    if hosted.status == MarketStatus::ReduceOnly && (after.size() > before.size() || turns) {
        return Err(Reject::new(RejectCode::ReduceOnly, delta.size(), before.size()).into());
    }
    let owner = state.margins.expect(margin)?;
    let most = pool(state, owner.fund)?.1.positions_max.min(POSITIONS_MAX);
    if before.is_zero() && owner.open >= most {
        let (got, most) = (u32::from(owner.open), u32::from(most));
        return Err(Reject::new(RejectCode::TooManyPositions, got, most).into());
    }
    Ok(())
}

/// Books a fill and checks open interest after it.
pub(crate) fn book(txn: &mut Txn<'_>, fill: Fill) -> Result<(), Halt> {
    let before = both(txn.state(), fill.market)?.0.open_interest;
    txn.emit(Event::Traded(fill))?;
    let (market, hosted) = both(txn.state(), fill.market)?;
    match hosted.policy.open_interest_max {
        Some(max) => Ok(check_open_interest(before, market.open_interest, max)?),
        None => Ok(()),
    }
}

/// Refuses a trade that leaves a side worse than it may be.
pub(crate) fn stands(
    state: &State,
    margin: u32,
    before: &Standing,
    now: Timestamp,
) -> Result<(), Halt> {
    let after = standing(state, margin, now)?;
    if may_become(before, &after)? {
        return Ok(());
    }
    let (got, need) = (after.equity.positive(), after.initial);
    Err(Reject::new(RejectCode::WorseStanding, got, need).into())
}

/// After a fill: the backlog, and collateral that no position on an isolated market needs any more.
pub(crate) fn after(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    venue: &Venue,
    margin: u32,
) -> Result<(), Halt> {
    watch(txn, context, margin)?;
    let state = txn.state();
    let owner = *state.margins.expect(margin)?;
    let Some(home) = state.hosted(venue.market)?.home else { return Ok(()) };
    let (here, there) = (state.margin_pools.expect(owner.fund)?, state.margin_pools.expect(home)?);
    // Nobody is made to leave a pool that is short, or to join one.
    let whole = !is_short(here) && !is_short(there);
    let elsewhere = home != owner.fund && there.policy.is_some() && whole;
    let held = state.ledger.owed(LedgerAccount::Collateral(owner.fund), venue.asset);
    let amount = owner.quote.positive().min(held);
    if owner.open != 0 || amount.is_zero() || !elsewhere {
        return Ok(());
    }
    let to = state.margin(owner.account, home).map_or(state.margins.next_id(), |(id, _)| id);
    txn.emit(Event::MarginMoved(MarginMove {
        from: margin,
        to,
        account: owner.account,
        from_fund: owner.fund,
        to_fund: home,
        asset: venue.asset,
        amount,
        why: MoveCause::Home,
    }))
}
