//! What each fund holds, and the highest and lowest of it within eight hours and thirty days.
//!
//! Kept with every posting and every report of a fund's [house account](super::house), so nobody has to be asked and no
//! peak is missed. Stretches of a 24th of a
//! window each are enough: a window reaches back its whole span, and at most a 24th more.

use super::house::{counted_of, with};
use crate::{
    ledger::{LedgerAccount, Posting},
    reject::Corrupt,
    slab::Slab,
    state::{State, Tranche},
};
use backstop_units::{Amount, FundId, Signed, Span, Timestamp, TrancheId};
use borsh::{BorshDeserialize, BorshSerialize};

/// The windows over which extremes are kept.
pub const WINDOWS: [Span; 2] = [Span::hours(8), Span::days(30)];
/// Stretches of a window.
const PARTS: u64 = 24;
/// One more than the stretches, so that together they always cover the whole window.
const KEPT: usize = 25;

/// Lowest and highest of a stretch of time, in atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Range {
    /// Lowest.
    pub low: Amount,
    /// Highest.
    pub high: Amount,
}

impl Range {
    /// Of no moment at all.
    const NONE: Self = Self { low: Amount::MAX, high: Amount::ZERO };

    const fn at(amount: Amount) -> Self {
        Self { low: amount, high: amount }
    }
    fn join(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// The stretch that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Stretch {
    number: u64,
    range: Range,
}

/// What a fund holds now, and the extremes of the stretches that are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Gauge {
    /// All it could pay with: its money in the ledger and what counts of its house account, in atoms.
    pub holdings: Amount,
    /// Its money in the ledger: reserve, contributions, idle cash and stakes.
    pub posted: Amount,
    /// What counts of its house account; below zero: what it owes there.
    pub house: Signed,
    on: [Stretch; 2],
}

/// The extremes of stretches that are over, for each window.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Peaks([[Range; KEPT]; 2]);

/// The number of the stretch of a window that a moment falls in. Stretches are rounded up to whole
/// milliseconds, which keeps the window at least as long as its span.
fn number(window: Span, at: Timestamp) -> u64 {
    at.ms().checked_div(window.ms().div_ceil(PARTS).max(1)).unwrap_or(0)
}

/// The place of a stretch among those that are kept.
fn place(number: u64) -> usize {
    usize::try_from(number.checked_rem(PARTS.saturating_add(1)).unwrap_or(0)).unwrap_or(0)
}

impl Gauge {
    /// An empty fund's, from `now` on.
    pub(crate) fn new(now: Timestamp) -> Self {
        let stretch =
            |window| Stretch { number: number(window, now), range: Range::at(Amount::ZERO) };
        let (holdings, posted, house) = (Amount::ZERO, Amount::ZERO, Signed::ZERO);
        Self { holdings, posted, house, on: WINDOWS.map(stretch) }
    }

    /// Whether every window is in the stretch of its last change.
    fn is_on(&self, now: Timestamp) -> bool {
        WINDOWS.iter().zip(&self.on).all(|(window, on)| number(*window, now) <= on.number)
    }

    /// Counts `holdings` into the stretches that are on.
    fn hold(&mut self, holdings: Amount) {
        self.holdings = holdings;
        for on in &mut self.on {
            on.range = on.range.join(Range::at(holdings));
        }
    }
}

impl Default for Peaks {
    fn default() -> Self {
        Self([[Range::NONE; KEPT]; 2])
    }
}

impl Peaks {
    /// Ends the stretches that are over at `now`; in those without a change the fund held what it did.
    fn end(&mut self, gauge: &mut Gauge, now: Timestamp) {
        let still = Range::at(gauge.holdings);
        for ((window, on), kept) in WINDOWS.iter().zip(&mut gauge.on).zip(&mut self.0) {
            let current = number(*window, now);
            let mut put = |number, range| {
                if let Some(slot) = kept.get_mut(place(number)) {
                    *slot = range;
                }
            };
            if current > on.number {
                put(on.number, on.range);
                let oldest = on.number.saturating_add(1).max(current.saturating_sub(PARTS));
                (oldest..current).for_each(|number| put(number, still));
                *on = Stretch { number: current, range: still };
            }
        }
    }
}

/// Lowest and highest holdings within each of [`WINDOWS`] up to `now`.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] for a fund that does not exist.
pub fn extremes(state: &State, fund: FundId, now: Timestamp) -> Result<[Range; 2], Corrupt> {
    let (mut gauge, mut peaks) = (*state.gauges.expect(fund)?, state.peaks.expect(fund)?.clone());
    peaks.end(&mut gauge, now);
    let mut ranges = gauge.on.map(|on| on.range);
    for ((range, on), kept) in ranges.iter_mut().zip(&gauge.on).zip(&peaks.0) {
        for back in 1..=PARTS {
            let Some(number) = on.number.checked_sub(back) else { break };
            *range = range.join(kept.get(place(number)).copied().unwrap_or(Range::NONE));
        }
    }
    Ok(ranges)
}

/// The fund whose money stands in an account.
#[inline]
pub fn fund_of(tranches: &Slab<TrancheId, Tranche>, account: LedgerAccount) -> Option<FundId> {
    match account {
        LedgerAccount::Reserve(fund)
        | LedgerAccount::Contributions(fund)
        | LedgerAccount::Idle(fund) => Some(fund),
        LedgerAccount::Tranche(tranche) => tranches.get(tranche).map(|tranche| tranche.fund),
        _ => None,
    }
}

