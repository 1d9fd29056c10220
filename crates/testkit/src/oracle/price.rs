//! Prices: lists of reports and of accepted prices, searched from end to end.

use super::{
    Answer, Call, No,
    model::{Feed, Index, Model},
    need, refuse,
    rights::Right,
};
use crate::world::{FEEDS, INDEX, Setup, label};
use backstop_core::{
    Body,
    command::{ReportPrice, SetIndexPolicy},
    policy::{IndexPolicy, Role, SignatureBytes},
};
use backstop_units::{Label, Timestamp};
use ruint::aliases::U256;

/// What a median is worth.
enum Move {
    Believed,
    /// Held outside long enough.
    Confirmed,
    /// Outside; whether it goes on with what was outside before.
    Outside(bool),
    Jump,
}

pub(super) fn indexes(setup: &Setup) -> Vec<Index> {
    let feed = |(name, family, seed): (&str, &str, Option<u8>)| Feed {
        label: label(name),
        family: label(family),
        seed,
        retired: false,
        last: None,
    };
    let index = |policy| Index {
        policy,
        feeds: FEEDS.map(feed).to_vec(),
        accepted: Vec::new(),
        outside: Vec::new(),
    };
    setup.index.map(index).into_iter().collect()
}

/// Whether two prices are apart by at most so many millionths of the second.
fn close(price: u128, of: u128, millionths: u32) -> bool {
    U256::from(price.abs_diff(of)) * U256::from(1_000_000)
        <= U256::from(of) * U256::from(millionths)
}

fn middle(mut prices: Vec<u128>) -> u128 {
    prices.sort_unstable();
    let (half, odd) = (prices.len() / 2, prices.len() % 2);
    if odd == 1 { prices[half] } else { prices[half - 1] + (prices[half] - prices[half - 1]) / 2 }
}

/// The middle of the families' middles, and how many families there are.
fn families(prices: &[(Label, u128)]) -> (u128, usize) {
    let mut names: Vec<Label> = prices.iter().map(|(family, _)| *family).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name| {
        let own = prices.iter().filter(|(family, _)| *family == name);
        middle(own.map(|(_, price)| *price).collect())
    };
    let middles: Vec<u128> = names.iter().map(|name| of(*name)).collect();
    let count = middles.len();
    (if count == 0 { 0 } else { middle(middles) }, count)
}

impl Index {
    fn enough(&self, prices: &[(Label, u128)]) -> Option<u128> {
        let (price, count) = families(prices);
        let enough = prices.len() >= usize::from(self.policy.quorum)
            && count >= usize::from(self.policy.families);
        enough.then_some(price)
    }

    /// The median, whether it is believed or not.
    fn median(&self, now: Timestamp) -> Option<u128> {
        let young = |feed: &&Feed| {
            let last = feed.last.filter(|_| !feed.retired);
            last.is_some_and(|(_, at, taken)| now.since(at.min(taken)) <= self.policy.max_age)
        };
        let fresh = self.feeds.iter().filter(young);
        let fresh: Vec<(Label, u128)> =
            fresh.filter_map(|feed| Some((feed.family, feed.last?.0))).collect();
        let first = self.enough(&fresh)?;
        let deviation = self.policy.max_deviation.get();
        let kept: Vec<_> =
            fresh.into_iter().filter(|(_, price)| close(*price, first, deviation)).collect();
        self.enough(&kept)
    }

    fn judge(&self, price: u128, now: Timestamp) -> Move {
        let Some((_, last)) = self.accepted.last() else { return Move::Believed };
        let policy = &self.policy;
        if !close(price, *last, policy.max_jump.get()) {
            return Move::Jump;
        }
        let band = policy.band.get();
        let number = |at: Timestamp| at.ms() / policy.band_span.ms();
        let lately = |at: Timestamp| number(at) + 1 >= number(now);
        let counts = self.accepted.iter().filter(|(at, other)| lately(*at) || other == last);
        if counts.into_iter().all(|(_, other)| close(price, *other, band)) {
            return Move::Believed;
        }
        let stretch = self.outside.iter().map(|(_, other)| *other).chain([price]);
        let (low, high) = (stretch.clone().min().unwrap_or(price), stretch.max().unwrap_or(price));
        let seen = self.outside.last().map(|(at, _)| *at);
        let goes_on =
            seen.is_some_and(|seen| now.since(seen) <= policy.max_age) && close(high, low, band);
        let since = self.outside.first().filter(|_| goes_on).map_or(now, |(at, _)| *at);
        if now.since(since) >= policy.confirm_after {
            Move::Confirmed
        } else {
            Move::Outside(goes_on)
        }
    }

    /// The price, if there is one that is believed.
    pub(super) fn price(&self, now: Timestamp) -> Option<u128> {
        let price = self.median(now)?;
        matches!(self.judge(price, now), Move::Believed | Move::Confirmed).then_some(price)
    }

