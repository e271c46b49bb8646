//! One's own organisation on the pages, without scripts: for its members, and for who runs it.

mod http_support;
mod organisations_support;
mod page_support;
mod people_support;

use http_support::{App, Held};
use page_support::{keeps_to_the_rules, look};
use registrar_web::domain::{FactorMethod, OnHost, Role};

const PATH: &str = "/account/organization";

/// The Gardeners, run by ada; grace is a plain member. ada is signed in.
async fn gardeners() -> (App, Held) {
    let app = App::new();
    let (_, held) = app.organisation("The Gardeners", "ada").await;
    app.guest_of(&held, "grace").await;
    app.follow().await;
    app.sign_in("ada").await;
    (app, held)
}

async fn as_(app: &App, name: &str) {
    app.forget_cookies();
    app.sign_in(name).await;
}

#[tokio::test]
async fn a_member_sees_group_directory_second_factor_and_who_runs_it() {
    let (app, _) = gardeners().await;
    as_(&app, "grace").await;
    let page = look(&app, PATH, 200).await.text;
    for words in [
        "<code>the-gardeners</code>",
        "<code>/home/groups/the-gardeners</code>",
        "The group is there, with its members.",
        "what each has chosen",
        "<dt>Run by</dt><dd>ada</dd>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let main = page.split("<main").nth(1).unwrap();
    assert!(!main.contains("<form"), "nothing to change: {page}");
    // The menu leads there from every page of the account.
    let account = app.get_with_cookies("/account").await.text;
    assert!(account.contains("href=\"/account/organization\""));
}

#[tokio::test]
async fn who_belongs_to_none_is_told_so_and_the_menu_does_not_name_it() {
    let app = App::new();
    app.member("eve").await;
    app.sign_in("eve").await;
    let page = look(&app, PATH, 200).await.text;
    assert!(page.contains("You belong to no organization."), "{page}");
    let account = app.get_with_cookies("/account").await.text;
    assert!(!account.contains("href=\"/account/organization\""));
    let change = app.submit(PATH, PATH, &[("name", "Mine")]).await;
    assert_eq!(change.status, 404);
}

#[tokio::test]
async fn who_runs_it_changes_name_and_second_factor() {
    let (app, _) = gardeners().await;
    let page = look(&app, PATH, 200).await.text;
    assert!(page.contains("value=\"The Gardeners\""), "{page}");
    let fields = [("name", "Gardeners & Co"), ("twoFactor", "totp")];
    let answer = app.submit(PATH, PATH, &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = look(&app, PATH, 200).await.text;
    assert!(page.contains("Gardeners &#38; Co"), "{page}");
    assert!(page.contains("value=\"totp\" selected"), "{page}");
    let own = app.people().organisation_called("the-gardeners").await;
    assert_eq!(own.unwrap().two_factor, Some(FactorMethod::Totp));

    let wrong = [("name", " "), ("twoFactor", "email")];
    let answer = app.submit(PATH, PATH, &wrong).await;
    assert_eq!(answer.status, 422);
    keeps_to_the_rules(PATH, &answer);
    assert!(answer.text.contains("id=\"name-error\""), "{}", answer.text);
    assert!(answer.text.contains("value=\"email\" selected"), "kept");
}

#[tokio::test]
async fn a_plain_member_changes_nothing_and_sees_no_members() {
    let (app, _) = gardeners().await;
    let ada = app.user_of("ada").await.id;
    as_(&app, "grace").await;
    let page = app.get_with_cookies(PATH).await.text;
    assert!(!page.contains("id=\"members\""), "{page}");
    let change = app.submit("/account", PATH, &[("name", "Mine")]).await;
    assert_eq!(change.status, 403, "{}", change.text);
    let out = format!("{PATH}/members/{ada}/remove");
    assert_eq!(app.submit("/account", &out, &[]).await.status, 403);
    assert!(app.user_of("ada").await.organisation.is_some());
}

#[tokio::test]
async fn members_are_taken_out_and_who_runs_it_may_leave() {
    let (app, _) = gardeners().await;
    let (ada, grace) = (app.user_of("ada").await, app.user_of("grace").await);
    let page = look(&app, PATH, 200).await.text;
    assert!(
        page.contains(&format!("id=\"member-{}\"", grace.id)),
        "{page}"
    );
    assert!(page.contains("Take grace out"), "{page}");
    let out = format!("{PATH}/members/{}/remove", grace.id);
    let answer = app.submit(PATH, &out, &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, PATH)
    );
    app.follow().await;
    assert_eq!(app.user_of("grace").await.organisation, None);
    assert_eq!(app.in_group("the-gardeners"), ["ada"]);
    assert_eq!(app.submit(PATH, &out, &[]).await.status, 404);

    let leave = format!("{PATH}/members/{}/remove", ada.id);
    let answer = app.submit(PATH, &leave, &[]).await;
    assert_eq!(answer.header("location"), "/account", "{}", answer.text);
    let ada = app.user_of("ada").await;
    assert_eq!((ada.organisation, ada.role), (None, Role::ClientUser));
    let page = app.get_with_cookies("/account").await.text;
    assert!(page.contains("You have left the organization."), "{page}");
}

#[tokio::test]
async fn people_are_invited_into_it_from_there() {
    let (app, _) = gardeners().await;
    let page = app.get_with_cookies(PATH).await.text;
    assert!(page.contains("action=\"/account/invites\""), "{page}");
    let fields = [("email", "lin@example.org"), ("message", "")];
    let made = app.submit(PATH, "/account/invites", &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let token = made.text.split("signup?invite=").nth(1).unwrap();
    let token = token.split('<').next().unwrap();
    let invite = serde_json::json!({ "token": token });
    app.accept(&invite, "lin").await;
    let own = app.user_of("ada").await.organisation;
    assert_eq!(app.user_of("lin").await.organisation, own);
}

#[tokio::test]
async fn a_refusal_of_the_host_is_told_and_its_reason_to_who_runs_it() {
    let (app, _) = gardeners().await;
    let mut own = app
        .people()
        .organisation_called("the-gardeners")
        .await
        .unwrap();
    own.group.host = OnHost::Refused {
        at: app.world.now(),
        reason: "the group is <archived>".into(),
    };
    own.group.left_out = vec![app.user_of("grace").await.username];
    app.world.store.update_organisation(own).await.unwrap();
    let page = look(&app, PATH, 200).await.text;
    assert!(page.contains("the group is &#60;archived&#62;"), "{page}");
    assert!(page.contains("in use: grace"), "{page}");
    as_(&app, "grace").await;
    let page = look(&app, PATH, 200).await.text;
    assert!(!page.contains("archived"), "{page}");
    assert!(page.contains("The host does not have it so."), "{page}");
}

#[tokio::test]
async fn many_members_are_shown_page_by_page() {
    let (app, _) = gardeners().await;
    let first = app.user_of("ada").await.id;
    let page = look(&app, &format!("{PATH}?cursor={first}"), 200)
        .await
        .text;
    assert!(!page.contains(&format!("id=\"member-{first}\"")), "{page}");
    assert!(page.contains(">grace</h3>"), "{page}");
    look(&app, &format!("{PATH}?cursor=nonsense"), 200).await;
}

/// The place that a login leads to, or the page of its second step.
async fn log_in(app: &App, name: &str) -> String {
    app.forget_cookies();
    let answer = app.sign_in(name).await;
    match answer.status.as_u16() {
        303 => app.get_with_cookies(answer.header("location")).await.text,
        _ => {
            keeps_to_the_rules("/login", &answer);
            answer.text
        }
    }
}

#[tokio::test]
async fn a_login_says_what_the_organisation_asks_for_anew_and_says_it_once() {
    let (app, _) = gardeners().await;
    log_in(&app, "grace").await;
    app.wait(1);
    as_(&app, "ada").await;
    let fields = [("name", "The Gardeners"), ("twoFactor", "totp")];
    app.submit(PATH, PATH, &fields).await;
    let page = log_in(&app, "grace").await;
    let words = "The Gardeners wants its members to log in with an authenticator.";
    assert!(page.contains(words), "before the code: {page}");
    assert!(page.contains("name=\"challenge\""), "{page}");

    app.wait(1);
    let mut own = app
        .people()
        .organisation_called("the-gardeners")
        .await
        .unwrap();
    own.prefer(None, app.world.now());
    app.world.store.update_organisation(own).await.unwrap();
    let page = log_in(&app, "grace").await;
    let words = "The Gardeners no longer decides what logins";
    assert!(page.contains(words), "on the first page: {page}");
    let page = app.get_with_cookies("/account").await.text;
    assert!(!page.contains(words), "{page}");
    app.wait(1);
    assert!(!log_in(&app, "grace").await.contains(words));
}
