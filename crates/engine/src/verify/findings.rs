//! What a verification found.

use std::fmt;

use backstop_units::Seq;

/// Findings that one list holds; the rest is counted.
pub const FINDINGS_MAX: usize = 1_000;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The first record concerned.
    pub first: Seq,
    /// The last record concerned.
    pub last: Seq,
    /// The particulars, for people.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (first, last) if first == last => write!(f, "record {first}: {}", self.detail),
            (first, last) => write!(f, "records {first} to {last}: {}", self.detail),
        }
    }
}

/// What one kind of check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    omitted: u64,
}

impl Findings {
    /// The findings, at most [`FINDINGS_MAX`].
    pub fn list(&self) -> &[Finding] {
        &self.list
    }
    /// How many more there were.
    pub const fn omitted(&self) -> u64 {
        self.omitted
    }
    /// Whether nothing was found.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty() && self.omitted == 0
    }

    pub(super) fn add(&mut self, first: Seq, last: Seq, detail: String) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(Finding { first, last, detail });
        } else {
            self.omit(1);
        }
    }
    pub(super) const fn omit(&mut self, count: u64) {
        self.omitted = self.omitted.saturating_add(count);
    }
    pub(super) fn append(&mut self, other: &mut Self) {
        for finding in other.list.drain(..) {
            self.add(finding.first, finding.last, finding.detail);
        }
        self.omit(other.omitted);
    }
}
