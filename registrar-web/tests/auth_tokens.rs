//! What tokens open, and for how long.

mod http_support;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use http_support::{App, Held, PASSWORD, config, part};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode};
use registrar_web::config::{Config, TokenAlgorithm};
use registrar_web::domain::{MailKind, MailState, RefreshToken, UserState, WorkerId};
use registrar_web::ports::LeaseRequest;
use serde_json::{Value, json};
use sha2::Sha256;

fn signed_with(algorithm: TokenAlgorithm) -> Config {
    let mut config = config();
    config.auth.algorithm = algorithm;
    config
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token signed with HMAC under any bytes.
fn hs256(head: &Value, claims: &Value, key: &[u8]) -> String {
    let message = format!("{}.{}", encode(head), encode(claims));
    let mut block = [0; 64];
    if key.len() <= 64 {
        block[..key.len()].copy_from_slice(key);
    } else {
        use sha2::Digest;
        block[..32].copy_from_slice(&Sha256::digest(key));
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(message.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{message}.{signature}")
}

async fn jwks(app: &App) -> JwkSet {
    let answer = app.get("/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200);
    serde_json::from_value(answer.json()).unwrap()
}

#[tokio::test]
async fn another_service_can_check_a_token_with_the_published_key_alone() {
    for (ours, theirs) in [
        (TokenAlgorithm::Rs256, Algorithm::RS256),
        (TokenAlgorithm::Es256, Algorithm::ES256),
        (TokenAlgorithm::EdDsa, Algorithm::EdDSA),
    ] {
        let app = App::with(signed_with(ours));
        let id = app.member("ada").await;
        let held = app.login("ada").await;
        let head = part(&held.access, 0);
        assert_eq!(head["typ"], "at+jwt");
        let keys = jwks(&app).await;
        let key = keys.find(head["kid"].as_str().unwrap()).unwrap();
        let mut rules = Validation::new(theirs);
        rules.set_issuer(&["http://127.0.0.1:3000"]);
        rules.set_audience(&["http://127.0.0.1:3000"]);
        // The test's clock is not the machine's.
        rules.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        let claims = decode::<Value>(&held.access, &key, &rules).unwrap().claims;
        assert_eq!(claims["sub"], id.to_string());
        assert_eq!(claims["username"], "ada");
        assert_eq!(claims["email"], "ada@example.org");
        assert_eq!(claims["role"], "client_user");
        assert_eq!(claims["org"], Value::Null);
        let lasts = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lasts, 900);
        for name in ["sid", "jti"] {
            assert_eq!(claims[name].as_str().unwrap().len(), 36);
        }
        assert_eq!(app.opens(&held.access).await, "ok", "{ours:?}");
        assert_eq!(app.try_login("ada", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_that_others_must_not_know_is_not_published() {
    let app = App::with(signed_with(TokenAlgorithm::Hs256));
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(app.opens(&held.access).await, "ok");
    assert_eq!(jwks(&app).await.keys.len(), 0);
}

#[tokio::test]
async fn an_access_token_is_good_for_a_quarter_of_an_hour() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    app.wait(899);
    assert_eq!(app.opens(&held.access).await, "ok");
    app.wait(1);
    assert_eq!(app.opens(&held.access).await, "invalid-token");
}

#[tokio::test]
async fn no_token_passes_but_one_that_this_service_signed_as_it_stands() {
    for algorithm in [TokenAlgorithm::Rs256, TokenAlgorithm::EdDsa] {
        let app = App::with(signed_with(algorithm));
        app.member("ada").await;
        let held = app.login("ada").await;
        let (head, claims) = (part(&held.access, 0), held.claims());
        let signature = held.access.rsplit('.').next().unwrap();
        let key = jwks(&app).await.keys.remove(0);
        let public = serde_json::to_value(&key).unwrap();
        let with = |mut value: Value, name: &str, new: Value| {
            value[name] = new;
            value
        };
        let with_signature =
            |h: &Value, c: &Value| format!("{}.{}.{signature}", encode(h), encode(c));

        let mut forged = vec![
            // The head says that there is no signature.
            format!(
                "{}.{}.",
                encode(&json!({"alg": "none", "typ": "at+jwt", "kid": head["kid"]})),
                encode(&claims)
            ),
            format!(
                "{}.{}.{signature}",
                encode(&with(head.clone(), "alg", json!("none"))),
                encode(&claims)
            ),
            // The claims were changed.
            with_signature(&head, &with(claims.clone(), "role", json!("super_admin"))),
            with_signature(
                &head,
                &with(claims.clone(), "exp", json!(99_999_999_999_i64)),
            ),
            // Another type, another key, no key.
            with_signature(&with(head.clone(), "typ", json!("JWT")), &claims),
            with_signature(&with(head.clone(), "kid", json!("other")), &claims),
            with_signature(&with(head.clone(), "kid", Value::Null), &claims),
            with_signature(&with(head.clone(), "crit", json!(["exp"])), &claims),
            // Not whole.
            held.access[..held.access.len() - 1].to_owned(),
            held.access.rsplit_once('.').unwrap().0.to_owned(),
            String::from("x.y.z"),
            "a".repeat(20_000),
            held.refresh.clone(),
        ];
        // The public key as the secret of HMAC, in every form that it is seen in.
        let symmetric = with(head.clone(), "alg", json!("HS256"));
        let mut secrets: Vec<Vec<u8>> = vec![
            public.to_string().into_bytes(),
            app.get("/.well-known/jwks.json").await.text.into_bytes(),
            Vec::new(),
        ];
        for name in ["n", "x"] {
            if let Some(text) = public[name].as_str() {
                secrets.push(text.as_bytes().to_vec());
                secrets.push(URL_SAFE_NO_PAD.decode(text).unwrap());
            }
        }
        for secret in secrets {
            forged.push(hs256(&symmetric, &claims, &secret));
        }
        for token in forged {
            let path = "/api/auth/sessions";
            let answer = app.as_member(Method::GET, path, &token).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (401, "invalid-token"),
                "{token}"
            );
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains("error=\"invalid_token\""));
        }
        assert_eq!(app.opens(&held.access).await, "ok", "the true one");
    }
}

/// Tokens that were signed with the right key, and are wrong in what they say.
#[tokio::test]
async fn a_good_signature_is_not_enough() {
    let app = App::with(signed_with(TokenAlgorithm::Hs256));
    app.member("ada").await;
    app.member("eve").await;
    let (ada, eve) = (app.login("ada").await, app.login("eve").await);
    let file = app.directory.path().join("keys/token-keys.json");
    let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let key = base64::engine::general_purpose::STANDARD
        .decode(file["keys"][0]["private"].as_str().unwrap())
        .unwrap();
    let (head, claims) = (part(&ada.access, 0), ada.claims());
    let open = async |name: &str, value: Value, of_head: bool| {
        let (mut head, mut claims) = (head.clone(), claims.clone());
        let part = if of_head { &mut head } else { &mut claims };
        if value == Value::Null {
            part.as_object_mut().unwrap().remove(name);
        } else {
            part[name] = value;
        }
        app.opens(&hs256(&head, &claims, &key)).await
    };
    assert_eq!(open("jti", claims["jti"].clone(), false).await, "ok");
    let iat = claims["iat"].as_i64().unwrap();
    for (name, value) in [
        ("iss", json!("http://evil.example")),
        ("iss", Value::Null),
        ("aud", json!("http://evil.example")),
        ("aud", Value::Null),
        ("exp", json!(iat)),
        ("exp", Value::Null),
        ("iat", json!(iat + 3600)),
        ("sid", Value::Null),
        ("sid", json!("0193a1b2-0000-7000-8000-000000000000")),
        ("sid", eve.claims()["sid"].clone()),
        ("sub", eve.claims()["sub"].clone()),
        ("sub", Value::Null),
    ] {
        assert_eq!(
            open(name, value.clone(), false).await,
            "invalid-token",
            "{name} {value}"
        );
    }
    // The right key under an algorithm that it was not made for, truly signed.
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let mut other = Header::new(algorithm);
        other.typ = Some("at+jwt".into());
        other.kid = head["kid"].as_str().map(str::to_owned);
        let signer = EncodingKey::from_secret(&key);
        let token = jsonwebtoken::encode(&other, &claims, &signer).unwrap();
        assert_eq!(app.opens(&token).await, "invalid-token", "{algorithm:?}");
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("refresh")),
        ("typ", Value::Null),
        ("kid", Value::Null),
        ("alg", json!("HS512")),
        ("crit", json!(["x"])),
    ] {
        assert_eq!(
            open(name, value.clone(), true).await,
            "invalid-token",
            "{name} {value}"
        );
    }
}

#[tokio::test]
async fn rotating_the_keys_logs_nobody_out_and_so_does_another_algorithm() {
    let app = App::new();
    app.member("ada").await;
    let before = app.login("ada").await;
    let answer = app
        .as_admin(Method::POST, "/api/admin/keys/rotate", None)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let after = app.login("ada").await;
    assert_eq!(part(&after.access, 0)["kid"], answer.json()["kid"]);
    assert_ne!(part(&before.access, 0)["kid"], answer.json()["kid"]);
    assert_eq!(jwks(&app).await.keys.len(), 2);
    for held in [&before, &after] {
        assert_eq!(app.opens(&held.access).await, "ok");
    }
    // A restart that signs in another way.
    let app = app.restart_with(signed_with(TokenAlgorithm::Es256)).await;
    for held in [&before, &after] {
        assert_eq!(app.opens(&held.access).await, "ok");
    }
    let next = Held::of(&app.refresh(&after.refresh).await);
    assert_eq!(part(&next.access, 0)["alg"], "ES256");
    // An old key's algorithm stays the old key's.
    let kid = part(&before.access, 0)["kid"].clone();
    let mixed = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
    let signature = next.access.rsplit('.').next().unwrap();
    let mixed = format!("{}.{}.{signature}", encode(&mixed), encode(&next.claims()));
    assert_eq!(app.opens(&mixed).await, "invalid-token");
}

#[tokio::test]
async fn tokens_survive_a_restart() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let app = app.restart().await;
    assert_eq!(app.opens(&held.access).await, "ok");
    let next = app.refresh(&held.refresh).await;
    assert_eq!(next.status, 200);
    let app = app.restart().await;
    // A reply that was lost over the restart.
    let again = app.refresh(&held.refresh).await;
    assert_eq!(Held::of(&again).refresh, Held::of(&next).refresh);
}

#[tokio::test]
async fn a_refresh_token_is_spent_for_the_next_and_the_session_stays_the_same() {
    let app = App::new();
    app.member("ada").await;
    let mut held = app.login("ada").await;
    let session = held.claims()["sid"].clone();
    for _ in 0..5 {
        app.wait(6 * 24 * 3600);
        let answer = app.refresh(&held.refresh).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let next = Held::of(&answer);
        assert_ne!(next.refresh, held.refresh);
        assert_eq!(next.claims()["sid"], session);
        assert_eq!(app.opens(&next.access).await, "ok");
        held = next;
    }
    app.wait(7 * 24 * 3600);
    assert_eq!(app.refresh(&held.refresh).await.code(), "invalid-token");
}

#[tokio::test]
async fn within_ten_seconds_a_spent_token_brings_the_same_next_one() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let next = Held::of(&app.refresh(&held.refresh).await);
    app.wait(9);
    let again = Held::of(&app.refresh(&held.refresh).await);
    assert_eq!(again.refresh, next.refresh);
    assert_eq!(app.opens(&again.access).await, "ok");
    let on = app.refresh(&again.refresh).await;
    assert_eq!(on.status, 200);
}

