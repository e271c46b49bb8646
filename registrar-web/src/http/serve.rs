use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::client_address::{Peer, client_key};
use super::current::CurrentRoutes;
use super::limits::PerClient;
use super::local::{Door, LocalPeer};
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

/// Serves a network address until told to stop, then lets the requests under way end.
pub async fn serve(
    listener: TcpListener,
    routes: impl Into<CurrentRoutes>,
    trusted_proxies: Vec<IpNet>,
    stop: CancellationToken,
) {
    let network = Network {
        listener,
        trusted_proxies,
    };
    serve_all(network, routes.into(), stop).await;
}

/// The same for a Unix socket, whose peers are told to the handlers ([`LocalPeer`]).
pub async fn serve_local(
    listener: UnixListener,
    door: Door,
    routes: impl Into<CurrentRoutes>,
    stop: CancellationToken,
) {
    serve_all(Local { listener, door }, routes.into(), stop).await;
}

/// A connection that was just taken.
struct Arrival<S> {
    stream: S,
    peer: AnyPeer,
    /// Whose share of the connections it is part of.
    share_of: String,
    /// It may have more than a share.
    speaks_for_many: bool,
}

/// Who is at the other end.
#[derive(Clone, Debug)]
enum AnyPeer {
    Network(IpAddr),
    Local(LocalPeer, Door),
}

impl AnyPeer {
    /// Tells handlers.
    fn mark(&self, request: &mut Request<Body>) {
        match self {
            Self::Network(address) => drop(request.extensions_mut().insert(Peer(*address))),
            Self::Local(peer, door) => {
                let peer = door.judge_request(peer, request.headers());
                request.extensions_mut().insert(peer);
            }
        }
    }
}

/// Where connections come from.
trait Listen: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    fn accept(&self) -> impl Future<Output = io::Result<Arrival<Self::Stream>>> + Send;
}

struct Network {
    listener: TcpListener,
    trusted_proxies: Vec<IpNet>,
}

impl Listen for Network {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<Arrival<TcpStream>> {
        let (stream, peer) = self.listener.accept().await?;
        let address = peer.ip();
        // Answers are small and whole: there is nothing to gather.
        let _ = stream.set_nodelay(true);
        Ok(Arrival {
            stream,
            peer: AnyPeer::Network(address),
            share_of: client_key(address).0,
            speaks_for_many: self.trusted_proxies.iter().any(|net| net.contains(address)),
        })
    }
}

struct Local {
    listener: UnixListener,
    door: Door,
}

impl Listen for Local {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<Arrival<UnixStream>> {
        let (stream, _) = self.listener.accept().await?;
        let uid = stream.peer_cred()?.uid();
        Ok(Arrival {
            stream,
            peer: AnyPeer::Local(self.door.judge(uid).await, self.door.clone()),
            share_of: format!("uid {uid}"),
            speaks_for_many: uid == 0,
        })
    }
}

async fn serve_all(listener: impl Listen, routes: CurrentRoutes, stop: CancellationToken) {
    let clients = PerClient::new(CONNECTIONS_OF_ONE);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let Ok(permit) = permit else { break };
        let arrival = tokio::select! {
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
        let Arrival { stream, peer, .. } = arrival;
        let share = clients.open(&arrival.share_of);
        if share.is_none() && !arrival.speaks_for_many {
            tracing::debug!(?peer, "a client has too many connections");
            continue;
        }
        let routes = routes.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let router = routes.get();
            let peer = peer.clone();
            async move {
                let mut request = request.map(Body::new);
                peer.mark(&mut request);
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
            .serve_connection(TokioIo::new(Patience::new(stream, SEND_SILENCE)), service)
            // For websockets, which have a place of their own (`ListeningRoom`) from then on.
            .with_upgrades();
        let stop = stop.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((permit, share));
        });
    }
    drop(listener);
    connections.close();
    tokio::select! {
        () = connections.wait() => {}
        () = tokio::time::sleep(LAST_REQUESTS) => {
            tracing::warn!("requests were still under way when the service ended");
        }
    }
}
