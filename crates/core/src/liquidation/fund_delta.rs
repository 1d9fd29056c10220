//! What a liquidation fill brings the fund or costs it, and whether the fund can pay.

use crate::{policy::Payout, reject::Reject};
use backstop_units::{Amount, Ppm, Signed};

/// How one fill is settled between account and fund, in quote atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundDelta {
    /// What the fill brought above the bankruptcy price, or below zero what it lacked.
    pub residual: Signed,
    /// To the fund; below zero the fund pays.
    pub fund: Signed,
    /// Left to the account: the residual beyond the fee.
    pub account: Amount,
}

/// Settles a fill of `fill` quote atoms (below zero for a buy) against its `bankruptcy` quote.
///
/// ```text
///   residual = fill − bankruptcy
///   fund     = min(residual, ⌊|fill| × max_fee⌋)  when above zero
///            = residual                           otherwise: the fund pays all of it
/// ```
///
/// **Rounding** the fee down; the account keeps the dust. **Source** the insurance fund delta of
/// order-book venues on chain.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn fund_delta(fill: Signed, bankruptcy: Signed, max_fee: Ppm) -> Result<FundDelta, Reject> {
    let residual = fill.checked_sub(bankruptcy).ok_or(Reject::overflow())?;
    // A gain of at most 127 bits: a fee past 128 is above it, whatever it is.
    let most = max_fee.of_floor(fill.size()).unwrap_or(Amount::MAX);
    let fee = residual.positive().min(most);
    let fund = if residual.is_negative() {
        residual
    } else {
        Signed::gain(fee).ok_or(Reject::overflow())?
    };
    Ok(FundDelta { residual, fund, account: residual.positive().saturating_sub(fee) })
}

/// What the fund does with a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Whether the fill may go on.
    pub accepted: bool,
    /// Paid by the fund.
    pub paid: Amount,
    /// What it did not pay of what was needed.
    pub uncovered: Amount,
    /// The fund's balance afterwards.
    pub balance: Amount,
}

/// Applies a delta to a fund's balance. A delta of zero or above is always accepted, one that takes the
/// balance to exactly zero too.
///
/// **Rounding** none.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn settle(balance: Amount, delta: Signed, payout: Payout) -> Result<Settled, Reject> {
    let need = delta.negative();
    let short = need.saturating_sub(balance);
    let accepted = short.is_zero() || payout == Payout::Partial;
    let paid = if accepted { need.min(balance) } else { Amount::ZERO };
    let received = balance.checked_add(delta.positive()).ok_or(Reject::overflow())?;
    Ok(Settled {
        accepted,
        paid,
        uncovered: need.saturating_sub(paid),
        balance: received.saturating_sub(paid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn delta(fill: i128, bankruptcy: i128, fee: u32) -> Result<(i128, i128, u128), Reject> {
        fund_delta(Signed::new(fill), Signed::new(bankruptcy), Ppm::new(fee))
            .map(|delta| (delta.residual.get(), delta.fund.get(), delta.account.get()))
    }

    #[test]
    fn table() {
        for (fill, bankruptcy, fee, want) in [
            (5_610_000_000, 5_100_000_000, 25_000, (510_000_000, 140_250_000, 369_750_000)),
            (5_610_000_000, 5_100_000_000, 1_000_000, (510_000_000, 510_000_000, 0)),
            (-4_410_000_000, -4_900_000_000, 5_000, (490_000_000, 22_050_000, 467_950_000)),
            (5_105_100_000, 5_100_000_000, 5_000, (5_100_000, 5_100_000, 0)),
            (-4_900_000_000, -4_900_000_000, 5_000, (0, 0, 0)),
            (-4_949_000_000, -4_900_000_000, 5_000, (-49_000_000, -49_000_000, 0)),
            (199, 0, 5_000, (199, 0, 199)),
            (0, 5, 5_000, (-5, -5, 0)),
            (i128::MAX, 0, u32::MAX, (i128::MAX, i128::MAX, 0)),
            (i128::MIN, 0, 5_000, (i128::MIN, i128::MIN, 0)),
        ] {
            assert_eq!(delta(fill, bankruptcy, fee), Ok(want), "{fill} against {bankruptcy}");
        }
        assert_eq!(delta(i128::MAX, -1, 5_000), Err(Reject::overflow()));
        assert_eq!(delta(i128::MIN, 1, 5_000), Err(Reject::overflow()));
    }

    #[test]
    fn payouts() {
        use Payout::{Partial, Whole};
        for (balance, delta, payout, want) in [
            (9, 0, Whole, (true, 0, 0, 9)),
            (0, 0, Whole, (true, 0, 0, 0)),
            (0, 5, Whole, (true, 0, 0, 5)),
            (9, -9, Whole, (true, 9, 0, 0)),
            (9, -10, Whole, (false, 0, 10, 9)),
            (9, -10, Partial, (true, 9, 1, 0)),
            (0, -1, Partial, (true, 0, 1, 0)),
            (5, i128::MIN, Whole, (false, 0, 1 << 127, 5)),
        ] {
            let got = settle(Amount::new(balance), Signed::new(delta), payout).unwrap();
            let got = (got.accepted, got.paid.get(), got.uncovered.get(), got.balance.get());
            assert_eq!(got, want, "{balance} and {delta}");
        }
        assert!(settle(Amount::MAX, Signed::new(1), Whole).is_err());
    }

    proptest! {
        #[test]
        fn never_below_zero_at_or_better_than_bankruptcy(
            bankruptcy in -1i128 << 100..1 << 100, better in 0i128..1 << 100, fee: u32,
        ) {
            let fill = bankruptcy + better;
            let (residual, fund, account) = delta(fill, bankruptcy, fee).unwrap();
            prop_assert_eq!(residual, better);
            prop_assert!(fund >= 0 && fund <= better);
            prop_assert_eq!(fund + i128::try_from(account).unwrap(), better);
            let most = fill.unsigned_abs().checked_mul(u128::from(fee)).map_or(u128::MAX, |p| p / 1_000_000);
            prop_assert!(fund.unsigned_abs() <= most);
        }

        #[test]
        fn what_is_needed_is_paid_or_named(balance: u64, delta: i64, partial: bool) {
            let payout = if partial { Payout::Partial } else { Payout::Whole };
            let delta = Signed::new(i128::from(delta));
            let settled = settle(Amount::new(balance.into()), delta, payout).unwrap();
            prop_assert_eq!(settled.paid.checked_add(settled.uncovered), Some(delta.negative()));
            let gone = Amount::new(balance.into()).checked_add(delta.positive()).unwrap();
            prop_assert_eq!(settled.balance.checked_add(settled.paid), Some(gone));
        }
    }
}
