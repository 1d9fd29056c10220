//! The size at which one more unit in the fund costs as much to hold as it saves.
//!
//! ```text
//! min over F of  c·F + p·E[(L − F)⁺]      ⇒      P(L > F*) = c/p
//! ```
//!
//! `c` is what a unit costs to hold over the losses' horizon, `p` what an uncovered unit costs; so `F*` is the quantile of
//! the losses at `1 − c/p` (the newsvendor's critical fractile). **Source** Arrow, Harris and Marschak (1951). Floors come
//! before it: a fund is never smaller than its stress tests ask, whatever an average says.

use super::{losses::Losses, order_bounds};
use crate::{
    float::{count, to_count},
    models::{
        ModelError,
        error::between,
        tail::{Interval, many_enough},
    },
    random::Random,
    sizing::YEAR,
};
use rayon::prelude::*;
use serde::Serialize;

/// What the random numbers of the bootstrap are for: see [`Random::of_block`].
const PURPOSE: u64 = 0x0051_7A45;

/// What it costs to hold a unit, and not to have one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// Cost of holding one unit for a year: what it would yield elsewhere less what it yields in the fund.
    pub holding: f64,
    /// Cost of one uncovered unit of loss: deleveraging, socialised losses, users who leave. Above one as a rule.
    pub uncovered: f64,
}

impl Costs {
    /// The level `1 − c/p` for losses over `horizon` days.
    ///
    /// # Errors
    /// [`ModelError::Range`] for a cost that is not above zero, or holding that costs more than a loss.
    pub fn fractile(&self, horizon: f64) -> Result<f64, ModelError> {
        between(("the cost of holding", "above 0"), self.holding, (0.0, f64::INFINITY))?;
        between(("the cost of a loss", "above 0"), self.uncovered, (0.0, f64::INFINITY))?;
        between(("the horizon in days", "above 0"), horizon, (0.0, f64::INFINITY))?;
        let level = 1.0 - self.holding * horizon / YEAR / self.uncovered;
        between(
            ("one less the cost of holding over that of a loss", "above 0"),
            level,
            (0.0, 1.0),
        )?;
        Ok(level)
    }
}

/// Between what a fund must lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bounds {
    /// Losses of the two groups that lose most in one scenario; zero if not known.
    pub cover_two: f64,
    /// The least fund that outlives the stress that the venue has sworn to outlive; zero for none.
    pub reverse_stress: f64,
    /// The most that is worth having, since more could not be raised or would be withdrawn; none for no limit.
    pub most: Option<f64>,
}

/// What decided the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Costs.
    Newsvendor,
    /// The Cover-2 floor.
    CoverTwo,
    /// The reverse stress floor.
    ReverseStress,
    /// The most that is worth having.
    Most,
}

/// How the interval of a size is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Certainty {
    /// Samples that are drawn from the tail and fitted anew.
    pub draws: usize,
    /// Probability that the interval holds the truth.
    pub confidence: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Certainty {
    fn default() -> Self {
        Self { draws: 500, confidence: 0.95, seed: 1 }
    }
}

/// A recommended size, and where it comes from.
///
/// Its interval holds what another draw of as many scenarios could have shown. It does not hold that the model which made
/// the scenarios may be wrong, nor that its history was short: back tests and named crises stand beside it for that.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// The level whose quantile the optimum is.
    pub fractile: f64,
    /// The quantile of the sample; none where the sample is too short for the level.
    pub by_sample: Option<f64>,
    /// The quantile of the tail, with an interval by parametric bootstrap; none where no tail was fitted or the level lies
    /// below it.
    pub by_tail: Option<Interval>,
    /// The optimum before floors and the most: by the tail if there is one, else by the sample. None where the tail has
    /// no mean, so that no size is best.
    pub optimum: Option<Interval>,
    /// The recommended size with the optimum's interval, both within the bounds.
    pub recommended: Interval,
    /// What decided it.
    pub binding: Binding,
    /// How much the floors ask beyond the most that is worth having: zero unless they contradict each other. Floors win.
    pub beyond_most: f64,
    /// Probability of a loss larger than the recommended size, over the horizon.
    pub exceed: f64,
    /// Loss expected beyond the recommended size over the horizon; none for a tail without a mean.
    pub uncovered: Option<f64>,
    /// What the recommended size costs over a year, holding and expected uncovered losses together.
    pub cost: Option<f64>,
}

/// What a level of yearly losses lacks when years are too few for it.
const FEW: (&str, &str) = (
    "a quantile of yearly losses",
    "raise ruin.paths, the years that are drawn, or lower the level (one of levels, or 1 less costs.holding ÷ costs.uncovered)",
);

