//! How much one client may ask for, and how much mail one stranger may get.

mod support;

use registrar_web::config::Seconds;
use registrar_web::domain::{SignupForm, Status};
use registrar_web::ports::MailError;
use registrar_web::registration::RegisterError;
use support::{TestService, client, form, username};

#[tokio::test]
async fn too_many_registrations_of_one_client_are_told_when_to_come_back() {
    let service = TestService::with(|c| {
        c.limits.registrations = 2;
        c.limits.registrations_window = Seconds::hours(1);
    });
    service.register("ada").await;
    service.register("bob").await;
    let refused = service.registrar.register(form("eve"), &client()).await;
    let Err(RegisterError::Limited {
        retry_after_seconds,
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert!((1..=3600).contains(&retry_after_seconds));
    service.clock.advance(3601);
    service.register("eve").await;
}

#[tokio::test]
async fn whoever_has_an_ipv6_48_does_not_get_a_share_for_each_64_of_it() {
    let service = TestService::with(|c| c.limits.registrations = 2);
    let of = |text: &str| registrar_web::http::client_key(text.parse().unwrap());
    let mut taken_in = 0;
    for n in 0..12 {
        let client = of(&format!("2001:db8:1:{n:x}::1"));
        match service
            .registrar
            .register(form(&format!("ada{n}")), &client)
            .await
        {
            Ok(_) => taken_in += 1,
            Err(RegisterError::Limited { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(taken_in, 8, "four times what one /64 may");
    // The neighbours have their own.
    for (name, address) in [("bob", "2001:db8:2::1"), ("kim", "192.0.2.7")] {
        service
            .registrar
            .register(form(name), &of(address))
            .await
            .unwrap();
    }
    // One /64 alone stays at its share and does not use up that of the others.
    for (name, good) in [("lea", true), ("zoe", true), ("max", false), ("tim", false)] {
        let answer = service
            .registrar
            .register(form(name), &of("2001:db8:3:1::1"))
            .await;
        assert_eq!(answer.is_ok(), good, "{name}: {answer:?}");
    }
    for (n, name) in ["una", "eva", "leo", "ben", "ida", "jan"]
        .iter()
        .enumerate()
    {
        let client = of(&format!("2001:db8:3:{:x}::1", n + 2));
        service
            .registrar
            .register(form(name), &client)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn nobody_can_have_a_strangers_mailbox_flooded_nor_learn_that_it_was() {
    let service = TestService::with(|c| c.limits.verification_mails = 2);
    let verifications = || service.mailbox.sent().len();
    // Written in several ways, it is one mailbox; another one is not its business.
    let addresses = ["eve@example.org", "EVE+a@example.org", "eve+b@example.org"];
    let names = ["ada", "bob", "kim"];
    for (name, address) in names.iter().zip(addresses) {
        let form = SignupForm {
            personal_email: address.into(),
            ..form(name)
        };
        service.registrar.register(form, &client()).await.unwrap();
    }
    service.pass(2).await;
    assert_eq!(verifications(), 2);
    service.pass(2).await;
    // Whoever of them got none, it shows nowhere.
    for name in names {
        let view = service.registrar.registration(&username(name)).await;
        let view = view.unwrap().unwrap();
        assert_eq!(view.status, Status::VerificationSent, "{name}");
        assert!(view.message.contains("We have sent you a mail"), "{view:?}");
        assert!(view.can_proceed && view.details.mail_trouble.is_none());
        assert_eq!(view.details.retries, 0);
    }
    // Asked for again, none gets one.
    service.clock.advance(120);
    for name in names {
        let email = service.stored(name).await.unwrap().email;
        service
            .registrar
            .resend(&username(name), &email)
            .await
            .unwrap();
    }
    service.pass(2).await;
    assert_eq!(verifications(), 2);
    service.register("zoe").await;
    service.pass(2).await;
    assert_eq!(verifications(), 3, "another mailbox gets its own");
    // A day later there is mail again.
    let form = SignupForm {
        personal_email: "eve@example.org".into(),
        ..form("lea")
    };
    service.clock.advance(24 * 3600);
    service.registrar.register(form, &client()).await.unwrap();
    service.pass(2).await;
    assert_eq!(verifications(), 4);
}

#[tokio::test]
async fn a_mail_that_is_tried_again_and_again_counts_once() {
    let service = TestService::with(|c| c.limits.verification_mails = 1);
    service
        .mailbox
        .set_trouble(Some(MailError::Transient("greylisted".into())));
    service.register("ada").await;
    for _ in 0..5 {
        service.pass(600).await;
    }
    service.mailbox.set_trouble(None);
    service.pass(3600).await;
    assert_eq!(service.status("ada").await, Status::VerificationSent);
    assert_eq!(service.mailbox.sent().len(), 1);
}
