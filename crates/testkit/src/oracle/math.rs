//! School arithmetic in 256 and 512 bits.

use backstop_units::{Span, Timestamp};
use ruint::aliases::U256;

/// `⌊a × b ÷ c⌋`, nothing past 128 bits or for a divisor of zero.
pub(super) fn floor(a: u128, b: u128, c: u128) -> Option<u128> {
    if c == 0 {
        return None;
    }
    u128::try_from(U256::from(a) * U256::from(b) / U256::from(c)).ok()
}

/// `⌈a × b ÷ c⌉`.
pub(super) fn ceil(a: u128, b: u128, c: u128) -> Option<u128> {
    if c == 0 {
        return None;
    }
    let (product, c) = (U256::from(a) * U256::from(b), U256::from(c));
    u128::try_from((product + c - U256::from(1u8)) / c).ok()
}

/// Parts of `total` by weights that add up to 10,000: floors first, then one atom each to the
/// largest fractions, the earlier part first among equals.
pub(super) fn hamilton(total: u128, weights: [u128; 3]) -> [u128; 3] {
    let whole = U256::from(10_000u16);
    let exact = weights.map(|weight| U256::from(total) * U256::from(weight));
    let mut parts = exact.map(|product| u128::try_from(product / whole).unwrap_or(u128::MAX));
    let mut order = [0, 1, 2];
    order.sort_by_key(|at: &usize| std::cmp::Reverse(exact[*at] % whole));
    let left = total - parts.iter().sum::<u128>();
    for at in order.iter().take(usize::try_from(left).expect("at most two atoms")) {
        parts[*at] += 1;
    }
    parts
}

/// Parts of `total` by any weights that add up to it: floors first, then one atom each to the largest
/// fractions, the earlier part first among equals. Nothing where all weights are zero.
pub(super) fn shares_of(total: u128, weights: &[u128]) -> Vec<u128> {
    let whole = weights.iter().fold(U256::ZERO, |sum, weight| sum + U256::from(*weight));
    if whole == U256::ZERO {
        return vec![0; weights.len()];
    }
    let exact: Vec<U256> = weights.iter().map(|w| U256::from(total) * U256::from(*w)).collect();
    let mut parts: Vec<u128> = exact
        .iter()
        .map(|product| u128::try_from(product / whole).expect("at most the total"))
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(exact[*at] % whole));
    let left = total - parts.iter().sum::<u128>();
    for at in order.iter().take(usize::try_from(left).expect("fewer atoms than parts")) {
        parts[*at] += 1;
    }
    parts
}

/// How much of `from` to `to` is covered by at least one of the stretches.
pub(super) fn covered(
    stretches: &[(Timestamp, Timestamp)],
    from: Timestamp,
    to: Timestamp,
) -> Span {
    let mut cuts: Vec<Timestamp> = vec![from, to];
    for (start, end) in stretches {
        cuts.extend([*start, *end].into_iter().filter(|cut| *cut > from && *cut < to));
    }
    cuts.sort_unstable();
    cuts.windows(2).fold(Span::ZERO, |sum, pair| {
        let inside = stretches.iter().any(|(start, end)| *start <= pair[0] && pair[1] <= *end);
        if inside { sum.plus(pair[1].since(pair[0])) } else { sum }
    })
}
