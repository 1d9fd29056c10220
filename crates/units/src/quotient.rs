//! Fractions of products: scores and leverages that are ordered without being rounded, and amounts that
//! are rounded once.

use crate::math::MathError;
use alloc::vec::Vec;
use core::cmp::Ordering;
use ruint::{Uint, aliases::U256};

/// Six factors of 128 bits.
type Wide = Uint<768, 12>;

/// `a × b` against `c × d`, exact for every input.
///
/// ```
/// use backstop_units::compare_products;
/// assert!(compare_products(u128::MAX, 3, u128::MAX, 2).is_gt());
/// ```
pub fn compare_products(a: u128, b: u128, c: u128, d: u128) -> Ordering {
    if let (Some(left), Some(right)) = (a.checked_mul(b), c.checked_mul(d)) {
        return left.cmp(&right);
    }
    // Two 128-bit factors always fit 256 bits, so the products can't wrap.
    let product = |x, y| U256::from(x).wrapping_mul(U256::from(y));
    product(a, b).cmp(&product(c, d))
}

/// A product of `N` numbers over another one, at most three each. Two are compared exactly, whatever
/// their size.
#[derive(Clone, Copy, Debug)]
pub struct Quotient<const N: usize> {
    /// Rises with the value, and is off by less than half of [`NEAR`]: most comparisons end here.
    near: u64,
    over: [u128; N],
    under: [u128; N],
}

/// Two values whose `near` lies further apart than this differ in the same direction. A value passes
/// eleven cuts to 64 bits, each of at most two units, of which a unit of `near` has 2,048; so with its own
/// cut it is off by at most one.
const NEAR: u64 = 4;
/// The highest bit of a mantissa of 64 bits.
const TOP: u128 = 1 << 63;
/// Keeps exponents above zero: six factors move them by less.
const BIAS: u128 = 1_024;

impl<const N: usize> Quotient<N> {
    /// The product of `over` ÷ the product of `under`; a factor that is not needed is one.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] when a factor of `under` is zero.
    pub fn new(over: [u128; N], under: [u128; N]) -> Result<Self, MathError> {
        const { assert!(N <= 3, "six factors fit") };
        if under.contains(&0) {
            return Err(MathError::DivisionByZero);
        }
        Ok(Self { near: near(over, under), over, under })
    }

    /// The whole number at or below it.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 128 bits.
    pub fn floor(&self) -> Result<u128, MathError> {
        self.divided().map(|(quotient, _)| quotient)
    }

    /// The whole number at or above it.
    ///
    /// # Errors
    /// As [`Self::floor`].
    pub fn ceil(&self) -> Result<u128, MathError> {
        let (quotient, exact) = self.divided()?;
        if exact { Ok(quotient) } else { quotient.checked_add(1).ok_or(MathError::Overflow) }
    }

    /// Quotient, and whether there was no remainder.
    fn divided(&self) -> Result<(u128, bool), MathError> {
        let (quotient, rest) = product(self.over).div_rem(product(self.under));
        let quotient = u128::try_from(quotient).map_err(|_| MathError::Overflow)?;
        Ok((quotient, rest.is_zero()))
    }

    fn exact(&self, other: &Self) -> Ordering {
        if self.over == other.over && self.under == other.under {
            return Ordering::Equal;
        }
        let left = product(self.over).wrapping_mul(product(other.under));
        left.cmp(&product(other.over).wrapping_mul(product(self.under)))
    }
}

impl<const N: usize> Ord for Quotient<N> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self.near.abs_diff(other.near) > NEAR {
            return self.near.cmp(&other.near);
        }
        self.exact(other)
    }
}

impl<const N: usize> PartialOrd for Quotient<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> PartialEq for Quotient<N> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<const N: usize> Eq for Quotient<N> {}

/// Three factors of 128 bits fit half of [`Wide`], and two such products all of it.
fn product<const N: usize>(factors: [u128; N]) -> Wide {
    factors.into_iter().fold(Wide::from(1u8), |all, factor| all.wrapping_mul(Wide::from(factor)))
}

