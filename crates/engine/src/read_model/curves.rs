//! What charts ask: a stretch of any length in a bounded number of points that keep its extremes.

use backstop_core::{Event, fund::realised::SharePrice};
use backstop_units::{
    Amount, Base, FundId, LossId, MarketId, Price, Seq, Shares, Timestamp, TrancheId,
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    ReadModel,
    error::ReadModelError,
    frame_rows::{LEVELS, LayerThen, stored},
    history::subject_key,
    number::{Atoms, from_sql, to_sql},
    party::Party,
    reader::{At, Sample},
    series::{Level, Series},
};

/// The most points of one chart.
pub const POINTS_MAX: usize = 1_000;

/// A market over some records, as it stood at their end. Sums count from the market's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The first record of it that concerns the market.
    pub first: Seq,
    /// The last one.
    pub last: Seq,
    /// When that was.
    pub time: Timestamp,
    /// How much it holds: 0 stands for at most eight changes of the market, each number more for four times
    /// as many.
    pub level: u8,
    /// The mark: of its index, or where it has none the one at which the venue last closed somebody.
    pub price: Option<Price>,
    /// The highest mark within it.
    pub high: Option<Price>,
    /// The lowest.
    pub low: Option<Price>,
    /// Open interest as the venue reported it, in base atoms.
    pub open_interest: Option<Base>,
    /// Liquidations so far.
    pub liquidations: u64,
    /// Losses placed so far.
    pub losses: u64,
    /// What they were in all, in atoms.
    pub lost: Amount,
    /// The largest loss that was placed within it.
    pub worst: Option<(LossId, Amount)>,
    /// What the market's fund held, in atoms.
    pub balance: Amount,
    /// The least that it held after a record of this frame.
    pub lowest: Amount,
    /// The layers in their order; behind them those that bore something and stand there no more.
    pub layers: Vec<LayerThen>,
}

type Answer<T> = Result<At<T>, ReadModelError>;

/// Charts.
impl ReadModel {
    /// How a market went between two records, the first one within and the last one not: in the smallest
    /// steps of which there are at most `most`, the oldest first. A step that lies partly outside is there.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn frames(
        &self,
        market: MarketId,
        (from, until): (Seq, Seq),
        most: usize,
    ) -> Answer<Vec<Frame>> {
        let most = i64::try_from(most.clamp(1, POINTS_MAX)).unwrap_or(i64::MAX);
        self.ask(|connection, _| {
            let (from, until) = (to_sql(from.get()), to_sql(until.get()));
            let mut fits = (0i64, from);
            for level in (0i64..).take(LEVELS) {
                let first = begins(connection, (market, level), from)?;
                fits = (level, first);
                let sql = "SELECT count(*) FROM (SELECT 1 FROM frame WHERE market = ?1 AND level = ?2 \
                           AND first >= ?3 AND first < ?4 LIMIT ?5)";
                let bounds = (market.get(), level, first, until, most.saturating_add(1));
                let count: i64 =
                    connection.prepare_cached(sql)?.query_row(bounds, |row| row.get(0))?;
                if count <= most {
                    break;
                }
            }
            let (level, first) = fits;
            let sql = "SELECT last, open, parts, price, high, low, interest, liquidations, losses, lost, worst, \
                         worst_gross, balance, lowest, layers, first, time \
                       FROM frame JOIN record ON record.seq = last \
                       WHERE market = ?1 AND level = ?2 AND first >= ?3 AND first < ?4 \
                       ORDER BY first LIMIT ?5";
            let mut statement = connection.prepare_cached(sql)?;
            let bounds = (market.get(), level, first, until, most);
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            let rows = statement.query_map(bounds, |row| frame(level, row))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A value between two moments, oldest first, in the shortest buckets of which there are at most `most`:
    /// minutes, hours, days, or some days together. Each has its lowest and highest.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn curve(
        &self,
        series: Series,
        (since, until): (Timestamp, Timestamp),
        most: usize,
    ) -> Answer<Vec<Sample>> {
        let most = most.clamp(1, POINTS_MAX);
        let counted = self.ask(|connection, _| {
            let limit = i64::try_from(most).unwrap_or(i64::MAX);
            for level in Level::ALL {
                if count(connection, (series, level), (since, until), limit)? <= limit {
                    return Ok(level);
                }
            }
            Ok(Level::Day)
        })?;
        let mut samples = self.samples(series, counted.value, (since, until))?;
        let each = samples.value.len().div_ceil(most).max(1);
        if each > 1 {
            let joined = samples.value.chunks(each).filter_map(|some| {
                let (first, last) = (some.first()?, some.last()?);
                let low = some.iter().map(|one| one.low).min()?;
                let high = some.iter().map(|one| one.high).max()?;
                Some(Sample { low, high, last: last.last, ..*first })
            });
            samples.value = joined.collect();
        }
        Ok(samples)
    }

    /// What a value was at the beginning of a moment's minute; none before its first change.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn value_at(&self, series: Series, at: Timestamp) -> Answer<Option<Amount>> {
        self.ask(|connection, _| Ok(value_at(connection, series, at)?))
    }

    /// What a tranche's shares stood for at the beginning of a moment's minute; none before its first share.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn share_price(&self, tranche: TrancheId, at: Timestamp) -> Answer<Option<SharePrice>> {
        self.ask(|connection, _| {
            let value = |series| value_at(connection, series, at);
            let Some(shares) = value(Series::Shares(tranche))? else { return Ok(None) };
            let small = |series| Ok::<_, rusqlite::Error>(value(series)?.unwrap_or_default().get());
            Ok(Some(SharePrice {
                assets: value(Series::Assets(tranche))?.unwrap_or_default(),
                shares: Shares::new(shares.get()),
                base: u16::try_from(small(Series::ShareBase(tranche))?).unwrap_or(u16::MAX),
                series: u32::try_from(small(Series::ShareSeries(tranche))?).unwrap_or(u32::MAX),
            }))
        })
    }

    /// The event that made a fund.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn made(&self, fund: FundId) -> Answer<Option<Event>> {
        self.ask(|connection, _| {
            let sql = "SELECT event FROM setting WHERE subject = ?1 ORDER BY seq, at LIMIT 1";
            let subject = subject_key(Some(Party::Fund(fund)));
            let found = connection.prepare_cached(sql)?.query_row([subject], |row| {
                Ok(borsh::from_slice(row.get_ref(0)?.as_blob().unwrap_or(&[])).ok())
            });
            Ok(found.optional()?.flatten())
        })
    }

    /// The end of the minute in which a tranche's present shares began; none before its first share.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn shares_began(&self, tranche: TrancheId) -> Answer<Option<Timestamp>> {
        self.ask(|connection, _| {
            let begun = |series: Series, order: &str| {
                let (series, id) = series.key();
                // A word of ours.
                let sql = format!(
                    "SELECT {order}(bucket) FROM sample WHERE series = ?1 AND id = ?2 AND level = 0"
                );
                let bounds = (series, id);
                let found: Option<i64> =
                    connection.prepare_cached(&sql)?.query_row(bounds, |row| row.get(0))?;
                Ok::<_, rusqlite::Error>(found.map(from_sql))
            };
            let newest = begun(Series::ShareSeries(tranche), "max")?;
            let bucket =
                newest.map_or_else(|| begun(Series::Shares(tranche), "min"), |it| Ok(Some(it)));
            let end = |bucket: u64| bucket.saturating_add(1).saturating_mul(Level::Minute.ms());
            Ok(bucket?.map(end).map(Timestamp::from_ms))
        })
    }
}

