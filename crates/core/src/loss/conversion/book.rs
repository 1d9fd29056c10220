//! What becomes of atoms taken of a layer in another asset: their sale, what is left of them, and the
//! basis that a sale falls short by.

use super::rate;
use crate::{
    command::{BookConversion, SettleBasis},
    event::{Converted, Event, Home, Sale, Settled},
    fund::reserve::free_reserve,
    governance::Context,
    ledger::{LedgerAccount, party::cleared_asset},
    liquidation::market::{latest_layer, resolve},
    policy::LayerSource,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Conversion, Source, State},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Label, MarketId};

/// The conversion of a market's layer, present or replaced; none if nothing was ever taken of it.
fn find(
    state: &State,
    market: Label,
    layer: LayerSource,
) -> Result<(MarketId, Option<u32>), Reject> {
    let source = resolve(state, layer)?;
    let market = state.market_id(market)?;
    let found = latest_layer(state, market, source).and_then(|(_, layer)| layer.conversion);
    Ok((market, found))
}

/// Where what need not be sold goes: contributions first, then the layer that gave; a tranche that
/// nobody holds gives its part to the fund's reserve.
fn home(state: &State, conversion: &Conversion, unsold: Amount) -> Result<Home, Corrupt> {
    let reserve = LedgerAccount::Reserve(conversion.fund);
    let to = match conversion.source {
        Source::Staked(tranche) if !state.tranches.expect(tranche)?.shares.is_zero() => {
            LedgerAccount::Tranche(tranche)
        }
        _ => reserve,
    };
    let contributed = conversion.given.min(unsold);
    Ok(Home { to, amount: unsold.saturating_sub(contributed), contributed })
}

/// Books a sale: the venue takes the atoms and owes what they brought. Once nothing is owed the rest
/// goes home; once nothing is left what is still owed is the fund's basis.
pub(crate) fn book(
    state: &State,
    context: &Context<'_>,
    command: &BookConversion,
) -> Result<Event, Halt> {
    let (market, found) = find(state, command.market, command.layer)?;
    let (sold, received) = (command.sold, command.received);
    if sold.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let nothing = Reject::new(RejectCode::AboveConversion, sold, Amount::ZERO);
    let id = found.ok_or(nothing)?;
    let conversion = state.conversions.expect(id)?;
    let asset = state.funds.expect(conversion.fund)?.asset;
    let into = cleared_asset(state, market)?;
    if conversion.unsold.is_zero() {
        return Err(nothing.into());
    }
    if !command.any_price {
        let rate = rate(state, (asset, into), conversion.haircut, context.now)?;
        let least = rate.least(sold)?;
        if received < least {
            return Err(Reject::new(RejectCode::SaleBelowPrice, received, least).into());
        }
    }
    for (got, limit) in [(sold, conversion.unsold), (received, conversion.owed)] {
        if got > limit {
            return Err(Reject::new(RejectCode::AboveConversion, got, limit).into());
        }
    }
    let unsold = conversion.unsold.saturating_sub(sold);
    let owed = conversion.owed.saturating_sub(received);
    let left = if owed.is_zero() { unsold } else { Amount::ZERO };
    let shortfall = if unsold.is_zero() { owed } else { Amount::ZERO };
    let home = home(state, conversion, left)?;
    let venue = state.markets.expect(market)?.venue;
    Ok(Event::ConversionBooked(Box::new(Sale {
        conversion: id,
        market,
        fund: conversion.fund,
        venue,
        asset,
        sold,
        into,
        received,
        shortfall,
        home,
    })))
}

/// Settles what a fund's conversion on a market is short of: first with what came back to the fund in the
/// market's asset, then from its own reserve at fresh prices.
pub(crate) fn settle(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SettleBasis,
) -> Result<(), Halt> {
    let (market, found) = find(txn.state(), command.market, command.layer)?;
    let nothing = Reject::new(RejectCode::AboveConversion, Amount::ZERO, Amount::ZERO);
    let id = found.ok_or(nothing)?;
    let paid = returned(txn.state(), market, id)?;
    let settled = paid.is_some();
    paid.map_or(Ok(()), |event| txn.emit(event))?;
    match recalled(txn.state(), context, market, id) {
        Ok(Some(event)) => txn.emit(event),
        // What came back needs no price: that stands, the rest waits for one.
        Ok(None) | Err(Halt::Reject(_)) if settled => Ok(()),
        Ok(None) => Err(nothing.into()),
        Err(halt) => Err(halt),
    }
}

/// What came back to the fund pays its basis, then what its unsold atoms are to bring.
fn returned(state: &State, market: MarketId, id: u32) -> Result<Option<Event>, Halt> {
    let conversion = state.conversions.expect(id)?;
    let fund = conversion.fund;
    let into = cleared_asset(state, market)?;
    let own = state.ledger.owed(LedgerAccount::Reserve(fund), into);
    let given = state.ledger.owed(LedgerAccount::Contributions(fund), into);
    let all = own.saturating_add(given);
    let basis = conversion.short.min(all);
    let owed = conversion.owed.min(all.saturating_sub(basis));
    let pays = basis.saturating_add(owed);
    if pays.is_zero() {
        return Ok(None);
    }
    let from_reserve = own.min(pays);
    let done = conversion.owed == owed;
    let unsold = if done { conversion.unsold } else { Amount::ZERO };
    Ok(Some(Event::BasisSettled(Box::new(Settled {
        conversion: id,
        market,
        fund,
        into,
        from_reserve,
        from_contributions: pays.saturating_sub(from_reserve),
        basis,
        owed,
        asset: state.funds.expect(fund)?.asset,
        home: home(state, conversion, unsold)?,
    }))))
}

/// More of the fund's own reserve is taken, to be sold for what it is short of; as much as it has.
///
/// **Rounding** as a placement's: the atoms up, what they stand for down.
fn recalled(
    state: &State,
    context: &Context<'_>,
    market: MarketId,
    id: u32,
) -> Result<Option<Event>, Halt> {
    let conversion = state.conversions.expect(id)?;
    let (fund, haircut) = (conversion.fund, conversion.haircut);
    let free = free_reserve(state, fund, context.now)?;
    if conversion.short.is_zero() || free.is_zero() {
        return Ok(None);
    }
    let asset = state.funds.expect(fund)?.asset;
    let into = cleared_asset(state, market)?;
    let rate = rate(state, (asset, into), haircut, context.now)?;
    let owed = conversion.short.min(rate.worth(free)?);
    if owed.is_zero() {
        return Ok(None);
    }
    Ok(Some(Event::LayerConverted(Box::new(Converted {
        conversion: id,
        market,
        fund,
        from: LedgerAccount::Reserve(fund),
        asset,
        taken: rate.atoms(owed)?,
        pays: LedgerAccount::Basis(fund),
        into,
        owed,
        haircut,
    }))))
}
