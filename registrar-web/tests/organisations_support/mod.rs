//! What the tests about organisations share.
#![allow(dead_code, reason = "each test program uses its part")]

use http::Method;
use registrar_web::domain::*;
use serde_json::{Value, json};

use crate::http_support::{Answer, App, Held, sign_up};

pub(crate) const OWN: &str = "/api/organization";
pub(crate) const ALL: &str = "/api/organizations";

impl App {
    pub(crate) async fn invite_as(&self, held: &Held, body: Value) -> Answer {
        let path = "/api/invites/create";
        self.as_member_with(Method::POST, path, &held.access, body)
            .await
    }

    /// An invite by the admins of the host.
    pub(crate) async fn host_invite(&self, body: Value) -> Value {
        let path = "/api/invites/create";
        let made = self.as_admin(Method::POST, path, Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    }

    /// Signs up with an invite, and goes all the way.
    pub(crate) async fn accept(&self, invite: &Value, name: &str) {
        let mut form = sign_up(name);
        form["token"] = invite["token"].clone();
        let answer = self.post("/api/invites/accept", form).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        self.run().await;
        let (token, _) = self.mail_of(name).await;
        let proof = json!({ "token": token });
        let proven = self.post("/api/auth/verify-email", proof).await;
        assert_eq!(proven.status, 200, "{}", proven.text);
        self.run().await;
        self.host_groups.run_all().await.unwrap();
        assert_eq!(self.user_of(name).await.state, UserState::Active);
    }

    /// An organisation of that name, and who runs it, logged in.
    pub(crate) async fn organisation(&self, called: &str, admin: &str) -> (OrganisationId, Held) {
        let body = json!({
            "role": "client_admin",
            "email": format!("{admin}@example.org"),
            "organization": {"name": called},
        });
        let invite = self.host_invite(body).await;
        self.accept(&invite, admin).await;
        let id = self.user_of(admin).await.organisation.unwrap();
        (id, self.login(admin).await)
    }

    /// A plain member, invited by who runs the organisation.
    pub(crate) async fn guest_of(&self, held: &Held, name: &str) -> UserId {
        let made = self.invite_as(held, json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        self.accept(&made.json(), name).await;
        self.user_of(name).await.id
    }

    pub(crate) async fn own_organisation(&self, held: &Held) -> Value {
        let answer = self.as_member(Method::GET, OWN, &held.access).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Who is in the group on the host.
    pub(crate) fn in_group(&self, slug: &str) -> Vec<String> {
        let groups = self.host.groups.lock().unwrap();
        let members = groups.get(slug).map(|(group, _)| group.members.clone());
        let members = members.unwrap_or_default();
        members.iter().map(ToString::to_string).collect()
    }

    /// Lets the host's groups follow.
    pub(crate) async fn follow(&self) {
        self.host_groups.run_all().await.unwrap();
    }
}

/// The user names of a page.
pub(crate) fn names(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.text);
    let page = page.json();
    let items = page["items"].as_array().unwrap();
    let name = |item: &Value| item["username"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}
