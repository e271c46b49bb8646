use std::sync::Arc;
use std::time::Duration;

use provision_api::frame::{Body, Call, Decoder, Refused, TooLarge, parse_call};
use provision_api::{AccountReply, Method, ProvisionError, RequestId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::crowd::Admission;
use super::worker::Progress;
use super::{Door, Service, reply};

/// How long a peer that is refused may take to name its call.
const REFUSAL_WAIT: Duration = Duration::from_secs(1);

/// Why a connection ends.
enum End {
    /// The peer closed it, said nothing for too long, or takes no replies.
    Quietly,
    /// After this last error.
    With(ProvisionError),
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Quietly
    }
}

/// Serves one connection to its end.
pub(super) async fn run(service: Arc<Service>, stream: UnixStream, door: Door) {
    let Ok(peer) = stream.peer_cred() else {
        return;
    };
    let uid = peer.uid();
    let (ticket, refusal) = match service.crowd.admit(uid) {
        Admission::Dropped => return,
        Admission::Refused(ticket) => (ticket, Some(Unserved::Crowded)),
        Admission::Served(ticket) if uid == 0 => (ticket, None),
        Admission::Served(ticket) => {
            let peers = service.peers.get();
            let allowed = tokio::task::spawn_blocking(move || peers.allow(door, uid)).await;
            let refusal = (!matches!(allowed, Ok(true))).then_some(Unserved::Stranger);
            (ticket, refusal)
        }
    };
    let mut connection = Connection {
        service,
        stream,
        decoder: Decoder::default(),
        door,
    };
    let end = match refusal {
        None => connection.serve().await,
        Some(why) => {
            if connection.service.turned_away.may_say("connection") {
                tracing::warn!(uid, ?door, ?why, "a connection is not served");
            }
            connection.refuse(why).await
        }
    };
    if let Err(End::With(error)) = end {
        if refusal.is_none() && connection.service.turned_away.may_say("connection") {
            tracing::warn!(uid, ?door, %error, "a connection is closed");
        }
        let _ = connection.write(&reply::error(&error)).await;
    }
    drop(ticket);
}

/// Why a peer gets nothing but an error.
#[derive(Clone, Copy, Debug)]
enum Unserved {
    Crowded,
    Stranger,
}

struct Connection {
    service: Arc<Service>,
    stream: UnixStream,
    decoder: Decoder,
    door: Door,
}

impl Connection {
    async fn serve(&mut self) -> Result<(), End> {
        let idle = Duration::from_secs(self.service.limits.get().idle_seconds);
        while let Some(message) = self.read(idle).await? {
            match parse_call(&message) {
                Ok(call) => self.answer(call).await?,
                Err(refused) => self.write(&reply::refused(&refused)).await?,
            }
        }
        Ok(())
    }

    /// Reads one call, so that the refusal can name it.
    async fn refuse(&mut self, why: Unserved) -> Result<(), End> {
        let message = self.read(REFUSAL_WAIT).await?.unwrap_or_default();
        let request_id = match parse_call(&message) {
            Ok(Call {
                body: Body::Provision(method),
                ..
            }) => method.request_id().to_string(),
            Err(Refused::Error(
                ProvisionError::InvalidArgument { request_id, .. }
                | ProvisionError::BadMessage {
                    request_id: Some(request_id),
                    ..
                },
            )) => request_id,
            _ => String::new(),
        };
        Err(End::With(match why {
            Unserved::Crowded => ProvisionError::RateLimited {
                request_id,
                message: "too many connections".into(),
                retry_after_seconds: 1,
            },
            Unserved::Stranger => ProvisionError::NotPermitted {
                request_id,
                message: "this socket is not for your user".into(),
            },
        }))
    }

