//! Follows the log record by record: decides each again, and keeps the books.

use backstop_core::{
    Asked, Checked, Corrupt, Entry, Event, Halt, RULES_VERSION, Record, State, begin, dry_run,
    policy::Limits, recheck, replay, warm,
};
use backstop_journal::{JournalError, StoredBatch, snapshot::Snapshot, store::StoredRecords};
use backstop_units::{Hash, Label, Seq, Timestamp};

use super::{RulesRange, VerifyError, books::Books, findings::Findings};
use crate::rules::{is_known, leads_beyond, newer_rules};

/// How the log is followed.
#[derive(Debug)]
enum Mode {
    /// Deciding moves the state.
    Decide,
    /// Something differed: deciding is tried on the state, the log's events move it.
    Follow,
    /// A record can't be followed; nothing after it can.
    Ended,
}

/// What following the log has found.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) integrity: Findings,
    pub(super) books: Findings,
    pub(super) rules: Findings,
    pub(super) ranges: Vec<RulesRange>,
    pub(super) state_hash: Hash,
}

/// A walk along the log.
#[derive(Debug)]
pub(super) struct Replay {
    signatures: bool,
    state: State,
    mode: Mode,
    books: Books,
    /// The first record since the books were last compared.
    compared: Seq,
    /// Snapshots whose state is still ahead: size and state hash.
    snapshots: Vec<(Seq, Hash)>,
    /// Why the walk ended, and where.
    ended: Option<(Seq, String)>,
    /// What the record that was just followed did.
    events: Vec<Event>,
    found: Followed,
    /// The last state hash that was computed, and before which record.
    hashed: Option<(Seq, Hash)>,
}

impl Replay {
    pub(super) fn new(ledger: Label, signatures: bool) -> Self {
        Self {
            signatures,
            state: State::genesis(ledger, 0, Limits::default(), Timestamp::ZERO),
            mode: Mode::Decide,
            books: Books::default(),
            compared: Seq::default(),
            snapshots: Vec::new(),
            ended: None,
            events: Vec::new(),
            found: Followed::default(),
            hashed: None,
        }
    }

    /// Snapshots are what a restart believes, so their states are compared too. Whether a file is
    /// whole and fits the tree is the integrity check's business.
    pub(super) fn expect(&mut self, snapshot: &Snapshot) {
        self.snapshots.push((Seq::new(snapshot.header.seq), Hash::new(snapshot.state_hash)));
    }

    /// Follows the records of a row.
    ///
    /// # Errors
    /// [`VerifyError::NewerRules`], [`VerifyError::Journal`].
    pub(super) fn feed(&mut self, batch: &StoredBatch) -> Result<(), VerifyError> {
        let mut records = batch.records();
        let mut decoded = Vec::with_capacity(warm::AHEAD);
        while !matches!(self.mode, Mode::Ended) {
            let read = decode_ahead(&mut records, &mut decoded)?;
            warm::decided(&self.state, &decoded);
            for asked in &decoded {
                self.record(asked)?;
            }
            decoded.clear();
            match read {
                Read::More => {}
                Read::All => break,
                // The integrity check names a damaged record; what comes after it has no state.
                Read::Broken(seq, detail) => self.end(seq, detail),
            }
        }
        Ok(())
    }

    fn end(&mut self, seq: Seq, detail: String) {
        self.ended = Some((seq, detail));
        self.mode = Mode::Ended;
    }

    fn record(&mut self, asked: &Asked<'_>) -> Result<(), VerifyError> {
        let seq = asked.seq;
        if matches!(self.mode, Mode::Ended) {
            return Ok(());
        }
        self.note_rules(asked.rules, seq);
        if seq == Seq::default() {
            self.genesis(asked);
        }
        if matches!(self.mode, Mode::Decide) {
            self.decide(asked);
        }
        if matches!(self.mode, Mode::Follow) {
            self.follow(asked)?;
        }
        if matches!(self.mode, Mode::Ended) {
            return Ok(());
        }
        self.books.count(&self.events);
        self.compare_snapshots(seq);
        if self.books.is_due() {
            self.compare_books(seq);
        }
        Ok(())
    }

    fn note_rules(&mut self, rules: u16, seq: Seq) {
        match self.found.ranges.last_mut() {
            Some(range) if range.rules == rules => range.last = seq,
            _ => self.found.ranges.push(RulesRange {
                rules,
                first: seq,
                last: seq,
                checked: is_known(rules),
            }),
        }
    }

    /// The state before a genesis takes its settings from it.
    fn genesis(&mut self, asked: &Asked<'_>) {
        let Entry::Genesis(genesis) = &asked.entry else { return };
        if genesis.ledger != self.state.meta.ledger {
            let detail = "the genesis belongs to another ledger than the file".to_owned();
            self.found.integrity.add(asked.seq, asked.seq, detail);
        }
        self.state = State::genesis(genesis.ledger, genesis.rules, genesis.limits, asked.time);
    }

    /// Decides a record again and moves on; turns to following the log if that does not work out.
    fn decide(&mut self, asked: &Asked<'_>) {
        let decided = is_known(asked.rules)
            && recheck(&mut self.state, asked, self.signatures, &mut self.events).is_ok();
        if !decided {
            self.mode = Mode::Follow;
        }
    }

