//! The ports, with a place to die before and after each call that changes something.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use provision_api::{Account, HealthReply, LoginProof};

use super::armed::at;
use crate::domain::{
    AuditEntry, BcryptHash, DisplayName, Email, EventId, GroupOnHost, Invite, InviteId, LiveEvent,
    MailId, MailJob, Registration, RegistrationId, RequestId, Session, SessionId, Slug,
    SshPublicKey, TokenDigest, User, UserId, Username,
};
use crate::ports::{
    Activation, AuditFilter, AuditStore, Availability, EventFilter, EventStore, InviteFilter,
    InviteStore, LeaseRequest, LimitStore, LimitWindow, MailError, MailStore, Mailer, Message,
    Page, PageRequest, ProvisionFailure, Provisioner, RegistrationFilter, RegistrationStore,
    SessionStore, Store, StoreCounts, StoreError, StoreHealth, SystemStatus, UserFilter, UserStore,
};

/// A port that a test can end the process around.
pub(super) struct Deadly<T: ?Sized>(pub(super) Arc<T>);

macro_rules! effect {
    ($name:literal, $call:expr) => {{
        at(concat!($name, ".before"));
        let result = $call.await;
        at(concat!($name, ".after"));
        result
    }};
}

#[async_trait]
impl RegistrationStore for Deadly<dyn Store> {
    async fn insert_registration(&self, new: &Registration) -> Result<(), StoreError> {
        effect!("store.insert_registration", self.0.insert_registration(new))
    }

    async fn registration(&self, id: RegistrationId) -> Result<Option<Registration>, StoreError> {
        self.0.registration(id).await
    }

    async fn registration_by_username(
        &self,
        username: &Username,
    ) -> Result<Option<Registration>, StoreError> {
        self.0.registration_by_username(username).await
    }

    async fn registration_by_token(
        &self,
        token: &TokenDigest,
    ) -> Result<Option<Registration>, StoreError> {
        self.0.registration_by_token(token).await
    }

    async fn update_registration(&self, changed: Registration) -> Result<Registration, StoreError> {
        effect!(
            "store.update_registration",
            self.0.update_registration(changed)
        )
    }

    async fn delete_registration(&self, read: &Registration) -> Result<(), StoreError> {
        effect!(
            "store.delete_registration",
            self.0.delete_registration(read)
        )
    }

    async fn lease_registration(
        &self,
        wish: &LeaseRequest,
    ) -> Result<Option<Registration>, StoreError> {
        at("store.lease_registration.before");
        let leased = self.0.lease_registration(wish).await?;
        // Asking in vain changes nothing.
        if leased.is_some() {
            at("store.lease_registration.after");
        }
        Ok(leased)
    }

    async fn list_registrations(
        &self,
        filter: RegistrationFilter,
        page: &PageRequest,
    ) -> Result<Page<Registration>, StoreError> {
        self.0.list_registrations(filter, page).await
    }

    async fn review_queue_place(&self, id: RegistrationId) -> Result<u64, StoreError> {
        self.0.review_queue_place(id).await
    }
}

#[async_trait]
impl UserStore for Deadly<dyn Store> {
    async fn insert_user(&self, new: &User) -> Result<(), StoreError> {
        effect!("store.insert_user", self.0.insert_user(new))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.0.user(id).await
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        self.0.user_by_username(username).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.0.user_by_email(email).await
    }

    async fn user_by_recovery(&self, token: &TokenDigest) -> Result<Option<User>, StoreError> {
        self.0.user_by_recovery(token).await
    }

    async fn lease_user(&self, wish: &LeaseRequest) -> Result<Option<User>, StoreError> {
        self.0.lease_user(wish).await
    }

    async fn update_user(&self, changed: User) -> Result<User, StoreError> {
        effect!("store.update_user", self.0.update_user(changed))
    }

    async fn delete_user(&self, id: UserId) -> Result<(), StoreError> {
        effect!("store.delete_user", self.0.delete_user(id))
    }

    async fn list_users(
        &self,
        filter: UserFilter,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError> {
        self.0.list_users(filter, page).await
    }

    async fn count_users(&self) -> Result<u64, StoreError> {
        self.0.count_users().await
    }
}

#[async_trait]
impl SessionStore for Deadly<dyn Store> {
    async fn insert_session(&self, new: &Session) -> Result<(), StoreError> {
        self.0.insert_session(new).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.0.session(id).await
    }

    async fn update_session(&self, changed: Session) -> Result<Session, StoreError> {
        self.0.update_session(changed).await
    }

    async fn list_sessions(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        self.0.list_sessions(user, page).await
    }

    async fn forget_sessions(&self, lapsed_before: Timestamp) -> Result<u64, StoreError> {
        self.0.forget_sessions(lapsed_before).await
    }
}

#[async_trait]
impl EventStore for Deadly<dyn Store> {
    async fn insert_event(&self, new: &LiveEvent) -> Result<(), StoreError> {
        self.0.insert_event(new).await
    }

    async fn event(&self, id: EventId) -> Result<Option<LiveEvent>, StoreError> {
        self.0.event(id).await
    }

    async fn update_event(&self, changed: LiveEvent) -> Result<LiveEvent, StoreError> {
        self.0.update_event(changed).await
    }

    async fn list_events(
        &self,
        filter: EventFilter,
        page: &PageRequest,
    ) -> Result<Page<LiveEvent>, StoreError> {
        self.0.list_events(filter, page).await
    }

