//! Signing up, the work that is due, and the mails.

use super::*;

impl App {
    pub fn wait(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    /// Does all that is due, and takes the part of the outbox: every mail counts as sent.
    pub async fn run(&self) {
        for _ in 0..3 {
            self.auth.finish_background().await;
            self.saga.run_all().await.unwrap();
            self.host_side.run_all().await.unwrap();
            self.host_groups.run_all().await.unwrap();
            self.send_mails().await;
            self.wait(31);
        }
        self.saga.run_all().await.unwrap();
    }

    /// Takes the part of the outbox: every mail that is due counts as sent.
    pub async fn send_mails(&self) {
        let now = self.clock.now();
        let wish = LeaseRequest {
            owner: WorkerId("test".into()),
            now,
            until: now,
        };
        while let Some(mut mail) = self.world.store.lease_mail(&wish).await.unwrap() {
            self.sent.lock().unwrap().push(mail.clone());
            mail.state = MailState::Sent { at: now };
            mail.work.settle(None);
            self.world.store.update_mail(mail).await.unwrap();
        }
    }

    /// The mails by which a member was told of changed credentials.
    pub async fn told_of_changes(&self, name: &str) -> Vec<MailJob> {
        self.send_mails().await;
        let id = self.user(name).await.id;
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .filter(|m| m.registration == id)
            .filter(|m| matches!(m.kind, MailKind::CredentialChanged { .. }))
            .cloned()
            .collect()
    }

    /// The words for the mails that went out about a registration, in their order.
    pub async fn sent_about(&self, name: &str) -> Vec<&'static str> {
        self.send_mails().await;
        let name = Username::parse(name).unwrap();
        let found = self.world.store.registration_by_username(&name).await;
        let id = found.unwrap().unwrap().id;
        let sent = self.sent.lock().unwrap();
        let about = sent.iter().filter(|m| m.registration == id);
        about.map(|m| m.kind.name()).collect()
    }

    /// The token of a registration's receipt.
    pub async fn receipt_of(&self, name: &str) -> String {
        let name = Username::parse(name).unwrap();
        let found = self.world.store.registration_by_username(&name).await;
        let id = found.unwrap().unwrap().id;
        self.registrar.receipt_token(id).expose().to_owned()
    }

    /// A registration by the API.
    pub async fn register(&self, name: &str) -> Answer {
        let answer = self.post("/api/auth/register", sign_up(name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer
    }

    /// What stands in the mail: token and code.
    pub async fn mail_of(&self, name: &str) -> (String, String) {
        let name = Username::parse(name).unwrap();
        let store = &self.world.store;
        let found = store
            .registration_by_username(&name)
            .await
            .unwrap()
            .unwrap();
        let proof = found.verification.as_ref().expect("no mail was sent");
        (
            proof.token(&self.world.key, found.id).expose().to_owned(),
            proof.code(&self.world.key, found.id).expose().to_owned(),
        )
    }

    pub async fn status_of(&self, name: &str) -> Value {
        self.get(&format!("/api/auth/status/registration/{name}"))
            .await
            .json()
    }
}

pub fn sign_up(name: &str) -> Value {
    json!({
        "username": name,
        "displayName": "Ada Lovelace",
        "personalEmail": format!("{name}@example.org"),
        "password": PASSWORD,
    })
}
