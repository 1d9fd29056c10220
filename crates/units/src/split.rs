//! Splitting one amount so that the parts add up to it.

use crate::math::{MathError, divide, mul_div_floor};
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Splits `total` by `weights` into `parts` of the same length: each part is the floor of its
/// exact value, and the atoms left over go one each to the largest remainders, ties to the lower
/// index (Hamilton's method).
///
/// **Shape** `parts.len() == weights.len()`; extra parts are set to zero. **Rounding** exact:
/// the parts add up to `total`. **Complexity** O(n²) in the worst case for n parts, without memory
/// of its own: meant for the few parts of a split, not for holders.
///
/// # Errors
/// [`MathError::DivisionByZero`] when all weights are zero, [`MathError::Overflow`] when their sum
/// exceeds 128 bits.
///
/// ```
/// let mut parts = [0; 3];
/// backstop_units::split::largest_remainder(7, &[20, 30, 50], &mut parts)?;
/// assert_eq!(parts, [1, 2, 4]);
/// # Ok::<(), backstop_units::MathError>(())
/// ```
pub fn largest_remainder(
    total: u128,
    weights: &[u128],
    parts: &mut [u128],
) -> Result<(), MathError> {
    parts.fill(0);
    let sum =
        weights.iter().try_fold(0u128, |sum, w| sum.checked_add(*w)).ok_or(MathError::Overflow)?;
    let mut left = total;
    for (part, weight) in parts.iter_mut().zip(weights) {
        *part = mul_div_floor(total, *weight, sum)?;
        left = left.checked_sub(*part).ok_or(MathError::Overflow)?;
    }
    // At most n - 1 atoms are left; each round finds the largest remainder not yet served.
    let mut served: Option<(u128, usize)> = None;
    while left > 0 {
        let mut best: Option<(u128, usize)> = None;
        for (index, weight) in weights.iter().enumerate() {
            let candidate = (remainder(total, *weight, sum)?, index);
            if served.is_none_or(|last| after(last, candidate))
                && best.is_none_or(|b| after(candidate, b))
            {
                best = Some(candidate);
            }
        }
        let (_, index) = best.ok_or(MathError::DivisionByZero)?;
        let part = parts.get_mut(index).ok_or(MathError::Overflow)?;
        *part = part.checked_add(1).ok_or(MathError::Overflow)?;
        left = left.saturating_sub(1);
        served = best;
    }
    Ok(())
}

/// The parts of [`largest_remainder`], for many of them.
///
/// **Rounding** exact, as there. **Complexity** O(n), with memory for each part.
///
/// # Errors
/// As [`largest_remainder`].
pub fn largest_remainder_of_many(total: u128, weights: &[u128]) -> Result<Vec<u128>, MathError> {
    let sum =
        weights.iter().try_fold(0u128, |sum, w| sum.checked_add(*w)).ok_or(MathError::Overflow)?;
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = total;
    for (index, weight) in weights.iter().enumerate() {
        let part = mul_div_floor(total, *weight, sum)?;
        left = left.checked_sub(part).ok_or(MathError::Overflow)?;
        remainders.push((Reverse(remainder(total, *weight, sum)?), index));
        parts.push(part);
    }
    let served = usize::try_from(left).map_err(|_| MathError::DivisionByZero)?;
    if served == 0 {
        return Ok(parts);
    }
    if served >= remainders.len() {
        return Err(MathError::DivisionByZero);
    }
    let (first, ..) = remainders.select_nth_unstable(served);
    for (_, index) in first {
        let part = parts.get_mut(*index).ok_or(MathError::Overflow)?;
        *part = part.checked_add(1).ok_or(MathError::Overflow)?;
    }
    Ok(parts)
}

/// Whether `b` is served after `a`: smaller remainder, or the same at a higher index.
fn after(a: (u128, usize), b: (u128, usize)) -> bool {
    b.0 < a.0 || (b.0 == a.0 && b.1 > a.1)
}

/// `total × weight mod sum`, found as the distance to the floor on a scale of `sum`.
fn remainder(total: u128, weight: u128, sum: u128) -> Result<u128, MathError> {
    let (quotient, exact) = divide(total, weight, sum)?;
    if exact {
        return Ok(0);
    }
    // Both products wrap at 2^128 alike, and their difference is below `sum`, so it survives.
    Ok(total.wrapping_mul(weight).wrapping_sub(quotient.wrapping_mul(sum)))
}

