//! What a slice of the fund's losses costs: expected loss, probability of being touched and of being used up, price.
//!
//! ```text
//! EL[a, d] = E[(L − a)⁺] − E[(L − d)⁺] = ∫ₐᵈ P(L > x) dx
//! E[X²]    = 2 ∫ₐᵈ (x − a) P(L > x) dx                         X: what the slice loses; deviation² = E[X²] − EL²
//! price    = EL + load · standard deviation + lockup yield · (d − a)
//! ```
//!
//! Slices that lie one on the other add up to the whole. **Source** layers of reinsurance: Klugman, Panjer and Willmot,
//! "Loss Models", section 8; the load is the standard deviation principle.

use super::{
    YEAR,
    losses::{FittedTail, Losses},
};
use crate::{
    float::{count, is_positive},
    models::{ModelError, error::between, gpd::Tail},
};
use serde::Serialize;

/// A shape this near zero is the exponential's.
const EXPONENTIAL: f64 = 1e-8;
/// Thickness of a slice, in scales of the tail at its lower end, below which its second moment is taken by series.
const THIN: f64 = 1e-3;

/// A slice of losses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tranche {
    /// Its name.
    pub name: String,
    /// Losses up to here are others'.
    pub attach: f64,
    /// Losses beyond here are others'.
    pub detach: f64,
}

/// What those who take the slice ask for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// Price of one standard deviation of the slice's loss.
    pub load: f64,
    /// Yield for a year on the slice's size, since it can't be used elsewhere.
    pub lockup: f64,
}

/// What a slice is worth. Amounts are over the losses' horizon.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Priced {
    /// The slice.
    pub tranche: Tranche,
    /// Probability that it loses something.
    pub attaches: f64,
    /// Probability that it loses all: of a loss at or beyond its upper end.
    pub exhausts: f64,
    /// Expected loss.
    pub expected: f64,
    /// Expected loss by the sample alone, however it lies beside the tail's.
    pub expected_in_sample: f64,
    /// Standard deviation of its loss.
    pub deviation: f64,
    /// Expected loss, load and lockup yield.
    pub price: f64,
    /// The price for a year as a share of the slice's size.
    pub yearly_rate: f64,
}

/// Prices one slice.
///
/// # Errors
/// [`ModelError::Range`] for ends that are no slice, or terms below zero.
pub fn price(losses: &Losses, tranche: &Tranche, terms: &Terms) -> Result<Priced, ModelError> {
    let Tranche { attach, detach, .. } = *tranche;
    let least = 0.0_f64.next_down();
    between(("a slice's lower end", "at or above 0"), attach, (least, f64::INFINITY))?;
    let what = ("a slice's upper end", "above its lower end");
    between(what, detach, (attach, f64::INFINITY))?;
    between(("the load", "at or above 0"), terms.load, (least, f64::INFINITY))?;
    between(("the lockup yield", "at or above 0"), terms.lockup, (least, f64::INFINITY))?;
    let size = detach - attach;
    let expected = expected(losses, attach, detach);
    let deviation = (second_moment(losses, attach, detach) - expected * expected).max(0.0).sqrt();
    let share_of_year = losses.horizon() / YEAR;
    let price = expected + terms.load * deviation + terms.lockup * size * share_of_year;
    Ok(Priced {
        tranche: tranche.clone(),
        attaches: losses.exceeds(attach),
        exhausts: losses.reaches(detach),
        expected,
        expected_in_sample: in_sample(losses.sorted(), (attach, detach), 1),
        deviation,
        price,
        yearly_rate: price / size / share_of_year,
    })
}

/// Prices slices that lie one on the other, the one that loses first in front.
///
/// # Errors
/// As [`price`]; [`ModelError::Range`] where a slice does not begin at the end of the one before.
pub fn stack(
    losses: &Losses,
    tranches: &[Tranche],
    terms: &Terms,
) -> Result<Vec<Priced>, ModelError> {
    for pair in tranches.windows(2) {
        let gap = pair[1].attach - pair[0].detach;
        if gap.abs() > 1e-9 * pair[0].detach.abs() {
            let what = "the gap between two slices that should touch";
            return Err(ModelError::Range { what, got: gap, range: "at 0" });
        }
    }
    tranches.iter().map(|tranche| price(losses, tranche, terms)).collect()
}

