//! One thread for each ledger that somebody reads live: ten times a second it makes a frame for each view.

use super::{
    encode::{Frame, frame},
    filter::View,
};
use crate::app::{App, WeakApp};
use backstop_core::Record;
use backstop_engine::{Tail, Tailed, tail::Chunk};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// From one frame to the next, at least.
const PACE: Duration = Duration::from_millis(100);
/// Frames that a reader may be behind.
const FRAMES: usize = 32;
/// Chunks that may wait between two frames; a hub that is further behind leaves a gap, which readers fill
/// from the journal.
const CHUNKS: usize = 512;
/// How long the hub waits before it looks whether anybody still reads.
const LOOK: Duration = Duration::from_millis(500);
/// Different views at once.
const VIEWS_MAX: usize = 64;

/// The readers of one ledger.
#[derive(Debug)]
pub(crate) struct Hub {
    views: Mutex<HashMap<View, broadcast::Sender<Arc<Frame>>>>,
    readers: Arc<Semaphore>,
    places: usize,
    wake: mpsc::Sender<()>,
}

impl Hub {
    /// A hub for so many readers, and what its thread is woken by.
    pub(crate) fn new(readers: usize) -> (Self, mpsc::Receiver<()>) {
        let (wake, woken) = mpsc::channel();
        let places = readers.min(Semaphore::MAX_PERMITS);
        let readers = Arc::new(Semaphore::new(places));
        (Self { views: Mutex::default(), readers, places, wake }, woken)
    }

    /// How many read now.
    pub(crate) fn readers(&self) -> usize {
        self.places.saturating_sub(self.readers.available_permits())
    }

    /// A new reader's frames from now on; none when there are too many readers or views.
    pub(crate) fn join(
        &self,
        view: &View,
    ) -> Option<(broadcast::Receiver<Arc<Frame>>, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.readers).try_acquire_owned().ok()?;
        let mut views = self.views();
        if !views.contains_key(view) && views.len() >= VIEWS_MAX {
            return None;
        }
        let channel = views.entry(view.clone()).or_insert_with(|| broadcast::channel(FRAMES).0);
        let frames = channel.subscribe();
        drop(views);
        // The thread ends with the ledger; then there is nothing to read either.
        let _ = self.wake.send(());
        Some((frames, permit))
    }

    fn views(&self) -> MutexGuard<'_, HashMap<View, broadcast::Sender<Arc<Frame>>>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody reads; views without readers are forgotten.
    fn is_idle(&self) -> bool {
        let mut views = self.views();
        views.retain(|_, readers| readers.receiver_count() > 0);
        views.is_empty()
    }

    /// The views of now, with a way to their readers.
    fn all(&self) -> Vec<(View, broadcast::Sender<Arc<Frame>>)> {
        self.views().iter().map(|(view, readers)| (view.clone(), readers.clone())).collect()
    }

    /// Tells readers that frames begin at this record: who waits for one before it finds it in the journal, or would wait
    /// until something else happens.
    fn begin(&self, next: u64) {
        for (_, readers) in self.all() {
            let _ = readers.send(Arc::new(Frame::begin(next)));
        }
    }

    fn publish(&self, app: &App, records: &[&Record]) {
        for (view, readers) in self.all() {
            let made = app.engine().read(|state| frame(&view, records, state));
            if let Some(made) = made {
                // Readers may have gone meanwhile.
                let _ = readers.send(Arc::new(made));
            }
        }
    }
}

/// Serves a ledger's readers until the ledger is gone.
pub(crate) fn run(app: &WeakApp, woken: &mpsc::Receiver<()>) {
    while woken.recv().is_ok() {
        let Some(tail) = app.upgrade().map(|app| opened(&app)) else { return };
        follow(app, &tail);
        while woken.try_recv().is_ok() {}
        // Somebody may have joined after the last look.
        if app.upgrade().is_some_and(|app| !app.live().is_idle()) {
            app.upgrade().map(|app| app.live().wake.send(()));
        }
    }
}

/// A tail, and word of where it begins: readers that wait already may be before that.
fn opened(app: &App) -> Tail {
    let tail = app.engine().tail(CHUNKS);
    app.live().begin(app.engine().applied_seq().get());
    tail
}

/// Makes frames while anybody reads and nothing is missed.
fn follow(app: &WeakApp, tail: &Tail) {
    let mut last = Instant::now();
    loop {
        let first = match tail.next(LOOK) {
            Tailed::Records(chunk) => Some(chunk),
            Tailed::Quiet => None,
            Tailed::Ended => return,
        };
        if let Some(first) = first {
            let rest = PACE.saturating_sub(last.elapsed());
            std::thread::sleep(rest);
            let mut chunks: Vec<Chunk> = vec![first];
            chunks.extend(std::iter::from_fn(|| tail.poll()));
            last = Instant::now();
            let Some(app) = app.upgrade() else { return };
            let records: Vec<&Record> = chunks.iter().flat_map(|chunk| chunk.iter()).collect();
            app.live().publish(&app, &records);
        }
        if app.upgrade().is_none_or(|app| app.live().is_idle()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record may come between a reader's joining and the tail's opening: without a word it would lie there unseen.
    #[test]
    fn readers_are_told_where_frames_begin() {
        let (hub, _woken) = Hub::new(2);
        let view = View::default();
        let (mut frames, _permit) = hub.join(&view).unwrap();
        hub.begin(7);
        let frame = frames.try_recv().unwrap();
        assert_eq!((frame.first, frame.next), (7, 7));
        assert_eq!(frame.bytes.as_deref(), Some(&[][..]));
    }
}
