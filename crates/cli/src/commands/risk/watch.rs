//! Progress of a run on the terminal, with rate and time left.

use crate::printer::Printer;
use backstop_risk::desk::Progress;
use indicatif::ProgressBar;
use std::sync::{Mutex, PoisonError};

/// One bar at a time: the stage that was told last.
pub(super) struct Watch<'a> {
    printer: &'a Printer,
    bar: Mutex<Option<(&'static str, ProgressBar)>>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(printer: &'a Printer) -> Self {
        Self { printer, bar: Mutex::new(None) }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bar)) = bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Watch<'_> {
    fn at(&self, stage: &'static str, done: u64, total: u64) -> bool {
        // Whoever can't have the lock leaves the telling to whoever has it.
        let Ok(mut held) = self.bar.try_lock() else { return true };
        if held.as_ref().is_none_or(|(known, _)| *known != stage) {
            if let Some((_, old)) = held.take() {
                old.finish_and_clear();
            }
            *held = Some((stage, self.printer.bar(total, stage)));
        }
        if let Some((_, bar)) = held.as_ref() {
            bar.set_position(done);
        }
        true
    }
}
