//! Records that are not what their place calls for: changed, or belonging to another place?
//!
//! Each suspect has a key, the first bytes of the leaf hash of what stands there, and the key that
//! the place calls for. A suspect whose key is called for elsewhere was moved; the others were
//! changed. That tells swapped, inserted and removed records from edited ones.

use std::collections::BTreeMap;

use super::findings::{FindingKind, Findings};
use crate::batch::TAG_BYTES;
use crate::merkle::Hash;

/// The first bytes of a leaf hash.
pub(super) type Key = [u8; TAG_BYTES];

/// Suspects kept for the comparison, 32 MiB of them; beyond it they count as changed.
const SUSPECTS_MAX: usize = 1 << 20;

#[derive(Debug)]
struct Suspect {
    seq: u64,
    /// What stands there; `None` if nothing does.
    found: Option<Key>,
    /// What should stand there; `None` if that is not known.
    expected: Option<Key>,
}

/// All suspects of a check.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    list: Vec<Suspect>,
}

pub(super) fn key(leaf: &Hash) -> Key {
    leaf.first_chunk::<TAG_BYTES>().copied().unwrap_or_default()
}

impl Suspects {
    /// A place that holds another record than it should.
    pub(super) fn add(&mut self, seq: u64, found: Key, expected: Option<Key>, to: &mut Findings) {
        if self.list.len() >= SUSPECTS_MAX {
            to.add(FindingKind::Record, (seq, seq), "the record was changed".to_owned());
            return;
        }
        self.list.push(Suspect { seq, found: Some(found), expected });
    }

    /// A place that holds nothing, and what should stand there. It is reported by the caller.
    pub(super) fn add_missing(&mut self, seq: u64, expected: Key) {
        if self.list.len() < SUSPECTS_MAX {
            self.list.push(Suspect { seq, found: None, expected: Some(expected) });
        }
    }

    /// Turns the suspects into findings.
    pub(super) fn report(self, to: &mut Findings) {
        let homes: BTreeMap<Key, u64> = self
            .list
            .iter()
            .filter_map(|suspect| suspect.expected.map(|key| (key, suspect.seq)))
            .collect();
        for suspect in &self.list {
            let Some(found) = suspect.found else { continue };
            let seqs = (suspect.seq, suspect.seq);
            match homes.get(&found).filter(|home| **home != suspect.seq) {
                Some(home) => {
                    let detail = format!("the record that belongs at {home} stands here");
                    to.add(FindingKind::Misplaced, seqs, detail);
                }
                None => to.add(FindingKind::Record, seqs, "the record was changed".to_owned()),
            }
        }
    }
}
