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

/// Shares `collateral` after the fund's fee: liquidator and user share the rest by their parts; the fund
/// accepts at most `room`.
///
/// **Rounding** as the policy says, of the rest. Where neither has a part, all of it is the user's.
///
/// # Errors
/// [`MathError::Overflow`] never: the parts are at most the collateral.
pub fn share_after(
    policy: &SplitPolicy,
    fee: Amount,
    collateral: Amount,
    room: Amount,
) -> Result<Parts, MathError> {
    let fund = fee.min(collateral);
    let rest = collateral.saturating_sub(fund);
    let weights = [policy.liquidator, policy.user].map(|part| u128::from(part.get()));
    let whole = weights.iter().fold(0_u128, |sum, part| sum.saturating_add(*part));
    let liquidator = match policy.rounding {
        _ if whole == 0 => Amount::ZERO,
        SplitRounding::LargestRemainder => {
            let mut parts = [0; 2];
            largest_remainder(rest.get(), &weights, &mut parts)?;
            let [liquidator, _] = parts;
            Amount::new(liquidator)
        }
        SplitRounding::FloorRestToUser => {
            let [liquidator, _] = weights;
            rest.mul_div_floor(liquidator, whole)?
        }
    };
    let accepted = fund.min(room);
    Ok(Parts {
        fund: accepted,
        liquidator,
        user: rest.saturating_sub(liquidator),
        overflow: fund.saturating_sub(accepted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Bps;

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

    #[test]
    fn after_a_fee() {
        let floor =
            SplitPolicy { rounding: SplitRounding::FloorRestToUser, ..SplitPolicy::default() };
        let exact = SplitPolicy::default();
        let none = Bps::ZERO;
        let fund = SplitPolicy { fund: Bps::WHOLE, liquidator: none, user: none, ..exact };
        let max = u128::MAX;
        for (policy, fee, collateral, room, want) in [
            // 3,000 to 5,000 of the 900 that are left.
            (exact, 100, 1_000, max, [100, 338, 562, 0]),
            (floor, 100, 1_000, max, [100, 337, 563, 0]),
            (exact, 100, 1_000, 30, [30, 338, 562, 70]),
            (exact, 0, 8, max, [0, 3, 5, 0]),
            // More than there is: all of it, and nobody is below zero.
            (exact, 1_001, 1_000, max, [1_000, 0, 0, 0]),
            (floor, max, 7, 2, [2, 0, 0, 5]),
            (fund, 100, 1_000, max, [100, 0, 900, 0]),
            (exact, 5, 0, max, [0, 0, 0, 0]),
        ] {
            let [fee, all, room] = [fee, collateral, room].map(Amount::new);
            let parts = share_after(&policy, fee, all, room).unwrap();
            let got = [parts.fund, parts.liquidator, parts.user, parts.overflow].map(Amount::get);
            assert_eq!(got, want, "{fee} of {collateral} with room {room}");
            assert_eq!(got.iter().sum::<u128>(), collateral);
        }
    }
}
