//! Marks, trades and funding.

use super::{
    account::standing,
    bands::{may_enlarge, may_grow},
    book::{Venue, both, venue},
    fill::{after, book, cost, plain, side, signed, stands, trader, trades},
    gate,
    money::holds,
};
use crate::{
    command::{OpeningPosition, PayFunding, ReportMark, Trade},
    event::{Event, Fill, MarkReport},
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use backstop_units::{Base, Signed};

pub(crate) fn report_mark(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ReportMark,
) -> Result<(), Halt> {
    let Venue { market, fund, .. } = venue(txn.state(), command.market)?;
    if txn.state().markets.expect(market)?.mark.is_some() {
        return Err(Reject::got(RejectCode::MarkByIndex, command.market).into());
    }
    let price = command.price;
    if price.is_zero() {
        return Err(Reject::none(RejectCode::PriceZero).into());
    }
    gate::heard(txn, context, fund)?;
    txn.emit(Event::MarkReported(MarkReport { market, fund, price }))
}

/// A fill between two accounts: each must meet initial margin after it, or be no worse off.
pub(crate) fn trade(txn: &mut Txn<'_>, context: &Context<'_>, command: &Trade) -> Result<(), Halt> {
    let state = txn.state();
    let (buys, sells) = (state.account_id(command.buyer)?, state.account_id(command.seller)?);
    let at = venue(state, command.market)?;
    if command.size == Base::ZERO {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let buyer = trader(txn, &at, command.buyer)?;
    let seller = trader(txn, &at, command.seller)?;
    trades(txn.state(), at.market)?;
    if buys == sells {
        return Err(Reject::got(RejectCode::SameAccount, command.buyer).into());
    }
    gate::heard(txn, context, at.fund)?;
    let state = txn.state();
    let bought = signed(command.size)?;
    let sold = bought.checked_neg().ok_or(Reject::overflow())?;
    side(state, at.market, (buyer, bought))?;
    side(state, at.market, (seller, sold))?;
    let value = cost(state, at.market, command.size, command.price)?;
    let before = [standing(state, buyer, context.now)?, standing(state, seller, context.now)?];
    let fees = command.buyer_fee.checked_add(command.seller_fee).ok_or(Reject::overflow())?;
    holds(state, at.fund, at.asset, fees)?;
    let quote = Signed::gain(value).ok_or(Reject::overflow())?;
    let Trade { buyer_fee, seller_fee, .. } = *command;
    let fill = plain(&at, (buyer, seller), command.size, quote);
    let open = both(state, at.market)?.0.open_interest;
    book(txn, Fill { buyer_fee, seller_fee, ..fill })?;
    for (margin, before) in [buyer, seller].into_iter().zip(&before) {
        stands(txn.state(), margin, before, context.now)?;
    }
    may_grow(txn.state(), (at.fund, at.market), open, context.now)?;
    for side in [(buyer, bought), (seller, sold)] {
        may_enlarge(txn.state(), (at.fund, at.market), side, context.now)?;
    }
    after(txn, context, &at, buyer)?;
    after(txn, context, &at, seller)
}

/// Two opposite positions of a scenario.
pub(crate) fn opening_position(txn: &mut Txn<'_>, command: &OpeningPosition) -> Result<(), Halt> {
    let state = txn.state();
    let (long, short) = (state.account_id(command.long)?, state.account_id(command.short)?);
    let at = venue(state, command.market)?;
    if command.size == Base::ZERO {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let buyer = trader(txn, &at, command.long)?;
    let seller = trader(txn, &at, command.short)?;
    if long == short {
        return Err(Reject::got(RejectCode::SameAccount, command.long).into());
    }
    let bought = signed(command.size)?;
    side(txn.state(), at.market, (buyer, bought))?;
    side(txn.state(), at.market, (seller, bought.checked_neg().ok_or(Reject::overflow())?))?;
    book(txn, plain(&at, (buyer, seller), command.size, Signed::ZERO))
}

/// Moves the funding index; positions settle to it when they are next touched.
pub(crate) fn pay_funding(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &PayFunding,
) -> Result<(), Halt> {
    let Venue { market, fund, .. } = venue(txn.state(), command.market)?;
    if command.step.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    trades(txn.state(), market)?;
    gate::heard(txn, context, fund)?;
    txn.emit(Event::FundingPaid { market, fund, step: command.step })
}
