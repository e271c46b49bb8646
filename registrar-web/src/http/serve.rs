use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::client_address::{Peer, client_key};
use super::current::CurrentRoutes;
use super::limits::PerClient;
use super::patience::Patience;
use crate::config::IpNet;

/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 1024;
/// How many of them one client may have: more than a browser or a script with a purpose opens, and so
/// few that it takes many to keep the others out. A trusted proxy speaks for many and has no such
/// limit; it has to limit its own clients.
const CONNECTIONS_OF_ONE: usize = 128;
/// How long a client may take nothing of what it is sent.
const SEND_SILENCE: Duration = Duration::from_secs(15);
/// How long the head of a request may take; also how long a connection may be idle.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long requests may take to end after the service was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// The pause after an accept that failed, which happens when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves until told to stop, then lets the requests under way end.
pub async fn serve(
    listener: TcpListener,
    routes: impl Into<CurrentRoutes>,
    trusted_proxies: Vec<IpNet>,
    stop: CancellationToken,
) {
    let routes = routes.into();
    let clients = PerClient::new(CONNECTIONS_OF_ONE);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let Ok(permit) = permit else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let address = peer.ip();
        let is_proxy = trusted_proxies.iter().any(|net| net.contains(address));
        let share = clients.open(&client_key(address).0);
        if share.is_none() && !is_proxy {
            tracing::debug!(%peer, "a client has too many connections");
            continue;
        }
        // Answers are small and whole: there is nothing to gather.
        let _ = stream.set_nodelay(true);
        let routes = routes.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let router = routes.get();
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(address));
                match router.oneshot(request).await {
                    Ok(response) => Ok::<_, Infallible>(response),
                    Err(never) => match never {},
                }
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_headers(64)
            .max_buf_size(32 * 1024)
            .serve_connection(TokioIo::new(Patience::new(stream, SEND_SILENCE)), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((permit, share));
        });
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(LAST_REQUESTS) => {
            tracing::warn!("requests were still under way when the service ended");
        }
    }
}
