//! Collateral taken for debt: what the liquidator pays, what the debtor is relieved of, what the fund
//! gets in between.

use super::{fee::check_fees, margin::scale};
use crate::reject::{Reject, RejectCode};
use backstop_units::{Amount, Ppm, Price, Ratio, Signed};

/// A seizure of collateral at two prices and two fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seizure {
    /// Collateral taken, in its atoms.
    pub collateral: Amount,
    /// Decimals of the collateral.
    pub collateral_decimals: u8,
    /// Price of a whole unit of collateral.
    pub collateral_price: Price,
    /// Decimals of the debt.
    pub debt_decimals: u8,
    /// Price of a whole unit of debt, in the same quote.
    pub debt_price: Price,
    /// Discount that the liquidator buys at.
    pub liquidator_fee: Ppm,
    /// Discount that goes to the fund on top of it.
    pub fund_fee: Ppm,
}

/// The legs, in atoms of the debt. **Invariant** `paid = relieved + fund`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Legs {
    /// By the liquidator.
    pub paid: Amount,
    /// Off the debtor's debt.
    pub relieved: Amount,
    /// To the fund.
    pub fund: Amount,
}

impl Seizure {
    /// The legs of the seizure.
    ///
    /// ```text
    ///   paid     = ⌈q × p_collateral × (1 − liquidator_fee) ÷ p_debt⌉
    ///   relieved = ⌊q × p_collateral × (1 − liquidator_fee − fund_fee) ÷ p_debt⌋
    /// ```
    ///
    /// **Rounding** the liquidator up, the debtor down; the fund keeps the dust. **Source** liquidation
    /// in margin lending on chain.
    ///
    /// # Errors
    /// [`RejectCode::BadPolicy`] when the fees reach the whole, or debt has no price;
    /// [`RejectCode::TooManyDecimals`]; [`RejectCode::Overflow`].
    pub fn legs(&self) -> Result<Legs, Reject> {
        check_fees(self.liquidator_fee, self.fund_fee)?;
        if self.debt_price == Price::ZERO {
            return Err(Reject::none(RejectCode::BadPolicy));
        }
        let to_liquidator = Ppm::WHOLE.saturating_sub(self.liquidator_fee);
        let to_debtor = to_liquidator.saturating_sub(self.fund_fee);
        let paid = self.worth(to_liquidator)?.ceil()?.positive();
        let relieved = self.worth(to_debtor)?.floor()?.positive();
        Ok(Legs { paid, relieved, fund: paid.saturating_sub(relieved) })
    }

    /// The fewest atoms of collateral whose seizure takes a debt away; as many as there can be if that
    /// can't be written.
    ///
    /// **Rounding** up: what the last atom brings beyond the debt is the debtor's.
    ///
    /// # Errors
    /// As [`Self::legs`].
    pub fn needed(&self, debt: Amount) -> Result<Amount, Reject> {
        check_fees(self.liquidator_fee, self.fund_fee)?;
        let kept = Ppm::WHOLE.saturating_sub(self.liquidator_fee).saturating_sub(self.fund_fee);
        let (worth, unit) = (power(self.debt_decimals)?, power(self.collateral_decimals)?);
        let atoms = || {
            Ratio::whole(Signed::new(1))
                .times(debt.get())?
                .times(self.debt_price.get())?
                .times(unit)?
                .times(u128::from(Ppm::WHOLE.get()))?
                .over(self.collateral_price.get())?
                .over(u128::from(kept.get()))?
                .over(worth)?
                .ceil()
        };
        Ok(atoms().map_or(Amount::MAX, Signed::positive))
    }

    /// A portion of the collateral's value in atoms of the debt, exact.
    fn worth(&self, portion: Ppm) -> Result<Ratio, Reject> {
        let value = Ratio::whole(Signed::new(1))
            .times(self.collateral.get())?
            .times(self.collateral_price.get())?
            .times(u128::from(portion.get()))?
            .times(power(self.debt_decimals)?)?;
        Ok(value
            .over(self.debt_price.get())?
            .over(power(self.collateral_decimals)?)?
            .over(u128::from(Ppm::WHOLE.get()))?)
    }
}

/// What a whole unit of an asset costs in itself: atoms × 10⁹, as every [`Price`].
///
/// # Errors
/// [`RejectCode::TooManyDecimals`] past 29.
pub fn par(decimals: u8) -> Result<Price, Reject> {
    scale(decimals).map(Price::new)
}

