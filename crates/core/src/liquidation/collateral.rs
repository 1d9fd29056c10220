//! What collateral counts for: less than its price, and less again beyond a cap.

use super::margin::scale;
use crate::reject::{Reject, RejectCode};
use backstop_units::{Amount, Ppm, Price};

/// Collateral of one asset in one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// How many atoms.
    pub amount: Amount,
    /// Decimals of the asset.
    pub decimals: u8,
    /// Quote atoms for each whole unit × 10⁹.
    pub price: Price,
    /// Taken off its value.
    pub haircut: Ppm,
    /// Amount beyond which the second haircut holds: the concentration cap. None for no cap.
    pub cap: Option<Amount>,
    /// Taken off the value beyond the cap, instead of the first; the whole counts it for nothing.
    pub beyond: Ppm,
}

/// What the collateral counts for in margin, in quote atoms.
///
/// ```text
///   ⌊min(cap, amount) × price × (1 − haircut)⌋ + ⌊(amount − cap) × price × (1 − beyond)⌋
/// ```
///
/// **Rounding** each value and each haircut against the account, which bears the dust. A depeg can't
/// raise what counts. **Source** margin assets as exchanges publish them.
///
/// # Errors
/// [`RejectCode::BadPolicy`] for a haircut over the whole; [`RejectCode::TooManyDecimals`];
/// [`RejectCode::Overflow`].
pub fn counted(collateral: &Collateral) -> Result<Amount, Reject> {
    let cap = collateral.cap.unwrap_or(Amount::MAX);
    let within = collateral.amount.min(cap);
    let beyond = collateral.amount.saturating_sub(within);
    let unit = scale(collateral.decimals)?;
    let part = |amount: Amount, haircut: Ppm| -> Result<Amount, Reject> {
        if haircut > Ppm::WHOLE {
            let (got, limit) = (haircut.get(), Ppm::WHOLE.get());
            return Err(Reject::new(RejectCode::BadPolicy, got, limit));
        }
        let value = amount.mul_div_floor(collateral.price.get(), unit)?;
        Ok(Ppm::WHOLE.saturating_sub(haircut).of_floor(value)?)
    };
    let sum = part(within, collateral.haircut)?.checked_add(part(beyond, collateral.beyond)?);
    sum.ok_or(Reject::overflow())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let usd = 1_000_000_000_000_000;
        for (amount, price, haircut, cap, beyond, want) in [
            (1_000_000_000, 100 * usd, 100_000, None, 0, 90_000_000),
            (3_000_000_000, 100 * usd, 100_000, Some(1_000_000_000), 500_000, 190_000_000),
            (3_000_000_000, 100 * usd, 100_000, Some(1_000_000_000), 1_000_000, 90_000_000),
            (3_000_000_000, 100 * usd, 0, Some(0), 250_000, 225_000_000),
            (1, 100 * usd, 0, None, 0, 0),
            (33, 999 * usd, 1, None, 0, 31),
            (0, usd, 0, Some(5), 0, 0),
            (5, 0, 0, None, 0, 0),
        ] {
            let collateral = Collateral {
                amount: Amount::new(amount),
                decimals: 9,
                price: Price::new(price),
                haircut: Ppm::new(haircut),
                cap: cap.map(Amount::new),
                beyond: Ppm::new(beyond),
            };
            assert_eq!(counted(&collateral), Ok(Amount::new(want)), "{collateral:?}");
            let bad = Collateral { haircut: Ppm::new(1_000_001), ..collateral };
            assert_eq!(counted(&bad).unwrap_err().code, RejectCode::BadPolicy);
        }
        let wide = Collateral {
            amount: Amount::MAX,
            decimals: 0,
            price: Price::MAX,
            haircut: Ppm::ZERO,
            cap: None,
            beyond: Ppm::ZERO,
        };
        assert_eq!(counted(&wide).unwrap_err(), Reject::overflow());
    }
}
