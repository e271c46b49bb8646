//! The way from the form to the account: both flows, all modes, and who is told what.

mod support;

use std::time::{Duration, Instant};

use provision_api::AccountState;
use registrar_web::domain::{Flow, Mode, Stage, Status, VerificationToken};
use registrar_web::registration::{AdminError, RegisterError, VerifyError};
use support::{TestService, by, client, form, username};
use tokio_util::sync::CancellationToken;

async fn verify(service: &TestService) {
    let token = VerificationToken::parse(&service.mailbox.token()).unwrap();
    service.registrar.verify_token(&token).await.unwrap();
    service.run_the_jobs().await;
}

#[tokio::test]
async fn a_registration_passes_every_status_in_order_and_ends_with_an_account() {
    let service = TestService::new();
    let view = service.register("ada").await;
    assert_eq!((view.status, view.progress), (Status::Initiated, 0));
    service.run_the_jobs().await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    assert_eq!(
        service.host.account("ada").unwrap().state,
        AccountState::Locked
    );
    verify(&service).await;

    let stored = service.stored("ada").await.unwrap();
    let passed: Vec<Status> = stored.history.iter().map(|p| p.status).collect();
    assert_eq!(passed, Flow::ProvisionFirst.statuses());
    assert_eq!(
        (stored.stage, stored.password_hash),
        (Stage::Complete, None)
    );
    assert_eq!(
        service.host.account("ada").unwrap().state,
        AccountState::Active
    );
    let activation = &service.host.activations()[0];
    assert_eq!(activation.ssh_keys[0].as_line(), support::KEY);
    assert!(activation.password_hash.is_some());
    let user = service
        .store
        .user_by_username(&username("ada"))
        .await
        .unwrap()
        .unwrap();
    assert!(user.email_proven);
    let subjects: Vec<String> = service
        .mailbox
        .sent()
        .into_iter()
        .map(|m| m.subject)
        .collect();
    assert_eq!(subjects.len(), 2, "verification and welcome: {subjects:?}");
}

#[tokio::test]
async fn verify_first_touches_the_host_only_after_the_address_is_proven() {
    let service = TestService::with(|c| c.registration.flow = Flow::VerifyFirst);
    service.register("ada").await;
    service.run_the_jobs().await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    assert!(service.host.accounts().is_empty());
    verify(&service).await;
    let stored = service.stored("ada").await.unwrap();
    let passed: Vec<Status> = stored.history.iter().map(|p| p.status).collect();
    assert_eq!(passed, Flow::VerifyFirst.statuses());
    assert_eq!(
        service.host.account("ada").unwrap().state,
        AccountState::Active
    );
}

#[tokio::test]
async fn the_code_of_the_mail_verifies_as_well_and_a_wrong_one_costs_a_try() {
    let service = TestService::new();
    service.register("ada").await;
    service.run_the_jobs().await;
    let code = service.mailbox.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = service.registrar.verify_code(&username("ada"), wrong).await;
    assert!(
        matches!(refused, Err(VerifyError::WrongCode { tries_left: 4 })),
        "{refused:?}"
    );
    service
        .registrar
        .verify_code(&username("ada"), &code)
        .await
        .unwrap();
    service.run_the_jobs().await;
    assert_eq!(service.status("ada").await, Status::Verified);
}

#[tokio::test]
async fn a_link_works_once() {
    let service = TestService::new();
    service.register("ada").await;
    service.run_the_jobs().await;
    let token = VerificationToken::parse(&service.mailbox.token()).unwrap();
    service.registrar.verify_token(&token).await.unwrap();
    let again = service.registrar.verify_token(&token).await;
    assert!(matches!(again, Err(VerifyError::Used { .. })), "{again:?}");
}

