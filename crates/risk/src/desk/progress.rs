//! How long work tells where it is, and is told to stop.
//!
//! ```text
//!   stage ─┬─ part ─ ask · work · tell 1 of n ─┐
//!          ├─ part ─ ask · work · tell 2 of n ─┼─▶ whoever watches: a bar, a page, nobody
//!          └─ …                                ┘
//! ```

use crate::float::wide;
use std::sync::{Mutex, PoisonError};

/// Who watches work. Called from any thread; cheap, for it is called at each part of work.
///
/// Whoever has said to stop says so at every later call: work that was stopped within a model may end as one that could
/// not be fitted, and the next question ends the rest.
pub trait Progress: Sync {
    /// So many of so many parts of a stage are done. Gives whether to go on.
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool;

    /// Whether to go on, asked within a part of work many times a second.
    fn goes_on(&self) -> bool {
        true
    }

    /// [`Self::at`] as an error, for `?`.
    ///
    /// # Errors
    /// [`Cancelled`] when the watcher says to stop.
    fn tell(&self, stage: &'static str, done: u64, total: u64) -> Result<(), Cancelled> {
        if self.at(stage, done, total) { Ok(()) } else { Err(Cancelled) }
    }

    /// [`Self::goes_on`] as an error, for `?`.
    ///
    /// # Errors
    /// [`Cancelled`] when the watcher says to stop.
    fn ask(&self) -> Result<(), Cancelled> {
        if self.goes_on() { Ok(()) } else { Err(Cancelled) }
    }
}

/// Who watched told the work to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the end; nothing was kept")]
pub struct Cancelled;

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn at(&self, _: &'static str, _: u64, _: u64) -> bool {
        true
    }
}

/// A stage whose parts end on any thread in any order: the numbers that are told rise by one, and no part begins after
/// the watcher said to stop.
pub(crate) struct Stage<'a> {
    progress: &'a dyn Progress,
    name: &'static str,
    total: u64,
    done: Mutex<u64>,
}

impl<'a> Stage<'a> {
    /// Begins a stage of so many parts, and tells that none is done: from here its time counts.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub(crate) fn begin(
        progress: &'a dyn Progress,
        name: &'static str,
        total: usize,
    ) -> Result<Self, Cancelled> {
        let total = wide(total);
        progress.tell(name, 0, total)?;
        Ok(Self { progress, name, total, done: Mutex::new(0) })
    }

    /// Does one part and tells that it is done.
    ///
    /// # Errors
    /// [`Cancelled`]; those of the work.
    pub(crate) fn part<T, E: From<Cancelled>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.progress.ask()?;
        let made = work()?;
        // Told under the lock: two threads that counted one after the other would tell in any order.
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += 1;
        self.progress.tell(self.name, *done, self.total)?;
        Ok(made)
    }
}

/// Parts of a told stage that one part of an outer stage is cut into.
const PIECES: u64 = 1_000;

/// A watcher of work that is itself a part of a stage: whatever its own stages are called, the outer one goes on from
/// `done` to `done + 1` of `total`, in thousandths, and never back.
pub(crate) struct Within<'a> {
    progress: &'a dyn Progress,
    name: &'static str,
    /// Parts of the outer stage that were done before, and all of them.
    outer: (u64, u64),
    /// How many stages the work has.
    stages: u64,
    /// The stage that was told last, and how many came before it.
    inner: Mutex<Option<(&'static str, u64)>>,
}

impl<'a> Within<'a> {
    /// The part after the first `done` of `total`, itself made of so many stages, each taken to last as long as another.
    pub(crate) fn new(
        progress: &'a dyn Progress,
        name: &'static str,
        (done, total): (usize, usize),
        stages: u64,
    ) -> Self {
        let outer = (wide(done), wide(total));
        Self { progress, name, outer, stages: stages.max(1), inner: Mutex::new(None) }
    }

    /// Tells that the part is done, whichever of its stages there were.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub(crate) fn end(&self) -> Result<(), Cancelled> {
        let (before, all) = self.outer;
        let done = before.saturating_add(1).saturating_mul(PIECES);
        self.progress.tell(self.name, done, all.saturating_mul(PIECES))
    }

    /// How many stages came before this one.
    fn before(&self, stage: &'static str) -> u64 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match *inner {
            None => 0,
            Some((known, before)) if known == stage => before,
            Some((_, before)) => before + 1,
        };
        *inner = Some((stage, before));
        before
    }
}

impl Progress for Within<'_> {
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool {
        let part = u128::from(done) * u128::from(PIECES) / u128::from(total.max(1));
        let part = u64::try_from(part).unwrap_or(PIECES).min(PIECES);
        let pieces = self.before(stage).saturating_mul(PIECES).saturating_add(part);
        let pieces = (pieces / self.stages).min(PIECES);
        let (before, all) = self.outer;
        let so_far = before.saturating_mul(PIECES).saturating_add(pieces);
        self.progress.at(self.name, so_far, all.saturating_mul(PIECES))
    }

    fn goes_on(&self) -> bool {
        self.progress.goes_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    /// Keeps what it is told, and stops after so many tellings.
    struct Kept {
        told: Mutex<Vec<(u64, u64)>>,
        most: usize,
    }

    impl Kept {
        fn of(most: usize) -> Self {
            Self { told: Mutex::new(Vec::new()), most }
        }
    }

    impl Progress for Kept {
        fn at(&self, _: &'static str, done: u64, total: u64) -> bool {
            let mut told = self.told.lock().unwrap();
            told.push((done, total));
            told.len() < self.most
        }

        fn goes_on(&self) -> bool {
            self.told.lock().unwrap().len() < self.most
        }
    }

    #[test]
    fn numbers_rise_whatever_the_threads() {
        let kept = Kept::of(usize::MAX);
        let stage = Stage::begin(&kept, "parts", 5_000).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let work = |_| stage.part(|| Ok::<_, Cancelled>(()));
        pool.install(|| (0..5_000).into_par_iter().map(work).collect::<Result<(), _>>()).unwrap();
        let told = kept.told.into_inner().unwrap();
        assert_eq!(told, (0..=5_000).map(|done| (done, 5_000)).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_begins_after_a_stop() {
        let kept = Kept::of(10);
        let stage = Stage::begin(&kept, "parts", 1_000).unwrap();
        let begun = Mutex::new(0);
        let work = |_: i32| {
            stage.part(|| {
                *begun.lock().unwrap() += 1;
                Ok::<_, Cancelled>(())
            })
        };
        assert_eq!((0..1_000).flat_map(work).count(), 8);
        assert_eq!(*begun.lock().unwrap(), 9, "the one whose end was told was under way");
    }

    #[test]
    fn stages_within_a_part_never_go_back() {
        let kept = Kept::of(usize::MAX);
        for part in 0..3 {
            let within = Within::new(&kept, "outer", (part, 3), 2);
            for name in ["first", "second", "more than was said"] {
                for done in 0..=4 {
                    assert!(within.at(name, done, 4));
                }
            }
        }
        let told = kept.told.into_inner().unwrap();
        assert!(told.is_sorted() && told.iter().all(|(_, total)| *total == 3_000), "{told:?}");
        assert_eq!(
            told[..6].iter().map(|(done, _)| *done).collect::<Vec<_>>(),
            [0, 125, 250, 375, 500, 500]
        );
        assert_eq!((told[9].0, told[14].0, told[44].0), (1_000, 1_000, 3_000));
    }
}
