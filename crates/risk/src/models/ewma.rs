//! Variance as an exponentially weighted average of squared returns.

use super::error::{ModelError, between, checked};

/// Weight of the past in the `RiskMetrics` document of 1996, for daily returns.
pub const DAILY: f64 = 0.94;

/// Variance forecasts: the one for each return from those before it, and last the one for the next return. The first
/// is the first return squared, since nothing stands before it; where prices did not move at first, it is that of the
/// first return that is not zero, and so are those up to it. All are zero if no return is another.
///
/// **Source** `RiskMetrics` technical document (1996): `s²ₜ = λ s²ₜ₋₁ + (1 − λ) r²ₜ₋₁`.
///
/// # Errors
/// [`ModelError::TooFew`] without a return, [`ModelError::NotFinite`], [`ModelError::Range`] for a weight outside
/// 0 to 1.
pub fn variances(returns: &[f64], weight: f64) -> Result<Vec<f64>, ModelError> {
    checked(returns, ("an average of squared returns", 1, "give at least one return"))?;
    between(("the weight of the past", "between 0 and 1"), weight, (0.0, 1.0))?;
    let still = returns.iter().take_while(|value| **value == 0.0).count();
    let first = returns.get(still).map_or(0.0, |value| value * value);
    // The first return that moves is in the first variance already.
    let begun = (still + 1).min(returns.len());
    let mut variances = vec![first; begun + 1];
    let mut last = first;
    for value in &returns[begun..] {
        last = weight * last + (1.0 - weight) * value * value;
        variances.push(last);
    }
    Ok(variances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_of_zero_at_first_are_no_variance_of_zero() {
        let moved = variances(&[3.0, -1.0, 2.0], 0.9).unwrap();
        let found = variances(&[0.0, -0.0, 3.0, -1.0, 2.0], 0.9).unwrap();
        assert_eq!(found[..2], [9.0, 9.0]);
        assert_eq!(found[2..], moved);
        assert_eq!(variances(&[0.0, 0.0], 0.9).unwrap(), [0.0; 3]);
    }

    #[test]
    fn bad_input_is_named() {
        assert!(matches!(variances(&[], DAILY), Err(ModelError::TooFew { got: 0, .. })));
        assert!(matches!(variances(&[1.0], 1.0), Err(ModelError::Range { .. })));
        let refused = variances(&[1.0, f64::NAN], DAILY);
        assert!(matches!(refused, Err(ModelError::NotFinite { at: 1, .. })));
    }
}
