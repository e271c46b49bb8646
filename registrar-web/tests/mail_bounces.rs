//! Mails that come back.

mod mail_support;

use std::path::Path;

use mail_support::Desk;
use mail_support::smtp_server::{Manner, SmtpServer};
use proptest::prelude::*;
use registrar_web::domain::{MailKind, MailState};
use registrar_web::outbox::bounces::{Fate, parse};
use registrar_web::ports::Clock;

/// As Postfix writes it.
fn report(to: &str, action: &str) -> String {
    format!(
        "Return-Path: <>\nDelivered-To: {to}\nFrom: MAILER-DAEMON@mx.example (Mail Delivery System)\n\
         To: {to}\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\
         \tboundary=\"B1\"\n\n--B1\nContent-Description: Notification\nContent-Type: text/plain\n\n\
         I'm sorry.\n\n--B1\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example\nArrival-Date: Sun,  1 Mar 2026 12:00:00 +0000 (UTC)\n\n\
         Final-Recipient: rfc822; ada@example.org\nOriginal-Recipient: rfc822;ada@example.org\n\
         Action: {action}\nStatus: 5.1.1\nRemote-MTA: dns; mail.example.org\n\
         Diagnostic-Code: smtp; 550 5.1.1 <ada@example.org>: user\n    unknown here\n\n\
         --B1\nContent-Type: message/rfc822\n\nSubject: Verify\nAction: delivered\n\nhello\n\n--B1--\n"
    )
}

fn maildir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for sub in ["new", "cur", "tmp"] {
        std::fs::create_dir(dir.path().join(sub)).unwrap();
    }
    dir
}

fn names(dir: &Path) -> Vec<String> {
    let read = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = read
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn sent() -> Desk {
    let server = SmtpServer::start(Manner::Accept).await;
    let settings = registrar_web::config::MailSettings {
        port: server.address.port(),
        ..Default::default()
    };
    let desk = Desk::new(MailKind::VerifyEmail, |clock| {
        registrar_web::mail::mailer(&settings, &mail_support::community(), clock).unwrap()
    })
    .await;
    desk.outbox.run_all().await.unwrap();
    assert!(matches!(desk.job().await.state, MailState::Sent { .. }));
    desk
}

#[tokio::test]
async fn a_mail_that_comes_back_is_seen_in_the_registration() {
    let desk = sent().await;
    let dir = maildir();
    let to = format!("registrar+{}@tilde.example", desk.mail);
    std::fs::write(dir.path().join("new/1.a.host"), report(&to, "failed")).unwrap();
    assert_eq!(desk.outbox.read_bounces(dir.path()).await.unwrap(), 1);
    let reason = "5.1.1 550 5.1.1 <ada@example.org>: user unknown here";
    let at = desk.clock.now();
    assert_eq!(
        desk.job().await.state,
        MailState::Failed {
            at,
            reason: reason.into()
        }
    );
    assert_eq!(
        desk.registration().await.mail_trouble.unwrap().message,
        reason
    );
    assert_eq!(names(&dir.path().join("cur")), ["1.a.host:2,S"]);
    assert!(names(&dir.path().join("new")).is_empty());
    assert_eq!(desk.outbox.read_bounces(dir.path()).await.unwrap(), 0);
}

#[tokio::test]
async fn delays_other_peoples_mail_links_and_noise_change_nothing_and_are_put_away() {
    let desk = sent().await;
    let dir = maildir();
    let new = dir.path().join("new");
    let to = format!("registrar+{}@tilde.example", desk.mail);
    std::fs::write(new.join("1"), report(&to, "delayed")).unwrap();
    std::fs::write(new.join("2"), report("registrar@tilde.example", "failed")).unwrap();
    std::fs::write(new.join("3"), b"\xff\xfe\0 no mail at all").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", new.join("4")).unwrap();
    let other = "registrar+01950000-0000-7000-8000-0000000000ff@tilde.example";
    std::fs::write(new.join("5"), report(other, "failed")).unwrap();
    assert_eq!(desk.outbox.read_bounces(dir.path()).await.unwrap(), 5);
    assert!(matches!(desk.job().await.state, MailState::Sent { .. }));
    assert_eq!(desk.registration().await.mail_trouble, None);
    assert_eq!(names(&dir.path().join("cur")).len(), 5);
}

#[test]
fn action_and_mail_are_read_from_the_report_not_from_the_returned_mail() {
    let id = "01950000-0000-7000-8000-000000000002";
    let bounce = parse(report(&format!("x+{id}@y.example"), "delayed").as_bytes()).unwrap();
    assert_eq!(bounce.fate, Fate::Delayed);
    assert_eq!(bounce.mail.to_string(), id);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_report_damaged_anywhere_is_survived(at in 0usize..1400, len in 0usize..80, with in any::<[u8; 4]>()) {
        let mut bytes =
            report("r+01950000-0000-7000-8000-000000000002@y.example", "failed").into_bytes();
        let start = at.min(bytes.len());
        let end = (start + len).min(bytes.len());
        bytes.splice(start..end, with);
        if let Some(bounce) = parse(&bytes) {
            prop_assert!(bounce.reason.chars().count() <= 200);
            prop_assert!(!bounce.reason.chars().any(char::is_control));
        }
    }
}
