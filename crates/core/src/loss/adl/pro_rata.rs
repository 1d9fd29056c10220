//! In proportion to gains: everybody gives the same part of a gain, up to what can be closed.

use alloc::vec::Vec;
use backstop_units::{
    MathError, Quotient, compare_products, largest_first, split::largest_remainder_of_many,
};

/// Shares `need` in proportion to `weights`, none above its cap; what a cap holds back goes to the
/// others. Answers one share for each weight, adding up to the need or to all caps with a weight.
///
/// **Shape** as many caps as weights. **Rounding** exact: of those below their cap the largest
/// remainders get the odd lots, ties to the lower position. **Complexity** O(n log n).
///
/// # Errors
/// [`MathError::Overflow`] when the weights don't add up within 128 bits.
pub fn pro_rata(need: u128, weights: &[u128], caps: &[u128]) -> Result<Vec<u128>, MathError> {
    let mut shares: Vec<u128> = weights.iter().map(|_| 0).collect();
    let mut members = Vec::new();
    let mut fill = Vec::new();
    let mut weight_left = 0u128;
    for (at, (weight, cap)) in weights.iter().zip(caps).enumerate() {
        if *weight > 0 && *cap > 0 {
            members.push((at, *weight, *cap));
            // Whoever has the least weight for his cap is full last.
            fill.push(Quotient::new([*weight], [*cap])?);
            weight_left = weight_left.checked_add(*weight).ok_or(MathError::Overflow)?;
        }
    }
    let mut left = need;
    let mut open = Vec::new();
    for (at, weight, cap) in
        largest_first(&fill).into_iter().filter_map(|i| members.get(i).copied())
    {
        // Once one stays below his cap, so do all after him.
        let full = open.is_empty() && compare_products(left, weight, cap, weight_left).is_ge();
        if full {
            if let Some(share) = shares.get_mut(at) {
                *share = cap;
            }
            left = left.saturating_sub(cap);
            weight_left = weight_left.saturating_sub(weight);
        } else {
            open.push((at, weight));
        }
    }
    open.sort_unstable();
    let weights: Vec<u128> = open.iter().map(|(_, weight)| *weight).collect();
    if weights.is_empty() {
        return Ok(shares);
    }
    let parts = largest_remainder_of_many(left, &weights)?;
    for ((at, _), part) in open.into_iter().zip(parts) {
        if let Some(share) = shares.get_mut(at) {
            *share = part;
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn by_hand() {
        for (need, weights, caps, want) in [
            (0, [1, 1, 1], [9, 9, 9], [0, 0, 0]),
            (7, [20, 30, 50], [9, 9, 9], [1, 2, 4]),
            (10, [1, 1, 1], [9, 9, 9], [4, 3, 3]),
            // The second gives its 2, the others share 8 as 1 to 3.
            (10, [1, 4, 3], [9, 2, 9], [2, 2, 6]),
            // First one is full, then by that the next.
            (10, [5, 4, 1], [2, 3, 99], [2, 3, 5]),
            (10, [5, 4, 1], [2, 3, 4], [2, 3, 4]),
            // No weight, no share; the rest is not placed.
            (10, [0, 4, 1], [99, 3, 4], [0, 3, 4]),
            (5, [0, 0, 0], [9, 9, 9], [0, 0, 0]),
            (
                u128::MAX,
                [u128::MAX / 2, 1, u128::MAX / 2],
                [u128::MAX, 0, 7],
                [u128::MAX - 7, 0, 7],
            ),
        ] {
            assert_eq!(
                pro_rata(need, &weights, &caps).unwrap(),
                want,
                "{need} by {weights:?} to {caps:?}"
            );
        }
        assert_eq!(pro_rata(1, &[u128::MAX, 1], &[1, 1]), Err(MathError::Overflow));
    }

    #[test]
    fn shares_are_exact_and_fair() {
        let mut seed = 3u128;
        let mut next = |most: u128| {
            seed = seed.wrapping_mul(0xDA94_2042_E4DD_58B5_9E37_79B9_7F4A_7C15).wrapping_add(1);
            (seed >> 64) % (most + 1)
        };
        for _ in 0..3_000 {
            let length = next(7);
            let weights: Vec<u128> = (0..length).map(|_| next(20)).collect();
            let caps: Vec<u128> = (0..length).map(|_| next(30)).collect();
            let most: u128 =
                weights.iter().zip(&caps).filter(|(w, _)| **w > 0).map(|(_, c)| c).sum();
            let need = next(most + 20);
            let shares = pro_rata(need, &weights, &caps).unwrap();
            assert_eq!(shares.iter().sum::<u128>(), need.min(most), "{need} {weights:?} {caps:?}");
            for i in 0..weights.len() {
                assert!(shares[i] <= caps[i]);
                for j in 0..weights.len() {
                    // Who is below his cap gives, for his weight, as much as anybody, to the odd lot.
                    let below = weights[j] > 0 && shares[j] < caps[j] && shares[i] > 0;
                    assert!(
                        !below || (shares[j] + 1) * weights[i] > (shares[i] - 1) * weights[j],
                        "{need} {weights:?} {caps:?} {shares:?}"
                    );
                }
            }
        }
    }
}
