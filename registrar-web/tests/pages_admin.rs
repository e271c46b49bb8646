//! The console: what operators and admins see and do on the pages, without scripts.

mod console_support;
mod http_support;
mod page_support;
mod people_support;

use console_support::*;
use http::{Method, Request};
use provision_api::AccountState;
use registrar_web::domain::{Action, RequestId, Role, UserState};
use registrar_web::ports::Provisioner;
use serde_json::json;

const PAGES: [&str; 7] = [
    "/admin",
    "/admin/queue",
    "/admin/people",
    "/admin/organizations",
    "/admin/invites",
    "/admin/audit",
    "/admin/health",
];

#[tokio::test]
async fn the_console_opens_for_the_roles_that_have_business_there() {
    let app = console().await;
    let ada = apply(&app, "ada").await;
    let mia = format!("/admin/people/{}", app.user("mia").await.id);
    let mut pages = PAGES.to_vec();
    pages.extend([ada.as_str(), mia.as_str()]);
    for (who, opens) in [("mia", false), ("grace", true), ("rue", true)] {
        as_(&app, who).await;
        for path in &pages {
            let answer = app.get_with_cookies(path).await;
            let may = opens && (*path != "/admin/audit" || who == "rue");
            let want = if may { 200 } else { 403 };
            assert_eq!(answer.status.as_u16(), want, "{who} {path}");
            if may {
                assert_is_labelled(path, &answer.text);
                assert!(answer.text.contains("aria-current=\"page\""), "{path}");
                let has_audit = answer.text.contains("href=\"/admin/audit\"");
                assert_eq!(has_audit, who == "rue", "{path}");
            }
        }
    }
    app.put_cookie("registrar-session", "");
    for path in &pages {
        let answer = app.get_with_cookies(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            answer
                .header("location")
                .starts_with("/login?next=%2Fadmin"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_form_of_the_console_is_taken_from_another_site() {
    let app = console().await;
    as_(&app, "rue").await;
    let ada = apply(&app, "ada").await;
    let mia = format!("/admin/people/{}", app.user("mia").await.id);
    let mut forms = vec!["/admin/invites".to_owned()];
    for form in [
        "claim", "release", "note", "question", "approve", "reject", "retry", "resend",
    ] {
        forms.push(format!("{ada}/{form}"));
    }
    for form in ["suspend", "resume", "role"] {
        forms.push(format!("{mia}/{form}"));
    }
    for path in forms {
        for (site, token) in [
            ("same-origin", "wrong"),
            ("cross-site", "wrong"),
            ("same-origin", ""),
        ] {
            let body = format!("csrf={token}&reason=x&note=x&question=x&role=operator");
            let request = Request::post(&path)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("cookie", app.cookie_line())
                .header("sec-fetch-site", site)
                .body(body.into())
                .unwrap();
            assert_eq!(app.send(request).await.status, 403, "{path} {site} {token}");
        }
    }
    assert_eq!(app.user("mia").await.state, UserState::Active);
    assert_eq!(app.status_of("ada").await["details"]["inReview"], true);
}

#[tokio::test]
async fn the_queue_has_those_who_wait_oldest_first_with_what_to_look_out_for() {
    let app = console().await;
    assert!(
        page(&app, "/admin/queue")
            .await
            .contains("Nobody waits for a decision.")
    );
    apply(&app, "ada").await;
    app.wait(3600);
    let (mut form, path) = (http_support::sign_up("iin"), "/api/auth/register");
    form["personalEmail"] = json!("lin@yopmail.com");
    assert_eq!(app.post(path, form).await.status, 201);
    let queue = page(&app, "/admin/queue").await;
    let (first, second) = (queue.find(">ada</a>"), queue.find(">iin</a>"));
    assert!(first.is_some() && first < second, "{queue}");
    assert!(queue.contains("1 hour ago"), "{queue}");
    for words in [
        "that of the member lin",
        "yopmail.com gives out",
        "same client address",
    ] {
        assert!(queue.contains(words), "{words}: {queue}");
    }
}

#[tokio::test]
async fn an_application_is_read_claimed_asked_noted_and_approved() {
    let app = console().await;
    let ada = apply(&app, "ada").await;
    let shown = page(&app, &ada).await;
    assert!(shown.contains("I &#60;3 shells\nand you"), "{shown}");
    assert!(shown.contains("ada@example.org (not verified yet)"));
    prove(&app, "ada").await;

    let shown = press(&app, &ada, "claim", &[]).await;
    assert!(shown.contains("It is yours for a while"), "{shown}");
    assert!(shown.contains("You look at it until"), "{shown}");
    let shown = press(&app, &ada, "note", &[("note", "met her <at> sea")]).await;
    assert!(shown.contains("met her &#60;at&#62; sea"), "{shown}");
    let shown = press(&app, &ada, "question", &[("question", "Who are you?")]).await;
    assert!(shown.contains("No answer yet."), "{shown}");
    assert!(page(&app, "/admin/queue").await.contains("question asked"));

    let receipt = format!("/api/auth/receipt/{}/answer", app.receipt_of("ada").await);
    app.post(&receipt, json!({"text": "Ada, <b>of course</b>."}))
        .await;
    let shown = page(&app, &ada).await;
    assert!(shown.contains("Ada, &#60;b&#62;of course"), "{shown}");
    let shown = press(&app, &ada, "approve", &[]).await;
    assert!(shown.contains("approved by grace"), "{shown}");
    app.run().await;
    assert_eq!(app.user("ada").await.state, UserState::Active);
    let all = page(&app, "/admin/queue?filter=all").await;
    assert!(all.contains("VERIFIED"), "{all}");
}

#[tokio::test]
async fn two_reviewers_do_not_collide_on_the_pages() {
    let app = console().await;
    let ada = apply(&app, "ada").await;
    press(&app, &ada, "claim", &[]).await;
    as_(&app, "lin").await;
    let shown = page(&app, &ada).await;
    assert!(shown.contains("grace looks at it until"), "{shown}");
    assert!(
        page(&app, "/admin/queue")
            .await
            .contains("grace looks at it")
    );
    let refused = app.submit(&ada, &format!("{ada}/approve"), &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("role=\"alert\""), "{}", refused.text);
    assert_eq!(app.status_of("ada").await["details"]["inReview"], true);
    let shown = press(&app, &ada, "claim", &[("takeOver", "yes")]).await;
    assert!(shown.contains("taken over from grace"), "{shown}");
    press(&app, &ada, "release", &[]).await;
}

#[tokio::test]
async fn a_rejection_has_a_chosen_reason_or_ones_own() {
    let app = console().await;
    let canned = app.registrar.policy().reject_reasons[0].clone();
    let (ada, eve) = (apply(&app, "ada").await, apply(&app, "eve").await);
    let none = app
        .submit(&ada, &format!("{ada}/reject"), &[("canned", "")])
        .await;
    assert_eq!(none.status, 422);
    assert!(none.text.contains("id=\"reason-error\""), "{}", none.text);
    let long = "x".repeat(2001);
    let long = app
        .submit(&ada, &format!("{ada}/reject"), &[("reason", &long)])
        .await;
    assert_eq!(long.status, 422);
    assert!(
        long.text.contains(&"x".repeat(2001)),
        "what was typed is kept"
    );
    let chosen = press(&app, &ada, "reject", &[("canned", "0"), ("reason", "")]).await;
    assert!(
        chosen.contains(&format!("rejected by grace: {canned}")),
        "{chosen}"
    );
    let own = press(
        &app,
        &eve,
        "reject",
        &[("canned", "0"), ("reason", "No, thanks.")],
    )
    .await;
    assert!(own.contains("rejected by grace: No, thanks."), "{own}");
}

#[tokio::test]
async fn a_step_is_tried_again_and_a_mail_sent_again() {
    let app = console().await;
    let ada = apply(&app, "ada").await;
    let shown = press(&app, &ada, "resend", &[]).await;
    assert!(shown.contains("it is on its way"), "{shown}");
    assert_eq!(
        app.sent_about("ada").await,
        ["verify-email", "verify-email"]
    );
    let shown = press(&app, &ada, "retry", &[]).await;
    assert!(shown.contains("The next step is being tried."), "{shown}");
    assert_eq!(app.audit_of(Action::RegistrationRetried).await.len(), 1);
    for path in ["/admin/queue/x", "/admin/people/x"] {
        assert_eq!(app.get_with_cookies(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn people_are_searched_suspended_resumed_and_given_roles() {
    let app = console().await;
    as_(&app, "rue").await;
    let found = page(&app, "/admin/people?q=MI&state=active&role=client_user").await;
    assert!(
        found.contains(">mia</a>") && !found.contains(">grace</a>"),
        "{found}"
    );
    let none = page(&app, "/admin/people?q=nobody-at-all").await;
    assert!(none.contains("Nobody."), "{none}");
    let wrong = app
        .get_with_cookies(&format!("/admin/people?q={}", "a".repeat(65)))
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("id=\"q-error\""));

    let user = app.user("mia").await;
    let mia = format!("/admin/people/{}", user.id);
    let request = RequestId::new(user.id.uuid());
    let made = app
        .host
        .create_account(request, user.id, &user.username, &user.display_name);
    made.await.unwrap();
    let shown = page(&app, &mia).await;
    assert!(
        shown.contains("/home/mia"),
        "the host's word beside the record: {shown}"
    );
    let why = app
        .submit(&mia, &format!("{mia}/suspend"), &[("reason", " ")])
        .await;
    assert_eq!(why.status, 422);
    assert!(why.text.contains("id=\"reason-error\""));
    let shown = press(&app, &mia, "suspend", &[("reason", "spam & <more>")]).await;
    assert!(shown.contains("spam &#38; &#60;more&#62;"), "{shown}");
    assert!(shown.contains("registrarctl users suspend mia"), "{shown}");
    assert_eq!(app.user("mia").await.state, UserState::Suspended);
    let pending = page(&app, "/admin/people?pending=host").await;
    assert!(pending.contains(">mia</a>") && !pending.contains(">lin</a>"));
    press(&app, &mia, "resume", &[]).await;
    assert_eq!(app.user("mia").await.state, UserState::Active);
    press(&app, &mia, "role", &[("role", "operator")]).await;
    assert_eq!(app.user("mia").await.role, Role::Operator);

    // Nobody acts on their equals, and only site admins give roles.
    as_(&app, "grace").await;
    let shown = page(&app, &mia).await;
    assert!(!shown.contains("id=\"suspend\"") && !shown.contains("id=\"set-role\""));
    assert!(
        !shown.contains("/home/mia"),
        "the host's word is for site admins"
    );
    let equal = app
        .submit(
            "/admin/invites",
            &format!("{mia}/suspend"),
            &[("reason", "x")],
        )
        .await;
    assert_eq!(equal.status, 403);
    let role = app
        .submit(
            "/admin/invites",
            &format!("{mia}/role"),
            &[("role", "client_user")],
        )
        .await;
    assert_eq!(role.status, 403);
    assert_eq!(app.user("mia").await.role, Role::Operator);
}

#[tokio::test]
async fn whose_account_the_host_has_no_more_can_t_be_let_in_again() {
    let app = console().await;
    as_(&app, "rue").await;
    let user = app.user("mia").await;
    let mia = format!("/admin/people/{}", user.id);
    let request = RequestId::new(user.id.uuid());
    let made = app
        .host
        .create_account(request, user.id, &user.username, &user.display_name);
    made.await.unwrap();
    press(&app, &mia, "suspend", &[("reason", "spam")]).await;
    let says = |state| {
        let mut states = app.host.states.lock().unwrap();
        states.insert("mia".into(), state);
    };
    for (state, why) in [
        (AccountState::Archived, "registrarctl users restore"),
        (AccountState::Removed, "removed from the host for good"),
    ] {
        says(state);
        let shown = page(&app, &mia).await;
        assert!(!shown.contains("id=\"resume\""), "{shown}");
        assert!(shown.contains(why), "{shown}");
        let tried = app.submit(&mia, &format!("{mia}/resume"), &[]).await;
        assert_eq!(tried.status, 409, "{}", tried.text);
        assert_eq!(app.user("mia").await.state, UserState::Suspended);
    }
}

#[tokio::test]
async fn a_reviewer_reads_with_whose_invite_an_applicant_comes() {
    let app = console().await;
    let path = "/admin/invites";
    let wish = [
        ("role", "client_admin"),
        ("email", "ann@example.org"),
        ("organization.name", "The Büro"),
    ];
    let made = app.submit(path, path, &wish).await;
    let link = made.text.split("id=\"invite-link\">").nth(1).unwrap();
    let token = link.split('<').next().unwrap().split('=').nth(1).unwrap();
    let mut form = http_support::sign_up("ann");
    form["personalEmail"] = serde_json::json!("ann@example.org");
    form["token"] = serde_json::json!(token);
    let answer = app.post("/api/invites/accept", form).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    app.run().await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let shown = page(&app, &format!("/admin/queue/{id}")).await;
    assert!(
        shown.contains("by grace, as client_admin of The Büro"),
        "{shown}"
    );
    let path = format!("/api/admin/registrations/{id}");
    let known = app.as_admin(Method::GET, &path, None).await.json();
    assert_eq!(
        known["invite"],
        serde_json::json!({"by": "grace", "role": "client_admin", "organization": "The Büro"})
    );
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_said_to_and_the_page_is_there() {
    let app = console().await;
    as_(&app, "rue").await;
    *app.host.down.lock().unwrap() = true;
    let mia = format!("/admin/people/{}", app.user("mia").await.id);
    assert!(page(&app, &mia).await.contains("The host can't be asked"));
    let health = page(&app, "/admin/health").await;
    assert!(
        health.contains("Something is not as it should be."),
        "{health}"
    );
    assert!(health.contains("provisiond does not answer"), "{health}");
    *app.host.down.lock().unwrap() = false;
    app.wait(2);
    assert!(page(&app, "/admin/health").await.contains("All is well."));
}

#[tokio::test]
async fn an_invite_is_made_its_link_shown_once_and_taken_back() {
    let app = console().await;
    let path = "/admin/invites";
    let wrong = app
        .submit(path, path, &[("email", "x"), ("role", "client_user")])
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("id=\"email-error\""), "{}", wrong.text);
    let many = app
        .submit(path, path, &[("role", "client_user"), ("uses", "lots")])
        .await;
    assert!(many.text.contains("id=\"uses-error\""), "{}", many.text);
    let above = app
        .submit(
            path,
            path,
            &[("email", "a@example.org"), ("role", "site_admin")],
        )
        .await;
    assert_eq!(above.status, 403, "{}", above.text);
    let made = app
        .submit(path, path, &[("role", "client_user"), ("uses", "5")])
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    let link = made.text.split("id=\"invite-link\">").nth(1).unwrap();
    let link = link.split('<').next().unwrap();
    assert!(
        link.starts_with("http://127.0.0.1:3000/signup?invite="),
        "{link}"
    );
    let list = page(&app, path).await;
    assert!(
        list.contains("<th scope=\"row\">whoever has the link</th>")
            && list.contains("0 of 5")
            && !list.contains("signup?invite="),
        "{list}"
    );
    let id = list
        .split("/admin/invites/")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let answer = app.submit(path, &format!("{path}/{id}/revoke"), &[]).await;
    assert_eq!(location(&answer), (303, path));
    assert!(page(&app, path).await.contains("revoked"));

    let bound = [("role", "client_user"), ("email", "ann@example.org")];
    assert_eq!(app.submit(path, path, &bound).await.status, 200);
    let list = page(&app, path).await;
    assert!(
        list.contains("Revoke the invite for ann@example.org"),
        "{list}"
    );
}

#[tokio::test]
async fn the_audit_log_is_looked_through_and_checked() {
    let app = console().await;
    let ada = apply(&app, "ada").await;
    press(&app, &ada, "approve", &[]).await;
    as_(&app, "rue").await;
    let log = page(&app, "/admin/audit?by=subject&what=ada").await;
    assert!(
        log.contains("registration-approved") && log.contains("registration ada"),
        "{log}"
    );
    let log = page(&app, "/admin/audit?by=action&what=keys-rotated").await;
    assert!(log.contains("There are no such entries."), "{log}");
    let wrong = app
        .get_with_cookies("/admin/audit?by=action&what=nonsense")
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("id=\"what-error\""));
    let checked = page(&app, "/admin/audit?check=").await;
    assert!(
        checked.contains("they are as they were written"),
        "{checked}"
    );
}

#[tokio::test]
async fn the_dashboard_draws_what_the_store_has_and_says_it_in_tables() {
    let app = console().await;
    let (ada, _) = (apply(&app, "ada").await, apply(&app, "eve").await);
    press(&app, &ada, "reject", &[("reason", "no")]).await;
    app.run().await;
    assert_eq!(app.try_login("mia", "wrong password").await.status, 401);
    let shown = page(&app, "/admin").await;
    for id in ["registrations", "times", "queue", "logins", "disk"] {
        assert!(
            shown.contains(&format!("<title id=\"{id}-title\">")),
            "{id}"
        );
        assert!(shown.contains(&format!("<desc id=\"{id}-desc\">")), "{id}");
        assert!(
            shown.contains(&format!("<table id=\"{id}-numbers\">")),
            "{id}"
        );
    }
    // Four members, one who waits, one rejected; all on one day.
    let day = "<th scope=\"row\">2 Jan</th><td>4</td><td>1</td><td>1</td><td>0</td>";
    assert!(shown.contains(day), "{shown}");
    let waits = "<th scope=\"row\">up to 1 h</th><td>1</td>";
    assert!(shown.contains(waits), "{shown}");
    let logins = "<th scope=\"row\">2 Jan</th><td>1</td><td>1</td>";
    assert!(shown.contains(logins), "{shown}");
    assert!(shown.contains("One person waits"), "{shown}");
    let verified = shown.split("<table id=\"times-numbers\">").nth(1).unwrap();
    assert!(
        verified.contains("<th scope=\"row\">VERIFIED</th><td>4</td>"),
        "{verified}"
    );
}