    async fn unread_events(&self, user: UserId) -> Result<u64, StoreError> {
        self.0.unread_events(user).await
    }

    async fn forget_events(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.0.forget_events(now).await
    }
}

#[async_trait]
impl AuditStore for Deadly<dyn Store> {
    async fn insert_audit_entry(&self, new: &AuditEntry) -> Result<(), StoreError> {
        self.0.insert_audit_entry(new).await
    }

    async fn list_audit_entries(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.0.list_audit_entries(filter, page).await
    }
}

#[async_trait]
impl MailStore for Deadly<dyn Store> {
    async fn enqueue_mail(&self, new: &MailJob) -> Result<(), StoreError> {
        effect!("store.enqueue_mail", self.0.enqueue_mail(new))
    }

    async fn mail(&self, id: MailId) -> Result<Option<MailJob>, StoreError> {
        self.0.mail(id).await
    }

    async fn mail_by_key(&self, dedupe_key: &str) -> Result<Option<MailJob>, StoreError> {
        self.0.mail_by_key(dedupe_key).await
    }

    async fn update_mail(&self, changed: MailJob) -> Result<MailJob, StoreError> {
        effect!("store.update_mail", self.0.update_mail(changed))
    }

    async fn lease_mail(&self, wish: &LeaseRequest) -> Result<Option<MailJob>, StoreError> {
        at("store.lease_mail.before");
        let leased = self.0.lease_mail(wish).await?;
        if leased.is_some() {
            at("store.lease_mail.after");
        }
        Ok(leased)
    }

    async fn forget_mails(&self, ended_before: Timestamp) -> Result<u64, StoreError> {
        effect!("store.forget_mails", self.0.forget_mails(ended_before))
    }
}

#[async_trait]
impl InviteStore for Deadly<dyn Store> {
    async fn insert_invite(&self, new: &Invite) -> Result<(), StoreError> {
        effect!("store.insert_invite", self.0.insert_invite(new))
    }

    async fn invite(&self, id: InviteId) -> Result<Option<Invite>, StoreError> {
        self.0.invite(id).await
    }

    async fn invite_by_token(&self, token: &TokenDigest) -> Result<Option<Invite>, StoreError> {
        self.0.invite_by_token(token).await
    }

    async fn update_invite(&self, changed: Invite) -> Result<Invite, StoreError> {
        effect!("store.update_invite", self.0.update_invite(changed))
    }

    async fn list_invites(
        &self,
        filter: InviteFilter,
        page: &PageRequest,
    ) -> Result<Page<Invite>, StoreError> {
        self.0.list_invites(filter, page).await
    }
}

#[async_trait]
impl LimitStore for Deadly<dyn Store> {
    async fn count(
        &self,
        key: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<LimitWindow, StoreError> {
        effect!("store.count", self.0.count(key, window, now))
    }

    async fn window(&self, key: &str, now: Timestamp) -> Result<Option<LimitWindow>, StoreError> {
        self.0.window(key, now).await
    }

    async fn forget_limits(&self, now: Timestamp) -> Result<u64, StoreError> {
        effect!("store.forget_limits", self.0.forget_limits(now))
    }
}

#[async_trait]
impl Store for Deadly<dyn Store> {
    async fn health(&self, now: Timestamp) -> Result<StoreHealth, StoreError> {
        self.0.health(now).await
    }

    async fn counts(&self) -> Result<StoreCounts, StoreError> {
        self.0.counts().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

#[async_trait]
impl Provisioner for Deadly<dyn Provisioner> {
    async fn check_username(
        &self,
        request: RequestId,
        username: &Username,
        registration: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        self.0.check_username(request, username, registration).await
    }

    async fn create_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        effect!(
            "provisioner.create_account",
            self.0
                .create_account(request, registration, username, display_name)
        )
    }

    async fn configure_mail(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<Account, ProvisionFailure> {
        effect!(
            "provisioner.configure_mail",
            self.0.configure_mail(request, registration, username)
        )
    }

    async fn activate_account(
        &self,
        request: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        effect!(
            "provisioner.activate_account",
            self.0.activate_account(request, activation)
        )
    }

    async fn discard_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<(), ProvisionFailure> {
        effect!(
            "provisioner.discard_account",
            self.0.discard_account(request, registration, username)
        )
    }

    async fn set_password(
        &self,
        request: RequestId,
        username: &Username,
        hash: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        self.0.set_password(request, username, hash).await
    }

    async fn set_ssh_keys(
        &self,
        request: RequestId,
        username: &Username,
        keys: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        self.0.set_ssh_keys(request, username, keys).await
    }

    async fn set_display_name(
        &self,
        request: RequestId,
        username: &Username,
        name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.0.set_display_name(request, username, name).await
    }

    async fn create_group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<String, ProvisionFailure> {
        self.0.create_group(request, name).await
    }

    async fn set_group_members(
        &self,
        request: RequestId,
        name: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure> {
        self.0.set_group_members(request, name, members).await
    }

    async fn group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        self.0.group(request, name).await
    }

    async fn prove_account(
        &self,
        request: RequestId,
        username: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        effect!(
            "provisioner.prove_account",
            self.0.prove_account(request, username)
        )
    }

    async fn system_status(
        &self,
        request: RequestId,
        username: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        self.0.system_status(request, username).await
    }

    async fn health(&self, request: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.0.health(request).await
    }
}

#[async_trait]
impl Mailer for Deadly<dyn Mailer> {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        effect!("mailer.send", self.0.send(message))
    }
}
