//! The distribution of what a fund must pay: a sample, and beyond a threshold a fitted tail.

use crate::{
    desk::Progress,
    float::{count, to_count},
    models::{
        ModelError,
        error::{between, checked},
        gpd::{EXCESSES_LEAST, Gpd, GpdFit, Tail},
        tail::{Risk, of_sample},
        thresholds::{GOODNESS_DRAWS, goodness},
    },
    random::Random,
};

/// Shares of the losses that [`Losses::with_best_tail`] is given as a rule.
pub const TAIL_SHARES: [f64; 7] = [0.1, 0.075, 0.05, 0.035, 0.02, 0.01, 0.005];
/// Least p-value at which a tail counts as fitting.
pub const FITS: f64 = 0.1;

/// Losses over one horizon, each as likely as the others; zero where the fund pays nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    sorted: Vec<f64>,
    /// Sums of the losses from each place to the end, so that a stop-loss is one look.
    beyond: Vec<f64>,
    horizon: f64,
    tail: Option<FittedTail>,
}

/// A tail beyond a loss that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedTail {
    /// The tail.
    pub tail: Tail,
    /// How it was fitted.
    pub fit: GpdFit,
    /// [`goodness`] of its excesses; none where the share was given and nothing was tried.
    pub goodness: Option<f64>,
    /// Where its losses begin among the sorted.
    from: usize,
}

impl Losses {
    /// Losses over `horizon` days.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] without a loss, [`ModelError::NotFinite`], [`ModelError::Range`] for a loss below zero or a
    /// horizon that is not above it.
    pub fn new(losses: &[f64], horizon: f64) -> Result<Self, ModelError> {
        checked(losses, ("a distribution of losses", 1, "give at least one scenario"))?;
        if let Some(bad) = losses.iter().find(|loss| **loss < 0.0) {
            return Err(ModelError::Range { what: "a loss", got: *bad, range: "at or above 0" });
        }
        between(("the horizon in days", "above 0"), horizon, (0.0, f64::INFINITY))?;
        let mut sorted = losses.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut beyond = vec![0.0; sorted.len() + 1];
        for (at, loss) in sorted.iter().enumerate().rev() {
            beyond[at] = beyond[at + 1] + loss;
        }
        Ok(Self { sorted, beyond, horizon, tail: None })
    }

    /// The same with a generalised Pareto tail in place of the largest `share` of the losses.
    ///
    /// # Errors
    /// [`ModelError::Range`] for a share outside 0 to 1, [`ModelError::TooFew`] for fewer than [`EXCESSES_LEAST`]
    /// excesses, [`ModelError::Range`] where the threshold is zero: too few scenarios lose anything; as [`Tail::fit`].
    pub fn with_tail(mut self, share: f64) -> Result<Self, ModelError> {
        between(("the share of losses in the tail", "between 0 and 1"), share, (0.0, 1.0))?;
        let number = to_count(libm::floor(count(self.sorted.len()) * share + 1e-9));
        if number < EXCESSES_LEAST {
            let (what, hint) = ("the tail's excesses", "run more scenarios or take a larger share");
            return Err(ModelError::TooFew { what, got: number, least: EXCESSES_LEAST, hint });
        }
        let at = self.sorted.len().saturating_sub(number + 1);
        let threshold = self.sorted[at];
        if threshold <= 0.0 {
            let what =
                "the tail's threshold (with so few scenarios that lose, take a smaller share)";
            return Err(ModelError::Range { what, got: threshold, range: "above 0" });
        }
        let (tail, fit) = Tail::fit(&self.sorted, threshold)?;
        let from = self.sorted.partition_point(|loss| *loss <= threshold);
        self.tail = Some(FittedTail { tail, fit, goodness: None, from });
        Ok(self)
    }

