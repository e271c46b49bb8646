//! Mail over TLS, with a log-in, to a server whose certificate an authority of the community's own
//! has signed.

mod mail_support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mail_support::authority::Authority;
use mail_support::smtp_server::{Manner, Security, SmtpServer};
use mail_support::{TestClock, community, job, key, registration};
use registrar_web::config::{MailSettings, SmtpTls};
use registrar_web::domain::MailKind;
use registrar_web::mail::{compose, mailer};
use registrar_web::ports::{Clock, MailError};

const NAME: &str = "registrar";
const PASSWORD: &str = "a pass phrase nobody sees";
const HERE: &str = "IP:127.0.0.1";

struct Client {
    directory: tempfile::TempDir,
    settings: MailSettings,
}

impl Client {
    fn of(server: &SmtpServer, tls: SmtpTls, ca_file: Option<&Path>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut client = Self {
            settings: MailSettings {
                port: server.address.port(),
                tls,
                ca_file: ca_file.map(Path::to_owned),
                username: Some(NAME.into()),
                ..MailSettings::default()
            },
            directory,
        };
        client.set_password(PASSWORD);
        client
    }

    fn set_password(&mut self, password: &str) {
        let file = self.directory.path().join("password");
        std::fs::write(&file, password).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        self.settings.password_file = Some(file);
    }

    async fn send(&self) -> Result<(), MailError> {
        let clock = TestClock::new();
        let r = registration(clock.now(), "Ada");
        let job = job(&r, MailKind::Welcome, clock.now());
        let mail = compose(&job, &r, &key(), &community()).unwrap();
        let mailer = mailer(&self.settings, &community(), clock).unwrap();
        mailer.send(&mail).await
    }
}

#[tokio::test]
async fn a_mail_goes_over_tls_and_with_a_login_to_a_server_of_ones_own_authority() {
    let authority = Authority::new();
    for (tls, security) in [
        (
            SmtpTls::Starttls,
            Security::Starttls(authority.server(HERE), NAME, PASSWORD),
        ),
        (
            SmtpTls::Implicit,
            Security::Implicit(authority.server(HERE), NAME, PASSWORD),
        ),
    ] {
        let server = SmtpServer::secured(Manner::Accept, security).await;
        let client = Client::of(&server, tls, Some(&authority.file()));
        client.send().await.unwrap();
        let received = server.received();
        assert_eq!(received.len(), 1, "{tls:?}");
        assert!(received[0].secured && received[0].to.contains("ada@example.org"));
        let commands = server.commands();
        let plain: Vec<_> = commands.iter().filter(|c| c.starts_with("plain")).collect();
        match tls {
            SmtpTls::Starttls => assert!(
                plain.len() == 2 && plain[0].contains("EHLO") && plain[1].contains("STARTTLS"),
                "only these go before TLS: {plain:?}"
            ),
            _ => assert!(plain.is_empty(), "{plain:?}"),
        }
        assert!(commands.iter().any(|c| c.starts_with("tls AUTH PLAIN")));
    }
}

#[tokio::test]
async fn a_server_that_can_not_prove_its_name_gets_neither_password_nor_mail() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (ours_file, other_file) = (ours.file(), other.file());
    for (name, trusted) in [
        // Signed by nobody whom the system trusts.
        (HERE, None),
        // Signed by another authority than the one that is trusted.
        (HERE, Some(other_file.as_path())),
        // Of another server.
        ("DNS:mail.example.org", Some(ours_file.as_path())),
    ] {
        let security = Security::Starttls(ours.server(name), NAME, PASSWORD);
        let server = SmtpServer::secured(Manner::Accept, security).await;
        let error = Client::of(&server, SmtpTls::Starttls, trusted).send().await;
        assert!(matches!(error, Err(MailError::Transient(_))), "{error:?}");
        assert!(server.received().is_empty(), "{name} {trusted:?}");
        let commands = server.commands();
        assert!(commands.iter().all(|c| !c.contains("AUTH")), "{commands:?}");
    }
}

#[tokio::test]
async fn a_password_that_is_refused_is_an_admins_business_and_is_not_repeated() {
    let authority = Authority::new();
    let security = Security::Starttls(authority.server(HERE), NAME, PASSWORD);
    let server = SmtpServer::secured(Manner::Accept, security).await;
    let mut client = Client::of(&server, SmtpTls::Starttls, Some(&authority.file()));
    client.set_password("the wrong pass phrase");
    let error = client.send().await.unwrap_err();
    // The mail waits: nothing is wrong with it.
    assert!(matches!(error, MailError::Transient(_)), "{error}");
    assert!(error.to_string().contains("535"), "{error}");
    assert!(!error.to_string().contains("pass phrase"), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn authorities_that_can_not_be_read_stop_the_start_and_name_the_setting() {
    let server = SmtpServer::start(Manner::Accept).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    for content in [
        None,
        Some(""),
        Some("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
    ] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let client = Client::of(&server, SmtpTls::Starttls, Some(&file));
        let clock = TestClock::new();
        let error = mailer(&client.settings, &community(), clock).err().unwrap();
        let said = error.to_string();
        assert!(
            said.contains("mail.ca_file") && said.contains("ca.pem"),
            "{said}"
        );
    }
}
