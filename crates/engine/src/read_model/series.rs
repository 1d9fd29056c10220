//! What is sampled over time: one value at the end of each record that changes it, folded into buckets of a
//! minute, an hour and a day.

use std::collections::{HashMap, hash_map::Entry};

use backstop_units::{Amount, FundId, IndexId, MarketId, TrancheId};
use rusqlite::{Connection, OptionalExtension as _};

use super::number::{Atoms, from_sql, to_sql};

/// A value that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// All of a fund's money, in atoms: reserve, contributions, stakes, what is at a yield venue.
    Balance(FundId),
    /// A fund's own money, in atoms.
    Reserve(FundId),
    /// What contributors gave, in atoms.
    Contributions(FundId),
    /// A fund's own money at a yield venue, in atoms.
    Idle(FundId),
    /// Income that waits for its settlement, in atoms; no part of the balance.
    Revenue(FundId),
    /// A staked tranche's assets, in atoms.
    Assets(TrancheId),
    /// A staked tranche's shares. A rescaling divides them by a power of ten.
    Shares(TrancheId),
    /// Open interest that an attached market reported, in base atoms.
    OpenInterest(MarketId),
    /// A market's mark: quote atoms for a whole base unit × 10⁹.
    Mark(MarketId),
    /// A price index's accepted price: as a mark's.
    Index(IndexId),
    /// All that a fund ever received, in atoms: liquidations, gifts, stakes, settled revenue.
    Received(FundId),
    /// All that a fund ever paid for losses of its own money, in atoms.
    PaidOut(FundId),
    /// All that losses ever took of a fund's stakers, in atoms.
    Slashed(FundId),
    /// All that ever came back to a fund after losses, in atoms.
    Recovered(FundId),
    /// By how many powers of ten a tranche's shares were divided in the present share series.
    ShareBase(TrancheId),
    /// Which share series a tranche is at; one that was wiped out begins the next.
    ShareSeries(TrancheId),
}

impl Series {
    pub(super) const fn key(self) -> (i64, u32) {
        match self {
            Self::Balance(fund) => (0, fund.get()),
            Self::Reserve(fund) => (1, fund.get()),
            Self::Contributions(fund) => (2, fund.get()),
            Self::Idle(fund) => (3, fund.get()),
            Self::Revenue(fund) => (4, fund.get()),
            Self::Assets(tranche) => (5, tranche.get()),
            Self::Shares(tranche) => (6, tranche.get()),
            Self::OpenInterest(market) => (7, market.get()),
            Self::Mark(market) => (8, market.get()),
            Self::Index(index) => (9, index.get()),
            Self::Received(fund) => (10, fund.get()),
            Self::PaidOut(fund) => (11, fund.get()),
            Self::Slashed(fund) => (12, fund.get()),
            Self::Recovered(fund) => (13, fund.get()),
            Self::ShareBase(tranche) => (14, tranche.get()),
            Self::ShareSeries(tranche) => (15, tranche.get()),
        }
    }
}

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Level {
    pub(super) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// How many milliseconds a bucket has.
    pub const fn ms(self) -> u64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    pub(super) const fn key(self) -> i64 {
        match self {
            Self::Minute => 0,
            Self::Hour => 1,
            Self::Day => 2,
        }
    }

    /// The number of the bucket that a moment lies in.
    pub(super) fn bucket(self, ms: u64) -> u64 {
        ms.checked_div(self.ms()).unwrap_or(0)
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    number: u64,
    first: Amount,
    high: Amount,
    low: Amount,
    last: Amount,
    /// Differs from what is stored.
    changed: bool,
}

impl Bucket {
    /// A bucket begins with the value that was there before it.
    fn begin(number: u64, before: Option<Amount>, value: Amount) -> Self {
        let first = before.unwrap_or(value);
        let (high, low) = (first.max(value), first.min(value));
        Self { number, first, high, low, last: value, changed: true }
    }

    fn take(&mut self, value: Amount) {
        self.changed |= self.last != value;
        self.high = self.high.max(value);
        self.low = self.low.min(value);
        self.last = value;
    }
}

/// The open buckets.
#[derive(Debug, Default)]
pub(super) struct Samples {
    open: HashMap<(i64, u32), [Bucket; 3]>,
    /// Values of the record at hand; the last one of a series counts.
    now: Vec<(Series, Change)>,
}

/// What a record does to a value.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// It is this from now on.
    Set(Amount),
    /// It grows by this; a sum begins at nothing.
    Add(Amount),
}

