//! What stakers really earned: a share's price at two moments, losses and rescalings between them counted in.

use super::shares::{scaled, worth};
use backstop_units::{Amount, MathError, Shares, Signed};

/// Millionths of the whole.
const WHOLE: u128 = 1_000_000;

/// What a tranche's shares stood for at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharePrice {
    /// Atoms behind all shares.
    pub assets: Amount,
    /// All shares.
    pub shares: Shares,
    /// By how many powers of ten shares were divided since the series began.
    pub base: u16,
    /// Which share series; a tranche that was wiped out begins the next.
    pub series: u32,
}

/// What a share that was held from `then` to `now` gained, or below zero lost, in millionths of what it was
/// worth `then`. Settled revenue raises it, losses lower it; money that came in or left at the price of its
/// moment changes nothing.
///
/// All shares of `then` are followed: `s = ⌊shares₀ ÷ 10^(base₁ − base₀)⌋` are left of them after rescalings,
/// worth `w = ⌊assets₁ × s ÷ shares₁⌋`, and the yield is `⌊10⁶ × w ÷ assets₀⌋ − 10⁶`. Shares of an older
/// series are worth nothing: −10⁶. None where there was no share, or nothing behind it, `then`, or there is
/// no share `now`.
///
/// **Rounding** down at each step: never more than was earned.
///
/// # Errors
/// [`MathError::Overflow`] when shares outgrew 128 bits.
pub fn realised_yield(then: SharePrice, now: SharePrice) -> Result<Option<Signed>, MathError> {
    if then.shares.is_zero() || then.assets.is_zero() {
        return Ok(None);
    }
    let lost = Signed::new(-1_000_000);
    if then.series != now.series {
        return Ok(Some(lost));
    }
    if now.shares.is_zero() {
        return Ok(None);
    }
    let left = scaled(then.shares, now.base.saturating_sub(then.base));
    let value = worth(left, now.assets, now.shares)?;
    let part = value.mul_div_floor(WHOLE, then.assets.get())?.get();
    let part = i128::try_from(part).map_err(|_| MathError::Overflow)?;
    Ok(Some(Signed::new(part.saturating_sub(1_000_000))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn price(assets: u128, shares: u128, base: u16, series: u32) -> SharePrice {
        SharePrice { assets: Amount::new(assets), shares: Shares::new(shares), base, series }
    }

    #[test]
    fn a_share_earns_revenue_and_bears_losses() {
        for (then, now, want) in [
            // Nothing happened; more came in at the same price.
            (price(1_000, 1_000, 0, 0), price(1_000, 1_000, 0, 0), Some(0)),
            (price(1_000, 1_000, 0, 0), price(9_000, 9_000, 0, 0), Some(0)),
            // A tenth of revenue; then half of everybody left at that price.
            (price(1_000, 1_000, 0, 0), price(1_100, 1_000, 0, 0), Some(100_000)),
            (price(1_000, 1_000, 0, 0), price(550, 500, 0, 0), Some(100_000)),
            // A loss of three tenths after that.
            (price(1_000, 1_000, 0, 0), price(770, 1_000, 0, 0), Some(-230_000)),
            // Two thirds, down.
            (price(3, 3, 0, 0), price(2, 3, 0, 0), Some(-333_334)),
            // Rescaled by a thousand: the same worth.
            (price(1_000, 5_000_000, 0, 1), price(1_000, 5_000, 3, 1), Some(0)),
            (price(1_000, 5_000_000, 1, 1), price(1_200, 50_000, 3, 1), Some(200_000)),
            // Wiped out, whatever came after it.
            (price(1_000, 1_000, 0, 0), price(0, 1_000, 0, 0), Some(-1_000_000)),
            (price(1_000, 1_000, 0, 0), price(7_000, 7_000, 0, 1), Some(-1_000_000)),
            // Nobody to follow.
            (price(0, 0, 0, 0), price(7, 7, 0, 0), None),
            (price(0, 7, 0, 0), price(7, 7, 0, 1), None),
            (price(7, 7, 0, 0), price(0, 0, 0, 0), None),
        ] {
            let got = realised_yield(then, now).unwrap();
            assert_eq!(got, want.map(Signed::new), "{then:?} {now:?}");
        }
        let huge = price(1, u128::MAX, 0, 0);
        assert_eq!(realised_yield(huge, price(u128::MAX, 1, 0, 0)), Err(MathError::Overflow));
    }
}
