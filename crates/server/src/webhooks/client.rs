//! One delivery over HTTP.

use super::{
    address::{Forbidden, Target},
    schedule::retry_after,
};
use crate::{
    config::Settings,
    tls::{self, FileError, Io},
};
use axum::{body::Bytes, http::HeaderMap};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Body as _, Incoming},
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use std::{
    error::Error,
    fmt,
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// How long one delivery may take, from looking up the name to the answer's head.
pub(super) const DELIVERY: Duration = Duration::from_secs(15);
/// How long one address of several may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer's body that are read, so that its connection can be used again; nobody looks at them.
const ANSWER_MAX: usize = 4_096;
/// How long the rest of an answer may take.
const ANSWER: Duration = Duration::from_secs(1);
/// How long a connection is used; a new one looks the name up again.
const CONNECTION: Duration = Duration::from_secs(300);
const AGENT: &str = concat!("backstop/", env!("CARGO_PKG_VERSION"));

/// What makes deliveries for all subscriptions.
pub(crate) struct Client {
    tls: TlsConnector,
    pub(super) allow_private: bool,
    pub(super) schedule: Vec<Duration>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

/// A connection to one receiver that is kept from one delivery to the next.
#[derive(Debug)]
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
    opened: Instant,
}

/// A delivery with its signatures.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) seconds: u64,
    pub(super) signatures: String,
    pub(super) body: Bytes,
}

/// Why a delivery did not go well.
#[derive(Clone, Debug)]
pub(super) struct Undelivered {
    pub(super) why: String,
    /// The receiver wants nothing any more.
    pub(super) is_gone: bool,
    /// How long the receiver asks us to wait.
    pub(super) asked: Option<Duration>,
}

impl From<String> for Undelivered {
    fn from(why: String) -> Self {
        Self { why, is_gone: false, asked: None }
    }
}

impl From<Forbidden> for Undelivered {
    fn from(forbidden: Forbidden) -> Self {
        Self::from(format!("not sent: {forbidden}"))
    }
}

impl Client {
    /// A client that trusts whom the settings say.
    ///
    /// # Errors
    /// [`FileError`] of the file that `webhooks_ca` names.
    pub(crate) fn new(settings: &Settings) -> Result<Self, FileError> {
        let tls = TlsConnector::from(tls::client("webhooks_ca", settings.webhooks_ca.as_deref())?);
        let allow_private = settings.webhooks_allow_private;
        Ok(Self { tls, allow_private, schedule: settings.webhooks_retry.clone() })
    }

    /// Sends a delivery and waits for its answer; the connection is left in `line` if it can be used again.
    ///
    /// # Errors
    /// [`Undelivered`] for everything but an answer 2xx in time.
    pub(super) async fn send(
        &self,
        line: &mut Option<Line>,
        target: &Target,
        signed: &Signed,
    ) -> Result<(), Undelivered> {
        let kept = line.take().filter(|line| line.opened.elapsed() < CONNECTION);
        let sent = timeout(DELIVERY, self.exchange(kept, target, signed)).await;
        let seconds = DELIVERY.as_secs();
        let (response, used) =
            sent.map_err(|_| Undelivered::from(format!("no answer within {seconds} seconds")))??;
        judge(response.status().as_u16(), response.headers())?;
        if matches!(timeout(ANSWER, read_out(response.into_body())).await, Ok(true)) {
            *line = Some(used);
        }
        Ok(())
    }

    async fn exchange(
        &self,
        kept: Option<Line>,
        target: &Target,
        signed: &Signed,
    ) -> Result<(Response<Incoming>, Line), Undelivered> {
        let wrong = |error: hyper::Error| Undelivered::from(told("no answer", &error));
        if let Some(mut line) = kept
            && line.sender.ready().await.is_ok()
            && let Ok(response) = line.sender.send_request(request(target, signed)?).await
        {
            return Ok((response, line));
        }
        // The receiver may have closed the connection while nothing was sent.
        let mut line = self.connect(target).await?;
        let response = line.sender.send_request(request(target, signed)?).await.map_err(wrong)?;
        Ok((response, line))
    }

    async fn connect(&self, target: &Target) -> Result<Line, Undelivered> {
        let addresses = target.resolve(self.allow_private).await?;
        let stream = reach(&addresses).await?;
        let stream: Box<dyn Io> = if target.is_tls {
            let name = ServerName::try_from(target.host.clone())
                .map_err(|_| format!("{} can't stand in a certificate", target.host))?;
            let secured = self.tls.connect(name, stream).await;
            Box::new(secured.map_err(|error| told("TLS", &error))?)
        } else {
            Box::new(stream)
        };
        let shaken = http1::Builder::new()
            .max_headers(64)
            .max_buf_size(16 * 1_024)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = shaken.map_err(|error| told("HTTP", &error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a receiver ended");
            }
        });
        Ok(Line { sender, opened: Instant::now() })
    }
}

/// Connects to the first address that answers.
async fn reach(addresses: &[SocketAddr]) -> Result<TcpStream, Undelivered> {
    let mut last = "no address".to_owned();
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Deliveries are small and wanted at once; a socket that refuses this is only slower.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = told("no connection", &error),
            Err(_) => last = format!("no connection within {} seconds", CONNECT.as_secs()),
        }
    }
    Err(last.into())
}

fn request(target: &Target, signed: &Signed) -> Result<Request<Full<Bytes>>, Undelivered> {
    let path = target.uri.path_and_query().map_or("/", |path| path.as_str());
    let host = target.uri.authority().map_or("", |authority| authority.as_str());
    let built = Request::post(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &signed.id)
        .header("webhook-timestamp", signed.seconds)
        .header("webhook-signature", &signed.signatures)
        .body(Full::new(signed.body.clone()));
    built.map_err(|error| Undelivered::from(error.to_string()))
}

/// What an answer means. Its body is the receiver's own and says nothing to us.
fn judge(status: u16, headers: &HeaderMap) -> Result<(), Undelivered> {
    let asked = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|text| retry_after(text, SystemTime::now()));
    let why = match status {
        200..=299 => return Ok(()),
        300..=399 => format!("the receiver answered {status}; redirects are not followed"),
        410 => "the receiver answered 410: it wants nothing any more".to_owned(),
        _ => format!("the receiver answered {status}"),
    };
    Err(Undelivered { why, is_gone: status == 410, asked })
}

/// Reads what is left of an answer; whether it ended within bounds.
async fn read_out(mut body: Incoming) -> bool {
    let mut read = 0_usize;
    while !body.is_end_stream() {
        match body.frame().await {
            None => return true,
            Some(Ok(frame)) => read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len)),
            Some(Err(_)) => return false,
        }
        if read > ANSWER_MAX {
            return false;
        }
    }
    true
}

/// An error with its causes, shortly.
fn told(what: &str, error: &dyn Error) -> String {
    let mut text = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.chars().take(300).collect()
}
