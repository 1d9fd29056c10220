//! How the collateral left after a liquidation is shared between fund, liquidator and user.

use crate::policy::{SplitPolicy, SplitRounding};
use backstop_units::{Amount, MathError, split::largest_remainder};

/// The parts of one remaining collateral. **Invariant** they add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Accepted by the fund: its share as far as it fits under the threshold.
    pub fund: Amount,
    /// To the liquidator.
    pub liquidator: Amount,
    /// Back to the user.
    pub user: Amount,
    /// The fund's share that did not fit; where it goes is the fund's overflow policy.
    pub overflow: Amount,
}

/// Shares `collateral`; the fund accepts at most `room`.
///
/// **Rounding** as the policy says: exact by largest remainder, or fund and liquidator down with the
/// rest to the user. **Source** the seed's 20/30/50, in `docs/presets.md`; the allocation that crosses the
/// threshold is accepted in part.
///
/// # Errors
/// [`MathError::DivisionByZero`] when all three shares are zero.
pub fn share(policy: &SplitPolicy, collateral: Amount, room: Amount) -> Result<Parts, MathError> {
    let (fund, liquidator) = match policy.rounding {
        SplitRounding::LargestRemainder => {
            let weights =
                [policy.fund, policy.liquidator, policy.user].map(|part| u128::from(part.get()));
            let mut parts = [0; 3];
            largest_remainder(collateral.get(), &weights, &mut parts)?;
            let [fund, liquidator, _] = parts;
            (Amount::new(fund), Amount::new(liquidator))
        }
        SplitRounding::FloorRestToUser => {
            (policy.fund.of_floor(collateral)?, policy.liquidator.of_floor(collateral)?)
        }
    };
    let accepted = fund.min(room);
    Ok(Parts {
        fund: accepted,
        liquidator,
        user: collateral.saturating_sub(fund).saturating_sub(liquidator),
        overflow: fund.saturating_sub(accepted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let floor =
            SplitPolicy { rounding: SplitRounding::FloorRestToUser, ..SplitPolicy::default() };
        let exact = SplitPolicy::default();
        let max = u128::MAX;
        for (policy, collateral, room, want) in [
            (floor, 1_000_000, max, [200_000, 300_000, 500_000, 0]),
            (floor, 1, max, [0, 0, 1, 0]),
            (floor, 4, max, [0, 1, 3, 0]),
            (exact, 4, max, [1, 1, 2, 0]),
            (floor, 7, max, [1, 2, 4, 0]),
            (exact, 7, max, [1, 2, 4, 0]),
            (floor, 1_000_000, 0, [0, 300_000, 500_000, 200_000]),
            (floor, 1_000_000, 50_000, [50_000, 300_000, 500_000, 150_000]),
            (exact, 0, max, [0, 0, 0, 0]),
        ] {
            let parts = share(&policy, Amount::new(collateral), Amount::new(room)).unwrap();
            let got = [parts.fund, parts.liquidator, parts.user, parts.overflow].map(Amount::get);
            assert_eq!(got, want, "{collateral} with room {room}");
            assert_eq!(got.iter().sum::<u128>(), collateral);
        }
    }
}
