//! The live end of the log for who wants every record as it becomes readable: the read model, event
//! streams.
//!
//! The follower hands each chunk on after it applied it, and never waits for anybody: a reader whose queue
//! is full is let go. It finds out when its tail ends, catches up from the journal and asks for a new one.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use backstop_core::Record;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::shared::lock;

/// Records that follow each other, in the order of the log.
pub type Chunk = Arc<Vec<Record>>;

/// What a tail has to say.
#[derive(Clone, Debug)]
pub enum Tailed {
    /// The next records. The first tail of a reader may begin before or after where the reader is.
    Records(Chunk),
    /// Nothing came within the time that was allowed.
    Quiet,
    /// The reader fell behind, or the engine ended: what is missing lies in the journal.
    Ended,
}

/// One reader's place at the end of the log.
#[derive(Clone, Debug)]
pub struct Tail {
    chunks: Receiver<Chunk>,
}

impl Tail {
    /// Waits for the next records.
    pub fn next(&self, patience: Duration) -> Tailed {
        match self.chunks.recv_timeout(patience) {
            Ok(chunk) => Tailed::Records(chunk),
            Err(RecvTimeoutError::Timeout) => Tailed::Quiet,
            Err(RecvTimeoutError::Disconnected) => Tailed::Ended,
        }
    }

    /// The next records if they are there already.
    pub fn poll(&self) -> Option<Chunk> {
        self.chunks.try_recv().ok()
    }
}

/// Where the follower hands records on.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    readers: Mutex<Readers>,
}

#[derive(Debug, Default)]
struct Readers {
    open: Vec<Sender<Chunk>>,
    closed: bool,
}

impl Feed {
    /// A new reader, who may lag behind by `chunks` chunks.
    pub(crate) fn subscribe(&self, chunks: usize) -> Tail {
        let (to, from) = bounded(chunks);
        let mut readers = lock(&self.readers);
        if !readers.closed {
            readers.open.push(to);
        }
        Tail { chunks: from }
    }

    /// Hands records on and lets go whoever can't take them; without readers they are left as they are.
    pub(crate) fn publish(&self, records: &mut Vec<Record>) {
        let mut readers = lock(&self.readers);
        if readers.open.is_empty() {
            return;
        }
        let room = Vec::with_capacity(records.capacity());
        let chunk = Arc::new(std::mem::replace(records, room));
        readers.open.retain(|reader| match reader.try_send(Arc::clone(&chunk)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        });
    }

    /// Nothing comes any more.
    pub(crate) fn close(&self) {
        let mut readers = lock(&self.readers);
        readers.closed = true;
        readers.open.clear();
    }

    /// Whether nothing comes any more.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.readers).closed
    }
}
