//! What of a liquidation's remaining collateral the fund takes: its part of the split, or the rate of
//! its fee control.

use super::split::{Parts, share, share_after};
use crate::{
    fund::coverage::room,
    policy::SplitRate,
    reject::Halt,
    state::{Fund, State},
};
use backstop_units::{Amount, FundId, Ppm, Timestamp};

/// The fund's fee at a rate, out of what is left.
///
/// **Never bankrupts** it is at most the collateral, whatever the rate is a portion of; and the rate is
/// at most the headroom already. **Rounding** down: the payer keeps the dust.
pub fn fee(rate: Ppm, base: Amount, collateral: Amount) -> Amount {
    // A product past 128 bits is more than any collateral.
    rate.of_floor(base).unwrap_or(Amount::MAX).min(collateral)
}

/// Shares what is left of a liquidation that closed `notional`, as the fund's split says. A fund without
/// fee control takes its part of the split.
///
/// # Errors
/// As [`room`].
pub fn parts(
    state: &State,
    id: FundId,
    fund: &Fund,
    (collateral, notional): (Amount, Amount),
    now: Timestamp,
) -> Result<Parts, Halt> {
    let split = &fund.policy.split;
    let room = room(state, id, fund)?;
    let base = match split.rate {
        SplitRate::Fixed => return Ok(share(split, collateral, room)?),
        SplitRate::Collateral => collateral,
        SplitRate::Notional => notional,
    };
    Ok(match state.controls.expect(id)?.rate_at(now) {
        Some(rate) => share_after(split, fee(rate, base, collateral), collateral, room)?,
        None => share(split, collateral, room)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_takes_no_account_below_zero() {
        for (rate, base, collateral, want) in [
            (0, 1_000, 1_000, 0),
            (100_000, 1_000, 1_000, 100),
            (100_000, 1_009, 1_009, 100),
            // Of the notional: as far as the collateral goes.
            (15_000, 100_000, 2_000, 1_500),
            (15_000, 100_000, 1_499, 1_499),
            (15_000, 100_000, 0, 0),
            // Rails of a whole, and spikes of a whole on top.
            (2_000_000, 1_000, 1_000, 1_000),
            (2_000_000, u128::MAX, 7, 7),
            (u32::MAX, u128::MAX, u128::MAX, u128::MAX),
        ] {
            let got = fee(Ppm::new(rate), Amount::new(base), Amount::new(collateral));
            assert_eq!(got, Amount::new(want), "{rate} of {base}, {collateral} left");
        }
    }
}
