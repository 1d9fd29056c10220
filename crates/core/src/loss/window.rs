//! Rolling limits that refill: what was used within the last hour, eight hours or day.

use backstop_units::{Amount, Span, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// Parts into which a window's span is cut.
const PARTS: u64 = 24;
/// One more than the parts, so that the buckets together always cover the whole span.
const BUCKETS: usize = 25;

/// How much was used lately, in 25 buckets of a 24th of the span each.
///
/// **Invariant W1** within any stretch of `span`, no more than the limit is granted: the buckets that
/// count reach back at least a full span, at most a 24th more. So use refills up to a 24th late,
/// never early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Window {
    span: Span,
    newest: u64,
    buckets: [Amount; BUCKETS],
}

impl Window {
    /// An unused window.
    pub const fn new(span: Span) -> Self {
        Self { span, newest: 0, buckets: [Amount::ZERO; BUCKETS] }
    }

    /// The number of the bucket that `at` falls in.
    fn bucket(&self, at: Timestamp) -> u64 {
        // A span is at least one part of one millisecond; the rounding makes buckets longer, which
        // keeps the window at least as long as its span.
        let part = self.span.ms().div_ceil(PARTS).max(1);
        at.ms().checked_div(part).unwrap_or(0)
    }

    /// What counts at `now`.
    pub fn used(&self, now: Timestamp) -> Amount {
        let current = self.bucket(now);
        let counts = |back: u64| {
            self.newest.checked_sub(back).is_some_and(|b| b.saturating_add(PARTS) >= current)
        };
        (0..=PARTS).filter(|back| counts(*back)).fold(Amount::ZERO, |sum, back| {
            sum.saturating_add(
                self.slot(self.newest.saturating_sub(back)).copied().unwrap_or(Amount::ZERO),
            )
        })
    }

    /// Counts `amount` as used at `now`. A moment before the newest use counts as that.
    pub(crate) fn add(&mut self, now: Timestamp, amount: Amount) {
        let current = self.bucket(now).max(self.newest);
        let gone = current.saturating_sub(self.newest).min(PARTS.saturating_add(1));
        for ahead in 0..gone {
            if let Some(slot) = self.slot_mut(current.saturating_sub(ahead)) {
                *slot = Amount::ZERO;
            }
        }
        self.newest = current;
        if let Some(slot) = self.slot_mut(current) {
            *slot = slot.saturating_add(amount);
        }
    }

    /// Takes back what was used at a moment, as far as it still counts: a voided loss used nothing, but
    /// an old one frees nothing of today's.
    pub(crate) fn give_back(&mut self, at: Timestamp, amount: Amount) {
        let bucket = self.bucket(at);
        let counts = bucket <= self.newest && bucket.saturating_add(PARTS) >= self.newest;
        if let Some(slot) = self.slot_mut(bucket).filter(|_| counts) {
            *slot = slot.saturating_sub(amount);
        }
    }

    fn index(bucket: u64) -> usize {
        usize::try_from(bucket.checked_rem(PARTS.saturating_add(1)).unwrap_or(0)).unwrap_or(0)
    }
    fn slot(&self, bucket: u64) -> Option<&Amount> {
        self.buckets.get(Self::index(bucket))
    }
    fn slot_mut(&mut self, bucket: u64) -> Option<&mut Amount> {
        self.buckets.get_mut(Self::index(bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_ms(1_700_000_000_000 + minutes * 60_000)
    }

    #[test]
    fn use_refills_after_the_span_and_not_before() {
        let mut window = Window::new(Span::hours(1));
        window.add(at(0), Amount::new(5));
        window.add(at(30), Amount::new(7));
        assert_eq!(window.used(at(59)), Amount::new(12));
        assert_eq!(window.used(at(63)), Amount::new(7));
        assert_eq!(window.used(at(93)), Amount::ZERO);
        window.add(at(500), Amount::new(1));
        assert_eq!(window.used(at(500)), Amount::new(1));
    }

    #[test]
    fn any_stretch_of_the_span_is_covered() {
        // Naive oracle: a list of uses.
        let (mut window, mut uses) = (Window::new(Span::hours(8)), alloc::vec::Vec::new());
        for step in 0..600u64 {
            let now = at(step * 7 + (step * step) % 5);
            window.add(now, Amount::new(u128::from(step % 9)));
            uses.push((now, step % 9));
            let exact: u64 =
                uses.iter().filter(|u| now.since(u.0) <= Span::hours(8)).map(|u| u.1).sum();
            let late: u64 = uses
                .iter()
                .filter(|u| now.since(u.0) <= Span::from_ms(8 * 3_600_000 + 1_200_000))
                .map(|u| u.1)
                .sum();
            assert!(window.used(now).get() >= u128::from(exact), "step {step}");
            assert!(window.used(now).get() <= u128::from(late), "step {step}");
        }
    }

    #[test]
    fn give_back_frees_its_own_moment_only() {
        let mut window = Window::new(Span::hours(1));
        window.add(at(0), Amount::new(5));
        window.add(at(10), Amount::new(7));
        window.give_back(at(0), Amount::new(9));
        assert_eq!(window.used(at(10)), Amount::new(7));
        window.add(at(500), Amount::new(3));
        window.give_back(at(10), Amount::new(7));
        assert_eq!(window.used(at(500)), Amount::new(3));
    }
}