#[tokio::test]
async fn an_unverified_registration_is_reaped_with_everything_it_made_and_its_name_is_free() {
    let service = TestService::new();
    service.register("ada").await;
    service.run_the_jobs().await;
    let token = VerificationToken::parse(&service.mailbox.token()).unwrap();
    service.pass(24 * 3600 - 60).await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    service.pass(120).await;
    assert!(service.stored("ada").await.is_none());
    assert!(service.host.accounts().is_empty());
    assert!(
        service
            .store
            .user_by_username(&username("ada"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        service.registrar.verify_token(&token).await,
        Err(VerifyError::Unknown)
    ));
    service.register("ada").await;
}

#[tokio::test]
async fn approval_holds_the_verified_account_locked_until_a_reviewer_decides() {
    for flow in [Flow::ProvisionFirst, Flow::VerifyFirst] {
        let service = TestService::with(|c| {
            c.registration.mode = Mode::Approval;
            c.registration.flow = flow;
        });
        let id = service.register("ada").await.id;
        service.run_the_jobs().await;
        verify(&service).await;
        let view = service
            .registrar
            .registration(&username("ada"))
            .await
            .unwrap()
            .unwrap();
        assert!(view.details.in_review && !view.can_proceed, "{flow:?}");
        assert!(service.host.activations().is_empty(), "{flow:?}");
        // A person in review is not reaped.
        service.pass(30 * 24 * 3600).await;
        service.registrar.approve(id, &by("grace")).await.unwrap();
        service.run_the_jobs().await;
        assert_eq!(
            service.host.account("ada").unwrap().state,
            AccountState::Active,
            "{flow:?}"
        );
        assert_eq!(
            service.stored("ada").await.unwrap().stage,
            Stage::Complete,
            "{flow:?}"
        );
    }
}

#[tokio::test]
async fn a_rejected_applicant_is_told_why_and_nothing_is_left_on_the_host() {
    let service = TestService::with(|c| c.registration.mode = Mode::Approval);
    let id = service.register("ada").await.id;
    service.run_the_jobs().await;
    verify(&service).await;
    service
        .registrar
        .reject(id, &by("grace"), "we know you already")
        .await
        .unwrap();
    service.run_the_jobs().await;
    assert_eq!(service.status("ada").await, Status::Failed);
    assert!(service.host.accounts().is_empty());
    let last = service.mailbox.sent().pop().unwrap();
    assert!(last.text.contains("we know you already"), "{}", last.text);
    let refused = service.registrar.approve(id, &by("grace")).await;
    assert!(matches!(refused, Err(AdminError::Review(_))), "{refused:?}");
}

#[tokio::test]
async fn closed_takes_nobody_and_invite_takes_each_invite_once() {
    let service = TestService::with(|c| c.registration.mode = Mode::Closed);
    let refused = service.registrar.register(form("ada"), &client()).await;
    assert!(matches!(refused, Err(RegisterError::Closed)));

    let service = TestService::with(|c| c.registration.mode = Mode::Invite);
    let refused = service.registrar.register(form("ada"), &client()).await;
    let Err(RegisterError::Fields(errors)) = refused else {
        panic!()
    };
    assert_eq!(errors.0[0].field, "inviteToken");

    let (_, token) = service.registrar.create_invite().await.unwrap();
    let mut invited = form("ada");
    invited.invite_token = Some(token.expose().to_owned());
    service
        .registrar
        .register(invited, &client())
        .await
        .unwrap();
    let mut again = form("bob");
    again.invite_token = Some(token.expose().to_owned());
    assert!(service.registrar.register(again, &client()).await.is_err());

    // A failed registration gives its invite back.
    service.run_the_jobs().await;
    service.pass(25 * 3600).await;
    let mut again = form("bob");
    again.invite_token = Some(token.expose().to_owned());
    service.registrar.register(again, &client()).await.unwrap();
}

#[tokio::test]
async fn two_people_with_one_address_both_get_in_line_and_the_first_to_prove_it_has_it() {
    let service = TestService::new();
    for name in ["ada", "eve"] {
        let mut f = form(name);
        f.personal_email = "Shared@example.org".into();
        service.registrar.register(f, &client()).await.unwrap();
    }
    service.run_the_jobs().await;
    assert_eq!(
        service.mailbox.sent().len(),
        2,
        "sign-up tells nobody who is a member"
    );
    for name in ["eve", "ada"] {
        let stored = service.stored(name).await.unwrap();
        let token = stored
            .verification
            .unwrap()
            .token(&service.world.key, stored.id);
        service.registrar.verify_token(&token).await.unwrap();
        service.run_the_jobs().await;
    }
    assert_eq!(service.status("eve").await, Status::Verified);
    assert_eq!(service.status("ada").await, Status::Failed);
    assert_eq!(service.host.accounts(), ["eve"]);
}

#[tokio::test]
async fn the_status_page_does_not_tell_who_is_a_member_or_why_someone_was_rejected() {
    let service = TestService::new();
    for name in ["ada", "eve"] {
        let mut f = form(name);
        f.personal_email = "shared@example.org".into();
        service.registrar.register(f, &client()).await.unwrap();
    }
    service.run_the_jobs().await;
    for name in ["ada", "eve"] {
        let stored = service.stored(name).await.unwrap();
        let token = stored
            .verification
            .unwrap()
            .token(&service.world.key, stored.id);
        service.registrar.verify_token(&token).await.unwrap();
        service.run_the_jobs().await;
    }
    let view = service
        .registrar
        .registration(&username("eve"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.details.failure.unwrap().code, "not-completed");
    assert!(!view.message.contains("exists"), "{}", view.message);
    let id = service.register("zoe").await.id;
    service
        .registrar
        .reject(id, &by("grace"), "we know you")
        .await
        .unwrap();
    let view = service
        .registrar
        .registration(&username("zoe"))
        .await
        .unwrap()
        .unwrap();
    assert!(!view.message.contains("we know you"), "{}", view.message);
}

#[tokio::test]
async fn nobody_can_have_mails_sent_to_someone_else_or_without_end() {
    // The limit of the registration, not that of the mailbox.
    let service = TestService::with(|c| c.limits.verification_mails = 100);
    service.register("ada").await;
    service.run_the_jobs().await;
    let wrong = registrar_web::domain::Email::parse("eve@example.org").unwrap();
    service.clock.advance(3600);
    service
        .registrar
        .resend(&username("ada"), &wrong)
        .await
        .unwrap();
    service
        .registrar
        .resend(&username("nobody-here"), &wrong)
        .await
        .unwrap();
    service.run_the_jobs().await;
    assert_eq!(service.mailbox.sent().len(), 1);
    let own = service.stored("ada").await.unwrap().email;
    for _ in 0..20 {
        service.clock.advance(600);
        service
            .registrar
            .resend(&username("ada"), &own)
            .await
            .unwrap();
        service.run_the_jobs().await;
    }
    let tokens: std::collections::HashSet<_> = service
        .mailbox
        .sent()
        .iter()
        .map(|m| m.text.clone())
        .collect();
    assert_eq!(service.mailbox.sent().len(), 6, "one and five more");
    assert_eq!(
        tokens.len(),
        1,
        "every mail carries the same link, so each of them works"
    );
}

#[tokio::test]
async fn the_name_is_reserved_before_the_password_is_hashed() {
    let service = TestService::new();
    let many: Vec<_> = (0..16)
        .map(|_| {
            let registrar = service.registrar.clone();
            tokio::spawn(async move { registrar.register(form("ada"), &client()).await })
        })
        .collect();
    let mut taken = 0;
    for one in many {
        match one.await.unwrap() {
            Ok(_) => {}
            Err(RegisterError::NameUnavailable { .. }) => taken += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(taken, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_registrations_are_carried_on_at_once_and_each_is_made_once() {
    const NAMES: [&str; 8] = ["ada", "bob", "cem", "dua", "eli", "fay", "gus", "hal"];
    let service = TestService::new();
    for name in NAMES {
        service.register(name).await;
    }
    service.host.take_time(Duration::from_millis(100));
    let stop = CancellationToken::new();
    let serving = tokio::spawn({
        let (saga, stop) = (service.saga.clone(), stop.clone());
        async move { saga.serve(stop).await }
    });
    let begun = Instant::now();
    for name in NAMES {
        while service.status(name).await != Status::MailConfigured {
            assert!(begun.elapsed() < Duration::from_secs(30), "{name} waits");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    stop.cancel();
    serving.await.unwrap();
    let most = service.host.most_at_once();
    assert!((2..=4).contains(&most), "{most} at once");
    let calls = service.host.calls();
    let made = calls.iter().filter(|(what, _)| what == "create").count();
    assert_eq!(made, NAMES.len());
}
