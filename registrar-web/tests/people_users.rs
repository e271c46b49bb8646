//! Members as admins see them: who may do what to whom, and what becomes of an account.

mod http_support;
mod people_support;

use http::Method;
use http_support::{Answer, App, Held, PASSWORD};
use provision_api::AccountState;
use registrar_web::domain::*;
use registrar_web::ports::PageRequest;
use serde_json::{Value, json};

async fn list(app: &App, query: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/users?{query}{cursor}");
        let page = app.as_admin(Method::GET, &path, None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        names.extend(
            items
                .iter()
                .map(|u| u["username"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

async fn suspend(app: &App, held: &Held, id: UserId) -> Answer {
    let path = format!("/api/users/{id}/suspend");
    let body = json!({"reason": "Sends unsolicited mail."});
    app.as_member_with(Method::POST, &path, &held.access, body)
        .await
}

async fn as_admin(app: &App, method: Method, id: UserId, what: &str, body: Value) -> Answer {
    let path = format!("/api/users/{id}{what}");
    let body = (!body.is_null()).then_some(body);
    app.as_admin(method, &path, body).await
}

async fn delete_own(app: &App, held: &Held, id: UserId, body: Value) -> Answer {
    let path = format!("/api/users/{id}");
    app.as_member_with(Method::DELETE, &path, &held.access, body)
        .await
}

#[tokio::test]
async fn the_list_is_searched_by_name_state_and_role_and_comes_in_pages() {
    let app = App::new();
    for name in ["ada", "grace", "adam", "joan"] {
        app.member(name).await;
    }
    app.give_role("grace", Role::Operator).await;
    let joan = app.user_of("joan").await.id;
    as_admin(&app, Method::POST, joan, "/suspend", json!({"reason": "x"})).await;
    app.register("pat").await;
    app.run().await;
    for (name, display) in [
        ("ada", "A. L."),
        ("grace", "G. H."),
        ("adam", "Zoë Grace"),
        ("joan", "J."),
        ("pat", "P."),
    ] {
        let mut user = app.user_of(name).await;
        user.display_name = DisplayName::parse(display).unwrap();
        app.world.store.update_user(user).await.unwrap();
    }

    for (query, want) in [
        ("", vec!["ada", "grace", "adam", "joan", "pat"]),
        ("limit=2", vec!["ada", "grace", "adam", "joan", "pat"]),
        ("q=ada", vec!["ada", "adam"]),
        // Capitals or not, of both names.
        ("q=GRACE&limit=1", vec!["grace", "adam"]),
        ("q=zo%C3%8B", vec!["adam"]),
        ("q=%25", vec![]),
        ("q=.*", vec![]),
        ("state=pending", vec!["pat"]),
        ("state=suspended", vec!["joan"]),
        ("state=active&limit=1", vec!["ada", "grace", "adam"]),
        ("state=deleted", vec![]),
        ("role=operator", vec!["grace"]),
        ("role=client_user&state=active", vec!["ada", "adam"]),
        ("role=operator&state=suspended", vec![]),
        ("pending=host", vec!["joan"]),
        ("pending=host&q=ada", vec![]),
    ] {
        assert_eq!(list(&app, query).await, want, "{query}");
    }
    for (query, error) in [
        ("state=gone", "state:malformed"),
        ("role=admin", "role:malformed"),
        ("q=", "q:malformed"),
        ("pending=x", "pending:malformed"),
        ("limit=x", "limit:malformed"),
        ("cursor=x", "cursor:malformed"),
        ("email=ada@example.org", "email:unknown-field"),
    ] {
        let path = format!("/api/users?{query}");
        let answer = app.as_admin(Method::GET, &path, None).await;
        assert_eq!(answer.errors(), [error], "{query}");
    }
    let long = format!("/api/users?q={}", "x".repeat(65));
    let answer = app.as_admin(Method::GET, &long, None).await;
    assert_eq!(answer.errors(), ["q:malformed"]);
}

#[tokio::test]
async fn nobody_s_secrets_are_in_what_admins_see() {
    let app = App::new();
    let id = app.member("ada").await;
    for path in ["/api/users".to_owned(), format!("/api/users/{id}")] {
        let text = app.as_admin(Method::GET, &path, None).await.text;
        assert!(text.contains("ada@example.org"));
        for secret in ["$2b$", "password", "epoch", "hash"] {
            assert!(!text.to_lowercase().contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn members_see_themselves_and_nobody_else() {
    let app = App::new();
    let (ada, adas) = app.member_as("ada", Role::ClientUser).await;
    let (eve, eves) = app.member_as("eve", Role::ClientAdmin).await;
    for (id, held) in [(ada, &adas), (eve, &eves)] {
        for method in [Method::GET, Method::PUT] {
            let path = format!("/api/users/{id}");
            let body = json!({"bio": "Me."});
            let own = app.as_member_with(method, &path, &held.access, body).await;
            assert_eq!(own.status, 200, "{}", own.text);
        }
    }
    for (id, held) in [(ada, &eves), (eve, &adas)] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let path = format!("/api/users/{id}");
            let others = app
                .as_member_with(method, &path, &held.access, json!({}))
                .await;
            assert_eq!(
                (others.status.as_u16(), others.code().as_str()),
                (403, "forbidden")
            );
        }
    }
    let listed = app.as_member(Method::GET, "/api/users", &adas.access).await;
    assert_eq!(listed.status, 403);
    // Who would run an organization, but has none, sees no member of any.
    let listed = app.as_member(Method::GET, "/api/users", &eves.access).await;
    assert_eq!(listed.json(), json!({"items": []}));
    // The same answer whether there is such a member or not.
    let nobody = "/api/users/0193a1b2-0000-7000-8000-000000000000";
    let answer = app.as_member(Method::GET, nobody, &adas.access).await;
    assert_eq!(answer.status, 403);
    let answer = app.as_admin(Method::GET, nobody, None).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_suspended_member_is_out_at_once_and_is_told_so_to_the_right_password_alone() {
    let app = App::new();
    let (ada, adas) = app.member_as("ada", Role::ClientUser).await;
    let (_, eves) = app.member_as("eve", Role::Operator).await;
    let second = app.login("ada").await;
    let answer = suspend(&app, &eves, ada).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let detail = answer.json();
    assert_eq!(detail["state"], "suspended");
    assert_eq!(detail["hostFollowUp"], "suspend");
    assert_eq!(detail["suspension"]["by"], "eve");
    assert_eq!(detail["suspension"]["reason"], "Sends unsolicited mail.");
    for held in [&adas, &second] {
        let path = "/api/auth/profile";
        let answer = app.as_member(Method::GET, path, &held.access).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.code(), "account-suspended");
        assert_eq!(
            answer.json()["detail"],
            "Your account has been suspended and access is denied. You have been logged out."
        );
        assert_eq!(app.refresh(&held.refresh).await.status, 401);
    }
    let right = app.try_login("ada", PASSWORD).await;
    assert_eq!(
        (right.status.as_u16(), &right.json()["detail"]),
        (
            401,
            &json!("Your account has been suspended and access is denied.")
        )
    );
    assert_eq!(
        app.try_login("ada", "wrong").await.code(),
        "wrong-credentials"
    );

    let path = format!("/api/users/{ada}/resume");
    let resumed = app.as_member(Method::POST, &path, &eves.access).await;
    assert_eq!(resumed.json()["state"], "active");
    assert_eq!(resumed.json()["suspension"], Value::Null);
    assert_eq!(app.opens(&adas.access).await, "session-ended");
    app.login("ada").await;

    let entries = app.audit_of(Action::MemberSuspended).await;
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(entry.actor.name(), "eve");
    assert_eq!(entry.subject.as_ref().unwrap().name, "ada");
    assert_eq!(entry.details["reason"], "Sends unsolicited mail.");
    assert_eq!(app.audit_of(Action::MemberResumed).await.len(), 1);
}

#[tokio::test]
async fn every_role_acts_on_lower_ones_and_on_no_others() {
    let app = App::new();
    let (own, held) = app.member_as("eve", Role::SuperAdmin).await;
    let other = app.member("ada").await;
    // So that nobody is the last.
    app.member_as("grace", Role::SuperAdmin).await;
    for mine in Role::ALL {
        app.give_role("eve", mine).await;
        for theirs in Role::ALL {
            app.give_role("ada", theirs).await;
            let is_below = mine != theirs && mine.is_at_least(theirs);
            let reaches = |least: Role| is_below && mine.is_at_least(least);
            for (method, what, body, least) in [
                (Method::PUT, "", json!({}), Role::Operator),
                (
                    Method::POST,
                    "/suspend",
                    json!({"reason": "x"}),
                    Role::Operator,
                ),
                (Method::POST, "/resume", json!({}), Role::Operator),
                (Method::DELETE, "", json!({}), Role::SiteAdmin),
                (Method::POST, "/resume", json!({}), Role::Operator),
                (
                    Method::POST,
                    "/role",
                    json!({"role": "client_user"}),
                    Role::SiteAdmin,
                ),
            ] {
                let path = format!("/api/users/{other}{what}");
                let answer = app
                    .as_member_with(method.clone(), &path, &held.access, body)
                    .await;
                // To make someone a client_user takes a role above that.
                let want = if reaches(least) { 200 } else { 403 };
                assert_eq!(
                    answer.status, want,
                    "{mine:?} {method} {what} {theirs:?}: {}",
                    answer.text
                );
            }
        }
        for what in ["/suspend", "/resume", "/role"] {
            let path = format!("/api/users/{own}{what}");
            let body = match what {
                "/role" => json!({"role": "super_admin"}),
                "/suspend" => json!({"reason": "x"}),
                _ => json!({}),
            };
            let answer = app
                .as_member_with(Method::POST, &path, &held.access, body)
                .await;
            assert_eq!(answer.status, 403, "{mine:?} to oneself {what}");
        }
    }
}

#[tokio::test]
async fn nobody_gives_a_role_that_is_not_below_their_own_but_the_admin_token() {
    let app = App::new();
    let (_, held) = app.member_as("eve", Role::SuperAdmin).await;
    let other = app.member("ada").await;
    for mine in [Role::SuperAdmin, Role::SiteAdmin] {
        app.give_role("eve", mine).await;
        for given in Role::ALL {
            app.give_role("ada", Role::ClientUser).await;
            let path = format!("/api/users/{other}/role");
            let body = json!({"role": given.as_str()});
            let answer = app
                .as_member_with(Method::POST, &path, &held.access, body)
                .await;
            let may = mine != given && mine.is_at_least(given);
            assert_eq!(
                answer.status,
                if may { 200 } else { 403 },
                "{mine:?} {given:?}"
            );
            let now = app.user_of("ada").await.role;
            assert_eq!(now, if may { given } else { Role::ClientUser });
        }
    }
    let made = as_admin(
        &app,
        Method::POST,
        other,
        "/role",
        json!({"role": "super_admin"}),
    )
    .await;
    assert_eq!(made.json()["role"], "super_admin");
    let entries = app.audit_of(Action::RoleChanged).await;
    let newest = &entries[0];
    assert_eq!(newest.actor.name(), "admin token");
    assert_eq!(newest.details["to"], "super_admin");
    for role in ["admin", "", "SUPER_ADMIN"] {
        let answer = as_admin(&app, Method::POST, other, "/role", json!({"role": role})).await;
        assert_eq!(answer.errors(), ["role:unknown"]);
    }
}

#[tokio::test]
async fn a_role_holds_from_the_next_request_on() {
    let app = App::new();
    let (id, held) = app.member_as("ada", Role::ClientUser).await;
    let ask = async || {
        app.as_member(Method::GET, "/api/users", &held.access)
            .await
            .status
    };
    assert_eq!(ask().await, 403);
    as_admin(&app, Method::POST, id, "/role", json!({"role": "operator"})).await;
    assert_eq!(ask().await, 200);
    as_admin(
        &app,
        Method::POST,
        id,
        "/role",
        json!({"role": "client_user"}),
    )
    .await;
    assert_eq!(ask().await, 403);
}

#[tokio::test]
async fn the_last_super_admin_can_t_be_taken_away_even_by_two_at_once() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::SuperAdmin).await;
    let (eve, _) = app.member_as("eve", Role::SuperAdmin).await;
    let demote = |id| {
        let app = &app;
        async move {
            let body = json!({"role": "client_user"});
            as_admin(app, Method::POST, id, "/role", body)
                .await
                .status
                .as_u16()
        }
    };
    let mut both = [demote(ada).await, demote(eve).await];
    both.sort_unstable();
    assert_eq!(both, [200, 409]);
    app.give_role("ada", Role::SuperAdmin).await;
    app.give_role("eve", Role::SuperAdmin).await;
    let (one, two) = tokio::join!(demote(ada), demote(eve));
    let mut both = [one, two];
    both.sort_unstable();
    assert_eq!(both, [200, 409], "at once");

    app.give_role("ada", Role::SuperAdmin).await;
    app.give_role("eve", Role::ClientUser).await;
    let refused = delete_own(&app, &held, ada, json!({"password": PASSWORD})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (409, "not-possible-now")
    );
    let refused = as_admin(&app, Method::POST, ada, "/suspend", json!({"reason": "x"})).await;
    assert_eq!(refused.status, 409);
    assert_eq!(
        as_admin(&app, Method::DELETE, ada, "", Value::Null)
            .await
            .status,
        409
    );
    // One who is suspended is none who could help.
    app.give_role("eve", Role::SuperAdmin).await;
    as_admin(&app, Method::POST, eve, "/suspend", json!({"reason": "x"})).await;
    assert_eq!(demote(ada).await, 409);
}

#[tokio::test]
async fn one_s_own_account_is_deleted_with_the_password_alone() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    for (body, error) in [
        (json!({}), "password:required"),
        (json!({"password": "wrong"}), "password:wrong"),
        (json!({"password": ""}), "password:wrong"),
        (json!({"password": 7}), "password:wrong-type"),
    ] {
        let answer = delete_own(&app, &held, ada, body).await;
        assert_eq!(answer.errors(), [error]);
        assert!(!answer.text.contains("\"wrong\"") || error == "password:wrong");
    }
    let answer = delete_own(&app, &held, ada, json!({"password": PASSWORD})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["state"], "deleted");
    assert_eq!(answer.json()["deletion"]["by"], "ada");
    let day = 24 * 3600;
    let until = app.world.now() + jiff::SignedDuration::from_secs(30 * day);
    assert_eq!(answer.json()["anonymisedFrom"], until.to_string());
    assert_eq!(app.opens(&held.access).await, "account-deleted");
    let right = app.try_login("ada", PASSWORD).await;
    assert_eq!(
        right.json()["detail"],
        "Your account has been deleted and access is denied."
    );
    let taken = app.get("/api/auth/status/check-username/ada").await;
    assert_eq!(taken.json()["available"], false);
    assert_eq!(app.audit_of(Action::MemberDeleted).await.len(), 1);
}

#[tokio::test]
async fn a_stolen_token_gets_no_more_than_five_guesses_at_the_password() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let guesses = (0..20).map(|n| {
        let (app, held) = (&app, &held);
        let body = json!({"password": format!("guess {n}")});
        async move { delete_own(app, held, ada, body).await.status.as_u16() }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|s| **s == 422).count(), 5);
    assert_eq!(statuses.iter().filter(|s| **s == 429).count(), 15);
    let right = delete_own(&app, &held, ada, json!({"password": PASSWORD})).await;
    assert_eq!(right.status, 429);
    assert!(!right.header("retry-after").is_empty());
    app.wait(15 * 60);
    let right = delete_own(&app, &held, ada, json!({"password": PASSWORD})).await;
    assert_eq!(
        right.status, 401,
        "the access token has expired: {}",
        right.text
    );
    let held = Held::of(&app.refresh(&held.refresh).await);
    let right = delete_own(&app, &held, ada, json!({"password": PASSWORD})).await;
    assert_eq!(right.status, 200);
}

#[tokio::test]
async fn within_the_time_of_grace_a_deleted_account_comes_back_whole() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    delete_own(&app, &held, ada, json!({"password": PASSWORD})).await;
    app.wait(29 * 24 * 3600);
    assert_eq!(app.people().anonymise_due().await.unwrap(), 0);
    let refused = as_admin(&app, Method::POST, ada, "/suspend", json!({"reason": "x"})).await;
    assert_eq!(refused.status, 409);
    let resumed = as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
    assert_eq!(resumed.json()["state"], "active");
    assert_eq!(resumed.json()["deletion"], Value::Null);
    app.login("ada").await;
    app.wait(60 * 24 * 3600);
    assert_eq!(app.people().anonymise_due().await.unwrap(), 0);
}

#[tokio::test]
async fn after_it_the_name_stays_taken_and_nothing_personal_is_left_anywhere() {
    let app = App::new();
    let mut form = http_support::sign_up("ada");
    form["firstName"] = json!("Augusta");
    form["reason"] = json!("For the poetry.");
    app.post("/api/auth/register", form).await;
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    app.post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    app.run().await;
    let ada = app.user_of("ada").await.id;
    as_admin(&app, Method::DELETE, ada, "", Value::Null).await;
    app.wait(30 * 24 * 3600);
    assert_eq!(app.people().anonymise_due().await.unwrap(), 1);
    assert_eq!(app.people().anonymise_due().await.unwrap(), 0, "once");

    let user = app.user_of("ada").await;
    let registration = app.world.store.registration(ada).await.unwrap();
    let records = format!(
        "{}{}",
        serde_json::to_string(&user).unwrap(),
        serde_json::to_string(&registration).unwrap()
    );
    for gone in ["example.org", "Lovelace", "Augusta", "poetry", "$2b$"] {
        assert!(!records.contains(gone), "{gone}: {records}");
    }
    let detail = as_admin(&app, Method::GET, ada, "", Value::Null)
        .await
        .json();
    assert_eq!(detail["hostFollowUp"], "archive");
    assert_eq!(detail["anonymisedAt"], app.world.now().to_string());
    let resumed = as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
    assert_eq!(resumed.status, 409);
    assert_eq!(
        app.try_login("ada", PASSWORD).await.code(),
        "wrong-credentials"
    );
    // The name never comes back, the address does.
    let again = app
        .post("/api/auth/register", http_support::sign_up("ada"))
        .await;
    assert_eq!(again.status, 409);
    let mut other = http_support::sign_up("lovelace");
    other["personalEmail"] = json!("ada@example.org");
    app.post("/api/auth/register", other).await;
    app.run().await;
    let (token, _) = app.mail_of("lovelace").await;
    let proof = app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    assert_eq!(proof.status, 200);
    app.run().await;
    assert_eq!(app.user_of("lovelace").await.state, UserState::Active);
    assert_eq!(app.audit_of(Action::MemberAnonymised).await.len(), 1);
}

#[tokio::test]
async fn what_is_left_to_do_on_the_host_is_listed_until_the_host_says_it_is_done() {
    let app = App::new();
    let ada = app.member("ada").await;
    as_admin(&app, Method::POST, ada, "/suspend", json!({"reason": "x"})).await;
    assert_eq!(
        app.people().follow_host().await.unwrap(),
        0,
        "still active there"
    );
    assert_eq!(list(&app, "pending=host").await, ["ada"]);
    *app.host.down.lock().unwrap() = true;
    assert_eq!(
        app.people().follow_host().await.unwrap(),
        0,
        "can't be asked"
    );
    *app.host.down.lock().unwrap() = false;
    let says = |state| {
        let mut states = app.host.states.lock().unwrap();
        states.insert("ada".into(), state);
    };
    says(AccountState::Suspended);
    assert_eq!(app.people().follow_host().await.unwrap(), 1);
    assert!(list(&app, "pending=host").await.is_empty());
    let shown = as_admin(&app, Method::GET, ada, "", Value::Null)
        .await
        .json();
    assert_eq!(
        (&shown["state"], &shown["hostFollowUp"]),
        (&json!("suspended"), &Value::Null)
    );

    as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
    assert_eq!(
        app.people().follow_host().await.unwrap(),
        0,
        "suspended there"
    );
    says(AccountState::Active);
    assert_eq!(app.people().follow_host().await.unwrap(), 1);
}

#[tokio::test]
async fn whose_account_left_the_host_stays_out_and_their_page_says_that_it_is_closed() {
    let app = App::new();
    let ada = app.member("ada").await;
    as_admin(&app, Method::DELETE, ada, "", Value::Null).await;
    let says = |state| {
        let mut states = app.host.states.lock().unwrap();
        states.insert("ada".into(), state);
    };
    for (state, why) in [
        (AccountState::Archived, "restores it there first"),
        (AccountState::Removed, "removed from the host for good"),
    ] {
        says(state);
        let refused = as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
        assert_eq!(refused.status, 409);
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains(why), "{detail}");
    }
    let page = app.get_with_cookies("/signup/status/ada").await;
    assert!(
        page.text.contains("This account is closed."),
        "{}",
        page.text
    );
    assert!(!page.text.contains("is ready"), "{}", page.text);

    // Whether it is there must be known.
    *app.host.down.lock().unwrap() = true;
    let unknown = as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
    assert_eq!(unknown.status, 503, "{}", unknown.text);
    *app.host.down.lock().unwrap() = false;
    says(AccountState::Suspended);
    let resumed = as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
    assert_eq!(resumed.json()["state"], "active");
}

#[tokio::test]
async fn what_the_archive_does_not_keep_is_given_to_the_host_again() {
    let app = App::new();
    let ada = app.member("ada").await;
    let name = Username::parse("ada").unwrap();
    let given = |app: &App| app.host.passwords.lock().unwrap().get(&name).cloned();
    as_admin(&app, Method::POST, ada, "/suspend", json!({"reason": "x"})).await;
    as_admin(&app, Method::POST, ada, "/resume", Value::Null).await;
    app.host.forget_password("ada");
    assert_eq!(app.people().follow_host().await.unwrap(), 1);
    app.host_side.run_all().await.unwrap();
    let hash = app.user_of("ada").await.password_hash.unwrap();
    assert_eq!(given(&app).map(|(given, _)| given), Some(hash));
    assert_eq!(app.host_side.run_all().await.unwrap(), 0, "and no more");
}

#[tokio::test]
async fn doing_it_twice_changes_and_records_nothing_more() {
    let app = App::new();
    let ada = app.member("ada").await;
    for (method, what, body, action) in [
        (
            Method::POST,
            "/suspend",
            json!({"reason": "x"}),
            Action::MemberSuspended,
        ),
        (Method::POST, "/resume", Value::Null, Action::MemberResumed),
        (Method::DELETE, "", Value::Null, Action::MemberDeleted),
    ] {
        let before = app.audit_of(action).await.len();
        let first = as_admin(&app, method.clone(), ada, what, body.clone()).await;
        let second = as_admin(&app, method, ada, what, body).await;
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
        assert_eq!(first.json(), second.json());
        assert_eq!(app.audit_of(action).await.len(), before + 1);
    }
}

#[tokio::test]
async fn of_an_unfinished_registration_nothing_is_suspended_or_deleted() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    let ada = app.user_of("ada").await.id;
    for (method, what, body) in [
        (Method::POST, "/suspend", json!({"reason": "x"})),
        (Method::POST, "/resume", Value::Null),
        (Method::DELETE, "", Value::Null),
        (Method::POST, "/role", json!({"role": "operator"})),
    ] {
        let answer = as_admin(&app, method, ada, what, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, "not-possible-now")
        );
    }
    assert_eq!(app.user_of("ada").await.state, UserState::Pending);
}

