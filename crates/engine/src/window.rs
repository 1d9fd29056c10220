//! Which command ids were recorded lately, so that none is recorded twice.
//!
//! Every record has exactly one id, so the ids of the window are a list whose place *is* the sequence
//! number: 16 bytes for each. The writer adds an index of five bytes an entry. Sixteen million ids
//! take about 0.7 GB in all, the follower's list included.
//!
//! ```text
//!    floor                                    now
//!      │  ids older than this are refused      │
//! ─────┼───────────────────────────────────────┼──────▶ the moment inside an id
//!      │ ahead: few, fell out of the list      │
//!      │ although younger than what is in it   │
//! ```
//!
//! Ids leave in the order in which they were recorded. The floor follows them, and never passes the
//! next id in the list. An id that leaves while its moment is still above the floor (its sender's
//! clock is ahead of the others') is kept aside until the floor has passed it, so it can't be used
//! again. Whether an id is known is therefore a pure function of the log.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{BuildHasher as _, RandomState as StdState},
    hint::black_box,
};

use ahash::RandomState;
use backstop_core::{Reject, RejectCode, policy::Limits};
use backstop_units::{Label, Span, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use hashbrown::HashTable;

use crate::ids::time_of;

/// Ids may be made this far ahead of the ledger's clock.
pub(crate) const AHEAD_MAX: Span = Span::from_ms(5 * 60 * 1_000);

/// The index keeps the low 32 bits of a sequence number, so the list must be shorter than that.
const COUNT_MAX: u64 = 1 << 31;

/// At least so many ids may be kept aside; beyond an eighth of the window the floor moves instead.
const ASIDE_MIN: usize = 64;

/// The ids of the window in the order of their records.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct IdLog {
    /// The sequence number of the first id in the list.
    base: u64,
    /// Ids made before this are refused, unless the span of the window refuses more.
    floor: u64,
    /// Ids that left the list and lie above the floor.
    ahead: BTreeMap<Label, u64>,
    ids: VecDeque<Label>,
}

/// How far the window reaches.
#[derive(Clone, Copy, Debug)]
struct Reach {
    window: Span,
    count: usize,
}

impl Reach {
    fn of(limits: &Limits) -> Self {
        let count = limits.id_count.clamp(1, COUNT_MAX);
        Self { window: limits.id_window, count: usize::try_from(count).unwrap_or(usize::MAX) }
    }
    fn aside(self) -> usize {
        (self.count >> 3).max(ASIDE_MIN)
    }
}

impl IdLog {
    /// A window before the record `base`.
    pub(crate) fn new(base: u64) -> Self {
        Self { base, floor: 0, ahead: BTreeMap::new(), ids: VecDeque::new() }
    }

    /// The sequence number that the next id gets.
    pub(crate) fn next_seq(&self) -> u64 {
        self.base.saturating_add(u64::try_from(self.ids.len()).unwrap_or(u64::MAX))
    }

    /// Takes in the id of the next record.
    pub(crate) fn record(&mut self, id: Label, now: Timestamp, limits: &Limits) {
        self.push(id, now, Reach::of(limits), |_, _| ());
    }

    fn push(&mut self, id: Label, now: Timestamp, reach: Reach, mut left: impl FnMut(u64, Label)) {
        self.ids.push_back(id);
        let oldest = now.minus(reach.window);
        while let Some(first) = self.ids.front().copied() {
            let over = self.ids.len() > reach.count;
            if !over && time_of(first) >= oldest {
                break;
            }
            self.ids.pop_front();
            left(self.base, first);
            self.fall_out(first, oldest);
            self.base = self.base.saturating_add(1);
        }
        self.forget(oldest, reach.aside());
    }

    /// Moves the floor after `id` left the list, but not past the next one in it.
    fn fall_out(&mut self, id: Label, oldest: Timestamp) {
        let made = time_of(id).ms();
        let next = self.ids.front().map_or(u64::MAX, |next| time_of(*next).ms());
        self.floor = self.floor.max(oldest.ms()).max(made.saturating_add(1).min(next));
        if made >= self.floor {
            self.ahead.insert(id, self.base);
        }
    }

