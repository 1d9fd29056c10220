//! Marking a position, closing it by fills, and closing it against the other side of the market.

use super::{
    Booked, Inventory, booked, margin, open_line, shortfall,
    takeover::{assessed, borne_out, lose},
};
use crate::{
    command::{DeleverageInventory, FillInventory, MarkInventory},
    event::Event,
    governance::Context,
    loss::place::place_on_winners,
    oracle,
    policy::{InventoryEnd, InventoryPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Hash, MarketId, Ppm, Price, Timestamp};

/// Values a line at the venue's mark, or at the price of the market's index.
pub(crate) fn mark(
    state: &State,
    context: &Context<'_>,
    command: &MarkInventory,
) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    if command.mark == Some(Price::ZERO) {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let mark = if let Some(mark) = command.mark {
        borne_out(state, context, market, mark)?;
        mark
    } else {
        open_line(state, market)?;
        let check = state.markets.expect(market)?.mark;
        let unknown = Reject::got(RejectCode::UnknownIndex, command.market);
        oracle::price(state, check.ok_or(unknown)?.index, context.now)?.price
    };
    let (line, policy) = open_line(state, market)?;
    let margin = margin(state, market)?;
    let shortfall = shortfall((line.base, line.cost), mark, margin, policy.base_unit)?;
    let fund = state.markets.expect(market)?.fund;
    Ok(Event::InventoryMarked { market, fund, mark, shortfall })
}

/// Refuses on a mark that is too old to close at.
pub(crate) fn fresh(
    line: &Inventory,
    policy: &InventoryPolicy,
    now: Timestamp,
) -> Result<(), Reject> {
    let until = line.marked_at.plus(policy.mark_age);
    if now > until {
        return Err(Reject::new(RejectCode::InventoryStale, now, until));
    }
    Ok(())
}

/// Books a fill in the book: a gain is the line's, a loss its margin's and then the waterfall's.
pub(crate) fn fill(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &FillInventory,
) -> Result<(), Halt> {
    let state = txn.state();
    let market = state.market_id(command.market)?;
    let FillInventory { size, price, .. } = *command;
    if size.is_zero() || price.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let (line, policy) = open_line(state, market)?;
    let Booked { moved, gross, .. } =
        booked(state, market, (size, price, line.mark), Amount::ZERO)?;
    let evidence = command.evidence.filter(|root| *root != Hash::ZERO);
    if evidence.is_none() && !gross.is_zero() {
        return Err(Reject::none(RejectCode::NoEvidence).into());
    }
    let (asked, held) = (size.size(), line.base.size());
    if size.is_negative() == line.base.is_negative() || asked > held {
        return Err(Reject::new(RejectCode::BadClose, asked, held).into());
    }
    fresh(line, &policy, context.now)?;
    let (worst, worse) = worst(line, policy.slip_max, price)?;
    if worse {
        return Err(Reject::new(RejectCode::InventoryPrice, price, worst).into());
    }
    lose(txn, context, &moved, None, evidence.unwrap_or(Hash::ZERO))?;
    txn.emit(Event::InventoryFilled(Box::new(moved)))
}

/// The worst price at which a line may be filled, and whether a price is worse.
///
/// **Rounding** toward the mark's own side: never further from it than the portion.
fn worst(line: &Inventory, slip: Ppm, price: Price) -> Result<(Price, bool), Halt> {
    let (mark, whole) = (line.mark.get(), u128::from(Ppm::WHOLE.get()));
    if line.base.is_negative() {
        let part = Ppm::WHOLE.saturating_add(slip);
        let most = Price::new(mark).mul_div_floor(part.get().into(), whole)?;
        Ok((most, price > most))
    } else {
        let part = Ppm::WHOLE.saturating_sub(slip);
        let least = Price::new(mark).mul_div_ceil(part.get().into(), whole)?;
        Ok((least, price < least))
    }
}

/// Hands a whole line over to the other side of the market, at the mark. What it lost beyond its margin
/// goes where the market's rules say: through the waterfall, or to winners, who are then cut as for
/// every other loss.
pub(crate) fn deleverage(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &DeleverageInventory,
) -> Result<(), Halt> {
    let state = txn.state();
    let market: MarketId = state.market_id(command.market)?;
    let (line, policy) = open_line(state, market)?;
    let all = line.base.checked_neg().ok_or(Reject::overflow())?;
    let Booked { moved, .. } = booked(state, market, (all, line.mark, line.mark), Amount::ZERO)?;
    let evidence = line.evidence;
    fresh(line, &policy, context.now)?;
    if let Some((_, until)) = line.auctioned(context.now) {
        return Err(Reject::new(RejectCode::AuctionOpen, context.now, until).into());
    }
    match policy.end {
        InventoryEnd::Waterfall => lose(txn, context, &moved, None, evidence)?,
        InventoryEnd::Winners => {
            if let Some(loss) = assessed(txn.state(), context, &moved, None, evidence) {
                place_on_winners(txn, context, &loss)?;
            }
        }
    }
    txn.emit(Event::InventoryDeleveraged(Box::new(moved)))
}
