//! The median of fresh reports: one vote for each family, outliers dropped, quorum counted.
//!
//! ```text
//!   reports ─▶ fresh ─▶ quorum ─▶ median of each family ─▶ median of families
//!                                                                │
//!   price ◀── median of families ◀── quorum ◀── without feeds too far from it
//! ```
//!
//! Pure: knows neither feeds nor ledgers.

use crate::{
    policy::IndexPolicy,
    reject::{Reject, RejectCode},
};
use arrayvec::ArrayVec;
use backstop_units::{Label, Ppm, Price, Timestamp, mul_div_floor};

/// Most feeds that one index can have.
pub const FEEDS_MAX: usize = 16;

/// What one feed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Feeds of one family count once.
    pub family: Label,
    /// Its last price.
    pub price: Price,
    /// As of when.
    pub at: Timestamp,
    /// Reported without a signature.
    pub attested: bool,
}

/// What the fresh feeds agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The median.
    pub price: Price,
    /// As of when: the oldest report that counts.
    pub at: Timestamp,
    /// How many feeds count.
    pub feeds: usize,
    /// Of how many families.
    pub families: usize,
    /// How many of the feeds report without a signature.
    pub attested: usize,
}

/// The middle one; of an even count the floor of the mean of the two middle ones. Nothing of nothing.
///
/// **Shape** at most [`FEEDS_MAX`] prices, in any order; more are not looked at.
pub fn median(prices: &[Price]) -> Option<Price> {
    let mut sorted: ArrayVec<Price, FEEDS_MAX> = prices.iter().take(FEEDS_MAX).copied().collect();
    sorted.sort_unstable();
    let above = sorted.get(sorted.len().checked_shr(1)?)?;
    let below = sorted.get(sorted.len().checked_sub(1)?.checked_shr(1)?)?;
    let half = mul_div_floor(above.saturating_sub(*below).get(), 1, 2).ok()?;
    below.checked_add(Price::new(half))
}

/// Whether `price` lies within this portion of `of` around it; the limit is rounded down.
pub fn near(price: Price, of: Price, portion: Ppm) -> bool {
    let distance = price.saturating_sub(of).saturating_add(of.saturating_sub(price));
    let whole = u128::from(Ppm::WHOLE.get());
    // A portion above the whole of a huge price: nothing is further.
    let limit = mul_div_floor(of.get(), u128::from(portion.get()), whole).unwrap_or(u128::MAX);
    distance.get() <= limit
}

/// What the feeds agree on at `now`.
///
/// A family's vote is the median of its feeds, the price the median of the votes. Feeds further from
/// it than `max_deviation` are dropped, once, and the rest vote again. **Rounding** the mean of two
/// middle prices down. **Complexity** a sort of at most [`FEEDS_MAX`] votes, twice.
///
/// # Errors
/// [`RejectCode::StalePrice`], [`RejectCode::TooFewFeeds`], [`RejectCode::TooFewFamilies`];
/// [`RejectCode::FeedsDisagree`] when only the dropped ones would have made it enough.
pub fn agree(policy: &IndexPolicy, votes: &[Vote], now: Timestamp) -> Result<Agreed, Reject> {
    let oldest = now.minus(policy.max_age);
    let fresh: ArrayVec<Vote, FEEDS_MAX> =
        votes.iter().take(FEEDS_MAX).filter(|vote| vote.at >= oldest).copied().collect();
    let (quorum, least) = (usize::from(policy.quorum), usize::from(policy.families));
    if fresh.len() < quorum {
        let newest = votes.iter().map(|vote| vote.at).filter(|at| *at < oldest).max();
        return Err(match newest {
            Some(newest) if votes.len() >= quorum => {
                Reject::new(RejectCode::StalePrice, newest, oldest)
            }
            _ => Reject::new(RejectCode::TooFewFeeds, fresh.len(), quorum),
        });
    }
    let first = poll(&fresh).ok_or(Reject::new(RejectCode::TooFewFeeds, 0usize, quorum))?;
    if first.families < least {
        return Err(Reject::new(RejectCode::TooFewFamilies, first.families, least));
    }
    let kept: ArrayVec<Vote, FEEDS_MAX> = fresh
        .into_iter()
        .filter(|vote| near(vote.price, first.price, policy.max_deviation))
        .collect();
    if kept.len() < quorum {
        return Err(Reject::new(RejectCode::FeedsDisagree, kept.len(), quorum));
    }
    match poll(&kept) {
        Some(agreed) if agreed.families >= least => Ok(agreed),
        left => {
            let left = left.map_or(0, |left| left.families);
            Err(Reject::new(RejectCode::FeedsDisagree, left, least))
        }
    }
}

