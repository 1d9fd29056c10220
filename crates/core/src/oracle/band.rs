//! The sanity band: which moves of an index are believed at once, which after a while, which never.
//!
//! ```text
//!   within the band of every price accepted lately ──────────────▶ accepted
//!   outside ──▶ suspect ── holds within the band long enough ────▶ confirmed
//!      further than the jump from the last accepted price ───────▶ never by itself
//! ```
//!
//! Lately is this period of `band_span` and the one before it, so a price is compared with all that
//! were accepted within at least that span: a band can't be walked in small steps. Bounded memory:
//! of each period only the lowest and the highest price are kept.
//!
//! **Invariant O1** of two prices accepted within `band_span` of each other, neither is further from
//! the earlier one than the band, unless one was confirmed in between.

use super::median::near;
use crate::policy::IndexPolicy;
use backstop_units::{Ppm, Price, Span, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What is made of the median after a report.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Verdict {
    /// There is no median: feeds are missing, stale or disagree.
    NoPrice = 0,
    /// Within the band.
    Accepted(Price) = 1,
    /// Outside, and not long enough.
    Suspect {
        /// The median.
        price: Price,
        /// Since when it has held there.
        since: Timestamp,
    } = 2,
    /// Outside, and long enough: the band lies around it from now on.
    Confirmed(Price) = 3,
    /// Further from the last accepted price than any that time alone confirms.
    Jumped(Price) = 4,
}

/// The lowest and the highest of some prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Extremes {
    low: Price,
    high: Price,
}

impl Extremes {
    const fn of(price: Price) -> Self {
        Self { low: price, high: price }
    }
    fn with(self, price: Price) -> Self {
        self.and(Self::of(price))
    }
    fn and(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// A stretch of time in which the price was outside and stayed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Suspicion {
    /// When it began.
    pub since: Timestamp,
    /// When it was last seen.
    pub seen: Timestamp,
    prices: Extremes,
}

/// What an index has accepted lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Band {
    accepted: Option<Accepted>,
    /// A price outside that has not held long enough.
    pub suspicion: Option<Suspicion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Accepted {
    last: Price,
    at: Timestamp,
    /// When the period of the last accepted price began.
    from: Timestamp,
    period: Extremes,
    before: Option<Extremes>,
}

/// When the period that `now` lies in began.
fn period(now: Timestamp, span: Span) -> Timestamp {
    now.minus(now.into_period(span))
}

impl Accepted {
    /// What counts in the period of `now`: that period's prices, and those of the one before it.
    fn rolled(&self, span: Span, now: Timestamp) -> (Option<Extremes>, Option<Extremes>) {
        let from = period(now, span);
        if from == self.from {
            (Some(self.period), self.before)
        } else if from.minus(span) == self.from {
            (None, Some(self.period))
        } else {
            (None, None)
        }
    }
}

impl Band {
    /// The last accepted price, and when it was.
    pub fn last(&self) -> Option<(Price, Timestamp)> {
        self.accepted.map(|accepted| (accepted.last, accepted.at))
    }

    /// What to make of the median `price` at `now`. The first price of an index is accepted as it is.
    pub fn judge(&self, policy: &IndexPolicy, price: Price, now: Timestamp) -> Verdict {
        let Some(accepted) = &self.accepted else { return Verdict::Accepted(price) };
        if !near(price, accepted.last, policy.max_jump) {
            return Verdict::Jumped(price);
        }
        let (period, before) = accepted.rolled(policy.band_span, now);
        let last = Some(Extremes::of(accepted.last));
        let lately = [period, before, last].into_iter().flatten().reduce(Extremes::and);
        let inside = |side: fn(Extremes) -> Price| {
            lately.is_none_or(|lately| near(price, side(lately), policy.band))
        };
        if inside(|lately| lately.low) && inside(|lately| lately.high) {
            return Verdict::Accepted(price);
        }
        let since = self.suspicion.filter(|was| was.holds(policy, price, now));
        let since = since.map_or(now, |suspicion| suspicion.since);
        if now.since(since) >= policy.confirm_after {
            Verdict::Confirmed(price)
        } else {
            Verdict::Suspect { price, since }
        }
    }