/// The mails that wait, taken out of the outbox.
async fn mails(app: &App) -> Vec<MailKind> {
    let now = app.world.now();
    let wish = LeaseRequest {
        owner: WorkerId("test".into()),
        now,
        until: now,
    };
    let mut kinds = Vec::new();
    while let Some(mut mail) = app.world.store.lease_mail(&wish).await.unwrap() {
        kinds.push(mail.kind.clone());
        mail.state = MailState::Sent { at: now };
        mail.work.settle(None);
        app.world.store.update_mail(mail).await.unwrap();
    }
    kinds
}

#[tokio::test]
async fn after_ten_seconds_a_spent_token_ends_its_session_and_no_other_and_the_owner_is_told_once()
{
    // The one that was spent last, and an older one.
    for rotations in [1, 3] {
        spent_token_comes_back_after(rotations).await;
    }
}

async fn spent_token_comes_back_after(rotations: usize) {
    let app = App::new();
    app.member("ada").await;
    let (thief, other) = (app.login("ada").await, app.login("ada").await);
    let mut held = thief.clone();
    for _ in 0..rotations {
        held = Held::of(&app.refresh(&held.refresh).await);
    }
    app.wait(10);
    assert!(mails(&app).await.is_empty());
    let reused = app.refresh(&thief.refresh).await;
    assert_eq!(
        (reused.status.as_u16(), reused.code().as_str()),
        (401, "session-ended")
    );
    assert_eq!(app.opens(&held.access).await, "session-ended");
    assert_eq!(app.refresh(&held.refresh).await.code(), "session-ended");
    assert_eq!(app.refresh(&thief.refresh).await.code(), "session-ended");
    let told = mails(&app).await;
    let [MailKind::SessionRevoked { began, reused }] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(reused.at, app.world.now());
    assert_eq!(began.address, "192.0.2.7");
    // The other session goes on.
    assert_eq!(app.opens(&other.access).await, "ok");
    assert_eq!(app.refresh(&other.refresh).await.status, 200);
}

