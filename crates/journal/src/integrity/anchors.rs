//! Roots that are known from elsewhere: checkpoints and snapshots, to be met on the way.

use super::checker::Checker;
use super::findings::FindingKind;
use crate::checkpoint::Checkpoint;
use crate::error::JournalError;
use crate::merkle::{Hash, empty_root};
use crate::snapshot::{self, Snapshot};

/// The root that something outside the batches gives for a size.
#[derive(Debug)]
pub(super) struct Anchor {
    /// What to report if it is wrong.
    pub(super) kind: FindingKind,
    root: Hash,
}

impl Checker<'_> {
    /// Adds a checkpoint that was kept outside the journal, to be compared like those inside.
    /// Call it before the first [`feed`](Self::feed).
    pub fn expect(&mut self, checkpoint: &Checkpoint) {
        self.anchor(checkpoint.size, FindingKind::Checkpoint, checkpoint.root);
    }

    pub(super) fn compare_anchor(&mut self, size: u64, anchor: &Anchor, root: &Hash) {
        self.anchors_met = self.anchors_met.saturating_add(1);
        if anchor.root != *root {
            let detail = format!("it has another root for size {size} than the records");
            self.findings.add(anchor.kind, (0, size.saturating_sub(1)), detail);
        }
    }

    fn anchor(&mut self, size: u64, kind: FindingKind, root: Hash) {
        let anchor = Anchor { kind, root };
        if size == 0 {
            self.compare_anchor(0, &anchor, &empty_root());
        } else {
            self.anchors.entry(size).or_default().push(anchor);
        }
    }

    pub(super) fn load_checkpoints(&mut self) -> Result<(), JournalError> {
        let mut from = Some(0);
        while let Some(at) = from {
            let (size, text) = match self.journal.checkpoint_from(at) {
                Ok(Some(found)) if found.0 >= at => found,
                Ok(Some(_)) => {
                    let detail = "the checkpoints are not in order".to_owned();
                    self.findings.add(FindingKind::Structure, (at, at), detail);
                    return Ok(());
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    let detail = error.to_string();
                    if !error.is_damage() {
                        return Err(error);
                    }
                    self.findings.add(FindingKind::Checkpoint, (at, at), detail);
                    return Ok(());
                }
            };
            match Checkpoint::parse_unverified(&text) {
                Ok(checkpoint) if checkpoint.size == size => {
                    self.anchor(size, FindingKind::Checkpoint, checkpoint.root);
                }
                _ => {
                    let detail = format!("the text stored for size {size} is no checkpoint for it");
                    let last = size.saturating_sub(1);
                    self.findings.add(FindingKind::Checkpoint, (last, last), detail);
                }
            }
            from = size.checked_add(1);
        }
        Ok(())
    }

    pub(super) fn load_snapshots(
        &mut self,
        mut see: impl FnMut(&Snapshot),
    ) -> Result<(), JournalError> {
        let Some(path) = self.journal.path() else { return Ok(()) };
        for file in snapshot::files(path) {
            let Some(read) = snapshot::read(&file)? else { continue };
            let fault = match read {
                Ok(found) if found.header.ledger_id == self.journal.genesis().ledger_id => {
                    self.anchor(found.header.seq, FindingKind::Snapshot, found.header.root);
                    see(&found);
                    continue;
                }
                Ok(_) => "it belongs to another ledger".to_owned(),
                Err(error) => error.to_string(),
            };
            let detail = format!("`{}`: {fault}", file.display());
            self.findings.add(FindingKind::Snapshot, (0, 0), detail);
        }
        Ok(())
    }
}
