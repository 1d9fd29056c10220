//! Integer quantities. One macro gives each the same checked operations; none has an operator.

use crate::{
    AssetId,
    math::{MathError, mul_div_ceil, mul_div_floor},
    wire,
};
use borsh::{BorshDeserialize, BorshSerialize, io};
use core::fmt;

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest value that can be written.
            pub const MAX: Self = Self(u128::MAX);

            /// Wraps a count of units.
            pub const fn new(units: u128) -> Self {
                Self(units)
            }
            /// The count of units.
            pub const fn get(self) -> u128 {
                self.0
            }
            /// Whether there is nothing.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
            /// Sum, or `None` past 128 bits.
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }
            /// Difference, or `None` below zero.
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(rest) => Some(Self(rest)),
                    None => None,
                }
            }
            /// Difference, or zero where it would be negative.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
            /// Sum, or [`Self::MAX`] past 128 bits. For limits and totals shown, never for balances.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
            /// `⌊self × by ÷ of⌋`.
            ///
            /// # Errors
            /// As [`mul_div_floor`].
            #[inline]
            pub fn mul_div_floor(self, by: u128, of: u128) -> Result<Self, MathError> {
                mul_div_floor(self.0, by, of).map(Self)
            }
            /// `⌈self × by ÷ of⌉`.
            ///
            /// # Errors
            /// As [`mul_div_ceil`].
            #[inline]
            pub fn mul_div_ceil(self, by: u128, of: u128) -> Result<Self, MathError> {
                mul_div_ceil(self.0, by, of).map(Self)
            }
        }

        impl BorshSerialize for $name {
            #[inline]
            fn serialize<W: io::Write>(&self, to: &mut W) -> io::Result<()> {
                wire::write(self.0, to)
            }
        }

        impl BorshDeserialize for $name {
            #[inline]
            fn deserialize_reader<R: io::Read>(from: &mut R) -> io::Result<Self> {
                wire::read(from).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(Digits).map(Self)
            }
        }
    };
}

quantity! {
    /// Atoms of one asset: its smallest unit, so 1 USDT of six decimals is `1_000_000`.
    Amount
}
quantity! {
    /// Claims on a tranche, or on lenders' deposits. Their price is assets ÷ shares and changes; their count does not.
    Shares
}
quantity! {
    /// Size of positions in base atoms, long and short both counted positive (open interest).
    Base
}
quantity! {
    /// Quote atoms per whole base unit × 10⁹.
    Price
}
quantity! {
    /// A number in steps of 2⁻⁶⁰: fractions of atoms, rates, factors. At most 2⁶⁸ − 2⁻⁶⁰.
    Fixed60
}
quantity! {
    /// What a share of lenders' deposits is worth, in parts of a unit that is reported with it.
    ShareIndex
}

quantity! {
    /// What the entries of a list add up to, in the list's own unit: lots, or atoms of equity.
    Measure
}

/// Decimal digits as text, or a small number: what people and scenario files write.
struct Digits;

impl serde::de::Visitor<'_> for Digits {
    type Value = u128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count of atoms, as decimal digits in quotes")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u128, E> {
        crate::parse_decimal(text, 0).map_err(E::custom)
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u128, E> {
        Ok(u128::from(value))
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<u128, E> {
        u128::try_from(value).map_err(|_| E::custom("a count of atoms can't be negative"))
    }
}

/// A result that may be a gain or a loss: `PnL`, what is left of a collateral, an index change.
///
/// Postings stay unsigned with a side; a signed value never rests in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signed(i128);

impl Signed {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Wraps a signed count of units.
    pub const fn new(units: i128) -> Self {
        Self(units)
    }
    /// The signed count of units.
    pub const fn get(self) -> i128 {
        self.0
    }
    /// The gain, or zero.
    pub fn positive(self) -> Amount {
        Amount::new(u128::try_from(self.0).unwrap_or(0))
    }
    /// The loss as a positive amount, or zero.
    pub fn negative(self) -> Amount {
        if self.0 < 0 { Amount::new(self.0.unsigned_abs()) } else { Amount::ZERO }
    }
    /// A gain of `amount`, or `None` past 127 bits.
    pub fn gain(amount: Amount) -> Option<Self> {
        i128::try_from(amount.get()).ok().map(Self)
    }
    /// A loss of `amount`, or `None` past 127 bits.
    pub fn loss(amount: Amount) -> Option<Self> {
        0i128.checked_sub_unsigned(amount.get()).map(Self)
    }
    /// Whether it is a loss.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
    /// Its size without its sign.
    pub const fn size(self) -> Amount {
        Amount::new(self.0.unsigned_abs())
    }
    /// Sum, or `None` past 127 bits.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
    /// Difference, or `None` past 127 bits.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }
}

impl BorshSerialize for Signed {
    #[inline]
    fn serialize<W: io::Write>(&self, to: &mut W) -> io::Result<()> {
        wire::write_signed(self.0, to)
    }
}

impl BorshDeserialize for Signed {
    #[inline]
    fn deserialize_reader<R: io::Read>(from: &mut R) -> io::Result<Self> {
        wire::read_signed(from).map(Self)
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl serde::Serialize for Signed {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Signed {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct SignedDigits;
        impl serde::de::Visitor<'_> for SignedDigits {
            type Value = i128;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a signed count of atoms, as decimal digits in quotes")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i128, E> {
                let digits = text.strip_prefix('-').unwrap_or(text);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(E::custom("not a whole number of atoms"));
                }
                text.parse().map_err(|_| E::custom("exceeds 127 bits"))
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<i128, E> {
                Ok(i128::from(value))
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<i128, E> {
                Ok(i128::from(value))
            }
        }
        from.deserialize_any(SignedDigits).map(Self)
    }
}

/// An amount together with its asset, as it crosses an edge.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Money {
    /// Whose atoms these are.
    pub asset: AssetId,
    /// How many.
    pub amount: Amount,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn operations_are_checked() {
        assert_eq!(Amount::MAX.checked_add(Amount::new(1)), None);
        assert_eq!(Amount::ZERO.checked_sub(Amount::new(1)), None);
        assert_eq!(Amount::new(2).saturating_sub(Amount::new(3)), Amount::ZERO);
        assert_eq!(Amount::new(7).mul_div_floor(2_000, 10_000), Ok(Amount::new(1)));
    }

    #[test]
    fn signed_parts() {
        assert_eq!(Signed::new(-5).negative(), Amount::new(5));
        assert_eq!(Signed::new(-5).positive(), Amount::ZERO);
        assert_eq!(Signed::new(i128::MIN).negative(), Amount::new(1 << 127));
        assert_eq!(Signed::new(5).positive().to_string(), "5");
        assert_eq!(Signed::gain(Amount::new(1 << 127)), None);
        assert_eq!(Signed::loss(Amount::new(1 << 127)), Some(Signed::new(i128::MIN)));
        assert_eq!(Signed::loss(Amount::new((1 << 127) + 1)), None);
        assert_eq!(Signed::new(3).checked_sub(Signed::new(5)), Some(Signed::new(-2)));
        assert_eq!(Signed::new(-2).size(), Amount::new(2));
        assert!(Signed::new(-2).is_negative() && !Signed::ZERO.is_negative());
    }
}
