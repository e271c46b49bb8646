//! The way from the form to the account when something is in the way: the host, the mail system, a
//! process that died, too many at once.

mod support;

use registrar_web::domain::{Stage, Status, VerificationToken};
use registrar_web::ports::{MailError, ProvisionFailure};
use registrar_web::registration::RegisterError;
use support::{TestService, by, client, form, username};

fn transient() -> ProvisionFailure {
    ProvisionFailure::Transient {
        message: "the lock is held".into(),
        retry_after_seconds: None,
    }
}

async fn verify(service: &TestService) {
    let token = VerificationToken::parse(&service.mailbox.token()).unwrap();
    service.registrar.verify_token(&token).await.unwrap();
    service.run_the_jobs().await;
}

#[tokio::test]
async fn a_host_that_is_away_delays_a_registration_and_loses_nothing() {
    let service = TestService::new();
    service.host.set_down(true);
    service.register("ada").await;
    service.run_the_jobs().await;
    for _ in 0..20 {
        service.pass(300).await;
    }
    let view = service
        .registrar
        .registration(&username("ada"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.status, Status::Initiated);
    assert!(
        view.details.retries > 3 && view.message.contains("being tried again"),
        "{view:?}"
    );
    service.host.set_down(false);
    service.pass(800).await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
}

#[tokio::test]
async fn a_step_that_is_tried_again_is_the_same_request() {
    let service = TestService::new();
    service.register("ada").await;
    service.host.fail_next(transient());
    service.run_the_jobs().await;
    service.pass(5).await;
    let first: Vec<_> = service
        .host
        .calls()
        .into_iter()
        .filter(|(w, _)| w == "create")
        .collect();
    assert_eq!(first.len(), 1);
    let stored = service.stored("ada").await.unwrap();
    assert_eq!(stored.reached, Status::VerificationSent);
    // The same step of another service over the same store names the same request.
    let other = TestService::new();
    other.register("ada").await;
    other.run_the_jobs().await;
    assert_eq!(
        other.host.calls()[0].1,
        first[0].1,
        "derived from registration, step and parameters"
    );
}

#[tokio::test]
async fn a_step_that_fails_for_good_undoes_what_was_done_and_frees_the_name() {
    let service = TestService::new();
    service.host.fail_next(ProvisionFailure::Permanent {
        message: "/secret/path is broken".into(),
    });
    service.register("bob").await;
    service.run_the_jobs().await;
    let view = service
        .registrar
        .registration(&username("bob"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.status, Status::Failed);
    assert_eq!(
        view.progress, 33,
        "keeps the progress of its last good step"
    );
    assert!(!view.message.contains("/secret"), "{}", view.message);
    assert!(service.host.accounts().is_empty());
    service.register("bob").await;
}

#[tokio::test]
async fn a_refused_verification_mail_is_visible_and_a_resend_mends_it() {
    let service = TestService::new();
    service.mailbox.set_trouble(Some(MailError::Refused(
        "550 5.1.1 <ada@example.org> unknown".into(),
    )));
    service.register("ada").await;
    service.run_the_jobs().await;
    let view = service
        .registrar
        .registration(&username("ada"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.status, Status::MailConfigured);
    let trouble = view.details.mail_trouble.expect("visible");
    assert!(
        trouble.contains("550") && !trouble.contains("ada@"),
        "{trouble}"
    );
    service.mailbox.set_trouble(None);
    service.clock.advance(120);
    let email = service.stored("ada").await.unwrap().email;
    service
        .registrar
        .resend(&username("ada"), &email)
        .await
        .unwrap();
    service.run_the_jobs().await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    verify(&service).await;
    assert_eq!(service.status("ada").await, Status::Verified);
}

#[tokio::test]
async fn a_proof_counts_even_if_the_mail_system_never_confirmed_that_it_took_the_mail() {
    let service = TestService::new();
    service
        .mailbox
        .set_trouble(Some(MailError::Transient("the answer was lost".into())));
    service.register("ada").await;
    service.run_the_jobs().await;
    let stored = service.stored("ada").await.unwrap();
    // The mail had arrived all the same, and its link was opened.
    let token = stored
        .verification
        .unwrap()
        .token(&service.world.key, stored.id);
    service.registrar.verify_token(&token).await.unwrap();
    service.run_the_jobs().await;
    service.pass(3600).await;
    assert_eq!(service.status("ada").await, Status::Verified);
}

#[tokio::test]
async fn a_draft_whose_process_died_is_dropped_and_its_name_is_free() {
    let service = TestService::new();
    let view = service.register("ada").await;
    // As the store would have it, had the process died while hashing.
    let mut draft = service.store.registration(view.id).await.unwrap().unwrap();
    let later = draft.created_at + jiff::SignedDuration::from_mins(2);
    draft.stage = Stage::Draft;
    draft.expires_at = later;
    draft.work = registrar_web::domain::Work::due(later);
    service.store.update_registration(draft).await.unwrap();
    assert!(
        service
            .registrar
            .registration(&username("ada"))
            .await
            .unwrap()
            .is_none()
    );
    service.pass(130).await;
    assert!(service.stored("ada").await.is_none());
    service.register("ada").await;
}

#[tokio::test]
async fn a_name_that_the_host_uses_is_refused_at_once_and_again_by_the_saga() {
    let service = TestService::new();
    service.host.refuse_name("ada");
    let refused = service.registrar.register(form("ada"), &client()).await;
    assert!(matches!(
        refused,
        Err(RegisterError::NameUnavailable { .. })
    ));
    // The host could not be asked at first and refuses later.
    service.host.set_down(true);
    service.register("ada").await;
    service.host.set_down(false);
    service.run_the_jobs().await;
    let view = service
        .registrar
        .registration(&username("ada"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((view.status, view.progress), (Status::Failed, 0));
    assert_eq!(view.details.failure.unwrap().code, "name-unavailable");
}

#[tokio::test]
async fn nobody_is_rejected_while_a_worker_unlocks_the_account() {
    let service = TestService::new();
    let id = service.register("ada").await.id;
    service.run_the_jobs().await;
    let mut stored = service.stored("ada").await.unwrap();
    let now = service.world.now();
    stored.prove_address(now);
    let mut unleased = stored.clone();
    unleased.reject("grace", "too late", now).unwrap();
    stored.work.lease = Some(registrar_web::domain::Lease {
        owner: registrar_web::domain::WorkerId("another".into()),
        until: now + jiff::SignedDuration::from_secs(60),
    });
    service.store.update_registration(stored).await.unwrap();
    let refused = service.registrar.reject(id, &by("grace"), "too late").await;
    assert!(refused.is_err(), "{refused:?}");
    service.pass(61).await;
    assert_eq!(service.status("ada").await, Status::Verified);
}

#[tokio::test]
async fn an_activation_whose_answer_was_lost_and_forgotten_is_done() {
    let service = TestService::new();
    service.register("ada").await;
    service.run_the_jobs().await;
    service.host.lose_next_activation();
    verify(&service).await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    service.host.forget_answers();
    service.pass(3600).await;
    assert_eq!(service.status("ada").await, Status::Verified);
    assert_eq!(service.host.activations().len(), 1);
    let texts: Vec<_> = service
        .mailbox
        .sent()
        .iter()
        .map(|m| m.text.clone())
        .collect();
    assert!(texts.last().unwrap().contains("ssh"), "welcomed: {texts:?}");
}

#[tokio::test]
async fn a_rejection_that_comes_after_the_account_was_activated_ends_complete_and_not_in_an_endless_undo()
 {
    let service = TestService::new();
    let id = service.register("ada").await.id;
    service.run_the_jobs().await;
    service.host.lose_next_activation();
    verify(&service).await;
    // Nobody knows that it was activated; no worker has it, so a rejection is taken.
    service
        .registrar
        .reject(id, &by("grace"), "changed my mind")
        .await
        .unwrap();
    assert_eq!(service.status("ada").await, Status::Failed);
    service.run_the_jobs().await;
    let stored = service.stored("ada").await.unwrap();
    assert_eq!(
        (stored.status(), &stored.stage),
        (Status::Verified, &Stage::Complete)
    );
    assert_eq!(stored.work.due_at, None, "nothing is tried again");
    let user = service.store.user(stored.id).await.unwrap().expect("kept");
    assert_eq!(user.state, registrar_web::domain::UserState::Active);
    assert!(service.host.account("ada").is_some());
    let sent = service.mailbox.sent();
    assert!(
        !sent.iter().any(|m| m.text.contains("changed my mind")),
        "told what is not true"
    );
    // Nobody else gets the name.
    let again = service.registrar.register(form("ada"), &client()).await;
    assert!(matches!(again, Err(RegisterError::NameUnavailable { .. })));
}