fn power(decimals: u8) -> Result<u128, Reject> {
    let limit = 38u32;
    let too_many = Reject::new(RejectCode::TooManyDecimals, u32::from(decimals), limit);
    10u128.checked_pow(u32::from(decimals)).ok_or(too_many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seizure(collateral: u128, prices: (u128, u128), decimals: (u8, u8)) -> Seizure {
        Seizure {
            collateral: Amount::new(collateral),
            collateral_decimals: decimals.0,
            collateral_price: Price::new(prices.0),
            debt_decimals: decimals.1,
            debt_price: Price::new(prices.1),
            liquidator_fee: Ppm::new(25_000),
            fund_fee: Ppm::new(25_000),
        }
    }

    #[test]
    fn table() {
        for (collateral, prices, decimals, want) in [
            (10_000_000, (10, 10), (6, 9), (9_750_000_000, 9_500_000_000, 250_000_000)),
            (10_000_000_000, (100, 50), (9, 6), (19_500_000, 19_000_000, 500_000)),
            (2_000_000_000, (1, 1), (6, 6), (1_950_000_000, 1_900_000_000, 50_000_000)),
            (5_000_000, (2, 10), (6, 9), (975_000_000, 950_000_000, 25_000_000)),
            (1, (1, 1), (0, 0), (1, 0, 1)),
            (0, (1, 1), (0, 0), (0, 0, 0)),
            (7, (0, 1), (0, 0), (0, 0, 0)),
        ] {
            let legs = seizure(collateral, prices, decimals).legs().unwrap();
            let got = (legs.paid.get(), legs.relieved.get(), legs.fund.get());
            assert_eq!(got, want, "{collateral} at {prices:?}");
        }
    }

    #[test]
    fn as_much_as_a_debt_needs() {
        for (debt, prices, decimals, want) in [
            // 9.5 of each 10 reach the debt.
            (950, (10, 10), (6, 6), 1_000),
            (951, (10, 10), (6, 6), 1_002),
            (0, (10, 10), (6, 6), 0),
            (1, (10, 10), (6, 6), 2),
            (95_000_000, (100, 50), (9, 6), 50_000_000_000),
            (5, (0, 1), (0, 0), u128::MAX),
            (u128::MAX, (1, u128::MAX), (30, 0), u128::MAX),
        ] {
            let seizure = seizure(0, prices, decimals);
            assert_eq!(seizure.needed(Amount::new(debt)), Ok(Amount::new(want)), "{debt}");
            let legs = Seizure { collateral: Amount::new(want.min(1 << 64)), ..seizure }.legs();
            assert!(want == u128::MAX || legs.unwrap().relieved.get() >= debt, "{debt}");
        }
        assert_eq!(par(6), Ok(Price::new(1_000_000_000_000_000)));
        assert!(par(30).is_err());
    }

    #[test]
    fn refusals() {
        let code = |seizure: Seizure| seizure.legs().unwrap_err().code;
        let good = seizure(5, (1, 1), (0, 0));
        assert_eq!(code(Seizure { fund_fee: Ppm::new(975_000), ..good }), RejectCode::BadPolicy);
        assert_eq!(code(Seizure { debt_price: Price::ZERO, ..good }), RejectCode::BadPolicy);
        assert_eq!(code(Seizure { debt_decimals: 39, ..good }), RejectCode::TooManyDecimals);
        let wide = Seizure { collateral: Amount::MAX, collateral_price: Price::MAX, ..good };
        assert_eq!(code(wide), RejectCode::Overflow);
    }

    proptest! {
        #[test]
        fn the_fund_keeps_the_dust(
            collateral: u64, prices in (1u128..1 << 60, 1u128..1 << 60), decimals in (0u8..18, 0u8..18),
            fees in (0u32..500_000, 0u32..500_000),
        ) {
            let seizure = Seizure {
                liquidator_fee: Ppm::new(fees.0),
                fund_fee: Ppm::new(fees.1),
                ..seizure(collateral.into(), prices, decimals)
            };
            let Ok(legs) = seizure.legs() else { return Ok(()) };
            prop_assert_eq!(legs.relieved.checked_add(legs.fund), Some(legs.paid));
            // At least the exact fee, and less than two atoms more.
            let exact = seizure.worth(seizure.fund_fee).unwrap();
            prop_assert!(exact.ceil().unwrap().positive() <= legs.fund);
            prop_assert!(legs.fund.get() <= exact.ceil().unwrap().positive().get() + 1);
        }
    }
}
