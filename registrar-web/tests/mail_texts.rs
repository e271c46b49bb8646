//! What each mail says.

mod mail_support;

use mail_support::{TestClock, community, job, key, registration};
use registrar_web::domain::{
    CredentialChange, Device, DisplayName, FactorChange, MailKind, Origin, Remark, Review,
    Verification,
};
use registrar_web::mail::compose;
use registrar_web::ports::{Clock, Message};

fn mail(kind: MailKind, display_name: &str) -> Message {
    let now = TestClock::new().now();
    let mut r = registration(now, display_name);
    if matches!(kind, MailKind::Approved | MailKind::Question { .. }) {
        r.review = Review::Waiting { since: now };
        r.prove_address(now);
        let text = "Which of the meetings have you been to?\nWe see you as <ada> in none.";
        r.ask("grace", Remark::parse(text).unwrap(), now).unwrap();
    }
    compose(&job(&r, kind, now), &r, &key(), &community()).unwrap()
}

fn origin(at: &str, address: &str, device: &str) -> Origin {
    Origin {
        at: at.parse().unwrap(),
        address: address.into(),
        device: Device::clean(device),
    }
}

fn all() -> [MailKind; 9] {
    [
        MailKind::VerifyEmail,
        MailKind::AlreadyMember,
        MailKind::Welcome,
        MailKind::Approved,
        MailKind::Question { number: 0 },
        MailKind::Rejected {
            reason: "We know nobody who knows you yet.\nCome by on <IRC> & say hello.".into(),
        },
        MailKind::SessionRevoked {
            began: origin("2026-02-27T09:15:00Z", "192.0.2.7", "Lynx/2.9.2"),
            reused: origin(
                "2026-03-01T11:59:00Z",
                "2001:db8::/64",
                "see https://evil.example",
            ),
        },
        MailKind::LoginCode {
            challenge: uuid::Uuid::from_u128(3),
            expires_at: "2026-03-01T12:10:00Z".parse().unwrap(),
            from: origin("2026-03-01T12:00:00Z", "192.0.2.7", "Lynx/2.9.2"),
        },
        factor(FactorChange::TotpOn),
    ]
}

fn factor(change: FactorChange) -> MailKind {
    MailKind::SecondFactorChanged {
        change,
        from: origin("2026-03-01T12:00:00Z", "192.0.2.7", "Lynx/2.9.2"),
    }
}

#[test]
fn each_change_of_the_second_factor_is_told_in_words_of_its_own() {
    for (change, words) in [
        (FactorChange::TotpOn, "an authenticator was set up"),
        (FactorChange::TotpOff, "the authenticator was switched off"),
        (FactorChange::EmailOn, "codes by mail were switched on"),
        (FactorChange::EmailOff, "codes by mail were switched off"),
        (
            FactorChange::NewRecoveryCodes,
            "new recovery codes were made",
        ),
        (FactorChange::RecoveryCodeUsed, "recovery codes was used"),
        (FactorChange::Reset, "an admin has switched off"),
        (FactorChange::WrongCodes, "and then wrong codes"),
    ] {
        let text = mail(factor(change), "Ada").text.replace('\n', " ");
        assert!(text.contains(words), "{text}");
        assert!(text.contains("192.0.2.7, Lynx/2.9.2"), "{text}");
    }
}

#[test]
fn each_mail_says_what_it_said_before() {
    for kind in all() {
        let name = kind.name();
        let mail = mail(kind, "Ada \"O'\" <b>Lovelace</b> 🚀");
        insta::assert_snapshot!(
            format!("{name}.txt"),
            format!("Subject: {}\n\n{}", mail.subject, mail.text)
        );
        insta::assert_snapshot!(format!("{name}.html"), mail.html);
    }
}

#[test]
fn only_a_proven_address_is_told_the_way_to_the_receipt() {
    let now = TestClock::new().now();
    let mut r = registration(now, "Ada");
    let text = |r: &_| {
        let mail = compose(&job(r, MailKind::Approved, now), r, &key(), &community());
        mail.unwrap().text.replace('\n', " ")
    };
    let before = text(&r);
    assert!(!before.contains("/receipt/"), "{before}");
    assert!(before.contains("verify this address"), "{before}");
    r.prove_address(now);
    let after = text(&r);
    assert!(after.contains("/receipt/"), "{after}");
}

#[test]
fn hostile_names_come_out_harmless_and_true() {
    let mail = mail(MailKind::Welcome, "<script>alert('x')</script> \" 🚀 é");
    assert!(mail.text.contains("<script>alert('x')</script> \" 🚀 é"));
    assert!(!mail.html.contains("<script"));
    assert!(mail.html.contains("🚀 é"));
}

#[test]
fn a_name_that_is_an_advertisement_is_not_carried_to_a_stranger() {
    for name in [
        "Win at https://evil.example",
        "evil.example/x",
        "www.evil",
        "me@evil.example",
    ] {
        let mail = mail(MailKind::VerifyEmail, name);
        assert!(mail.text.starts_with("Hello ada,"), "{name}: {}", mail.text);
        assert_eq!(mail.to_name, None);
        assert!(!mail.html.contains("evil"));
    }
    for name in ["J.R.R. Tolkien", "Ada L.", "a/b", "Jean-Luc", "R2D2 v2.0"] {
        assert_eq!(
            mail(MailKind::VerifyEmail, name).to_name,
            DisplayName::parse(name).ok(),
            "{name}"
        );
    }
}

#[test]
fn link_and_code_of_text_and_html_are_the_same_and_whole() {
    let mail = mail(MailKind::VerifyEmail, "Ada");
    let r = registration(TestClock::new().now(), "Ada");
    let proof = r.verification.unwrap();
    let token = proof.token(&key(), r.id);
    let link = format!(
        "https://join.tilde.example/verify-email?token={}",
        token.expose()
    );
    assert!(mail.text.lines().any(|l| l == link));
    assert!(mail.html.contains(&format!("href=\"{link}\"")));
    let code = proof.code(&key(), r.id);
    let shown = format!("{} {}", &code.expose()[..3], &code.expose()[3..]);
    assert!(mail.text.contains(&shown) && mail.html.contains(&shown));
}

#[test]
fn each_mail_about_a_password_or_key_says_what_it_said_before() {
    let now = TestClock::new().now();
    let r = registration(now, "Ada");
    let hour = now + jiff::SignedDuration::from_hours(1);
    let fingerprint = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU".to_owned();
    let from = || origin("2026-03-01T11:59:00Z", "192.0.2.7", "Lynx/2.9.2");
    let changed = |what| MailKind::CredentialChanged { what, from: from() };
    for (name, kind) in [
        (
            "reset-password",
            MailKind::ResetPassword {
                proof: Verification::issue(&key(), r.id, [3; 16], now, hour),
                from: from(),
            },
        ),
        ("password-changed", changed(CredentialChange::Password)),
        ("password-reset", changed(CredentialChange::PasswordReset)),
        (
            "ssh-key-added",
            changed(CredentialChange::SshKeyAdded {
                fingerprint: fingerprint.clone(),
            }),
        ),
        (
            "ssh-key-removed",
            changed(CredentialChange::SshKeyRemoved { fingerprint }),
        ),
    ] {
        let mail = mail(kind, "Ada");
        insta::assert_snapshot!(
            format!("{name}.txt"),
            format!("Subject: {}\n\n{}", mail.subject, mail.text)
        );
        assert!(mail.html.contains("<html") && mail.html.contains("192.0.2.7"));
    }
}
