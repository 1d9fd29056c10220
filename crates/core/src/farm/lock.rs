//! Locks: until when stake can't leave, or what leaving early costs.

use crate::{
    policy::{FarmLock, FarmPolicy},
    reject::{Halt, Reject, RejectCode},
};
use backstop_units::{Amount, Bps, Span, Timestamp};

/// What leaving costs now. **Rounding** of the portion and of the penalty down: the leaver keeps the dust.
///
/// # Errors
/// [`RejectCode::StakeLocked`] where nothing may leave before the lock's end.
pub fn penalty(
    policy: &FarmPolicy,
    staked_at: Timestamp,
    now: Timestamp,
    amount: Amount,
) -> Result<Amount, Halt> {
    let from = match policy.lock {
        FarmLock::None => return Ok(Amount::ZERO),
        FarmLock::Continuous => staked_at,
        FarmLock::Expiry => policy.lock_start,
    };
    let until = from.plus(policy.lock_span);
    if now < from || now >= until {
        return Ok(Amount::ZERO);
    }
    if policy.penalty == Bps::ZERO || policy.penalty == Bps::WHOLE {
        return Err(Reject::new(RejectCode::StakeLocked, now, until).into());
    }
    let (left, span): (Span, Span) = (until.since(now), policy.lock_span);
    let portion =
        Amount::new(policy.penalty.get().into()).mul_div_floor(left.ms().into(), span.ms().into());
    Ok(amount.mul_div_floor(portion?.get(), Bps::WHOLE.get().into())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(lock: FarmLock, penalty: u32) -> FarmPolicy {
        FarmPolicy {
            lock,
            lock_span: Span::from_ms(1_000),
            lock_start: Timestamp::from_ms(500),
            penalty: Bps::new(penalty),
            ..FarmPolicy::default()
        }
    }

    #[test]
    fn falls_to_nothing() {
        use FarmLock::{Continuous, Expiry, None};
        for (lock, setting, staked, now, want) in [
            (None, 2_000, 0, 0, Some(0)),
            (Continuous, 2_000, 100, 100, Some(200)),
            (Continuous, 2_000, 100, 350, Some(150)),
            (Continuous, 2_000, 100, 1_099, Some(0)),
            (Continuous, 2_000, 100, 1_100, Some(0)),
            // A setting of nothing or all locks.
            (Continuous, 0, 100, 1_099, Option::None),
            (Continuous, 10_000, 100, 1_099, Option::None),
            (Continuous, 10_000, 100, 1_100, Some(0)),
            // One lock for all, whenever they staked.
            (Expiry, 2_000, 1_400, 499, Some(0)),
            (Expiry, 2_000, 0, 500, Some(200)),
            (Expiry, 2_000, 1_400, 1_400, Some(20)),
            (Expiry, 0, 0, 1_499, Option::None),
            (Expiry, 0, 0, 1_500, Some(0)),
        ] {
            let [staked, now] = [staked, now].map(Timestamp::from_ms);
            let got = penalty(&rules(lock, setting), staked, now, Amount::new(1_001)).ok();
            assert_eq!(got, want.map(Amount::new), "{lock:?} {setting} {staked} {now}");
        }
    }
}
