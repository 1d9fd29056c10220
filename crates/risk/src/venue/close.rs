//! Closing accounts: the fill, what it does to the mark, the fee, and what is left.

use super::{Status, Venue};
use crate::{
    error::RiskError,
    evidence::EvidenceRow,
    float::to_float,
    margin::{Position, signed, size, travelled},
};
use backstop_core::liquidation::{fee::charge, margin::Standing};
use backstop_units::{Amount, Base, Bps, Label, MathError, Price, Signed, Span, mul_div_floor};

/// One account that this step has closed.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) account: Label,
    /// Its largest position: that market settles it.
    pub(super) position: Position,
    /// What is left, or owed below zero, in quote atoms.
    pub(super) outcome: i128,
    /// All its positions at their marks, in quote atoms.
    pub(super) notional: u128,
    /// The mark of that market just before the fill.
    pub(super) mark: Price,
    /// Markets in which it had a position.
    pub(super) touched: Vec<usize>,
    pub(super) rows: Vec<EvidenceRow>,
}

impl Venue {
    /// Closes every queued account that is due. Returns whether anybody was closed.
    pub(super) fn close_due(&mut self, closed: &mut Vec<Closed>) -> Result<bool, RiskError> {
        let before = closed.len();
        while let Some(index) = self.due()? {
            closed.push(self.close(index)?);
        }
        Ok(closed.len() > before)
    }

    /// The next queued account whose latency is over and that is still below maintenance; lets the others
    /// go that were before it.
    pub(super) fn due(&mut self) -> Result<Option<usize>, RiskError> {
        while let Some((due, index)) = self.queue.front().copied() {
            if due > self.now {
                break;
            }
            self.queue.pop_front();
            let marks = self.marks();
            if self.standing(index, &marks)?.is_some_and(|standing| standing.is_liquidatable()) {
                return Ok(Some(index));
            }
            if let Some(trader) = self.traders.get_mut(index) {
                trader.status = Status::Open;
            }
            self.arm_one(index, &marks)?;
        }
        Ok(None)
    }

    /// Sells or buys back all positions of an account, in the order of its markets.
    fn close(&mut self, index: usize) -> Result<Closed, RiskError> {
        let trader = self.traders.get(index).ok_or(MathError::Overflow)?;
        let (account, positions) = (trader.label, trader.positions.clone());
        let mut closed = Closed {
            account,
            position: Position { market: 0, base: 0 },
            outcome: 0,
            notional: 0,
            mark: Price::ZERO,
            touched: Vec::with_capacity(positions.len()),
            rows: Vec::with_capacity(positions.len()),
        };
        let mut largest = 0;
        for position in positions {
            let row = self.fill(index, account, position)?;
            let notional = size(position.base, row.mark)?;
            closed.notional += notional;
            if notional >= largest {
                (largest, closed.position, closed.mark) = (notional, position, row.mark);
            }
            closed.touched.push(position.market);
            closed.rows.push(row);
        }
        let fee = self.fill_fee(&closed)?;
        let trader = self.traders.get_mut(index).ok_or(MathError::Overflow)?;
        let fee = fee.min(trader.cash.max(0));
        closed.outcome = trader.cash - fee;
        (trader.cash, trader.status) = (0, Status::Closed);
        trader.positions.clear();
        if let Some(market) = self.markets.get_mut(closed.position.market) {
            market.fees += fee.unsigned_abs();
        }
        for row in &mut closed.rows {
            row.outcome = Signed::new(closed.outcome);
        }
        Ok(closed)
    }

    fn fill(
        &mut self,
        index: usize,
        account: Label,
        position: Position,
    ) -> Result<EvidenceRow, RiskError> {
        let market = self.markets.get_mut(position.market).ok_or(MathError::Overflow)?;
        let quote = to_float(size(position.base, market.oracle)?) / self.quote_atoms;
        // A long is closed by selling.
        let quote = if position.base > 0 { -quote } else { quote };
        let (oracle, mark, label) = (market.oracle, market.mark, market.label);
        let fill = market.impact.fill(self.now, oracle, quote, &self.params);
        market.mark = market.impact.mark(oracle);
        self.odometer.advance(travelled(mark, market.mark)?);
        let row = EvidenceRow {
            at: self.now,
            market: label,
            account,
            long: position.base > 0,
            base: Base::new(position.base.unsigned_abs()),
            oracle,
            mark,
            fill,
            outcome: Signed::ZERO,
        };
        self.trade(index, Position { base: -position.base, ..position }, fill)?;
        Ok(row)
    }

    /// The fee pool's part of the fee on a liquidation's fills.
    fn fill_fee(&self, closed: &Closed) -> Result<i128, RiskError> {
        Ok(signed(self.pool_fee(closed.notional)?)?)
    }

    /// The fee pool's part of the trading fee on a notional, in quote atoms. **Rounding** down, twice.
    pub(super) fn pool_fee(&self, notional: u128) -> Result<u128, RiskError> {
        let fee = charge(Amount::new(notional), self.params.taker_fee, None)?;
        Ok(self.params.fee_pool_part.of_floor(fee)?.get())
    }

    /// Charges the trading fees of a stretch of time to all open positions, as far as they have
    /// equity, and keeps them for the fee pools. Arms everybody anew.
    pub(super) fn charge_fees(&mut self, elapsed_ms: u64) -> Result<(), RiskError> {
        let marks = self.marks();
        self.disarm();
        for index in 0..self.traders.len() {
            let Some(standing) = self.charge_one(index, elapsed_ms, &marks)? else { continue };
            if self.traders.get(index).is_some_and(|trader| trader.status == Status::Open) {
                self.arm_at(index, &standing, &marks)?;
            }
        }
        Ok(())
    }

    /// Charges one account; returns how it stands then.
    fn charge_one(
        &mut self,
        index: usize,
        elapsed_ms: u64,
        marks: &[Price],
    ) -> Result<Option<Standing>, RiskError> {
        let Some(mut standing) = self.standing(index, marks)? else { return Ok(None) };
        let turnover = u128::from(self.params.daily_turnover.get());
        let day = u128::from(Bps::WHOLE.get()) * u128::from(Span::days(1).ms());
        let mut left = standing.equity.get().max(0);
        for at in 0..self.traders.get(index).map_or(0, |trader| trader.positions.len()) {
            let trader = self.traders.get(index);
            let Some(position) = trader.and_then(|t| t.positions.get(at)).copied() else {
                continue;
            };
            let mark = marks.get(position.market).copied().unwrap_or_default();
            let held = size(position.base, mark)?;
            let traded = mul_div_floor(held, turnover * u128::from(elapsed_ms), day)?;
            let fee = signed(self.pool_fee(traded)?)?.min(left);
            left -= fee;
            standing.equity = Signed::new(standing.equity.get() - fee);
            if let Some(trader) = self.traders.get_mut(index) {
                trader.cash -= fee;
            }
            if let Some(market) = self.markets.get_mut(position.market) {
                market.fees += fee.unsigned_abs();
            }
        }
        Ok(Some(standing))
    }

    /// Fees waiting for one market's pool, taken out.
    pub(super) fn take_fees(&mut self, market: usize) -> Amount {
        let fees = self.markets.get_mut(market).map(|market| std::mem::take(&mut market.fees));
        Amount::new(fees.unwrap_or(0))
    }
}
