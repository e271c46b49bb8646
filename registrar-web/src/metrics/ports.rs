//! Ports that count what becomes of their calls.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use provision_api::{Account, HealthReply, LoginProof};

use super::Metrics;
use crate::domain::{
    BcryptHash, DisplayName, GroupOnHost, RegistrationId, RequestId, Slug, SshPublicKey, Username,
};
use crate::ports::{
    Activation, Availability, MailError, Mailer, Message, ProvisionFailure, Provisioner,
    SystemStatus,
};

struct Metered<T: ?Sized> {
    port: Arc<T>,
    metrics: Metrics,
}

/// The host side, counted.
#[must_use]
pub fn metered_provisioner(port: Arc<dyn Provisioner>, metrics: Metrics) -> Arc<dyn Provisioner> {
    Arc::new(Metered { port, metrics })
}

/// The mail system, counted.
#[must_use]
pub fn metered_mailer(port: Arc<dyn Mailer>, metrics: Metrics) -> Arc<dyn Mailer> {
    Arc::new(Metered { port, metrics })
}

impl Metered<dyn Provisioner> {
    async fn count<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, ProvisionFailure>>,
    ) -> Result<T, ProvisionFailure> {
        let began = Instant::now();
        let answer = call.await;
        let outcome = match &answer {
            Ok(_) => "done",
            Err(ProvisionFailure::Transient { .. }) => "later",
            Err(_) => "refused",
        };
        self.metrics.called(method, outcome, began.elapsed());
        answer
    }
}

#[async_trait]
impl Provisioner for Metered<dyn Provisioner> {
    async fn check_username(
        &self,
        request: RequestId,
        username: &Username,
        registration: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        let call = self.port.check_username(request, username, registration);
        self.count("CheckUsername", call).await
    }

    async fn create_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        let call = self
            .port
            .create_account(request, registration, username, display_name);
        self.count("CreateAccount", call).await
    }

    async fn configure_mail(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<Account, ProvisionFailure> {
        let call = self.port.configure_mail(request, registration, username);
        self.count("ConfigureMail", call).await
    }

    async fn activate_account(
        &self,
        request: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        let call = self.port.activate_account(request, activation);
        self.count("ActivateAccount", call).await
    }

    async fn discard_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<(), ProvisionFailure> {
        let call = self.port.discard_account(request, registration, username);
        self.count("DiscardAccount", call).await
    }

    async fn set_password(
        &self,
        request: RequestId,
        username: &Username,
        hash: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        let call = self.port.set_password(request, username, hash);
        self.count("SetPassword", call).await
    }

    async fn set_ssh_keys(
        &self,
        request: RequestId,
        username: &Username,
        keys: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        let call = self.port.set_ssh_keys(request, username, keys);
        self.count("SetSshKeys", call).await
    }

    async fn set_display_name(
        &self,
        request: RequestId,
        username: &Username,
        name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        let call = self.port.set_display_name(request, username, name);
        self.count("SetDisplayName", call).await
    }

    async fn create_group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<String, ProvisionFailure> {
        let call = self.port.create_group(request, name);
        self.count("CreateGroup", call).await
    }

    async fn set_group_members(
        &self,
        request: RequestId,
        name: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure> {
        let call = self.port.set_group_members(request, name, members);
        self.count("SetGroupMembers", call).await
    }

    async fn group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        let call = self.port.group(request, name);
        self.count("GetGroup", call).await
    }

    async fn prove_account(
        &self,
        request: RequestId,
        username: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        let call = self.port.prove_account(request, username);
        self.count("ProveAccount", call).await
    }

    async fn system_status(
        &self,
        request: RequestId,
        username: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        let call = self.port.system_status(request, username);
        self.count("GetAccount", call).await
    }

    async fn health(&self, request: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.count("Health", self.port.health(request)).await
    }
}

#[async_trait]
impl Mailer for Metered<dyn Mailer> {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let sent = self.port.send(message).await;
        self.metrics.mailed(match &sent {
            Ok(()) => "sent",
            Err(MailError::Transient(_)) => "later",
            Err(MailError::Refused(_)) => "refused",
        });
        sent
    }
}