#[tokio::test]
async fn a_token_that_was_made_up_ends_nothing() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let next = Held::of(&app.refresh(&held.refresh).await);
    app.wait(60);
    let mut bytes = URL_SAFE_NO_PAD.decode(&held.refresh[4..]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let made_up = format!("crr_{}", URL_SAFE_NO_PAD.encode(&bytes));
    assert!(RefreshToken::parse(&made_up).is_some());
    for token in [made_up.as_str(), "crr_", "", "x", &held.access] {
        assert_eq!(app.refresh(token).await.code(), "invalid-token");
    }
    assert!(mails(&app).await.is_empty());
    assert_eq!(app.opens(&next.access).await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_refreshes_at_once_all_get_the_same_next_token_and_one_family_lives() {
    let app = Arc::new(App::new());
    let id = app.member("ada").await;
    let held = app.login("ada").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (app, token) = (app.clone(), held.refresh.clone());
        tasks.spawn(async move { app.refresh(&token).await });
    }
    let answers = tasks.join_all().await;
    let mut next: Vec<String> = Vec::new();
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        next.push(Held::of(answer).refresh);
    }
    next.sort();
    next.dedup();
    assert_eq!(next.len(), 1);
    let page = registrar_web::ports::PageRequest {
        limit: 100,
        after: None,
    };
    let sessions = app.world.store.list_sessions(id, &page).await.unwrap();
    assert_eq!(sessions.items.len(), 1);
    assert_eq!(app.refresh(&next[0]).await.status, 200);
}