/// Where the step begins that a record lies in; the record itself where it lies in none.
fn begins(
    connection: &Connection,
    (market, level): (MarketId, i64),
    from: i64,
) -> rusqlite::Result<i64> {
    let sql = "SELECT first, last FROM frame WHERE market = ?1 AND level = ?2 AND first <= ?3 \
               ORDER BY first DESC LIMIT 1";
    let found = connection.prepare_cached(sql)?.query_row((market.get(), level, from), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    });
    Ok(found.optional()?.filter(|(_, last)| *last >= from).map_or(from, |(first, _)| first))
}

/// How many buckets changed between two moments; no more than one above the limit are counted.
fn count(
    connection: &Connection,
    (series, level): (Series, Level),
    (since, until): (Timestamp, Timestamp),
    limit: i64,
) -> rusqlite::Result<i64> {
    let (kind, id) = series.key();
    let (from, to) = (level.bucket(since.ms()), level.bucket(until.ms()));
    let sql = "SELECT count(*) FROM (SELECT 1 FROM sample WHERE series = ?1 AND id = ?2 \
               AND level = ?3 AND bucket BETWEEN ?4 AND ?5 LIMIT ?6)";
    let bounds = (kind, id, level.key(), to_sql(from), to_sql(to), limit.saturating_add(1));
    connection.prepare_cached(sql)?.query_row(bounds, |row| row.get(0))
}

fn value_at(
    connection: &Connection,
    series: Series,
    at: Timestamp,
) -> rusqlite::Result<Option<Amount>> {
    let (kind, id) = series.key();
    let minute = to_sql(Level::Minute.bucket(at.ms()));
    let sql = "SELECT last FROM sample WHERE series = ?1 AND id = ?2 AND level = 0 \
               AND bucket < ?3 ORDER BY bucket DESC LIMIT 1";
    let found = connection.prepare_cached(sql)?.query_row((kind, id, minute), |row| row.get(0));
    Ok(found.optional()?.map(|Atoms(value)| value))
}

fn frame(level: u8, row: &rusqlite::Row<'_>) -> rusqlite::Result<Frame> {
    let found = stored(row)?;
    let scene = found.scene;
    Ok(Frame {
        first: Seq::new(found.first),
        last: Seq::new(scene.last),
        time: Timestamp::from_ms(from_sql(row.get(16)?)),
        level,
        price: scene.price,
        high: found.high,
        low: found.low,
        open_interest: scene.interest,
        liquidations: scene.liquidations,
        losses: scene.losses,
        lost: scene.lost,
        worst: found.worst,
        balance: scene.balance,
        lowest: found.lowest,
        layers: scene.layers,
    })
}
