//! The gap between margin call and close: when an account falls, when it is closed, and at what price.
//!
//! ```text
//!        start                     a step: a part of its move comes at once, the rest in a straight line
//!          │ jump share
//!          │╲
//!              ╲  ✕ excess = 0 at θ, in closed form
//!               ╲    ← latency →  ● closed here, less slip
//!                ╲
//!                 end
//! ```
//!
//! Excess is concave along a leg (maintenance rises with the notional and by brackets never less), so an account that
//! is sound at both ends of a leg is sound on it, and the root is found from its sound end without overshooting it.
//! **Source** research on gap risk: at take-over with margin `m` left, the fund is short a put struck at `1 − m` over
//! the latency; see [`expected_deficit`].

use super::exposure::Exposure;
use crate::stats::special::normal_cdf;

/// How a venue closes accounts that have fallen below maintenance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closing {
    /// From the mark at which an account falls to its close, in seconds, in calm times.
    pub latency: f64,
    /// Latency of a full crash ÷ that of calm times; between them it rises with the average move of open interest.
    pub crash_latency: f64,
    /// Part of a step's move that comes at once, at its beginning: 0 to 1.
    pub jump_share: f64,
    /// Seconds in which a fund that takes accounts over works them off; zero: they are closed at once.
    pub unwind: f64,
    /// Part of what is left of a closed account that goes to the fund: 0 to 1.
    pub surplus_share: f64,
}

/// The prices of one step, each divided by the price of now.
#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    /// Where it begins.
    pub(super) start: Vec<f64>,
    /// Where it would end without this step's forced trades.
    pub(super) plain: Vec<f64>,
    /// Where it ends with them.
    pub(super) end: Vec<f64>,
    /// Part of the move that comes at once.
    jump_share: f64,
}

impl Leg {
    pub(super) fn new(markets: usize, jump_share: f64) -> Self {
        let ones = vec![1.0; markets];
        Self { start: ones.clone(), plain: ones.clone(), end: ones, jump_share }
    }

    /// Back to where a scenario begins.
    pub(super) fn reset(&mut self) {
        for prices in [&mut self.start, &mut self.plain, &mut self.end] {
            prices.fill(1.0);
        }
    }

    /// Begins a step where the last one ended.
    pub(super) fn advance(&mut self, to: impl Fn(usize) -> f64) {
        for market in 0..self.start.len() {
            self.start[market] = self.end[market];
            self.plain[market] = to(market);
            self.end[market] = self.plain[market];
        }
    }

    /// Part of the step's move that is done at a part of its time.
    fn done(&self, theta: f64) -> f64 {
        self.jump_share + (1.0 - self.jump_share) * theta
    }

    /// The price that a trade meets at a part of the step, before this step's own forced trades.
    pub(super) fn plain_at(&self, market: usize, theta: f64) -> f64 {
        self.start[market] + self.done(theta) * (self.plain[market] - self.start[market])
    }

    /// The mark at a part of the step.
    pub(super) fn mark_at(&self, market: usize, theta: f64) -> f64 {
        self.start[market] + self.done(theta) * (self.end[market] - self.start[market])
    }

    /// The part of the step at which an account falls, if its excess is `after` below zero at the end.
    ///
    /// Exact where maintenance has one rate; else to the last bit or so, from the sound side.
    pub(super) fn crossing(&self, book: &Exposure, account: usize, after: f64) -> f64 {
        let excess = |theta: f64| book.excess(account, |market| self.mark_at(market, theta));
        let mut sound = excess(0.0);
        let mut theta = 0.0;
        if sound <= 0.0 {
            return 0.0;
        }
        for _ in 0..20 {
            let next = theta + (1.0 - theta) * sound / (sound - after);
            if book.flat || next <= theta {
                return next.min(1.0);
            }
            theta = next.min(1.0);
            sound = excess(theta);
            if sound <= 0.0 {
                break;
            }
        }
        theta
    }
}

/// Expected deficit of a position of notional one that is taken over with a margin of `margin` and closed `seconds`
/// later, when its price moves with a volatility of `sigma` a year: a Black put on 1, struck at `1 − margin`.
///
/// A day has 86,400 seconds, a year 365 days. This is diffusion alone: jumps and impact come on top.
pub fn expected_deficit(margin: f64, sigma: f64, seconds: f64) -> f64 {
    let strike = 1.0 - margin;
    let deviation = sigma * (seconds / (365.0 * 86_400.0)).sqrt();
    if deviation <= 0.0 || strike <= 0.0 {
        return (strike - 1.0).max(0.0);
    }
    let up = (-libm::log(strike)) / deviation + 0.5 * deviation;
    strike * normal_cdf(deviation - up) - normal_cdf(-up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diffusion_alone_says_little_at_a_minute() {
        // Research note, section 1.4: 0.5 % margin, 90 % volatility: 7e-9 at 60 s, 1.9e-4 at 600 s.
        let minute = expected_deficit(0.005, 0.9, 60.0);
        let ten = expected_deficit(0.005, 0.9, 600.0);
        assert!((6.5e-9..7.5e-9).contains(&minute), "{minute}");
        assert!((1.85e-4..1.95e-4).contains(&ten), "{ten}");
        // At the money the put is worth about 0.4 deviations.
        let deviation = 0.9 * (600.0f64 / 31_536_000.0).sqrt();
        assert!(
            (expected_deficit(0.0, 0.9, 600.0) / (0.398_942_28 * deviation) - 1.0).abs() < 1e-4
        );
        assert!(expected_deficit(0.1, 0.0, 60.0).abs() < 1e-300);
        assert!((expected_deficit(-0.1, 0.0, 60.0) - 0.1).abs() < 1e-12);
    }
}
