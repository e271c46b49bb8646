//! The console's pages about organisations, without scripts.

mod console_support;
mod http_support;
mod organisations_support;
mod page_support;
mod people_support;

use console_support::*;
use http::Request;
use http_support::App;
use registrar_web::domain::{Action, OnHost, Role};
use registrar_web::ports::ProvisionFailure;

const LIST: &str = "/admin/organizations";

/// Begins one on the page, and returns the path of its own.
async fn begin(app: &App, name: &str) -> String {
    let answer = app.submit(LIST, LIST, &[("name", name)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

#[tokio::test]
async fn one_is_begun_found_and_its_group_is_told_of() {
    let app = console().await;
    assert!(page(&app, LIST).await.contains("There are none."));
    let gardeners = begin(&app, "The Gardeners").await;
    let shown = page(&app, &gardeners).await;
    assert!(shown.contains("The organization has begun"), "{shown}");
    assert!(shown.contains("<dd>due</dd>"), "{shown}");
    assert!(shown.contains("id=\"slug\""), "it may be another one yet");
    assert_is_labelled(&gardeners, &shown);
    app.follow().await;
    let shown = page(&app, &gardeners).await;
    for words in ["<dd>in step</dd>", "/home/groups/the-gardeners", "Nobody."] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("id=\"slug\""), "the host has the group");

    begin(&app, "Sailors").await;
    let found = page(&app, "/admin/organizations?q=GARD").await;
    assert!(found.contains(">the-gardeners</a>"), "{found}");
    assert!(!found.contains(">sailors</a>"), "{found}");
    assert_is_labelled(LIST, &found);
    // By its short name, too.
    let named = page(&app, "/admin/organizations/sailors").await;
    assert!(named.contains("<h1>Organization Sailors</h1>"), "{named}");
    assert_eq!(
        app.get_with_cookies("/admin/organizations/none")
            .await
            .status,
        404
    );
    assert_eq!(app.audit_of(Action::OrganisationCreated).await.len(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_told_beside_the_field_and_what_was_typed_is_kept() {
    let app = console().await;
    let wrong = app
        .submit(LIST, LIST, &[("name", " "), ("slug", "Bad Slug")])
        .await;
    assert_eq!(wrong.status, 422);
    for words in [
        "id=\"name-error\"",
        "id=\"slug-error\"",
        "value=\"Bad Slug\"",
    ] {
        assert!(wrong.text.contains(words), "{words}: {}", wrong.text);
    }
    let long = format!("{LIST}?q={}", "a".repeat(65));
    let long = app.get_with_cookies(&long).await;
    assert_eq!(long.status, 422);
    assert!(long.text.contains("id=\"q-error\""), "{}", long.text);

    let acme = begin(&app, "Acme").await;
    let taken = app
        .submit(&acme, &format!("{acme}/change"), &[("slug", "mia")])
        .await;
    assert_eq!(taken.status, 422, "a member has the name");
    assert!(taken.text.contains("id=\"slug-error\""), "{}", taken.text);
    let nobody = [("username", "nobody"), ("role", "client_admin")];
    let nobody = app.submit(&acme, &format!("{acme}/members"), &nobody).await;
    assert_eq!(nobody.status, 422);
    assert!(
        nobody.text.contains("id=\"username-error\""),
        "{}",
        nobody.text
    );
    assert!(nobody.text.contains("value=\"client_admin\" selected"));
}

#[tokio::test]
async fn people_are_taken_in_and_out_and_the_host_follows() {
    let app = console().await;
    let acme = begin(&app, "Acme").await;
    let mia = [("username", "mia"), ("role", "client_admin")];
    let answer = app.submit(&acme, &format!("{acme}/members"), &mia).await;
    assert_eq!(location(&answer), (303, acme.as_str()), "{}", answer.text);
    let shown = page(&app, &acme).await;
    assert!(shown.contains("Taken in"), "{shown}");
    assert!(shown.contains(">mia</a>"), "{shown}");
    assert_eq!(app.user_of("mia").await.role, Role::ClientAdmin);
    let member = format!("/admin/people/{}", app.user_of("mia").await.id);
    assert!(
        page(&app, &member).await.contains(&acme),
        "they lead to each other"
    );

    // Who runs the community is taken into none, and the page says why.
    let lin = [("username", "lin"), ("role", "client_user")];
    let higher = app.submit(&acme, &format!("{acme}/members"), &lin).await;
    assert!(higher.status.is_client_error(), "{}", higher.text);
    assert!(higher.text.contains("role=\"alert\""), "{}", higher.text);

    let out = format!("{acme}/members/{}/remove", app.user_of("mia").await.id);
    let answer = app.submit(&acme, &out, &[]).await;
    assert_eq!(location(&answer), (303, acme.as_str()));
    assert_eq!(app.user_of("mia").await.organisation, None);
    assert_eq!(
        app.submit(&acme, &out, &[]).await.status,
        404,
        "no member here"
    );
}

#[tokio::test]
async fn name_and_second_factor_are_changed_and_a_refusal_of_the_host_is_asked_about_again() {
    let app = console().await;
    let acme = begin(&app, "Acme").await;
    *app.host.refuses_groups.lock().unwrap() = Some(ProvisionFailure::NameUnavailable {
        reason: "the host uses it".into(),
    });
    app.follow().await;
    let shown = page(&app, &acme).await;
    assert!(shown.contains("the host uses it"), "{shown}");
    *app.host.refuses_groups.lock().unwrap() = None;
    let fields = [
        ("name", "Acme & Sons"),
        ("slug", "acme-sons"),
        ("twoFactor", "totp"),
    ];
    let answer = app.submit(&acme, &format!("{acme}/change"), &fields).await;
    assert_eq!(location(&answer), (303, acme.as_str()), "{}", answer.text);
    let shown = page(&app, &acme).await;
    assert!(shown.contains("Acme &#38; Sons"), "{shown}");
    assert!(shown.contains("<option selected>totp</option>"), "{shown}");
    let answer = app.submit(&acme, &format!("{acme}/retry"), &[]).await;
    assert_eq!(location(&answer), (303, acme.as_str()));
    app.follow().await;
    let organisation = app.people().organisation_called("acme-sons").await.unwrap();
    assert_eq!(organisation.group.host, OnHost::InStep);
    assert_eq!(app.audit_of(Action::OrganisationRetried).await.len(), 1);
}

#[tokio::test]
async fn the_pages_are_for_operators_and_no_form_is_taken_from_another_site() {
    let app = console().await;
    let acme = begin(&app, "Acme").await;
    let mia = app.user_of("mia").await.id;
    for path in [
        LIST.to_owned(),
        format!("{acme}/change"),
        format!("{acme}/members"),
        format!("{acme}/members/{mia}/remove"),
        format!("{acme}/retry"),
    ] {
        let request = Request::post(&path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", app.cookie_line())
            .header("sec-fetch-site", "same-origin")
            .body("csrf=wrong&name=x&username=mia".into())
            .unwrap();
        assert_eq!(app.send(request).await.status, 403, "{path}");
    }
    as_(&app, "mia").await;
    for path in [LIST, &acme] {
        assert_eq!(app.get_with_cookies(path).await.status, 403, "{path}");
    }
    let fields = [("username", "mia"), ("role", "client_admin")];
    let own = app
        .submit("/account", &format!("{acme}/members"), &fields)
        .await;
    assert_eq!(own.status, 403);
    assert_eq!(app.user_of("mia").await.organisation, None);
}
