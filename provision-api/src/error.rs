use serde::{Deserialize, Serialize};

use crate::{AccountState, GroupState};

/// The errors of the interface, with the wire names of the interface definition.
///
/// Free texts name fields, rules and paths, never a value that could be secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", content = "parameters", rename_all_fields = "camelCase")]
#[allow(
    missing_docs,
    reason = "the fields are described in the interface definition"
)]
pub enum ProvisionError {
    /// A parameter breaks its rule.
    #[error("{field}: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.InvalidArgument")]
    InvalidArgument {
        request_id: String,
        field: String,
        message: String,
    },
    /// Not a call of this interface.
    #[error("bad message: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.BadMessage")]
    BadMessage {
        request_id: Option<String>,
        message: String,
    },
    /// Not offered here, or not to this peer.
    #[error("not permitted: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.NotPermitted")]
    NotPermitted { request_id: String, message: String },
    /// Reserved, in use, or tombstoned.
    #[error("the name {username} is not available: {reason}")]
    #[serde(rename = "org.cosmicregistrar.Provision.NameUnavailable")]
    NameUnavailable {
        request_id: String,
        username: String,
        reason: String,
    },
    /// Not an account that provisiond made.
    #[error("provisiond made no account {username}")]
    #[serde(rename = "org.cosmicregistrar.Provision.NoSuchAccount")]
    NoSuchAccount {
        request_id: String,
        username: String,
    },
    /// Belongs to another registration.
    #[error("the account {username} belongs to another registration")]
    #[serde(rename = "org.cosmicregistrar.Provision.OtherRegistration")]
    OtherRegistration {
        request_id: String,
        username: String,
    },
    /// The state does not allow the call.
    #[error("the account {username} is {state:?}: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.WrongState")]
    WrongState {
        request_id: String,
        username: String,
        state: AccountState,
        message: String,
    },
    /// Not a group that provisiond made.
    #[error("provisiond made no group {name}")]
    #[serde(rename = "org.cosmicregistrar.Provision.NoSuchGroup")]
    NoSuchGroup { request_id: String, name: String },
    /// The group's state does not allow the call.
    #[error("the group {name} is {state:?}: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.WrongGroupState")]
    WrongGroupState {
        request_id: String,
        name: String,
        state: GroupState,
        message: String,
    },
    /// A member of a privileged group.
    #[error("the account {username} is in the privileged group {group}; change it as root")]
    #[serde(rename = "org.cosmicregistrar.Provision.PrivilegedAccount")]
    PrivilegedAccount {
        request_id: String,
        username: String,
        group: String,
    },
    /// Same id, other parameters.
    #[error("the request id was used before with other parameters")]
    #[serde(rename = "org.cosmicregistrar.Provision.RequestIdReused")]
    RequestIdReused { request_id: String },
    /// A cap is reached.
    #[error("{message}; try again in {retry_after_seconds} s")]
    #[serde(rename = "org.cosmicregistrar.Provision.RateLimited")]
    RateLimited {
        request_id: String,
        message: String,
        retry_after_seconds: u32,
    },
    /// May succeed later.
    #[error("step {step} can't be done now: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.TemporaryFailure")]
    TemporaryFailure {
        request_id: String,
        step: String,
        message: String,
        retry_after_seconds: u32,
    },
    /// Will fail again; undone.
    #[error("step {step} failed: {message}")]
    #[serde(rename = "org.cosmicregistrar.Provision.StepFailed")]
    StepFailed {
        request_id: String,
        step: String,
        message: String,
    },
}

impl ProvisionError {
    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::TemporaryFailure { .. }
        )
    }

    /// How long to wait before trying again, where the error says so.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::RateLimited {
                retry_after_seconds,
                ..
            }
            | Self::TemporaryFailure {
                retry_after_seconds,
                ..
            } => Some(*retry_after_seconds),
            _ => None,
        }
    }
}