    /// Remembers a verdict.
    pub(crate) fn learn(&mut self, policy: &IndexPolicy, verdict: Verdict, now: Timestamp) {
        let from = period(now, policy.band_span);
        match verdict {
            Verdict::NoPrice => {}
            Verdict::Jumped(_) => self.suspicion = None,
            Verdict::Accepted(price) => {
                let rolled = self.accepted.map(|was| was.rolled(policy.band_span, now));
                let (period, before) = rolled.unwrap_or_default();
                let period = period.unwrap_or(Extremes::of(price)).with(price);
                self.accepted = Some(Accepted { last: price, at: now, from, period, before });
                self.suspicion = None;
            }
            Verdict::Confirmed(price) => {
                let period = Extremes::of(price);
                self.accepted = Some(Accepted { last: price, at: now, from, period, before: None });
                self.suspicion = None;
            }
            Verdict::Suspect { price, since } => {
                // Two stretches may begin in one millisecond.
                let was = self.suspicion.filter(|was| was.holds(policy, price, now));
                let prices = was.map_or(Extremes::of(price), |was| was.prices.with(price));
                self.suspicion = Some(Suspicion { since, seen: now, prices });
            }
        }
    }
}

impl Suspicion {
    /// Whether the stretch goes on with this price: seen without a gap longer than a report counts,
    /// and all of it within the band.
    fn holds(&self, policy: &IndexPolicy, price: Price, now: Timestamp) -> bool {
        let prices = self.prices.with(price);
        now.since(self.seen) <= policy.max_age && together(prices, policy.band)
    }
}

fn together(prices: Extremes, band: Ppm) -> bool {
    near(prices.high, prices.low, band)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Accepted, Confirmed, Jumped, Suspect};

    const POLICY: IndexPolicy = IndexPolicy {
        quorum: 1,
        families: 1,
        max_age: Span::from_ms(60_000),
        max_deviation: Ppm::WHOLE,
        band: Ppm::new(100_000),
        band_span: Span::from_ms(600_000),
        confirm_after: Span::from_ms(120_000),
        max_jump: Ppm::new(500_000),
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(600_000_000 + seconds * 1_000)
    }

    /// Verdicts on prices as they come, each learned.
    fn verdicts(prices: &[(u64, u128)]) -> std::vec::Vec<Verdict> {
        let mut band = Band::default();
        let judge = |(second, price): &(u64, u128)| {
            let verdict = band.judge(&POLICY, Price::new(*price), at(*second));
            band.learn(&POLICY, verdict, at(*second));
            verdict
        };
        prices.iter().map(judge).collect()
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table: one story after the other")]
    fn table() {
        let price = Price::new;
        let suspect = |p, since| Suspect { price: price(p), since: at(since) };
        for (prices, want) in [
            (
                vec![(0, 100), (1, 110), (2, 101)],
                vec![Accepted(price(100)), Accepted(price(110)), Accepted(price(101))],
            ),
            // 110 is the highest lately: 99 is its edge, 98 is out.
            (
                vec![(0, 100), (1, 110), (2, 98)],
                vec![Accepted(price(100)), Accepted(price(110)), suspect(98, 2)],
            ),
            // Steps within the band of the last price don't walk it away from the first.
            (
                vec![(0, 100), (1, 109), (2, 118)],
                vec![Accepted(price(100)), Accepted(price(109)), suspect(118, 2)],
            ),
            // It holds: a minute between reports is no gap, and 10 % are together.
            (
                vec![(0, 100), (60, 130), (120, 140), (179, 130), (180, 131)],
                vec![
                    Accepted(price(100)),
                    suspect(130, 60),
                    suspect(140, 60),
                    suspect(130, 60),
                    Confirmed(price(131)),
                ],
            ),
            // A gap, and a move of its own, begin anew.
            (
                vec![(0, 100), (60, 130), (121, 130)],
                vec![Accepted(price(100)), suspect(130, 60), suspect(130, 121)],
            ),
            (
                vec![(0, 100), (60, 120), (60, 135), (61, 120), (61, 121)],
                vec![
                    Accepted(price(100)),
                    suspect(120, 60),
                    suspect(135, 60),
                    suspect(120, 61),
                    suspect(121, 61),
                ],
            ),
            (
                vec![(0, 100), (60, 120), (90, 135)],
                vec![Accepted(price(100)), suspect(120, 60), suspect(135, 90)],
            ),
            // Back inside: forgotten.
            (
                vec![(0, 100), (60, 130), (90, 105), (120, 130)],
                vec![
                    Accepted(price(100)),
                    suspect(130, 60),
                    Accepted(price(105)),
                    suspect(130, 120),
                ],
            ),
            (
                vec![(0, 100), (1, 150), (2, 151)],
                vec![Accepted(price(100)), suspect(150, 1), Jumped(price(151))],
            ),
            // The second period after it has forgotten all but the last.
            (
                vec![(0, 100), (1, 90), (700, 100), (1_199, 108)],
                vec![
                    Accepted(price(100)),
                    Accepted(price(90)),
                    suspect(100, 700),
                    suspect(108, 1_199),
                ],
            ),
            (
                vec![(0, 100), (1, 91), (1_200, 100)],
                vec![Accepted(price(100)), Accepted(price(91)), Accepted(price(100))],
            ),
        ] {
            let given = prices.clone();
            assert_eq!(verdicts(&prices), want, "{given:?}");
        }
    }
}
