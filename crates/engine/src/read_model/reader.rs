//! What readers ask of a read model. Each answer comes from one transaction and says how far it goes.

use backstop_core::{Event, ledger::LedgerAccount, state::Source};
use backstop_units::{AccountId, Amount, FundId, LossId, ProposalId, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    ReadModel,
    error::ReadModelError,
    history::subject_key,
    moves::{FundPart, Reason},
    number::{Atoms, account_of, from_sql, handle, to_sql},
    party::Party,
    search::{self, Search},
    series::{Level, Series},
};

/// The most rows of one answer.
pub const LIMIT_MAX: usize = 1_000;

/// An answer, and how many records it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// Records that were in the read model.
    pub applied: u64,
    /// The answer.
    pub value: T,
}

/// Rows of a list that may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The rows, in the order that was asked for.
    pub rows: Vec<T>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<C>,
}

/// One record of the log, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// Its position in the log.
    pub seq: Seq,
    /// When the writer stamped it.
    pub time: Timestamp,
    /// The number of its command; 0 is the genesis.
    pub kind: u16,
    /// Who sent it; nobody the genesis.
    pub actor: Option<AccountId>,
}

/// Which records are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Records that concern all of these.
    pub parties: Vec<Party>,
    /// At or after this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Where the last page ended: its [`Page::next`].
    pub cursor: Option<Seq>,
    /// Oldest first; else newest first.
    pub oldest_first: bool,
    /// How many rows, at most [`LIMIT_MAX`].
    pub limit: usize,
}

/// One move of a fund's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundMove {
    /// The record that moved it.
    pub seq: Seq,
    /// Which of the record's moves, counted from 0.
    pub at: u32,
    /// When.
    pub time: Timestamp,
    /// Why.
    pub reason: Reason,
    /// In or out of which part.
    pub part: FundPart,
    /// Whether it left that part.
    pub is_out: bool,
    /// How many atoms.
    pub amount: Amount,
    /// What the part held after it.
    pub after: Amount,
    /// What the fund held after it, all parts but revenue.
    pub balance: Amount,
    /// Where it came from or went.
    pub counter: LedgerAccount,
}

/// Which moves are wanted, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoveFilter {
    /// Moves for this reason only.
    pub reason: Option<Reason>,
    /// Moves before this moment.
    pub until: Option<Timestamp>,
    /// Where the last page ended: its [`Page::next`].
    pub cursor: Option<(Seq, u32)>,
    /// How many rows, at most [`LIMIT_MAX`].
    pub limit: usize,
}

/// What a value was during one bucket of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the bucket begins.
    pub begins: Timestamp,
    /// The value that it began with.
    pub first: Amount,
    /// The highest.
    pub high: Amount,
    /// The lowest.
    pub low: Amount,
    /// The value that it ended with, so far.
    pub last: Amount,
}

/// One step of a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossStep {
    /// The record.
    pub seq: Seq,
    /// When.
    pub time: Timestamp,
    /// What happened.
    pub event: Event,
    /// Where it placed rows: the waterfall as it was.
    pub layers: Option<Vec<Source>>,
    /// Where it placed rows: what the accounts of the waterfall held just before; none of another asset.
    pub had: Vec<(LedgerAccount, Amount)>,
}

/// One change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    /// Of what; none: of the ledger.
    pub subject: Option<Party>,
    /// The record.
    pub seq: Seq,
    /// Which event of it, counted from 0.
    pub at: u32,
    /// When.
    pub time: Timestamp,
    /// Who sent it; nobody what the genesis set.
    pub actor: Option<AccountId>,
    /// Under which proposal.
    pub proposal: Option<ProposalId>,
    /// What it is now.
    pub event: Event,
    /// The change of the same kind before it; none when it is the first since what has the setting was made.
    pub before: Option<Event>,
}

type Answer<T> = Result<At<T>, ReadModelError>;

