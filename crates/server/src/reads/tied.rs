//! Reads that are tied to a sequence number: `min_seq` waits until it is there, `at_seq` goes back to it.

use super::{page::Seen, params::Params};
use crate::{
    app::App,
    problem::{HttpProblem, Problem},
};
use backstop_api::http;
use backstop_core::{Record, State, replay, replay_genesis};
use backstop_units::{Seq, Timestamp};

/// Records that a read replays at most: about a fifth of a second.
const REPLAY_MAX: u64 = 100_000;

/// Waits until reads have the record that `min_seq` names.
///
/// # Errors
/// 412 for one that is not durable yet, 503 when the follower does not come that far in time.
pub(super) async fn after(app: &App, params: &Params) -> Result<(), Problem> {
    let Some(seq) = params.seq("min_seq") else { return Ok(()) };
    app.wait_for(seq).await
}

/// How far reads are now.
pub(super) fn seen(app: &App) -> Seen {
    app.engine().read(of)
}

fn of(state: &State) -> Seen {
    Seen { seq: Seq::new(state.meta.next.get().saturating_sub(1)), time: state.meta.now }
}

/// Looks at the state, that of now or that after `at_seq`.
///
/// # Errors
/// 412 and 422 for an `at_seq` out of reach; what `view` refuses.
pub(super) async fn look<T: Send + 'static>(
    app: &App,
    params: Params,
    view: fn(&State, Timestamp, &Params) -> Result<T, Problem>,
) -> Result<(T, Seen), Problem> {
    let at = params.seq("at_seq");
    let applied = app.engine().applied_seq();
    match at {
        Some(seq) if seq >= applied => return Err(Problem::ahead(seq, applied.get())),
        Some(seq) if seq.next() < applied => {
            let read = move |app: &App, params: &Params| {
                let state = past(app, seq)?;
                let told = view(&state, state.meta.now, params)?;
                Ok((told, of(&state)))
            };
            return blocking(app, params, read).await;
        }
        _ => {}
    }
    app.look(move |state, now| Ok((view(state, now, &params)?, of(state)))).await?
}

/// Runs what may wait for files on a thread of its own.
///
/// # Errors
/// What `read` refuses; a problem of ours when it panics.
pub(super) async fn blocking<T: Send + 'static>(
    app: &App,
    params: Params,
    read: impl FnOnce(&App, &Params) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let app = app.clone();
    let done = tokio::task::spawn_blocking(move || read(&app, &params)).await;
    done.map_err(|_| Problem::internal())?
}

/// The state just after a record, by replay from the beginning.
fn past(app: &App, seq: Seq) -> Result<State, Problem> {
    if seq.get() >= REPLAY_MAX {
        let problem = http::Problem::http(HttpProblem::SeqTooOld).got(seq.to_string());
        return Err(problem.limit(format!("the present, or below {REPLAY_MAX}")).into());
    }
    let broken = |error: String| {
        tracing::error!(error, "the past can't be read");
        Problem::internal()
    };
    let journal = app.engine().journal().map_err(|error| broken(error.to_string()))?;
    let mut state: Option<State> = None;
    for batch in journal.batches_from(0) {
        let batch = batch.map_err(|error| broken(error.to_string()))?;
        for item in batch.records() {
            let (_, bytes) = item.map_err(|error| broken(error.to_string()))?;
            let record = Record::decode(bytes).map_err(|error| broken(error.to_string()))?;
            let next = match state.take() {
                None => replay_genesis(&record),
                Some(mut state) => replay(&mut state, &record).map(|()| state),
            };
            let next = next.map_err(|error| broken(error.to_string()))?;
            if record.seq == seq {
                return Ok(next);
            }
            state = Some(next);
        }
    }
    Err(broken(format!("record {seq} is missing")))
}
