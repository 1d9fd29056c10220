//! Sockets: how many at once, how slow they may be, and how they end.

use crate::config::Settings;
use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

/// How long to wait after a failed accept, such as without a free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stop` turns true, then lets requests under way end.
pub(crate) async fn run(
    listener: TcpListener,
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
            Ok((stream, from)) => connection(stream, from, &router, &settings, (&graceful, permit)),
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

fn connection(
    stream: TcpStream,
    from: SocketAddr,
    router: &Router,
    settings: &Settings,
    (graceful, permit): (&GracefulShutdown, OwnedSemaphorePermit),
) {
    // Answers are small and wanted at once; a socket that refuses this is only slower.
    let _ = stream.set_nodelay(true);
    let router = router.clone();
    // A reader that takes nothing for as long as a request may last is gone.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(settings.request_time));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_time)
        .max_headers(64)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let watched = graceful.watch(served);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended");
        }
        drop(permit);
    });
}
