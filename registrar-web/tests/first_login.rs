//! A new member is welcomed once it was shown that they get in and can read mail, and not before.
mod support;

use registrar_web::auth::HostSide;
use registrar_web::domain::{Action, FirstLogin, User, UserState, VerificationToken, WorkerId};
use registrar_web::ports::{AuditFilter, PageRequest, ProvisionFailure};
use support::host::login_proof;
use support::{TestService, by, username};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Ada, whose account was activated; nothing else was done since.
async fn activated() -> TestService {
    let service = TestService::new();
    service.register("ada").await;
    service.run_the_jobs().await;
    let token = VerificationToken::parse(&service.mailbox.token()).unwrap();
    service.registrar.verify_token(&token).await.unwrap();
    service.saga.run_all().await.unwrap();
    service
}

async fn ada(service: &TestService) -> User {
    let found = service.store.user_by_username(&username("ada")).await;
    found.unwrap().unwrap()
}

fn welcomes(service: &TestService) -> usize {
    let sent = service.mailbox.sent();
    sent.iter()
        .filter(|mail| mail.subject.starts_with("Welcome"))
        .count()
}

async fn audited(service: &TestService, action: Action) -> usize {
    let page = PageRequest {
        limit: 100,
        after: None,
    };
    let filter = AuditFilter::Action(action);
    let found = service.store.list_audit_entries(&filter, &page).await;
    found.unwrap().items.len()
}

