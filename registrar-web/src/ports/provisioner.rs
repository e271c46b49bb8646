use async_trait::async_trait;
use provision_api::{Account, AccountState, HealthReply, HostView, LoginProof};

use crate::domain::{
    BcryptHash, DisplayName, GroupOnHost, RegistrationId, RequestId, Slug, SshPublicKey, Username,
};

/// Whether the host would give out a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It would.
    Free,
    /// It would not.
    Refused {
        /// Which rule.
        reason: String,
    },
}

/// What makes an account usable.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The registration that the account was made for.
    pub registration: RegistrationId,
    /// The account.
    pub username: Username,
    /// The host password; `None` for key-only accounts.
    pub password_hash: Option<BcryptHash>,
    /// The keys.
    pub ssh_keys: Vec<SshPublicKey>,
}

/// What registry and host say of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemStatus {
    /// The registry's record.
    pub account: Account,
    /// The host's view.
    pub host: HostView,
}

/// Why the host did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionFailure {
    /// The same call may succeed later; it may even have been carried out.
    #[error("{message}")]
    Transient {
        /// For logs and admins.
        message: String,
        /// What provisiond asked for.
        retry_after_seconds: Option<u32>,
    },
    /// The name can't be had.
    #[error("the name is not available: {reason}")]
    NameUnavailable {
        /// Which rule.
        reason: String,
    },
    /// provisiond made no such account.
    #[error("the host has no such account")]
    NoSuchAccount,
    /// The account of this very registration has been activated before: it can't be activated
    /// again, nor taken back.
    #[error("the account was activated before and is {state:?} now")]
    AlreadyActive {
        /// `Active`, or what an admin has made of it since.
        state: AccountState,
    },
    /// provisiond made no such group.
    #[error("the host has no such group")]
    NoSuchGroup,
    /// A group can't have that member: provisiond has no account of theirs that is in use.
    #[error("the host has no account of {username} that is in use")]
    NotAMember {
        /// Whom it does not take.
        username: String,
    },
    /// It will fail again.
    #[error("{message}")]
    Permanent {
        /// For logs and admins.
        message: String,
    },
}

impl ProvisionFailure {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}

/// The host side. Every call is idempotent under its request id.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Whether the host would give out a name; to that registration, which may hold it already.
    async fn check_username(
        &self,
        request: RequestId,
        username: &Username,
        registration: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure>;

    /// Makes the Linux user, locked.
    async fn create_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure>;

    /// Publishes the home with Maildir and neomutt configuration.
    async fn configure_mail(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<Account, ProvisionFailure>;

    /// The commit point. `AlreadyActive` says that it was passed before.
    async fn activate_account(
        &self,
        request: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure>;

    /// Takes back an account that was never active; no error when there is none, `AlreadyActive`
    /// when it is too late.
    async fn discard_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<(), ProvisionFailure>;

    /// Replaces the host password of an active account.
    async fn set_password(
        &self,
        request: RequestId,
        username: &Username,
        hash: &BcryptHash,
    ) -> Result<Account, ProvisionFailure>;

    /// Replaces the keys that are kept for an active account; its own are not touched.
    async fn set_ssh_keys(
        &self,
        request: RequestId,
        username: &Username,
        keys: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure>;

    /// Replaces the full name of an active account.
    async fn set_display_name(
        &self,
        request: RequestId,
        username: &Username,
        name: &DisplayName,
    ) -> Result<Account, ProvisionFailure>;

    /// Makes the group of an organisation, and its shared directory, whose path is returned.
    /// `NameUnavailable` where the name can't be had.
    async fn create_group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<String, ProvisionFailure>;

    /// Makes these, and no others, the members of a group. `NotAMember` names one whom it does not
    /// take; `NoSuchGroup`.
    async fn set_group_members(
        &self,
        request: RequestId,
        name: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure>;

    /// What the host has of a group; `None` when provisiond made none of that name.
    async fn group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure>;

    /// Whether the owner of an active account gets in and can read mail. A new try needs a new request
    /// id.
    async fn prove_account(
        &self,
        request: RequestId,
        username: &Username,
    ) -> Result<LoginProof, ProvisionFailure>;

    /// What registry and host say.
    async fn system_status(
        &self,
        request: RequestId,
        username: &Username,
    ) -> Result<SystemStatus, ProvisionFailure>;

    /// Whether the host side can work.
    async fn health(&self, request: RequestId) -> Result<HealthReply, ProvisionFailure>;
}