    /// Drops ids that the floor has passed; moves it if too many are kept aside.
    fn forget(&mut self, oldest: Timestamp, most: usize) {
        while let Some((id, _)) = self.ahead.first_key_value() {
            let made = time_of(*id);
            let passed = made.ms() < self.floor || made < oldest;
            if !passed && self.ahead.len() <= most {
                break;
            }
            self.floor = self.floor.max(made.ms().saturating_add(u64::from(!passed)));
            self.ahead.pop_first();
        }
    }

    /// Whether an id is too old or too new at `now`.
    fn check(&self, id: Label, now: Timestamp, reach: Reach) -> Result<(), Reject> {
        let made = time_of(id);
        let floor = now.minus(reach.window).max(Timestamp::from_ms(self.floor));
        if made < floor {
            return Err(Reject::new(RejectCode::IdTooOld, made, floor));
        }
        let newest = now.plus(AHEAD_MAX);
        if made > newest {
            return Err(Reject::new(RejectCode::IdInFuture, made, newest));
        }
        Ok(())
    }

    /// Whether the id may be used at `now`, as far as its moment tells.
    pub(crate) fn check_time(
        &self,
        id: Label,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), Reject> {
        self.check(id, now, Reach::of(limits))
    }
}

/// The writer's window: the list and an index over it.
#[derive(Debug)]
pub(crate) struct IdWindow {
    log: IdLog,
    reach: Reach,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl IdWindow {
    /// Indexes a list. The hasher is seeded anew in each process; the index is never walked.
    pub(crate) fn new(mut log: IdLog, limits: &Limits, expected: usize) -> Self {
        let seeds = StdState::new();
        let [a, b, c, d] = [0u8, 1, 2, 3].map(|n| seeds.hash_one(n));
        let hasher = RandomState::with_seeds(a, b, c, d);
        let reach = Reach::of(limits);
        let room = expected.min(reach.count).max(log.ids.len());
        log.ids.reserve(room.saturating_sub(log.ids.len()));
        let mut index = HashTable::with_capacity(room);
        for (id, seq) in log.ids.iter().zip(log.base..) {
            // Ids are distinct: each was looked up before it was recorded.
            index.insert_unique(hasher.hash_one(id), low(seq), |_| 0);
        }
        Self { log, reach, index, hasher }
    }

    /// The record that used this id; none if it is free.
    ///
    /// # Errors
    /// [`RejectCode::IdTooOld`], [`RejectCode::IdInFuture`].
    pub(crate) fn find(&self, id: Label, now: Timestamp) -> Result<Option<u64>, Reject> {
        self.log.check(id, now, self.reach)?;
        let hash = self.hasher.hash_one(id);
        let found = self.index.find(hash, |seq| self.log.id_at(*seq) == Some(id));
        let seq = found.map(|seq| self.log.base.saturating_add(self.log.place(*seq)));
        Ok(seq.or_else(|| self.log.ahead.get(&id).copied()))
    }

    /// Looks at where these ids would stand, so that looking again is quick.
    pub(crate) fn look_at(&self, ids: impl Iterator<Item = Label>) {
        let seen = ids.filter(|id| self.index.find(self.hasher.hash_one(id), |_| false).is_some());
        black_box(seen.count());
    }

    /// Takes in the id of the next record.
    pub(crate) fn record(&mut self, id: Label, now: Timestamp) {
        let Self { log, reach, index, hasher } = self;
        let seq = low(log.next_seq());
        let base = log.base;
        let rehash = |seq: &u32| hash_at(log, hasher, *seq);
        index.insert_unique(hasher.hash_one(id), seq, rehash);
        debug_assert_eq!(base, log.base);
        log.push(id, now, *reach, |seq, id| {
            let entry = index.find_entry(hasher.hash_one(id), |other| *other == low(seq));
            if let Ok(entry) = entry {
                entry.remove();
            }
        });
    }
}

impl IdLog {
    /// The place in the list of a sequence number of which only the low bits are known.
    fn place(&self, seq: u32) -> u64 {
        u64::from(seq.wrapping_sub(low(self.base)))
    }

    fn id_at(&self, seq: u32) -> Option<Label> {
        self.ids.get(usize::try_from(self.place(seq)).ok()?).copied()
    }
}

/// The hash of an entry, for the growth of the index.
fn hash_at(log: &IdLog, hasher: &RandomState, seq: u32) -> u64 {
    log.id_at(seq).map_or(0, |id| hasher.hash_one(id))
}

fn low(seq: u64) -> u32 {
    u32::try_from(seq & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
