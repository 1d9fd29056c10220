//! Water-filling: the highest leverage is brought down to a level, and whoever is below it stays.
//!
//! ```text
//!   leverage
//!     █
//!     █ █
//!   ──█─█─█──── level: cutting down to it closes exactly the need
//!     █ █ █ █
//! ```

use alloc::vec::Vec;
use backstop_units::{MathError, Quotient, compare_products, split::largest_remainder_of_many};
use core::cmp::Ordering;

/// A position before it is levelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its size in lots.
    pub size: u128,
    /// What carries it: leverage is size ÷ equity, at one mark for all.
    pub equity: u128,
    /// The most lots that can be cut; at most its size.
    pub cap: u128,
}

/// Lots to cut of each column, so that no leverage stays above a level except where a cap holds it, and
/// none below the level is touched. They add up to the need or to all caps.
///
/// Equity counts as it is before the cut. What lies below the level is shared out by equity, so the
/// remaining sizes add up exactly.
///
/// **Rounding** exact: the largest remainders keep the odd lots, ties to the lower position.
/// **Complexity** O(n) as a rule, O(n log n) at worst: the level is found like a median, without
/// sorting. **Source** risk-based deleveraging that minimises the expected loss levels the highest
/// leverage down (Campbell, Hey, Moallemi and Nutz).
///
/// # Errors
/// [`MathError::DivisionByZero`] for a column without equity, [`MathError::Overflow`] when sizes or
/// equities don't add up within 128 bits.
pub fn level(need: u128, columns: &[Column]) -> Result<Vec<u128>, MathError> {
    let mut marks = Vec::new();
    for (at, column) in columns.iter().enumerate().filter(|(_, column)| column.cap > 0) {
        let mark = |lots, full| {
            Ok(Mark { leverage: Quotient::new([lots], [column.equity])?, at, full, lots })
        };
        marks.push(mark(column.size, false)?);
        marks.push(mark(column.size.saturating_sub(column.cap), true)?);
    }
    let mut sweep = Sweep::default();
    let mut rest = marks.as_mut_slice();
    let mut stages: Vec<Stage> = columns.iter().map(|_| Stage::Dry).collect();
    while !rest.is_empty() {
        let middle = rest.len().wrapping_shr(1);
        let (above, mark, below) = rest.select_nth_unstable_by(middle, |a, b| b.cmp(a));
        let Some(column) = columns.get(mark.at) else { break };
        let mut lower = sweep;
        above.iter().try_for_each(|mark| lower.pass(mark, columns))?;
        if lower.reaches(need, mark.lots, column.equity) {
            rest = above;
            continue;
        }
        lower.pass(mark, columns)?;
        sweep = lower;
        for mark in above.iter().chain([&*mark]) {
            let stage = if mark.full { Stage::Full } else { Stage::Level };
            if let Some(old) = stages.get_mut(mark.at) {
                *old = (*old).max(stage);
            }
        }
        rest = below;
    }
    sweep.cut(need, columns, &stages)
}

/// A leverage at which something changes when the level falls past it.
struct Mark {
    leverage: Quotient<1>,
    /// Which column.
    at: usize,
    /// Whether the column is then at its cap, or begins to be cut.
    full: bool,
    /// The column's lots at this leverage.
    lots: u128,
}

impl Mark {
    /// By leverage; equal ones in any fixed order.
    fn cmp(&self, other: &Self) -> Ordering {
        let (place, other_place) = ((other.at, other.full), (self.at, self.full));
        self.leverage.cmp(&other.leverage).then(place.cmp(&other_place))
    }
}

/// How far a column is cut at the present level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Not at all.
    Dry,
    /// To the level.
    Level,
    /// To its cap.
    Full,
}

/// Sums of the columns that a falling level has passed.
#[derive(Clone, Copy, Default)]
struct Sweep {
    /// Lots and equity of all that are cut.
    size: u128,
    equity: u128,
    /// Of these, lots and equity of those at their cap.
    full_size: u128,
    full_equity: u128,
    /// Lots cut of those at their cap.
    full: u128,
}

impl Sweep {
    fn pass(&mut self, mark: &Mark, columns: &[Column]) -> Result<(), MathError> {
        let Some(column) = columns.get(mark.at) else { return Ok(()) };
        let add = |sum: &mut u128, more: u128| {
            *sum = sum.checked_add(more).ok_or(MathError::Overflow)?;
            Ok(())
        };
        if mark.full {
            add(&mut self.full, column.cap)?;
            add(&mut self.full_size, column.size)?;
            return add(&mut self.full_equity, column.equity);
        }
        add(&mut self.size, column.size)?;
        add(&mut self.equity, column.equity)
    }

