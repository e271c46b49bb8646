//! The log of a whole sign-up, at its most talkative, holds nothing that opens an account.

mod support;

use registrar_web::domain::{Mode, VerificationToken};
use registrar_web::ports::{MailError, ProvisionFailure};
use support::log::Captured;
use support::{PASSWORD, TestService, client, form, username};

// One test in this file: it listens to the whole process.
#[tokio::test]
async fn no_secret_of_a_whole_sign_up_is_ever_logged() {
    let captured = Captured::everything();

    let service = TestService::with(|c| c.registration.mode = Mode::Invite);
    let (invite, invite_token) = service.registrar.create_invite().await.unwrap();
    let mut invited = form("ada");
    invited.invite_token = Some(invite_token.expose().to_owned());
    // Trouble makes a service talk.
    service.host.fail_next(ProvisionFailure::Transient {
        message: "the lock is held".into(),
        retry_after_seconds: None,
    });
    service
        .mailbox
        .set_trouble(Some(MailError::Transient("451 later".into())));
    service
        .registrar
        .register(invited, &client())
        .await
        .unwrap();
    service.run_the_jobs().await;
    service.mailbox.set_trouble(None);
    for _ in 0..10 {
        service.pass(60).await;
    }
    let stored = service.stored("ada").await.unwrap();
    let hash = stored
        .password_hash
        .clone()
        .expect("kept until the account is made");
    let (token, code) = (service.mailbox.token(), service.mailbox.code());
    let wrong = if code == "123456" { "654321" } else { "123456" };
    assert!(
        service
            .registrar
            .verify_code(&username("ada"), wrong)
            .await
            .is_err()
    );
    let parsed = VerificationToken::parse(&token).unwrap();
    service.registrar.verify_token(&parsed).await.unwrap();
    service.run_the_jobs().await;
    assert_eq!(service.host.activations().len(), 1);

    let log = captured.text();
    assert!(
        log.contains("ada") && log.contains("VERIFIED"),
        "the capture works:\n{log}"
    );
    for (what, secret) in [
        ("password", PASSWORD),
        ("hash", hash.expose()),
        ("token", &token),
        ("code", &code),
        ("invite token", invite_token.expose()),
        ("invite digest", invite.token.as_str()),
    ] {
        assert!(!log.contains(secret), "the {what} is in the log:\n{log}");
    }
}
