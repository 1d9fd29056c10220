//! Jumps: Merton's model of one series, and jumps that all series make together.
//!
//! Jumps of each series alone understate the joint tail: when a crash comes, it comes to every market. So what is
//! fitted here is one clock for all series and, at each tick, one vector of jumps.
//!
//! **Source** Merton, "Option pricing when underlying stock returns are discontinuous" (1976).

use super::error::{ModelError, alike, between, checked};
use crate::{
    float::{count, is_positive},
    random::Random,
    stats::special::{chi_squared_quantile_above, normal_cdf},
};

/// Steps that a fit needs.
pub const STEPS_LEAST: usize = 250;
/// Robust deviations beyond which the mean residual of all series counts as a jump.
pub const THRESHOLD: f64 = 5.0;
/// Jumps from which on those that were seen are drawn again; with fewer, normal ones.
pub const SEEN_LEAST: usize = 8;
/// Standard deviation of the logarithm by which a drawn jump differs from the one that was seen.
const FACTOR: f64 = 0.25;
/// What a median absolute deviation must be multiplied by to be a normal's standard deviation.
const OF_MEDIAN: f64 = 1.482_602_218_505_602;
/// Numbers of jumps that a mixture adds up at most.
const TERMS_MAX: u32 = 10_000;

/// A log-return made of a diffusion and of normal jumps that come by a Poisson process. Times are in any one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merton {
    /// Mean of the diffusion for each unit of time.
    pub drift: f64,
    /// Standard deviation of the diffusion over one unit of time.
    pub volatility: f64,
    /// Jumps for each unit of time.
    pub intensity: f64,
    /// Mean of a jump.
    pub jump_mean: f64,
    /// Standard deviation of a jump.
    pub jump_deviation: f64,
}

