//! What a liquidation may charge, and how the liquidator's part rises with time.
//!
//! A fee is taken out of margin that the closed part sets free. What is free is its margin less the
//! liquidator's fee less its part of the shortage; only a share of that headroom may be charged, so
//! that the fee itself makes nobody bankrupt.

use super::margin::scale;
use crate::reject::{Reject, RejectCode};
use backstop_units::{Amount, Ppm, Price, Signed, mul_div_floor};

/// Par of a quote asset's own price, in billionths.
pub const PAR: u128 = 1_000_000_000;

/// What is to be closed and how much margin is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Missing margin in quote atoms.
    pub missing: Amount,
    /// Base atoms of the position or debt, of either side.
    pub size: Signed,
    /// Their decimals.
    pub decimals: u8,
    /// Quote atoms for each whole unit × 10⁹.
    pub price: Price,
    /// Price of the quote asset itself in billionths; [`PAR`] where margin is counted in it.
    pub quote_price: u128,
}

impl Shortage {
    /// The shortage as a portion of what is closed, with the size rounded away first; none when
    /// nothing is closed or it is worth nothing.
    ///
    /// `⌊⌊missing × unit ÷ |size|⌋ × 10⁶ ÷ price⌋`. **Rounding** down twice: the fund takes the dust,
    /// and what is not charged of the headroom makes up for it.
    fn portion(&self) -> Result<Option<u128>, Reject> {
        let price = mul_div_floor(self.price.get(), self.quote_price, PAR)?;
        if self.size.is_zero() || price == 0 {
            return Ok(None);
        }
        let unit = mul_div_floor(scale(self.decimals)?, 1, PAR)?;
        // What does not fit is more than any portion.
        let each = mul_div_floor(self.missing.get(), unit, self.size.size().get());
        let each = each.unwrap_or(u128::MAX);
        let scaled = PAR.saturating_mul(u128::from(Ppm::WHOLE.get()));
        Ok(Some(mul_div_floor(each, scaled, price).unwrap_or(u128::MAX)))
    }
}

/// Bounds of the fund's fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    /// At most, as a portion of the closed value.
    pub max: Ppm,
    /// Of the headroom at most this share is charged, such as 19/20.
    pub headroom_share: Ppm,
}

/// The fund's fee on closing a position, as a portion of its value.
///
/// ```text
///   min(max, ⌊headroom_share × (margin − liquidator_fee − shortage)⌋),  nothing below zero
/// ```
///
/// `margin` is the maintenance ratio of the position. Zero for a position of no size or no price.
/// **Rounding** down; the shortage as in [`Shortage`]. **Source** liquidation fees of perpetual venues
/// on chain.
///
/// # Errors
/// [`RejectCode::TooManyDecimals`]; [`RejectCode::Overflow`].
pub fn position_fee(
    margin: Ppm,
    liquidator_fee: Ppm,
    shortage: &Shortage,
    policy: FeePolicy,
) -> Result<Ppm, Reject> {
    let Some(missing) = shortage.portion()? else { return Ok(Ppm::ZERO) };
    let free = u128::from(margin.saturating_sub(liquidator_fee).get()).saturating_sub(missing);
    bounded(free, u128::from(Ppm::WHOLE.get()), policy)
}

/// How a debt and the collateral that is sold for it weigh in margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebtWeights {
    /// What the collateral counts for.
    pub asset: Ppm,
    /// Collateral taken for each unit repaid: the whole and the liquidator's part.
    pub asset_multiplier: Ppm,
    /// What the debt counts for; above the whole.
    pub debt: Ppm,
    /// Debt repaid for each unit of it.
    pub debt_multiplier: Ppm,
}

/// The fund's fee on repaying a debt with collateral, as a portion of the debt.
///
/// ```text
///   min(max, ⌊headroom_share × (debt − ⌊asset × asset_multiplier ÷ debt_multiplier⌋ − shortage) ÷ debt⌋)
/// ```
///
/// Nothing below zero, nor for a debt of no size or price, or that counts no more than the collateral:
/// closing it sets no margin free. **Rounding** down at each division. **Source** liquidation fees of
/// margin lending on chain.
///
/// # Errors
/// As [`position_fee`].
pub fn debt_fee(
    weights: &DebtWeights,
    shortage: &Shortage,
    policy: FeePolicy,
) -> Result<Ppm, Reject> {
    let [asset, taken, debt, repaid] =
        [weights.asset, weights.asset_multiplier, weights.debt, weights.debt_multiplier]
            .map(|weight| u128::from(weight.get()));
    let Some(missing) = shortage.portion()? else { return Ok(Ppm::ZERO) };
    if repaid == 0 || asset >= debt {
        return Ok(Ppm::ZERO);
    }
    let collateral = mul_div_floor(asset, taken, repaid)?;
    let free = debt.saturating_sub(collateral).saturating_sub(missing);
    bounded(free, debt, policy)
}

