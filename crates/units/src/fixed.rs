//! Fixed-point numbers with 60 bits behind the point: fractions of atoms, rates and growth factors.

use crate::{Amount, Bps, Fixed60, MathError, mul_div_floor};

impl Fixed60 {
    /// One: 2⁶⁰ steps.
    pub const ONE: u128 = 1 << 60;
    /// The number one.
    pub const UNIT: Self = Self::new(Self::ONE);

    /// Whole atoms; none from 2⁶⁸ atoms on.
    pub const fn from_atoms(atoms: Amount) -> Option<Self> {
        match atoms.get().checked_mul(Self::ONE) {
            Some(steps) => Some(Self::new(steps)),
            None => None,
        }
    }

    /// A portion as a number. **Rounding** down, by less than a step.
    pub fn from_bps(portion: Bps) -> Self {
        let steps = mul_div_floor(portion.get().into(), Self::ONE, Bps::WHOLE.get().into());
        Self::new(steps.unwrap_or(u128::MAX))
    }

    /// The whole atoms in it. **Rounding** down.
    pub const fn floor(self) -> Amount {
        Amount::new(self.get() >> 60)
    }

    /// Its whole atoms, one more where it has a fraction. **Rounding** up.
    pub const fn ceil(self) -> Amount {
        let whole = self.get() >> 60;
        Amount::new(if self.fraction().is_zero() { whole } else { whole.saturating_add(1) })
    }

    /// What it has behind the point.
    #[must_use]
    pub const fn fraction(self) -> Self {
        Self::new(self.get() & (Self::ONE - 1))
    }

    /// Product with another number. **Rounding** down.
    ///
    /// # Errors
    /// [`MathError::Overflow`] from 2⁶⁸ on.
    pub fn times(self, by: Self) -> Result<Self, MathError> {
        self.mul_div_floor(by.get(), Self::ONE)
    }

    /// Quotient by another number. **Rounding** down.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`]; [`MathError::Overflow`] from 2⁶⁸ on.
    pub fn over(self, by: Self) -> Result<Self, MathError> {
        self.mul_div_floor(Self::ONE, by.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points() {
        let half = Fixed60::from_bps(Bps::new(5_000));
        let three = Fixed60::from_atoms(Amount::new(3)).unwrap();
        assert_eq!(half.get(), 1 << 59);
        let seven_halves = three.checked_add(half).unwrap();
        assert_eq!((seven_halves.floor(), seven_halves.ceil()), (Amount::new(3), Amount::new(4)));
        assert_eq!((three.floor(), three.ceil()), (Amount::new(3), Amount::new(3)));
        assert_eq!(seven_halves.fraction(), half);
        assert_eq!(Fixed60::MAX.ceil(), Amount::new(1 << 68));
        assert_eq!(three.times(half).unwrap().floor(), Amount::new(1));
        assert_eq!(three.over(half).unwrap().floor(), Amount::new(6));
        assert_eq!(three.over(Fixed60::ZERO), Err(MathError::DivisionByZero));
        assert_eq!(Fixed60::MAX.over(half), Err(MathError::Overflow));
        assert_eq!(Fixed60::from_atoms(Amount::new(1 << 68)), None);
        assert_eq!(Fixed60::from_bps(Bps::new(1)).get(), 115_292_150_460_684);
    }
}