/// The mean of a power of what a slice loses, over a sample in rising order.
fn in_sample(sorted: &[f64], (attach, detach): (f64, f64), power: i32) -> f64 {
    let beyond = &sorted[sorted.partition_point(|loss| *loss <= attach)..];
    let lost = beyond.iter().map(|loss| (loss.min(detach) - attach).powi(power));
    // The sum of nothing is minus zero.
    (lost.sum::<f64>() + 0.0) / count(sorted.len())
}

/// The area under the probability of exceeding between two losses. Finite for every tail, even one without a mean.
pub fn expected(losses: &Losses, attach: f64, detach: f64) -> f64 {
    let Some(FittedTail { tail, .. }) = losses.tail() else {
        return in_sample(losses.sorted(), (attach, detach), 1);
    };
    let edge = tail.threshold;
    let body = if attach < edge {
        // Below the threshold the sample's probabilities hold, which are the tail's at the threshold.
        in_sample(losses.sorted(), (attach, detach.min(edge)), 1)
    } else {
        0.0
    };
    body + if detach > edge { area(tail, attach.max(edge), detach) } else { 0.0 }
}

/// A tail seen from a loss at or above its threshold: beyond it lies a generalised Pareto distribution of the same shape.
struct Above {
    shape: f64,
    /// Probability of a loss beyond.
    chance: f64,
    /// Scale there.
    scale: f64,
    /// `−ln` of the probability, given a loss beyond, that it goes beyond the other end too; infinite where a tail ends before.
    reach: f64,
}

impl Above {
    fn new(tail: &Tail, from: f64, to: f64) -> Self {
        let (shape, low) = (tail.gpd.shape, from - tail.threshold);
        let scale = tail.gpd.scale + shape * low;
        let width = (to - from) / scale;
        let reach = if shape.abs() < EXPONENTIAL {
            width
        } else if 1.0 + shape * width > 0.0 {
            libm::log1p(shape * width) / shape
        } else {
            f64::INFINITY
        };
        Self { shape, chance: tail.exceed * tail.gpd.exceeds(low), scale, reach }
    }

    /// `∫ P(L > x) dx` between both ends. With `x = from + scale · (e^(ξs) − 1)/ξ` the probability is `e^(−s)`.
    fn area(&self) -> f64 {
        if !self.is_any() {
            return 0.0;
        }
        self.chance * self.scale * powers(self.shape - 1.0, self.reach)
    }

    /// `2 ∫ (x − from) P(L > x) dx` between both ends, in the same way.
    fn second(&self) -> f64 {
        if !self.is_any() {
            return 0.0;
        }
        let (shape, reach) = (self.shape, self.reach);
        let inner = if reach < THIN {
            reach * reach * (1.0 + (shape - 2.0 / 3.0) * reach)
        } else if shape.abs() < EXPONENTIAL {
            2.0 * (-libm::expm1(-reach) - reach * libm::exp(-reach))
        } else {
            2.0 / shape * (powers(2.0 * shape - 1.0, reach) - powers(shape - 1.0, reach))
        };
        self.chance * self.scale * self.scale * inner
    }

    /// Whether any loss lies there: a bounded tail may have ended.
    fn is_any(&self) -> bool {
        is_positive(self.chance) && is_positive(self.scale)
    }
}

/// `∫ e^(power · s) ds` from zero to an end.
fn powers(power: f64, end: f64) -> f64 {
    if power.abs() < 1e-12 { end } else { libm::expm1(power * end) / power }
}

/// The area under the tail between two losses at or above its threshold, in closed form.
fn area(tail: &Tail, from: f64, to: f64) -> f64 {
    Above::new(tail, from, to).area()
}

