//! Exact `a × b ÷ d` through 256 bits: the two public divisions of the product.

use ruint::aliases::U256;

/// Why an exact computation has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MathError {
    /// The divisor was zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The result does not fit 128 bits.
    #[error("result exceeds 128 bits")]
    Overflow,
}

/// `⌊a × b ÷ d⌋`, exact for every input.
///
/// **Rounding** down; whoever holds the divisor's side keeps the dust.
///
/// # Errors
/// [`MathError::DivisionByZero`] when `d` is zero, [`MathError::Overflow`] when the quotient needs
/// more than 128 bits.
///
/// ```
/// use backstop_units::mul_div_floor;
/// assert_eq!(mul_div_floor(7, 2_000, 10_000), Ok(1));
/// assert_eq!(mul_div_floor(u128::MAX, u128::MAX, u128::MAX), Ok(u128::MAX));
/// ```
#[inline]
pub fn mul_div_floor(a: u128, b: u128, d: u128) -> Result<u128, MathError> {
    divide(a, b, d).map(|(quotient, _)| quotient)
}

/// `⌈a × b ÷ d⌉`, exact for every input.
///
/// **Rounding** up; whoever is owed the result keeps the dust.
///
/// # Errors
/// As [`mul_div_floor`].
///
/// ```
/// assert_eq!(backstop_units::mul_div_ceil(7, 2_000, 10_000), Ok(2));
/// ```
#[inline]
pub fn mul_div_ceil(a: u128, b: u128, d: u128) -> Result<u128, MathError> {
    let (quotient, exact) = divide(a, b, d)?;
    if exact { Ok(quotient) } else { quotient.checked_add(1).ok_or(MathError::Overflow) }
}

/// Quotient, and whether there was no remainder. Most products fit 128 bits: those never leave it.
#[inline]
pub(crate) fn divide(a: u128, b: u128, d: u128) -> Result<(u128, bool), MathError> {
    match a.checked_mul(b) {
        Some(product) => {
            let quotient = product.checked_div(d).ok_or(MathError::DivisionByZero)?;
            let back = quotient.checked_mul(d).ok_or(MathError::Overflow)?;
            Ok((quotient, back == product))
        }
        None => divide_wide(a, b, d),
    }
}

#[cold]
fn divide_wide(a: u128, b: u128, d: u128) -> Result<(u128, bool), MathError> {
    if d == 0 {
        return Err(MathError::DivisionByZero);
    }
    // Two 128-bit factors always fit 256 bits, so the product can't wrap.
    let product = U256::from(a).wrapping_mul(U256::from(b));
    let (quotient, remainder) = product.div_rem(U256::from(d));
    let quotient = u128::try_from(quotient).map_err(|_| MathError::Overflow)?;
    Ok((quotient, remainder.is_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let m = u128::MAX;
        for (a, b, d, floor, ceil) in [
            (0, 5, 3, Ok(0), Ok(0)),
            (1, 1, 3, Ok(0), Ok(1)),
            (6, 5, 3, Ok(10), Ok(10)),
            (m, m, m, Ok(m), Ok(m)),
            (m, 2, 3, Ok(m / 3 * 2), Ok(m / 3 * 2)),
            (m, 3, 4, Ok(m / 4 * 3 + 2), Ok(m / 4 * 3 + 3)),
            (m, 2, 1, Err(MathError::Overflow), Err(MathError::Overflow)),
            (1, 1, 0, Err(MathError::DivisionByZero), Err(MathError::DivisionByZero)),
            (m, m, 0, Err(MathError::DivisionByZero), Err(MathError::DivisionByZero)),
        ] {
            assert_eq!(mul_div_floor(a, b, d), floor, "floor {a}*{b}/{d}");
            assert_eq!(mul_div_ceil(a, b, d), ceil, "ceil {a}*{b}/{d}");
        }
    }

    #[test]
    fn ceil_that_only_just_overflows() {
        // (2^128 - 1) * 3 / 3 is exact; one more unit of numerator would not fit.
        assert_eq!(mul_div_ceil(u128::MAX, 3, 3), Ok(u128::MAX));
        assert_eq!(mul_div_ceil(u128::MAX, u128::MAX, u128::MAX - 1), Err(MathError::Overflow));
    }

    #[test]
    fn wide_and_narrow_agree_with_schoolbook() {
        // Oracle: long division of the 256-bit product bit by bit.
        let mut seed = 1u128;
        for _ in 0..2_000 {
            seed = seed.wrapping_mul(0x2545_F491_4F6C_DD1D_1234_5678_9ABC_DEF1).wrapping_add(7);
            let a = seed >> (seed % 100);
            let b = seed.rotate_left(61) >> (seed % 90);
            let d = (seed.rotate_left(17) >> (seed % 80)) | 1;
            assert_eq!(divide(a, b, d).ok(), naive(a, b, d), "{a} {b} {d}");
        }
    }

    fn naive(a: u128, b: u128, d: u128) -> Option<(u128, bool)> {
        let (mut hi, mut lo) = (0u128, 0u128);
        for bit in (0..128).rev() {
            hi = hi << 1 | lo >> 127;
            lo <<= 1;
            if a >> bit & 1 == 1 {
                let (sum, carry) = lo.overflowing_add(b);
                lo = sum;
                hi += u128::from(carry);
            }
        }
        let (mut quotient, mut rest) = (0u128, 0u128);
        for bit in (0..256).rev() {
            let carry = rest >> 127;
            let next = if bit >= 128 { hi >> (bit - 128) & 1 } else { lo >> bit & 1 };
            rest = rest << 1 | next;
            let hit = carry == 1 || rest >= d;
            if hit {
                rest = rest.wrapping_sub(d);
                if bit >= 128 {
                    return None;
                }
                quotient |= 1 << bit;
            }
        }
        Some((quotient, rest == 0))
    }
}
