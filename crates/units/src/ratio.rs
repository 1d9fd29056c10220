//! Exact fractions, for a formula of several products and quotients that is rounded once.

use crate::{Signed, math::MathError};
use core::cmp::Ordering;
use ruint::aliases::U512;

/// A signed fraction of 512 by 512 bits, on its way to one [`Self::floor`] or [`Self::ceil`].
///
/// It is never stored and never written. A chain of steps that outgrows its width is an error, so a
/// value that exists is exact.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    negative: bool,
    numerator: U512,
    denominator: U512,
}

impl Ratio {
    /// `value`, exact.
    pub fn whole(value: Signed) -> Self {
        Self {
            negative: value.is_negative(),
            numerator: U512::from(value.size().get()),
            denominator: U512::from(1u8),
        }
    }

    /// `self × by`.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 512 bits.
    pub fn times(self, by: u128) -> Result<Self, MathError> {
        let numerator = self.numerator.checked_mul(U512::from(by)).ok_or(MathError::Overflow)?;
        Ok(Self { numerator, ..self })
    }

    /// `self ÷ by`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], or [`MathError::Overflow`] past 512 bits.
    pub fn over(self, by: u128) -> Result<Self, MathError> {
        if by == 0 {
            return Err(MathError::DivisionByZero);
        }
        let denominator =
            self.denominator.checked_mul(U512::from(by)).ok_or(MathError::Overflow)?;
        Ok(Self { denominator, ..self })
    }

    /// `self + other`.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 512 bits.
    pub fn plus(self, other: Self) -> Result<Self, MathError> {
        let (left, right, denominator) = self.aligned(&other)?;
        let (negative, numerator) = if self.negative == other.negative {
            (self.negative, left.checked_add(right).ok_or(MathError::Overflow)?)
        } else if left >= right {
            (self.negative, left.saturating_sub(right))
        } else {
            (other.negative, right.saturating_sub(left))
        };
        Ok(Self { negative, numerator, denominator })
    }

    /// `self − other`.
    ///
    /// # Errors
    /// As [`Self::plus`].
    pub fn minus(self, other: Self) -> Result<Self, MathError> {
        self.plus(Self { negative: !other.negative, ..other })
    }

    /// Which of two is larger.
    ///
    /// # Errors
    /// As [`Self::plus`].
    pub fn compare(&self, other: &Self) -> Result<Ordering, MathError> {
        let difference = self.minus(*other)?;
        Ok(match (difference.numerator.is_zero(), difference.negative) {
            (true, _) => Ordering::Equal,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Greater,
        })
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative && !self.numerator.is_zero()
    }

    /// The whole number at or below it.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 127 bits.
    pub fn floor(self) -> Result<Signed, MathError> {
        self.round(self.negative)
    }

    /// The whole number at or above it.
    ///
    /// # Errors
    /// As [`Self::floor`].
    pub fn ceil(self) -> Result<Signed, MathError> {
        self.round(!self.negative)
    }

    /// Both numerators over one denominator.
    fn aligned(&self, other: &Self) -> Result<(U512, U512, U512), MathError> {
        if self.denominator == other.denominator {
            return Ok((self.numerator, other.numerator, self.denominator));
        }
        let product = |a: U512, b: U512| a.checked_mul(b).ok_or(MathError::Overflow);
        Ok((
            product(self.numerator, other.denominator)?,
            product(other.numerator, self.denominator)?,
            product(self.denominator, other.denominator)?,
        ))
    }

    /// Its size rounded away from zero or toward it, with its sign.
    fn round(self, away: bool) -> Result<Signed, MathError> {
        let (quotient, rest) = self.numerator.div_rem(self.denominator);
        let up = U512::from(u8::from(away && !rest.is_zero()));
        let size = quotient.checked_add(up).ok_or(MathError::Overflow)?;
        let size = u128::try_from(size).map_err(|_| MathError::Overflow)?;
        let units = if self.negative {
            0i128.checked_sub_unsigned(size)
        } else {
            i128::try_from(size).ok()
        };
        units.map(Signed::new).ok_or(MathError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(value: i128, over: u128) -> Ratio {
        Ratio::whole(Signed::new(value)).over(over).unwrap()
    }

    #[test]
    fn rounds_once() {
        for (value, over, floor, ceil) in [
            (7, 2, 3, 4),
            (-7, 2, -4, -3),
            (-8, 2, -4, -4),
            (0, 5, 0, 0),
            (i128::MIN, 1, i128::MIN, i128::MIN),
            (i128::MAX, 1, i128::MAX, i128::MAX),
        ] {
            assert_eq!(ratio(value, over).floor(), Ok(Signed::new(floor)), "{value} / {over}");
            assert_eq!(ratio(value, over).ceil(), Ok(Signed::new(ceil)), "{value} / {over}");
        }
        // A third three times is a whole; rounded each time it would be nothing.
        let third = ratio(1, 3);
        let sum = third.plus(third).unwrap().plus(third).unwrap();
        assert_eq!((sum.floor(), sum.ceil()), (Ok(Signed::new(1)), Ok(Signed::new(1))));
    }

    #[test]
    fn signs() {
        for (a, b, sum, difference) in
            [(5, 3, 8, 2), (3, 5, 8, -2), (-5, 3, -2, -8), (-3, -5, -8, 2), (4, -4, 0, 8)]
        {
            let (left, right) = (ratio(a, 1), ratio(b, 1));
            assert_eq!(left.plus(right).unwrap().floor(), Ok(Signed::new(sum)));
            assert_eq!(left.minus(right).unwrap().ceil(), Ok(Signed::new(difference)));
            assert_eq!(left.compare(&right), Ok(a.cmp(&b)));
        }
        assert_eq!(ratio(2, 6).compare(&ratio(3, 9)), Ok(Ordering::Equal));
        assert!(!ratio(4, 1).minus(ratio(4, 1)).unwrap().is_negative());
        assert!(ratio(-1, 9).is_negative());
    }

    #[test]
    fn too_wide_is_an_error() {
        assert!(matches!(ratio(1, 1).over(0), Err(MathError::DivisionByZero)));
        assert_eq!(ratio(i128::MAX, 1).times(2).unwrap().floor(), Err(MathError::Overflow));
        assert_eq!(ratio(i128::MIN, 1).times(2).unwrap().floor(), Err(MathError::Overflow));
        let wide = ratio(i128::MAX, 1).times(u128::MAX).unwrap().times(u128::MAX).unwrap();
        let widest = wide.times(u128::MAX).unwrap();
        assert!(matches!(widest.times(u128::MAX), Err(MathError::Overflow)));
        assert_eq!(
            wide.over(u128::MAX).unwrap().over(u128::MAX).unwrap().floor(),
            Ok(Signed::new(i128::MAX))
        );
    }
}
