//! Closing accounts: the fill, what it does to the mark, the fee, and what is left.

use super::{Status, Venue};
use crate::{
    error::RiskError,
    evidence::EvidenceRow,
    float::to_float,
    margin::{Position, notional, signed},
};
use backstop_units::{Amount, Base, Bps, Label, MathError, Price, Signed, mul_div_floor};

/// One account that this step has closed.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) account: Label,
    /// The market of its largest position: where it is settled.
    pub(super) market: usize,
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
    /// Closes every queued account whose latency is over and that is still below maintenance; lets
    /// the others go. Returns whether anybody was closed.
    pub(super) fn close_due(&mut self, closed: &mut Vec<Closed>) -> Result<bool, RiskError> {
        let before = closed.len();
        while let Some((due, index)) = self.queue.front().copied() {
            if due > self.now {
                break;
            }
            self.queue.pop_front();
            if self.below(index, &self.marks())? {
                closed.push(self.close(index)?);
            } else {
                if let Some(trader) = self.traders.get_mut(index) {
                    trader.status = Status::Open;
                }
                self.arm_one(index)?;
            }
        }
        Ok(closed.len() > before)
    }

    /// Sells or buys back all positions of an account, in the order of its markets.
    fn close(&mut self, index: usize) -> Result<Closed, RiskError> {
        let trader = self.traders.get(index).ok_or(MathError::Overflow)?;
        let (account, positions) = (trader.label, trader.positions.clone());
        let mut closed = Closed {
            account,
            market: 0,
            outcome: 0,
            notional: 0,
            mark: Price::ZERO,
            touched: Vec::with_capacity(positions.len()),
            rows: Vec::with_capacity(positions.len()),
        };
        let mut largest = 0;
        for position in positions {
            let row = self.fill(index, account, position)?;
            let size = notional(position.base, row.mark)?;
            closed.notional += size;
            if size >= largest {
                (largest, closed.market, closed.mark) = (size, position.market, row.mark);
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
        if let Some(market) = self.markets.get_mut(closed.market) {
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
        let quote = to_float(notional(position.base, market.oracle)?) / self.quote_atoms;
        // A long is closed by selling.
        let quote = if position.base > 0 { -quote } else { quote };
        let (oracle, mark) = (market.oracle, market.mark);
        let fill = market.impact.fill(self.now, oracle, quote, &self.params);
        market.mark = market.impact.mark(oracle);
        let row = EvidenceRow {
            at: self.now,
            market: market.label,
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

    /// The fee pool's part of the fee on a liquidation's fills. **Rounding** down.
    fn fill_fee(&self, closed: &Closed) -> Result<i128, MathError> {
        signed(self.pool_fee(closed.notional)?)
    }

    /// The fee pool's part of the trading fee on a notional, in quote atoms. **Rounding** down.
    pub(super) fn pool_fee(&self, notional: u128) -> Result<u128, MathError> {
        let rate = u128::from(self.params.taker_fee.get());
        let part = u128::from(self.params.fee_pool_part.get());
        let whole = u128::from(Bps::WHOLE.get());
        mul_div_floor(notional, rate * part, whole * whole)
    }

    /// Charges the trading fees of a stretch of time to all open positions, as far as they have
    /// equity, and keeps them for the fee pools. Arms everybody anew.
    pub(super) fn charge_fees(&mut self, elapsed_ms: u64) -> Result<(), RiskError> {
        let turnover = u128::from(self.params.daily_turnover.get());
        let day = 10_000 * 86_400_000;
        let marks = self.marks();
        for index in 0..self.traders.len() {
            let Some(trader) = self.traders.get(index) else { continue };
            for position in trader.positions.clone() {
                let mark = marks.get(position.market).copied().unwrap_or_default();
                let size = notional(position.base, mark)?;
                let traded = mul_div_floor(size, turnover * u128::from(elapsed_ms), day)?;
                let fee = signed(self.pool_fee(traded)?)?;
                self.charge(index, position.market, fee, &marks)?;
            }
        }
        self.arm()
    }

    fn charge(
        &mut self,
        index: usize,
        market: usize,
        fee: i128,
        marks: &[Price],
    ) -> Result<(), RiskError> {
        let Some(trader) = self.traders.get_mut(index) else { return Ok(()) };
        let maintenance = self.params.maintenance;
        let (equity, _) =
            crate::margin::standing(trader.cash, &trader.positions, marks, maintenance)?;
        let fee = fee.min(equity.max(0));
        trader.cash -= fee;
        if let Some(market) = self.markets.get_mut(market) {
            market.fees += fee.unsigned_abs();
        }
        Ok(())
    }

    /// Fees waiting for one market's pool, taken out.
    pub(super) fn take_fees(&mut self, market: usize) -> Amount {
        let fees = self.markets.get_mut(market).map(|market| std::mem::take(&mut market.fees));
        Amount::new(fees.unwrap_or(0))
    }
}
