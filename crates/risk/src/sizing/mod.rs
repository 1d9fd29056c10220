//! How big the fund should be, what it costs when it is not, and what a slice of its losses is worth.
//!
//! Everything here begins with [`Losses`]: what the fund would have to pay over a stated number of days. Amounts are
//! floats in whole units of the fund's asset until the end; what becomes money is rounded up, against the payer of risk
//! ([`money`]).

pub mod fees;
pub mod losses;
pub mod optimum;
pub mod ruin;
pub mod tranche;

pub use losses::Losses;

use crate::{float::to_units, models::ModelError, stats::special::binomial_cdf};
use backstop_units::Amount;

/// Days of a year, for rates.
pub const YEAR: f64 = 365.0;

/// An amount of a risk model as money, with `decimals` of the asset. **Rounding** up: the fund must have at least so much.
///
/// # Errors
/// [`ModelError::Range`] for what is negative, no number, or beyond 128 bits.
pub fn money(amount: f64, decimals: u8) -> Result<Amount, ModelError> {
    let atoms = libm::ceil(amount * libm::pow(10.0, f64::from(decimals)));
    let most = 1.7e38;
    if (0.0..=most).contains(&atoms) {
        return Ok(Amount::new(to_units(atoms)));
    }
    Err(ModelError::Range {
        what: "an amount of money",
        got: amount,
        range: "from 0 to 2^127 atoms",
    })
}

/// Places from 0 of the order statistics that hold a quantile with a probability.
pub(crate) fn order_bounds(number: usize, level: f64, confidence: f64) -> (usize, usize) {
    let trials = u64::try_from(number).unwrap_or(u64::MAX);
    let tail = (1.0 - confidence) / 2.0;
    // The first number of values below the quantile at which the binomial reaches a probability.
    let reaches = |probability: f64| {
        let (mut low, mut high) = (0, trials);
        while low < high {
            let middle = low + (high - low) / 2;
            if binomial_cdf(middle, trials, level) >= probability {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        usize::try_from(low).unwrap_or(usize::MAX)
    };
    (reaches(tail).saturating_sub(1), reaches(1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_rounded_up() {
        assert_eq!(money(1.000_000_2, 6).unwrap(), Amount::new(1_000_001));
        assert_eq!(money(0.0, 6).unwrap(), Amount::ZERO);
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e39] {
            assert!(money(bad, 0).is_err(), "{bad}");
        }
    }
}