#[tokio::test]
async fn who_is_shown_to_get_in_is_welcomed_once() {
    let service = activated().await;
    assert!(service.host.proofs().is_empty());
    // That it is wanted stands in the store before the host is asked.
    let wanted = ada(&service).await.credentials.first_login;
    assert!(matches!(wanted, FirstLogin::Due { tries: 0, .. }));
    service.run_the_jobs().await;
    assert_eq!(service.host.proofs().len(), 1);
    assert_eq!(welcomes(&service), 1);
    let proven = ada(&service).await.credentials.first_login;
    assert_eq!(proven.as_str(), "proven");
    let text = service.mailbox.sent().last().unwrap().text.clone();
    for part in [
        "ssh ada@tilde.example",
        "neomutt",
        "~/public",
        "postmaster@",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    service.pass(24 * HOUR).await;
    assert_eq!((welcomes(&service), service.host.proofs().len()), (1, 1));
}

#[tokio::test]
async fn a_proof_that_fails_is_tried_again_with_growing_pauses_and_then_the_welcome_comes() {
    let service = activated().await;
    for _ in 0..2 {
        let out = Ok(login_proof(Some("sshd keeps the user out (DenyUsers)")));
        service.host.prove_next(out);
    }
    service.run_the_jobs().await;
    assert_eq!((welcomes(&service), service.host.proofs().len()), (0, 1));
    let reason = ada(&service).await.credentials.first_login;
    assert!(reason.reason().unwrap().contains("login: sshd keeps"));
    service.pass(30).await;
    assert_eq!(service.host.proofs().len(), 1, "too early");
    service.pass(MINUTE).await;
    assert_eq!((welcomes(&service), service.host.proofs().len()), (0, 2));
    service.pass(10 * MINUTE).await;
    assert_eq!((welcomes(&service), service.host.proofs().len()), (1, 3));
    assert_eq!(audited(&service, Action::FirstLoginUnproven).await, 0);
    // Each try was a request of its own.
    let mut ids: Vec<_> = service
        .host
        .proofs()
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn who_is_never_shown_to_get_in_is_not_welcomed_and_admins_are_told_once_and_can_begin_again()
{
    let service = activated().await;
    for _ in 0..5 {
        service.host.prove_next(Ok(login_proof(Some("shut"))));
    }
    for _ in 0..10 {
        service.run_the_jobs().await;
        service.pass(7 * HOUR).await;
    }
    assert_eq!((welcomes(&service), service.host.proofs().len()), (0, 5));
    let first_login = ada(&service).await.credentials.first_login;
    assert_eq!(first_login.as_str(), "unproven");
    assert_eq!(audited(&service, Action::FirstLoginUnproven).await, 1);
    assert_eq!(service.status("ada").await.as_str(), "VERIFIED");

    let id = service.stored("ada").await.unwrap().id;
    service.registrar.retry(id, &by("grace")).await.unwrap();
    service.run_the_jobs().await;
    assert_eq!((welcomes(&service), service.host.proofs().len()), (1, 6));
    assert_eq!(audited(&service, Action::RegistrationRetried).await, 1);
    // There is nothing to begin again now.
    service.registrar.retry(id, &by("grace")).await.unwrap_err();
}

#[tokio::test]
async fn a_host_that_can_not_be_asked_costs_no_try() {
    let service = activated().await;
    service.host.set_down(true);
    for _ in 0..20 {
        service.pass(HOUR).await;
    }
    let first_login = ada(&service).await.credentials.first_login;
    assert!(matches!(first_login, FirstLogin::Due { tries: 0, .. }));
    service.host.set_down(false);
    let limited = Err(ProvisionFailure::Transient {
        message: "as many proofs as an hour may have".into(),
        retry_after_seconds: Some(3_000),
    });
    service.host.prove_next(limited);
    service.pass(HOUR).await;
    assert_eq!(welcomes(&service), 0);
    service.pass(40 * MINUTE).await;
    assert_eq!(welcomes(&service), 0, "sooner than it was asked to");
    service.pass(20 * MINUTE).await;
    assert_eq!(welcomes(&service), 1);
}

#[tokio::test]
async fn a_provisiond_that_does_not_know_the_call_proves_nothing() {
    let service = activated().await;
    for _ in 0..5 {
        service.host.prove_next(Err(ProvisionFailure::Permanent {
            message: "provisiond's answer to ProveAccount is not of the interface".into(),
        }));
    }
    for _ in 0..6 {
        service.pass(7 * HOUR).await;
    }
    assert_eq!(welcomes(&service), 0);
    let first_login = ada(&service).await.credentials.first_login;
    assert_eq!(first_login.as_str(), "unproven");
    assert!(first_login.reason().unwrap().contains("ProveAccount"));
}

#[tokio::test]
async fn two_instances_at_once_and_one_that_died_before_it_wrote_down_the_proof_send_one_welcome() {
    let service = activated().await;
    let before = ada(&service).await;
    let side = |name: &str| {
        let worker = WorkerId(name.into());
        HostSide::new(service.world.clone(), worker)
    };
    let (one, other) = (side("one"), side("other"));
    let (a, b) = tokio::join!(one.run_all(), other.run_all());
    a.unwrap();
    b.unwrap();
    assert_eq!(service.host.proofs().len(), 1);

    // As if whoever asked had died before the outcome was written down; the mail is queued.
    let mut user = ada(&service).await;
    user.credentials.first_login = before.credentials.first_login;
    user.work = before.work;
    service.store.update_user(user).await.unwrap();
    service.pass(HOUR).await;
    assert_eq!(service.host.proofs().len(), 1, "the same request, again");
    assert_eq!(welcomes(&service), 1);
    assert_eq!(
        ada(&service).await.credentials.first_login.as_str(),
        "proven"
    );
}

#[tokio::test]
async fn who_is_suspended_meanwhile_is_welcomed_when_they_are_let_in_again() {
    let service = activated().await;
    let mut user = ada(&service).await;
    user.set_state(UserState::Suspended);
    service.store.update_user(user).await.unwrap();
    service.pass(HOUR).await;
    assert!(service.host.proofs().is_empty());
    let mut user = ada(&service).await;
    user.set_state(UserState::Active);
    service.store.update_user(user).await.unwrap();
    service.pass(HOUR).await;
    assert_eq!((welcomes(&service), service.host.proofs().len()), (1, 1));
}
