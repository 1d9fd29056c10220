//! Sockets: how many at once, how slow they may be, whether they speak TLS, and how they end.

use crate::{
    config::Settings,
    tls::{Io, Own},
};
use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// How long to wait after a failed accept, such as without a free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stop` turns true, then lets requests under way end.
pub(crate) async fn run(
    (listener, own): (TcpListener, Option<Arc<Own>>),
    router: Router,
    settings: Arc<Settings>,
    mut stop: watch::Receiver<bool>,
) {
    let open = Arc::new(Semaphore::new(settings.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&open).acquire_owned() => permit,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, from)) => {
                let tls = own.as_ref().map(|own| own.acceptor());
                let held = (graceful.watcher(), permit);
                let served =
                    serve((stream, from), tls, router.clone(), Arc::clone(&settings), held);
                tokio::spawn(served);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(settings.drain_time, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = settings.drain_time.as_secs(), "requests under way were cut off");
    }
}

/// Serves one connection to its end.
async fn serve(
    (stream, from): (TcpStream, SocketAddr),
    tls: Option<TlsAcceptor>,
    router: Router,
    settings: Arc<Settings>,
    (watcher, _permit): (Watcher, OwnedSemaphorePermit),
) {
    // Answers are small and wanted at once; a socket that refuses this is only slower.
    let _ = stream.set_nodelay(true);
    // A reader that takes nothing for as long as a request may last is gone.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(settings.request_time));
    let Some(stream) = secured(Box::pin(stream), tls, settings.header_time).await else { return };
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_time)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// The connection with TLS, where that is spoken; none when hands were not shaken in time.
async fn secured(
    stream: impl Io + 'static,
    tls: Option<TlsAcceptor>,
    patience: Duration,
) -> Option<Box<dyn Io>> {
    let Some(acceptor) = tls else { return Some(Box::new(stream)) };
    match tokio::time::timeout(patience, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection ended before TLS began");
            None
        }
        Err(_) => {
            tracing::debug!("a connection was too slow to begin TLS");
            None
        }
    }
}
