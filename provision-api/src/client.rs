use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{
    AccountReply, CheckUsername, CheckUsernameReply, CreateGroupReply, GetAccountReply, GroupReply,
    HealthReply, ListAccounts, ListAccountsReply, Method, OnAccount, OnGroup, OnlyRequestId,
    ProveAccountReply, ProvisionError, SetGroupMembers, SetGroupMembersReply,
};

/// How long the client waits.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For each reply; a `more` call has this long for every step.
    pub reply: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            reply: Duration::from_secs(60),
        }
    }
}

/// Why a call has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// provisiond is not there. Nothing was sent.
    #[error("provisiond is not reachable at {path}: {reason}")]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the connection attempt said.
        reason: String,
    },
    /// No reply in time. The call may have been carried out: ask again with the same request id.
    #[error("provisiond did not answer {method} within {} s", waited.as_secs())]
    TimedOut {
        /// The method called.
        method: &'static str,
        /// The time allowed.
        waited: Duration,
    },
    /// The connection broke. The call may have been carried out: ask again with the same id.
    #[error("the connection to provisiond broke during {method}: {reason}")]
    Broken {
        /// The method called.
        method: &'static str,
        /// What the transport said.
        reason: String,
    },
    /// provisiond said no.
    #[error(transparent)]
    Refused(#[from] ProvisionError),
    /// The answer is not what the interface promises.
    #[error("provisiond's answer to {method} is not of the interface")]
    Protocol {
        /// The method called.
        method: &'static str,
    },
}

impl CallError {
    /// Whether the same call, with the same request id, may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Broken { .. } => true,
            Self::Refused(error) => error.is_transient(),
            Self::Protocol { .. } => false,
        }
    }
}

/// A client of one provisiond socket. Each call has a connection of its own, so a call that hangs
/// or breaks takes no other with it.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
    timeouts: Timeouts,
}

impl Client {
    /// A client of the socket at that path; connects when called.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>, timeouts: Timeouts) -> Self {
        Self {
            socket: socket.into(),
            timeouts,
        }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Calls a method that changes an account; `on_step` hears each step as it is done.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn change(
        &self,
        method: &Method,
        mut on_step: impl FnMut(crate::Step) + Send,
    ) -> Result<AccountReply, CallError> {
        let name = method.name();
        let mut connection = self.connect().await?;
        self.send(&mut connection, method, true).await?;
        loop {
            let (reply, continues): (AccountReply, bool) =
                self.receive(&mut connection, name).await?;
            if !continues {
                return Ok(reply);
            }
            if let Some(step) = reply.step {
                on_step(step);
            }
        }
    }

    /// Asks whether a name could be given out.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn check_username(&self, p: CheckUsername) -> Result<CheckUsernameReply, CallError> {
        self.ask(&Method::CheckUsername(p)).await
    }

    /// Tries what the owner of an active account needs to get in and to read mail.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn prove_account(&self, p: OnAccount) -> Result<ProveAccountReply, CallError> {
        self.ask(&Method::ProveAccount(p)).await
    }

    /// Reads one account.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get_account(&self, p: OnAccount) -> Result<GetAccountReply, CallError> {
        self.ask(&Method::GetAccount(p)).await
    }

    /// Asks whether provisiond can work.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn health(&self, p: OnlyRequestId) -> Result<HealthReply, CallError> {
        self.ask(&Method::Health(p)).await
    }

    /// Reads a page of accounts (admin socket).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn list_accounts(&self, p: ListAccounts) -> Result<ListAccountsReply, CallError> {
        self.ask(&Method::ListAccounts(p)).await
    }

    /// Makes an organisation's group and its shared directory.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn create_group(&self, p: OnGroup) -> Result<CreateGroupReply, CallError> {
        self.ask(&Method::CreateGroup(p)).await
    }

    /// Makes these accounts, and no others, the members of a group.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_group_members(
        &self,
        p: SetGroupMembers,
    ) -> Result<SetGroupMembersReply, CallError> {
        self.ask(&Method::SetGroupMembers(p)).await
    }

    /// Reads one group.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get_group(&self, p: OnGroup) -> Result<GroupReply, CallError> {
        self.ask(&Method::GetGroup(p)).await
    }

    /// Takes all members out of a group, and its directory out of reach (admin socket).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn archive_group(&self, p: OnGroup) -> Result<GroupReply, CallError> {
        self.ask(&Method::ArchiveGroup(p)).await
    }

    /// Undoes an archive, without members (admin socket).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn restore_group(&self, p: OnGroup) -> Result<GroupReply, CallError> {
        self.ask(&Method::RestoreGroup(p)).await
    }

    /// Removes an archived group and its directory for good (admin socket).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn remove_group(&self, p: OnGroup) -> Result<GroupReply, CallError> {
        self.ask(&Method::RemoveGroup(p)).await
    }

    async fn ask<R: DeserializeOwned + std::fmt::Debug>(
        &self,
        method: &Method,
    ) -> Result<R, CallError> {
        let mut connection = self.connect().await?;
        self.send(&mut connection, method, false).await?;
        Ok(self.receive(&mut connection, method.name()).await?.0)
    }

    async fn connect(&self) -> Result<zlink::tokio::unix::Connection, CallError> {
        let unreachable = |reason: String| CallError::Unreachable {
            path: self.socket.clone(),
            reason,
        };
        match tokio::time::timeout(
            self.timeouts.connect,
            zlink::tokio::unix::connect(&self.socket),
        )
        .await
        {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(e)) => Err(unreachable(e.to_string())),
            Err(_) => Err(unreachable("no answer in time".into())),
        }
    }

    async fn send(
        &self,
        connection: &mut zlink::tokio::unix::Connection,
        method: &Method,
        more: bool,
    ) -> Result<(), CallError> {
        let call = zlink::Call::new(method).set_more(more);
        match tokio::time::timeout(self.timeouts.reply, connection.send_call(&call, Vec::new()))
            .await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(CallError::Broken {
                method: method.name(),
                reason: e.to_string(),
            }),
            Err(_) => Err(CallError::TimedOut {
                method: method.name(),
                waited: self.timeouts.reply,
            }),
        }
    }

    async fn receive<R: for<'de> Deserialize<'de> + std::fmt::Debug>(
        &self,
        connection: &mut zlink::tokio::unix::Connection,
        method: &'static str,
    ) -> Result<(R, bool), CallError> {
        let reply = connection.receive_reply::<R, ProvisionError>();
        let reply = match tokio::time::timeout(self.timeouts.reply, reply).await {
            Err(_) => {
                return Err(CallError::TimedOut {
                    method,
                    waited: self.timeouts.reply,
                });
            }
            Ok(Err(
                zlink::Error::Json(_)
                | zlink::Error::VarlinkService(_)
                | zlink::Error::UnknownErrorReply(_),
            )) => {
                return Err(CallError::Protocol { method });
            }
            Ok(Err(e)) => {
                return Err(CallError::Broken {
                    method,
                    reason: e.to_string(),
                });
            }
            Ok(Ok((reply, _fds))) => reply?,
        };
        let continues = reply.continues().unwrap_or(false);
        let parameters = reply
            .into_parameters()
            .ok_or(CallError::Protocol { method })?;
        Ok((parameters, continues))
    }
}
