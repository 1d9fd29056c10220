//! Portions of a whole.

use crate::{Amount, math::MathError};
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

macro_rules! portion {
    ($(#[$doc:meta])* $name:ident of $whole:literal, percent has $decimals:literal decimals) => {
        $(#[$doc])*
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            BorshSerialize,
            BorshDeserialize,
            serde::Serialize,
            serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0);
            /// All of it.
            pub const WHOLE: Self = Self($whole);

            /// Wraps a count of parts. Values above the whole are allowed here (a coverage ratio may
            /// be 150 %) and refused by the rules where they make no sense.
            pub const fn new(parts: u32) -> Self {
                Self(parts)
            }
            /// The count of parts.
            pub const fn get(self) -> u32 {
                self.0
            }
            /// The smaller of two.
            #[must_use]
            pub const fn least(self, other: Self) -> Self {
                if self.0 < other.0 { self } else { other }
            }
            /// Difference, or nothing below zero.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
            /// Sum, or the largest count that can be written.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
            /// This portion of `amount`, rounded down.
            ///
            /// # Errors
            /// [`MathError::Overflow`] when the portion is over the whole and the result past 128 bits.
            #[inline]
            pub fn of_floor(self, amount: Amount) -> Result<Amount, MathError> {
                amount.mul_div_floor(u128::from(self.0), $whole)
            }
            /// This portion of `amount`, rounded up.
            ///
            /// # Errors
            /// As `of_floor`.
            pub fn of_ceil(self, amount: Amount) -> Result<Amount, MathError> {
                amount.mul_div_ceil(u128::from(self.0), $whole)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&crate::format_decimal(u128::from(self.0), $decimals))?;
                f.write_str("%")
            }
        }
    };
}

portion! {
    /// A portion in basis points: 10,000 is the whole.
    Bps of 10_000, percent has 2 decimals
}
portion! {
    /// A portion in parts per million: 1,000,000 is the whole. Fees, margins, factors, yearly rates.
    Ppm of 1_000_000, percent has 4 decimals
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn portions() {
        assert_eq!(Bps::new(2_000).of_floor(Amount::new(7)), Ok(Amount::new(1)));
        assert_eq!(Bps::new(2_000).of_ceil(Amount::new(7)), Ok(Amount::new(2)));
        assert_eq!(Bps::new(1_250).to_string(), "12.50%");
        assert_eq!(Bps::new(20_000).of_floor(Amount::MAX), Err(MathError::Overflow));
        assert_eq!(Ppm::new(37_050).of_floor(Amount::new(1_000)), Ok(Amount::new(37)));
        assert_eq!(Ppm::new(37_050).to_string(), "3.7050%");
        assert_eq!(Ppm::new(5).least(Ppm::new(3)), Ppm::new(3));
        assert_eq!(Ppm::new(5).saturating_sub(Ppm::new(7)), Ppm::ZERO);
        assert_eq!(Ppm::new(u32::MAX).saturating_add(Ppm::WHOLE), Ppm::new(u32::MAX));
    }
}
