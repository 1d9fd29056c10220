//! What a check reports.

use std::fmt;

/// Findings that a report lists; the rest is counted.
pub const FINDINGS_MAX: usize = 1000;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// A record is not the one that was committed.
    Record,
    /// A record that belongs elsewhere stands here: swapped, inserted or moved up.
    Misplaced,
    /// The length in front of a record is broken; the rest of its batch can't be read.
    Framing,
    /// A row does not hold as many records as it says.
    Count,
    /// Records are gone.
    Missing,
    /// A row repeats sequence numbers that an earlier row holds; it is passed over.
    Overlap,
    /// A row can't be read.
    Row,
    /// The tag of a sound record was changed.
    Tag,
    /// The root stored with a batch is not the root of the tree.
    Root,
    /// A stored tile differs from the tree.
    Tile,
    /// A full tile is not stored.
    TileMissing,
    /// A tile is stored that the tree does not fill: it lies past the end of the journal.
    TileUnexpected,
    /// A checkpoint contradicts the tree, or is for more records than there are.
    Checkpoint,
    /// A snapshot file is damaged or contradicts the tree.
    Snapshot,
    /// The pages of the database contradict each other.
    Structure,
    /// From here on the tree can't be recomputed, because a hash it needs is lost; roots, tiles
    /// and checkpoints after it were not compared.
    Unverifiable,
}

impl FindingKind {
    /// Its words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Record => "changed record",
            Self::Misplaced => "misplaced record",
            Self::Framing => "broken framing",
            Self::Count => "wrong count",
            Self::Missing => "missing records",
            Self::Overlap => "repeated records",
            Self::Row => "unreadable row",
            Self::Tag => "changed tag",
            Self::Root => "wrong root",
            Self::Tile => "wrong tile",
            Self::TileMissing => "missing tile",
            Self::TileUnexpected => "unexpected tile",
            Self::Checkpoint => "checkpoint",
            Self::Snapshot => "snapshot",
            Self::Structure => "file structure",
            Self::Unverifiable => "not verifiable",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// The first sequence number concerned.
    pub first_seq: u64,
    /// The last sequence number concerned.
    pub last_seq: u64,
    /// The particulars, for people.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, first_seq, last_seq, detail } = self;
        if first_seq == last_seq {
            write!(f, "{kind} at record {first_seq}: {detail}")
        } else {
            write!(f, "{kind} at records {first_seq} to {last_seq}: {detail}")
        }
    }
}

/// Collects findings up to the limit.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    omitted: u64,
}

impl Findings {
    pub(super) fn add(&mut self, kind: FindingKind, seqs: (u64, u64), detail: String) {
        let (first_seq, last_seq) = seqs;
        if self.list.len() >= FINDINGS_MAX {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        self.list.push(Finding { kind, first_seq, last_seq, detail });
    }

    /// Adds a wrong root. One wrong hash makes every later root wrong, so neighbors become one.
    pub(super) fn add_root(&mut self, first_seq: u64, last_seq: u64) {
        let last = self.list.iter_mut().rev().find(|finding| finding.kind == FindingKind::Root);
        if let Some(last) = last.filter(|last| last.last_seq.checked_add(1) == Some(first_seq)) {
            last.last_seq = last_seq;
            "the roots from the first of these batches on do not follow from the records"
                .clone_into(&mut last.detail);
            return;
        }
        let detail = "the root stored with the batch does not follow from the records";
        self.add(FindingKind::Root, (first_seq, last_seq), detail.to_owned());
    }

    pub(super) fn total(&self) -> u64 {
        crate::frame::as_u64(self.list.len()).saturating_add(self.omitted)
    }

    /// The findings by sequence number, and how many more there were.
    pub(super) fn finish(mut self) -> (Vec<Finding>, u64) {
        self.list.sort_by_key(|finding| (finding.first_seq, finding.kind));
        (self.list, self.omitted)
    }
}