/// One vote for each family, and their median; nothing of nobody.
fn poll(votes: &[Vote]) -> Option<Agreed> {
    let mut sorted: ArrayVec<Vote, FEEDS_MAX> = votes.iter().take(FEEDS_MAX).copied().collect();
    sorted.sort_unstable_by_key(|vote| vote.family);
    let of_family = |votes: &[Vote]| {
        let prices: ArrayVec<Price, FEEDS_MAX> = votes.iter().map(|vote| vote.price).collect();
        median(&prices)
    };
    let families: ArrayVec<Price, FEEDS_MAX> =
        sorted.chunk_by(|a, b| a.family == b.family).filter_map(of_family).collect();
    Some(Agreed {
        price: median(&families)?,
        at: votes.iter().map(|vote| vote.at).min()?,
        feeds: votes.len(),
        families: families.len(),
        attested: votes.iter().filter(|vote| vote.attested).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + seconds * 1_000)
    }

    /// Feeds as (family, price, age in seconds) at second 1,000.
    fn votes(feeds: &[(&str, u128, u64)]) -> Vec<Vote> {
        let vote = |(family, price, age): &(&str, u128, u64)| Vote {
            family: Label::parse(family).unwrap(),
            price: Price::new(*price),
            at: at(1_000 - age),
            attested: *family == "venue",
        };
        feeds.iter().map(vote).collect()
    }

    #[test]
    fn medians() {
        let max = u128::MAX;
        for (prices, want) in [
            (vec![], None),
            (vec![7], Some(7)),
            (vec![7, 4], Some(5)),
            (vec![9, 1, 5], Some(5)),
            (vec![1, 9, 4, 6], Some(5)),
            (vec![1, 2, 3, 100], Some(2)),
            (vec![max, max], Some(max)),
            (vec![0, max], Some(max / 2)),
            (vec![max, 1, max], Some(max)),
        ] {
            let given: Vec<Price> = prices.iter().copied().map(Price::new).collect();
            assert_eq!(median(&given).map(Price::get), want, "{prices:?}");
        }
    }

    #[test]
    fn distances() {
        for (price, of, portion, want) in [
            (102, 100, 20_000, true),
            (103, 100, 20_000, false),
            (98, 100, 20_000, true),
            (97, 100, 20_000, false),
            // 2 % of 149 is 2.98: down to 2.
            (151, 149, 20_000, true),
            (152, 149, 20_000, false),
            (0, 5, 1_000_000, true),
            (11, 5, 1_000_000, false),
            (u128::MAX, u128::MAX, 0, true),
            (0, u128::MAX, 4_000_000, true),
        ] {
            let got = near(Price::new(price), Price::new(of), Ppm::new(portion));
            assert_eq!(got, want, "{price} near {of} by {portion}");
        }
    }

    #[test]
    fn table() {
        use RejectCode as C;
        let policy = IndexPolicy::default();
        for (feeds, want) in [
            (vec![("a", 100, 0), ("b", 101, 0), ("c", 102, 9)], Ok((101, 991, 3, 3, 0))),
            // A family of three has one vote.
            (
                vec![("a", 98, 0), ("a", 98, 0), ("a", 98, 0), ("b", 99, 1), ("venue", 99, 2)],
                Ok((99, 998, 5, 3, 1)),
            ),
            (vec![("a", 100, 0), ("a", 102, 0), ("b", 101, 0)], Ok((101, 1_000, 3, 2, 0))),
            // The outlier is dropped, the rest is enough: 100 and 101, rounded down.
            (
                vec![("a", 100, 0), ("b", 101, 0), ("c", 150, 0), ("b", 101, 0)],
                Ok((100, 1_000, 3, 2, 0)),
            ),
            (vec![("a", 100, 0), ("b", 101, 60), ("c", 101, 5)], Ok((101, 940, 3, 3, 0))),
            (vec![("a", 100, 0), ("b", 101, 61), ("c", 101, 5)], Err(C::StalePrice)),
            (vec![("a", 100, 0), ("b", 101, 61)], Err(C::TooFewFeeds)),
            (vec![], Err(C::TooFewFeeds)),
            (vec![("a", 1, 0), ("a", 1, 0), ("a", 1, 0)], Err(C::TooFewFamilies)),
            (vec![("a", 100, 0), ("b", 100, 0), ("c", 150, 0)], Err(C::FeedsDisagree)),
            (vec![("a", 9, 0), ("a", 9, 0), ("a", 9, 0), ("b", 90, 0)], Err(C::FeedsDisagree)),
        ] {
            let got = agree(&policy, &votes(&feeds), at(1_000));
            let got = got.map_err(|reject| reject.code).map(|agreed| {
                let second = (agreed.at.ms() - 1_000_000) / 1_000;
                (agreed.price.get(), second, agreed.feeds, agreed.families, agreed.attested)
            });
            assert_eq!(got, want, "{feeds:?}");
        }
    }

    #[test]
    fn one_family_left_is_too_few() {
        let policy = IndexPolicy { quorum: 2, ..IndexPolicy::default() };
        // The median is 50: b and c are far from it, a and d too.
        let feeds = [("a", 9, 0), ("a", 9, 0), ("b", 90, 0)];
        let got = agree(&policy, &votes(&feeds), at(1_000)).unwrap_err();
        assert_eq!(got, Reject::new(RejectCode::FeedsDisagree, 0usize, 2usize));
        // The median is 104, and only c is near it: enough feeds, of one family.
        let feeds = [("a", 100, 0), ("b", 110, 0), ("c", 104, 0), ("c", 104, 0)];
        let narrow = IndexPolicy { max_deviation: Ppm::new(10_000), ..policy };
        let got = agree(&narrow, &votes(&feeds), at(1_000)).unwrap_err();
        assert_eq!(got, Reject::new(RejectCode::FeedsDisagree, 1usize, 2usize));
    }
}
