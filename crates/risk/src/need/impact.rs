//! What it costs to trade in a hurry, and how far that moves the mark.
//!
//! ```text
//!                 fill, on average, from the mark            mark afterwards
//!   linear        half spread + ½ · Q ÷ (100 · depth)        Q ÷ (100 · depth)
//!   square root   half spread + Y · σ · √(Q ÷ volume)        the same without the spread
//! ```
//!
//! `Q` is quote traded one way in a step, `depth` the quote that moves the mark by a percent, `σ` the standard
//! deviation of a day, `volume` the quote traded in a day. Depth thins as the price leaves its extreme of the path,
//! and volume with it.
//!
//! **Source** linear: the reference venue's book (`crate::impact`); square root: Almgren, Thum, Hauptmann and Li
//! 2005, Tóth et al. 2011, with `Y` about one.

use crate::impact::remaining;

/// How the cost of a trade grows with its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// In proportion to it, by depth per percent.
    Linear,
    /// With its square root, by the volume of a day.
    SquareRoot {
        /// `Y`: about one.
        factor: f64,
    },
}

/// What a market can bear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Liquidity {
    /// Quote that moves the mark by one percent in calm times; infinite: nothing moves it.
    pub depth_per_percent: f64,
    /// Quote traded in a day; infinite: nothing moves the mark.
    pub volume: f64,
    /// Standard deviation of a day's return, as a fraction.
    pub sigma: f64,
    /// Half of the distance of best bid and offer, as a fraction of the mark.
    pub half_spread: f64,
}

/// How depth thins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thinning {
    /// Move from the extreme of the path at which depth is at its floor; between none and this it thins linearly.
    pub full_move: f64,
    /// Part of the calm depth that is then left.
    pub floor: f64,
}

impl Thinning {
    /// Part of calm depth that is left after a move of this size.
    pub fn left(&self, moved: f64) -> f64 {
        remaining(moved, self.full_move, self.floor)
    }
}

/// What trading an amount does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impact {
    /// Average distance of the fill from the mark before, as a fraction of it.
    pub slip: f64,
    /// How far the mark is off afterwards, as a fraction.
    pub moved: f64,
}

impl Liquidity {
    /// What trading `quote` one way does while `left` of the calm depth is there. No more than `band` either way.
    pub fn impact(&self, curve: Curve, quote: f64, (left, band): (f64, f64)) -> Impact {
        if quote <= 0.0 {
            return Impact { slip: self.half_spread, moved: 0.0 };
        }
        match curve {
            Curve::Linear => {
                let moved = (quote / (100.0 * self.depth_per_percent * left)).min(band);
                Impact { slip: self.half_spread + 0.5 * moved, moved }
            }
            Curve::SquareRoot { factor } => {
                let part = quote / (self.volume * left);
                let moved = (factor * self.sigma * part.sqrt()).min(band);
                Impact { slip: self.half_spread + moved, moved }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Liquidity = Liquidity {
        depth_per_percent: 1_000_000.0,
        volume: 400_000_000.0,
        sigma: 0.04,
        half_spread: 0.0005,
    };

    #[test]
    fn both_curves_by_hand() {
        // Half a percent's depth moves the mark by half a percent; the fill is half way.
        let linear = CALM.impact(Curve::Linear, 500_000.0, (1.0, 0.5));
        assert!((linear.moved - 0.005).abs() < 1e-15 && (linear.slip - 0.003).abs() < 1e-15);
        // A quarter of a percent of the day: 4 % · √0.0025 = 0.2 %.
        let root = CALM.impact(Curve::SquareRoot { factor: 1.0 }, 1_000_000.0, (1.0, 0.5));
        assert!((root.moved - 0.002).abs() < 1e-15 && (root.slip - 0.0025).abs() < 1e-15);
        // With a tenth of the depth, ten times as far; never past the band.
        let thin = CALM.impact(Curve::Linear, 500_000.0, (0.1, 0.5));
        assert!((thin.moved - 0.05).abs() < 1e-15);
        let most = CALM.impact(Curve::Linear, 1e12, (0.1, 0.5));
        assert!((most.moved - 0.5).abs() < 1e-15 && (most.slip - 0.2505).abs() < 1e-15);
        let none = CALM.impact(Curve::Linear, 0.0, (0.1, 0.5));
        assert_eq!((none.slip.to_bits(), none.moved.to_bits()), (0.0005f64.to_bits(), 0));
        let deep = Liquidity { depth_per_percent: f64::INFINITY, ..CALM };
        assert!(deep.impact(Curve::Linear, 1e12, (0.1, 0.5)).moved.abs() < 1e-300);
    }

    #[test]
    fn depth_thins_to_its_floor() {
        let thinning = Thinning { full_move: 0.14, floor: 0.1 };
        for (moved, want) in [(0.0, 1.0), (0.07, 0.55), (0.14, 0.1), (0.9, 0.1), (-0.1, 1.0)] {
            assert!((thinning.left(moved) - want).abs() < 1e-12, "{moved}");
        }
    }
}
