//! Prices of one kind of collateral, and what of it liquidators can sell.

use crate::{
    error::RiskError, float::to_float, impact::Impact, params::VenueParams, path::between,
    prices::Closes, vault::params::LendingParams,
};
use backstop_units::{Price, Span, Timestamp};

/// The market in which one kind of collateral is sold.
#[derive(Debug)]
pub(super) struct Market {
    closes: Closes,
    first: Price,
    price: Price,
    impact: Impact,
    params: VenueParams,
    /// How far liquidators push the price at most: as far as what they get on top.
    limit: f64,
}

impl Market {
    /// Stands at the first close. `limit` is what a liquidator gets on top of what he repays.
    pub(super) fn new(closes: Closes, limit: f64, params: &LendingParams) -> Self {
        let market = VenueParams {
            depth_per_percent: params.market.depth_per_percent * params.on_chain,
            ..params.market
        };
        let first = closes.first().map_or(Price::ZERO, |close| close.1);
        let impact = Impact::new(&market);
        Self { closes, first, price: first, impact, params: market, limit }
    }

    pub(super) const fn price(&self) -> Price {
        self.price
    }

    /// Goes on to a moment: in a straight line from close to close, and stays at the last one.
    pub(super) fn go(&mut self, now: Timestamp, elapsed: Span) -> Result<(), RiskError> {
        let next = self.closes.partition_point(|close| close.0 < now);
        let before = next.checked_sub(1).and_then(|at| self.closes.get(at));
        self.price = match (before, self.closes.get(next)) {
            (Some(from), Some(to)) => {
                let (passed, all) = (now.since(from.0).ms(), to.0.since(from.0).ms());
                between((from.1, to.1), passed, all)?
            }
            (Some(last), None) => last.1,
            (None, _) => self.first,
        };
        self.impact.advance(now, elapsed, self.price, &self.params);
        Ok(())
    }

    /// Coins for which there is money now, as a part of those for which there was at first: depth is counted in coins.
    fn worth(&self) -> f64 {
        to_float(self.price.get()) / to_float(self.first.get().max(1))
    }

    /// What can be sold over a step, in whole quote units, before it costs more than the bonus brings.
    pub(super) fn room(&self, over: Span) -> f64 {
        self.impact.room(self.limit, over, &self.params) * self.worth()
    }

    /// Sells so much of it.
    pub(super) fn sell(&mut self, quote: f64) {
        self.impact.sell(quote / self.worth(), self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::PRICE_SCALE;

    #[test]
    fn prices_go_straight_and_depth_is_in_coins() {
        let usd = |usd: u128| Price::new(usd * 1_000_000 * PRICE_SCALE);
        let at = |hour: u64| Timestamp::from_ms(hour * 3_600_000);
        let closes = vec![(at(24), usd(100)), (at(48), usd(52)), (at(72), usd(76))];
        let mut market = Market::new(closes, 0.05, &LendingParams::DEMO);
        // A tenth of 5.4 m for one percent, five percent of it.
        market.go(at(24), Span::ZERO).unwrap();
        assert!((market.room(Span::ZERO) - 2_700_000.0).abs() < 1e-3);
        for (hour, price) in [(23, 100), (30, 88), (48, 52), (60, 64), (72, 76), (100, 76)] {
            market.go(at(hour), Span::ZERO).unwrap();
            assert_eq!(market.price(), usd(price), "{hour}");
        }
        // A day after the last move depth is whole again, in coins: three quarters of the money.
        assert!((market.room(Span::ZERO) - 2_700_000.0 * 0.76).abs() < 1e-3);
        market.sell(2_700_000.0 * 0.76);
        assert!(market.room(Span::ZERO).abs() < 1e-3);
    }
}