impl Merton {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ModelError::Range`].
    pub fn check(&self) -> Result<(), ModelError> {
        let any = (f64::NEG_INFINITY, f64::INFINITY);
        let some = (0.0_f64.next_down(), f64::INFINITY);
        between(("the drift", "among the finite numbers"), self.drift, any)?;
        between(("the volatility", "above 0"), self.volatility, (0.0, f64::INFINITY))?;
        between(("the intensity of jumps", "at or above 0"), self.intensity, some)?;
        between(("the mean of jumps", "among the finite numbers"), self.jump_mean, any)?;
        between(("the deviation of jumps", "at or above 0"), self.jump_deviation, some)
    }

    /// Probability of a log-return at or below `x` over a time: a mixture of normals, one for each number of jumps,
    /// exact to rounding.
    ///
    /// # Errors
    /// As [`Merton::check`]; [`ModelError::Range`] for a time that is not above zero.
    pub fn cdf(&self, x: f64, time: f64) -> Result<f64, ModelError> {
        self.check()?;
        between(("the time of a return", "above 0"), time, (0.0, f64::INFINITY))?;
        Ok(self.mixture(x, time))
    }

    fn mixture(&self, x: f64, time: f64) -> f64 {
        let mean = self.intensity * time;
        let (mut below, mut ln_weight) = (0.0, -mean);
        for jumps in 0..TERMS_MAX {
            let k = f64::from(jumps);
            let weight = libm::exp(ln_weight);
            let variance = self.volatility * self.volatility * time
                + k * self.jump_deviation * self.jump_deviation;
            let centre = self.drift * time + k * self.jump_mean;
            below += weight * normal_cdf((x - centre) / variance.sqrt());
            // Weights rise up to the mean and then fall ever faster.
            if (k > mean && weight < 1e-18) || mean <= 0.0 {
                break;
            }
            ln_weight += libm::log(mean / (k + 1.0));
        }
        below
    }

    /// The log-return that lies at or above `p` of all over a time.
    ///
    /// # Errors
    /// As [`Merton::cdf`]; [`ModelError::Range`] for a probability outside 0 to 1.
    pub fn quantile(&self, p: f64, time: f64) -> Result<f64, ModelError> {
        between(("a probability", "between 0 and 1"), p, (0.0, 1.0))?;
        let at_zero = self.cdf(0.0, time)?;
        let (mut low, mut high) = (-self.volatility, self.volatility);
        while at_zero > p && self.mixture(low, time) > p {
            low *= 2.0;
        }
        while at_zero <= p && self.mixture(high, time) < p {
            high *= 2.0;
        }
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            if self.mixture(middle, time) < p {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(f64::midpoint(low, high))
    }

    /// Draws a log-return over a time.
    pub fn draw(&self, random: &mut Random, time: f64) -> f64 {
        let jumps = count(random.poisson(self.intensity * time));
        let variance = self.volatility * self.volatility * time
            + jumps * self.jump_deviation * self.jump_deviation;
        self.drift * time + jumps * self.jump_mean + variance.sqrt() * random.normal()
    }
}

/// Jumps that all series make at the same steps, in units of the residuals they were fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct CommonJumps {
    /// Jumps for each step.
    pub intensity: f64,
    /// Bounds that hold the intensity at 95 % (Garwood 1936).
    pub intensity_interval: (f64, f64),
    /// Mean jump of each series.
    pub means: Vec<f64>,
    /// Standard deviation of each series' jumps.
    pub deviations: Vec<f64>,
    /// Share of a jump's variance that one factor drives in all series; its root is their correlation with it.
    pub common: f64,
    /// Standard deviation of each series' residuals at steps without a jump.
    pub calm: Vec<f64>,
    /// Steps at which all jumped, in order.
    pub steps: Vec<usize>,
    /// The jumps themselves: for each of those steps one of each series.
    pub sizes: Vec<Vec<f64>>,
}

impl CommonJumps {
    /// Finds jumps in standardised residuals, one slice for each series: steps at which the mean of all series lies more
    /// than `threshold` robust deviations from its median.
    ///
    /// Fewer than two jumps give no spread of jumps; then deviations are zero.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`STEPS_LEAST`] steps, [`ModelError::Unequal`], [`ModelError::NotFinite`],
    /// [`ModelError::Constant`] where residuals do not move, [`ModelError::Range`] for a threshold that is not above
    /// zero.
    pub fn fit(residuals: &[&[f64]], threshold: f64) -> Result<Self, ModelError> {
        let steps = alike(residuals, "a series of residuals")?;
        for series in residuals {
            checked(series, ("a fit of jumps", STEPS_LEAST, "give a longer common history"))?;
        }
        let of_threshold = ("the threshold of jumps", "above 0");
        between(of_threshold, threshold, (0.0, f64::INFINITY))?;
        let width = count(residuals.len());
        let means: Vec<f64> = (0..steps)
            .map(|step| residuals.iter().map(|series| series[step]).sum::<f64>() / width)
            .collect();
        let centre = median(means.clone());
        let spread = OF_MEDIAN * median(means.iter().map(|mean| (mean - centre).abs()).collect());
        if !is_positive(spread) {
            return Err(ModelError::Constant { got: steps });
        }
        let is_jump = |step: &usize| (means[*step] - centre).abs() > threshold * spread;
        let (jumps, calm): (Vec<usize>, Vec<usize>) = (0..steps).partition(is_jump);
        let moments: Vec<(f64, f64)> = residuals.iter().map(|one| moments(one, &jumps)).collect();
        let number = count(jumps.len());
        let low = match jumps.len() {
            0 => 0.0,
            some => chi_squared_quantile_above(0.975, 2.0 * count(some)) / 2.0,
        };
        let high = chi_squared_quantile_above(0.025, 2.0 * (number + 1.0)) / 2.0;
        Ok(Self {
            intensity: number / count(steps),
            intensity_interval: (low / count(steps), high / count(steps)),
            common: common(residuals, &jumps, &moments),
            means: moments.iter().map(|(mean, _)| *mean).collect(),
            deviations: moments.iter().map(|(_, deviation)| *deviation).collect(),
            calm: residuals.iter().map(|one| moments_of(one, &calm).1).collect(),
            sizes: jumps
                .iter()
                .map(|step| residuals.iter().map(|one| one[*step]).collect())
                .collect(),
            steps: jumps,
        })
    }

    /// Adds the jumps of so many steps to a row, one cell for each series, and gives how many there were.
    ///
    /// With [`SEEN_LEAST`] jumps or more each is one that was seen, the same step for all series, made larger or smaller by
    /// one lognormal factor with mean one: jumps of coins have a heavier tail than a normal, and their joint shape is kept.
    /// With fewer it is normal, with the means, deviations and common factor that were fitted.
    pub fn add(&self, random: &mut Random, steps: f64, row: &mut [f64]) -> usize {
        let jumps = random.poisson(self.intensity * steps);
        for _ in 0..jumps {
            if self.sizes.len() >= SEEN_LEAST {
                let seen = &self.sizes[random.below(self.sizes.len())];
                let factor = libm::exp(FACTOR * random.normal() - FACTOR * FACTOR / 2.0);
                for (cell, size) in row.iter_mut().zip(seen) {
                    *cell += factor * size;
                }
                continue;
            }
            let factor = self.common.sqrt() * random.normal();
            let alone = (1.0 - self.common).sqrt();
            for ((cell, mean), deviation) in row.iter_mut().zip(&self.means).zip(&self.deviations) {
                *cell += mean + deviation * (factor + alone * random.normal());
            }
        }
        jumps
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    let half = values.len() / 2;
    let (_, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    *middle
}

fn moments(series: &[f64], jumps: &[usize]) -> (f64, f64) {
    if jumps.is_empty() { (0.0, 0.0) } else { moments_of(series, jumps) }
}

/// Mean and standard deviation over some steps; no deviation of a single one.
fn moments_of(series: &[f64], steps: &[usize]) -> (f64, f64) {
    let number = count(steps.len());
    let mean = steps.iter().map(|step| series[*step]).sum::<f64>() / number;
    let square: f64 = steps.iter().map(|step| (series[*step] - mean).powi(2)).sum();
    (mean, if steps.len() < 2 { 0.0 } else { (square / (number - 1.0)).sqrt() })
}

/// The mean correlation of all pairs of series over the jumps, between 0 and 1; one where it can't be told.
fn common(residuals: &[&[f64]], jumps: &[usize], moments: &[(f64, f64)]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0);
    for a in 0..residuals.len() {
        for b in 0..a {
            let ((of_a, by_a), (of_b, by_b)) = (moments[a], moments[b]);
            if jumps.len() > 2 && by_a > 0.0 && by_b > 0.0 {
                let products = jumps
                    .iter()
                    .map(|step| (residuals[a][*step] - of_a) * (residuals[b][*step] - of_b));
                sum += products.sum::<f64>() / (count(jumps.len() - 1) * by_a * by_b);
                pairs += 1;
            }
        }
    }
    if pairs == 0 { 1.0 } else { (sum / count(pairs)).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY: Merton = Merton {
        drift: 0.0005,
        volatility: 0.03,
        intensity: 0.05,
        jump_mean: -0.04,
        jump_deviation: 0.06,
    };

    #[test]
    fn without_jumps_it_is_a_normal() {
        let plain = Merton { intensity: 0.0, ..DAILY };
        let (mean, deviation) = (0.0005 * 4.0, 0.06);
        let wanted = mean + deviation * -2.326_347_874_040_841;
        assert!((plain.quantile(0.01, 4.0).unwrap() - wanted).abs() < 1e-12);
        assert!((plain.cdf(mean, 4.0).unwrap() - 0.5).abs() < 1e-15);
    }

    #[test]
    fn quantiles_turn_the_mixture_round() {
        // Few and many jumps: with a mean of 1,000 the first weights are below the smallest double.
        for (intensity, time) in [(0.05, 1.0), (5.0, 10.0), (1_000.0, 1.0)] {
            let model = Merton { intensity, ..DAILY };
            for p in [1e-6, 0.001, 0.01, 0.5, 0.99, 0.999] {
                let x = model.quantile(p, time).unwrap();
                assert!((model.cdf(x, time).unwrap() - p).abs() < 1e-12, "{intensity} {p}");
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_another_program() {
        // The same mixture added up in Python with its own error function and bisection.
        let daily =
            [-0.180_709_722_819_068_1, -0.098_429_861_917_308_4, -0.000_357_888_646_739_942_5];
        for (p, wanted) in [0.001, 0.01, 0.5].into_iter().zip(daily) {
            assert!((DAILY.quantile(p, 1.0).unwrap() - wanted).abs() < 1e-11);
        }
        let yearly = Merton {
            drift: 0.1,
            volatility: 0.6,
            intensity: 10.0,
            jump_mean: -0.05,
            jump_deviation: 0.1,
        };
        let wanted =
            [-0.239_397_561_320_955_3, -0.096_132_512_249_445_55, 0.077_218_620_973_618_67];
        for (p, wanted) in [0.001, 0.01, 0.99].into_iter().zip(wanted) {
            assert!((yearly.quantile(p, 1.0 / 365.0).unwrap() - wanted).abs() < 1e-11);
        }
    }

    #[test]
    fn draws_follow_the_mixture() {
        let (mut random, mut draws) = (Random::new(2), Vec::new());
        for _ in 0..200_000 {
            draws.push(DAILY.draw(&mut random, 1.0));
        }
        draws.sort_by(f64::total_cmp);
        for (place, p) in [(200, 0.001), (2_000, 0.01), (100_000, 0.5), (199_800, 0.999)] {
            let got = DAILY.cdf(draws[place], 1.0).unwrap();
            let error = f64::sqrt(p * (1.0 - p) / 200_000.0);
            assert!((got - p).abs() < 4.0 * error, "{p}: {got}");
        }
    }

    #[test]
    fn jumps_of_all_series_are_found() {
        let (mut random, mut series) = (Random::new(8), vec![Vec::new(); 3]);
        let mut truth = Vec::new();
        for step in 0..2_000 {
            let jumps = step % 80 == 79;
            if jumps {
                truth.push(step);
            }
            let factor = random.normal();
            for one in &mut series {
                let jump = if jumps { -12.0 + 2.0 * factor } else { 0.0 };
                one.push(random.normal() + jump);
            }
        }
        let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
        let found = CommonJumps::fit(&slices, THRESHOLD).unwrap();
        assert_eq!(found.steps, truth);
        assert!((found.intensity - 1.0 / 80.0).abs() < 1e-12);
        let (low, high) = found.intensity_interval;
        // Garwood's bounds of 25 events: 16.179 and 36.905.
        assert!((low * 2_000.0 - 16.179).abs() < 2e-3 && (high * 2_000.0 - 36.905).abs() < 2e-3);
        assert!(found.means.iter().all(|mean| (mean + 12.0).abs() < 1.5), "{found:?}");
        assert!(found.common > 0.5 && found.calm.iter().all(|calm| (calm - 1.0).abs() < 0.1));
        let mut row = [0.0; 3];
        found.add(&mut random, 1_000.0, &mut row);
        assert!(row.iter().all(|cell| *cell < -60.0), "{row:?}");
        // Those that were seen keep their mean; with few of them the fitted normal stands in, with the same mean.
        for jumps in [&found, &CommonJumps { sizes: found.sizes[..7].to_vec(), ..found.clone() }] {
            let (mut sum, mut events) = ([0.0; 3], 0);
            for _ in 0..20_000 {
                events += jumps.add(&mut random, 1.0, &mut sum);
            }
            for (sum, mean) in sum.iter().zip(&jumps.means) {
                assert!((sum / count(events) / mean - 1.0).abs() < 0.1, "{sum} {events} {mean}");
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let bad = Merton { volatility: 0.0, ..DAILY };
        assert!(matches!(bad.cdf(0.0, 1.0), Err(ModelError::Range { .. })));
        let bad = Merton { jump_mean: f64::NAN, ..DAILY };
        assert!(matches!(bad.quantile(0.5, 1.0), Err(ModelError::Range { .. })));
        assert!(DAILY.quantile(1.0, 1.0).is_err() && DAILY.cdf(0.0, 0.0).is_err());
        let flat = vec![0.0; 300];
        assert!(matches!(CommonJumps::fit(&[&flat], 4.0), Err(ModelError::Constant { .. })));
        assert!(matches!(CommonJumps::fit(&[&flat[..9]], 4.0), Err(ModelError::TooFew { .. })));
    }
}
