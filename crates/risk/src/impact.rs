//! How the venue's mark leaves the oracle: fills push it, depth holds it, time brings it back.
//!
//! The distance is a fraction of the oracle, called basis. A forced sale of `q` moves it by
//! `−q ÷ (100 × depth per percent)`; the depth thins as the oracle falls from its 24-hour high; the
//! basis halves with each half-life and never leaves the band. With infinite depth it stays zero.

use crate::{
    float::{ms_to_float, scaled, to_float},
    params::VenueParams,
};
use backstop_units::{Price, Span, Timestamp};
use std::collections::VecDeque;

/// The impact state of one market.
#[derive(Clone, Debug)]
pub(crate) struct Impact {
    basis: f64,
    depth: f64,
    highs: VecDeque<(Timestamp, Price)>,
    worst: (f64, Timestamp),
}

/// Part of the calm depth that is left after a move of this size: it thins linearly to `floor` at `full_move`.
pub(crate) fn remaining(moved: f64, full_move: f64, floor: f64) -> f64 {
    let thinned = (moved / full_move).clamp(0.0, 1.0);
    1.0 - thinned * (1.0 - floor)
}

/// The window of the high from which a drawdown is measured.
const HIGH_WINDOW: Span = Span::days(1);

impl Impact {
    pub(crate) fn new(params: &VenueParams) -> Self {
        Self {
            basis: 0.0,
            depth: params.depth_per_percent,
            highs: VecDeque::new(),
            worst: (0.0, Timestamp::ZERO),
        }
    }

    /// Lets impact decay over a step and sets the depth for the oracle's new price.
    pub(crate) fn advance(
        &mut self,
        at: Timestamp,
        elapsed: Span,
        oracle: Price,
        params: &VenueParams,
    ) {
        let half_life = ms_to_float(params.impact_half_life.ms());
        self.basis = if half_life > 0.0 {
            self.basis * libm::exp2(-ms_to_float(elapsed.ms()) / half_life)
        } else {
            0.0
        };
        // Highs in falling order: the first is the window's.
        while self.highs.back().is_some_and(|(_, high)| *high <= oracle) {
            self.highs.pop_back();
        }
        self.highs.push_back((at, oracle));
        while self.highs.front().is_some_and(|(then, _)| at.since(*then) > HIGH_WINDOW) {
            self.highs.pop_front();
        }
        let high = self.highs.front().map_or(oracle, |(_, high)| *high);
        let drawdown = 1.0 - to_float(oracle.get()) / to_float(high.get());
        let left = remaining(drawdown, params.thinning_drawdown, params.depth_floor);
        self.depth = params.depth_per_percent * left;
    }

    /// The venue's mark: oracle × (1 + basis).
    pub(crate) fn mark(&self, oracle: Price) -> Price {
        scaled(oracle, 1.0 + self.basis)
    }

    /// The average price at which a forced order of `quote` whole quote units would be filled, positive
    /// when it buys: half way through the move it makes. Nothing moves yet.
    pub(crate) fn price(&self, oracle: Price, quote: f64, params: &VenueParams) -> Price {
        scaled(oracle, 1.0 + f64::midpoint(self.basis, self.moved(quote, params)))
    }

    /// Where an order takes the basis.
    fn moved(&self, quote: f64, params: &VenueParams) -> f64 {
        (self.basis + quote / (100.0 * self.depth)).clamp(-params.band, params.band)
    }

    /// Fills an order at that price.
    pub(crate) fn fill(
        &mut self,
        at: Timestamp,
        oracle: Price,
        quote: f64,
        params: &VenueParams,
    ) -> Price {
        let price = self.price(oracle, quote, params);
        self.basis = self.moved(quote, params);
        if self.basis.abs() > self.worst.0.abs() {
            self.worst = (self.basis, at);
        }
        price
    }