/// `mantissa × 2^(exponent - BIAS)`, with a mantissa of exactly 64 bits.
#[derive(Clone, Copy)]
struct Rough {
    mantissa: u128,
    exponent: u128,
}

impl Rough {
    /// The highest 64 bits; nothing of zero.
    fn of(value: u128) -> Option<Self> {
        let zeros = value.leading_zeros();
        let mantissa = value.checked_shl(zeros)?.wrapping_shr(64);
        let exponent = BIAS.saturating_add(64).saturating_sub(u128::from(zeros));
        Some(Self { mantissa, exponent })
    }

    fn times(self, other: Self) -> Self {
        let product = self.mantissa.saturating_mul(other.mantissa);
        let zeros = product.leading_zeros();
        let exponent = self.exponent.saturating_add(other.exponent).saturating_sub(BIAS);
        let exponent = exponent.saturating_add(64).saturating_sub(u128::from(zeros));
        Self { mantissa: product.wrapping_shl(zeros).wrapping_shr(64), exponent }
    }

    fn over(self, other: Self) -> Self {
        let quotient = self.mantissa.wrapping_shl(64).checked_div(other.mantissa).unwrap_or(0);
        let zeros = quotient.leading_zeros();
        let exponent = self.exponent.saturating_add(BIAS).saturating_sub(other.exponent);
        let exponent = exponent.saturating_sub(u128::from(zeros));
        Self { mantissa: quotient.wrapping_shl(zeros).wrapping_shr(64), exponent }
    }

    fn all<const N: usize>(factors: [u128; N]) -> Option<Self> {
        let mut factors = factors.into_iter();
        let first = Self::of(factors.next()?)?;
        factors.try_fold(first, |all, factor| Some(all.times(Self::of(factor)?)))
    }
}

/// A number that rises with the value; like a logarithm, in straight pieces between powers of two.
fn near<const N: usize>(over: [u128; N], under: [u128; N]) -> u64 {
    let (Some(over), Some(under)) = (Rough::all(over), Rough::all(under)) else { return 0 };
    let value = over.over(under);
    let part = value.mantissa.saturating_sub(TOP).wrapping_shr(11);
    u64::try_from(value.exponent.wrapping_shl(52).saturating_add(part)).unwrap_or(u64::MAX)
}