/// `min(max, ⌊share × free ÷ of⌋)`.
fn bounded(free: u128, of: u128, policy: FeePolicy) -> Result<Ppm, Reject> {
    let fee = mul_div_floor(free, u128::from(policy.headroom_share.get()), of)?;
    Ok(policy.max.least(Ppm::new(u32::try_from(fee).unwrap_or(u32::MAX))))
}

/// Refuses fees of liquidator and fund that add up to the whole or more.
///
/// # Errors
/// [`RejectCode::BadPolicy`].
pub fn check_fees(liquidator: Ppm, fund: Ppm) -> Result<(), Reject> {
    let sum = liquidator.saturating_add(fund);
    if sum < Ppm::WHOLE {
        Ok(())
    } else {
        Err(Reject::new(RejectCode::BadPolicy, sum.get(), Ppm::WHOLE.get()))
    }
}

/// A fee that rises while nobody liquidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// Fee at first.
    pub base: Ppm,
    /// Time for which it stays there, in slots or milliseconds.
    pub grace: u64,
    /// What it rises by, counted from the beginning and not from the end of the grace.
    pub step: Ppm,
    /// For each of this much time; zero counts as one.
    pub every: u64,
    /// At most.
    pub max: Ppm,
}

impl Ramp {
    /// The fee after `elapsed`: `base` before the grace is over, then
    /// `min(max, base + ⌊elapsed × step ÷ every⌋)`.
    ///
    /// **Rounding** down: the account keeps the dust. A `base` above `max` stays as it is during the
    /// grace. **Source** the liquidator fee of perpetual venues on chain.
    pub fn fee(&self, elapsed: u64) -> Ppm {
        if elapsed < self.grace {
            return self.base;
        }
        let (step, every) = (u128::from(self.step.get()), u128::from(self.every.max(1)));
        let risen = mul_div_floor(u128::from(elapsed), step, every).unwrap_or(u128::MAX);
        let risen = Ppm::new(u32::try_from(risen).unwrap_or(u32::MAX));
        self.base.saturating_add(risen).least(self.max)
    }
}