    /// Compares a record with what the rules give, and takes its events as they are.
    ///
    /// # Errors
    /// [`VerifyError::NewerRules`].
    fn follow(&mut self, asked: &Asked<'_>) -> Result<(), VerifyError> {
        let (seq, rules) = (asked.seq, asked.rules);
        let record = match asked.clone().record() {
            Ok(record) => record,
            Err(_) if rules > RULES_VERSION => return Err(newer(seq, rules)),
            Err(corrupt) => {
                self.end(seq, corrupt.to_string());
                return Ok(());
            }
        };
        // What newer rules are is theirs to say: the record that switches to them is not decided here.
        if is_known(record.rules)
            && !leads_beyond(&record.events)
            && let Err(detail) = self.compare(&record)
        {
            self.found.rules.add(seq, seq, detail);
        }
        if let Err(corrupt) = replay(&mut self.state, &record) {
            self.end(seq, format!("its events can't be followed: {corrupt}"));
        }
        self.events = record.events;
        Ok(())
    }

    /// What differs between a record and a decision on the present state.
    fn compare(&mut self, record: &Record) -> Result<(), String> {
        let decided = match &record.entry {
            Entry::Genesis(genesis) => begin(genesis, record.time)
                .map(|(_, events)| self.events = events)
                .map_err(|(_, halt)| halt),
            Entry::Command(command) => {
                let ledger = self.state.meta.ledger;
                let checked = if self.signatures {
                    Checked::new(ledger, command)
                } else {
                    Checked::trusting(command)
                };
                checked.map_err(Halt::from).and_then(|checked| {
                    dry_run(&mut self.state, &checked, record.time, &mut self.events)
                })
            }
        };
        match decided {
            Ok(()) if self.events == record.events => Ok(()),
            Ok(()) => Err(difference(&self.events, &record.events)),
            Err(halt) => Err(format!("the rules refuse it: {halt}")),
        }
    }

    fn compare_snapshots(&mut self, seq: Seq) {
        let next = seq.next();
        if self.snapshots.iter().all(|(at, _)| *at != next) {
            return;
        }
        let hash = self.state.hash();
        self.hashed = Some((next, hash));
        if self.snapshots.iter().any(|(at, expected)| *at == next && *expected != hash) {
            let detail = "the snapshot after this record holds another state".to_owned();
            self.found.books.add(seq, seq, detail);
        }
    }

    fn compare_books(&mut self, last: Seq) {
        if let Err(detail) = self.books.compare(&self.state) {
            self.found.books.add(self.compared, last, detail);
        }
        self.compared = last.next();
    }

    /// Compares what can be compared only at the end.
    pub(super) fn finish(mut self, size: u64) -> Followed {
        let last = Seq::new(size.saturating_sub(1));
        let next = self.state.meta.next.get();
        if next > 0 {
            self.compare_books(Seq::new(next.saturating_sub(1)));
        }
        let left = match self.ended.take() {
            None if next < size => Some((Seq::new(next), Corrupt::OutOfOrder.to_string())),
            None if size == 0 => Some((Seq::default(), "the log has no genesis".to_owned())),
            ended => ended,
        };
        if let Some((seq, detail)) = left {
            let detail = format!("not followed from here on: {detail}");
            self.found.books.add(seq, last.max(seq), detail);
        }
        self.found.state_hash = match self.hashed {
            Some((at, hash)) if at == self.state.meta.next => hash,
            _ => self.state.hash(),
        };
        self.found
    }
}

/// How far decoding ahead came.
enum Read {
    /// There may be more.
    More,
    /// The batch is at its end.
    All,
    /// This record can't be read, for this reason.
    Broken(Seq, String),
}

/// Decodes the next records of a batch.
fn decode_ahead<'a>(
    records: &mut StoredRecords<'a>,
    decoded: &mut Vec<Asked<'a>>,
) -> Result<Read, VerifyError> {
    for found in records.take(warm::AHEAD) {
        let (seq, bytes) = match found {
            Ok(found) => found,
            Err(JournalError::Damaged { what, seq }) => {
                return Ok(Read::Broken(Seq::new(seq), what.to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        let seq = Seq::new(seq);
        match Asked::decode(bytes) {
            Ok(asked) if asked.seq == seq => decoded.push(asked),
            Ok(asked) => return Ok(Read::Broken(seq, format!("it calls itself {}", asked.seq))),
            Err(corrupt) => {
                return match newer_rules(bytes) {
                    Some(got) => Err(newer(seq, got)),
                    None => Ok(Read::Broken(seq, corrupt.to_string())),
                };
            }
        }
    }
    Ok(if decoded.len() < warm::AHEAD { Read::All } else { Read::More })
}

/// The first event that differs, in both versions.
fn difference(decided: &[Event], recorded: &[Event]) -> String {
    let at = decided.iter().zip(recorded).take_while(|(a, b)| a == b).count();
    let [decided, recorded] = [decided, recorded].map(|events| match events.get(at) {
        Some(event) => serde_json::to_string(event).unwrap_or_default(),
        None => "no more events".to_owned(),
    });
    format!("event {at}: the rules give {decided}, the log holds {recorded}")
}

const fn newer(seq: Seq, got: u16) -> VerifyError {
    VerifyError::NewerRules { seq, got, limit: RULES_VERSION }
}
