//! A registration while the world around it fails for long: no mail system, a worker that is
//! slower than its lease, a clock that jumps.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use provision_api::{Account, HealthReply, LoginProof};
use registrar_web::domain::{
    BcryptHash, DisplayName, GroupOnHost, RegistrationId, RequestId, Slug, SshPublicKey, Status,
    Username, VerificationToken, WorkerId,
};
use registrar_web::ports::{
    Activation, Availability, MailError, ProvisionFailure, Provisioner, SystemStatus,
};
use registrar_web::registration::{Policy, Saga};
use support::host::HostDouble;
use support::{TestService, username};
use tokio::sync::Notify;

const HOUR: i64 = 3600;

async fn verify(service: &TestService) {
    let token = VerificationToken::parse(&service.mailbox.token()).unwrap();
    service.registrar.verify_token(&token).await.unwrap();
    service.run_the_jobs().await;
}

#[tokio::test]
async fn a_mail_system_that_is_down_for_an_hour_gets_one_mail_with_the_one_token_that_is_valid() {
    let service = TestService::new();
    let down = MailError::Transient("connection refused".into());
    service.mailbox.set_trouble(Some(down));
    service.register("ada").await;
    service.run_the_jobs().await;
    let email = service.stored("ada").await.unwrap().email;
    for minute in 0..60 {
        service.pass(60).await;
        // The person is impatient.
        if minute == 20 {
            let name = username("ada");
            service.registrar.resend(&name, &email).await.unwrap();
        }
    }
    assert_eq!(service.status("ada").await, Status::MailConfigured);
    assert!(service.mailbox.sent().is_empty());
    service.mailbox.set_trouble(None);
    // The longest pause between two attempts is half an hour.
    for _ in 0..40 {
        service.pass(60).await;
    }
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    assert_eq!(service.mailbox.sent().len(), 1, "one mail");
    verify(&service).await;
    assert_eq!(service.status("ada").await, Status::Verified);
}

/// A host side on which one step takes until the test lets it go on.
struct SlowHost {
    host: Arc<HostDouble>,
    slow: AtomicBool,
    reached: Notify,
    go_on: Notify,
}

#[async_trait]
impl Provisioner for SlowHost {
    async fn check_username(
        &self,
        request: RequestId,
        name: &Username,
        registration: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        self.host.check_username(request, name, registration).await
    }

    async fn create_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        name: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        if self.slow.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
        self.host
            .create_account(request, registration, name, display_name)
            .await
    }

    async fn configure_mail(
        &self,
        request: RequestId,
        registration: RegistrationId,
        name: &Username,
    ) -> Result<Account, ProvisionFailure> {
        self.host.configure_mail(request, registration, name).await
    }

    async fn activate_account(
        &self,
        request: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        self.host.activate_account(request, activation).await
    }

    async fn discard_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        name: &Username,
    ) -> Result<(), ProvisionFailure> {
        self.host.discard_account(request, registration, name).await
    }

    async fn set_password(
        &self,
        request: RequestId,
        name: &Username,
        hash: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        self.host.set_password(request, name, hash).await
    }

    async fn set_ssh_keys(
        &self,
        request: RequestId,
        name: &Username,
        keys: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        self.host.set_ssh_keys(request, name, keys).await
    }

    async fn set_display_name(
        &self,
        request: RequestId,
        name: &Username,
        new: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.host.set_display_name(request, name, new).await
    }

    async fn create_group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<String, ProvisionFailure> {
        self.host.create_group(request, name).await
    }

    async fn set_group_members(
        &self,
        request: RequestId,
        name: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure> {
        self.host.set_group_members(request, name, members).await
    }

    async fn group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        self.host.group(request, name).await
    }

    async fn prove_account(
        &self,
        request: RequestId,
        name: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        self.host.prove_account(request, name).await
    }

    async fn system_status(
        &self,
        request: RequestId,
        name: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        self.host.system_status(request, name).await
    }

    async fn health(&self, request: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.host.health(request).await
    }
}

#[tokio::test]
async fn two_workers_on_one_registration_make_one_account_and_one_mail() {
    let service = TestService::new();
    let host = Arc::new(SlowHost {
        host: service.host.clone(),
        slow: AtomicBool::new(true),
        reached: Notify::new(),
        go_on: Notify::new(),
    });
    let mut world = service.world.clone();
    world.provisioner = host.clone();
    let worker = |name: &str| {
        let policy = Policy::of(&service.config);
        Saga::new(world.clone(), policy, WorkerId(name.into()))
    };
    let (slow, other) = (worker("slow"), worker("other"));
    service.register("ada").await;
    let first = tokio::spawn(async move { slow.run_all().await });
    host.reached.notified().await;
    // Its lease holds: nobody else takes it.
    assert_eq!(other.run_all().await.unwrap(), 0);
    service.clock.advance(61);
    assert_eq!(other.run_all().await.unwrap(), 1);
    // The first one comes back to a registration that is further than it knows.
    host.go_on.notify_one();
    first.await.unwrap().unwrap();
    service.run_the_jobs().await;
    service.pass(10 * 60).await;

    assert_eq!(service.status("ada").await, Status::VerificationSent);
    assert_eq!(service.host.accounts(), ["ada"]);
    assert_eq!(service.mailbox.sent().len(), 1, "one mail");
    let calls = service.host.calls();
    let create: Vec<_> = calls.iter().filter(|(what, _)| what == "create").collect();
    assert_eq!(create.len(), 2, "both were at it");
    assert_eq!(create[0], create[1], "and asked for the same");
    verify(&service).await;
    assert_eq!(service.status("ada").await, Status::Verified);
    assert_eq!(service.host.activations().len(), 1);
}

#[tokio::test]
async fn a_clock_that_jumps_hours_loses_no_registration_and_does_nothing_twice() {
    for jumps in [[-5, 5], [5, -5], [-5, 20]] {
        let service = TestService::new();
        service.register("ada").await;
        service.run_the_jobs().await;
        let token = service.mailbox.token();
        service.pass(jumps[0] * HOUR).await;
        service.register("bob").await;
        service.run_the_jobs().await;
        assert_eq!(service.status("bob").await, Status::VerificationSent);
        service.pass(jumps[1] * HOUR).await;
        let ada = service.stored("ada").await.unwrap();
        assert_eq!(ada.reached, Status::VerificationSent, "{jumps:?}");
        assert!(ada.work.lease.is_none());
        let token = VerificationToken::parse(&token).unwrap();
        service.registrar.verify_token(&token).await.unwrap();
        service.run_the_jobs().await;
        assert_eq!(service.status("ada").await, Status::Verified, "{jumps:?}");
        // Each got one link, and Ada her welcome.
        assert_eq!(service.mailbox.sent().len(), 3, "{jumps:?}");
        let calls = service.host.calls();
        assert_eq!(calls.iter().filter(|(what, _)| what == "create").count(), 2);
    }
}

#[tokio::test]
async fn a_worker_that_died_before_the_clock_went_back_is_replaced_once_its_lease_is_over() {
    let service = TestService::new();
    service.register("ada").await;
    let mut stored = service.stored("ada").await.unwrap();
    stored.work.lease = Some(registrar_web::domain::Lease {
        owner: WorkerId("dead".into()),
        until: service.world.now() + jiff::SignedDuration::from_secs(60),
    });
    service.store.update_registration(stored).await.unwrap();
    service.pass(-HOUR).await;
    assert_eq!(service.status("ada").await, Status::Initiated, "delayed");
    service.pass(HOUR + 61).await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
}