/// A fee on a closed value: `⌊value × fee⌋`, at most `cap`. **Rounding** down: the account keeps the
/// dust.
///
/// # Errors
/// [`RejectCode::Overflow`].
pub fn charge(value: Amount, fee: Ppm, cap: Option<Amount>) -> Result<Amount, Reject> {
    Ok(fee.of_floor(value)?.min(cap.unwrap_or(Amount::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USD: u128 = 1_000_000_000_000_000;
    const SHARE: Ppm = Ppm::new(950_000);

    fn shortage(missing: u128, size: i128, price: u128) -> Shortage {
        Shortage {
            missing: Amount::new(missing),
            size: Signed::new(size),
            decimals: 9,
            price: Price::new(price),
            quote_price: PAR,
        }
    }

    #[test]
    fn position_fees() {
        let policy = FeePolicy { max: Ppm::new(50_000), headroom_share: SHARE };
        for (margin, liquidator, missing, size, price, want) in [
            (50_000, 10_000, 1_000_000, 10_000_000_000, 100 * USD, 37_050),
            (50_000, 10_000, 1_000_000, -10_000_000_000, 100 * USD, 37_050),
            (50_000, 10_000, 0, 10_000_000_000, 100 * USD, 38_000),
            (50_000, 10_000, 40_000_000, 10_000_000_000, 100 * USD, 0),
            (50_000, 10_000, 20_000_000, 10_000_000_000, 0, 0),
            (50_000, 10_000, 20_000_000, 0, 100 * USD, 0),
            (10_000, 10_000, 0, 10_000_000_000, 100 * USD, 0),
            (9_000, 10_000, 0, 10_000_000_000, 100 * USD, 0),
            (200_000, 10_000, 0, 10_000_000_000, 100 * USD, 50_000),
            (50_000, 10_000, u128::MAX, 1, 1, 0),
            // One third of a part per million missing is not seen.
            (50_000, 10_000, 333, 1_000_000_000, 1_000 * USD, 38_000),
        ] {
            let shortage = shortage(missing, size, price);
            let got = position_fee(Ppm::new(margin), Ppm::new(liquidator), &shortage, policy);
            assert_eq!(got, Ok(Ppm::new(want)), "{margin} {liquidator} {missing} {size} {price}");
        }
        // A quote asset at half its par doubles the shortage.
        let half =
            Shortage { quote_price: PAR / 2, ..shortage(1_000_000, 10_000_000_000, 100 * USD) };
        let fee = position_fee(Ppm::new(50_000), Ppm::new(10_000), &half, policy);
        assert_eq!(fee, Ok(Ppm::new(36_100)));
    }

    #[test]
    fn debt_fees() {
        let weights = |asset, debt| DebtWeights {
            asset: Ppm::new(asset),
            asset_multiplier: Ppm::new(1_010_000),
            debt: Ppm::new(debt),
            debt_multiplier: Ppm::WHOLE,
        };
        let wide = FeePolicy { max: Ppm::WHOLE, headroom_share: Ppm::WHOLE };
        let capped = FeePolicy { max: Ppm::new(50_000), ..wide };
        for (asset, debt, missing, policy, want) in [
            (1_000_000, 1_100_000, 1_000_000, wide, 72_727),
            (1_000_000, 1_100_000, 1_000_000, capped, 50_000),
            (1_000_000, 1_100_000, 100_000_000, capped, 0),
            (2_000_000, 1_100_000, 1_000_000, capped, 0),
            (0, 0, 0, capped, 0),
        ] {
            let shortage = shortage(missing, 1_000_000_000, 100 * USD);
            let got = debt_fee(&weights(asset, debt), &shortage, policy);
            assert_eq!(got, Ok(Ppm::new(want)), "{asset} {debt} {missing}");
        }
        let none = DebtWeights { debt_multiplier: Ppm::ZERO, ..weights(500_000, 1_000_000) };
        assert_eq!(debt_fee(&none, &shortage(0, 1_000_000_000, USD), wide), Ok(Ppm::ZERO));
        // A multiplier that shrinks the collateral frees nothing while it counts as much as the debt.
        let shrunk = DebtWeights { debt_multiplier: Ppm::new(2_000_000), ..weights(5, 5) };
        assert_eq!(debt_fee(&shrunk, &shortage(0, 1_000_000_000, USD), wide), Ok(Ppm::ZERO));
    }

    #[test]
    fn ramps() {
        let ramp = Ramp {
            base: Ppm::new(20_000),
            grace: 1_500,
            step: Ppm::new(1),
            every: 1,
            max: Ppm::new(50_000),
        };
        for (elapsed, want) in [
            (0, 20_000),
            (10, 20_000),
            (1_499, 20_000),
            (1_500, 21_500),
            (10_000, 30_000),
            (30_000, 50_000),
            (u64::MAX, 50_000),
        ] {
            assert_eq!(ramp.fee(elapsed), Ppm::new(want), "{elapsed}");
        }
        let slow = Ramp { step: Ppm::new(10), every: 3_000, grace: 0, ..ramp };
        assert_eq!(
            [0, 299, 300, 3_000].map(|at| slow.fee(at).get()),
            [20_000, 20_000, 20_001, 20_010]
        );
        assert_eq!(Ramp { every: 0, ..ramp }.fee(2_000), Ppm::new(22_000));
    }

    #[test]
    fn charges() {
        let charged = |value, fee, cap: Option<u128>| {
            charge(Amount::new(value), Ppm::new(fee), cap.map(Amount::new)).unwrap().get()
        };
        assert_eq!(charged(1_000, 37_050, None), 37);
        assert_eq!(charged(1_000, 37_050, Some(20)), 20);
        assert!(charge(Amount::MAX, Ppm::new(2_000_000), None).is_err());
        assert_eq!(check_fees(Ppm::new(999_998), Ppm::new(1)), Ok(()));
        assert!(check_fees(Ppm::new(999_999), Ppm::new(1)).is_err());
        assert!(check_fees(Ppm::new(u32::MAX), Ppm::new(u32::MAX)).is_err());
    }

    proptest! {
        #[test]
        fn never_above_the_headroom(
            margin in 0u32..1_000_000, liquidator in 0u32..200_000, missing in 0u128..1 << 60,
            size in 1i128..1 << 60, usd in 1u128..100_000, max in 0u32..1_000_000,
        ) {
            let shortage = shortage(missing, size, usd * USD);
            let policy = FeePolicy { max: Ppm::new(max), headroom_share: SHARE };
            let fee = position_fee(Ppm::new(margin), Ppm::new(liquidator), &shortage, policy).unwrap();
            prop_assert!(fee.get() <= max);
            // Fee, liquidator's fee and shortage of one whole unit fit the margin, to the dust of two floors.
            let value = usd * 1_000_000 * u128::try_from(size).unwrap();
            let taken = value / 1_000_000 * u128::from(fee.get() + liquidator) + missing * 1_000_000_000;
            let free = value / 1_000_000 * u128::from(margin) + value / 1_000_000 * 2 + u128::try_from(size).unwrap();
            prop_assert!(fee == Ppm::ZERO || taken <= free, "{taken} of {free}");
        }
    }
}