    fn learn(&mut self, now: Timestamp) {
        let Some(price) = self.median(now) else { return };
        let verdict = self.judge(price, now);
        if !matches!(verdict, Move::Outside(true)) {
            self.outside.clear();
        }
        match verdict {
            Move::Believed => self.accepted.push((now, price)),
            Move::Confirmed => self.accepted = vec![(now, price)],
            Move::Outside(_) => self.outside.push((now, price)),
            Move::Jump => {}
        }
    }
}

impl Model {
    pub(super) fn price_command(&mut self, call: &Call<'_>, body: &Body) -> Answer {
        match body {
            Body::ReportPrice(c) => self.report(call, c),
            Body::SetIndexPolicy(c) => self.index_policy(c),
            Body::RetireFeed(c) => {
                let (index, feed) = self.feed(c.feed)?;
                let feed = &mut self.indexes[index].feeds[feed];
                need(!feed.retired, "retired already")?;
                feed.retired = true;
                Ok(())
            }
            _ => refuse("not about prices"),
        }
    }

    /// Whether a deficit is paid on this mark: it is near a price of independent feeds.
    pub(super) fn sound(&self, market: usize, mark: u128, now: Timestamp) -> bool {
        let Some(band) = self.markets[market].mark_band else { return true };
        let price = self.indexes.first().and_then(|index| index.price(now));
        price.is_some_and(|price| close(mark, price, band))
    }

    /// Where a feed stands: its index, and its place there.
    fn feed(&self, name: Label) -> Result<(usize, usize), No> {
        let all = self.indexes.iter().enumerate().flat_map(|(at, index)| {
            index.feeds.iter().enumerate().map(move |(place, feed)| (at, place, feed.label))
        });
        let mut found = all.filter(|(_, _, label)| *label == name);
        found.next().map(|(at, place, _)| (at, place)).ok_or(No::Refused("unknown feed"))
    }

    fn index(&self, name: Label) -> Result<usize, No> {
        if name == label(INDEX) && !self.indexes.is_empty() {
            Ok(0)
        } else {
            refuse("unknown index")
        }
    }

    /// A report without a key needs its own sender; stricter rules are immediate. What is not about
    /// prices either is the operator's.
    pub(super) fn price_right(&self, body: &Body) -> Result<Right, No> {
        Ok(match body {
            Body::ReportPrice(c) => {
                let (index, feed) = self.feed(c.feed)?;
                let unsigned = self.indexes[index].feeds[feed].seed.is_none();
                if unsigned { Right::Reporter } else { Right::Anyone }
            }
            Body::SetIndexPolicy(c) => {
                let (new, old) = (c.policy, self.indexes[self.index(c.index)?].policy);
                let counts = new.quorum >= old.quorum && new.families >= old.families;
                let spans = new.max_age <= old.max_age
                    && new.band_span == old.band_span
                    && new.confirm_after >= old.confirm_after;
                let portions = new.max_deviation <= old.max_deviation
                    && new.band <= old.band
                    && new.max_jump <= old.max_jump;
                if counts && spans && portions {
                    Right::Roles(&[Role::Risk, Role::Operator])
                } else {
                    Right::Council(self.limits.config_delay)
                }
            }
            Body::RetireFeed(_) => Right::Roles(&[Role::Guardian, Role::Risk]),
            _ => self.adl_right(body)?,
        })
    }

    fn report(&mut self, call: &Call<'_>, c: &ReportPrice) -> Answer {
        let (index, place) = self.feed(c.feed)?;
        let feed = &mut self.indexes[index].feeds[place];
        need(!feed.retired, "a retired feed")?;
        if let Some(seed) = feed.seed {
            let names = (label(INDEX), c.feed);
            let right: SignatureBytes =
                crate::keys::report(seed, label("test-ledger"), names, c.price, c.at);
            need(c.signature == Some(right), "not signed by the feed")?;
        }
        need(feed.last.is_none_or(|(_, at, _)| c.at > at), "not later than the last")?;
        need(c.at <= call.now.plus(self.limits.skew_ahead), "too far ahead")?;
        need(!c.price.is_zero(), "a price of nothing")?;
        feed.last = Some((c.price.get(), c.at, call.now));
        self.indexes[index].learn(call.now);
        Ok(())
    }

    fn index_policy(&mut self, c: &SetIndexPolicy) -> Answer {
        let index = self.index(c.index)?;
        let IndexPolicy { quorum, families, max_age, band_span, .. } = c.policy;
        need((1..=16).contains(&quorum), "no quorum, or too many")?;
        need((1..=quorum).contains(&families), "no family, or too many")?;
        need(max_age.ms() >= 1_000 && band_span.ms() >= 1_000, "too short")?;
        let (deviation, band) = (c.policy.max_deviation.get(), c.policy.band.get());
        need(deviation <= 1_000_000 && band <= 1_000_000, "more than all of it")?;
        need(c.policy.max_jump.get() >= band, "a jump within the band")?;
        self.indexes[index].policy = c.policy;
        Ok(())
    }
}
