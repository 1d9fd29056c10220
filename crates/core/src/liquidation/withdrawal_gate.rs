//! The hold on exits after a pool was seen in trouble.

use crate::reject::{Reject, RejectCode};

/// Which way money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// In: always open.
    Deposit,
    /// Out.
    Withdrawal,
    /// Out of one account into another.
    Transfer,
}

/// Whether money may move at `now`, in blocks or milliseconds, `length` of which the gate stays shut
/// after each sighting: of an account below zero equity in this pool, or of a stall of the venue.
///
/// Shut while `now − seen < length`, open at exactly `length`; a sighting ahead of `now` shuts it.
/// **Source** the withdrawal gate of order-book venues on chain.
pub fn is_open(now: u64, seen: &[u64], length: u64, movement: Movement) -> bool {
    movement == Movement::Deposit || seen.iter().all(|at| now.saturating_sub(*at) >= length)
}

/// When exits open again: the end of the last sighting's hold, or `now` if they are open.
///
/// # Errors
/// [`RejectCode::Overflow`] past 64 bits.
pub fn opens_at(now: u64, seen: &[u64], length: u64) -> Result<u64, Reject> {
    let Some(last) = seen.iter().max() else { return Ok(now) };
    let end = last.checked_add(length);
    end.map(|end| end.max(now)).ok_or(Reject::new(RejectCode::Overflow, *last, u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        use Movement::{Deposit, Transfer, Withdrawal};
        for (now, seen, movement, open) in [
            (100, &[50][..], Withdrawal, true),
            (100, &[51], Withdrawal, false),
            (100, &[100], Transfer, false),
            (100, &[100], Deposit, true),
            (100, &[120], Withdrawal, false),
            (100, &[], Withdrawal, true),
            (100, &[1, 60], Transfer, false),
            (u64::MAX, &[0], Withdrawal, true),
        ] {
            assert_eq!(is_open(now, seen, 50, movement), open, "{now} after {seen:?}");
            let opens = opens_at(now, seen, 50).unwrap();
            assert!(is_open(opens, seen, 50, Withdrawal));
            assert_eq!(opens == now, is_open(now, seen, 50, Withdrawal));
        }
        assert!(opens_at(0, &[u64::MAX], 50).is_err());
    }
}
