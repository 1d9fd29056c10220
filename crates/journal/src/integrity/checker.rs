//! The check, batch by batch.

use std::collections::BTreeMap;

use super::IntegrityReport;
use super::anchors::Anchor;
use super::diagnose::{Fault, Place, Read, Root, judge, places};
use super::findings::{FindingKind, Findings};
use super::suspects::{Suspects, key};
use crate::error::JournalError;
use crate::frame::as_u64;
use crate::merkle::{Frontier, Hash};
use crate::snapshot::Snapshot;
use crate::store::{SqliteJournal, StoredBatch};
use crate::tile::{FullTile, TILE_WIDTH, TreeState, full_tiles, hash_at, locate};

/// Whether the records of a batch can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each record is the one that was committed at its sequence number, as far as the journal
    /// can tell.
    Sound,
    /// Some are not; the findings say which.
    Damaged,
}

/// A check in progress: feed it the rows of [`SqliteJournal::raw_batches`] in order.
///
/// **Example**
/// ```
/// use backstop_journal::integrity::Checker;
/// use backstop_journal::{BatchBuilder, GenesisMeta, SqliteJournal};
/// # let mut journal = SqliteJournal::memory(&GenesisMeta { ledger_id: [7; 16] })?;
/// # let mut builder = BatchBuilder::new(journal.tree()?);
/// # builder.push(b"first")?;
/// # journal.append(&builder.finish())?;
/// let mut checker = Checker::new(&journal)?;
/// for batch in journal.raw_batches() {
///     let batch = batch?;
///     checker.feed(&batch)?;
///     for record in batch.records() {
///         let (_seq, _bytes) = record?; // look at the contents in the same pass
///     }
/// }
/// assert!(checker.finish()?.is_sound());
/// # Ok::<(), backstop_journal::JournalError>(())
/// ```
#[derive(Debug)]
pub struct Checker<'a> {
    pub(super) journal: &'a SqliteJournal,
    tree: TreeState,
    /// Where the tree lost a hash that it can't do without.
    lost_at: Option<u64>,
    next: u64,
    batches: u64,
    tiles: u64,
    pub(super) anchors_met: u64,
    pub(super) anchors: BTreeMap<u64, Vec<Anchor>>,
    pub(super) findings: Findings,
    suspects: Suspects,
    leaves: Vec<Hash>,
    full: Vec<FullTile>,
}

impl<'a> Checker<'a> {
    /// Starts a check and reads the checkpoints and snapshots to compare with.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`], [`JournalError::Io`].
    pub fn new(journal: &'a SqliteJournal) -> Result<Self, JournalError> {
        Self::with_snapshots(journal, |_| ())
    }

    /// As [`Checker::new`], and shows each whole snapshot of this ledger: they are large, and a caller
    /// who knows what their bytes mean need not read them again.
    ///
    /// # Errors
    ///
    /// As [`Checker::new`].
    pub fn with_snapshots(
        journal: &'a SqliteJournal,
        see: impl FnMut(&Snapshot),
    ) -> Result<Self, JournalError> {
        let mut checker = Self {
            journal,
            tree: TreeState::new(),
            lost_at: None,
            next: 0,
            batches: 0,
            tiles: 0,
            anchors_met: 0,
            anchors: BTreeMap::new(),
            findings: Findings::default(),
            suspects: Suspects::default(),
            leaves: Vec::new(),
            full: Vec::new(),
        };
        checker.load_checkpoints()?;
        checker.load_snapshots(see)?;
        Ok(checker)
    }

