//! The outbox against a real store and a server that stands for the outside world.

mod mail_support;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mail_support::smtp_server::{Manner, SmtpServer};
use mail_support::{Desk, TestClock, community, job, key, registration};
use registrar_web::config::{MailSettings, SmtpTls};
use registrar_web::domain::{
    Device, DisplayName, Lease, MailKind, MailState, Origin, Stage, WorkerId,
};
use registrar_web::mail::{compose, mailer};
use registrar_web::ports::{Clock, MailError, Mailer, Message};

fn settings(server: &SmtpServer) -> MailSettings {
    MailSettings {
        port: server.address.port(),
        ..MailSettings::default()
    }
}

fn to(settings: MailSettings) -> impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Mailer> {
    move |clock| mailer(&settings, &community(), clock).unwrap()
}

fn message(display_name: &str) -> Message {
    let now = TestClock::new().now();
    let r = registration(now, display_name);
    compose(
        &job(&r, MailKind::VerifyEmail, now),
        &r,
        &key(),
        &community(),
    )
    .unwrap()
}

fn header<'a>(data: &'a str, name: &str) -> Vec<&'a str> {
    let head = data.split("\n\n").next().unwrap();
    head.lines()
        .filter_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
        .collect()
}

/// The plain text as its reader sees it.
fn text(data: &str) -> String {
    let mail = mail_parser::MessageParser::default().parse(data.as_bytes());
    mail.unwrap().body_text(0).unwrap().replace("\r\n", "\n")
}

#[tokio::test]
async fn a_mail_that_is_taken_is_recorded_and_wakes_its_registration() {
    let server = SmtpServer::start(Manner::Accept).await;
    let desk = Desk::new(MailKind::VerifyEmail, to(settings(&server))).await;
    assert_eq!(desk.outbox.run_all().await.unwrap(), 1);
    assert_eq!(
        desk.job().await.state,
        MailState::Sent {
            at: desk.clock.now()
        }
    );
    assert_eq!(
        desk.registration().await.work.due_at,
        Some(desk.clock.now())
    );
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0].from.split_whitespace().nth(1),
        Some("FROM:<registrar@tilde.example>")
    );
    let data = &mails[0].data;
    assert_eq!(header(data, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(data, "X-Auto-Response-Suppress"), ["All"]);
    assert_eq!(
        header(data, "Message-ID"),
        [format!("<{}@tilde.example>", desk.mail)]
    );
    assert_eq!(header(data, "Date"), ["Sun, 01 Mar 2026 12:00:00 +0000"]);
    assert!(header(data, "List-Unsubscribe").is_empty());
    assert!(header(data, "Content-Type")[0].starts_with("multipart/alternative"));
    let want = message("Ada Lovelace").text;
    assert_eq!(text(data).trim(), want.trim());
}

