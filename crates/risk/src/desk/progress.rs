//! How long work tells where it is, and is told to stop.

/// Who watches work. Called from any thread; cheap, for it is called at each block of work.
pub trait Progress: Sync {
    /// So many of so many parts of a stage are done. Gives whether to go on.
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool;

    /// [`Self::at`] as an error, for `?`.
    ///
    /// # Errors
    /// [`Cancelled`] when the watcher says to stop.
    fn tell(&self, stage: &'static str, done: u64, total: u64) -> Result<(), Cancelled> {
        if self.at(stage, done, total) { Ok(()) } else { Err(Cancelled) }
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