/// Positions of `quotients` from the largest to the smallest, equal ones in their own order.
///
/// **Complexity** O(n log n); equal or nearly equal ones are multiplied out.
pub fn largest_first<const N: usize>(quotients: &[Quotient<N>]) -> Vec<usize> {
    let mut order: Vec<(u64, usize)> =
        quotients.iter().enumerate().map(|(at, quotient)| (quotient.near, at)).collect();
    order.sort_unstable_by(|a, b| {
        if a.0.abs_diff(b.0) > NEAR {
            return b.0.cmp(&a.0);
        }
        let exact = match (quotients.get(a.1), quotients.get(b.1)) {
            (Some(left), Some(right)) => right.exact(left),
            _ => Ordering::Equal,
        };
        exact.then(a.1.cmp(&b.1))
    });
    order.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    fn quotient(over: [u128; 3], under: [u128; 3]) -> Quotient<3> {
        Quotient::new(over, under).unwrap()
    }

    #[test]
    fn products() {
        let m = u128::MAX;
        for (a, b, c, d, want) in [
            (2, 3, 6, 1, Ordering::Equal),
            (2, 3, 7, 1, Ordering::Less),
            (m, m, m, m - 1, Ordering::Greater),
            (m, 2, m, 2, Ordering::Equal),
            (1 << 127, 2, m, 1, Ordering::Greater),
            (m, 1, 1 << 64, 1 << 64, Ordering::Less),
            (0, m, m, 0, Ordering::Equal),
        ] {
            assert_eq!(compare_products(a, b, c, d), want, "{a}*{b} and {c}*{d}");
            assert_eq!(compare_products(c, d, a, b), want.reverse());
        }
    }

    #[test]
    fn table() {
        let m = u128::MAX;
        for (left, right, want) in [
            (([1, 1, 1], [3, 1, 1]), ([2, 1, 1], [6, 1, 1]), Ordering::Equal),
            (([1, 1, 1], [3, 1, 1]), ([1, 1, 1], [2, 1, 1]), Ordering::Less),
            (([m, m, m], [m, m, 1]), ([m, 1, 1], [1, 1, 1]), Ordering::Equal),
            (([m, m, m], [m, m, 1]), ([m - 1, 1, 1], [1, 1, 1]), Ordering::Greater),
            (([m, m, m], [m - 1, m, 1]), ([m, m, m], [m, m - 1, 1]), Ordering::Equal),
            (([0, m, m], [1, 1, 1]), ([0, 1, 1], [m, m, m]), Ordering::Equal),
            (([0, m, m], [1, 1, 1]), ([1, 1, 1], [m, m, m]), Ordering::Less),
            (([1, 1, 1], [m, m, m]), ([1, 1, 1], [m, m, m - 1]), Ordering::Less),
        ] {
            let (left, right) = (quotient(left.0, left.1), quotient(right.0, right.1));
            assert_eq!(left.cmp(&right), want, "{left:?} and {right:?}");
            assert_eq!(right.cmp(&left), want.reverse());
        }
        assert_eq!(Quotient::new([1; 3], [1, 0, 1]), Err(MathError::DivisionByZero));
    }

    #[test]
    fn rounded_once() {
        let m = u128::MAX;
        for (over, under, floor, ceil) in [
            ([0, m, m], [1, 1, 1], Ok(0), Ok(0)),
            ([1, 1, 1], [m, m, m], Ok(0), Ok(1)),
            ([7, 1, 1], [2, 1, 1], Ok(3), Ok(4)),
            ([6, 5, 1], [3, 1, 2], Ok(5), Ok(5)),
            // Each step rounded by itself would lose an atom.
            ([10, 10, 10], [3, 3, 3], Ok(37), Ok(38)),
            ([m, m, m], [m, m, 1], Ok(m), Ok(m)),
            ([m, m, m], [m, m - 1, m], Ok(1), Ok(2)),
            ([m, 3, 1], [2, 1, 1], Err(MathError::Overflow), Err(MathError::Overflow)),
            ([m, m, 2], [m, 2, 1], Ok(m), Ok(m)),
            ([m, m, m], [m, m - 1, 1], Err(MathError::Overflow), Err(MathError::Overflow)),
        ] {
            let got = quotient(over, under);
            assert_eq!((got.floor(), got.ceil()), (floor, ceil), "{over:?} over {under:?}");
        }
    }

    #[test]
    fn near_never_contradicts_exact() {
        let mut seed = 5u128;
        let mut next = || {
            seed = seed.wrapping_mul(0xDA94_2042_E4DD_58B5_9E37_79B9_7F4A_7C15).wrapping_add(1);
            (seed.rotate_left(64) >> (seed >> 64 & 127)) | 1
        };
        let mut quotients: Vec<Quotient<3>> = (0..600)
            .map(|_| quotient([next(), next(), next()], [next(), next(), next()]))
            .collect();
        // Neighbours that differ in the last bit of one factor, and whole powers of two.
        for at in 0..300 {
            let Quotient::<3> { over: [a, b, c], under, .. } = quotients[at];
            quotients.push(quotient([a, b, c ^ 1], under));
            quotients.push(quotient([1 << (at % 128), 1, 1], [1, 1 << (at * 7 % 128), 1]));
        }
        for left in &quotients {
            for right in &quotients {
                assert_eq!(left.cmp(right), left.exact(right), "{left:?} and {right:?}");
            }
        }
        let order = largest_first(&quotients);
        for pair in order.windows(2) {
            let (first, then) = (&quotients[pair[0]], &quotients[pair[1]]);
            assert!(first > then || (first == then && pair[0] < pair[1]));
        }
    }

    #[test]
    fn equal_ones_keep_their_order() {
        let half = |n| quotient([n, 1, 1], [2, n, 1]);
        let quotients =
            vec![half(1), quotient([3, 1, 1], [1; 3]), half(7), half(2), half(1 << 100)];
        assert_eq!(largest_first(&quotients), [1, 0, 2, 3, 4]);
    }
}
