//! At which price a liquidation's fill would have left nothing and lacked nothing.

use crate::{
    liquidation::{bankruptcy, margin::notional},
    reject::Reject,
};
use backstop_units::{Amount, Base, Price, Signed};

/// The bankruptcy price of a part that was closed, out of what its record says: the size, the price of the fill,
/// whether the account sold, and what the fill brought above bankruptcy (below zero: what it lacked), in quote atoms.
/// None where no price makes that part bankrupt.
///
/// **Rounding** as [`bankruptcy::price`]: toward what never costs the fund.
///
/// # Errors
/// As [`bankruptcy::price`].
pub fn bankruptcy_price(
    (size, price): (Base, Price),
    (sells, residual): (bool, Signed),
    decimals: u8,
) -> Result<Option<Price>, Reject> {
    let turned = |value: Signed| value.checked_neg().ok_or(Reject::overflow());
    let size = Signed::gain(Amount::new(size.get())).ok_or(Reject::overflow())?;
    let value = notional(size, decimals, price)?;
    let (delta, fill) = if sells { (turned(size)?, value) } else { (size, turned(value)?) };
    let bankrupt = fill.checked_sub(residual).ok_or(Reject::overflow())?;
    bankruptcy::price(delta, decimals, bankrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten units of two decimals; a price of 7 atoms for a unit is 7 × 10⁹.
    #[test]
    fn what_the_fill_lacked_moves_the_price() {
        let at = |price: u128| Price::new(price * 1_000_000_000);
        for (sells, fill, residual, expected) in [
            // Sold for 70 and lacked 30: 100 would have been needed.
            (true, 7, -30, Some(10)),
            (true, 7, 30, Some(4)),
            (true, 7, 0, Some(7)),
            // Bought back for 70 and lacked 30: 40 were there.
            (false, 7, -30, Some(4)),
            (false, 7, 30, Some(10)),
            // Sold for 70 with 80 to spare: at no price above zero.
            (true, 7, 80, None),
        ] {
            let part = (Base::new(1_000), at(fill));
            let found = bankruptcy_price(part, (sells, Signed::new(residual)), 2);
            assert_eq!(found, Ok(expected.map(at)), "{sells} {fill} {residual}");
        }
    }
}
