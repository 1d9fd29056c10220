//! Block by block: a part of each position that waits is closed, or found to be nobody's to pay for.

use super::{
    super::{Status, Venue},
    HEARTBEAT,
};
use crate::{
    book::BASE_DECIMALS,
    error::RiskError,
    float::{PRICE_SCALE, to_float},
    ledger::Ledger,
    margin::{size, travelled},
};
use backstop_core::{
    Body,
    command::FillLiquidation,
    liquidation::{
        bankruptcy,
        fund_delta::fund_delta,
        margin::{Account, notional},
    },
    loss::{
        capacity::capacities,
        waterfall::{Capacity, allocate},
    },
    policy::Cause,
    state::State,
};
use backstop_units::{Amount, Base, MarketId, MathError, Price, Signed, Timestamp, mul_div_floor};
use std::collections::{BTreeMap, btree_map::Entry};

/// Base atoms of a whole unit × the scale of a price.
const VALUE_SCALE: u128 = PRICE_SCALE * PRICE_SCALE;

/// What a block is to do.
#[derive(Debug, Default)]
struct Block {
    fills: Vec<Body>,
    /// Accounts below zero whose fill the fund can't pay.
    lacking: Vec<usize>,
    /// What fills of this block draw on the fund.
    drawn: Amount,
    /// The layers of each market when the block began, and whether each is a fund's.
    layers: BTreeMap<usize, Vec<(Capacity, bool)>>,
}

/// A part of a position to be closed.
struct Part {
    market: usize,
    /// With the sign of the fill.
    delta: Signed,
    quote: f64,
    price: Price,
    /// What the fill lacks of bankruptcy.
    lack: Amount,
}

impl Venue {
    /// Works on until just before a moment, at the prices of the last step, as long as something moves.
    pub(in super::super) fn work_until(
        &mut self,
        at: Timestamp,
        ledger: &mut impl Ledger,
    ) -> Result<(), RiskError> {
        loop {
            let Some(hosted) = &self.hosted else { return Ok(()) };
            let next = hosted.last.plus(hosted.block);
            if next >= at || hosted.working.is_empty() || !self.block(next, ledger)? {
                return Ok(());
            }
        }
    }

    /// Takes up who is due, and works if a block has passed since the last one.
    pub(in super::super) fn work(&mut self, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        self.ask()?;
        while let Some(index) = self.due()? {
            if let Some(hosted) = &mut self.hosted {
                hosted.working.push(index);
            }
        }
        let Some(hosted) = &self.hosted else { return Ok(()) };
        if self.now.since(hosted.last) >= hosted.block {
            self.block(self.now, ledger)?;
        }
        Ok(())
    }

    /// One block: the marks that moved, and a fill for each account at work. Returns whether anything
    /// was closed.
    fn block(&mut self, at: Timestamp, ledger: &mut impl Ledger) -> Result<bool, RiskError> {
        self.now = at;
        let marks = self.marks();
        let Some(hosted) = &mut self.hosted else { return Ok(false) };
        hosted.last = at;
        let silent = at.since(hosted.told.1) >= HEARTBEAT;
        let mut working = std::mem::take(&mut hosted.working);
        let mut block = Block::default();
        let mut ended = Vec::new();
        for index in &working {
            if !self.plan(*index, &marks, &mut block, ledger)? {
                ended.push(*index);
            }
        }
        let Block { fills, lacking, .. } = block;
        let mut moved = !fills.is_empty();
        if silent || moved || !lacking.is_empty() {
            let mut bodies = self.tell(&marks);
            bodies.extend(fills);
            let events = ledger.send_all(at, self.names.venue, bodies)?;
            self.tally.batches += u64::from(moved);
            self.follow(&events)?;
        }
        for index in lacking {
            moved |= self.close_against(index, &marks, ledger)?;
        }
        working.retain(|index| !ended.contains(index));
        if let Some(hosted) = &mut self.hosted {
            hosted.working = working;
        }
        for index in ended {
            self.release(index)?;
        }
        self.ask()?;
        Ok(moved)
    }

    /// Lets an account go that is above maintenance again, or has no position left.
    fn release(&mut self, index: usize) -> Result<(), RiskError> {
        let Some(trader) = self.traders.get_mut(index) else { return Ok(()) };
        if trader.positions.is_empty() {
            trader.status = Status::Closed;
            self.tally.returned(trader.cash);
            return Ok(());
        }
        trader.status = Status::Open;
        let marks = self.marks();
        self.arm_one(index, &marks)
    }

    /// Plans the next fill of an account; whether there is still something to do.
    fn plan(
        &mut self,
        index: usize,
        marks: &[Price],
        block: &mut Block,
        ledger: &mut impl Ledger,
    ) -> Result<bool, RiskError> {
        let Some((account, markets)) = self.account(index, marks) else { return Ok(false) };
        let standing = account.standing()?;
        let Some(market) = markets.first().copied().filter(|_| standing.is_liquidatable()) else {
            return Ok(false);
        };
        let Some(part) = self.part(&account, market)? else { return Ok(true) };
        if self.paid_for(&part, block, ledger)? {
            let fill = self.fill_order(index, &part)?;
            block.fills.push(fill);
        } else if standing.equity.is_negative() {
            block.lacking.push(index);
        }
        Ok(true)
    }

