//! The venue's copy of accounts: what the ledger's events change, and the comparison at the end.

use super::super::{Trader, Venue};
use crate::{
    error::RiskError,
    margin::{Position, signed},
};
use backstop_core::{
    Event,
    event::{Fill, Liquidated, PoolCovered},
    state::State,
};
use backstop_units::{AccountId, Amount, MarketId, MathError, Signed};

impl Venue {
    /// Notes whose each new margin account is: deposits came in the order of the accounts.
    pub(super) fn own(&mut self, events: &[Event]) -> Result<(), RiskError> {
        for event in events {
            let Event::MarginDeposited(it) = event else { continue };
            let Some(hosted) = &mut self.hosted else { return Ok(()) };
            let index = hosted.owners.len();
            if u32::try_from(index) != Ok(it.margin) {
                return Err(RiskError::Answer("a margin account of its own for each deposit"));
            }
            hosted.owners.push((index, it.account));
            self.pay(it.margin, signed(it.amount.get())?)?;
        }
        Ok(())
    }

    /// Does to the copies what the ledger did to the accounts, and counts what it came to.
    pub(super) fn follow(&mut self, events: &[Event]) -> Result<(), RiskError> {
        self.take(events)?;
        for event in events {
            match event {
                Event::Traded(fill) => self.traded(fill)?,
                Event::MarginLiquidated(it) => {
                    let Liquidated { to_fund, overflow, .. } = **it;
                    self.pay(it.margin, -signed(to_fund.get())?)?;
                    self.pay(it.margin, -signed(overflow.get())?)?;
                }
                Event::LiquidatorPaid(it) => {
                    let amount = signed(it.amount.get())?;
                    self.pay(it.margin, -amount)?;
                    self.pay(it.liquidator, amount)?;
                }
                Event::PoolPaid(PoolCovered { margin, paid, owed, .. }) => {
                    self.pay(*margin, signed(paid.get())?)?;
                    self.pay(*margin, signed(owed.get())?)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whose a margin account is: his place among the traders, past the last of them the maker's.
    pub(super) fn owner(&self, margin: u32) -> Result<(usize, AccountId), RiskError> {
        let owners = self.hosted.as_ref().map(|hosted| &hosted.owners);
        let at = usize::try_from(margin).unwrap_or(usize::MAX);
        let owner = owners.and_then(|owners| owners.get(at)).copied();
        owner.ok_or(RiskError::Answer("the margin account of a trader"))
    }

    fn trader_mut(&mut self, margin: u32) -> Result<&mut Trader, RiskError> {
        let (index, _) = self.owner(margin)?;
        Ok(self.traders.get_mut(index).unwrap_or(&mut self.maker))
    }

    fn pay(&mut self, margin: u32, amount: i128) -> Result<(), RiskError> {
        self.trader_mut(margin)?.cash += amount;
        Ok(())
    }

    fn traded(&mut self, fill: &Fill) -> Result<(), RiskError> {
        let base = signed(fill.size.get())?;
        let fees = [fill.buyer_fee, fill.seller_fee].map(Amount::get);
        self.pay(fill.buyer, -fill.quote.get() - signed(fees[0])?)?;
        self.pay(fill.seller, fill.quote.get() - signed(fees[1])?)?;
        self.resize(fill.buyer, fill.market, base)?;
        self.resize(fill.seller, fill.market, -base)
    }

    /// Adds to a position; one that is closed is gone.
    fn resize(&mut self, margin: u32, id: MarketId, change: i128) -> Result<(), RiskError> {
        let market = self.markets.iter().position(|market| market.id == id);
        let market = market.ok_or(RiskError::Answer("a market of this venue"))?;
        let positions = &mut self.trader_mut(margin)?.positions;
        let place = positions.iter().position(|position| position.market == market);
        let place = place.unwrap_or_else(|| {
            positions.push(Position { market, base: 0 });
            positions.len() - 1
        });
        let position = positions.get_mut(place).ok_or(MathError::Overflow)?;
        let before = position.base.unsigned_abs();
        position.base += change;
        let after = position.base.unsigned_abs();
        positions.retain(|position| position.base != 0);
        let market = self.markets.get_mut(market).ok_or(MathError::Overflow)?;
        let grown = market.open_interest + after;
        market.open_interest = grown.checked_sub(before).ok_or(MathError::Overflow)?;
        Ok(())
    }

    /// Compares every copy with the ledger's account, and each market's open interest.
    ///
    /// # Errors
    /// [`RiskError::Copy`] with the first that differs.
    pub(in super::super) fn compare(&self, state: &State) -> Result<(), RiskError> {
        let Some(hosted) = &self.hosted else { return Ok(()) };
        for (index, account) in &hosted.owners {
            let trader = self.traders.get(*index).unwrap_or(&self.maker);
            let differs = || RiskError::Copy(trader.label);
            let (_, margin) = state.margin(*account, hosted.fund).ok_or_else(differs)?;
            let open = state.positions_of(margin).filter(|(_, held)| !held.size.is_zero());
            let mut sizes: Vec<(MarketId, Signed)> =
                open.map(|(_, held)| (held.market, held.size)).collect();
            let id = |position: &Position| self.markets.get(position.market).map(|found| found.id);
            let copy = trader.positions.iter();
            let copy = copy.map(|p| (id(p).unwrap_or_default(), Signed::new(p.base)));
            let mut copy: Vec<_> = copy.collect();
            sizes.sort_unstable();
            copy.sort_unstable();
            if margin.quote != Signed::new(trader.cash) || sizes != copy {
                return Err(differs());
            }
        }
        for market in &self.markets {
            let known = state.markets.get(market.id).map(|found| found.open_interest.get());
            if known != Some(market.open_interest) {
                return Err(RiskError::Copy(market.label));
            }
        }
        Ok(())
    }
}
