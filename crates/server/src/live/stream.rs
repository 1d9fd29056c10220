//! One reader's stream: what was missed, then frames as they come, without a gap and without a repeat.

use super::{encode::Frame, filter::View, journal::missed};
use crate::{
    app::App,
    problem::{HttpProblem, Problem},
    reads::params::{Params, whole_seq},
};
use axum::{
    body::{Body, Bytes},
    extract::State as Of,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use backstop_units::Seq;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{
    OwnedSemaphorePermit,
    broadcast::{self, error::RecvError},
    watch,
};

/// A comment is sent when nothing has happened for so long.
const HEARTBEAT: Duration = Duration::from_secs(15);
const LAST: &str = "last-event-id";

/// `GET /v1/events`.
pub(crate) async fn get(
    Of(app): Of<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::of("stream_events", &uri)?;
    let after = resumed(&headers)?.or(params.seq("after_seq"));
    let view = app.engine().read(|state| View::of(&params, state))?;
    let Some((frames, permit)) = app.live().join(&view) else {
        return Err(Problem::http(HttpProblem::TooMany));
    };
    let applied = app.engine().applied_seq().get();
    let next = match after {
        None => applied,
        Some(after) => {
            let next = after.next().get();
            if next > applied {
                app.wait_for(after).await?;
            }
            next
        }
    };
    let stopping = app.stopping();
    let until = applied.max(next);
    let reader = Reader {
        app,
        view,
        frames,
        stopping,
        next,
        until,
        ready: None,
        begun: false,
        catching_up: true,
        _permit: permit,
    };
    let stream = futures_util::stream::unfold(reader, |mut reader| async move {
        let bytes = reader.step().await?;
        Some((Ok::<Bytes, Infallible>(bytes), reader))
    });
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers answers would hold frames back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The id of the last frame that came, from a reader who was cut off.
fn resumed(headers: &HeaderMap) -> Result<Option<Seq>, Problem> {
    let Some(header) = headers.get(LAST) else { return Ok(None) };
    let text = header.to_str().unwrap_or_default();
    whole_seq(text).map(Some).ok_or_else(|| {
        let problem = backstop_api::http::Problem::http(HttpProblem::BadHeader);
        problem.got(LAST).limit("the id of a frame, which is a sequence number").into()
    })
}

struct Reader {
    app: App,
    view: View,
    frames: broadcast::Receiver<Arc<Frame>>,
    stopping: watch::Receiver<bool>,
    /// The first record that the reader was not told of.
    next: u64,
    /// Records before this one come from the journal.
    until: u64,
    /// A frame that comes after what the journal has.
    ready: Option<Arc<Frame>>,
    begun: bool,
    /// Came from the journal just now, so it is no sign of slowness that frames went by.
    catching_up: bool,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// The next bytes; none when the stream ends.
    async fn step(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.begun, true) {
            // The head of the answer leaves with the first bytes.
            return Some(Bytes::from_static(b"retry: 2000\n: follow\n\n"));
        }
        loop {
            if *self.stopping.borrow() {
                return None;
            }
            let bytes = if self.next < self.until {
                self.catch_up().await?
            } else if let Some(frame) = self.ready.take() {
                self.next = frame.next;
                self.catching_up = false;
                frame.bytes.clone().unwrap_or_default()
            } else {
                self.wait().await?
            };
            if !bytes.is_empty() {
                return Some(bytes);
            }
        }
    }

    /// A piece of what lies in the journal only.
    async fn catch_up(&mut self) -> Option<Bytes> {
        let frame = missed(&self.app, &self.view, self.next, self.until).await.ok()??;
        self.next = frame.next;
        self.catching_up = true;
        Some(frame.bytes.unwrap_or_default())
    }

    /// Waits for a frame, or for the time of a heartbeat.
    async fn wait(&mut self) -> Option<Bytes> {
        let came = tokio::select! {
            came = tokio::time::timeout(HEARTBEAT, self.frames.recv()) => came,
            _ = self.stopping.wait_for(|stop| *stop) => return None,
        };
        match came {
            Err(_) => Some(Bytes::from_static(b": nothing new\n\n")),
            Ok(Ok(frame)) => {
                if frame.first > self.next {
                    // The hub missed some: they come first.
                    self.until = if frame.bytes.is_some() { frame.first } else { frame.next };
                    self.ready = frame.bytes.is_some().then_some(frame);
                } else if self.next < frame.next
                    && (frame.first < self.next || frame.bytes.is_none())
                {
                    self.until = frame.next;
                } else if frame.first == self.next {
                    self.ready = Some(frame);
                }
                Some(Bytes::new())
            }
            Ok(Err(RecvError::Lagged(_))) if self.catching_up => {
                self.frames = self.frames.resubscribe();
                self.until = self.app.engine().applied_seq().get();
                Some(Bytes::new())
            }
            // Too slow, or the ledger is gone: whoever wants more comes back with the last id.
            Ok(Err(_)) => None,
        }
    }
}