impl Samples {
    /// A value as it is for now; the record may change it again.
    pub(super) fn set(&mut self, series: Series, value: Amount) {
        match self.now.iter_mut().find(|(known, _)| *known == series) {
            Some((_, place)) => *place = Change::Set(value),
            None => self.now.push((series, Change::Set(value))),
        }
    }

    /// A sum that grows.
    pub(super) fn add(&mut self, series: Series, more: Amount) {
        match self.now.iter_mut().find(|(known, _)| *known == series) {
            Some((_, Change::Set(sum) | Change::Add(sum))) => *sum = sum.saturating_add(more),
            None => self.now.push((series, Change::Add(more))),
        }
    }

    /// What a value is after the last record that is over; none before its first change.
    pub(super) fn last(
        &self,
        connection: &Connection,
        series: Series,
    ) -> rusqlite::Result<Option<Amount>> {
        let (kind, id) = series.key();
        if let Some([bucket, ..]) = self.open.get(&(kind, id)) {
            return Ok(Some(bucket.last));
        }
        let sql = "SELECT last FROM sample WHERE series = ?1 AND id = ?2 AND level = 0 \
                   ORDER BY bucket DESC LIMIT 1";
        let found = connection.prepare_cached(sql)?.query_row((kind, id), |row| row.get(0));
        Ok(found.optional()?.map(|Atoms(value)| value))
    }

    /// The record is over: its values are sampled.
    pub(super) fn end_record(&mut self, connection: &Connection, ms: u64) -> rusqlite::Result<()> {
        while let Some((series, change)) = self.now.pop() {
            let key = series.key();
            let begins = match change {
                Change::Set(value) => value,
                Change::Add(_) => Amount::ZERO,
            };
            let buckets = match self.open.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(load(connection, key, begins, ms)?),
            };
            let [Bucket { last, .. }, ..] = buckets;
            let value = match change {
                Change::Set(value) => value,
                Change::Add(more) => last.saturating_add(more),
            };
            for (bucket, level) in buckets.iter_mut().zip(Level::ALL) {
                let number = level.bucket(ms);
                if bucket.number == number {
                    bucket.take(value);
                } else {
                    store(connection, key, level, bucket)?;
                    *bucket = Bucket::begin(number, Some(bucket.last), value);
                }
            }
        }
        Ok(())
    }

    /// Stores what has changed.
    pub(super) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (key, buckets) in &mut self.open {
            for (bucket, level) in buckets.iter_mut().zip(Level::ALL) {
                store(connection, *key, level, bucket)?;
            }
        }
        Ok(())
    }
}

/// The last stored bucket of each level, or new ones.
fn load(
    connection: &Connection,
    (series, id): (i64, u32),
    value: Amount,
    ms: u64,
) -> rusqlite::Result<[Bucket; 3]> {
    let sql = "SELECT bucket, first, high, low, last FROM sample \
               WHERE series = ?1 AND id = ?2 AND level = ?3 ORDER BY bucket DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut buckets = Level::ALL.map(|level| Bucket::begin(level.bucket(ms), None, value));
    for (place, level) in buckets.iter_mut().zip(Level::ALL) {
        let found = statement.query_row((series, id, level.key()), |row| {
            let number = from_sql(row.get(0)?);
            let [first, high, low, last] =
                [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?].map(|Atoms(value)| value);
            Ok(Bucket { number, first, high, low, last, changed: false })
        });
        *place = found.optional()?.unwrap_or(*place);
    }
    Ok(buckets)
}

fn store(
    connection: &Connection,
    (series, id): (i64, u32),
    level: Level,
    bucket: &mut Bucket,
) -> rusqlite::Result<()> {
    if !std::mem::take(&mut bucket.changed) {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let [first, high, low, last] = [bucket.first, bucket.high, bucket.low, bucket.last].map(Atoms);
    let number = to_sql(bucket.number);
    let row = (series, id, level.key(), number, first, high, low, last);
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}