/// The recommended size for losses.
///
/// # Errors
/// [`ModelError::Range`] for costs or bounds out of range; [`ModelError::TooFew`] for a sample too short for the level
/// where there is no tail; [`ModelError::InfiniteMean`] for a tail without a mean where no most is given.
pub fn size(
    losses: &Losses,
    costs: &Costs,
    bounds: &Bounds,
    certainty: &Certainty,
) -> Result<Size, ModelError> {
    let fractile = costs.fractile(losses.horizon())?;
    check(bounds, certainty)?;
    let by_sample = match many_enough(losses.sorted().len(), fractile, FEW) {
        Ok(()) => Some(of_sample(losses, fractile, certainty.confidence)?),
        Err(ModelError::TooFew { .. }) => None,
        Err(error) => return Err(error),
    };
    let (mut by_tail, mut shape) = (None, None);
    if let Some(fitted) = losses.tail() {
        shape = Some(fitted.tail.gpd.shape).filter(|shape| *shape >= 1.0);
        if fractile > 1.0 - fitted.tail.exceed {
            by_tail = Some(of_tail(losses, fractile, certainty)?);
        }
    }
    let found = Found { fractile, by_sample, by_tail, shape };
    within(losses, costs, bounds, found)
}

/// The recommended size where losses have no mean, by a tail of this shape that they are not drawn from: the most that is
/// worth having, or a floor above it.
///
/// # Errors
/// As [`size`].
pub fn size_without_mean(
    losses: &Losses,
    costs: &Costs,
    bounds: &Bounds,
    shape: f64,
) -> Result<Size, ModelError> {
    let fractile = costs.fractile(losses.horizon())?;
    check(bounds, &Certainty::default())?;
    let found = Found { fractile, by_sample: None, by_tail: None, shape: Some(shape) };
    let size = within(losses, costs, bounds, found)?;
    Ok(Size { uncovered: None, cost: None, ..size })
}

/// What sample and tail say; a shape is that of a tail without a mean.
struct Found {
    fractile: f64,
    by_sample: Option<Interval>,
    by_tail: Option<Interval>,
    shape: Option<f64>,
}

/// Puts what was found within its bounds, and says what it costs.
fn within(
    losses: &Losses,
    costs: &Costs,
    bounds: &Bounds,
    Found { fractile, by_sample, by_tail, shape }: Found,
) -> Result<Size, ModelError> {
    let optimum = match (shape, by_tail.or(by_sample)) {
        (Some(_), _) => None,
        (None, Some(found)) => Some(found),
        (None, None) => {
            many_enough(losses.sorted().len(), fractile, FEW)?;
            None
        }
    };
    // Without a mean every size is too small: what can be held is what is recommended.
    let wanted = match (optimum, bounds.most, shape) {
        (Some(found), ..) => found,
        (None, Some(most), _) => Interval { estimate: most, low: most, high: most },
        (None, None, shape) => {
            return Err(ModelError::InfiniteMean { shape: shape.unwrap_or(f64::NAN) });
        }
    };
    let (recommended, binding, beyond_most) = bounded(wanted, bounds, optimum.is_none());
    let fund = recommended.estimate;
    let uncovered = losses.stop_loss(fund).ok();
    let yearly = YEAR / losses.horizon();
    Ok(Size {
        fractile,
        by_sample: by_sample.map(|found| found.estimate),
        by_tail,
        optimum,
        recommended,
        binding,
        beyond_most,
        exceed: losses.exceeds(fund),
        uncovered,
        cost: uncovered.map(|loss| costs.holding * fund + costs.uncovered * loss * yearly),
    })
}

fn check(bounds: &Bounds, certainty: &Certainty) -> Result<(), ModelError> {
    let least = 0.0_f64.next_down();
    for (what, got) in [
        ("the Cover-2 floor", bounds.cover_two),
        ("the reverse stress floor", bounds.reverse_stress),
        ("the most that is worth having", bounds.most.unwrap_or(0.0)),
    ] {
        between((what, "at or above 0"), got, (least, f64::INFINITY))?;
    }
    between(("the confidence of an interval", "between 0 and 1"), certainty.confidence, (0.0, 1.0))
}

