//! What reviewers do from the command line besides deciding: take up, give up, note, ask.

#[path = "../../registrar-web/tests/http_support/mod.rs"]
mod http_support;
mod site;

use registrar_web::audit::By;
use registrar_web::domain::{Actor, RegistrationId};
use serde_json::{Value, json};
use site::{Site, code};

/// Whoever runs the tests, as the service names them.
fn own_name() -> String {
    let name = users::get_current_username().unwrap();
    name.to_str().unwrap().to_owned()
}

async fn id_of(site: &Site, name: &str) -> RegistrationId {
    let shown = site
        .run(&format!("registrations show {name}"))
        .await
        .unwrap();
    RegistrationId::parse(shown.json["id"].as_str().unwrap()).unwrap()
}

/// Another reviewer takes one up, in the console.
async fn taken_by_lin(site: &Site, name: &str) {
    let actor = Actor::Admin { name: "lin".into() };
    let by = By {
        actor,
        address: None,
        request_id: None,
    };
    let id = id_of(site, name).await;
    site.app.registrar.claim(id, false, &by).await.unwrap();
}

async fn prove(site: &Site, name: &str) {
    let (token, _) = site.app.mail_of(name).await;
    let proof = json!({ "token": token });
    let answer = site.app.post("/api/auth/verify-email", proof).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn one_is_taken_up_under_the_own_name_and_given_up_again() {
    let site = Site::with_two_who_wait().await;
    let taken = site.run("registrations claim ada").await.unwrap();
    assert_eq!(taken.json["case"]["claim"]["by"], own_name());
    let mut lines = taken.text.lines();
    let line = lines.find(|l| l.starts_with("looked at by")).unwrap();
    assert!(
        line.contains(&format!("{}, until 2026-", own_name())),
        "{line}"
    );
    // Once more has it for longer.
    site.app.wait(60);
    let longer = site.run("registrations claim ada").await.unwrap();
    assert_ne!(longer.json["case"]["claim"], taken.json["case"]["claim"]);

    let given_up = site.run("registrations release ada").await.unwrap();
    assert_eq!(given_up.json["case"]["claim"], Value::Null);
    assert!(!given_up.text.contains("looked at by"), "{}", given_up.text);
    // Also when there was none.
    site.shown("registrations release ada").await;
    let grace = site.run("registrations show grace").await.unwrap();
    assert_eq!(
        grace.json["case"]["claim"],
        Value::Null,
        "the other one's is hers"
    );
    for action in ["registration-claimed", "registration-released"] {
        let audit = site.run(&format!("audit --action {action}")).await.unwrap();
        assert_eq!(audit.json[0]["subject"]["name"], "ada", "{action}");
    }
}

#[tokio::test]
async fn what_another_reviewer_has_is_refused_until_it_is_taken_over() {
    let site = Site::with_two_who_wait().await;
    taken_by_lin(&site, "ada").await;
    for line in ["registrations claim ada", "registrations approve ada"] {
        let refused = site.run(line).await.unwrap_err();
        assert_eq!(refused.exit_code(), 4, "{line}: {refused}");
        assert!(refused.to_string().contains("lin"), "{line}: {refused}");
    }
    // Giving up gives up nothing of someone else's.
    let kept = site.run("registrations release ada").await;
    let shown = site.run("registrations show ada").await.unwrap().json;
    assert_eq!(shown["case"]["claim"]["by"], "lin", "{kept:?}");
    let taken = site
        .run("registrations claim ada --take-over")
        .await
        .unwrap();
    assert_eq!(taken.json["case"]["claim"]["by"], own_name());
    site.shown("registrations approve ada").await;
}

#[tokio::test]
async fn a_note_stands_with_its_author_and_one_that_is_none_is_refused() {
    let site = Site::with_two_who_wait().await;
    let note = "registrations note ada --text 'Met her <at sea>.'";
    let noted = site.run_quoted(note).await.unwrap();
    assert_eq!(noted.json["case"]["notes"][0]["text"], "Met her <at sea>.");
    let me = own_name();
    let words = "(2026-01-02 03:05): Met her <at sea>.";
    assert!(
        noted.text.contains(&me) && noted.text.contains(words),
        "{}",
        noted.text
    );
    for bad in [String::new(), "x".repeat(2001)] {
        let line = format!("registrations note ada --text '{bad}'");
        let refused = site.run_quoted(&line).await.unwrap_err();
        assert!(refused.to_string().contains("text"), "{refused}");
    }
    let shown = site.run("registrations show ada").await.unwrap().json;
    assert_eq!(shown["case"]["notes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_question_goes_to_a_verified_address_and_its_answer_comes_back() {
    let site = Site::with_two_who_wait().await;
    let ask = "registrations ask ada --text 'Who are you?'";
    let early = site.run_quoted(ask).await;
    assert_eq!(code(early), 4, "the address is not verified yet");
    prove(&site, "ada").await;
    let asked = site.shown_quoted(ask).await;
    assert!(asked.contains("Who are you? (no answer yet)"), "{asked}");
    let mails = site.app.sent_about("ada").await;
    assert_eq!(mails.last(), Some(&"question"), "{mails:?}");
    // One at a time.
    let other = site
        .run_quoted("registrations ask ada --text 'And why?'")
        .await;
    assert_eq!(code(other), 4);

    let receipt = site.app.receipt_of("ada").await;
    let path = format!("/api/auth/receipt/{receipt}/answer");
    site.app
        .post(&path, json!({"text": "Ada, of course."}))
        .await;
    let shown = site.shown("registrations show ada").await;
    assert!(shown.contains("Who are you? - Ada, of course."), "{shown}");
}

#[tokio::test]
async fn what_is_not_there_ends_with_3_and_what_does_not_wait_with_4() {
    let site = Site::with_two_who_wait().await;
    for line in [
        "registrations claim nobody",
        "registrations release nobody",
        "registrations note nobody --text x",
        "registrations ask nobody --text x",
    ] {
        assert_eq!(code(site.run(line).await), 3, "{line}");
    }
    site.shown("registrations reject ada --reason no").await;
    for line in ["registrations claim ada", "registrations ask ada --text x"] {
        assert_eq!(code(site.run(line).await), 4, "{line}");
    }
}
