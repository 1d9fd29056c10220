//! What an account must hold so that its positions are worth no more than a multiple of it.

use super::margin::Account;
use crate::reject::Reject;
use backstop_units::{Amount, Ppm};

/// Initial margin under a largest leverage: for each position the larger of what its own rules ask for
/// and `⌈|notional| ÷ most⌉`. In quote atoms.
///
/// **Shape** `most` in parts per million, the whole is a leverage of 1; nothing means that no position
/// may be held, and needs all there is. **Rounding** up. **Source** the leverage is the notional over the
/// margin that it needs, as exchanges publish it.
///
/// # Errors
/// [`crate::RejectCode::Overflow`]; those of [`Account::standing`].
pub fn initial(account: &Account<'_>, most: Ppm) -> Result<Amount, Reject> {
    let (whole, most) = (u128::from(Ppm::WHOLE.get()), u128::from(most.get()));
    let mut sum = Amount::ZERO;
    for position in &account.positions {
        let notional = position.notional()?.size();
        let least = match most {
            0 if notional.is_zero() => Amount::ZERO,
            0 => Amount::MAX,
            most => notional.mul_div_ceil(whole, most)?,
        };
        sum = sum.saturating_add(least.max(position.standing()?.initial));
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liquidation::margin::{Margin, Position};
    use backstop_units::{Price, Signed};
    use std::vec::Vec;

    #[test]
    fn the_tighter_of_both() {
        for (sizes, rate, most, want) in [
            (&[10i128][..], 50_000u32, 10_000_000u32, 100u128),
            (&[-10], 50_000, 10_000_000, 100),
            (&[10], 200_000, 10_000_000, 200),
            (&[10], 50_000, 20_000_000, 50),
            // Each position for itself, rounded up.
            (&[10, -10, 1], 50_000, 3_000_000, 334 + 334 + 34),
            (&[10], 50_000, 500_000, 2_000),
            (&[10], 50_000, u32::MAX, 50),
            (&[10, 10], 50_000, 0, u128::MAX),
            (&[0], 50_000, 0, 0),
            (&[], 50_000, 0, 0),
        ] {
            let position = |size: &i128| Position {
                size: Signed::new(*size),
                decimals: 0,
                mark: Price::new(100_000_000_000),
                funding: Signed::ZERO,
                maintenance: Margin::Rate(Ppm::new(1)),
                initial: Margin::Rate(Ppm::new(rate)),
            };
            let positions: Vec<_> = sizes.iter().map(position).collect();
            let account = Account { collateral: Signed::ZERO, positions };
            let got = initial(&account, Ppm::new(most));
            assert_eq!(got, Ok(Amount::new(want)), "{sizes:?} {rate} {most}");
        }
    }
}
