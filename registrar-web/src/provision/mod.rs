//! The host side over provisiond's Varlink socket.

use async_trait::async_trait;
use provision_api::{
    Account, ActivateAccount, CallError, CheckUsername, Client, ConfigureMail, CreateAccount,
    DiscardAccount, HealthReply, Method, OnAccount, OnlyRequestId, ProvisionError, Timeouts,
};

use crate::config::ProvisionSettings;
use crate::domain::{DisplayName, RegistrationId, RequestId, Username};
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
        let name = method.name();
        let request = method.request_id();
        let reply = self
            .client
            .change(&method, |step| tracing::debug!(REQUEST_ID = %request, STEP = ?step, method = name, "host step"))
            .await
            .map_err(of_call_error)?;
        reply
            .account
            .ok_or_else(|| of_call_error(CallError::Protocol { method: name }))
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
        self.change(Method::ActivateAccount(ActivateAccount {
            request_id,
            registration_id: activation.registration,
            username: activation.username.clone(),
            password_hash: activation.password_hash.clone(),
            ssh_keys: activation.ssh_keys.clone(),
        }))
        .await
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
        match reply.map_err(of_call_error) {
            Ok(_) | Err(ProvisionFailure::NoSuchAccount) => Ok(()),
            Err(e) => Err(e),
        }
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
