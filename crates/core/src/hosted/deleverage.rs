//! Deleveraging: a position closed against others without a book, in the order that is given.

use super::{
    account::{Loaded, load},
    book::{Venue, find, venue},
    collateral::exhausted,
    fill::{after, book, plain, signed, trader},
    gate,
};
use crate::{
    command::Deleverage,
    event::Fill,
    governance::Context,
    liquidation::{
        deleverage::{ClosePrice, Walk, allowed, walk},
        steps::once,
    },
    policy::MarketStatus,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Base, Signed, Timestamp};

/// Most counterparties of one command.
pub(crate) const COUNTERPARTIES_MAX: usize = 64;

/// Closes what can be closed: an account below zero at its bankruptcy price, in final settlement any
/// other at the mark. Who can't trade at that price is skipped, and what was closed stays closed.
pub(crate) fn deleverage(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Deleverage,
) -> Result<(), Halt> {
    let state = txn.state();
    state.account_id(command.account)?;
    for label in &command.against {
        state.account_id(*label)?;
    }
    let at = venue(state, command.market)?;
    if command.size == Some(Base::ZERO) {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let margin = trader(txn, &at, command.account)?;
    let others = counterparties(txn, &at, command)?;
    gate::heard(txn, context, at.fund)?;
    let state = txn.state();
    let loaded = load(state, margin, context.now)?;
    let candidates = others.iter().map(|other| load(state, *other, context.now));
    let candidates: Vec<Loaded<'_>> = candidates.collect::<Result<_, _>>()?;
    let delta = delta(&loaded, &at, command.size)?;
    rested(state, context, &at, &loaded)?;
    loaded.priced()?;
    let price = price(state, &at, &loaded)?;
    if price == ClosePrice::Bankruptcy {
        exhausted(state, state.margins.expect(margin)?)?;
    }
    let list = candidates.iter().map(|other| (other.account.clone(), other.at(at.market)));
    let list: Vec<_> = list.collect();
    let closed = walk((&loaded.account, loaded.at(at.market)), &list, delta, price)?;
    let fills = fills(&at, (margin, delta), &others, (&candidates, &closed))?;
    if loaded.account.standing()?.equity.is_negative() {
        gate::negative(txn, context, at.fund)?;
    }
    fills.into_iter().try_for_each(|fill| book(txn, fill))?;
    after(txn, context, &at, margin)?;
    others.into_iter().try_for_each(|other| after(txn, context, &at, other))
}

/// The margin accounts of the list; each may stand in it once.
fn counterparties(txn: &mut Txn<'_>, at: &Venue, command: &Deleverage) -> Result<Vec<u32>, Halt> {
    let count = command.against.len();
    if count > COUNTERPARTIES_MAX {
        let most = COUNTERPARTIES_MAX;
        return Err(Reject::new(RejectCode::TooManyCounterparties, count, most).into());
    }
    let mut others: Vec<u32> = Vec::with_capacity(count);
    for label in &command.against {
        let other = trader(txn, at, *label)?;
        if others.contains(&other) {
            return Err(Reject::got(RejectCode::DuplicateCounterparty, *label).into());
        }
        others.push(other);
    }
    let own = find(txn.state(), command.account, at.fund)?;
    if others.contains(&own) {
        return Err(Reject::got(RejectCode::DuplicateCounterparty, command.account).into());
    }
    Ok(others)
}

/// What is to be closed, with its sign.
fn delta(loaded: &Loaded<'_>, at: &Venue, size: Option<Base>) -> Result<Signed, Halt> {
    let position = loaded.account.position(loaded.at(at.market))?;
    let size = size.map_or(position.size.size(), |size| Amount::new(size.get()));
    let size = signed(Base::new(size.get()))?;
    let closes = if position.size.is_negative() { Some(size) } else { size.checked_neg() };
    Ok(closes.ok_or(Reject::overflow())?)
}

/// A position that the book has begun to close is not deleveraged before that step is over.
fn rested(
    state: &State,
    context: &Context<'_>,
    at: &Venue,
    loaded: &Loaded<'_>,
) -> Result<(), Halt> {
    let place = loaded.places.get(loaded.at(at.market));
    let held = place.and_then(|(id, _)| state.hosted_positions.get(*id));
    let last = held.and_then(|held| held.step_at).map(Timestamp::ms);
    Ok(once(last, context.now.ms(), state.hosted(at.market)?.policy.step.ms())?)
}

/// At which price this account may be deleveraged now, if at all.
fn price(state: &State, at: &Venue, loaded: &Loaded<'_>) -> Result<ClosePrice, Halt> {
    let status = state.hosted(at.market)?.status;
    let settling = status == MarketStatus::FinalSettlement;
    let equity = loaded.account.standing()?.equity;
    let refused = || Reject::new(RejectCode::NotDeleverageable, equity.positive(), Amount::ZERO);
    Ok(allowed(equity, settling).ok_or_else(refused)?)
}

/// What the walk has closed against each; what one receives the other pays.
fn fills(
    at: &Venue,
    (margin, delta): (u32, Signed),
    others: &[u32],
    (before, closed): (&[Loaded<'_>], &Walk<'_>),
) -> Result<Vec<Fill>, Halt> {
    let mut fills = Vec::with_capacity(others.len());
    let steps = others.iter().zip(before).zip(closed.fills.iter().zip(&closed.candidates));
    for ((other, before), (size, after)) in steps.filter(|(_, (size, _))| !size.is_zero()) {
        let paid = before.account.collateral.checked_sub(after.collateral);
        let paid = paid.ok_or(Reject::overflow())?;
        let sells = delta.is_negative();
        let sides = if sells { (*other, margin) } else { (margin, *other) };
        // What the counterparty pays is what it buys for; if it sells, the other side of that.
        let quote = if sells { Some(paid) } else { paid.checked_neg() };
        let quote = quote.ok_or(Reject::overflow())?;
        fills.push(plain(at, sides, Base::new(size.get()), quote));
    }
    Ok(fills)
}
