//! One's own account on the pages, without scripts.

mod http_support;
mod page_support;
mod people_support;
mod two_factor_support;

use http_support::{Answer, App, PASSWORD, config, hidden};
use page_support::{keeps_to_the_rules, look};
use registrar_web::domain::{Action, Role, UserState};
use serde_json::Value;
use two_factor_support::{Authenticator, other};

const NEW: &str = "four other quiet words";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop";
const OTHER_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ada@desk";
const PRINT: &str = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";

const PAGES: [&str; 9] = [
    "/account",
    "/account/profile",
    "/account/password",
    "/account/keys",
    "/account/second-factor",
    "/account/sessions",
    "/account/invites",
    "/account/organization",
    "/account/data",
];

async fn signed_in() -> App {
    let app = App::new();
    app.member("ada").await;
    app.sign_in("ada").await;
    app
}

/// Sends a form, expects to be led to a page, and gives that page.
async fn led(app: &App, page: &str, path: &str, fields: &[(&str, &str)], to: &str) -> Answer {
    let answer = app.submit(page, path, fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(answer.header("location"), to);
    let page = app.get_with_cookies(to).await;
    assert_eq!(page.status, 200, "{}", page.text);
    keeps_to_the_rules(to, &page);
    page
}

/// The same page again, with what was wrong.
async fn refused(
    app: &App,
    page: &str,
    path: &str,
    fields: &[(&str, &str)],
    status: u16,
) -> Answer {
    let answer = app.submit(page, path, fields).await;
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    keeps_to_the_rules(path, &answer);
    answer
}

#[tokio::test]
async fn every_page_of_the_account_keeps_to_the_rules_and_asks_for_a_login_first() {
    let app = signed_in().await;
    for path in PAGES {
        look(&app, path, 200).await;
    }
    for path in PAGES {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 303);
        let place = format!("/login?next={}", path.replace('/', "%2F"));
        assert_eq!(answer.header("location"), place);
    }
}

