//! Proofs for anyone: a record, its place in the tree, and a checkpoint. Nothing else is needed.

use backstop_core::{Corrupt, Record};
use backstop_journal::{
    JournalError, SqliteJournal,
    checkpoint::{Checkpoint, CheckpointError},
    merkle::{self, leaf_hash},
};
use backstop_units::{Hash, Seq};
use ed25519_dalek::VerifyingKey;

/// That a record is in a log: all that a doubter has to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordProof {
    /// The record's position.
    pub seq: Seq,
    /// The record's bytes.
    pub record: Vec<u8>,
    /// The sibling hashes from the leaf up.
    pub path: Vec<Hash>,
    /// A signed checkpoint for a size above `seq`.
    pub checkpoint: String,
}

/// Why a proof can't be given or does not convince.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The journal can't be read, or does not reach so far.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal does not hold the record.
    #[error("no record {0}: ask for one below the journal's size")]
    NoRecord(Seq),
    /// No checkpoint that covers the record is stored yet.
    #[error("no checkpoint covers record {0} yet: ask again after the next one is signed")]
    NoCheckpoint(Seq),
    /// The checkpoint is none, or not signed by the key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from the record to the checkpoint's root.
    #[error(transparent)]
    Path(#[from] merkle::ProofError),
    /// The record is in the log, but its bytes are no record that this program can read.
    #[error("the record is in the log and can't be decoded: use a newer program")]
    Undecodable(#[source] Corrupt),
    /// The record is in the log at another position than it says.
    #[error("the record calls itself {got}, its place is {limit}: do not trust it")]
    WrongSeq {
        /// What the record says.
        got: Seq,
        /// Where it stands.
        limit: Seq,
    },
}

/// Proves record `seq` against the earliest stored checkpoint that covers it.
///
/// # Errors
/// [`ProofError::NoRecord`], [`ProofError::NoCheckpoint`], [`ProofError::Checkpoint`],
/// [`ProofError::Journal`].
pub fn prove(journal: &SqliteJournal, seq: Seq) -> Result<RecordProof, ProofError> {
    let record = journal.record(seq.get())?.ok_or(ProofError::NoRecord(seq))?;
    let stored = journal.checkpoint_from(seq.next().get())?;
    let (_, checkpoint) = stored.ok_or(ProofError::NoCheckpoint(seq))?;
    let size = Checkpoint::parse_unverified(&checkpoint)?.size;
    let path = journal.inclusion_proof(seq.get(), size)?;
    Ok(RecordProof { seq, record, path: path.into_iter().map(Hash::new).collect(), checkpoint })
}

/// Checks a proof and reads its record. Without a signer (the name and key that the log publishes)
/// the checkpoint's root is taken on trust: compare it with one from elsewhere.
///
/// # Errors
/// [`ProofError::Checkpoint`], [`ProofError::Path`], [`ProofError::Undecodable`],
/// [`ProofError::WrongSeq`], in this order.
pub fn verify_proof(
    proof: &RecordProof,
    signer: Option<(&str, &VerifyingKey)>,
) -> Result<Record, ProofError> {
    let checkpoint = match signer {
        Some((name, key)) => Checkpoint::open(&proof.checkpoint, name, key)?,
        None => Checkpoint::parse_unverified(&proof.checkpoint)?,
    };
    let leaf = leaf_hash(&proof.record);
    let path: Vec<merkle::Hash> = proof.path.iter().map(|hash| *hash.bytes()).collect();
    let (index, size) = (proof.seq.get(), checkpoint.size);
    merkle::verify_inclusion(&leaf, index, size, &path, &checkpoint.root)?;
    let record = Record::decode(&proof.record).map_err(ProofError::Undecodable)?;
    if record.seq != proof.seq {
        return Err(ProofError::WrongSeq { got: record.seq, limit: proof.seq });
    }
    Ok(record)
}