/// Puts a size and its interval between floors and the most; floors win over the most.
fn bounded(wanted: Interval, bounds: &Bounds, no_optimum: bool) -> (Interval, Binding, f64) {
    let floor = bounds.cover_two.max(bounds.reverse_stress);
    let most = bounds.most.unwrap_or(f64::INFINITY);
    let within = |value: f64| value.min(most).max(floor);
    let estimate = within(wanted.estimate);
    let binding = if floor >= estimate && floor > wanted.estimate.min(most) {
        if bounds.cover_two >= bounds.reverse_stress {
            Binding::CoverTwo
        } else {
            Binding::ReverseStress
        }
    } else if no_optimum || most < wanted.estimate {
        Binding::Most
    } else {
        Binding::Newsvendor
    };
    let recommended = Interval { estimate, low: within(wanted.low), high: within(wanted.high) };
    (recommended, binding, (floor - most).max(0.0))
}

/// The order statistic, and those that hold the quantile by the binomial number of losses below it.
fn of_sample(losses: &Losses, level: f64, confidence: f64) -> Result<Interval, ModelError> {
    let sorted = losses.sorted();
    let estimate = losses.risk_in_sample(level)?.value_at_risk;
    let (low, high) = order_bounds(sorted.len(), level, confidence);
    let at = |place: usize| sorted[place.min(sorted.len() - 1)];
    Ok(Interval { estimate, low: at(low).min(estimate), high: at(high).max(estimate) })
}

/// The tail's quantile, and percentiles of it over tails that are drawn and fitted anew; draws that have no fit are left out.
fn of_tail(losses: &Losses, level: f64, certainty: &Certainty) -> Result<Interval, ModelError> {
    let estimate = losses.value_at_risk(level)?;
    let one = |draw: u64| {
        let mut random = Random::of_block(certainty.seed, PURPOSE, draw);
        let tail = losses.redrawn_tail(&mut random)?;
        Ok(tail.map_or(estimate, |tail| {
            // A redrawn tail may begin above the level; then its threshold is the quantile.
            tail.value_at_risk(level).unwrap_or(tail.threshold)
        }))
    };
    let draws = u64::try_from(certainty.draws.max(2)).unwrap_or(u64::MAX);
    let drawn: Vec<Result<f64, ModelError>> = (0..draws).into_par_iter().map(one).collect();
    let has_fit = |one: &Result<f64, ModelError>| !matches!(one, Err(ModelError::NoMaximum { .. }));
    let mut drawn: Vec<f64> = drawn.into_iter().filter(has_fit).collect::<Result<_, _>>()?;
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - certainty.confidence) / 2.0;
    let at = |share: f64| {
        let place = to_count(libm::floor(share * count(drawn.len())));
        drawn.get(place).or(drawn.last()).copied().unwrap_or(estimate)
    };
    Ok(Interval { estimate, low: at(tail).min(estimate), high: at(1.0 - tail).max(estimate) })
}

/// What funds of several sizes are worth at several levels of confidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// Sizes, as given.
    pub funds: Vec<f64>,
    /// Levels, as given.
    pub levels: Vec<f64>,
    /// Value at risk at each level.
    pub needs: Vec<f64>,
    /// For each size and level the share of the need that the fund covers; one and more where it covers all of it.
    pub covered: Vec<Vec<f64>>,
    /// For each size the probability of a larger loss.
    pub exceed: Vec<f64>,
    /// For each size the loss expected beyond it; none for a tail without a mean.
    pub uncovered: Vec<Option<f64>>,
}

