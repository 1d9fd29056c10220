//! What layers in another asset leave in the state and in the books.

use crate::{
    event::{Event, Home},
    ledger::LedgerAccount,
    reject::Corrupt,
    state::{Conversion, Source, State},
};
use backstop_units::{Amount, AssetId, MarketId, Ppm};

pub(crate) fn conversion(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let plus = |a: Amount, b| a.checked_add(b).ok_or(Corrupt::Overflow);
    let less = |a: Amount, b| a.checked_sub(b).ok_or(Corrupt::CounterRange);
    match event {
        Event::LayerConverted(drawn) => {
            let item = state.conversions.change(drawn.conversion)?;
            item.haircut = drawn.haircut;
            item.unsold = plus(item.unsold, drawn.taken)?;
            item.owed = plus(item.owed, drawn.owed)?;
            if matches!(drawn.from, LedgerAccount::Contributions(_)) {
                item.given = plus(item.given, drawn.taken)?;
            }
            if matches!(drawn.pays, LedgerAccount::Basis(_)) {
                item.short = less(item.short, drawn.owed)?;
                let market = state.markets.change(drawn.market)?;
                market.short = less(market.short, drawn.owed)?;
            }
        }
        Event::ConversionBooked(sale) => {
            let item = state.conversions.change(sale.conversion)?;
            item.unsold = less(less(item.unsold, sale.sold)?, sale.home.all())?;
            item.given = item.given.min(item.unsold);
            item.owed = less(less(item.owed, sale.received)?, sale.shortfall)?;
            item.short = plus(item.short, sale.shortfall)?;
            let market = state.markets.change(sale.market)?;
            market.short = plus(market.short, sale.shortfall)?;
        }
        Event::BasisSettled(settled) => {
            let item = state.conversions.change(settled.conversion)?;
            item.unsold = less(item.unsold, settled.home.all())?;
            item.given = item.given.min(item.unsold);
            item.owed = less(item.owed, settled.owed)?;
            item.short = less(item.short, settled.basis)?;
            let market = state.markets.change(settled.market)?;
            market.short = less(market.short, settled.basis)?;
        }
        Event::ConversionUnpriced { .. } => {}
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}

/// Begins to keep what is taken of a layer in another asset.
pub(crate) fn begun(
    state: &mut State,
    market: MarketId,
    source: Source,
    haircut: Ppm,
) -> Result<u32, Corrupt> {
    let fund = match source {
        Source::Reserve(fund) => fund,
        Source::Staked(tranche) => state.tranches.expect(tranche)?.fund,
        Source::FeePool
        | Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Equity
        | Source::Haircut => {
            return Err(Corrupt::DanglingHandle);
        }
    };
    let id = state.conversions.next_id();
    let (unsold, given, owed, short) = (Amount::ZERO, Amount::ZERO, Amount::ZERO, Amount::ZERO);
    let item = Conversion { market, fund, source, haircut, unsold, given, owed, short };
    state.conversions.insert(id, item)?;
    Ok(id)
}

/// What these events post.
pub(crate) fn postings<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        Event::LayerConverted(drawn) => {
            let conversion = L::Conversion(drawn.market);
            one(drawn.asset, drawn.from, conversion, drawn.taken)?;
            one(drawn.into, conversion, drawn.pays, drawn.owed)
        }
        Event::ConversionBooked(sale) => {
            let (conversion, basis) = (L::Conversion(sale.market), L::Basis(sale.fund));
            one(sale.asset, conversion, L::Balance(sale.venue), sale.sold)?;
            one(sale.into, L::Clearing(sale.market), conversion, sale.received)?;
            one(sale.into, basis, conversion, sale.shortfall)?;
            returned(sale.asset, conversion, basis, &sale.home, one)
        }
        Event::BasisSettled(settled) => {
            let (conversion, basis) = (L::Conversion(settled.market), L::Basis(settled.fund));
            let (own, given) = (L::Reserve(settled.fund), L::Contributions(settled.fund));
            let own_basis = settled.from_reserve.min(settled.basis);
            let given_basis = settled.basis.saturating_sub(own_basis);
            let own_owed = settled.from_reserve.saturating_sub(own_basis);
            let given_owed = settled.from_contributions.saturating_sub(given_basis);
            one(settled.into, own, basis, own_basis)?;
            one(settled.into, given, basis, given_basis)?;
            one(settled.into, own, conversion, own_owed)?;
            one(settled.into, given, conversion, given_owed)?;
            returned(settled.asset, conversion, basis, &settled.home, one)
        }
        _ => Ok(()),
    }
}

/// What was not needed is a gain of the fund on its way home.
fn returned<E>(
    asset: AssetId,
    conversion: LedgerAccount,
    basis: LedgerAccount,
    home: &Home,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    let LedgerAccount::Basis(fund) = basis else { return Ok(()) };
    one(asset, conversion, basis, home.all())?;
    one(asset, basis, home.to, home.amount)?;
    one(asset, basis, LedgerAccount::Contributions(fund), home.contributed)
}