#[tokio::test]
async fn a_suspended_or_deleted_member_is_out_of_every_session_at_once_and_stays_out_of_them() {
    let app = App::new();
    let id = app.member("ada").await;
    for (state, code, words) in [
        (
            UserState::Suspended,
            "account-suspended",
            "Your account has been suspended and access is denied. You have been logged out.",
        ),
        (
            UserState::Deleted,
            "account-deleted",
            "Your account has been deleted and access is denied. You have been logged out.",
        ),
    ] {
        let all = [app.login("ada").await, app.login("ada").await];
        app.auth.set_state(id, state).await.unwrap().unwrap();
        for held in &all {
            let path = "/api/auth/status/user-status";
            let answer = app.as_member(Method::GET, path, &held.access).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (401, code)
            );
            assert_eq!(answer.json()["detail"], words);
            assert_eq!(app.refresh(&held.refresh).await.code(), code);
        }
        app.auth.set_state(id, UserState::Active).await.unwrap();
        for held in &all {
            assert_eq!(app.opens(&held.access).await, "session-ended");
            assert_eq!(app.refresh(&held.refresh).await.code(), "session-ended");
        }
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_gone_before_its_token_expires() {
    let app = App::new();
    let id = app.member("ada").await;
    let set = async |role| {
        let mut user = app.world.store.user(id).await.unwrap().unwrap();
        user.role = role;
        app.world.store.update_user(user).await.unwrap();
    };
    set(registrar_web::domain::Role::Operator).await;
    let held = app.login("ada").await;
    assert_eq!(held.claims()["role"], "operator");
    let path = "/api/admin/registrations";
    let list = async || app.as_member(Method::GET, path, &held.access).await.status;
    assert_eq!(list().await, 200);
    set(registrar_web::domain::Role::ClientUser).await;
    assert_eq!(list().await, 403);
}

#[tokio::test]
async fn problem_bodies_of_tokens_stay_as_they_are() {
    let app = App::new();
    let id = app.member("ada").await;
    let held = app.login("ada").await;
    let body = |token: &str| json!({ "refreshToken": token }).to_string();
    let refresh = async |token: &str| {
        let id = [("x-request-id", "snapshot")];
        app.post_bytes("/api/auth/refresh", body(token), &id)
            .await
            .json()
    };
    insta::assert_json_snapshot!("invalid_token", refresh("crr_nothing").await);
    app.refresh(&held.refresh).await;
    app.wait(11);
    insta::assert_json_snapshot!("reused", refresh(&held.refresh).await);
    let held = app.login("ada").await;
    app.auth.set_state(id, UserState::Deleted).await.unwrap();
    insta::assert_json_snapshot!("deleted", refresh(&held.refresh).await);
}
