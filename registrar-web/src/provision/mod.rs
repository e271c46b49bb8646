//! The host side over provisiond's Varlink socket.

mod groups;

use async_trait::async_trait;
use provision_api::{
    Account, AccountState, ActivateAccount, CallError, CheckUsername, Client, ConfigureMail,
    CreateAccount, DiscardAccount, HealthReply, LoginProof, Method, OnAccount, OnlyRequestId,
    ProvisionError, SetDisplayName, SetPassword, SetSshKeys, Timeouts,
};

use crate::config::ProvisionSettings;
use crate::domain::{
    BcryptHash, DisplayName, GroupOnHost, RegistrationId, RequestId, Slug, SshPublicKey, Username,
};
use crate::ports::{Activation, Availability, ProvisionFailure, Provisioner, SystemStatus};

/// provisiond, over its socket for this service.
#[derive(Clone, Debug)]
pub struct Varlink {
    client: Client,
}

impl Varlink {
    /// A client of the configured socket; connects when called.
    #[must_use]
    pub fn new(settings: &ProvisionSettings) -> Self {
        let timeouts = Timeouts {
            reply: settings.timeout.std(),
            ..Timeouts::default()
        };
        Self {
            client: Client::new(&settings.socket, timeouts),
        }
    }

    async fn change(&self, method: Method) -> Result<Account, ProvisionFailure> {
        self.call(method).await.map_err(of_call_error)
    }

    async fn call(&self, method: Method) -> Result<Account, CallError> {
        let name = method.name();
        let request = method.request_id();
        let username = method.username().map(ToString::to_string);
        let reply = self
            .client
            .change(&method, |step| tracing::debug!(REQUEST_ID = %request, STEP = ?step, method = name, "host step"))
            .await;
        // The one line by which a request in provisiond's log is found in this one.
        tracing::info!(REQUEST_ID = %request, USERNAME = username, METHOD = name, done = reply.is_ok(),
            "host call {name} {}: {}", username.as_deref().unwrap_or_default(), if reply.is_ok() { "done" } else { "not done" });
        reply?.account.ok_or(CallError::Protocol { method: name })
    }
}

fn of_call_error(error: CallError) -> ProvisionFailure {
    let message = error.to_string();
    match error {
        CallError::Refused(ProvisionError::NameUnavailable { reason, .. }) => {
            ProvisionFailure::NameUnavailable { reason }
        }
        CallError::Refused(ProvisionError::NoSuchAccount { .. }) => ProvisionFailure::NoSuchAccount,
        CallError::Refused(refused) if refused.is_transient() => ProvisionFailure::Transient {
            message,
            retry_after_seconds: refused.retry_after_seconds(),
        },
        other if other.is_transient() => ProvisionFailure::Transient {
            message,
            retry_after_seconds: None,
        },
        _ => ProvisionFailure::Permanent { message },
    }
}

/// The same for calls about the account of a registration that may have passed the commit point.
/// provisiond looks at the registration before the state, so the account is the one asked about.
fn of_late_call(error: CallError) -> ProvisionFailure {
    match error {
        CallError::Refused(ProvisionError::WrongState {
            state: state @ (AccountState::Active | AccountState::Suspended | AccountState::Archived),
            ..
        }) => ProvisionFailure::AlreadyActive { state },
        other => of_call_error(other),
    }
}

#[async_trait]
impl Provisioner for Varlink {
    async fn check_username(
        &self,
        request_id: RequestId,
        username: &Username,
        registration_id: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        let call = CheckUsername {
            request_id,
            username: username.to_string(),
            registration_id,
        };
        let reply = self
            .client
            .check_username(call)
            .await
            .map_err(of_call_error)?;
        Ok(match (reply.available, reply.reason) {
            (true, _) => Availability::Free,
            (false, reason) => Availability::Refused {
                reason: reason.unwrap_or_else(|| "the host does not give it out".into()),
            },
        })
    }

    async fn create_account(
        &self,
        request_id: RequestId,
        registration_id: RegistrationId,
        username: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        let (username, display_name) = (username.clone(), display_name.clone());
        let call = CreateAccount {
            request_id,
            registration_id,
            username,
            display_name,
        };
        self.change(Method::CreateAccount(call)).await
    }