    /// What can be sold, in whole quote units, over a stretch of time before the basis lies `limit` under the oracle:
    /// the room that there is, and what decay brings back while it is kept there.
    pub(crate) fn room(&self, limit: f64, over: Span, params: &VenueParams) -> f64 {
        let lives = ms_to_float(over.ms()) / ms_to_float(params.impact_half_life.ms().max(1));
        let back = limit * core::f64::consts::LN_2 * lives;
        100.0 * self.depth * ((limit + self.basis).max(0.0) + back)
    }

    /// Sells so much of that room: the basis never goes below the limit, since time brings back what is sold later.
    pub(crate) fn sell(&mut self, quote: f64, limit: f64) {
        self.basis = (self.basis - quote / (100.0 * self.depth)).max(-limit);
    }

    /// The largest distance between mark and oracle so far, and when it was reached.
    pub(crate) const fn worst(&self) -> (f64, Timestamp) {
        self.worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::PRICE_SCALE;

    const fn usd(price: u128) -> Price {
        Price::new(price * 1_000_000 * PRICE_SCALE)
    }

    fn at(second: u64) -> Timestamp {
        Timestamp::from_ms(second * 1_000)
    }

    #[test]
    fn fills_push_time_returns_and_the_band_holds() {
        let params = VenueParams::DEMO;
        let mut impact = Impact::new(&params);
        impact.advance(at(0), Span::ZERO, usd(200), &params);
        // One percent of calm depth: the average fill is half a percent below.
        assert_eq!(impact.fill(at(0), usd(200), -5_400_000.0, &params), usd(199));
        assert_eq!(impact.mark(usd(200)), usd(198));
        impact.advance(at(324), Span::from_ms(324_000), usd(200), &params);
        assert_eq!(impact.mark(usd(200)), usd(199));
        impact.fill(at(324), usd(200), -1e12, &params);
        assert_eq!(impact.mark(usd(200)), usd(180));
        assert!((impact.worst().0 + 0.10).abs() < 1e-12);
    }

    #[test]
    fn depth_thins_with_the_drawdown_and_recovers_with_the_window() {
        let params = VenueParams::DEMO;
        let mut impact = Impact::new(&params);
        impact.advance(at(0), Span::ZERO, usd(200), &params);
        impact.advance(at(1), Span::ZERO, usd(100), &params);
        assert!((impact.depth - 540_000.0).abs() < 1e-6);
        impact.advance(at(2), Span::ZERO, usd(186), &params);
        assert!((impact.depth - 2_970_000.0).abs() < 1.0, "{}", impact.depth);
        impact.advance(at(90_000), Span::ZERO, usd(100), &params);
        assert!((impact.depth - 5_400_000.0).abs() < 1e-6);
    }

    #[test]
    fn room_comes_back_while_it_is_sold() {
        let params = VenueParams::DEMO;
        let mut impact = Impact::new(&params);
        let room = |impact: &Impact, seconds: u64| {
            impact.room(0.05, Span::from_ms(seconds * 1_000), &params) / 540_000_000.0
        };
        // At once as far as the limit; in a half-life ln 2 of that more.
        assert!((room(&impact, 0) - 0.05).abs() < 1e-12);
        assert!((room(&impact, 324) - 0.05 * 1.693_147_180_56).abs() < 1e-12);
        impact.sell(540_000_000.0 * 0.02, 0.05);
        assert!((room(&impact, 0) - 0.03).abs() < 1e-12);
        impact.sell(540_000_000.0, 0.05);
        assert!(room(&impact, 0).abs() < 1e-12);
    }

    #[test]
    fn infinite_depth_has_no_impact() {
        let params = VenueParams { depth_per_percent: f64::INFINITY, ..VenueParams::DEMO };
        let mut impact = Impact::new(&params);
        impact.advance(at(0), Span::ZERO, usd(200), &params);
        impact.advance(at(1), Span::ZERO, usd(100), &params);
        assert_eq!(impact.fill(at(1), usd(100), -1e12, &params), usd(100));
        assert_eq!(impact.mark(usd(100)), usd(100));
    }
}
