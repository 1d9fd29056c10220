//! Signed values: the two divisions, and the other side.

use crate::{
    Amount, Signed,
    math::{MathError, mul_div_ceil, mul_div_floor},
};

impl Signed {
    /// `⌊self × by ÷ of⌋`, exact for every input; down means toward minus infinity.
    ///
    /// **Rounding** down: whoever is owed the result bears the dust, whichever sign it has.
    ///
    /// # Errors
    /// As [`mul_div_floor`], for a result of more than 127 bits.
    ///
    /// ```
    /// use backstop_units::Signed;
    /// assert_eq!(Signed::new(-7).mul_div_floor(1, 2), Ok(Signed::new(-4)));
    /// ```
    pub fn mul_div_floor(self, by: u128, of: u128) -> Result<Self, MathError> {
        let size = self.size().get();
        if self.is_negative() {
            Self::loss(Amount::new(mul_div_ceil(size, by, of)?)).ok_or(MathError::Overflow)
        } else {
            Self::gain(Amount::new(mul_div_floor(size, by, of)?)).ok_or(MathError::Overflow)
        }
    }

    /// `⌈self × by ÷ of⌉`, exact for every input; up means toward plus infinity.
    ///
    /// # Errors
    /// As [`Self::mul_div_floor`].
    pub fn mul_div_ceil(self, by: u128, of: u128) -> Result<Self, MathError> {
        let size = self.size().get();
        if self.is_negative() {
            Self::loss(Amount::new(mul_div_floor(size, by, of)?)).ok_or(MathError::Overflow)
        } else {
            Self::gain(Amount::new(mul_div_ceil(size, by, of)?)).ok_or(MathError::Overflow)
        }
    }

    /// The same size on the other side, or `None` past 127 bits.
    pub const fn checked_neg(self) -> Option<Self> {
        match self.get().checked_neg() {
            Some(units) => Some(Self::new(units)),
            None => None,
        }
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.get() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let (min, max) = (i128::MIN, i128::MAX);
        let over = Err(MathError::Overflow);
        for (value, by, of, floor, ceil) in [
            (7, 1, 2, Ok(3), Ok(4)),
            (-7, 1, 2, Ok(-4), Ok(-3)),
            (-8, 1, 2, Ok(-4), Ok(-4)),
            (0, 9, 4, Ok(0), Ok(0)),
            (min, 1, 1, Ok(min), Ok(min)),
            (max, 1, 1, Ok(max), Ok(max)),
            (min, 2, 1, over, over),
            (max, 2, 1, over, over),
            (max, 2, 2, Ok(max), Ok(max)),
            (1, 1, 0, Err(MathError::DivisionByZero), Err(MathError::DivisionByZero)),
        ] {
            let value = Signed::new(value);
            assert_eq!(value.mul_div_floor(by, of).map(Signed::get), floor, "floor {value}");
            assert_eq!(value.mul_div_ceil(by, of).map(Signed::get), ceil, "ceil {value}");
        }
    }

    #[test]
    fn other_side() {
        assert_eq!(Signed::new(5).checked_neg(), Some(Signed::new(-5)));
        assert_eq!(Signed::new(i128::MIN).checked_neg(), None);
        assert!(Signed::ZERO.is_zero() && !Signed::new(-1).is_zero());
    }
}
