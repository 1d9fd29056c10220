//! Where floats and integers meet. Every conversion of the crate is one of these, with its rounding.
//!
//! All are exact or correctly rounded by IEEE 754, so they give the same bits on every machine.

use backstop_units::Price;

/// Quote atoms per whole base unit times this is a [`Price`]'s scale.
pub(crate) const PRICE_SCALE: u128 = 1_000_000_000;

/// 52 random bits as a number strictly between 0 and 1.
#[expect(clippy::cast_precision_loss, reason = "52 bits and a half fit a double exactly")]
pub(crate) fn unit_interval(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) / 4_503_599_627_370_496.0
}

/// An amount of money or a price for a float computation; the nearest double.
#[expect(clippy::cast_precision_loss, reason = "a float computation starts here")]
pub(crate) const fn to_float(units: u128) -> f64 {
    units as f64
}

/// A signed amount of money for a float computation; the nearest double.
#[expect(clippy::cast_precision_loss, reason = "a float computation starts here")]
pub(crate) const fn signed_to_float(units: i128) -> f64 {
    units as f64
}

/// A count of milliseconds for a float computation.
#[expect(clippy::cast_precision_loss, reason = "spans are far below 53 bits")]
pub(crate) const fn ms_to_float(ms: u64) -> f64 {
    ms as f64
}

/// Whether a number is above zero; what is no number is not.
pub(crate) fn is_positive(value: f64) -> bool {
    value > 0.0
}

/// How many, for a float computation.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 53 bits")]
pub(crate) const fn count(number: usize) -> f64 {
    number as f64
}

/// How many, as wide as the numbers that are told.
pub(crate) fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The count that a whole float is; zero for anything negative or not a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the value is whole"
)]
pub(crate) const fn to_count(value: f64) -> usize {
    value as usize
}

/// Whole units nearest to a float; zero for anything negative or not a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the value was rounded"
)]
pub(crate) fn to_units(value: f64) -> u128 {
    libm::round(value) as u128
}

/// A number for a refusal: as it is written, with a power of ten where it would be a row of zeros.
pub(crate) fn shown(value: f64) -> String {
    let size = value.abs();
    if size.is_finite() && (size >= 1e15 || (size > 0.0 && size < 1e-6)) {
        return format!("{value:e}");
    }
    value.to_string()
}

/// Basis points nearest to a signed fraction.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and the value was rounded")]
pub(crate) fn to_bps(fraction: f64) -> i64 {
    libm::round(fraction * 10_000.0) as i64
}

/// A price times a factor. **Rounding** to the nearest quote atom per whole base unit, the venue's
/// tick, and at least one tick.
pub(crate) fn scaled(price: Price, factor: f64) -> Price {
    let ticks = to_units(to_float(price.get()) * factor / to_float(PRICE_SCALE));
    Price::new(ticks.max(1).saturating_mul(PRICE_SCALE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_round_to_nearest_and_saturate() {
        assert_eq!(to_units(2.5), 3);
        assert_eq!((to_units(-1.0), to_units(f64::NAN)), (0, 0));
        assert_eq!((to_bps(-0.012_34), to_bps(0.1)), (-123, 1_000));
        let price = Price::new(200_000_000 * PRICE_SCALE);
        assert_eq!(scaled(price, 0.9), Price::new(180_000_000 * PRICE_SCALE));
        assert_eq!(scaled(price, 0.0), Price::new(PRICE_SCALE));
        let texts = [0.0, -0.25, 1e12, 1e300, -1e-7, f64::NAN].map(shown);
        assert_eq!(texts, ["0", "-0.25", "1000000000000", "1e300", "-1e-7", "NaN"]);
        assert!(unit_interval(0) > 0.0 && unit_interval(u64::MAX) < 1.0);
    }
}