/// Takes the whole atoms out of `numerator × total ÷ denominator + carry` and leaves the rest.
///
/// `carry` counts in units of `1 ÷ denominator` atom and belongs to nobody; the next split with the
/// same denominator uses it up. Over any number of calls the atoms paid plus the carry equal the
/// exact sum.
///
/// # Errors
/// [`MathError::DivisionByZero`] when `denominator` is zero; [`MathError::Overflow`] when the result
/// does not fit, or the carry was not below the denominator.
pub fn with_carry(
    total: u128,
    numerator: u128,
    denominator: u128,
    carry: u128,
) -> Result<(u128, u128), MathError> {
    if denominator == 0 {
        return Err(MathError::DivisionByZero);
    }
    if carry >= denominator {
        return Err(MathError::Overflow);
    }
    let whole = mul_div_floor(total, numerator, denominator)?;
    let rest = remainder(total, numerator, denominator)?;
    let room = denominator.saturating_sub(carry);
    if rest >= room {
        let whole = whole.checked_add(1).ok_or(MathError::Overflow)?;
        Ok((whole, rest.saturating_sub(room)))
    } else {
        Ok((whole, rest.saturating_add(carry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn table() {
        for (total, weights, want) in [
            (7, [20, 30, 50], [1, 2, 4]),
            (1, [20, 30, 50], [0, 0, 1]),
            (2, [1, 1, 1], [1, 1, 0]),
            (10, [1, 1, 1], [4, 3, 3]),
            (5, [0, 0, 9], [0, 0, 5]),
            (0, [1, 2, 3], [0, 0, 0]),
            (u128::MAX, [1, 1, 1], [u128::MAX / 3; 3]),
        ] {
            let mut parts = [9; 3];
            largest_remainder(total, &weights, &mut parts).unwrap();
            assert_eq!(parts, want, "{total} by {weights:?}");
        }
        assert_eq!(largest_remainder(5, &[0, 0], &mut [0; 2]), Err(MathError::DivisionByZero));
        assert_eq!(largest_remainder(5, &[u128::MAX, 1], &mut [0; 2]), Err(MathError::Overflow));
    }

    #[test]
    fn parts_add_up_for_wide_numbers() {
        let mut seed = 3u128;
        for _ in 0..500 {
            seed = seed.wrapping_mul(0xDA94_2042_E4DD_58B5_9E37_79B9_7F4A_7C15).wrapping_add(1);
            let weights = [seed >> 4, seed.rotate_left(40) >> 9, 1, seed.rotate_left(90) >> 3];
            let mut parts = [0; 4];
            largest_remainder(seed, &weights, &mut parts).unwrap();
            assert_eq!(parts.iter().sum::<u128>(), seed);
        }
    }

    #[test]
    fn many_parts_are_as_few() {
        let mut seed = 11u128;
        for length in (0..40).chain([1, 2, 3]) {
            let weights: Vec<u128> = (0..length)
                .map(|_| {
                    seed = seed
                        .wrapping_mul(0xDA94_2042_E4DD_58B5_9E37_79B9_7F4A_7C15)
                        .wrapping_add(1);
                    [0, 1, 7, seed >> 70, seed >> 20][usize::try_from(seed >> 80 & 3).unwrap()]
                })
                .collect();
            for total in [0, 1, 5, 97, seed] {
                let mut parts = vec![0; weights.len()];
                let few = largest_remainder(total, &weights, &mut parts).map(|()| parts);
                assert_eq!(largest_remainder_of_many(total, &weights), few, "{total} {weights:?}");
            }
        }
        let wide = [u128::MAX, 1];
        assert_eq!(largest_remainder_of_many(5, &wide), Err(MathError::Overflow));
    }

    #[test]
    fn carry_is_used_up() {
        let (mut paid, mut carry) = (0, 0);
        for _ in 0..7 {
            let (part, next) = with_carry(10, 1, 7, carry).unwrap();
            paid += part;
            carry = next;
        }
        assert_eq!((paid, carry), (10, 0));
        assert_eq!(with_carry(1, 1, 3, 3), Err(MathError::Overflow));
    }
}