#[tokio::test]
async fn mails_in_a_row_share_a_connection_and_one_that_the_server_ended_is_replaced() {
    let server = SmtpServer::start(Manner::Accept).await;
    let mailer = to(settings(&server))(TestClock::new());
    for (sent, manner, connections) in [
        (1, Manner::Accept, 1),
        (2, Manner::Accept, 1),
        (3, Manner::CloseAfterMail, 1),
        (4, Manner::Accept, 2),
        (5, Manner::Accept, 2),
    ] {
        server.set(manner);
        mailer.send(&message("Ada")).await.unwrap();
        assert_eq!(
            (server.received().len(), server.connections()),
            (sent, connections)
        );
        // The connection is put back by a task of its own.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_mail_system_that_is_down_for_an_hour_delays_one_mail_with_the_same_token() {
    let server = SmtpServer::start(Manner::Data("451 4.3.0 try later")).await;
    let desk = Desk::new(MailKind::VerifyEmail, to(settings(&server))).await;
    for minute in 0..60 {
        match minute {
            20 => server.set(Manner::Close),
            40 => server.set(Manner::Recipient("450 4.2.0 greylisted")),
            _ => {}
        }
        desk.outbox.run_all().await.unwrap();
        desk.clock.advance(SignedDuration::from_mins(1));
    }
    let waiting = desk.job().await;
    assert_eq!(waiting.state, MailState::Queued);
    assert!(
        waiting.work.attempts > 5 && waiting.work.last_error.is_some(),
        "{waiting:?}"
    );
    assert_eq!(desk.registration().await.mail_trouble, None);
    server.set(Manner::Accept);
    desk.clock.advance(SignedDuration::from_mins(40));
    desk.outbox.run_all().await.unwrap();
    desk.outbox.run_all().await.unwrap();
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    let r = desk.registration().await;
    let token = r.verification.as_ref().unwrap().token(&key(), r.id);
    assert!(text(&mails[0].data).contains(token.expose()));
}

#[tokio::test]
async fn a_process_killed_between_sending_and_recording_sends_the_same_token_again() {
    struct DiesAfter(Arc<dyn Mailer>);
    #[async_trait::async_trait]
    impl Mailer for DiesAfter {
        async fn send(&self, message: &Message) -> Result<(), MailError> {
            self.0.send(message).await?;
            std::future::pending().await
        }
    }
    let server = SmtpServer::start(Manner::Accept).await;
    let mut desk = Desk::new(MailKind::VerifyEmail, to(settings(&server))).await;
    let real = Arc::clone(&desk.outbox.mailer);
    desk.outbox.mailer = Arc::new(DiesAfter(Arc::clone(&real)));
    let doomed = desk.outbox.clone();
    let task = tokio::spawn(async move { doomed.run_once().await });
    while server.received().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    task.abort();
    desk.outbox.mailer = real;
    assert!(!desk.outbox.run_once().await.unwrap(), "the lease holds");
    desk.clock.advance(SignedDuration::from_mins(3));
    assert!(desk.outbox.run_once().await.unwrap());
    let mails = server.received();
    assert_eq!(mails.len(), 2);
    let link = |data: &str| {
        let text = text(data);
        text.lines()
            .find(|l| l.contains("?token="))
            .map(str::to_owned)
    };
    assert!(link(&mails[0].data).is_some());
    assert_eq!(link(&mails[0].data), link(&mails[1].data));
    assert_eq!(
        header(&mails[0].data, "Message-ID"),
        header(&mails[1].data, "Message-ID")
    );
}

#[tokio::test]
async fn a_registration_that_is_being_worked_on_is_woken_when_it_is_put_down() {
    let server = SmtpServer::start(Manner::Accept).await;
    let desk = Desk::new(MailKind::VerifyEmail, to(settings(&server))).await;
    let now = desk.clock.now();
    let mut r = desk.registration().await;
    r.work.lease = Some(Lease {
        owner: WorkerId("saga".into()),
        until: now + SignedDuration::from_secs(60),
    });
    let mut r = desk.store.update_registration(r).await.unwrap();
    let outbox = desk.outbox.clone();
    let sending = tokio::spawn(async move { outbox.run_once().await });
    while server.received().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    r.work.settle(Some(now + SignedDuration::from_secs(30)));
    desk.store.update_registration(r).await.unwrap();
    assert!(sending.await.unwrap().unwrap());
    assert_eq!(desk.registration().await.work.due_at, Some(now));
}

#[tokio::test]
async fn a_refusal_is_seen_in_the_registration_and_ends_the_mail() {
    let server = SmtpServer::start(Manner::Recipient("550 5.1.1 no such \x1b[31muser")).await;
    let desk = Desk::new(MailKind::VerifyEmail, to(settings(&server))).await;
    desk.outbox.run_all().await.unwrap();
    let MailState::Failed { reason, .. } = desk.job().await.state else {
        panic!("{:?}", desk.job().await.state)
    };
    assert!(
        reason.contains("550") && reason.contains("no such"),
        "{reason}"
    );
    assert!(!reason.chars().any(char::is_control));
    let r = desk.registration().await;
    assert_eq!(r.mail_trouble.unwrap().message, reason);
    assert_eq!(r.work.due_at, Some(desk.clock.now()));
}

#[tokio::test]
async fn a_mail_that_nobody_takes_for_three_days_is_given_up_aloud() {
    let server = SmtpServer::start(Manner::Data("451 4.3.0 try later")).await;
    let desk = Desk::new(MailKind::Welcome, to(settings(&server))).await;
    for _ in 0..73 {
        desk.outbox.run_all().await.unwrap();
        desk.clock.advance(SignedDuration::from_hours(1));
    }
    assert!(matches!(desk.job().await.state, MailState::Failed { .. }));
    let trouble = desk.registration().await.mail_trouble.unwrap();
    assert!(trouble.message.contains("451"), "{}", trouble.message);
}

#[tokio::test]
async fn a_mail_whose_proof_is_used_replaced_or_gone_is_never_sent() {
    for case in 0..4 {
        let server = SmtpServer::start(Manner::Accept).await;
        let desk = Desk::new(MailKind::VerifyEmail, to(settings(&server))).await;
        let mut r = desk.registration().await;
        match case {
            0 => r.prove_address(desk.clock.now()),
            1 => r.verification.as_mut().unwrap().resends += 1,
            2 => r.verification = None,
            _ => {}
        }
        let want = if case == 3 {
            desk.store.delete_registration(&r).await.unwrap();
            "registration is gone"
        } else {
            desk.store.update_registration(r).await.unwrap();
            "superseded"
        };
        desk.outbox.run_all().await.unwrap();
        let at = desk.clock.now();
        assert_eq!(
            desk.job().await.state,
            MailState::Failed {
                at,
                reason: want.into()
            }
        );
        assert!(server.received().is_empty());
    }
}

#[tokio::test]
async fn a_login_code_is_sent_while_it_works_and_not_after() {
    for (late, is_sent) in [(599, true), (600, false)] {
        let server = SmtpServer::start(Manner::Accept).await;
        let now = TestClock::new().now();
        let kind = MailKind::LoginCode {
            challenge: uuid::Uuid::from_u128(3),
            expires_at: now + SignedDuration::from_secs(600),
            from: Origin {
                at: now,
                address: "192.0.2.7".into(),
                device: Device::clean("lynx"),
            },
        };
        let desk = Desk::new(kind, to(settings(&server))).await;
        desk.clock.advance(SignedDuration::from_secs(late));
        desk.outbox.run_all().await.unwrap();
        assert_eq!(server.received().len(), usize::from(is_sent), "{late}");
        assert_eq!(desk.registration().await.mail_trouble, None);
    }
}

#[tokio::test]
async fn the_reviewers_no_reaches_a_registration_that_has_failed() {
    let server = SmtpServer::start(Manner::Accept).await;
    let kind = MailKind::Rejected {
        reason: "not now".into(),
    };
    let desk = Desk::new(kind, to(settings(&server))).await;
    let mut r = desk.registration().await;
    r.fail("rejected", "no", desk.clock.now()).unwrap();
    r.conclude(desk.clock.now(), desk.clock.now());
    assert!(matches!(r.stage, Stage::Failed { .. }));
    desk.store.update_registration(r).await.unwrap();
    desk.outbox.run_all().await.unwrap();
    assert!(text(&server.received()[0].data).contains("> not now"));
}

#[tokio::test]
async fn names_and_reasons_can_add_no_header_and_no_recipient() {
    assert!(DisplayName::parse("Ada\r\nBcc: x@example.org").is_err());
    for name in [
        "Ada, \"x\" <x@evil>",
        "=?utf-8?q?=0ABcc:_x?=",
        "Ada 🚀 Bcc: x",
        "a\\\"b;()",
        ".",
    ] {
        let server = SmtpServer::start(Manner::Accept).await;
        let settings = settings(&server);
        let sender = to(settings)(TestClock::new());
        let mut mail = message(name);
        mail.to_name = DisplayName::parse(name).ok();
        sender.send(&mail).await.unwrap();
        let got = &server.received()[0];
        assert_eq!(got.to, "RCPT TO:<ada@example.org>");
        let parsed = mail_parser::MessageParser::default()
            .parse(got.data.as_bytes())
            .unwrap();
        let to: Vec<_> = parsed.to().unwrap().iter().collect();
        assert_eq!(to.len(), 1, "{name}: {}", got.data);
        assert_eq!(to[0].address(), Some("ada@example.org"), "{name}");
        assert!(parsed.bcc().is_none() && parsed.cc().is_none());
        mail.subject = "x\r\nBcc: y@example.org".into();
        assert!(matches!(
            sender.send(&mail).await,
            Err(MailError::Refused(_))
        ));
    }
}

#[tokio::test]
async fn starttls_is_required_where_it_is_configured() {
    let server = SmtpServer::start(Manner::Accept).await;
    let settings = MailSettings {
        tls: SmtpTls::Starttls,
        ..settings(&server)
    };
    let sent = to(settings)(TestClock::new()).send(&message("Ada")).await;
    assert!(matches!(sent, Err(MailError::Transient(_))), "{sent:?}");
    assert!(server.received().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_left_after_twenty_seconds() {
    let server = SmtpServer::start(Manner::Hang).await;
    let began = tokio::time::Instant::now();
    let sent = to(settings(&server))(TestClock::new())
        .send(&message("Ada"))
        .await;
    assert!(matches!(sent, Err(MailError::Transient(_))), "{sent:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(21));
}

#[tokio::test]
async fn bounces_go_to_an_address_that_names_the_mail() {
    let server = SmtpServer::start(Manner::Accept).await;
    let settings = MailSettings {
        bounce_maildir: Some("/nowhere".into()),
        ..settings(&server)
    };
    let mail = message("Ada");
    to(settings)(TestClock::new()).send(&mail).await.unwrap();
    let want = format!("FROM:<registrar+{}@tilde.example>", mail.id);
    assert!(
        server.received()[0].from.contains(&want),
        "{}",
        server.received()[0].from
    );
}

#[test]
fn a_community_name_with_a_line_break_is_refused_at_start() {
    let mut community = community();
    community.name = "Tilde\r\nBcc: x@example.org".into();
    assert!(mailer(&MailSettings::default(), &community, TestClock::new()).is_err());
}
