//! When a pool has lost so much from its peak that positions are deleveraged instead.

use crate::reject::Reject;
use backstop_units::{Amount, Ppm, Signed};

/// A fall from a peak, measured by a base: a market's gain by its pool's peak, or a pool's balance by
/// its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawdown {
    /// Now, in quote atoms.
    pub now: Signed,
    /// Highest within the window (eight hours, as a rule).
    pub peak: Signed,
    /// What the fall is a portion of: the pool's highest balance in the window.
    pub base: Amount,
}

/// When deleveraging begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerPolicy {
    /// It begins at a fall of at least this portion.
    pub start: Ppm,
    /// Once begun it goes on while the fall is at least this portion, which is smaller.
    pub stop: Ppm,
    /// A fall counts only while the pool holds more than this; an empty pool always triggers.
    pub min_balance: Amount,
}

/// Why positions are deleveraged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerCause {
    /// The pool holds nothing, or owes. Ends when it holds something.
    EmptyPool,
    /// The fall from the peak. Ends when it is below the stop.
    Drawdown,
}

/// Whether positions are deleveraged, and what part of the fall they are to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Why, if they are.
    pub cause: Option<TriggerCause>,
    /// What the fall is beyond the start, in quote atoms: this part goes to deleveraging.
    pub excess: Amount,
}

impl Drawdown {
    /// How far it has fallen: `max(0, peak − now)`.
    ///
    /// # Errors
    /// [`crate::RejectCode::Overflow`].
    pub fn fall(&self) -> Result<Amount, Reject> {
        Ok(self.peak.checked_sub(self.now).ok_or(Reject::overflow())?.positive())
    }

    /// The fall in parts per million of the base, none for a base of zero. **Rounding** down, a figure
    /// only: triggers compare exact values.
    ///
    /// # Errors
    /// [`crate::RejectCode::Overflow`].
    pub fn portion(&self) -> Result<Option<Amount>, Reject> {
        if self.base.is_zero() {
            return Ok(None);
        }
        let parts = u128::from(Ppm::WHOLE.get());
        Ok(Some(self.fall()?.mul_div_floor(parts, self.base.get())?))
    }

    /// Whether the fall is at least a portion of the base. Without a base any fall is.
    fn reaches(&self, portion: Ppm) -> Result<bool, Reject> {
        let fall = self.fall()?;
        Ok(!fall.is_zero() && fall >= portion.of_ceil(self.base)?)
    }
}

/// Whether positions are deleveraged now, given whether they already are.
///
/// A fall that equals the start triggers. Between start and stop the answer is what it was, so that a
/// market does not flicker. **Rounding** the bounds up to whole atoms, which compares exactly; the part
/// that the pool bears down. **Source** the drawdown rule that exchanges publish for shared pools.
///
/// # Errors
/// [`crate::RejectCode::Overflow`].
pub fn trigger(
    balance: Signed,
    drawdown: &Drawdown,
    policy: &TriggerPolicy,
    active: bool,
) -> Result<Trigger, Reject> {
    if balance.is_negative() || balance.is_zero() {
        let fall = drawdown.fall()?;
        let excess = fall.saturating_sub(policy.start.of_floor(drawdown.base)?);
        return Ok(Trigger { cause: Some(TriggerCause::EmptyPool), excess });
    }
    let bound = if active { policy.stop.least(policy.start) } else { policy.start };
    let counts = balance.positive() > policy.min_balance;
    if !counts || !drawdown.reaches(bound)? {
        return Ok(Trigger { cause: None, excess: Amount::ZERO });
    }
    let excess = drawdown.fall()?.saturating_sub(policy.start.of_floor(drawdown.base)?);
    Ok(Trigger { cause: Some(TriggerCause::Drawdown), excess })
}

#[cfg(test)]
mod tests {
    use super::*;
    use TriggerCause::{Drawdown as Fell, EmptyPool};
    use proptest::prelude::*;

    const POLICY: TriggerPolicy = TriggerPolicy {
        start: Ppm::new(300_000),
        stop: Ppm::new(250_000),
        min_balance: Amount::new(1),
    };

    fn ask(
        balance: i128,
        now: i128,
        peak: i128,
        base: u128,
        active: bool,
    ) -> (Option<TriggerCause>, u128) {
        let drawdown =
            Drawdown { now: Signed::new(now), peak: Signed::new(peak), base: Amount::new(base) };
        let trigger = trigger(Signed::new(balance), &drawdown, &POLICY, active).unwrap();
        (trigger.cause, trigger.excess.get())
    }

    #[test]
    fn table() {
        for (balance, now, peak, base, active, want) in [
            // A gain of 1M falls by 600k against a pool of 2M: exactly 30 %.
            (2_000_000, 400_000, 1_000_000, 2_000_000, false, (Some(Fell), 0)),
            (2_000_000, 400_001, 1_000_000, 2_000_000, false, (None, 0)),
            (2_000_000, 300_000, 1_000_000, 2_000_000, false, (Some(Fell), 100_000)),
            (2_000_000, -700_000, 0, 2_000_000, false, (Some(Fell), 100_000)),
            // Once begun it goes on to 25 %.
            (2_000_000, 500_000, 1_000_000, 2_000_000, true, (Some(Fell), 0)),
            (2_000_000, 500_001, 1_000_000, 2_000_000, true, (None, 0)),
            (2_000_000, 500_000, 1_000_000, 2_000_000, false, (None, 0)),
            // A pool at its small limit, an empty one, one that owes.
            (1, 0, 9, 10, false, (None, 0)),
            (0, 0, 0, 0, false, (Some(EmptyPool), 0)),
            (-5, 9, 0, 10, true, (Some(EmptyPool), 0)),
            (0, -8, 2, 10, false, (Some(EmptyPool), 7)),
            // No fall is no trigger, whatever the base.
            (5, 3, 3, 0, true, (None, 0)),
            (5, 4, 3, 10, false, (None, 0)),
            (5, 2, 3, 0, false, (Some(Fell), 1)),
        ] {
            assert_eq!(
                ask(balance, now, peak, base, active),
                want,
                "{balance} {now} {peak} {base}"
            );
        }
        let extreme = Drawdown {
            now: Signed::new(i128::MIN),
            peak: Signed::new(i128::MAX),
            base: Amount::MAX,
        };
        assert!(trigger(Signed::new(5), &extreme, &POLICY, false).is_err());
    }

    #[test]
    fn a_pool_against_its_own_peak() {
        let own = |now: i128| Drawdown {
            now: Signed::new(now),
            peak: Signed::new(1_000),
            base: Amount::new(1_000),
        };
        assert_eq!(own(700).portion(), Ok(Some(Amount::new(300_000))));
        assert_eq!(own(1_700).portion(), Ok(Some(Amount::ZERO)));
        let none = Drawdown { base: Amount::ZERO, ..own(1) };
        assert_eq!(none.portion(), Ok(None));
    }

    proptest! {
        #[test]
        fn starting_is_harder_than_going_on(balance: i32, now: i32, peak: i32, base: u32) {
            let at = |active| ask(balance.into(), now.into(), peak.into(), base.into(), active);
            let (fresh, going) = (at(false), at(true));
            prop_assert!(fresh.0.is_none() || fresh == going);
            let fall = i128::from(peak) - i128::from(now);
            prop_assert!(i128::try_from(going.1).unwrap() <= fall.max(0));
        }
    }
}