    /// The same with a tail beyond the lowest threshold at which one fits: of the shares given, the largest whose excesses
    /// look like the distribution's own ([`goodness`] of at least [`FITS`]) and whose mean is finite. A need is often of two
    /// kinds, small in calm and large in crashes; a threshold between them would give a shape that is neither's.
    ///
    /// # Errors
    /// [`ModelError::NoTail`] where none fits; [`ModelError::InfiniteMean`] where none that fits has a mean: state a cap;
    /// [`ModelError::TooFew`] where no share leaves enough excesses.
    pub fn with_best_tail(
        self,
        shares: &[f64],
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self, ModelError> {
        let (mut tried, mut best, mut heavy, mut refused) = (0, 0.0_f64, None, None);
        let mut shares = shares.to_vec();
        shares.sort_by(|a, b| b.total_cmp(a));
        for share in shares {
            let mut found = match self.clone().with_tail(share) {
                Ok(found) => found,
                Err(error @ (ModelError::TooFew { .. } | ModelError::Range { .. })) => {
                    refused.get_or_insert(error);
                    continue;
                }
                // Excesses that end abruptly are not the distribution's: nothing to test.
                Err(ModelError::NoMaximum { .. }) => {
                    tried += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(fitted) = &mut found.tail else { continue };
            let threshold = fitted.tail.threshold;
            let beyond = &found.sorted[fitted.from..];
            let excesses: Vec<f64> = beyond.iter().map(|loss| loss - threshold).collect();
            match goodness(&excesses, GOODNESS_DRAWS, seed, progress) {
                Ok(p_value) if p_value >= FITS => {
                    let shape = fitted.tail.gpd.shape;
                    if shape < 1.0 {
                        fitted.goodness = Some(p_value);
                        return Ok(found);
                    }
                    // A higher threshold may have a mean: between two kinds of losses every tail looks heavy.
                    heavy.get_or_insert(ModelError::InfiniteMean { shape });
                }
                Ok(p_value) => (tried, best) = (tried + 1, best.max(p_value)),
                Err(error) => return Err(error),
            }
        }
        Err(match (tried, heavy, refused) {
            (_, Some(error), _) | (0, None, Some(error)) => error,
            _ => ModelError::NoTail { tried, best },
        })
    }

    /// The same by the sample alone.
    #[must_use]
    pub fn without_tail(self) -> Self {
        Self { tail: None, ..self }
    }

    /// Days over which losses are counted.
    pub const fn horizon(&self) -> f64 {
        self.horizon
    }

    /// The losses in rising order.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// The fitted tail, if there is one.
    pub const fn tail(&self) -> Option<&FittedTail> {
        self.tail.as_ref()
    }

    /// Mean loss.
    ///
    /// # Errors
    /// As [`Losses::stop_loss`].
    pub fn mean(&self) -> Result<f64, ModelError> {
        self.stop_loss(0.0)
    }

    /// Probability of a loss larger than `fund`.
    pub fn exceeds(&self, fund: f64) -> f64 {
        if let Some(FittedTail { tail, .. }) = &self.tail
            && fund >= tail.threshold
        {
            return tail.exceed * tail.gpd.exceeds(fund - tail.threshold);
        }
        self.exceeds_in_sample(fund)
    }

    /// Probability of a loss of at least `fund`: not that of a larger one where losses pile up at one amount.
    pub fn reaches(&self, fund: f64) -> f64 {
        if let Some(FittedTail { tail, .. }) = &self.tail
            && fund > tail.threshold
        {
            return self.exceeds(fund);
        }
        let below = self.sorted.partition_point(|loss| *loss < fund);
        count(self.sorted.len() - below) / count(self.sorted.len())
    }

    /// Share of the sample's losses larger than `fund`.
    pub fn exceeds_in_sample(&self, fund: f64) -> f64 {
        let within = self.sorted.partition_point(|loss| *loss <= fund);
        count(self.sorted.len() - within) / count(self.sorted.len())
    }

    /// Value at risk and expected shortfall of the sample alone.
    ///
    /// # Errors
    /// [`ModelError::Range`].
    pub fn risk_in_sample(&self, level: f64) -> Result<Risk, ModelError> {
        of_sample(&mut self.sorted.clone(), level)
    }

    /// The loss that is exceeded with probability `1 − level`: by the tail where the level lies in it, else the order
    /// statistic.
    ///
    /// # Errors
    /// [`ModelError::Range`].
    pub fn value_at_risk(&self, level: f64) -> Result<f64, ModelError> {
        if let Some(FittedTail { tail, .. }) = &self.tail
            && 1.0 - level <= tail.exceed
        {
            return tail.value_at_risk(level);
        }
        Ok(self.risk_in_sample(level)?.value_at_risk)
    }

    /// Mean of the worst `1 − level` of all losses.
    ///
    /// # Errors
    /// [`ModelError::Range`], [`ModelError::InfiniteMean`].
    pub fn expected_shortfall(&self, level: f64) -> Result<f64, ModelError> {
        let at_risk = self.value_at_risk(level)?;
        Ok(at_risk + self.stop_loss(at_risk)? / (1.0 - level))
    }

    /// What is expected beyond `fund`: `E[(L − fund)⁺]`.
    ///
    /// # Errors
    /// [`ModelError::InfiniteMean`] for a tail without a mean.
    pub fn stop_loss(&self, fund: f64) -> Result<f64, ModelError> {
        let number = count(self.sorted.len());
        let part = |from: usize, to: usize| {
            (self.beyond[from] - self.beyond[to] - fund * count(to - from)) / number
        };
        let from = self.sorted.partition_point(|loss| *loss <= fund);
        let all = self.sorted.len();
        let Some(FittedTail { tail, from: edge, .. }) = &self.tail else {
            return Ok(part(from, all).max(0.0));
        };
        if fund >= tail.threshold {
            return tail.stop_loss(fund);
        }
        // Below the threshold the sample, and all of the tail's losses in full.
        let body = part(from, (*edge).max(from)).max(0.0);
        Ok(body + tail.stop_loss(tail.threshold)? + tail.exceed * (tail.threshold - fund))
    }

    /// A loss drawn by a uniform number: from the sample, or from the tail where the number falls there.
    pub fn drawn(&self, uniform: f64) -> f64 {
        if let Some(FittedTail { tail, .. }) = &self.tail
            && 1.0 - uniform < tail.exceed
        {
            return tail.threshold + tail.gpd.quantile_above((1.0 - uniform) / tail.exceed);
        }
        let at = to_count(libm::floor(uniform * count(self.sorted.len())));
        self.sorted.get(at).or(self.sorted.last()).copied().unwrap_or(0.0)
    }

    /// The tail as another sample of the same size would have shown it: how many losses lie beyond the threshold is
    /// drawn, so are they, and the tail is fitted anew. None without a tail.
    ///
    /// # Errors
    /// Those of the fit.
    pub(crate) fn redrawn_tail(&self, random: &mut Random) -> Result<Option<Tail>, ModelError> {
        let Some(FittedTail { tail, .. }) = &self.tail else { return Ok(None) };
        // The number beyond a fixed threshold is binomial; with at least a hundred the normal is near enough.
        let (share, n) = (tail.exceed, count(self.sorted.len()));
        let spread = (n * share * (1.0 - share)).sqrt();
        let beyond = libm::round(n * share + spread * random.normal()).clamp(2.0, n);
        let excesses: Vec<f64> =
            (0..to_count(beyond)).map(|_| tail.gpd.quantile_above(random.uniform())).collect();
        let gpd = Gpd::fit_any(&excesses)?.gpd;
        Ok(Some(Tail { gpd, threshold: tail.threshold, exceed: beyond / n }))
    }

    /// The same with another tail beyond the threshold.
    #[cfg(test)]
    pub(crate) fn set_tail(mut self, tail: Tail) -> Self {
        if let Some(fitted) = &mut self.tail {
            fitted.tail = tail;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Silent;

    /// Exponential losses, an exact quantile each, half of the scenarios without any.
    fn exponential() -> Losses {
        let half = 20_000;
        let losses: Vec<f64> =
            (0..2 * half)
                .map(|at| {
                    if at < half { 0.0 } else { -libm::log((count(at - half) + 0.5) / count(half)) }
                })
                .collect();
        Losses::new(&losses, 1.0).unwrap()
    }

    #[test]
    fn sample_and_tail_agree_where_they_meet() {
        let plain = exponential();
        let tailed = plain.clone().with_tail(0.05).unwrap();
        assert!(tailed.tail().unwrap().tail.gpd.shape.abs() < 0.02);
        for fund in [0.0, 0.5, 2.0, 2.3, 2.4, 4.0, 6.0] {
            let wanted = 0.5 * libm::exp(-fund);
            for losses in [&plain, &tailed] {
                assert!((losses.exceeds(fund) - wanted).abs() < 1e-3, "{fund}");
                assert!((losses.stop_loss(fund).unwrap() - wanted).abs() < 2e-3, "{fund}");
            }
        }
        let level = 0.995;
        let (at_risk, shortfall) = (-libm::log(0.01), 1.0 - libm::log(0.01));
        for losses in [&plain, &tailed] {
            assert!((losses.value_at_risk(level).unwrap() - at_risk).abs() < 0.05);
            assert!((losses.expected_shortfall(level).unwrap() - shortfall).abs() < 0.06);
        }
        assert!((plain.mean().unwrap() - 0.5).abs() < 1e-3);
    }

    #[test]
    fn the_stop_loss_is_the_sum_over_the_sample() {
        let mut random = Random::new(3);
        let losses: Vec<f64> = (0..500).map(|_| random.pareto(2.5, 1.0, 1e4) - 1.0).collect();
        let of = Losses::new(&losses, 1.0).unwrap();
        for fund in [0.0, 0.3, 1.0, 7.5, 1e5] {
            let naive: f64 = losses.iter().map(|loss| (loss - fund).max(0.0)).sum::<f64>() / 500.0;
            assert!((of.stop_loss(fund).unwrap() - naive).abs() < 1e-9);
        }
        let risk = of.risk_in_sample(0.95).unwrap();
        assert!((of.expected_shortfall(0.95).unwrap() - risk.expected_shortfall).abs() < 1e-9);
    }

    #[test]
    fn drawn_losses_have_the_distribution() {
        let losses = exponential().with_tail(0.05).unwrap();
        let mut random = Random::new(1);
        let drawn: Vec<f64> = (0..100_000).map(|_| losses.drawn(random.uniform())).collect();
        let again = Losses::new(&drawn, 1.0).unwrap();
        for fund in [0.0, 1.0, 3.0, 5.0] {
            let (got, wanted) = (again.exceeds(fund), losses.exceeds(fund));
            assert!((got - wanted).abs() < 4.0 * (wanted / 1e5).sqrt(), "{fund}: {got} {wanted}");
        }
    }

    #[test]
    fn the_tail_of_a_mixture_is_that_of_its_crashes() {
        let mut random = Random::new(5);
        let gpd = Gpd { shape: 0.1, scale: 50.0 };
        let losses: Vec<f64> = (0..20_000)
            .map(|at| {
                let calm = random.uniform();
                if at % 50 == 0 { 100.0 + gpd.quantile_above(random.uniform()) } else { calm }
            })
            .collect();
        let losses = Losses::new(&losses, 1.0).unwrap();
        // Between calm and crash the shape is neither's; where there are crashes alone it is theirs.
        let between = losses.clone().with_tail(0.035).unwrap();
        assert!(between.tail().unwrap().tail.gpd.shape > 1.0);
        let found = losses.clone().with_best_tail(&TAIL_SHARES, 1, &Silent).unwrap();
        let tail = found.tail().unwrap();
        assert!(tail.goodness.is_some_and(|p_value| p_value >= FITS));
        assert!(tail.tail.threshold > 99.0 && tail.tail.gpd.shape < 0.5, "{tail:?}");
        let wanted = 100.0 + gpd.quantile_above(0.001 / 0.02);
        assert!((found.value_at_risk(0.999).unwrap() / wanted - 1.0).abs() < 0.1);
        // Of calm and crash together no tail is theirs: a heavy one comes nearest, and that is not near.
        let none = losses.with_best_tail(&[0.1, 0.05], 1, &Silent);
        assert!(matches!(none, Err(ModelError::NoTail { tried: 2, .. })), "{none:?}");
        let gpd = Gpd { shape: 1.5, scale: 1.0 };
        let heavy: Vec<f64> =
            (0..5_000).map(|at| gpd.quantile_above((f64::from(at) + 0.5) / 5_000.0)).collect();
        let none = Losses::new(&heavy, 1.0).unwrap().with_best_tail(&[0.1], 1, &Silent);
        assert!(matches!(none, Err(ModelError::InfiniteMean { .. })), "{none:?}");
        let flat: Vec<f64> =
            (0..5_000).map(|at| if at % 3 == 0 { 5.0 } else { 0.1 } + random.uniform()).collect();
        let none = Losses::new(&flat, 1.0).unwrap().with_best_tail(&[0.5], 1, &Silent);
        assert!(matches!(none, Err(ModelError::NoTail { tried: 1, .. })), "{none:?}");
        let few = Losses::new(&[1.0, 2.0], 1.0).unwrap().with_best_tail(&TAIL_SHARES, 1, &Silent);
        assert!(matches!(few, Err(ModelError::TooFew { .. })));
    }

    #[test]
    fn bad_losses_are_named() {
        assert!(matches!(Losses::new(&[], 1.0), Err(ModelError::TooFew { .. })));
        assert!(matches!(Losses::new(&[-1.0], 1.0), Err(ModelError::Range { .. })));
        assert!(matches!(Losses::new(&[f64::NAN], 1.0), Err(ModelError::NotFinite { at: 0, .. })));
        assert!(matches!(Losses::new(&[1.0], 0.0), Err(ModelError::Range { .. })));
        let few = Losses::new(&[1.0; 500], 1.0).unwrap().with_tail(0.1);
        assert!(matches!(few, Err(ModelError::TooFew { got: 50, .. })));
        let mut mostly_none = vec![0.0; 950];
        mostly_none.extend([1.0; 50]);
        let none = Losses::new(&mostly_none, 1.0).unwrap().with_tail(0.2);
        assert!(matches!(none, Err(ModelError::Range { .. })), "{none:?}");
    }
}
