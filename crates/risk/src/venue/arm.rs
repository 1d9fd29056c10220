//! Which accounts to ask: each is armed with how far the marks may move before it can fall, so a step
//! looks only at those it reaches.

use super::{Status, Trader, Venue};
use crate::{
    error::RiskError,
    margin::{Position, reach, standing, way},
};
use backstop_core::{liquidation::margin::Standing, policy::PositionSide};
use backstop_units::Price;
use std::{cmp::Reverse, collections::BinaryHeap};

/// An account, and how often it has been armed: what an older arming left behind asks nobody.
type Armed = (usize, u32);

/// Triggers of the accounts with one position: the next long on top of one heap, the next short on
/// top of the other. Ties go to the lower account.
#[derive(Clone, Debug, Default)]
pub(super) struct Triggers {
    longs: BinaryHeap<(Price, Reverse<Armed>)>,
    shorts: BinaryHeap<Reverse<(Price, Armed)>>,
}

impl Triggers {
    fn push(&mut self, side: PositionSide, at: Price, armed: Armed) {
        match side {
            PositionSide::Long => self.longs.push((at, Reverse(armed))),
            PositionSide::Short => self.shorts.push(Reverse((at, armed))),
        }
    }

    /// The next account whose trigger the mark has reached.
    fn pop(&mut self, mark: Price) -> Option<Armed> {
        if self.longs.peek().is_some_and(|(at, _)| *at >= mark) {
            return self.longs.pop().map(|(_, Reverse(armed))| armed);
        }
        if self.shorts.peek().is_some_and(|Reverse((at, _))| *at <= mark) {
            return self.shorts.pop().map(|Reverse((_, armed))| armed);
        }
        None
    }

    fn clear(&mut self) {
        self.longs.clear();
        self.shorts.clear();
    }
}

/// How far the marks of all markets have gone, and at which reading which account with several
/// positions is asked again: no single price tells when it falls.
#[derive(Clone, Debug, Default)]
pub(super) struct Odometer {
    gone: u128,
    waiting: BinaryHeap<Reverse<(u128, Armed)>>,
}

impl Odometer {
    pub(super) fn advance(&mut self, way: u128) {
        self.gone = self.gone.saturating_add(way);
    }

    fn push(&mut self, way: u128, armed: Armed) {
        self.waiting.push(Reverse((self.gone.saturating_add(way), armed)));
    }

    fn pop(&mut self) -> Option<Armed> {
        let due = self.waiting.peek().is_some_and(|Reverse((at, _))| *at <= self.gone);
        due.then(|| self.waiting.pop()).flatten().map(|Reverse((_, armed))| armed)
    }
}

impl Venue {
    /// Forgets whom to ask when; everybody open has to be armed again.
    pub(super) fn disarm(&mut self) {
        for market in &mut self.markets {
            market.triggers.clear();
        }
        self.odometer.waiting.clear();
    }

    /// Arms every open account anew, after their cash has changed.
    pub(super) fn arm(&mut self) -> Result<(), RiskError> {
        self.disarm();
        let marks = self.marks();
        for index in 0..self.traders.len() {
            if self.traders.get(index).is_some_and(|trader| trader.status == Status::Open) {
                self.arm_one(index, &marks)?;
            }
        }
        Ok(())
    }

    /// Arms one open account at the marks; below maintenance it is asked at once.
    pub(super) fn arm_one(&mut self, index: usize, marks: &[Price]) -> Result<(), RiskError> {
        if let Some(standing) = self.standing(index, marks)? {
            self.arm_at(index, &standing, marks)?;
        }
        Ok(())
    }

    /// Arms one open account that stands so at the marks.
    pub(super) fn arm_at(
        &mut self,
        index: usize,
        standing: &Standing,
        marks: &[Price],
    ) -> Result<(), RiskError> {
        let Some(trader) = self.traders.get_mut(index) else { return Ok(()) };
        trader.armed = trader.armed.wrapping_add(1);
        let armed = (index, trader.armed);
        let maintenance = self.params.maintenance;
        match *trader.positions.as_slice() {
            [] => {}
            [position] => {
                let Position { market, base } = position;
                let Some(market) = self.markets.get_mut(market) else { return Ok(()) };
                // A tick farther at least: nobody is asked twice at one mark.
                let reach = reach(standing, base, maintenance)?.max(Price::new(1));
                let side = position.side();
                let at = match side {
                    PositionSide::Long => market.mark.saturating_sub(reach),
                    PositionSide::Short => market.mark.saturating_add(reach),
                };
                let at = if standing.is_liquidatable() { market.mark } else { at };
                market.triggers.push(side, at, armed);
            }
            _ => {
                // A part farther at least: nobody is asked twice at one reading.
                let way = way(standing, &trader.positions, marks, maintenance)?.max(1);
                self.odometer.push(if standing.is_liquidatable() { 0 } else { way }, armed);
            }
        }
        Ok(())
    }

    /// What an account is worth and needs at the marks.
    pub(super) fn standing(
        &self,
        index: usize,
        marks: &[Price],
    ) -> Result<Option<Standing>, RiskError> {
        let Some(trader) = self.traders.get(index) else { return Ok(None) };
        let maintenance = self.params.maintenance;
        Ok(Some(standing(trader.cash, &trader.positions, marks, maintenance)?))
    }

    /// Queues every account that the marks have brought below maintenance.
    pub(super) fn ask(&mut self) -> Result<(), RiskError> {
        let marks = self.marks();
        for (at, mark) in marks.iter().enumerate() {
            while let Some(armed) =
                self.markets.get_mut(at).and_then(|market| market.triggers.pop(*mark))
            {
                self.ask_one(armed, &marks)?;
            }
        }
        while let Some(armed) = self.odometer.pop() {
            self.ask_one(armed, &marks)?;
        }
        Ok(())
    }

    /// Queues an account, or arms it anew: it was asked early.
    fn ask_one(&mut self, (index, armed): Armed, marks: &[Price]) -> Result<(), RiskError> {
        let stands = |trader: &Trader| trader.status == Status::Open && trader.armed == armed;
        if !self.traders.get(index).is_some_and(stands) {
            return Ok(());
        }
        let Some(standing) = self.standing(index, marks)? else { return Ok(()) };
        if !standing.is_liquidatable() {
            return self.arm_at(index, &standing, marks);
        }
        if let Some(trader) = self.traders.get_mut(index) {
            trader.status = Status::Queued;
            self.queue.push_back((self.now.plus(self.params.latency), index));
        }
        Ok(())
    }
}