/// Follows one posting. Money that stays in its fund changes nothing.
#[inline]
pub(crate) fn follow(state: &mut State, posting: Posting) -> Result<(), Corrupt> {
    let from = fund_of(&state.tranches, posting.debit);
    let to = fund_of(&state.tranches, posting.credit);
    if from == to || posting.amount.is_zero() {
        return Ok(());
    }
    if let Some(fund) = from {
        let less = |gauge: &mut Gauge| {
            let rest = gauge.posted.checked_sub(posting.amount);
            gauge.posted = rest.ok_or(Corrupt::Overdrawn)?;
            Ok(())
        };
        change(state, fund, less)?;
    }
    if let Some(fund) = to {
        let more = |gauge: &mut Gauge| {
            let sum = gauge.posted.checked_add(posting.amount);
            gauge.posted = sum.ok_or(Corrupt::Overflow)?;
            Ok(())
        };
        change(state, fund, more)?;
    }
    Ok(())
}

/// Follows a fund's house account, which no posting shows.
pub(crate) fn follow_house(state: &mut State, fund: FundId) -> Result<(), Corrupt> {
    let house = counted_of(state.funds.expect(fund)?);
    if state.gauges.expect(fund)?.house == house {
        return Ok(());
    }
    change(state, fund, |gauge| {
        gauge.house = house;
        Ok(())
    })
}

/// Follows money that goes from a fund's reserve to its house account: it stays the fund's, so both
/// sides move at once.
pub(crate) fn repaid(state: &mut State, fund: FundId, amount: Amount) -> Result<(), Corrupt> {
    let house = counted_of(state.funds.expect(fund)?);
    change(state, fund, |gauge| {
        gauge.posted = gauge.posted.checked_sub(amount).ok_or(Corrupt::Overdrawn)?;
        gauge.house = house;
        Ok(())
    })
}

fn change(
    state: &mut State,
    fund: FundId,
    to: impl FnOnce(&mut Gauge) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    let now = state.meta.now;
    let gauge = state.gauges.change(fund)?;
    let mut next = *gauge;
    to(&mut next)?;
    if !gauge.is_on(now) {
        state.peaks.change(fund)?.end(gauge, now);
    }
    (gauge.posted, gauge.house) = (next.posted, next.house);
    gauge.hold(with(next.posted, next.house));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const ORIGIN: u64 = 1_700_000_000_000;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_ms(ORIGIN + minutes * 60_000)
    }

    /// A fund alone, and every moment at which it changed.
    fn run(changes: &[(u64, u128)]) -> (Gauge, Peaks, Vec<(u64, u128)>) {
        let (mut gauge, mut peaks) = (Gauge::new(at(0)), Peaks::default());
        let (mut minute, mut held) = (0, alloc::vec![(0, 0)]);
        for (later, holdings) in changes {
            minute += later;
            peaks.end(&mut gauge, at(minute));
            gauge.hold(Amount::new(*holdings));
            held.push((minute, *holdings));
        }
        (gauge, peaks, held)
    }

    fn asked(gauge: Gauge, peaks: Peaks, now: Timestamp) -> [Range; 2] {
        let mut state =
            State::genesis(backstop_units::Label::NONE, 1, crate::policy::Limits::default(), at(0));
        state.gauges.insert(FundId::new(0), gauge).unwrap();
        state.peaks.insert(FundId::new(0), peaks).unwrap();
        extremes(&state, FundId::new(0), now).unwrap()
    }

    /// Naive: what was held at any moment from `from` to `now`.
    fn naive(held: &[(u64, u128)], from: u64, now: u64) -> (u128, u128) {
        let before = held.iter().rev().find(|(minute, _)| *minute <= from);
        let since = held.iter().filter(|(minute, _)| *minute > from && *minute <= now);
        let all = before.into_iter().chain(since).map(|(_, amount)| *amount);
        let all: Vec<u128> = all.collect();
        (*all.iter().min().unwrap(), *all.iter().max().unwrap())
    }

    fn all(held: &[(u64, u128)]) -> (u128, u128) {
        let amounts = || held.iter().map(|(_, amount)| *amount);
        (amounts().min().unwrap(), amounts().max().unwrap())
    }

    #[test]
    fn a_peak_is_forgotten_after_its_window() {
        let (gauge, peaks, _) = run(&[(10, 900), (5, 400), (700, 500)]);
        let [eight, month] = asked(gauge, peaks.clone(), at(715));
        assert_eq!((eight.low.get(), eight.high.get()), (400, 500));
        assert_eq!((month.low.get(), month.high.get()), (0, 900));
        let [eight, month] = asked(gauge, peaks, at(715 + 32 * 24 * 60));
        assert_eq!((eight.low.get(), eight.high.get()), (500, 500));
        assert_eq!((month.low.get(), month.high.get()), (500, 500));
    }

    proptest! {
        #[test]
        fn windows_reach_back_their_span_and_at_most_a_part_more(
            changes in prop::collection::vec((0u64..900, 0u128..1_000), 1..80), idle in 0u64..50_000,
        ) {
            let (gauge, peaks, held) = run(&changes);
            let now = held.last().unwrap().0 + idle;
            for (range, window) in asked(gauge, peaks, at(now)).iter().zip(WINDOWS) {
                let span = window.ms() / 60_000;
                let (low, high) = naive(&held, now.saturating_sub(span), now);
                // What a change at the very edge of the last part replaced was held up to it.
                let edge = now.checked_sub(span + span / PARTS + 1);
                let (least, most) = edge.map_or_else(|| all(&held), |from| naive(&held, from, now));
                prop_assert!(range.high.get() >= high && range.high.get() <= most);
                prop_assert!(range.low.get() <= low && range.low.get() >= least);
            }
        }
    }
}
