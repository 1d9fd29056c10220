//! Variance as an exponentially weighted average of squared returns.

use super::error::{ModelError, between, checked};

/// Weight of the past in the `RiskMetrics` document of 1996, for daily returns.
pub const DAILY: f64 = 0.94;

/// Variance forecasts: the one for each return from those before it, and last the one for the next return. The first
/// is the first return squared, since nothing stands before it.
///
/// **Source** `RiskMetrics` technical document (1996): `s²ₜ = λ s²ₜ₋₁ + (1 − λ) r²ₜ₋₁`.
///
/// # Errors
/// [`ModelError::TooFew`] without a return, [`ModelError::NotFinite`], [`ModelError::Range`] for a weight outside
/// 0 to 1.
pub fn variances(returns: &[f64], weight: f64) -> Result<Vec<f64>, ModelError> {
    checked(returns, ("an average of squared returns", 1, "give at least one return"))?;
    between(("the weight of the past", "between 0 and 1"), weight, (0.0, 1.0))?;
    let first = returns[0] * returns[0];
    let mut variances = vec![first];
    let mut last = first;
    // The first return is in the first variance already.
    variances.push(first);
    for value in &returns[1..] {
        last = weight * last + (1.0 - weight) * value * value;
        variances.push(last);
    }
    Ok(variances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named() {
        assert!(matches!(variances(&[], DAILY), Err(ModelError::TooFew { got: 0, .. })));
        assert!(matches!(variances(&[1.0], 1.0), Err(ModelError::Range { .. })));
        let refused = variances(&[1.0, f64::NAN], DAILY);
        assert!(matches!(refused, Err(ModelError::NotFinite { at: 1, .. })));
    }
}
