//! The durable log: bytes in, bytes out, one fsync for each batch, one Merkle tree over all of it.
//!
//! A *record* is a string of bytes with a sequence number; numbers start at 0 and have no gaps.
//! A *batch* is a run of records that becomes durable in one commit. Every record is a leaf of an
//! RFC 6962 tree ([`merkle`]); every batch stores the root after it; full tiles of the tree are
//! stored beside the batches ([`tile`]); a root that is signed is a [`checkpoint`].
//!
//! ```text
//! records ──> BatchBuilder ──> Batch ──> SqliteJournal::append      (one durable commit)
//!               TreeState                    │
//!                                            ├─> batches_from(seq)   (follower, replay)
//!                                            ├─> inclusion_proof     (anyone)
//!                                            └─> integrity::check    (auditor)
//! ```
//!
//! The builder owns the tree and the store owns the file, so batch N+1 can be built while batch N
//! is being committed on another thread.
//!
//! # Invariants
//!
//! - **J1** A batch is appended only if its first sequence number is the size of the journal.
//! - **J2** A record, once committed, is never changed or removed by this crate.
//! - **J3** After a failed commit nothing is retried: the handle refuses further appends.
//! - **J4** At most one process and one handle can append to a file at a time.
//! - **J5** Opening a file that is foreign, newer, cut short or damaged is an error, not a guess.
//!
//! What is deliberately not here: commands, events, money, clocks, threads, async, compression,
//! and any way to edit or delete.

#![expect(clippy::doc_markdown, reason = "SQLite is a name, not an item")]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod batch;
pub mod checkpoint;
mod error;
pub mod frame;
pub mod integrity;
pub mod merkle;
pub mod snapshot;
pub mod store;
pub mod tile;

pub use batch::{Batch, BatchBuilder, TAG_BYTES};
pub use error::JournalError;
pub use frame::{Frames, RecordIter};
pub use merkle::Hash;
pub use store::{Access, FORMAT_VERSION, GenesisMeta, SqliteJournal, StoredBatch};
pub use tile::{FullTile, TreeState};
