//! Auctioning a position: the discount on the mark rises until somebody takes it.

use super::{Booked, booked, close::fresh, limits::last_from, open_line, takeover::lose};
use crate::{
    command::{BidAuction, StartAuction},
    event::Event,
    governance::Context,
    ledger::LedgerAccount,
    policy::AuctionPolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Base, MathError, Ppm, Price, Signed, Span};

/// The discount so long after an auction began.
///
/// ```text
///   min(most, start + step × ⌊since ÷ interval⌋)
/// ```
pub fn discount(policy: &AuctionPolicy, since: Span) -> Ppm {
    let steps = u32::try_from(since.times(policy.interval)).unwrap_or(u32::MAX);
    let risen = Ppm::new(policy.step.get().saturating_mul(steps));
    policy.start.saturating_add(risen).least(policy.most)
}

/// What a bidder pays for a whole base unit of a long, or sells a short at: the mark, better for him by
/// the discount.
///
/// **Rounding** against the bidder.
///
/// # Errors
/// [`MathError`] past 128 bits.
pub fn price(mark: Price, short: bool, discount: Ppm) -> Result<Price, MathError> {
    let whole = u128::from(Ppm::WHOLE.get());
    if short {
        mark.mul_div_floor(Ppm::WHOLE.saturating_add(discount).get().into(), whole)
    } else {
        mark.mul_div_ceil(Ppm::WHOLE.saturating_sub(discount).get().into(), whole)
    }
}

/// What a bidder pays in for his position, rounded up.
fn margin_of(
    policy: &AuctionPolicy,
    size: Signed,
    price: Price,
    base_unit: Base,
) -> Result<Amount, Halt> {
    let long = Signed::gain(size.size()).ok_or(Reject::overflow())?;
    let value = super::worth_ceil(long, price, base_unit)?;
    Ok(policy.margin.of_ceil(value.positive())?)
}

pub(crate) fn start(
    state: &State,
    context: &Context<'_>,
    command: &StartAuction,
) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    let (line, policy) = open_line(state, market)?;
    if let Some((_, until)) = line.auctioned(context.now) {
        return Err(Reject::new(RejectCode::AuctionOpen, context.now, until).into());
    }
    Ok(Event::AuctionStarted { market, until: context.now.plus(policy.auction.lifetime) })
}

/// Gives a bidder a part of the line at the auction's price. His margin goes to the venue's clearing,
/// which keeps his position from then on; the fund realises the price against its cost.
pub(crate) fn bid(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &BidAuction,
) -> Result<(), Halt> {
    let state = txn.state();
    let bidder = state.account_id(command.bidder)?;
    let market = state.market_id(command.market)?;
    let now = context.now;
    if command.size.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let (line, policy) = open_line(state, market)?;
    let Some((since, _)) = line.auctioned(now) else {
        fresh(line, &policy, now)?;
        return Err(Reject::got(RejectCode::AuctionOver, command.market).into());
    };
    let discount = discount(&policy.auction, now.since(since));
    let price = price(line.mark, line.base.is_negative(), discount)?;
    let margin = margin_of(&policy.auction, command.size, price, policy.base_unit)?;
    let sold = command.size.checked_neg().ok_or(Reject::overflow())?;
    let Booked { moved, .. } = booked(state, market, (sold, price, line.mark), Amount::ZERO)?;
    let free = state.ledger.owed(LedgerAccount::Balance(bidder), moved.asset);
    if margin > free {
        return Err(Reject::new(RejectCode::InsufficientBalance, margin, free).into());
    }
    fresh(line, &policy, now)?;
    let (asked, held) = (command.size.size(), line.base.size());
    if command.size.is_negative() != line.base.is_negative() || asked > held {
        return Err(Reject::new(RejectCode::AuctionSize, asked, held).into());
    }
    let worse = if line.base.is_negative() { price < command.price } else { price > command.price };
    if worse {
        return Err(Reject::new(RejectCode::AuctionPrice, price, command.price).into());
    }
    let group = state.accounts.expect(bidder)?.group;
    if last_from(state, moved.fund, group).is_some_and(|at| at >= line.opened_at) {
        return Err(Reject::got(RejectCode::AuctionGroup, group).into());
    }
    let evidence = line.evidence;
    lose(txn, context, &moved, None, evidence)?;
    txn.emit(Event::AuctionWon { bidder, margin, discount, moved: Box::new(moved) })
}
