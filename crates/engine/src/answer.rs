//! What a caller gets back, and when.

use crate::shared::Shared;
use backstop_core::{Event, Reject, RejectCode};
use backstop_units::{Seq, Timestamp};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::{sync::Arc, time::Duration};

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
pub struct Ticket {
    pub(crate) answers: Receiver<Answer>,
    pub(crate) shared: Arc<Shared>,
}

impl Ticket {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The reject; [`RejectCode::Stopped`] if the writer ended without an answer.
    pub fn wait(self) -> Answer {
        patient(&self.answers, &self.shared).unwrap_or(Err(STOPPED))
    }

    /// The answer if it is there already.
    pub fn poll(&self) -> Option<Answer> {
        match self.answers.try_recv() {
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
    pub(crate) shared: Arc<Shared>,
}

impl BatchTicket {
    /// Waits for all answers; they come together, once the last is durable.
    pub fn wait(self) -> Vec<Answer> {
        patient(&self.answers, &self.shared).unwrap_or_else(|| vec![Err(STOPPED); self.count])
    }
}

/// How often a waiting caller looks whether the engine still lives.
const LOOK: Duration = Duration::from_millis(500);
/// Looks for which an answer may still be under way after the engine has stopped.
const GRACE: u32 = 10;

/// Waits for an answer; none once the engine has stopped and nothing has come for a while, so that
/// nobody waits for ever on a thread that died with a request in its hands.
fn patient<T>(answers: &Receiver<T>, shared: &Shared) -> Option<T> {
    let mut looks = 0;
    loop {
        match answers.recv_timeout(LOOK) {
            Ok(answer) => return Some(answer),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if shared.stopped() && looks >= GRACE => return None,
            Err(RecvTimeoutError::Timeout) if shared.stopped() => looks = looks.saturating_add(1),
            Err(RecvTimeoutError::Timeout) => {}
        }
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