    async fn configure_mail(
        &self,
        request_id: RequestId,
        registration_id: RegistrationId,
        username: &Username,
    ) -> Result<Account, ProvisionFailure> {
        let call = ConfigureMail {
            request_id,
            registration_id,
            username: username.clone(),
        };
        self.change(Method::ConfigureMail(call)).await
    }

    async fn activate_account(
        &self,
        request_id: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        let call = Method::ActivateAccount(ActivateAccount {
            request_id,
            registration_id: activation.registration,
            username: activation.username.clone(),
            password_hash: activation.password_hash.clone(),
            ssh_keys: activation.ssh_keys.clone(),
        });
        self.call(call).await.map_err(of_late_call)
    }

    async fn discard_account(
        &self,
        request_id: RequestId,
        registration_id: RegistrationId,
        username: &Username,
    ) -> Result<(), ProvisionFailure> {
        let call = DiscardAccount {
            request_id,
            registration_id,
            username: username.clone(),
        };
        let reply = self
            .client
            .change(&Method::DiscardAccount(call), |_| ())
            .await;
        // Removed by an admin: nothing is left to take back.
        if let Err(CallError::Refused(ProvisionError::WrongState {
            state: AccountState::Removed,
            ..
        })) = &reply
        {
            return Ok(());
        }
        match reply.map_err(of_late_call) {
            Ok(_) | Err(ProvisionFailure::NoSuchAccount) => Ok(()),
            Err(e) => Err(e),
        }
    }

    async fn set_password(
        &self,
        request_id: RequestId,
        username: &Username,
        hash: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        let call = SetPassword {
            request_id,
            username: username.clone(),
            password_hash: hash.clone(),
        };
        self.change(Method::SetPassword(call)).await
    }

    async fn set_ssh_keys(
        &self,
        request_id: RequestId,
        username: &Username,
        keys: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        let call = SetSshKeys {
            request_id,
            username: username.clone(),
            ssh_keys: keys.to_vec(),
        };
        self.change(Method::SetSshKeys(call)).await
    }

    async fn set_display_name(
        &self,
        request_id: RequestId,
        username: &Username,
        name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        let call = SetDisplayName {
            request_id,
            username: username.clone(),
            display_name: name.clone(),
        };
        self.change(Method::SetDisplayName(call)).await
    }

    async fn create_group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<String, ProvisionFailure> {
        self.make_group(request, name).await
    }

    async fn set_group_members(
        &self,
        request: RequestId,
        name: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure> {
        self.set_members(request, name, members).await
    }

    async fn group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        self.find_group(request, name).await
    }

    async fn prove_account(
        &self,
        request_id: RequestId,
        username: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        let call = OnAccount {
            request_id,
            username: username.clone(),
        };
        let reply = self.client.prove_account(call).await;
        let done = reply.is_ok();
        tracing::info!(REQUEST_ID = %request_id, USERNAME = %username, METHOD = "ProveAccount", done,
            "host call ProveAccount {username}: {}", if done { "done" } else { "not done" });
        Ok(reply.map_err(of_call_error)?.proof)
    }

    async fn system_status(
        &self,
        request_id: RequestId,
        username: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        let call = OnAccount {
            request_id,
            username: username.clone(),
        };
        let reply = self.client.get_account(call).await.map_err(of_call_error)?;
        Ok(SystemStatus {
            account: reply.account,
            host: reply.host,
        })
    }

    async fn health(&self, request_id: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.client
            .health(OnlyRequestId { request_id })
            .await
            .map_err(of_call_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_was_ever_active_is_told_from_one_that_can_not_be_activated() {
        let refused = |state| {
            CallError::Refused(ProvisionError::WrongState {
                request_id: String::new(),
                username: "ada".into(),
                state,
                message: String::new(),
            })
        };
        for state in [
            AccountState::Active,
            AccountState::Suspended,
            AccountState::Archived,
        ] {
            let failure = of_late_call(refused(state));
            assert_eq!(failure, ProvisionFailure::AlreadyActive { state });
        }
        for state in [AccountState::Locked, AccountState::Removed] {
            let failure = of_late_call(refused(state));
            assert!(matches!(failure, ProvisionFailure::Permanent { .. }));
        }
        let failure = of_call_error(refused(AccountState::Active));
        assert!(matches!(failure, ProvisionFailure::Permanent { .. }));
    }
}
