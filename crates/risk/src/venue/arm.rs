//! Which accounts to ask: triggers ordered by price, so a step looks only at those it reaches.

use super::{Status, Venue};
use crate::{
    error::RiskError,
    margin::{Position, standing, trigger},
    path::Side,
};
use backstop_units::Price;
use std::{cmp::Reverse, collections::BinaryHeap};

/// Triggers of the accounts with one position: the next long on top of one heap, the next short on
/// top of the other. Ties go to the lower account.
#[derive(Clone, Debug, Default)]
pub(super) struct Triggers {
    longs: BinaryHeap<(Price, Reverse<usize>)>,
    shorts: BinaryHeap<Reverse<(Price, usize)>>,
}

impl Triggers {
    fn push(&mut self, side: Side, at: Price, index: usize) {
        match side {
            Side::Long => self.longs.push((at, Reverse(index))),
            Side::Short => self.shorts.push(Reverse((at, index))),
        }
    }

    /// The next account whose trigger the mark has reached.
    fn pop(&mut self, mark: Price) -> Option<usize> {
        if self.longs.peek().is_some_and(|(at, _)| *at >= mark) {
            return self.longs.pop().map(|(_, Reverse(index))| index);
        }
        if self.shorts.peek().is_some_and(|Reverse((at, _))| *at <= mark) {
            return self.shorts.pop().map(|Reverse((_, index))| index);
        }
        None
    }

    fn clear(&mut self) {
        self.longs.clear();
        self.shorts.clear();
    }
}

impl Venue {
    /// Arms every open account with one position anew, after their cash has changed.
    pub(super) fn arm(&mut self) -> Result<(), RiskError> {
        for market in &mut self.markets {
            market.triggers.clear();
        }
        for index in 0..self.traders.len() {
            self.arm_one(index)?;
        }
        Ok(())
    }

    /// Arms one open account. Accounts with several positions are scanned instead.
    pub(super) fn arm_one(&mut self, index: usize) -> Result<(), RiskError> {
        let Some(trader) = self.traders.get(index) else { return Ok(()) };
        let (Status::Open, [position]) = (trader.status, trader.positions.as_slice()) else {
            return Ok(());
        };
        let at = trigger(trader.cash, position.base, self.params.maintenance)?;
        if let (Some(at), Some(market)) = (at, self.markets.get_mut(position.market)) {
            market.triggers.push(position.side(), at, index);
        }
        Ok(())
    }

    /// Whether an account's equity is below its maintenance margin at the marks.
    pub(super) fn below(&self, index: usize, marks: &[Price]) -> Result<bool, RiskError> {
        let Some(trader) = self.traders.get(index) else { return Ok(false) };
        let maintenance = self.params.maintenance;
        let (equity, needed) = standing(trader.cash, &trader.positions, marks, maintenance)?;
        Ok(equity < needed)
    }

    /// Queues every account that the marks have brought below maintenance.
    pub(super) fn ask(&mut self) -> Result<(), RiskError> {
        let marks = self.marks();
        for at in 0..self.markets.len() {
            let Some(mark) = marks.get(at).copied() else { continue };
            while let Some(index) =
                self.markets.get_mut(at).and_then(|market| market.triggers.pop(mark))
            {
                if self.below(index, &marks)? {
                    self.enqueue(index);
                } else {
                    self.rearm_beyond(index, mark);
                }
            }
        }
        for at in 0..self.crossed.len() {
            let Some(index) = self.crossed.get(at).copied() else { continue };
            let open = self.traders.get(index).is_some_and(|t| t.status == Status::Open);
            if open && self.below(index, &marks)? {
                self.enqueue(index);
            }
        }
        Ok(())
    }

    fn enqueue(&mut self, index: usize) {
        if let Some(trader) = self.traders.get_mut(index) {
            trader.status = Status::Queued;
            self.queue.push_back((self.now.plus(self.params.latency), index));
        }
    }

    /// A trigger errs toward asking early; this one was asked at `mark` and is asked next beyond it.
    fn rearm_beyond(&mut self, index: usize, mark: Price) {
        let Some(trader) = self.traders.get(index) else { return };
        let Some(Position { market, base }) = trader.positions.first().copied() else { return };
        let Some(market) = self.markets.get_mut(market) else { return };
        let one = Price::new(1);
        if base < 0 {
            market.triggers.push(Side::Short, mark.saturating_add(one), index);
        } else {
            market.triggers.push(Side::Long, mark.saturating_sub(one), index);
        }
    }
}