/// The grid of sizes and levels. A level at which nothing is needed counts as covered tenfold.
///
/// # Errors
/// [`ModelError::Range`] for a level outside 0 to 1 or a size below zero; [`ModelError::TooFew`] for a level that neither
/// sample nor tail can tell.
pub fn grid(losses: &Losses, funds: &[f64], levels: &[f64]) -> Result<Grid, ModelError> {
    for fund in funds {
        let range = ("the size of a fund", "at or above 0");
        between(range, *fund, (0.0_f64.next_down(), f64::INFINITY))?;
    }
    let need = |level: &f64| {
        let in_tail = losses.tail().is_some_and(|fitted| 1.0 - level <= fitted.tail.exceed);
        if !in_tail {
            many_enough(losses.sorted().len(), *level, FEW)?;
        }
        losses.value_at_risk(*level)
    };
    let needs: Vec<f64> = levels.iter().map(need).collect::<Result<_, _>>()?;
    let share = |fund: f64, need: f64| if need > 0.0 { (fund / need).min(10.0) } else { 10.0 };
    Ok(Grid {
        funds: funds.to_vec(),
        levels: levels.to_vec(),
        covered: funds
            .iter()
            .map(|fund| needs.iter().map(|need| share(*fund, *need)).collect())
            .collect(),
        exceed: funds.iter().map(|fund| losses.exceeds(*fund)).collect(),
        uncovered: funds.iter().map(|fund| losses.stop_loss(*fund).ok()).collect(),
        needs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::gpd::Gpd;

    const COSTS: Costs = Costs { holding: 0.08, uncovered: 4.0 };

    /// One exact quantile of a distribution for each scenario.
    fn exact(number: usize, horizon: f64, quantile_above: impl Fn(f64) -> f64) -> Losses {
        let losses: Vec<f64> =
            (0..number).map(|at| quantile_above((count(at) + 0.5) / count(number))).collect();
        Losses::new(&losses, horizon).unwrap()
    }

    #[test]
    fn what_has_no_mean_gets_the_cap_or_a_floor_above_it() {
        let losses = exact(40_000, YEAR, |p| -10.0 * libm::log(p));
        let capped = |bounds| size_without_mean(&losses, &COSTS, &bounds, 1.3);
        let bounds = Bounds { cover_two: 20.0, reverse_stress: 0.0, most: Some(55.0) };
        let found = capped(bounds).unwrap();
        assert_eq!(found.binding, Binding::Most);
        let of = Interval { estimate: 55.0, low: 55.0, high: 55.0 };
        assert_eq!((found.recommended, found.optimum, found.uncovered), (of, None, None));
        let found = capped(Bounds { cover_two: 70.0, ..bounds }).unwrap();
        assert_eq!((found.binding, found.beyond_most), (Binding::CoverTwo, 15.0));
        let refused = capped(Bounds { most: None, ..bounds }).unwrap_err().to_string();
        assert!(refused.contains("1.300") && refused.contains("costs.most"), "{refused}");
    }

    #[test]
    fn the_optimum_of_exponential_losses_is_the_formula() {
        // c = 8 %, p = 4, losses of a year: fractile 98 %, F* = -ln 0.02 means.
        let losses = exact(40_000, YEAR, |p| -10.0 * libm::log(p));
        let found = size(&losses, &COSTS, &Bounds::default(), &Certainty::default()).unwrap();
        assert!((found.fractile - 0.98).abs() < 1e-12);
        let wanted = -10.0 * libm::log(0.02);
        assert!((found.recommended.estimate / wanted - 1.0).abs() < 1e-3, "{found:?}");
        assert_eq!(found.binding, Binding::Newsvendor);
        assert!(found.recommended.low < wanted && wanted < found.recommended.high);
        // The cost at the optimum: c F* + p · mean · c/p.
        assert!((found.cost.unwrap() / (0.08 * wanted + 4.0 * 10.0 * 0.02) - 1.0).abs() < 2e-3);
    }

    #[test]
    fn the_optimum_of_a_power_tail_is_the_formula() {
        let gpd = Gpd { shape: 0.4, scale: 3.0 };
        let losses = exact(50_000, YEAR, |p| gpd.quantile_above(p)).with_tail(0.1).unwrap();
        let found = size(&losses, &COSTS, &Bounds::default(), &Certainty::default()).unwrap();
        let wanted = gpd.quantile_above(0.02);
        assert!((found.by_tail.unwrap().estimate / wanted - 1.0).abs() < 5e-3, "{found:?}");
        assert!((found.by_sample.unwrap() / wanted - 1.0).abs() < 5e-3);
        // No other size costs less.
        let cost = |fund: f64| 0.08 * fund + 4.0 * losses.stop_loss(fund).unwrap();
        let best = cost(found.optimum.unwrap().estimate);
        for other in [0.8, 0.95, 1.05, 1.2] {
            assert!(cost(other * wanted) > best, "{other}");
        }
    }

    #[test]
    fn another_seed_moves_the_size_by_less_than_its_interval() {
        let gpd = Gpd { shape: 0.35, scale: 1.0 };
        let of_seed = |seed| {
            let mut random = Random::new(seed);
            let drawn: Vec<f64> =
                (0..10_000).map(|_| gpd.quantile_above(random.uniform())).collect();
            let losses = Losses::new(&drawn, 5.0).unwrap().with_tail(0.1).unwrap();
            let certainty = Certainty { draws: 200, seed, ..Certainty::default() };
            size(&losses, &COSTS, &Bounds::default(), &certainty).unwrap().recommended
        };
        let first = of_seed(1);
        assert!(first.low < first.estimate && first.estimate < first.high, "{first:?}");
        let held = (2..22).filter(|seed| {
            let other = of_seed(*seed);
            (other.estimate - first.estimate).abs() < first.high - first.low
        });
        assert_eq!(held.count(), 20);
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let gpd = Gpd { shape: 0.2, scale: 1.0 };
        let truth = gpd.quantile_above(0.02);
        let (mut by_tail, mut by_sample) = (0, 0);
        for seed in 0..60 {
            let mut random = Random::new(seed);
            let drawn: Vec<f64> =
                (0..2_000).map(|_| gpd.quantile_above(random.uniform())).collect();
            let plain = Losses::new(&drawn, YEAR).unwrap();
            let certainty = Certainty { draws: 100, confidence: 0.9, seed };
            let holds = |losses: &Losses| {
                let found = size(losses, &COSTS, &Bounds::default(), &certainty).unwrap();
                usize::from((found.recommended.low..=found.recommended.high).contains(&truth))
            };
            by_sample += holds(&plain);
            by_tail += holds(&plain.with_tail(0.1).unwrap());
        }
        // 54 expected, standard deviation 2.3.
        assert!(by_tail >= 47 && by_sample >= 47, "{by_tail} {by_sample}");
    }

    #[test]
    fn floors_come_before_costs_and_before_the_most() {
        let losses = exact(10_000, YEAR, |p| -10.0 * libm::log(p));
        let told = |cover_two, reverse_stress, most| {
            let bounds = Bounds { cover_two, reverse_stress, most };
            let found = size(&losses, &COSTS, &bounds, &Certainty::default()).unwrap();
            (found.binding, libm::round(found.recommended.estimate), found.beyond_most)
        };
        assert_eq!(told(10.0, 20.0, None), (Binding::Newsvendor, 39.0, 0.0));
        assert_eq!(told(50.0, 20.0, None), (Binding::CoverTwo, 50.0, 0.0));
        assert_eq!(told(50.0, 60.0, None), (Binding::ReverseStress, 60.0, 0.0));
        assert_eq!(told(10.0, 0.0, Some(30.0)), (Binding::Most, 30.0, 0.0));
        assert_eq!(told(45.0, 0.0, Some(30.0)), (Binding::CoverTwo, 45.0, 15.0));
    }

    #[test]
    fn a_tail_without_a_mean_recommends_the_most_and_nothing_else() {
        let gpd = Gpd { shape: 1.3, scale: 1.0 };
        let losses = exact(5_000, YEAR, |p| gpd.quantile_above(p)).with_tail(0.1).unwrap();
        let certainty = Certainty::default();
        let refused = size(&losses, &COSTS, &Bounds::default(), &certainty).unwrap_err();
        assert!(matches!(refused, ModelError::InfiniteMean { shape } if shape > 1.1));
        let bounds = Bounds { most: Some(70.0), ..Bounds::default() };
        let found = size(&losses, &COSTS, &bounds, &certainty).unwrap();
        assert_eq!((found.binding, found.optimum, found.uncovered), (Binding::Most, None, None));
        assert!((found.recommended.estimate - 70.0).abs() < 1e-12);
    }

    #[test]
    fn short_samples_and_odd_costs_are_refused() {
        let losses = exact(1_000, 10.0, |p| -libm::log(p));
        // 8 % over ten days at 4 asks for 99.945 %: a thousand scenarios say nothing of it.
        let refused = size(&losses, &COSTS, &Bounds::default(), &Certainty::default());
        assert!(matches!(refused, Err(ModelError::TooFew { got: 1_000, .. })), "{refused:?}");
        assert!(grid(&losses, &[1.0], &[0.9995]).is_err());
        for (holding, uncovered) in [(0.0, 4.0), (0.1, 0.0), (5.0, 0.1), (f64::NAN, 1.0)] {
            assert!(Costs { holding, uncovered }.fractile(YEAR).is_err());
        }
        let bounds = Bounds { cover_two: f64::NAN, ..Bounds::default() };
        assert!(size(&losses, &COSTS, &bounds, &Certainty::default()).is_err());
    }

    #[test]
    fn the_grid_says_what_each_size_covers() {
        let losses = exact(10_000, 1.0, |p| -libm::log(p));
        let found = grid(&losses, &[0.0, core::f64::consts::LN_10, 100.0], &[0.9, 0.99]).unwrap();
        assert!(
            (found.covered[1][0] - 1.0).abs() < 1e-3 && (found.covered[1][1] - 0.5).abs() < 1e-3
        );
        assert!(found.covered[0][0] == 0.0 && (found.covered[2][1] - 10.0).abs() < 1e-12);
        assert!((found.exceed[1] - 0.1).abs() < 1e-3 && found.exceed[2] == 0.0);
        assert!((found.uncovered[0].unwrap() - 1.0).abs() < 1e-3);
    }
}
