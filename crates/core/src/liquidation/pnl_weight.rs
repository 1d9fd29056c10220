//! What an unrealised gain counts for in margin, less when a market owes its winners more than it may.

use crate::reject::Reject;
use backstop_units::{Amount, Ppm, Signed};

/// Weight of a gain in one market: `weight`, and once the market's net gain exceeds `max_imbalance`
/// `⌊weight × max_imbalance ÷ net⌋`, so that all gains together count for no more than the imbalance
/// that the fund stands behind. None for no bound. A loss counts whole and has no weight.
///
/// **Rounding** down; the account bears the dust. **Source** the imbalance cap of perpetual venues on
/// chain.
///
/// # Errors
/// [`crate::RejectCode::Overflow`], which a weight that only falls can't reach.
pub fn weight(weight: Ppm, net: Signed, max_imbalance: Option<Amount>) -> Result<Ppm, Reject> {
    let Some(max) = max_imbalance.filter(|max| net.positive() > *max) else { return Ok(weight) };
    let scaled = max.mul_div_floor(u128::from(weight.get()), net.positive().get())?;
    Ok(u32::try_from(scaled.get()).map_or(weight, Ppm::new))
}

/// An unrealised result as margin counts it: a gain by its weight, a loss whole.
///
/// **Rounding** down.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn counted(pnl: Signed, weight: Ppm) -> Result<Signed, Reject> {
    if pnl.is_negative() {
        return Ok(pnl);
    }
    Ok(pnl.mul_div_floor(u128::from(weight.get()), u128::from(Ppm::WHOLE.get()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (full, net, max, want) in [
            (1_000_000, 0, Some(100), 1_000_000),
            (1_000_000, 100, Some(100), 1_000_000),
            (1_000_000, 101, Some(100), 990_099),
            (900_000, 300, Some(100), 300_000),
            (1_000_000, -500, Some(100), 1_000_000),
            (1_000_000, 500, None, 1_000_000),
            (1_000_000, 1, Some(0), 0),
            (u32::MAX, i128::MAX, Some(u128::MAX), u32::MAX),
        ] {
            let got = weight(Ppm::new(full), Signed::new(net), max.map(Amount::new));
            assert_eq!(got, Ok(Ppm::new(want)), "{full} at {net} of {max:?}");
        }
        let count = |pnl, weight| counted(Signed::new(pnl), Ppm::new(weight)).map(Signed::get);
        assert_eq!(count(999, 990_099), Ok(989));
        assert_eq!(count(-999, 1), Ok(-999));
        assert_eq!(count(i128::MAX, 2_000_000), Err(Reject::overflow()));
    }
}
