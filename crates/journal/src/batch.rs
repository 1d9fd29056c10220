//! Batches: what one durable commit holds, and how a writer builds it.

use crate::error::JournalError;
use crate::frame::Frames;
use crate::merkle::{Hash, leaf_hash};
use crate::tile::{FullTile, TreeState};

/// Bytes of a record's tag: the first bytes of its leaf hash.
///
/// Tags are stored in the batch row. The root says with certainty *that* a batch is damaged; the
/// tags say *which* record it is, also on the unfinished right edge, where no tile holds the leaf
/// hash yet. Full hashes there would cost 32 bytes a record under small batches and would stay
/// behind, useless, once the tile is full; a checksum of its own would cost a second pass. Eight
/// bytes of a hash that is computed anyway cost 8 bytes a record, and a changed record that keeps
/// its tag takes 2^64 tries.
pub const TAG_BYTES: usize = 8;

/// A run of records with all that is stored beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The sequence number of the first record; the size of the journal before the batch.
    pub first_seq: u64,
    /// The records.
    pub records: Frames,
    /// The first [`TAG_BYTES`] of each record's leaf hash, in order.
    pub tags: Vec<u8>,
    /// The root of the tree after the last record.
    pub root: Hash,
    /// The tiles that the batch fills.
    pub tiles: Vec<FullTile>,
    /// A signed checkpoint for the size after the batch, to be stored in the same commit.
    pub checkpoint: Option<String>,
}

impl Batch {
    /// The size of the journal after the batch.
    pub const fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(self.records.count())
    }

    /// Whether there is nothing to append.
    pub const fn is_empty(&self) -> bool {
        self.records.count() == 0
    }
}

/// Builds batches, one after the other, on top of a tree.
///
/// It does not need the store, so the next batch can be built while the last is being committed.
/// If a commit fails, throw the builder away and start from [`SqliteJournal::tree`] again.
///
/// **Example**
/// ```
/// use backstop_journal::{BatchBuilder, GenesisMeta, SqliteJournal};
/// let mut journal = SqliteJournal::memory(&GenesisMeta { ledger_id: [7; 16] })?;
/// let mut builder = BatchBuilder::new(journal.tree()?);
/// builder.push(b"first")?;
/// builder.push(b"second")?;
/// let batch = builder.finish();
/// journal.append(&batch)?;
/// assert_eq!(journal.size()?, 2);
/// assert_eq!(journal.root()?, batch.root);
/// # Ok::<(), backstop_journal::JournalError>(())
/// ```
///
/// [`SqliteJournal::tree`]: crate::SqliteJournal::tree
#[derive(Debug)]
pub struct BatchBuilder {
    tree: TreeState,
    first_seq: u64,
    records: Frames,
    tags: Vec<u8>,
    tiles: Vec<FullTile>,
}

impl BatchBuilder {
    /// Starts at the end of `tree`.
    pub fn new(tree: TreeState) -> Self {
        Self {
            first_seq: tree.size(),
            tree,
            records: Frames::default(),
            tags: Vec::new(),
            tiles: Vec::new(),
        }
    }

    /// Adds a record and returns its leaf hash.
    ///
    /// # Errors
    ///
    /// [`JournalError::TooLong`] if the record or the batch would pass
    /// [`RECORD_BYTES_MAX`](crate::frame::RECORD_BYTES_MAX) or
    /// [`BATCH_BYTES_MAX`](crate::frame::BATCH_BYTES_MAX); the builder is unchanged then.
    ///
    /// **Complexity** amortised O(1), one leaf hash and one node hash.
    pub fn push(&mut self, record: &[u8]) -> Result<Hash, JournalError> {
        self.records
            .push(record)
            .map_err(|long| JournalError::TooLong { got: long.got, limit: long.limit })?;
        let leaf = leaf_hash(record);
        if let Some(tag) = leaf.first_chunk::<TAG_BYTES>() {
            self.tags.extend_from_slice(tag);
        }
        self.tree.push(leaf, &mut self.tiles);
        Ok(leaf)
    }

    /// The sequence number that the next record gets.
    pub const fn next_seq(&self) -> u64 {
        self.tree.size()
    }

    /// The number of records since the last [`finish`](Self::finish).
    pub const fn count(&self) -> u64 {
        self.records.count()
    }

    /// The bytes of records since the last [`finish`](Self::finish), lengths included.
    pub fn bytes(&self) -> usize {
        self.records.bytes().len()
    }

    /// The tree with all records that were pushed.
    pub const fn tree(&self) -> &TreeState {
        &self.tree
    }

    /// Hands out the batch and begins the next one after it.
    pub fn finish(&mut self) -> Batch {
        let records = Frames::with_capacity(self.records.bytes().len());
        let tags = Vec::with_capacity(self.tags.len());
        Batch {
            first_seq: std::mem::replace(&mut self.first_seq, self.tree.size()),
            records: std::mem::replace(&mut self.records, records),
            tags: std::mem::replace(&mut self.tags, tags),
            root: self.tree.root(),
            tiles: std::mem::take(&mut self.tiles),
            checkpoint: None,
        }
    }
}