    /// Lets SQLite check the structure of the file, which reads all of it once.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn check_structure(&mut self) -> Result<(), JournalError> {
        let fault = match self.journal.structure_fault() {
            Ok(fault) => fault,
            Err(error) if error.is_damage() => Some(error.to_string()),
            Err(error) => return Err(error),
        };
        if let Some(fault) = fault {
            self.findings.add(FindingKind::Structure, (0, 0), fault);
        }
        Ok(())
    }

    /// The sequence number that the next row should begin with.
    pub const fn next_seq(&self) -> u64 {
        self.next
    }

    /// Checks the next row.
    ///
    /// # Errors
    ///
    /// Only where the machine is at fault; damage is a finding.
    ///
    /// **Complexity** for a sound row one leaf hash and about one node hash for each record.
    pub fn feed(&mut self, batch: &StoredBatch) -> Result<Verdict, JournalError> {
        self.batches = self.batches.saturating_add(1);
        if batch.first_seq < self.next {
            let last = batch.next_seq().saturating_sub(1).max(batch.first_seq);
            let detail = format!("a row repeats them, the next should begin at {}", self.next);
            self.findings.add(FindingKind::Overlap, (batch.first_seq, last), detail);
            return Ok(Verdict::Damaged);
        }
        if batch.first_seq > self.next {
            self.bridge(batch.first_seq)?;
        }
        let read = Read::of(batch, std::mem::take(&mut self.leaves));
        let verdict = self.feed_read(batch, &read)?;
        self.leaves = read.leaves;
        Ok(verdict)
    }

    /// Takes in an error that [`SqliteJournal::raw_batches`] yielded in place of a row.
    ///
    /// # Errors
    ///
    /// The error itself if it is the machine's fault.
    pub fn feed_unreadable(&mut self, error: JournalError) -> Result<(), JournalError> {
        if !error.is_damage() {
            return Err(error);
        }
        let seq = match error {
            JournalError::Damaged { seq, .. } => seq.max(self.next),
            _ => self.next,
        };
        self.findings.add(FindingKind::Row, (seq, seq), error.to_string());
        Ok(())
    }

    /// Compares what can be compared only at the end, and reports.
    ///
    /// # Errors
    ///
    /// [`JournalError::Sqlite`].
    pub fn finish(mut self) -> Result<IntegrityReport, JournalError> {
        self.check_past_end()?;
        if let Some(lost) = self.lost_at {
            let last = self.next.saturating_sub(1).max(lost);
            let detail = "a leaf hash is lost, roots from here on were not compared".to_owned();
            self.findings.add(FindingKind::Unverifiable, (lost, last), detail);
        }
        self.suspects.report(&mut self.findings);
        let (findings, findings_omitted) = self.findings.finish();
        Ok(IntegrityReport {
            records: self.next,
            batches: self.batches,
            tiles: self.tiles,
            anchors: self.anchors_met,
            root: self.tree.root(),
            findings,
            findings_omitted,
        })
    }

    fn feed_read(&mut self, batch: &StoredBatch, read: &Read) -> Result<Verdict, JournalError> {
        if self.lost_at.is_none() && read.fits(batch) {
            let before = self.tree.clone();
            for leaf in &read.leaves {
                self.tree.push(*leaf, &mut self.full);
            }
            if self.tree.root() == batch.root {
                self.next = batch.next_seq();
                self.settle(before.frontier(), &read.leaves)?;
                return Ok(Verdict::Sound);
            }
            self.tree = before;
            self.full.clear();
        }
        self.diagnose(batch, read)
    }

    /// Finds out what is wrong with a row and goes on as well as possible.
    fn diagnose(&mut self, batch: &StoredBatch, read: &Read) -> Result<Verdict, JournalError> {
        let found_before = self.findings.total();
        let tiles = self.tile_leaves(batch.first_seq, read.places(batch))?;
        self.report_shape(batch, read, tiles.len());
        let mut places = places(batch, read, &tiles);
        let root = judge(self.tree.frontier(), &batch.root, &mut places);
        let mut damaged = self.findings.total() > found_before;
        for place in &places {
            damaged |= self.report_place(place, read);
        }
        self.next = batch.first_seq.saturating_add(as_u64(tiles.len()));
        let chosen: Vec<Hash> = places.iter().map_while(|place| place.chosen).collect();
        let lost = places.get(chosen.len()).map(|place| place.seq);
        if self.lost_at.is_none() {
            if root == Root::Disagrees && lost.is_none() {
                let last = self.next.saturating_sub(1).max(batch.first_seq);
                self.findings.add_root(batch.first_seq, last);
                damaged = true;
            }
            self.take_on(&chosen)?;
            self.lost_at = lost;
        }
        Ok(if damaged { Verdict::Damaged } else { Verdict::Sound })
    }

    /// Reports a row whose count, tags and records are not equally many.
    fn report_shape(&mut self, batch: &StoredBatch, read: &Read, places: usize) {
        let last = batch.first_seq.saturating_add(as_u64(places)).saturating_sub(1);
        if let Some(error) = read.error {
            let seq = batch.first_seq.saturating_add(as_u64(read.leaves.len()));
            let detail = format!("the length at byte {} of the row is broken", error.offset);
            self.findings.add(FindingKind::Framing, (seq, last.max(seq)), detail);
        }
        let records = as_u64(read.leaves.len());
        let tags = batch.tags.len();
        let tags_fit = as_u64(tags) == batch.count.saturating_mul(8);
        let records_fit = read.error.is_some() || records == batch.count;
        if batch.count == 0 || !records_fit || !tags_fit {
            let detail = format!(
                "the row says {} records, holds {records} and {tags} bytes of tags",
                batch.count
            );
            let seqs = (batch.first_seq, last.max(batch.first_seq));
            self.findings.add(FindingKind::Count, seqs, detail);
        }
    }

    /// Reports what is wrong at a place; true if its record is not to be relied on.
    fn report_place(&mut self, place: &Place, read: &Read) -> bool {
        let seq = place.seq;
        match place.fault() {
            Fault::None => false,
            Fault::Record { found, expected } => {
                self.suspects.add(seq, found, expected, &mut self.findings);
                true
            }
            Fault::Unreadable => {
                if let Some(expected) = place.tile.as_ref().map(key).or(place.tag) {
                    self.suspects.add_missing(seq, expected);
                }
                if read.error.is_none() {
                    let detail = "the row ends before it".to_owned();
                    self.findings.add(FindingKind::Missing, (seq, seq), detail);
                }
                true
            }
            Fault::Tag => {
                let detail = "the record is sound, its tag was changed".to_owned();
                self.findings.add(FindingKind::Tag, (seq, seq), detail);
                false
            }
        }
    }

    /// Goes past records that no row holds, with the hashes that tiles have of them.
    fn bridge(&mut self, to: u64) -> Result<(), JournalError> {
        let from = self.next;
        let last = to.saturating_sub(1);
        self.findings.add(FindingKind::Missing, (from, last), "no row holds them".to_owned());
        self.next = to;
        if self.lost_at.is_some() {
            return Ok(());
        }
        let mut seq = from;
        while seq < to {
            let (index, at) = locate(seq);
            let Some(tile) = self.stored_tile(0, index)? else {
                self.lost_at = Some(seq);
                return Ok(());
            };
            let end = index.saturating_add(1).saturating_mul(TILE_WIDTH).min(to);
            let count = usize::try_from(end.saturating_sub(seq)).unwrap_or(usize::MAX);
            let (hashes, _) = tile.as_chunks::<32>();
            let leaves: Vec<Hash> = hashes.iter().skip(at).take(count).copied().collect();
            for (leaf, seq) in leaves.iter().zip(seq..) {
                self.suspects.add_missing(seq, key(leaf));
            }
            self.take_on(&leaves)?;
            seq = end;
        }
        Ok(())
    }

    /// Appends leaves that were decided on.
    fn take_on(&mut self, leaves: &[Hash]) -> Result<(), JournalError> {
        let before = self.tree.frontier().clone();
        for leaf in leaves {
            self.tree.push(*leaf, &mut self.full);
        }
        self.settle(&before, leaves)
    }

    /// Compares the tiles that were just filled and the anchors that were just passed.
    fn settle(&mut self, before: &Frontier, leaves: &[Hash]) -> Result<(), JournalError> {
        for tile in std::mem::take(&mut self.full) {
            self.tiles = self.tiles.saturating_add(1);
            self.compare_tile(&tile)?;
        }
        let after = self.tree.size();
        let Some((first, _)) = self.anchors.first_key_value() else { return Ok(()) };
        if *first > after {
            return Ok(());
        }
        let later = self.anchors.split_off(&after.saturating_add(1));
        let passed = std::mem::replace(&mut self.anchors, later);
        let mut frontier = before.clone();
        let mut leaves = leaves.iter();
        for (size, anchors) in passed {
            while frontier.size() < size {
                let Some(leaf) = leaves.next() else { break };
                frontier.push(*leaf);
            }
            let root = frontier.root();
            for anchor in anchors {
                self.compare_anchor(size, &anchor, &root);
            }
        }
        Ok(())
    }

    fn compare_tile(&mut self, tile: &FullTile) -> Result<(), JournalError> {
        let (level, index) = (tile.level, tile.index);
        let Some(stored) = self.stored_tile(level, index)? else {
            let seqs = covered(level, index.saturating_mul(TILE_WIDTH), TILE_WIDTH);
            let detail = format!("tile ({level}, {index}) is not stored");
            self.findings.add(FindingKind::TileMissing, seqs, detail);
            return Ok(());
        };
        if stored == tile.hashes {
            return Ok(());
        }
        for (at, entry) in (index.saturating_mul(TILE_WIDTH)..).take(256).enumerate() {
            if hash_at(&stored, at) != hash_at(&tile.hashes, at) {
                let detail = format!("hash {at} of tile ({level}, {index}) is not the tree's");
                self.findings.add(FindingKind::Tile, covered(level, entry, 1), detail);
            }
        }
        if stored.len() > tile.hashes.len() {
            let seqs = covered(level, index.saturating_mul(TILE_WIDTH), TILE_WIDTH);
            let detail = format!("tile ({level}, {index}) is too long");
            self.findings.add(FindingKind::Tile, seqs, detail);
        }
        Ok(())
    }

    /// Reports tiles, checkpoints and snapshots that reach past the last record.
    fn check_past_end(&mut self) -> Result<(), JournalError> {
        let end = self.next;
        if self.lost_at.is_none() {
            for (size, anchors) in std::mem::take(&mut self.anchors) {
                for anchor in anchors {
                    let detail = format!("it is for {size} records, the journal ends at {end}");
                    self.findings.add(anchor.kind, (end, size.saturating_sub(1)), detail);
                }
            }
        }
        let coordinates = match self.journal.tile_coordinates() {
            Ok(coordinates) => coordinates,
            Err(error) => return self.feed_unreadable(error),
        };
        for (level, index) in coordinates {
            let known = u8::try_from(level).ok();
            if known.is_none_or(|level| index >= full_tiles(end, level)) {
                let seqs = match known {
                    Some(level) => covered(level, index.saturating_mul(TILE_WIDTH), TILE_WIDTH),
                    None => (end, end),
                };
                let detail = format!("tile ({level}, {index}) has records that are not there");
                self.findings.add(FindingKind::TileUnexpected, seqs, detail);
            }
        }
        Ok(())
    }

    /// For `count` places from `seq`, the leaf hashes that full tiles hold.
    fn tile_leaves(&mut self, seq: u64, count: usize) -> Result<Vec<Option<Hash>>, JournalError> {
        let mut leaves = Vec::with_capacity(count);
        let mut tile: Option<(u64, Option<Vec<u8>>)> = None;
        for place in (seq..).take(count) {
            let (index, at) = locate(place);
            if tile.as_ref().is_none_or(|(held, _)| *held != index) {
                tile = Some((index, self.stored_tile(0, index)?));
            }
            let hashes = tile.as_ref().and_then(|(_, hashes)| hashes.as_ref());
            leaves.push(hashes.and_then(|hashes| hash_at(hashes, at)));
        }
        Ok(leaves)
    }

    /// A stored tile; one that can't be read counts as not stored.
    fn stored_tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, JournalError> {
        match self.journal.tile(level, index) {
            Err(error) if error.is_damage() => Ok(None),
            // The sequence number is past what a tile table can name.
            Err(JournalError::OutOfRange(_)) => Ok(None),
            other => other,
        }
    }
}

/// The first and last sequence number under `count` entries of a tile level.
fn covered(level: u8, entry: u64, count: u64) -> (u64, u64) {
    let shift = u32::from(level).saturating_mul(8);
    let width = 1u64.checked_shl(shift).unwrap_or(u64::MAX);
    let first = entry.saturating_mul(width);
    (first, first.saturating_add(count.saturating_mul(width)).saturating_sub(1))
}
