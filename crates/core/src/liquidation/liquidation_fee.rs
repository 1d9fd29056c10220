//! How what a fill brought above bankruptcy is shared: liquidator, fund, account.

use super::fee::charge;
use crate::reject::Reject;
use backstop_units::{Amount, Ppm};

/// What may be charged on a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillFees {
    /// The liquidator's portion of the fill.
    pub liquidator: Ppm,
    /// The fund's portion of it.
    pub fund: Ppm,
    /// What the fund gets besides for the size of the position, in quote atoms.
    pub size: Amount,
    /// Most that the fund gets, in quote atoms.
    pub cap: Option<Amount>,
}

/// What is charged on a fill, in quote atoms; the account keeps the rest of the residual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// To the liquidator.
    pub liquidator: Amount,
    /// To the fund.
    pub fund: Amount,
}

/// Charges a fill of `value` that brought `residual` above bankruptcy.
///
/// ```text
///   liquidator = min(residual, ⌊value × liquidator⌋)
///   fund       = min(residual − liquidator, ⌊value × fund⌋ + size, cap)
/// ```
///
/// **Never bankrupts** both together are at most the residual, so no fee is ever a reason for a payout.
/// **Rounding** down: the account keeps the dust.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn charged(residual: Amount, value: Amount, fees: &FillFees) -> Result<Charged, Reject> {
    let liquidator = charge(value, fees.liquidator, Some(residual))?;
    let left = residual.saturating_sub(liquidator);
    let all = charge(value, fees.fund, None)?.saturating_add(fees.size);
    Ok(Charged { liquidator, fund: all.min(left).min(fees.cap.unwrap_or(Amount::MAX)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (residual, value, (liquidator, fund, size, cap), want) in [
            (100, 1_000, (10_000, 20_000, 0, None), (10, 20)),
            (100, 1_000, (10_000, 20_000, 7, None), (10, 27)),
            (100, 1_000, (10_000, 20_000, 7, Some(21)), (10, 21)),
            (100, 1_000, (10_000, 20_000, 500, None), (10, 90)),
            // The liquidator is first, and nobody gets what is not there.
            (25, 1_000, (20_000, 20_000, 0, None), (20, 5)),
            (15, 1_000, (20_000, 20_000, 9, None), (15, 0)),
            (0, 1_000, (20_000, 20_000, 9, None), (0, 0)),
            (100, 999, (10_000, 10_000, 0, None), (9, 9)),
            (100, 0, (10_000, 10_000, 3, Some(0)), (0, 0)),
        ] {
            let fees = FillFees {
                liquidator: Ppm::new(liquidator),
                fund: Ppm::new(fund),
                size: Amount::new(size),
                cap: cap.map(Amount::new),
            };
            let got = charged(Amount::new(residual), Amount::new(value), &fees).unwrap();
            assert_eq!((got.liquidator.get(), got.fund.get()), want, "{residual} {value} {fees:?}");
        }
    }
}