/// Lists and series.
impl ReadModel {
    /// Records that fit a filter.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn records(&self, filter: &RecordFilter) -> Answer<Page<RecordRow, Seq>> {
        self.ask(|connection, applied| {
            let limit = filter.limit.clamp(1, LIMIT_MAX);
            let mut low = filter.since.map_or(Ok(0), |at| first_at(connection, applied, at))?;
            let mut high =
                filter.until.map_or(Ok(applied), |at| first_at(connection, applied, at))?;
            match filter.cursor {
                Some(cursor) if filter.oldest_first => low = low.max(cursor.get()),
                Some(cursor) => high = high.min(cursor.next().get()),
                None => {}
            }
            let parties: Vec<u64> = filter.parties.iter().map(|party| party.key()).collect();
            let wanted = limit.saturating_add(1);
            let search =
                Search { parties: &parties, low, high, rising: filter.oldest_first, wanted };
            let mut found = search::run(connection, &search)?;
            let next = (found.len() > limit).then(|| found.pop().map(Seq::new)).flatten();
            let rows = found.into_iter().map(|seq| record(connection, seq));
            Ok(Page { rows: rows.collect::<Result<_, _>>()?, next })
        })
    }

    /// Moves of a fund's money, newest first.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn fund_moves(
        &self,
        fund: FundId,
        filter: &MoveFilter,
    ) -> Answer<Page<FundMove, (Seq, u32)>> {
        self.ask(|connection, applied| {
            let limit = filter.limit.clamp(1, LIMIT_MAX);
            let until = filter.until.map_or(Ok(applied), |at| first_at(connection, applied, at))?;
            let cursor = filter.cursor.map(|(seq, at)| (seq.get(), i64::from(at)));
            let (seq, at) = cursor.filter(|(seq, _)| *seq < until).unwrap_or((until, -1));
            // A number of ours, so it may stand in the text; only there it tells which index fits.
            let (index, reason) = match filter.reason.map(Reason::key) {
                None => ("", String::new()),
                Some(often @ 0..=2) => ("", format!("AND reason = {often}")),
                Some(rare) => {
                    ("INDEXED BY move_rare", format!("AND reason = {rare} AND reason > 2"))
                }
            };
            let sql = format!(
                "SELECT move.seq, at, time, reason, part, tranche, out, amount, after, total, counter \
                 FROM move {index} CROSS JOIN record USING (seq) \
                 WHERE fund = ?1 AND (move.seq, at) <= (?2, ?3) {reason} \
                 ORDER BY move.seq DESC, at DESC LIMIT ?4"
            );
            let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement
                .query_map((fund.get(), to_sql(seq), at, wanted), fund_move)?
                .collect::<Result<Vec<_>, _>>()?;
            let mut rows: Vec<FundMove> = rows.into_iter().flatten().collect();
            let next = (rows.len() > limit).then(|| rows.pop().map(|row| (row.seq, row.at)));
            Ok(Page { rows, next: next.flatten() })
        })
    }

    /// A value over time, oldest first, in buckets that had changes; between them it stayed as it was.
    ///
    /// The bucket that was under way or lay last before `since` comes first, so that the value at `since` is
    /// known.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn samples(
        &self,
        series: Series,
        level: Level,
        (since, until): (Timestamp, Timestamp),
    ) -> Answer<Vec<Sample>> {
        self.ask(|connection, _| {
            let (kind, id) = series.key();
            let (from, to) = (level.bucket(since.ms()), level.bucket(until.ms()));
            let sql = "SELECT bucket, first, high, low, last FROM sample \
                       WHERE series = ?1 AND id = ?2 AND level = ?3 AND bucket <= ?5 AND bucket >= \
                       (SELECT ifnull(max(bucket), ?4) FROM sample \
                        WHERE series = ?1 AND id = ?2 AND level = ?3 AND bucket <= ?4) \
                       ORDER BY bucket";
            let mut statement = connection.prepare_cached(sql)?;
            let bounds = (kind, id, level.key(), to_sql(from), to_sql(to));
            let rows = statement.query_map(bounds, |row| {
                let begins = from_sql(row.get(0)?).saturating_mul(level.ms());
                let [first, high, low, last] =
                    [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?].map(|Atoms(value)| value);
                Ok(Sample { begins: Timestamp::from_ms(begins), first, high, low, last })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The steps of a loss, in their order. What concerns it besides (lists, cuts, claims) is found by
    /// [`ReadModel::records`].
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn loss_steps(&self, loss: LossId) -> Answer<Vec<LossStep>> {
        self.ask(|connection, _| {
            let sql = "SELECT loss_step.seq, at, time, event, layers \
                       FROM loss_step JOIN record USING (seq) WHERE loss = ?1 ORDER BY seq, at";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([loss.get()])?;
            let mut steps = Vec::new();
            while let Some(row) = rows.next()? {
                let (seq, at): (i64, i64) = (row.get(0)?, row.get(1)?);
                let Ok(event) = borsh::from_slice(row.get_ref(3)?.as_blob().unwrap_or(&[])) else {
                    continue;
                };
                let layers: Option<Vec<u8>> = row.get(4)?;
                steps.push(LossStep {
                    seq: Seq::new(from_sql(seq)),
                    time: time(row.get(2)?),
                    event,
                    layers: layers.and_then(|layers| borsh::from_slice(&layers).ok()),
                    had: had(connection, loss, seq, at)?,
                });
            }
            Ok(steps)
        })
    }

    /// Changes of the settings of one subject, newest first; `None` is the ledger itself.
    ///
    /// # Errors
    /// [`ReadModelError::Sqlite`].
    pub fn settings(
        &self,
        subject: Option<Party>,
        cursor: Option<(Seq, u32)>,
        limit: usize,
    ) -> Answer<Page<SettingChange, (Seq, u32)>> {
        self.ask(|connection, applied| {
            let limit = limit.clamp(1, LIMIT_MAX);
            let (seq, at) = cursor.map_or((applied, -1), |(seq, at)| (seq.get(), i64::from(at)));
            let sql = "SELECT setting.seq, at, time, actor, proposal, event, \
                         (SELECT event FROM setting AS old WHERE old.subject = setting.subject \
                          AND old.word = setting.word AND (old.seq, old.at) < (setting.seq, setting.at) \
                          ORDER BY old.seq DESC, old.at DESC LIMIT 1) \
                       FROM setting JOIN record USING (seq) \
                       WHERE subject = ?1 AND (setting.seq, at) <= (?2, ?3) \
                       ORDER BY setting.seq DESC, at DESC LIMIT ?4";
            let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
            let mut statement = connection.prepare_cached(sql)?;
            let bounds = (subject_key(subject), to_sql(seq), at, wanted);
            let rows = statement.query_map(bounds, |row| change(subject, row))?;
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            let mut rows: Vec<SettingChange> = rows.into_iter().flatten().collect();
            let next = (rows.len() > limit).then(|| rows.pop().map(|row| (row.seq, row.at)));
            Ok(Page { rows, next: next.flatten() })
        })
    }
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_ms(from_sql(ms))
}

fn record(connection: &Connection, seq: u64) -> rusqlite::Result<RecordRow> {
    let sql = "SELECT time, kind, actor FROM record WHERE seq = ?1";
    connection.prepare_cached(sql)?.query_row([to_sql(seq)], |row| {
        let actor: Option<u32> = row.get(2)?;
        let (seq, actor) = (Seq::new(seq), actor.map(AccountId::new));
        Ok(RecordRow { seq, time: time(row.get(0)?), kind: row.get(1)?, actor })
    })
}

/// The first record at or after a moment; time never runs back, so halving finds it.
fn first_at(connection: &Connection, applied: u64, at: Timestamp) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT time FROM record WHERE seq = ?1")?;
    let (mut low, mut high) = (0, applied);
    while low < high {
        let middle = low.saturating_add(high.saturating_sub(low) >> 1);
        let found = statement.query_row([to_sql(middle)], |row| row.get(0)).optional()?;
        if found.map(time).is_some_and(|time| time < at) {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// A row of a fund's moves; none with words of a newer program.
fn fund_move(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<FundMove>> {
    let (Some(reason), Some(part), Some(counter)) = (
        Reason::of_key(row.get(3)?),
        FundPart::of_key(row.get(4)?, row.get(5)?),
        account_of(row.get(10)?),
    ) else {
        return Ok(None);
    };
    let [amount, after, balance] =
        [row.get(7)?, row.get(8)?, row.get(9)?].map(|Atoms(amount)| amount);
    Ok(Some(FundMove {
        seq: Seq::new(from_sql(row.get(0)?)),
        at: handle(row.get(1)?),
        time: time(row.get(2)?),
        reason,
        part,
        is_out: row.get(6)?,
        amount,
        after,
        balance,
        counter,
    }))
}

fn had(
    connection: &Connection,
    loss: LossId,
    seq: i64,
    at: i64,
) -> rusqlite::Result<Vec<(LedgerAccount, Amount)>> {
    let sql = "SELECT account, had FROM loss_met WHERE loss = ?1 AND seq = ?2 AND at = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((loss.get(), seq, at), |row| {
        let Atoms(had) = row.get(1)?;
        Ok(account_of(row.get(0)?).map(|account| (account, had)))
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// A row of settings; none with an event of a newer program.
fn change(
    subject: Option<Party>,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<Option<SettingChange>> {
    let Ok(event) = borsh::from_slice(row.get_ref(5)?.as_blob().unwrap_or(&[])) else {
        return Ok(None);
    };
    let before: Option<Vec<u8>> = row.get(6)?;
    let (actor, proposal): (Option<u32>, Option<u32>) = (row.get(3)?, row.get(4)?);
    Ok(Some(SettingChange {
        subject,
        seq: Seq::new(from_sql(row.get(0)?)),
        at: handle(row.get(1)?),
        time: time(row.get(2)?),
        actor: actor.map(AccountId::new),
        proposal: proposal.map(ProposalId::new),
        event,
        before: before.and_then(|bytes| borsh::from_slice(&bytes).ok()),
    }))
}
