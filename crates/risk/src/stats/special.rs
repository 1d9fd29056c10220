//! Distribution functions, from `statrs`, under the names that this crate uses.
//!
//! Arguments that no distribution has (a negative count of degrees of freedom, a probability outside 0 to 1)
//! give `NaN`; callers check theirs before.

use crate::float::count;
use statrs::{
    distribution::{
        Beta, Binomial, ChiSquared, Continuous, ContinuousCDF, DiscreteCDF, Normal, StudentsT,
    },
    function::{beta, gamma},
};

fn unit_normal() -> Normal {
    Normal::standard()
}

/// Density of the standard normal.
pub fn normal_density(x: f64) -> f64 {
    unit_normal().pdf(x)
}

/// Probability that a standard normal lies at or below `x`.
pub fn normal_cdf(x: f64) -> f64 {
    unit_normal().cdf(x)
}

/// Quantile of the standard normal.
pub fn normal_quantile(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { unit_normal().inverse_cdf(p) } else { f64::NAN }
}

fn student(nu: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, nu).ok()
}

/// Density of Student's t with `nu` degrees of freedom.
pub fn student_density(x: f64, nu: f64) -> f64 {
    student(nu).map_or(f64::NAN, |t| t.pdf(x))
}

/// Probability that Student's t with `nu` degrees of freedom lies at or below `x`.
pub fn student_cdf(x: f64, nu: f64) -> f64 {
    student(nu).map_or(f64::NAN, |t| t.cdf(x))
}

/// Quantile of Student's t with `nu` degrees of freedom.
pub fn student_quantile(p: f64, nu: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    student(nu).map_or(f64::NAN, |t| t.inverse_cdf(p))
}

/// Probability that chi squared with `freedom` degrees of freedom exceeds `x`: the p-value of a likelihood ratio.
pub fn chi_squared_tail(x: f64, freedom: f64) -> f64 {
    ChiSquared::new(freedom).map_or(f64::NAN, |chi| chi.sf(x.max(0.0)))
}

/// What chi squared with `freedom` degrees of freedom exceeds with probability `p`.
pub fn chi_squared_quantile_above(p: f64, freedom: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    ChiSquared::new(freedom).map_or(f64::NAN, |chi| chi.inverse_cdf(1.0 - p))
}

/// Probability of at most `k` successes in `n` trials of probability `p`.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    Binomial::new(p, n).map_or(f64::NAN, |binomial| binomial.cdf(k))
}

/// Quantile of the beta distribution: bounds of a binomial share (Clopper and Pearson) are made of it.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(p))
}

/// Bounds of a binomial share that hold it with probability `confidence`, from `events` in `trials` (Wilson 1927);
/// both zero without a trial.
pub fn wilson(events: usize, trials: usize, confidence: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 0.0);
    }
    let number = count(trials);
    let (share, z) = (count(events) / number, normal_quantile(f64::midpoint(1.0, confidence)));
    let square = z * z / number;
    let middle = share + square / 2.0;
    let reach = z * (share * (1.0 - share) / number + square / (4.0 * number)).sqrt();
    let (low, high) = ((middle - reach) / (1.0 + square), (middle + reach) / (1.0 + square));
    // At none and at all the formula gives the end itself, but for rounding.
    (
        if events == 0 { 0.0 } else { low.max(0.0) },
        if events == trials { 1.0 } else { high.min(1.0) },
    )
}

/// Natural logarithm of the gamma function.
pub fn ln_gamma(x: f64) -> f64 {
    gamma::ln_gamma(x)
}

/// Derivative of [`ln_gamma`].
pub fn digamma(x: f64) -> f64 {
    gamma::digamma(x)
}

/// Natural logarithm of the beta function.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    beta::ln_beta(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, wanted: f64, tolerance: f64) {
        assert!((got / wanted - 1.0).abs() <= tolerance, "{got} is not {wanted}");
    }

    #[test]
    fn published_quantiles_come_out() {
        // NIST handbook tables, and further digits from closed forms.
        near(normal_quantile(0.999), 3.090_232_306_167_813, 1e-12);
        near(student_quantile(0.975, 4.0), 2.776_445_105_197_793_4, 1e-10);
        near(student_quantile(0.99, 6.5), 3.063_365_510_660_112, 1e-10);
        near(chi_squared_tail(3.841_458_820_694_124, 1.0), 0.05, 1e-9);
        near(chi_squared_tail(5.991_464_547_107_979, 2.0), 0.05, 1e-9);
        // Two degrees of freedom have a closed form: F(x) = 1/2 + x / (2 sqrt(2 + x²)).
        near(student_cdf(-3.0, 2.0), 0.5 - 3.0 / (2.0 * 11.0_f64.sqrt()), 1e-12);
        near(digamma(1.0), -0.577_215_664_901_532_9, 1e-12);
    }

    #[test]
    fn bounds_of_a_share_are_the_published_ones() {
        // Newcombe (1998), table I: 81 of 263 and 0 of 20 at 95 %.
        let (low, high) = wilson(81, 263, 0.95);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        let (low, high) = wilson(0, 20, 0.95);
        assert!(low == 0.0 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
        near(chi_squared_quantile_above(0.05, 1.0), 3.841_458_820_694_124, 1e-8);
    }

    #[test]
    fn what_is_no_distribution_is_not_a_number() {
        for value in [
            normal_quantile(1.5),
            student_quantile(0.5, -1.0),
            student_cdf(0.0, f64::NAN),
            chi_squared_tail(1.0, 0.0),
            binomial_cdf(1, 2, 1.5),
        ] {
            assert!(value.is_nan());
        }
    }
}
