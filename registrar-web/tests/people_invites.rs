//! Bringing people in.

mod http_support;
mod people_support;

use http::Method;
use http_support::{Answer, App, Held, config, sign_up};
use registrar_web::config::Config;
use registrar_web::domain::*;
use registrar_web::ports::{MailError, Mailer, Message};
use serde_json::{Value, json};

const CREATE: &str = "/api/invites/create";
const ACCEPT: &str = "/api/invites/accept";

async fn invite(app: &App, held: &Held, body: Value) -> Answer {
    app.as_member_with(Method::POST, CREATE, &held.access, body)
        .await
}

/// By the admins of the host.
async fn host_invite(app: &App, body: Value) -> Value {
    let made = app.as_admin(Method::POST, CREATE, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

fn accept(token: &Value, name: &str) -> Value {
    let mut form = sign_up(name);
    form["token"] = token.clone();
    form
}

async fn details(app: &App, token: &Value) -> Answer {
    let path = format!("/api/invites/details/{}", token.as_str().unwrap());
    app.get(&path).await
}

async fn state_of(app: &App, token: &Value) -> String {
    let shown = details(app, token).await.json();
    shown["state"].as_str().unwrap().to_owned()
}

async fn verify(app: &App, name: &str) {
    app.run().await;
    let (token, _) = app.mail_of(name).await;
    let proof = app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    assert_eq!(proof.status, 200, "{}", proof.text);
    app.run().await;
    assert_eq!(app.user_of(name).await.state, UserState::Active);
}

async fn list(app: &App, held: &Held, query: &str) -> Vec<Value> {
    let path = format!("/api/invites/list?{query}");
    let answer = app.as_member(Method::GET, &path, &held.access).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

fn by_invite() -> Config {
    let mut config = config();
    config.registration.mode = Mode::Invite;
    config
}

#[tokio::test]
async fn the_table_says_who_may_invite_whom() {
    let app = App::new();
    let (_, held) = app.member_as("eve", Role::SuperAdmin).await;
    for own in Role::ALL {
        app.give_role("eve", own).await;
        for role in Role::ALL {
            let may = match own {
                Role::SuperAdmin => {
                    matches!(role, Role::SiteAdmin | Role::Operator | Role::ClientAdmin)
                }
                Role::SiteAdmin => matches!(role, Role::Operator | Role::ClientAdmin),
                Role::Operator => role == Role::ClientAdmin,
                Role::ClientAdmin | Role::ClientUser => false,
            };
            // Plain members are brought in by operators and higher roles.
            let may = may || role == Role::ClientUser && own.is_at_least(Role::Operator);
            let email = format!("{}-{}@example.org", own as u8, role as u8);
            let mut body = json!({"email": email, "role": role.as_str()});
            if role == Role::ClientAdmin {
                body["organization"] = json!({"name": format!("Acme {}", own as u8)});
            }
            let answer = invite(&app, &held, body).await;
            let want = if may { 201 } else { 403 };
            assert_eq!(answer.status, want, "{own:?} {role:?}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn the_table_is_configuration() {
    let mut config = config();
    config.roles.may_invite.operator = Vec::new();
    config.roles.may_invite.site_admin = vec![Role::ClientAdmin];
    let app = App::with(config);
    let (_, held) = app.member_as("eve", Role::SiteAdmin).await;
    let ask = async |role: &str| {
        let mut body = json!({"email": format!("{role}@example.org"), "role": role});
        if role == "client_admin" {
            body["organization"] = json!({"name": "Acme"});
        }
        invite(&app, &held, body).await.status.as_u16()
    };
    assert_eq!(ask("operator").await, 403);
    assert_eq!(ask("client_admin").await, 201);
    app.give_role("eve", Role::Operator).await;
    assert_eq!(ask("client_admin").await, 403);
}

#[tokio::test]
async fn who_accepts_gets_the_role_and_is_known_as_the_inviter_s_guest() {
    let app = App::with(by_invite());
    let (eve, held) = {
        let token = host_invite(&app, json!({})).await["token"].clone();
        assert_eq!(app.post(ACCEPT, accept(&token, "eve")).await.status, 201);
        verify(&app, "eve").await;
        app.give_role("eve", Role::SiteAdmin).await;
        (app.user_of("eve").await.id, app.login("eve").await)
    };
    let body = json!({"email": "Grace@Example.org", "role": "operator", "message": "Join us!"});
    let made = invite(&app, &held, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    let answer = app.post(ACCEPT, accept(&made["token"], "grace")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        answer.header("location"),
        "/api/auth/status/registration/grace"
    );
    assert_eq!(state_of(&app, &made["token"]).await, "claimed");
    assert_eq!(list(&app, &held, "").await[1]["underWay"], 1);
    verify(&app, "grace").await;
    assert_eq!(state_of(&app, &made["token"]).await, "used");

    let grace = app.user_of("grace").await;
    assert_eq!(grace.role, Role::Operator);
    let path = format!("/api/users/{}", grace.id);
    let shown = app.as_admin(Method::GET, &path, None).await.json();
    assert_eq!(
        shown["sponsor"],
        json!({"id": eve.to_string(), "username": "eve"})
    );

    let listed = list(&app, &held, "mine=true").await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        listed[0]["acceptedBy"],
        json!([{"id": grace.id.to_string(), "username": "grace"}])
    );
    assert_eq!(listed[0]["state"], "used");
    assert_eq!(listed[0]["mail"], "sent");
    // Who made it is told.
    let key = format!("invite-accepted:{}", grace.id);
    let mail = app.world.store.mail_by_key(&key).await.unwrap().unwrap();
    assert_eq!(mail.to.to_string(), "eve@example.org");

    let accepted = app.audit_of(Action::InviteAccepted).await;
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[0].actor.name(), "grace");
    assert_eq!(accepted[0].subject.as_ref().unwrap().name, "eve");
    assert_eq!(app.audit_of(Action::InviteCreated).await.len(), 2);
}

#[tokio::test]
async fn opening_the_link_spends_nothing_however_often() {
    let app = App::with(by_invite());
    let made = host_invite(
        &app,
        json!({"email": "grace@example.org", "role": "operator", "message": "Join us!"}),
    )
    .await;
    let token = &made["token"];
    let path = format!("/api/invites/details/{}", token.as_str().unwrap());
    for method in [
        Method::HEAD,
        Method::GET,
        Method::GET,
        Method::GET,
        Method::GET,
        Method::GET,
    ] {
        let answer = app.request(method, &path, &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let link = made["url"].as_str().unwrap();
    let page = link.strip_prefix("http://127.0.0.1:3000").unwrap();
    for _ in 0..3 {
        assert_eq!(app.get(page).await.status, 200);
    }
    let shown = details(&app, token).await.json();
    assert_eq!(
        shown,
        json!({
            "state": "open",
            "role": "operator",
            "email": "g…@example.org",
            "message": "Join us!",
            "inviter": null, "organization": null,
            "community": "Tilde Town",
            "expiresAt": made["expiresAt"],
        })
    );
    // Accepting is a POST.
    let wrong = app.get(ACCEPT).await;
    assert_eq!(wrong.status, 405);
    assert_eq!(app.post(ACCEPT, accept(token, "grace")).await.status, 201);
    for unknown in ["x", "", &"A".repeat(43)] {
        let answer = app.get(&format!("/api/invites/details/{unknown}")).await;
        assert_eq!(answer.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_failed_registration_gives_its_invite_back() {
    let app = App::with(by_invite());
    let token = host_invite(&app, json!({})).await["token"].clone();
    // Refused at the door: it is not even claimed.
    let mut bad = accept(&token, "ada");
    bad["password"] = json!("short");
    assert_eq!(app.post(ACCEPT, bad).await.status, 422);
    assert_eq!(state_of(&app, &token).await, "open");
    // Never verified: taken back.
    assert_eq!(app.post(ACCEPT, accept(&token, "ada")).await.status, 201);
    assert_eq!(state_of(&app, &token).await, "claimed");
    let second = app.post(ACCEPT, accept(&token, "eve")).await;
    assert_eq!(second.errors(), ["token:unusable"]);
    app.run().await;
    app.wait(25 * 3600);
    app.run().await;
    assert_eq!(state_of(&app, &token).await, "open");
    assert_eq!(app.post(ACCEPT, accept(&token, "eve")).await.status, 201);
    verify(&app, "eve").await;
    let third = app.post(ACCEPT, accept(&token, "joan")).await;
    assert_eq!(third.errors(), ["token:unusable"]);
}

#[tokio::test]
async fn of_many_at_once_a_single_one_takes_one_and_one_for_five_takes_five() {
    let app = App::with(by_invite());
    for (uses, token) in [
        (1, host_invite(&app, json!({})).await["token"].clone()),
        (
            5,
            host_invite(&app, json!({"uses": 5})).await["token"].clone(),
        ),
    ] {
        let all = (0..12).map(|n| {
            let (app, form) = (&app, accept(&token, &format!("ada{uses}x{n}")));
            async move { app.post(ACCEPT, form).await }
        });
        let answers = futures_util::future::join_all(all).await;
        let taken = answers.iter().filter(|a| a.status == 201).count();
        assert_eq!(taken, uses);
        for refused in answers.iter().filter(|a| a.status != 201) {
            assert_eq!(refused.errors(), ["token:unusable"], "{}", refused.text);
        }
        assert_eq!(state_of(&app, &token).await, "claimed");
    }
    // Those who were refused hold no name.
    let taken = app.get("/api/auth/status/check-username/ada1x0").await;
    let others = app.get("/api/auth/status/check-username/ada1x11").await;
    assert!(
        taken.json()["available"] == true || others.json()["available"] == true,
        "eleven names are free"
    );
}

#[tokio::test]
async fn a_bound_invite_is_for_its_address_alone() {
    let app = App::with(by_invite());
    let made = host_invite(
        &app,
        json!({"email": "grace@example.org", "role": "site_admin"}),
    )
    .await;
    let token = &made["token"];
    let refused = app.post(ACCEPT, accept(token, "eve")).await;
    assert_eq!(refused.errors(), ["personalEmail:other-address"]);
    assert!(!refused.text.contains("grace@"), "{}", refused.text);
    assert_eq!(state_of(&app, token).await, "open");
    let mut form = accept(token, "hopper");
    form["personalEmail"] = json!("GRACE@example.ORG");
    assert_eq!(app.post(ACCEPT, form).await.status, 201);
}

#[tokio::test]
async fn a_revoked_or_expired_invite_lets_nobody_in_and_its_mail_is_not_sent() {
    let app = App::with(by_invite());
    let made = host_invite(&app, json!({"email": "grace@example.org"})).await;
    let path = format!("/api/invites/{}/revoke", made["id"].as_str().unwrap());
    assert_eq!(app.as_admin(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(
        app.as_admin(Method::DELETE, &path, None).await.status,
        204,
        "twice"
    );
    assert_eq!(state_of(&app, &made["token"]).await, "revoked");
    let refused = app.post(ACCEPT, accept(&made["token"], "grace")).await;
    assert_eq!(refused.errors(), ["token:unusable"]);
    assert_eq!(app.audit_of(Action::InviteRevoked).await.len(), 1);

    let late = host_invite(&app, json!({"email": "joan@example.org"})).await;
    let outbox = Outbox::over(&app);
    assert_eq!(
        outbox.sent().await,
        ["joan@example.org"],
        "the revoked one's is not"
    );
    app.wait(7 * 24 * 3600);
    assert_eq!(state_of(&app, &late["token"]).await, "expired");
    let refused = app.post(ACCEPT, accept(&late["token"], "joan")).await;
    assert_eq!(refused.errors(), ["token:unusable"]);
    let unknown = "/api/invites/0193a1b2-0000-7000-8000-000000000000/revoke";
    assert_eq!(
        app.as_admin(Method::DELETE, unknown, None).await.status,
        404
    );
}

/// The real outbox, with a double of the mail system.
struct Outbox(registrar_web::outbox::Outbox, std::sync::Arc<Box_>);

#[derive(Default)]
struct Box_(std::sync::Mutex<Vec<Message>>);

#[async_trait::async_trait]
impl Mailer for Box_ {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}

impl Outbox {
    fn over(app: &App) -> Self {
        let messages = std::sync::Arc::new(Box_::default());
        let config = config();
        let outbox = registrar_web::outbox::Outbox {
            store: app.world.store.clone(),
            mailer: messages.clone(),
            clock: app.world.clock.clone(),
            entropy: app.world.entropy.clone(),
            key: app.world.key.clone(),
            community: registrar_web::mail::Community::new(
                &config.community,
                "https://join.tilde.example",
            ),
            registrations_due: app.world.registrations_due.clone(),
            worker: WorkerId("outbox".into()),
        };
        Self(outbox, messages)
    }

    async fn sent(&self) -> Vec<String> {
        self.0.run_all().await.unwrap();
        let messages = self.1.0.lock().unwrap();
        messages.iter().map(|m| m.to.to_string()).collect()
    }
}

#[tokio::test]
async fn the_mail_carries_the_link_that_works_and_no_token_lies_in_the_store() {
    let app = App::with(by_invite());
    let made = host_invite(
        &app,
        json!({"email": "grace@example.org", "role": "operator", "message": "Join us!"}),
    )
    .await;
    let token = made["token"].as_str().unwrap();
    for file in std::fs::read_dir(app.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(43).any(|w| w == token.as_bytes()),
                "{path:?}"
            );
        }
    }
    let outbox = Outbox::over(&app);
    assert_eq!(outbox.sent().await, ["grace@example.org"]);
    let mail = outbox.1.0.lock().unwrap()[0].clone();
    insta::assert_snapshot!(
        "invite.txt",
        format!("Subject: {}\n\n{}", mail.subject, mail.text).replace(token, "TOKEN")
    );
    insta::assert_snapshot!("invite.html", mail.html.replace(token, "TOKEN"));
    assert!(mail.text.contains(&format!("/signup?invite={token}")));
}

#[tokio::test]
async fn who_invited_is_named_in_the_mails() {
    let app = App::new();
    let (_, held) = app.member_as("eve", Role::Operator).await;
    let mut user = app.user_of("eve").await;
    user.display_name = DisplayName::parse("Eve <b>E.</b>").unwrap();
    app.world.store.update_user(user).await.unwrap();
    let made = invite(&app, &held, json!({"email": "grace@example.org"}))
        .await
        .json();
    let outbox = Outbox::over(&app);
    outbox.sent().await;
    let mail = outbox.1.0.lock().unwrap().last().unwrap().clone();
    assert!(
        mail.text.contains("Eve <b>E.</b> (eve) invites you"),
        "{}",
        mail.text
    );
    assert!(!mail.html.contains("<b>E."), "{}", mail.html);
    app.post(ACCEPT, accept(&made["token"], "grace")).await;
    verify(&app, "grace").await;
    // The other double has taken the mail; make it again.
    let key = format!("invite-accepted:{}", app.user_of("grace").await.id);
    let job = app.world.store.mail_by_key(&key).await.unwrap().unwrap();
    let registration = app
        .world
        .store
        .registration(job.registration)
        .await
        .unwrap()
        .unwrap();
    let community = &outbox.0.community;
    let mail =
        registrar_web::mail::compose(&job, &registration, &app.world.key, community).unwrap();
    insta::assert_snapshot!(
        "invite-accepted.txt",
        format!("Subject: {}\n\n{}", mail.subject, mail.text)
    );
}

#[tokio::test]
async fn what_is_asked_for_is_judged() {
    let app = App::new();
    let long = "x".repeat(501);
    for (body, errors) in [
        (json!({"role": "admin"}), vec!["role:unknown"]),
        (json!({"role": "operator"}), vec!["email:required"]),
        (json!({"email": "x"}), vec!["email:no-at"]),
        (
            json!({"email": "ada@tilde.example"}),
            vec!["email:own-domain"],
        ),
        (json!({"message": long}), vec!["message:too-long"]),
        (
            json!({"message": "see https://evil.example"}),
            vec!["message:link"],
        ),
        (
            json!({"message": "a\u{7}"}),
            vec!["message:control-character"],
        ),
        (json!({"uses": 0}), vec!["uses:out-of-range"]),
        (json!({"uses": 201}), vec!["uses:out-of-range"]),
        (json!({"uses": -1}), vec!["uses:wrong-type"]),
        (
            json!({"uses": 2, "email": "a@example.org"}),
            vec!["uses:single"],
        ),
        (json!({"inviter": "eve"}), vec!["inviter:unknown-field"]),
        (
            json!({"role": "x", "email": "y", "uses": 0}),
            vec!["role:unknown", "email:no-at", "uses:out-of-range"],
        ),
    ] {
        let answer = app.as_admin(Method::POST, CREATE, Some(body.clone())).await;
        assert_eq!(answer.errors(), errors, "{body}");
    }
    let none = app.post(ACCEPT, sign_up("ada")).await;
    assert_eq!(none.errors(), ["token:required"]);
    let cut = app.post(ACCEPT, accept(&json!("abc"), "ada")).await;
    assert_eq!(cut.errors(), ["token:malformed"]);
    let mut both = accept(&json!("abc"), "ada");
    both["inviteToken"] = json!("abc");
    let both = app.post(ACCEPT, both).await;
    assert_eq!(both.status, 422, "{}", both.text);
}

#[tokio::test]
async fn members_bring_in_as_many_as_they_may_even_at_once() {
    let mut config = config();
    config.invites.members_may_invite = 2;
    let app = App::with(config);
    let (_, held) = app.member_as("ada", Role::ClientUser).await;
    let at_once = (0..6).map(|_| invite(&app, &held, json!({})));
    let answers = futures_util::future::join_all(at_once).await;
    let made: Vec<Value> = answers
        .iter()
        .filter(|a| a.status == 201)
        .map(Answer::json)
        .collect();
    assert!(made.len() <= 2, "{made:?}");
    let open = list(&app, &held, "state=open").await.len();
    assert_eq!(open, made.len());
    for refused in answers.iter().filter(|a| a.status != 201) {
        assert_eq!(refused.code(), "not-possible-now");
    }
    // However they came, in turn it is two.
    while list(&app, &held, "state=open").await.len() < 2 {
        assert_eq!(invite(&app, &held, json!({})).await.status, 201);
    }
    assert_eq!(invite(&app, &held, json!({})).await.status, 409);
    // One that is taken back counts no more, one that was used does.
    let open = list(&app, &held, "state=open").await;
    let path = format!("/api/invites/{}/revoke", open[0]["id"].as_str().unwrap());
    assert_eq!(
        app.as_member(Method::DELETE, &path, &held.access)
            .await
            .status,
        204
    );
    let third = invite(&app, &held, json!({})).await.json();
    app.post(ACCEPT, accept(&third["token"], "grace")).await;
    verify(&app, "grace").await;
    assert_eq!(
        app.user_of("grace").await.standing.sponsor,
        Some(app.user_of("ada").await.id)
    );
    assert_eq!(invite(&app, &held, json!({})).await.status, 409);
    // Several at once, or another role, is not theirs to give.
    assert_eq!(invite(&app, &held, json!({"uses": 2})).await.status, 403);
    let body = json!({"email": "x@example.org", "role": "client_admin"});
    assert_eq!(invite(&app, &held, body).await.status, 403);
}

#[tokio::test]
async fn where_members_may_not_invite_they_are_told_so() {
    let app = App::new();
    let (_, held) = app.member_as("ada", Role::ClientUser).await;
    let refused = invite(&app, &held, json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (403, "forbidden")
    );
    assert!(list(&app, &held, "").await.is_empty());
}

#[tokio::test]
async fn the_invites_of_someone_who_lost_the_right_let_nobody_in() {
    let app = App::new();
    let (eve, held) = app.member_as("eve", Role::SiteAdmin).await;
    let body = json!({"email": "grace@example.org", "role": "operator"});
    let made = invite(&app, &held, body).await.json();
    let form = accept(&made["token"], "grace");
    app.give_role("eve", Role::Operator).await;
    let refused = app.post(ACCEPT, form.clone()).await;
    assert_eq!(
        refused.errors(),
        ["token:unusable"],
        "may not give that role now"
    );
    app.give_role("eve", Role::SiteAdmin).await;
    let path = format!("/api/users/{eve}/suspend");
    app.as_admin(Method::POST, &path, Some(json!({"reason": "x"})))
        .await;
    let refused = app.post(ACCEPT, form.clone()).await;
    assert_eq!(refused.errors(), ["token:unusable"], "is suspended");
    let path = format!("/api/users/{eve}/resume");
    app.as_admin(Method::POST, &path, None).await;
    assert_eq!(app.post(ACCEPT, form).await.status, 201);
}

#[tokio::test]
async fn invites_are_seen_and_taken_back_by_who_made_them_and_by_higher_roles() {
    let mut config = config();
    config.invites.members_may_invite = 9;
    let app = App::with(config);
    let (_, adas) = app.member_as("ada", Role::ClientUser).await;
    let (_, eves) = app.member_as("eve", Role::ClientUser).await;
    let (_, grace) = app.member_as("grace", Role::Operator).await;
    let of_ada = invite(&app, &adas, json!({})).await.json();
    let body = json!({"email": "x@example.org", "role": "operator"});
    let of_host = host_invite(&app, body).await;
    assert_eq!(list(&app, &adas, "").await.len(), 1);
    assert!(list(&app, &eves, "").await.is_empty());
    assert_eq!(list(&app, &grace, "").await.len(), 2);
    assert!(list(&app, &grace, "mine=true").await.is_empty());
    let revoke = |held: &Held, made: &Value| {
        let path = format!("/api/invites/{}/revoke", made["id"].as_str().unwrap());
        let (app, access) = (&app, held.access.clone());
        async move {
            app.as_member(Method::DELETE, &path, &access)
                .await
                .status
                .as_u16()
        }
    };
    assert_eq!(revoke(&eves, &of_ada).await, 404, "as if there were none");
    assert_eq!(revoke(&eves, &of_host).await, 404);
    assert_eq!(revoke(&grace, &of_host).await, 403, "to her own role");
    assert_eq!(revoke(&grace, &of_ada).await, 204);
    assert_eq!(list(&app, &adas, "").await[0]["revokedBy"], "grace");
    for query in ["state=x", "mine=x", "inviter=ada", "limit=x"] {
        let path = format!("/api/invites/list?{query}");
        let answer = app.as_member(Method::GET, &path, &adas.access).await;
        assert_eq!(answer.status, 422, "{query}");
    }
}

#[tokio::test]
async fn a_used_invite_can_t_be_taken_back_and_a_claimed_one_s_registration_goes_on() {
    let app = App::new();
    let made = host_invite(&app, json!({})).await;
    let path = format!("/api/invites/{}/revoke", made["id"].as_str().unwrap());
    app.post(ACCEPT, accept(&made["token"], "ada")).await;
    assert_eq!(app.as_admin(Method::DELETE, &path, None).await.status, 204);
    verify(&app, "ada").await;
    assert_eq!(state_of(&app, &made["token"]).await, "used");

    let made = host_invite(&app, json!({})).await;
    let path = format!("/api/invites/{}/revoke", made["id"].as_str().unwrap());
    app.post(ACCEPT, accept(&made["token"], "eve")).await;
    verify(&app, "eve").await;
    let refused = app.as_admin(Method::DELETE, &path, None).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (409, "not-possible-now")
    );
}

#[tokio::test]
async fn a_stranger_s_mailbox_is_not_flooded_with_invites() {
    let app = App::new();
    for _ in 0..8 {
        host_invite(&app, json!({"email": "grace@example.org"})).await;
    }
    let outbox = Outbox::over(&app);
    assert_eq!(outbox.sent().await.len(), 5);
}