    /// The part of an account's first position that may be closed now, at the price that it would get.
    fn part(&self, account: &Account<'_>, market: usize) -> Result<Option<Part>, RiskError> {
        let position = account.position(0)?;
        let (Some(hosted), Some(at)) = (&self.hosted, self.markets.get(market)) else {
            return Ok(None);
        };
        let rules = hosted.rules.get(market).copied().ok_or(MathError::Overflow)?;
        let whole = position.notional()?.size();
        let most = rules.steps.bounds(whole)?.max.min(hosted.notional_max);
        let base = if whole <= most {
            position.size.size().get()
        } else {
            mul_div_floor(most.get(), VALUE_SCALE, position.mark.get())?
        };
        let sells = !position.size.is_negative();
        let delta = if sells {
            -i128::try_from(base).map_err(|_| MathError::Overflow)?
        } else {
            i128::try_from(base).map_err(|_| MathError::Overflow)?
        };
        if delta == 0 {
            return Ok(None);
        }
        let quote = to_float(size(delta, at.oracle)?) / self.quote_atoms;
        let quote = if sells { -quote } else { quote };
        let price = at.impact.price(at.oracle, quote, &self.params);
        let delta = Signed::new(delta);
        let value = notional(Signed::new(delta.get().abs()), BASE_DECIMALS, price)?.get();
        let fill = Signed::new(if sells { value } else { -value });
        let settled = fund_delta(fill, bankruptcy::quote(account, 0, delta)?, rules.max_fee)?;
        Ok(Some(Part { market, delta, quote, price, lack: settled.fund.negative() }))
    }

    /// Whether a fill lacks nothing, or funds pay all that it lacks and all that this block lacked before.
    fn paid_for(
        &self,
        part: &Part,
        block: &mut Block,
        ledger: &mut impl Ledger,
    ) -> Result<bool, RiskError> {
        if part.lack.is_zero() {
            return Ok(true);
        }
        let most = self.hosted.as_ref().map_or(Amount::ZERO, |hosted| hosted.insurance_max);
        let market = self.markets.get(part.market).ok_or(MathError::Overflow)?.id;
        let found = match block.layers.entry(part.market) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => {
                let now = self.now;
                let layers = ledger.read(|state| layers(state, market, now))?;
                place.insert(layers.ok_or(RiskError::Answer("layers of the market"))?)
            }
        };
        let drawn = block.drawn.saturating_add(part.lack);
        let (capacities, funds): (Vec<Capacity>, Vec<bool>) = found.iter().copied().unzip();
        let draws = allocate(drawn, &capacities).draws;
        let paid = draws.iter().zip(funds).filter(|(_, fund)| *fund);
        let paid = paid.fold(Amount::ZERO, |sum, (draw, _)| sum.saturating_add(*draw));
        let pays = part.lack <= most && paid >= drawn;
        if pays {
            block.drawn = drawn;
        }
        Ok(pays)
    }

    /// The fill as a command; it moves the mark.
    fn fill_order(&mut self, index: usize, part: &Part) -> Result<Body, RiskError> {
        let (now, counterparty) = (self.now, self.maker.label);
        let account = self.traders.get(index).ok_or(MathError::Overflow)?.label;
        let market = self.markets.get_mut(part.market).ok_or(MathError::Overflow)?;
        let (oracle, mark) = (market.oracle, market.mark);
        market.impact.fill(now, oracle, part.quote, &self.params);
        market.mark = market.impact.mark(oracle);
        self.odometer.advance(travelled(mark, market.mark)?);
        let fill = FillLiquidation {
            market: market.label,
            account,
            counterparty,
            size: Base::new(part.delta.size().get()),
            price: part.price,
        };
        self.begin(index);
        Ok(fill.into())
    }

    /// Counts an account among those that were liquidated.
    pub(super) fn begin(&mut self, index: usize) {
        if let Some(hosted) = &mut self.hosted {
            hosted.begun.insert(index);
            self.tally.liquidations = u64::try_from(hosted.begun.len()).unwrap_or(u64::MAX);
        }
    }
}

/// What the layers of a market could pay now, and whether each is a fund's.
fn layers(state: &State, id: MarketId, now: Timestamp) -> Option<Vec<(Capacity, bool)>> {
    let market = state.markets.get(id)?;
    let capacities = capacities(state, id, market, Cause::Bankruptcy, now).ok()?;
    let funds = state.layers_of(market).map(|(_, layer)| layer.source.is_funded());
    Some(capacities.into_iter().zip(funds).collect())
}