#[tokio::test]
async fn every_form_of_the_account_is_refused_without_its_token() {
    let app = signed_in().await;
    let id = "0193a1b2-0000-7000-8000-00000000abcd";
    for path in [
        "/logout",
        "/account/profile",
        "/account/password",
        "/account/keys",
        &format!("/account/keys/{id}/remove"),
        "/account/second-factor/totp",
        "/account/second-factor/confirm",
        "/account/second-factor/totp/off",
        "/account/second-factor/mail",
        "/account/second-factor/codes",
        "/account/sessions/end",
        &format!("/account/sessions/{id}/end"),
        "/account/invites",
        &format!("/account/invites/{id}/revoke"),
        "/account/organization",
        &format!("/account/organization/members/{id}/remove"),
        "/account/data/export",
        "/account/data/delete",
    ] {
        let fields = [("csrf", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")];
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = http::Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", app.cookie_line())
            .header("sec-fetch-site", "same-origin");
        let answer = app.send(request.body(body.finish().into()).unwrap()).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
    }
    assert_eq!(app.user("ada").await.state, UserState::Active);
}

#[tokio::test]
async fn the_first_page_says_how_to_get_in() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("ssh_host_ed25519_key.pub");
    std::fs::write(&key, KEY).unwrap();
    let mut config = config();
    config.community.ssh_port = 2222;
    config.community.ssh_host_keys = vec![key, directory.path().join("missing.pub")];
    let app = App::with(config);
    app.member("ada").await;
    app.sign_in("ada").await;
    let page = look(&app, "/account", 200).await;
    for words in [
        "ssh -p 2222 ada@tilde.example",
        PRINT,
        "<code>ada@tilde.example</code>",
        "<code>neomutt</code>",
        "<code>~/public</code>",
        "href=\"/account/second-factor\"",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert_eq!(page.text.matches("SHA256:").count(), 1);
}

#[tokio::test]
async fn a_profile_is_kept_and_what_is_wrong_with_it_is_told_beside_the_field() {
    let app = signed_in().await;
    let path = "/account/profile";
    let fields = [
        ("displayName", "Ada L."),
        ("country", "GB"),
        ("bio", "Numbers <3"),
        ("links", "https://ada.example/\r\n\r\ngemini://ada.example/"),
    ];
    let page = led(&app, path, path, &fields, path).await;
    assert!(
        page.text.contains("Your profile is saved."),
        "{}",
        page.text
    );
    assert!(page.text.contains("Numbers &#60;3"), "{}", page.text);
    let user = app.user("ada").await;
    assert_eq!(user.display_name.as_str(), "Ada L.");
    assert_eq!(user.profile.links.len(), 2);
    let wrong = [
        ("displayName", "Ada"),
        ("country", "Albion"),
        ("bio", "kept"),
    ];
    let page = refused(&app, path, path, &wrong, 422).await;
    assert!(page.text.contains("id=\"country-error\""), "{}", page.text);
    assert!(page.text.contains("kept") && page.text.contains("Albion"));
    assert_eq!(app.user("ada").await.display_name.as_str(), "Ada L.");
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions_and_this_one_goes_on() {
    let app = signed_in().await;
    let held = app.login("ada").await;
    let path = "/account/password";
    let wrong = [("currentPassword", "no"), ("newPassword", NEW)];
    let page = refused(&app, path, path, &wrong, 422).await;
    assert!(
        page.text.contains("id=\"currentPassword-error\""),
        "{}",
        page.text
    );
    assert!(!page.text.contains(NEW));
    let fields = [("currentPassword", PASSWORD), ("newPassword", NEW)];
    let page = led(&app, path, path, &fields, "/account").await;
    assert!(
        page.text.contains("Your password is changed."),
        "{}",
        page.text
    );
    assert!(page.text.contains("does not have your password yet"));
    assert_eq!(app.opens(&held.access).await, "session-ended");
    app.run().await;
    let page = app.get_with_cookies("/account").await;
    assert!(!page.text.contains("does not have your password yet"));
}

#[tokio::test]
async fn keys_are_pasted_several_at_once_and_removed() {
    let app = signed_in().await;
    let path = "/account/keys";
    let paste = format!("# mine\r\n{KEY}\r\n\r\n{OTHER_KEY}\r\n");
    let page = led(&app, path, path, &[("sshKeys", &paste)], path).await;
    assert!(page.text.contains("2 keys are added."), "{}", page.text);
    assert!(page.text.contains(PRINT) && page.text.contains("ada@desk"));
    app.run().await;
    let kept = app.user("ada").await.ssh_keys;
    assert_eq!(kept.len(), 2);
    // One that is there already, and another one: the other is added.
    let remove = format!("/account/keys/{}/remove", kept[1].id);
    let page = led(&app, path, &remove, &[], path).await;
    assert!(page.text.contains("The key is removed."), "{}", page.text);
    let page = led(&app, path, path, &[("sshKeys", &paste)], path).await;
    assert!(page.text.contains("The key is added."), "{}", page.text);
    let again = refused(&app, path, path, &[("sshKeys", KEY)], 409).await;
    assert!(again.text.contains("role=\"alert\""), "{}", again.text);
    // One with a name of its own.
    app.submit(path, &remove, &[]).await;
    let missing = app.submit(path, &remove, &[]).await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn a_bad_line_is_named_and_nothing_is_added_and_no_private_key_comes_back() {
    let app = signed_in().await;
    let path = "/account/keys";
    let paste = format!("{KEY}\nssh-rsa BBBB");
    let page = refused(&app, path, path, &[("sshKeys", &paste)], 422).await;
    assert!(
        page.text.contains("id=\"sshKeys-error\">line 2: "),
        "{}",
        page.text
    );
    assert!(page.text.contains("ssh-rsa BBBB"), "what was typed is kept");
    let secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END";
    let page = refused(&app, path, path, &[("sshKeys", secret)], 422).await;
    assert!(page.text.contains("this is a private key"), "{}", page.text);
    assert!(!page.text.contains("c2VjcmV0"));
    refused(&app, path, path, &[("sshKeys", " \n")], 422).await;
    assert!(app.user("ada").await.ssh_keys.is_empty());
}

/// What an authenticator reads off the page.
fn phone_of(page: &Answer) -> Authenticator {
    let (_, rest) = page.text.split_once("id=\"manual-key\">").unwrap();
    let key = rest.split('<').next().unwrap();
    let setup = serde_json::json!({ "manualKey": key });
    Authenticator::of(&setup)
}

fn recovery_codes(page: &Answer) -> Vec<String> {
    let (_, rest) = page.text.split_once("id=\"recovery-codes\">").unwrap();
    let (list, _) = rest.split_once("</ol>").unwrap();
    let codes = list.split("<code>").skip(1);
    codes
        .map(|c| c.split('<').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_authenticator_is_set_up_used_and_switched_off() {
    let app = signed_in().await;
    let held = app.login("ada").await;
    let path = "/account/second-factor";
    let set_up = "/account/second-factor/totp";
    let ask = app.submit(path, set_up, &[]).await;
    assert_eq!(ask.status, 200);
    keeps_to_the_rules(set_up, &ask);
    assert!(
        ask.text.contains("name=\"password\""),
        "the password is asked for"
    );
    let wrong = refused(&app, path, set_up, &[("password", "no")], 422).await;
    assert!(
        wrong.text.contains("id=\"password-error\""),
        "{}",
        wrong.text
    );

    let shown = app.submit(path, set_up, &[("password", PASSWORD)]).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    keeps_to_the_rules(set_up, &shown);
    assert!(shown.text.contains("<svg "), "a code to scan");
    let phone = phone_of(&shown);
    let confirm = "/account/second-factor/confirm";
    let code = phone.code(&app, 0);
    let wrong = refused(&app, path, confirm, &[("code", &other(&code))], 422).await;
    assert!(wrong.text.contains("id=\"code-error\""), "{}", wrong.text);
    let done = app.submit(path, confirm, &[("code", &code)]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    keeps_to_the_rules(confirm, &done);
    let codes = recovery_codes(&done);
    assert_eq!(codes.len(), 10);
    assert_eq!(app.opens(&held.access).await, "session-ended", "elsewhere");
    let page = look(&app, path, 200).await;
    assert!(
        page.text.contains("a code of your authenticator"),
        "{}",
        page.text
    );
    assert!(page.text.contains("10 that were not used"), "{}", page.text);

    // New recovery codes need a code as well; the old ones are of no use then.
    let anew = "/account/second-factor/codes";
    let ask = app.submit(path, anew, &[]).await;
    assert!(ask.text.contains("name=\"code\""), "{}", ask.text);
    let fields = [("password", PASSWORD), ("code", codes[0].as_str())];
    let made = app.submit(path, anew, &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let new = recovery_codes(&made);
    assert!(!new.contains(&codes[1]));

    let off = "/account/second-factor/totp/off";
    let used = [("password", PASSWORD), ("code", codes[1].as_str())];
    refused(&app, path, off, &used, 422).await;
    let fields = [("password", PASSWORD), ("code", new[0].as_str())];
    let page = led(&app, path, off, &fields, path).await;
    assert!(
        page.text.contains("The authenticator is off."),
        "{}",
        page.text
    );
    assert!(!app.user("ada").await.access.second_factor.has_totp());
}

#[tokio::test]
async fn codes_by_mail_are_switched_on_and_off() {
    let app = signed_in().await;
    let path = "/account/second-factor";
    let fields = [("password", PASSWORD)];
    let on = "/account/second-factor/mail?on=1";
    let page = led(&app, path, on, &fields, path).await;
    assert!(page.text.contains("Codes by mail are on."), "{}", page.text);
    assert!(app.user("ada").await.access.second_factor.is_by_mail());
    let off = "/account/second-factor/mail";
    let page = led(&app, path, off, &fields, path).await;
    assert!(
        page.text.contains("Codes by mail are off."),
        "{}",
        page.text
    );
    assert!(!app.user("ada").await.access.second_factor.is_by_mail());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_at_once() {
    let app = signed_in().await;
    let held = app.login("ada").await;
    let path = "/account/sessions";
    let page = look(&app, path, 200).await;
    assert_eq!(page.text.matches("class=\"cards\"").count(), 1);
    assert_eq!(
        page.text.matches("this one").count(),
        2,
        "the session, and a sentence"
    );
    let claims = held.claims();
    let end = format!("/account/sessions/{}/end", claims["sid"].as_str().unwrap());
    let page = led(&app, path, &end, &[], path).await;
    assert!(
        page.text.contains("That session is logged out."),
        "{}",
        page.text
    );
    assert_eq!(app.opens(&held.access).await, "session-ended");
    assert_eq!(app.submit(path, &end, &[]).await.status, 404);

    // Another member's is none of one's own.
    app.member("eve").await;
    let eve = app.login("eve").await;
    let end = format!(
        "/account/sessions/{}/end",
        eve.claims()["sid"].as_str().unwrap()
    );
    assert_eq!(app.submit(path, &end, &[]).await.status, 404);
    assert_eq!(app.opens(&eve.access).await, "ok");

    let held = app.login("ada").await;
    let page = led(&app, path, "/account/sessions/end", &[], "/").await;
    assert!(page.text.contains("You are logged out."), "{}", page.text);
    assert_eq!(app.opens(&held.access).await, "session-ended");
    assert_eq!(app.get_with_cookies(path).await.status, 303);
}

#[tokio::test]
async fn invites_are_made_listed_and_taken_back_and_the_tree_grows() {
    let mut config = config();
    config.invites.members_may_invite = 3;
    let app = App::with(config);
    app.member("ada").await;
    app.sign_in("ada").await;
    let path = "/account/invites";
    assert_eq!(
        app.get_with_cookies("/invites").await.header("location"),
        path
    );
    let made = app
        .submit(path, path, &[("message", "Hello & welcome")])
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    keeps_to_the_rules(path, &made);
    let (_, link) = made.text.split_once("id=\"invite-link\">").unwrap();
    let link = link.split('<').next().unwrap();
    let token = link.rsplit('=').next().unwrap();
    // It is told once.
    assert!(!app.get_with_cookies(path).await.text.contains(token));

    let mut form = http_support::sign_up("grace");
    form["inviteToken"] = Value::from(token);
    assert_eq!(app.post("/api/auth/register", form).await.status, 201);
    app.run().await;
    let (proof, _) = app.mail_of("grace").await;
    let body = serde_json::json!({ "token": proof });
    app.post("/api/auth/verify-email", body).await;
    app.run().await;
    let page = look(&app, path, 200).await;
    assert!(page.text.contains("Joined by it: grace"), "{}", page.text);
    assert!(
        page.text.contains("<li class=\"depth-0\">grace</li>"),
        "{}",
        page.text
    );

    app.submit(path, path, &[("email", "bob@example.org")])
        .await;
    let page = look(&app, path, 200).await;
    let (_, rest) = page.text.split_once("action=\"/account/invites/").unwrap();
    let revoke = format!("/account/invites/{}", rest.split('"').next().unwrap());
    let page = led(&app, path, &revoke, &[], path).await;
    assert!(
        page.text.contains("The invite is taken back."),
        "{}",
        page.text
    );
    let wrong = refused(&app, path, path, &[("email", "nonsense")], 422).await;
    assert!(wrong.text.contains("id=\"email-error\""), "{}", wrong.text);

    // What grace sees.
    app.forget_cookies();
    app.sign_in("grace").await;
    let page = look(&app, path, 200).await;
    assert!(page.text.contains("ada brought you here."), "{}", page.text);
}

#[tokio::test]
async fn who_may_invite_to_several_roles_chooses_one() {
    let app = App::new();
    app.member("ada").await;
    app.give_role("ada", Role::Operator).await;
    app.sign_in("ada").await;
    let path = "/account/invites";
    let page = look(&app, path, 200).await;
    assert!(page.text.contains("<select id=\"role\""), "{}", page.text);
    assert!(!page.text.contains("value=\"super_admin\""));
    let fields = [
        ("role", "client_admin"),
        ("email", "org@example.org"),
        ("uses", ""),
    ];
    let page = refused(&app, path, path, &fields, 422).await;
    assert!(
        page.text.contains("id=\"organization.name-error\""),
        "{}",
        page.text
    );
    let fields = [&fields[..], &[("organization.name", "The Gardeners")]].concat();
    let made = app.submit(path, path, &fields).await;
    assert!(made.text.contains("id=\"invite-link\""), "{}", made.text);
    let fields = [("role", "client_user"), ("uses", "many")];
    let page = refused(&app, path, path, &fields, 422).await;
    assert!(page.text.contains("id=\"uses-error\""), "{}", page.text);
}

#[tokio::test]
async fn ones_data_is_a_file_and_the_account_is_deleted_by_its_password() {
    let app = signed_in().await;
    let path = "/account/data";
    let file = app.submit(path, "/account/data/export", &[]).await;
    assert_eq!(file.status, 200);
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"ada-data.json\""
    );
    assert_eq!(file.json()["account"]["username"], "ada");
    assert_eq!(app.audit_of(Action::MemberExported).await.len(), 1);
    let delete = "/account/data/delete";
    for fields in [vec![], vec![("password", "no")]] {
        let page = refused(&app, path, delete, &fields, 422).await;
        assert!(page.text.contains("id=\"password-error\""), "{}", page.text);
    }
    assert_eq!(app.user("ada").await.state, UserState::Active);
    let page = led(&app, path, delete, &[("password", PASSWORD)], "/").await;
    assert!(
        page.text.contains("Your account is deleted."),
        "{}",
        page.text
    );
    assert_eq!(app.user("ada").await.state, UserState::Deleted);
    assert_eq!(app.get_with_cookies(path).await.status, 303);
    let _ = hidden(&app.get_with_cookies("/login").await.text, "csrf");
}