#[tokio::test]
async fn a_reason_is_asked_for_and_judged() {
    let app = App::new();
    let ada = app.member("ada").await;
    for (body, error) in [
        (json!({}), "reason:required"),
        (json!({"reason": "  "}), "reason:required"),
        (json!({"reason": "x".repeat(501)}), "reason:too-long"),
        (json!({"reason": "a\u{7}"}), "reason:control-character"),
        (json!({"reason": 1}), "reason:wrong-type"),
        (json!({"reason": "x", "until": "y"}), "until:unknown-field"),
    ] {
        let answer = as_admin(&app, Method::POST, ada, "/suspend", body).await;
        assert_eq!(answer.errors(), [error]);
    }
    assert_eq!(app.user_of("ada").await.state, UserState::Active);
}

#[tokio::test]
async fn what_was_decided_outlives_a_restart() {
    let app = App::new();
    let ada = app.member("ada").await;
    as_admin(&app, Method::POST, ada, "/suspend", json!({"reason": "x"})).await;
    let again = app.restart().await;
    assert_eq!(list(&again, "state=suspended").await, ["ada"]);
    assert_eq!(
        again.try_login("ada", PASSWORD).await.code(),
        "account-suspended"
    );
    let page = PageRequest {
        limit: 1,
        after: None,
    };
    let filter = registrar_web::ports::UserFilter::HostPending;
    let pending = again.world.store.list_users(filter, &page).await.unwrap();
    assert_eq!(pending.items.len(), 1);
}
