//! Walking forward: fit on the past, judge on what comes after, never at random.
//!
//! ```text
//!   ├───── train ─────┤ purge ┤ embargo ├── test ──┤
//!              ├───── train ─────┤ purge ┤ embargo ├── test ──┤
//! ```
//!
//! A row's outcome reaches ahead by its horizon: rows whose outcome would lie in the test's time are purged. What features
//! remember of the time before is kept apart by the embargo. **Source** López de Prado, "Advances in Financial Machine
//! Learning", chapter 7.

use crate::models::ModelError;
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// How to walk. All in the units of the rows' times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Time that a first fit sees at least.
    pub train: u64,
    /// Time of each test.
    pub test: u64,
    /// How far an outcome reaches ahead of its row.
    pub purge: u64,
    /// Further time that is left out before a test.
    pub embargo: u64,
    /// Whether a fit sees all the past; else the last `train` of it.
    pub all_past: bool,
}

/// One fit and its test, as ranges of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows to fit on.
    pub train: Range<usize>,
    /// Rows to judge on.
    pub test: Range<usize>,
}

impl Walk {
    /// The folds of rows at given times, in the order of time. Rows of one time are never parted; the last test may be
    /// shorter than the others.
    ///
    /// # Errors
    /// [`ModelError::Range`] for a span that must not be zero, or times that fall; [`ModelError::TooFew`] where not one
    /// fold fits.
    pub fn folds(&self, times: &[u64]) -> Result<Vec<Fold>, ModelError> {
        for (what, got) in [("the time of training", self.train), ("the time of a test", self.test)]
        {
            if got == 0 {
                return Err(ModelError::Range { what, got: 0.0, range: "above 0" });
            }
        }
        if let Some(at) = times.windows(2).position(|pair| pair[1] < pair[0]) {
            let got = crate::float::count(at + 1);
            let what = "the first row whose time lies before the row above it";
            return Err(ModelError::Range { what, got, range: "nowhere: sort rows by time" });
        }
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            return Err(Self::too_few(0));
        };
        let gap = self.purge.saturating_add(self.embargo);
        let at = |time: u64| times.partition_point(|row| *row < time);
        let (mut folds, mut begins) =
            (Vec::new(), first.saturating_add(self.train).saturating_add(gap));
        while begins <= *last {
            let ends = begins.saturating_add(self.test);
            let until = begins - gap;
            let from = if self.all_past { *first } else { until.saturating_sub(self.train) };
            let fold = Fold { train: at(from)..at(until), test: at(begins)..at(ends) };
            if !fold.train.is_empty() && !fold.test.is_empty() {
                folds.push(fold);
            }
            if ends == begins {
                break;
            }
            begins = ends;
        }
        if folds.is_empty() { Err(Self::too_few(times.len())) } else { Ok(folds) }
    }

    fn too_few(got: usize) -> ModelError {
        let (what, hint) = ("a walk forward", "give a longer history or train on less of it");
        ModelError::TooFew { what, got, least: got + 1, hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALK: Walk = Walk { train: 100, test: 20, purge: 5, embargo: 3, all_past: false };

    #[test]
    fn no_outcome_of_training_reaches_into_a_test() {
        let times: Vec<u64> = (0..300).map(|row| 1_000 + row / 2).collect();
        for all_past in [false, true] {
            let folds = Walk { all_past, ..WALK }.folds(&times).unwrap();
            assert_eq!(folds.len(), 3);
            for fold in &folds {
                let last = times[fold.train.end - 1];
                let begins = times[fold.test.start];
                assert!(last + WALK.purge + WALK.embargo < begins);
                assert_eq!(times[fold.train.end], last + 1, "rows of one time stay together");
                assert_eq!(fold.train.start == 0, all_past || fold == &folds[0]);
            }
            for pair in folds.windows(2) {
                assert_eq!(pair[0].test.end, pair[1].test.start);
            }
            assert_eq!(folds.last().unwrap().test.end, times.len());
        }
    }

    #[test]
    fn what_can_not_be_walked_is_refused() {
        let short: Vec<u64> = (0..100).collect();
        assert!(matches!(WALK.folds(&short), Err(ModelError::TooFew { got: 100, .. })));
        assert!(matches!(WALK.folds(&[]), Err(ModelError::TooFew { .. })));
        assert!(matches!(WALK.folds(&[1, 3, 2]), Err(ModelError::Range { .. })));
        assert!(matches!(Walk { test: 0, ..WALK }.folds(&short), Err(ModelError::Range { .. })));
    }
}