/// The mean square of what a slice loses; of losses in the tail in closed form, however far out the slice lies.
fn second_moment(losses: &Losses, attach: f64, detach: f64) -> f64 {
    let Some(FittedTail { tail, .. }) = losses.tail() else {
        return in_sample(losses.sorted(), (attach, detach), 2);
    };
    let (sorted, edge) = (losses.sorted(), tail.threshold);
    let body = &sorted[..sorted.partition_point(|loss| *loss <= edge)];
    let within = in_sample(body, (attach, detach), 2) * count(body.len()) / count(sorted.len());
    // A loss beyond the threshold costs the slice all that lies below it first.
    let first = (edge.min(detach) - attach).max(0.0);
    let mut beyond = tail.exceed * first * first;
    if detach > edge {
        let above = Above::new(tail, attach.max(edge), detach);
        beyond += 2.0 * first * above.area() + above.second();
    }
    within + beyond
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{float::to_count, models::gpd::Gpd, random::Random};

    const FREE: Terms = Terms { load: 0.0, lockup: 0.0 };

    fn slice(attach: f64, detach: f64) -> Tranche {
        Tranche { name: format!("{attach}"), attach, detach }
    }

    fn drawn(shape: f64) -> Losses {
        let (gpd, mut random) = (Gpd { shape, scale: 2.0 }, Random::new(12));
        let losses: Vec<f64> = (0..20_000)
            .map(|_| if random.chance(0.5) { 0.0 } else { gpd.quantile_above(random.uniform()) })
            .collect();
        Losses::new(&losses, 10.0).unwrap()
    }

    #[test]
    fn slices_add_up_to_the_whole() {
        for losses in
            [drawn(0.3), drawn(0.3).with_tail(0.1).unwrap(), drawn(-0.2).with_tail(0.1).unwrap()]
        {
            let ends = [0.0, 0.5, 2.0, 4.0, 5.5, 9.0, 30.0];
            let tranches: Vec<Tranche> =
                ends.windows(2).map(|pair| slice(pair[0], pair[1])).collect();
            let priced = stack(&losses, &tranches, &FREE).unwrap();
            let sum: f64 = priced.iter().map(|one| one.expected).sum();
            let above = losses.stop_loss(30.0).unwrap();
            assert!((sum + above - losses.mean().unwrap()).abs() < 1e-9, "{sum} {above}");
            for (one, next) in priced.iter().zip(&priced[1..]) {
                assert!(one.attaches >= one.exhausts);
                assert!((one.exhausts - next.attaches).abs() < 1e-15);
            }
            for one in &priced {
                // The formula with stop-losses, which needs a mean.
                let by_stop = losses.stop_loss(one.tranche.attach).unwrap()
                    - losses.stop_loss(one.tranche.detach).unwrap();
                assert!((one.expected - by_stop).abs() < 1e-9, "{one:?} {by_stop}");
            }
        }
    }

    #[test]
    fn a_slice_of_exponential_losses_is_the_formula() {
        let losses: Vec<f64> =
            (0..50_000).map(|at| -libm::log((f64::from(at) + 0.5) / 50_000.0)).collect();
        let losses = Losses::new(&losses, YEAR).unwrap();
        for losses in [losses.clone(), losses.with_tail(0.1).unwrap()] {
            let found =
                price(&losses, &slice(1.0, 3.0), &Terms { load: 0.2, lockup: 0.05 }).unwrap();
            let (a, d): (f64, f64) = (1.0, 3.0);
            let mean = libm::exp(-a) - libm::exp(-d);
            // E[X²] = 2 ∫ (x − a) e^(−x) dx = 2 (e^(−a) − (1 + d − a) e^(−d)).
            let second = 2.0 * (libm::exp(-a) - (1.0 + d - a) * libm::exp(-d));
            let deviation = (second - mean * mean).sqrt();
            assert!((found.expected / mean - 1.0).abs() < 2e-3, "{found:?}");
            assert!((found.deviation / deviation - 1.0).abs() < 2e-3, "{found:?}");
            let wanted = found.expected + 0.2 * found.deviation + 0.05 * 2.0;
            assert!((found.price - wanted).abs() < 1e-12);
            assert!((found.yearly_rate - wanted / 2.0).abs() < 1e-12);
            assert!((found.exhausts / libm::exp(-3.0) - 1.0).abs() < 2e-2);
        }
    }

    /// Losses whose tail is set by hand.
    fn with(tail: Tail) -> Losses {
        let share = |at: u32| tail.threshold * f64::from(at) / 20_000.0;
        let below = to_count(libm::round(20_000.0 * (1.0 - tail.exceed)));
        let mut losses: Vec<f64> = (0..20_000).take(below).map(share).collect();
        let beyond = 20_000 - below;
        let p = |at: usize| (count(at) + 0.5) / count(beyond);
        losses.extend((0..beyond).map(|at| tail.threshold + tail.gpd.quantile_above(p(at))));
        let found = Losses::new(&losses, 1.0).unwrap().with_tail(tail.exceed).unwrap();
        Losses::set_tail(found, tail)
    }

    /// The mean square by very many thin pieces.
    fn naive(losses: &Losses, attach: f64, detach: f64) -> f64 {
        let pieces = 400_000_u32;
        let width = (detach - attach) / f64::from(pieces);
        let at = |piece: u32| width * (f64::from(piece) + 0.5);
        (0..pieces).map(|piece| 2.0 * at(piece) * losses.exceeds(attach + at(piece))).sum::<f64>()
            * width
    }

    #[test]
    fn a_slice_far_out_has_its_deviation_and_its_load() {
        let heavy = Tail { gpd: Gpd { shape: 0.3, scale: 2.0 }, threshold: 5.0, exceed: 0.05 };
        let plain = Tail {
            gpd: Gpd { shape: 0.0, scale: 1.0 },
            threshold: core::f64::consts::LN_10,
            exceed: 0.1,
        };
        let terms = Terms { load: 1.0, lockup: 0.0 };
        for (tail, (attach, detach), wanted) in
            [(heavy, (100.0, 150.0), 0.076_6), (plain, (12.0, 15.0), 0.003_14)]
        {
            let found = price(&with(tail), &slice(attach, detach), &terms).unwrap();
            assert!((found.deviation / wanted - 1.0).abs() < 5e-3, "{found:?}");
            assert!((found.price - found.expected - found.deviation).abs() < 1e-15);
        }
        // Across the threshold, thin and thick, bounded, without a mean, and next to the exponential.
        for shape in [-0.4, -1e-3, 0.0, 1e-6, 0.3, 0.5, 1.0, 1.4] {
            let losses = with(Tail { gpd: Gpd { shape, scale: 2.0 }, ..heavy });
            for (attach, detach) in [(3.0, 9.0), (5.0, 8.0), (6.0, 6.001), (7.0, 60.0), (3.0, 4.0)]
            {
                let wanted = naive(&losses, attach, detach);
                let got = second_moment(&losses, attach, detach);
                // The sample's own steps are seen by pieces only so well.
                assert!((got / wanted - 1.0).abs() < 1e-4, "{shape} {attach}: {got} {wanted}");
            }
        }
    }

    #[test]
    fn a_slice_is_used_up_by_a_loss_that_just_reaches_its_end() {
        let losses = Losses::new(&[0.0, 50.0, 100.0, 100.0], 1.0).unwrap();
        let found = price(&losses, &slice(0.0, 100.0), &FREE).unwrap();
        assert!((found.exhausts - 0.5).abs() < 1e-15, "{found:?}");
        let found = price(&losses, &slice(50.0, 200.0), &FREE).unwrap();
        assert!((found.attaches - 0.5).abs() + found.exhausts < 1e-15, "{found:?}");
    }

    #[test]
    fn a_slice_has_a_price_even_where_the_tail_has_no_mean() {
        // P(L > x) = (1 + x)^(-1): between 1 and 3 the area is ln 2; shape 1.25 by its own formula.
        let unit = Tail { gpd: Gpd { shape: 1.0, scale: 1.0 }, threshold: 0.0, exceed: 1.0 };
        assert!((area(&unit, 1.0, 3.0) - core::f64::consts::LN_2).abs() < 1e-12);
        let heavy = Tail { gpd: Gpd { shape: 1.25, scale: 1.25 }, ..unit };
        // ∫ (1 + x)^(-0.8) dx = 5 (1 + x)^0.2.
        let wanted = 5.0 * (libm::pow(4.0, 0.2) - libm::pow(2.0, 0.2));
        assert!((area(&heavy, 1.0, 3.0) - wanted).abs() < 1e-12);
        let plain = Tail { gpd: Gpd { shape: 0.0, scale: 2.0 }, ..unit };
        let wanted = 2.0 * (libm::exp(-0.5) - libm::exp(-1.5));
        assert!((area(&plain, 1.0, 3.0) - wanted).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_slice_is_refused() {
        let losses = drawn(0.3);
        for bad in
            [slice(-1.0, 2.0), slice(2.0, 2.0), slice(f64::NAN, 1.0), slice(1.0, f64::INFINITY)]
        {
            assert!(price(&losses, &bad, &FREE).is_err(), "{bad:?}");
        }
        let apart = [slice(0.0, 1.0), slice(2.0, 3.0)];
        assert!(matches!(stack(&losses, &apart, &FREE), Err(ModelError::Range { .. })));
    }
}
