//! What a login asks for after the password, and of whom; codes by mail.

mod http_support;
mod two_factor_support;

use http::Method;
use http_support::{App, Held, PASSWORD, config};
use registrar_web::domain::{BcryptHash, FactorChange, MailKind, Role, UserId, UserState};
use serde_json::json;
use two_factor_support::{is, other};

async fn sessions(app: &App, id: UserId) -> usize {
    let page = registrar_web::ports::PageRequest {
        limit: 100,
        after: None,
    };
    let page = app.world.store.list_sessions(id, &page).await.unwrap();
    page.items.len()
}

async fn id_of(app: &App, held: &Held) -> UserId {
    app.auth.authenticate(&held.access).await.unwrap().user.id
}

#[tokio::test]
async fn who_gets_codes_by_mail_has_no_session_before_the_code_and_one_after_it() {
    let app = App::new();
    let held = app.by_mail("ada").await;
    let id = id_of(&app, &held).await;
    app.wait(60);
    let challenge = app.asked("ada", "email").await;
    assert!(challenge.starts_with("crc_"));
    assert_eq!(sessions(&app, id).await, 1, "the one that switched it on");
    for nothing in [&challenge, &challenge.replace("crc_", "crr_")] {
        assert_eq!(app.opens(nothing).await, "invalid-token");
        assert_eq!(app.refresh(nothing).await.code(), "invalid-token");
    }
    let code = app.mailed_code().await;
    let answer = app.verify_otp(&challenge, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["user"]["username"], "ada");
    assert_eq!(answer.json()["tokenType"], "Bearer");
    assert_eq!(answer.header("cache-control"), "no-store");
    let new = Held::of(&answer);
    assert_eq!(app.opens(&new.access).await, "ok");
    assert_eq!(app.refresh(&new.refresh).await.status, 200);
    assert_eq!(sessions(&app, id).await, 2);
    let user = app.world.store.user(id).await.unwrap().unwrap();
    assert_eq!(user.access.last_login_at, Some(app.world.now()));
    // The challenge is spent.
    let again = app.verify_otp(&challenge, &code).await;
    assert_eq!(is(&again), (401, "challenge-unknown".into()));
}

