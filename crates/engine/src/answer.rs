//! What a caller gets back, and when.

use backstop_core::{Event, Reject, RejectCode};
use backstop_units::{Seq, Timestamp};
use crossbeam_channel::{Receiver, Sender};

/// A command that was recorded and is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its position in the log.
    pub seq: Seq,
    /// When the writer stamped it.
    pub time: Timestamp,
    /// What it turned out to mean.
    pub events: Vec<Event>,
    /// The id was recorded before; this is the first answer again.
    pub replayed: bool,
}

/// A receipt, or the one rule that refused. A writer that has stopped answers
/// [`RejectCode::Stopped`]; whether the command was recorded is then known after a restart, by
/// sending the same id again.
pub type Answer = Result<Receipt, Reject>;

/// The writer has stopped.
pub(crate) const STOPPED: Reject = Reject::bare(RejectCode::Stopped);

/// The promise of one answer.
#[derive(Debug)]
pub struct Ticket(pub(crate) Receiver<Answer>);

impl Ticket {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The reject; [`RejectCode::Stopped`] if the writer ended without an answer.
    pub fn wait(self) -> Answer {
        self.0.recv().unwrap_or(Err(STOPPED))
    }

    /// The answer if it is there already.
    pub fn poll(&self) -> Option<Answer> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Err(STOPPED)),
        }
    }
}

/// The promise of the answers to a library batch, in the order of its commands.
#[derive(Debug)]
pub struct BatchTicket {
    pub(crate) answers: Receiver<Vec<Answer>>,
    pub(crate) count: usize,
}

impl BatchTicket {
    /// Waits for all answers; they come together, once the last is durable.
    pub fn wait(self) -> Vec<Answer> {
        self.answers.recv().unwrap_or_else(|_| vec![Err(STOPPED); self.count])
    }
}

/// Where answers go.
pub(crate) enum Reply {
    /// To a ticket.
    One(Sender<Answer>),
    /// To a batch ticket.
    Many(Sender<Vec<Answer>>),
    /// To a function, for callers with a runtime of their own.
    Call(Box<dyn FnOnce(Answer) + Send>),
}

impl Reply {
    /// Sends the answers. A caller who no longer waits misses them; what is recorded stays.
    pub(crate) fn send(self, mut answers: Vec<Answer>) {
        match self {
            Self::One(to) => drop(to.send(answers.pop().unwrap_or(Err(STOPPED)))),
            Self::Many(to) => drop(to.send(answers)),
            Self::Call(call) => call(answers.pop().unwrap_or(Err(STOPPED))),
        }
    }
}