    /// Lots that those cut to the level keep when the need is closed; none if it can't be yet.
    fn kept(&self, need: u128) -> Option<u128> {
        let level = self.size.saturating_sub(self.full_size);
        level.saturating_add(self.full).checked_sub(need)
    }

    /// Whether cutting down to the level `lots ÷ equity` closes the need.
    fn reaches(&self, need: u128, lots: u128, equity: u128) -> bool {
        let level_equity = self.equity.saturating_sub(self.full_equity);
        let kept = self.kept(need);
        kept.is_some_and(|kept| compare_products(kept, equity, lots, level_equity).is_ge())
    }

    fn cut(
        &self,
        need: u128,
        columns: &[Column],
        stages: &[Stage],
    ) -> Result<Vec<u128>, MathError> {
        let staged = || columns.iter().zip(stages);
        let at_level = staged().filter(|(_, stage)| **stage == Stage::Level);
        let weights: Vec<u128> = at_level.map(|(column, _)| column.equity).collect();
        let kept = if weights.is_empty() {
            weights
        } else {
            largest_remainder_of_many(self.kept(need).unwrap_or(0), &weights)?
        };
        let mut kept = kept.into_iter();
        let cut = |(column, stage): (&Column, &Stage)| match stage {
            Stage::Dry => 0,
            Stage::Full => column.cap,
            Stage::Level => column.size.saturating_sub(kept.next().unwrap_or(0)),
        };
        Ok(staged().map(cut).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn columns(rows: &[[u128; 3]]) -> Vec<Column> {
        rows.iter()
            .map(|[size, equity, cap]| Column { size: *size, equity: *equity, cap: *cap })
            .collect()
    }

    #[test]
    fn by_hand() {
        // Leverage 10, 5, 2 on an equity of 10 each.
        let three = [[100, 10, 100], [50, 10, 50], [20, 10, 20]];
        for (need, rows, want) in [
            (0, three, [0, 0, 0]),
            (30, three, [30, 0, 0]),
            (50, three, [50, 0, 0]),
            (60, three, [55, 5, 0]),
            // Down to leverage 2: 80 and 30. One lot more is kept by the first two.
            (110, three, [80, 30, 0]),
            (111, three, [80, 30, 1]),
            (170, three, [100, 50, 20]),
            (999, three, [100, 50, 20]),
            // The first can only give 10: the second is cut on, far below it.
            (60, [[100, 10, 10], [50, 10, 50], [20, 10, 20]], [10, 40, 10]),
            // Uneven equity: level 4 keeps 40 of 10 and 120 of 30.
            (80, [[90, 10, 90], [150, 30, 150], [20, 10, 20]], [50, 30, 0]),
            (10, [[100, 10, 0], [50, 10, 50], [20, 10, 20]], [0, 10, 0]),
        ] {
            assert_eq!(level(need, &columns(&rows)).unwrap(), want, "{need} of {rows:?}");
        }
        assert_eq!(level(5, &[]), Ok(vec![]));
        assert_eq!(level(5, &columns(&[[9, 0, 9]])), Err(MathError::DivisionByZero));
    }

    #[test]
    fn the_level_is_exact_and_nobody_below_it_is_touched() {
        let mut seed = 17u128;
        let mut next = |most: u128| {
            seed = seed.wrapping_mul(0xDA94_2042_E4DD_58B5_9E37_79B9_7F4A_7C15).wrapping_add(1);
            (seed >> 64) % (most + 1)
        };
        for _ in 0..3_000 {
            let count = next(7);
            let rows: Vec<Column> = (0..count)
                .map(|_| {
                    let size = next(60) + 1;
                    Column { size, equity: next(9) + 1, cap: next(size) }
                })
                .collect();
            let most: u128 = rows.iter().map(|row| row.cap).sum();
            let need = next(most + 10);
            let cuts = level(need, &rows).unwrap();
            assert_eq!(cuts.iter().sum::<u128>(), need.min(most), "{need} of {rows:?}");
            for (touched, cut) in rows.iter().zip(&cuts) {
                assert!(*cut <= touched.cap);
                for (other, less) in rows.iter().zip(&cuts) {
                    if *cut == 0 || *less == other.cap {
                        continue;
                    }
                    // Who could give more is left at a leverage no higher than who gave, to the odd lot.
                    let (above, below) =
                        (touched.size - cut + 1, (other.size - less).saturating_sub(1));
                    assert!(
                        below * touched.equity < above * other.equity,
                        "{need} of {rows:?}: {cuts:?}"
                    );
                }
            }
        }
    }
}