#[tokio::test]
async fn a_wrong_password_tells_nothing_of_a_second_factor() {
    let app = App::new();
    app.by_mail("ada").await;
    app.enrolled("bob").await;
    app.member("eve").await;
    app.mails().await;
    let id = [("x-request-id", "same")];
    let mut answers = Vec::new();
    for who in ["ada", "bob", "eve", "nobody"] {
        let body = json!({"emailOrUsername": who, "password": "wrong"}).to_string();
        let answer = app.post_bytes("/api/auth/login", body, &id).await;
        answers.push((is(&answer), answer.text));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn five_wrong_codes_end_a_login_and_no_other_is_judged_before_the_window_ends() {
    let app = App::new();
    app.by_mail("ada").await;
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    for tries_left in (0..5).rev() {
        let answer = app.verify_otp(&challenge, &other(&code)).await;
        assert_eq!(is(&answer), (401, "wrong-second-factor".into()));
        assert_eq!(answer.json()["triesLeft"], tries_left);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    let answer = app.verify_otp(&challenge, &code).await;
    assert_eq!(is(&answer), (401, "challenge-unknown".into()));
    // Whoever it is knows the password: the owner is told, once.
    assert_eq!(app.changes_told().await, [FactorChange::WrongCodes]);
    // Another login does not bring more guesses, here or on another instance or after a restart.
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    let beside = app.beside();
    let refused = beside.verify_otp(&challenge, &code).await;
    assert_eq!(is(&refused), (429, "too-many-requests".into()));
    let app = app.restart().await;
    let refused = app.verify_otp(&challenge, &code).await;
    assert_eq!(is(&refused), (429, "too-many-requests".into()));
    assert_eq!(refused.header("retry-after"), "900");
    // Others are let in meanwhile.
    app.by_mail("eve").await;
    let hers = app.asked("eve", "email").await;
    let code = app.mailed_code().await;
    assert_eq!(app.verify_otp(&hers, &code).await.status, 200);
    app.wait(900);
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    assert_eq!(app.verify_otp(&challenge, &code).await.status, 200);
}

#[tokio::test]
async fn a_burst_of_guesses_gets_five_of_them_judged() {
    let app = App::new();
    app.by_mail("ada").await;
    let challenges = [
        app.asked("ada", "email").await,
        app.asked("ada", "email").await,
    ];
    app.mails().await;
    let guess = |n: usize| {
        let code = format!("{n:06}");
        json!({"challenge": challenges[n % 2], "code": code})
    };
    let answers = app
        .at_once("/api/auth/verify-otp", (0..40).map(guess).collect())
        .await;
    let judged = answers
        .iter()
        .filter(|a| a.status == 401 && a.code() == "wrong-second-factor")
        .count();
    assert_eq!(judged, 5);
}

#[tokio::test]
async fn of_twenty_who_send_the_same_code_at_once_one_is_let_in() {
    let app = App::new();
    let held = app.by_mail("ada").await;
    let id = id_of(&app, &held).await;
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    let body = json!({ "challenge": challenge, "code": code });
    let answers = app.at_once("/api/auth/verify-otp", vec![body; 20]).await;
    let let_in = answers.iter().filter(|a| a.status == 200).count();
    assert_eq!(let_in, 1);
    for answer in answers.iter().filter(|a| a.status != 200) {
        assert_eq!(is(answer), (401, "challenge-unknown".into()));
    }
    assert_eq!(sessions(&app, id).await, 2);
}

#[tokio::test]
async fn a_login_waits_for_ten_minutes() {
    let app = App::new();
    app.by_mail("ada").await;
    let (old, new) = (
        app.asked("ada", "email").await,
        app.asked("ada", "email").await,
    );
    let mails = app.mails().await;
    let codes: Vec<String> = mails
        .iter()
        .map(|(_, text)| two_factor_support::code_in(text))
        .collect();
    app.wait(599);
    assert_eq!(app.verify_otp(&new, &codes[1]).await.status, 200);
    app.wait(1);
    let late = app.verify_otp(&old, &codes[0]).await;
    assert_eq!(is(&late), (401, "challenge-unknown".into()));
}

#[tokio::test]
async fn the_challenge_of_one_member_is_of_no_use_to_another() {
    let app = App::new();
    app.by_mail("ada").await;
    app.by_mail("eve").await;
    let hers = app.asked("ada", "email").await;
    let her_code = app.mailed_code().await;
    let eves = app.asked("eve", "email").await;
    let eves_code = app.mailed_code().await;
    for (challenge, code) in [(&hers, &eves_code), (&eves, &her_code)] {
        let answer = app.verify_otp(challenge, code).await;
        assert_eq!(is(&answer), (401, "wrong-second-factor".into()));
    }
    let mixed = format!("{}{}", &hers[..30], &eves[30..]);
    let answer = app.verify_otp(&mixed, &eves_code).await;
    assert_eq!(is(&answer), (401, "challenge-unknown".into()));
    let answer = app.verify_otp(&eves, &eves_code).await;
    assert_eq!(answer.json()["user"]["username"], "eve");
}

#[tokio::test]
async fn a_challenge_ends_with_its_password_with_all_sessions_and_with_the_account() {
    let app = App::new();
    let held = app.by_mail("ada").await;
    let id = id_of(&app, &held).await;
    let store = app.world.store.clone();
    for end in ["sessions", "password", "account"] {
        let challenge = app.asked("ada", "email").await;
        let code = app.mailed_code().await;
        let mut user = store.user(id).await.unwrap().unwrap();
        let before = user.password_hash.clone();
        match end {
            "password" => {
                let hash = "$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
                let now = app.world.now();
                user.set_password(BcryptHash::parse(hash).unwrap(), true, now);
                store.update_user(user).await.unwrap();
            }
            "sessions" => {
                let path = "/api/auth/sessions";
                let answer = app.as_member(Method::DELETE, path, &held.access).await;
                assert_eq!(answer.status, 204);
            }
            _ => {
                let suspended = UserState::Suspended;
                app.auth.set_state(id, suspended).await.unwrap();
            }
        }
        let answer = app.verify_otp(&challenge, &code).await;
        assert_eq!(is(&answer), (401, "challenge-unknown".into()), "{end}");
        let mut user = store.user(id).await.unwrap().unwrap();
        user.password_hash = before;
        store.update_user(user).await.unwrap();
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_nothing() {
    let app = App::new();
    app.by_mail("ada").await;
    let challenge = app.asked("ada", "email").await;
    // The mail was not sent yet.
    let app = app.restart().await;
    let code = app.mailed_code().await;
    assert_eq!(app.verify_otp(&challenge, &code).await.status, 200);
}

#[tokio::test]
async fn the_mail_says_from_where_and_neither_it_nor_the_record_lies_about_in_clear() {
    let app = App::new();
    app.by_mail("ada").await;
    let challenge = app.asked("ada", "email").await;
    let mails = app.mails().await;
    let (kind, text) = &mails[0];
    assert!(matches!(kind, MailKind::LoginCode { .. }));
    assert!(text.contains("192.0.2.7"), "{text}");
    let code = two_factor_support::code_in(text);
    app.world.store.close().await;
    for file in std::fs::read_dir(app.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for secret in [&challenge[40..], &code] {
                let is_there = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
                assert!(!is_there, "{secret} in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn who_has_the_password_can_not_flood_the_mailbox() {
    let app = App::new();
    app.by_mail("ada").await;
    for _ in 0..10 {
        app.asked("ada", "email").await;
    }
    let refused = app.try_login("ada", PASSWORD).await;
    assert_eq!(is(&refused), (429, "too-many-requests".into()));
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(app.mails().await.len(), 10);
    app.wait(3600);
    app.asked("ada", "email").await;
}

#[tokio::test]
async fn roles_that_must_have_a_second_factor_get_a_code_by_mail_from_the_next_login_on() {
    let app = App::new();
    let id = app.member("ada").await;
    app.run().await;
    let mut user = app.world.store.user(id).await.unwrap().unwrap();
    user.role = Role::SuperAdmin;
    app.world.store.update_user(user).await.unwrap();
    let held = app.login("ada").await;
    assert_eq!(app.factor(&held).await["method"], json!(null));
    let mut config = config();
    config.auth.require_two_factor = vec![Role::SuperAdmin];
    let app = app.restart_with(config).await;
    // Who is in stays in.
    assert_eq!(app.opens(&held.access).await, "ok");
    let next = Held::of(&app.refresh(&held.refresh).await);
    assert_eq!(
        app.factor(&next).await,
        json!({"method": "email", "totp": false, "email": false, "required": true, "organizationPrefers": null, "recoveryCodesLeft": 0})
    );
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    assert_eq!(app.verify_otp(&challenge, &code).await.status, 200);
    // Others are not asked.
    app.member("eve").await;
    app.login("eve").await;
}

#[tokio::test]
async fn switching_it_on_and_off_takes_the_password_ends_other_sessions_and_is_told() {
    let app = App::new();
    let id = app.member("ada").await;
    app.mails().await;
    let (here, there) = (app.login("ada").await, app.login("ada").await);
    let path = "/api/auth/otp/enable";
    let wrong = json!({"password": "wrong"});
    let refused = app.post_as(&here, path, wrong.clone()).await;
    assert_eq!(is(&refused), (422, "invalid-fields".into()));
    assert_eq!(refused.errors(), ["password:wrong"]);
    assert_eq!(app.opens(&there.access).await, "ok");
    let right = json!({ "password": PASSWORD });
    let answer = app.post_as(&here, path, right.clone()).await;
    assert_eq!(answer.json()["method"], "email", "{}", answer.text);
    assert_eq!(app.opens(&here.access).await, "ok");
    assert_eq!(app.opens(&there.access).await, "session-ended");
    assert_eq!(app.refresh(&there.refresh).await.code(), "session-ended");
    let here = Held::of(&app.refresh(&here.refresh).await);
    assert_eq!(app.changes_told().await, [FactorChange::EmailOn]);
    // Once more changes nothing.
    assert_eq!(app.post_as(&here, path, right.clone()).await.status, 200);
    assert!(app.changes_told().await.is_empty());
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    let there = Held::of(&app.verify_otp(&challenge, &code).await);
    let path = "/api/auth/otp/disable";
    assert_eq!(app.post_as(&here, path, wrong).await.status, 422);
    let answer = app.post_as(&here, path, right).await;
    assert_eq!(answer.json()["method"], json!(null));
    assert_eq!(app.opens(&here.access).await, "ok");
    assert_eq!(app.opens(&there.access).await, "session-ended");
    assert_eq!(app.changes_told().await, [FactorChange::EmailOff]);
    app.login("ada").await;
    assert_eq!(
        app.audited(id).await,
        ["second-factor-on", "second-factor-off"]
    );
}

#[tokio::test]
async fn a_stolen_access_token_does_not_serve_to_guess_the_password() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let paths = ["otp/enable", "otp/disable", "totp/setup", "recovery-codes"];
    for (n, path) in paths.iter().cycle().take(5).enumerate() {
        let body = json!({"password": format!("guess {n}")});
        let answer = app.post_as(&held, &format!("/api/auth/{path}"), body).await;
        assert_eq!(is(&answer), (422, "invalid-fields".into()), "{path}");
        assert!(!answer.text.contains("guess"));
    }
    for path in paths {
        let body = json!({ "password": PASSWORD });
        let answer = app.post_as(&held, &format!("/api/auth/{path}"), body).await;
        assert_eq!(is(&answer), (429, "too-many-requests".into()), "{path}");
    }
    // The login has a counter of its own.
    app.login("ada").await;
}

#[tokio::test]
async fn bodies_that_are_not_as_they_must_be_are_named_and_use_nothing_up() {
    let app = App::new();
    app.by_mail("ada").await;
    let challenge = app.asked("ada", "email").await;
    let code = app.mailed_code().await;
    for (body, error) in [
        (json!({"code": code}), "challenge:required"),
        (json!({"challenge": challenge}), "code:required"),
        (
            json!({"challenge": challenge, "code": code, "recoveryCode": "x"}),
            "recoveryCode:too-many",
        ),
        (
            json!({"challenge": challenge, "code": 123_456}),
            "code:wrong-type",
        ),
        (
            json!({"challenge": challenge, "code": code, "trust": true}),
            "trust:unknown-field",
        ),
    ] {
        let answer = app.post("/api/auth/verify-otp", body).await;
        assert_eq!(answer.errors(), [error], "{}", answer.text);
        assert!(!answer.text.contains(&code) && !answer.text.contains(&challenge));
    }
    let elsewhere = app.verify_totp(&challenge, &code).await;
    assert_eq!(elsewhere.errors(), ["challenge:other-method"]);
    assert!(elsewhere.text.contains("/api/auth/verify-otp"));
    for nonsense in ["", "crc_", "crc_AAAA", &"A".repeat(60_000)] {
        let answer = app.verify_otp(nonsense, &code).await;
        assert_eq!(is(&answer), (401, "challenge-unknown".into()));
    }
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(app.verify_otp(&challenge, &spaced).await.status, 200);
}

#[tokio::test]
async fn an_admin_takes_it_away_from_who_has_lost_it_but_not_from_the_own_rank_or_above() {
    let app = App::new();
    let (held, _, codes) = app.enrolled("ada").await;
    let id = id_of(&app, &held).await;
    let boss = app.member("bob").await;
    let roles = |ada: Role, bob: Role| {
        let store = app.world.store.clone();
        async move {
            for (id, role) in [(id, ada), (boss, bob)] {
                let mut user = store.user(id).await.unwrap().unwrap();
                user.role = role;
                store.update_user(user).await.unwrap();
            }
        }
    };
    let bob = app.login("bob").await;
    let path = format!("/api/users/{id}/second-factor/reset");
    for (ada, bob_is) in [
        (Role::SuperAdmin, Role::SuperAdmin),
        (Role::SiteAdmin, Role::SiteAdmin),
        (Role::SuperAdmin, Role::SiteAdmin),
        (Role::ClientUser, Role::Operator),
    ] {
        roles(ada, bob_is).await;
        let refused = app.as_member(Method::POST, &path, &bob.access).await;
        assert_eq!(is(&refused), (403, "forbidden".into()), "{bob_is:?}");
    }
    roles(Role::SuperAdmin, Role::SiteAdmin).await;
    let own = app.as_member(Method::POST, &path, &held.access).await;
    assert_eq!(is(&own), (403, "forbidden".into()), "the own one");
    app.asked("ada", "totp").await;
    app.mails().await;
    roles(Role::Operator, Role::SiteAdmin).await;
    let done = app.as_member(Method::POST, &path, &bob.access).await;
    assert_eq!(done.status, 204, "{}", done.text);
    assert_eq!(app.opens(&held.access).await, "session-ended");
    assert_eq!(app.opens(&bob.access).await, "ok");
    assert_eq!(app.changes_told().await, [FactorChange::Reset]);
    assert_eq!(
        app.audited(id).await,
        ["second-factor-on", "second-factor-reset"]
    );
    let held = app.login("ada").await;
    assert_eq!(app.factor(&held).await["recoveryCodesLeft"], 0);
    assert_eq!(codes.len(), 10);
    // The admin token does it for all; and there must be someone.
    roles(Role::SuperAdmin, Role::SiteAdmin).await;
    let done = app.as_admin(Method::POST, &path, None).await;
    assert_eq!(done.status, 204, "{}", done.text);
    for nobody in ["x", "0193a1b2-0000-7000-8000-000000000000"] {
        let path = format!("/api/users/{nobody}/second-factor/reset");
        let answer = app.as_admin(Method::POST, &path, None).await;
        assert_eq!(is(&answer), (404, "not-found".into()));
    }
}