    /// The next message; `None` when the peer has closed. From its first byte on a message has
    /// the read deadline, however slowly it trickles.
    async fn read(&mut self, idle: Duration) -> Result<Option<Vec<u8>>, End> {
        let seconds = self.service.limits.get().read_deadline_seconds;
        let mut deadline = None;
        loop {
            match self.decoder.next_message() {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(e @ TooLarge) => return Err(End::With(bad_message(e.to_string()))),
            }
            if self.decoder.is_partial() && deadline.is_none() {
                deadline = Some(Instant::now() + Duration::from_secs(seconds));
            }
            let mut chunk = [0; 4096];
            let until = deadline.unwrap_or_else(|| Instant::now() + idle);
            let read = match timeout_at(until, self.stream.read(&mut chunk)).await {
                Ok(read) => read?,
                Err(_) if deadline.is_some() => {
                    let message = format!("a message must be whole within {seconds} s");
                    return Err(End::With(bad_message(message)));
                }
                Err(_) => return Err(End::Quietly),
            };
            if read == 0 {
                return Ok(None);
            }
            self.decoder.push(chunk.get(..read).unwrap_or_default());
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let wait = Duration::from_secs(self.service.limits.get().write_deadline_seconds);
        match timeout(wait, self.stream.write_all(bytes)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(End::Quietly),
        }
    }

    async fn answer(&mut self, call: Call) -> Result<(), End> {
        let oneway = call.oneway;
        let bytes = match call.body {
            Body::GetInfo => reply::info(),
            Body::GetInterfaceDescription(interface) => reply::description(&interface),
            Body::Provision(method) => {
                let request_id = method.request_id();
                let result = match check_door(self.door, &method) {
                    Err(e) => Err(e),
                    Ok(()) if is_change(&method) => {
                        self.change(method, call.more && !oneway).await?
                    }
                    Ok(()) => self.query(method, request_id).await,
                };
                match result {
                    Ok(bytes) => bytes,
                    Err(e) => reply::error(&e),
                }
            }
        };
        if oneway {
            return Ok(());
        }
        self.write(&bytes).await
    }

    /// Reads run on threads of their own: they ask the host, and must not wait for the worker.
    async fn query(
        &self,
        method: Method,
        request_id: RequestId,
    ) -> Result<Vec<u8>, ProvisionError> {
        let reader = Arc::clone(&self.service.reader);
        let asked = tokio::task::spawn_blocking(move || match &method {
            Method::CheckUsername(p) => reader.check_username(p).map(|r| reply::last(&r)),
            Method::GetAccount(p) => reader.get_account(p).map(|r| reply::last(&r)),
            Method::ListAccounts(p) => reader.list_accounts(p).map(|r| reply::last(&r)),
            Method::GetGroup(p) => reader.get_group(p).map(|r| reply::last(&r)),
            Method::Health(p) => Ok(reply::last(&reader.health(p))),
            _ => Err(internal(request_id)),
        });
        asked.await.unwrap_or_else(|_| Err(internal(request_id)))
    }

    /// Hands the call to the worker, and its steps to the caller who wants them.
    async fn change(
        &mut self,
        method: Method,
        more: bool,
    ) -> Result<Result<Vec<u8>, ProvisionError>, End> {
        let request_id = method.request_id();
        // The interface has no steps for groups and proofs.
        let in_steps = !matches!(method, Method::ProveAccount(_));
        let steps = more && in_steps && method.group_name().is_none();
        let mut progress = match self.service.worker.submit(method) {
            Ok(progress) => progress,
            Err(e) => return Ok(Err(e)),
        };
        while let Some(news) = progress.recv().await {
            match news {
                Progress::Step(step) if steps => {
                    let bytes = reply::continuing(&AccountReply {
                        request_id,
                        step: Some(step),
                        account: None,
                    });
                    self.write(&bytes).await?;
                }
                Progress::Step(_) => {}
                Progress::Ended(result) => {
                    return Ok(result.map(|answer| reply::answer(request_id, answer)));
                }
            }
        }
        Ok(Err(internal(request_id)))
    }
}

fn bad_message(message: String) -> ProvisionError {
    ProvisionError::BadMessage {
        request_id: None,
        message,
    }
}

fn internal(request_id: RequestId) -> ProvisionError {
    ProvisionError::TemporaryFailure {
        request_id: request_id.to_string(),
        step: "queue".into(),
        message: "the call was lost; see provisiond's log".into(),
        retry_after_seconds: 5,
    }
}

fn is_change(method: &Method) -> bool {
    !matches!(
        method,
        Method::CheckUsername(_)
            | Method::GetAccount(_)
            | Method::ListAccounts(_)
            | Method::GetGroup(_)
            | Method::Health(_)
    )
}

/// Verbs belong to a socket: what takes something away is for the admins.
fn check_door(door: Door, method: &Method) -> Result<(), ProvisionError> {
    let admin_only = match method {
        Method::CheckUsername(_)
        | Method::CreateAccount(_)
        | Method::ConfigureMail(_)
        | Method::ActivateAccount(_)
        | Method::DiscardAccount(_)
        | Method::SetPassword(_)
        | Method::SetSshKeys(_)
        | Method::SetDisplayName(_)
        | Method::ProveAccount(_)
        | Method::GetAccount(_)
        | Method::CreateGroup(_)
        | Method::SetGroupMembers(_)
        | Method::GetGroup(_)
        | Method::Health(_) => false,
        Method::SuspendAccount(_)
        | Method::ResumeAccount(_)
        | Method::ArchiveAccount(_)
        | Method::RestoreAccount(_)
        | Method::RemoveAccount(_)
        | Method::ListAccounts(_)
        | Method::ArchiveGroup(_)
        | Method::RestoreGroup(_)
        | Method::RemoveGroup(_) => true,
    };
    if admin_only && door == Door::Submit {
        return Err(ProvisionError::NotPermitted {
            request_id: method.request_id().to_string(),
            message: format!("{} is offered on the admin socket alone", method.name()),
        });
    }
    Ok(())
}
