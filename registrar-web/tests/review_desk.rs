//! What reviewers do before they decide: claim, note, ask, be warned.

mod http_support;

use http::Method;
use http_support::{App, config, sign_up};
use registrar_web::domain::Mode;
use serde_json::{Value, json};

struct Desk {
    app: App,
    id: String,
}

impl Desk {
    /// A site in mode `approval` where ada has applied and proven her address, with the reviewers
    /// grace and lin.
    async fn new() -> Self {
        let mut config = config();
        config.registration.mode = Mode::Open;
        let app = App::with(config.clone());
        for name in ["grace", "lin"] {
            let id = app.member(name).await;
            let path = format!("/api/users/{id}/role");
            let body = json!({"role": "operator"});
            let answer = app.as_admin(Method::POST, &path, Some(body)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        config.registration.mode = Mode::Approval;
        let app = app.restart_with(config).await;
        app.register("ada").await;
        app.run().await;
        let id = app.status_of("ada").await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { app, id }
    }

    async fn prove_address(&self) {
        let (token, _) = self.app.mail_of("ada").await;
        let body = json!({ "token": token });
        let answer = self.app.post("/api/auth/verify-email", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.app.run().await;
    }

    /// Asks as one of the reviewers: status and body.
    async fn by(&self, who: &str, method: Method, what: &str, body: Value) -> (u16, Value) {
        let held = self.app.login(who).await;
        let path = format!("/api/admin/registrations/{}/{what}", self.id);
        let answer = self.app.send_as(method, &path, &held.access, body).await;
        (answer.status.as_u16(), answer.json())
    }

    async fn post(&self, who: &str, what: &str, body: Value) -> (u16, Value) {
        self.by(who, Method::POST, what, body).await
    }

    async fn show(&self) -> Value {
        let path = format!("/api/admin/registrations/{}", self.id);
        self.app.as_admin(Method::GET, &path, None).await.json()
    }

    /// `actor action` of each entry about ada, oldest first.
    async fn audit(&self) -> Vec<String> {
        let path = "/api/admin/audit?subject=ada";
        let page = self.app.as_admin(Method::GET, path, None).await.json();
        let lines = page["items"].as_array().unwrap().iter().rev();
        let words = |e: &Value| {
            let (actor, action) = (&e["actor"], &e["action"]);
            let actor = actor["name"].as_str().or(actor["kind"].as_str());
            format!("{} {}", actor.unwrap(), action.as_str().unwrap())
        };
        lines.map(words).collect()
    }
}

#[tokio::test]
async fn an_empty_rejection_is_told_what_it_lacks() {
    let desk = Desk::new().await;
    let (status, problem) = desk.post("grace", "reject", json!({"reason": " "})).await;
    assert_eq!(status, 422);
    let words = "the reason is empty: write 1 to 2000 characters";
    assert_eq!(problem["errors"][0]["message"], words);
    assert_eq!(problem["detail"], "Nothing was done. To be mended: reason.");
}

#[tokio::test]
async fn a_claimed_application_is_decided_by_who_has_it_and_by_nobody_else() {
    let desk = Desk::new().await;
    let (status, body) = desk.post("grace", "claim", json!({})).await;
    assert_eq!(
        (status, &body["case"]["claim"]["by"]),
        (200, &json!("grace"))
    );
    for (what, body) in [
        ("claim", json!({})),
        ("approve", json!({})),
        ("reject", json!({"reason": "no"})),
    ] {
        let (status, body) = desk.post("lin", what, body).await;
        assert_eq!(status, 409, "{what}: {body}");
        let detail = body["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("Grace looks at") || detail.contains("grace"),
            "{detail}"
        );
    }
    assert_eq!(desk.show().await["review"]["state"], "waiting");
    let (status, body) = desk.post("grace", "approve", json!({})).await;
    assert_eq!((status, &body["review"]["by"]), (200, &json!("grace")));
    assert!(body["case"].get("claim").is_none(), "the work is done");
}

#[tokio::test]
async fn a_claim_lapses_and_can_be_taken_over_which_shows() {
    let desk = Desk::new().await;
    desk.post("grace", "claim", json!({})).await;
    let (status, body) = desk.post("lin", "claim", json!({"takeOver": true})).await;
    assert_eq!(status, 200);
    assert_eq!(body["case"]["claim"]["takenFrom"], "grace");
    desk.app.wait(15 * 60 + 1);
    assert!(desk.show().await["case"].get("claim").is_none());
    let (status, body) = desk.post("grace", "claim", json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(body["case"]["claim"]["takenFrom"], "lin");
    // Longer, for the same person, is no news.
    desk.app.wait(60);
    let before = body["case"]["claim"]["until"].clone();
    let (_, body) = desk.post("grace", "claim", json!({})).await;
    assert_ne!(body["case"]["claim"]["until"], before);
    assert_eq!(
        desk.audit().await,
        [
            "grace registration-claimed",
            "lin registration-claimed",
            "grace registration-claimed",
        ]
    );
}

#[tokio::test]
async fn who_gives_a_claim_up_lets_others_at_it() {
    let desk = Desk::new().await;
    desk.post("grace", "claim", json!({})).await;
    let (status, _) = desk.by("lin", Method::DELETE, "claim", json!({})).await;
    assert_eq!(status, 409, "not one's own");
    let (status, body) = desk.by("grace", Method::DELETE, "claim", json!({})).await;
    assert_eq!(status, 200);
    assert!(body["case"].get("claim").is_none());
    let (status, _) = desk.post("lin", "approve", json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(
        desk.audit().await,
        [
            "grace registration-claimed",
            "grace registration-released",
            "lin registration-approved",
        ]
    );
}

#[tokio::test]
async fn notes_are_for_reviewers_and_their_words_are_in_no_log() {
    let desk = Desk::new().await;
    let (status, body) = desk
        .post("grace", "notes", json!({"text": "met her at\nthe harbour"}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(body["case"]["notes"][0]["by"], "grace");
    assert_eq!(body["case"]["notes"][0]["text"], "met her at\nthe harbour");
    let public = desk.app.status_of("ada").await.to_string();
    assert!(!public.contains("harbour"));
    let path = "/api/admin/audit?subject=ada";
    let audit = desk.app.as_admin(Method::GET, path, None).await.text;
    assert!(audit.contains("registration-noted") && !audit.contains("harbour"));
    for (text, code) in [("", "text:required"), ("a\u{7}", "text:control-character")] {
        let held = desk.app.login("grace").await;
        let path = format!("/api/admin/registrations/{}/notes", desk.id);
        let body = json!({ "text": text });
        let answer = desk
            .app
            .send_as(Method::POST, &path, &held.access, body)
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.errors()),
            (422, vec![code.into()])
        );
    }
}

#[tokio::test]
async fn a_question_goes_to_a_proven_address_once_and_is_answered_once() {
    let desk = Desk::new().await;
    let question = || json!({"text": "Which meetings?"});
    let (status, body) = desk.post("grace", "question", question()).await;
    assert_eq!(status, 409, "the address may be a stranger's: {body}");
    desk.prove_address().await;
    for _ in 0..2 {
        let (status, body) = desk.post("grace", "question", question()).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["case"]["questions"].as_array().unwrap().len(), 1);
    }
    let (status, _) = desk
        .post("lin", "question", json!({"text": "Another?"}))
        .await;
    assert_eq!(status, 409, "one at a time");
    let mails = desk.app.sent_about("ada").await;
    let asked = mails.iter().filter(|m| **m == "question").count();
    assert_eq!(asked, 1, "{mails:?}");

    let receipt = desk.app.receipt_of("ada").await;
    let shown = desk
        .app
        .get(&format!("/api/auth/receipt/{receipt}"))
        .await
        .json();
    assert_eq!(shown["questions"][0]["text"], "Which meetings?");
    assert!(
        shown["questions"][0].get("by").is_none(),
        "reviewers are not named"
    );
    assert_eq!(shown["queuePlace"], 1);
    let path = format!("/api/auth/receipt/{receipt}/answer");
    let answer = desk
        .app
        .post(&path, json!({"text": "The first two."}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["questions"][0]["answer"], "The first two.");
    let again = desk
        .app
        .post(&path, json!({"text": "And the third."}))
        .await;
    assert_eq!(
        (again.status.as_u16(), again.code()),
        (409, "not-possible-now".into())
    );
    let shown = desk.show().await;
    assert_eq!(shown["case"]["questions"][0]["answer"], "The first two.");
    assert_eq!(
        desk.audit().await,
        ["grace registration-asked", "visitor registration-answered"]
    );
}

#[tokio::test]
async fn who_is_approved_is_told_and_then_welcomed() {
    let desk = Desk::new().await;
    desk.prove_address().await;
    desk.post("grace", "approve", json!({})).await;
    desk.app.run().await;
    let mails = desk.app.sent_about("ada").await;
    assert_eq!(mails, ["verify-email", "approved", "welcome"]);
    assert_eq!(desk.app.status_of("ada").await["status"], "VERIFIED");
}

#[tokio::test]
async fn reviewers_are_warned_of_names_and_addresses_that_deceive() {
    let desk = Desk::new().await;
    let apply = async |name: &str, email: &str, from: &str| {
        let mut body = sign_up(name);
        body["personalEmail"] = json!(email);
        let path = "/api/auth/register";
        let answer = desk.app.post_from(from, path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/admin/registrations/{id}");
        let shown = desk.app.as_admin(Method::GET, &path, None).await.json();
        let warnings = shown["case"]["warnings"].as_array().unwrap().clone();
        let codes = warnings
            .iter()
            .map(|w| w["code"].as_str().unwrap().to_owned());
        codes.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(apply("mary", "mary@example.org", "198.51.100.1").await, "");
    assert_eq!(
        apply("adm1n", "a@example.org", "198.51.100.2").await,
        "looks-reserved"
    );
    assert_eq!(
        apply("lln", "b@example.org", "198.51.100.4").await,
        "looks-like-member"
    );
    assert_eq!(
        apply("bea", "c@yopmail.com", "198.51.100.5").await,
        "disposable-domain"
    );
    assert_eq!(
        apply("cid", "d@gmial.com", "198.51.100.6").await,
        "look-alike-domain"
    );
    assert_eq!(
        apply("dot", "e@example.org", "198.51.100.6").await,
        "same-client"
    );
    // A day later nobody remembers.
    desk.app.wait(24 * 3600 + 1);
    assert_eq!(apply("eli", "f@example.org", "198.51.100.6").await, "");
}
