//! Authenticators and recovery codes.

mod http_support;
mod two_factor_support;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use data_encoding::BASE32_NOPAD;
use http_support::{App, Held, PASSWORD, config};
use registrar_web::auth::{Auth, AuthPolicy, KeyRing};
use registrar_web::domain::{FactorChange, VerificationKey};
use registrar_web::hash::{CrateBcrypt, HashPool};
use registrar_web::http::{AppState, router};
use serde_json::json;
use two_factor_support::{Authenticator, is, other, recovery_codes};

#[tokio::test]
async fn setting_up_shows_the_secret_as_address_text_and_image_and_changes_no_login_yet() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let setup = app.set_up(&held).await;
    let key = setup["manualKey"].as_str().unwrap();
    assert_eq!(key.len(), 39);
    assert!(key.split(' ').all(|group| group.len() == 4));
    let bare = key.replace(' ', "");
    assert_eq!(
        setup["otpauthUri"],
        format!(
            "otpauth://totp/Tilde%20Town:ada%40tilde.example?secret={bare}&issuer=Tilde%20Town&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert!(setup["qrSvg"].as_str().unwrap().starts_with("<svg "));
    let png = setup["qrPng"].as_str().unwrap();
    let png = png.strip_prefix("data:image/png;base64,").unwrap();
    assert!(STANDARD.decode(png).unwrap().starts_with(b"\x89PNG\r\n"));
    assert_eq!(setup["expiresIn"], 900);
    assert_eq!(app.factor(&held).await["totp"], false);
    app.login("ada").await;
    // Setting up again makes another one.
    let again = app.set_up(&held).await;
    assert_ne!(again["manualKey"], setup["manualKey"]);
    let first = Authenticator::of(&setup).code(&app, 0);
    let answer = app.confirm(&held, &first).await;
    assert_eq!(is(&answer), (422, "wrong-code".into()));
    let second = Authenticator::of(&again).code(&app, 0);
    assert_eq!(app.confirm(&held, &second).await.status, 200);
}

#[tokio::test]
async fn once_confirmed_a_login_takes_password_and_code() {
    let app = App::new();
    let (held, phone, codes) = app.enrolled("ada").await;
    assert_eq!(codes.len(), 10);
    let mut different = codes.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 10);
    assert_eq!(
        app.factor(&held).await,
        json!({"method": "totp", "totp": true, "email": false, "required": false, "organizationPrefers": null, "recoveryCodesLeft": 10})
    );
    let challenge = app.asked("ada", "totp").await;
    let answer = app.verify_totp(&challenge, &phone.code(&app, 0)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(app.opens(&Held::of(&answer).access).await, "ok");
}

#[tokio::test]
async fn confirming_ends_the_other_sessions_and_is_told_and_audited() {
    let app = App::new();
    let id = app.member("ada").await;
    app.mails().await;
    let (here, there) = (app.login("ada").await, app.login("ada").await);
    let phone = Authenticator::of(&app.set_up(&here).await);
    let code = phone.code(&app, 0);
    assert_eq!(app.confirm(&here, &other(&code)).await.code(), "wrong-code");
    assert_eq!(app.opens(&there.access).await, "ok");
    assert_eq!(app.confirm(&here, &code).await.status, 200);
    assert_eq!(app.opens(&here.access).await, "ok");
    assert_eq!(app.opens(&there.access).await, "session-ended");
    assert_eq!(app.refresh(&here.refresh).await.status, 200);
    assert_eq!(app.changes_told().await, [FactorChange::TotpOn]);
    assert_eq!(app.audited(id).await, ["second-factor-on"]);
}

#[tokio::test]
async fn a_setup_takes_the_password_waits_a_quarter_of_an_hour_and_survives_a_restart() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let answer = app.confirm(&held, "123456").await;
    assert_eq!(is(&answer), (409, "not-possible-now".into()));
    let wrong = json!({"password": "wrong"});
    let refused = app.post_as(&held, "/api/auth/totp/setup", wrong).await;
    assert_eq!(refused.errors(), ["password:wrong"]);
    let phone = Authenticator::of(&app.set_up(&held).await);
    app.wait(900);
    let held = Held::of(&app.refresh(&held.refresh).await);
    let late = app.confirm(&held, &phone.code(&app, 0)).await;
    assert_eq!(is(&late), (409, "not-possible-now".into()));
    let phone = Authenticator::of(&app.set_up(&held).await);
    let app = app.restart().await;
    app.wait(899);
    let code = phone.code(&app, 0);
    assert_eq!(app.confirm(&held, &code).await.status, 200);
    // Another one can't take its place unseen.
    let body = json!({ "password": PASSWORD });
    let again = app.post_as(&held, "/api/auth/totp/setup", body).await;
    assert_eq!(is(&again), (409, "not-possible-now".into()));
    assert_eq!(
        app.confirm(&held, &code).await.code(),
        "not-possible-now",
        "once"
    );
}

#[tokio::test]
async fn a_code_is_taken_a_step_early_or_late_and_no_more() {
    for (seconds, status) in [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401)] {
        let app = App::new();
        let (_, phone, _) = app.enrolled("ada").await;
        // Past the steps that were used when it was set up.
        app.wait(300);
        let challenge = app.asked("ada", "totp").await;
        let code = phone.code(&app, seconds);
        let answer = app.verify_totp(&challenge, &code).await;
        assert_eq!(answer.status.as_u16(), status, "{seconds}");
    }
}

#[tokio::test]
async fn no_code_works_twice_not_even_the_one_that_confirmed() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let phone = Authenticator::of(&app.set_up(&held).await);
    let code = phone.code(&app, 0);
    assert_eq!(app.confirm(&held, &code).await.status, 200);
    let challenge = app.asked("ada", "totp").await;
    let replayed = app.verify_totp(&challenge, &code).await;
    assert_eq!(is(&replayed), (401, "wrong-second-factor".into()));
    app.wait(30);
    let code = phone.code(&app, 0);
    assert_eq!(app.verify_totp(&challenge, &code).await.status, 200);
    let app = app.restart().await;
    let challenge = app.asked("ada", "totp").await;
    // Nor one of a step before.
    for seconds in [0, -30] {
        let answer = app
            .verify_totp(&challenge, &phone.code(&app, seconds))
            .await;
        assert_eq!(is(&answer), (401, "wrong-second-factor".into()));
    }
    let code = phone.code(&app, 30);
    assert_eq!(app.verify_totp(&challenge, &code).await.status, 200);
}

#[tokio::test]
async fn of_twenty_who_send_one_code_at_once_for_several_logins_one_is_let_in() {
    let app = App::new();
    let (_, phone, _) = app.enrolled("ada").await;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(app.asked("ada", "totp").await);
    }
    let code = phone.code(&app, 0);
    let body = |n: usize| json!({"challenge": challenges[n % 4], "code": code});
    let bodies = (0..20).map(body).collect();
    let answers = app.at_once("/api/auth/verify-totp", bodies).await;
    let let_in = answers.iter().filter(|a| a.status == 200).count();
    assert_eq!(let_in, 1);
    for answer in answers.iter().filter(|a| a.status != 200) {
        assert!(matches!(answer.status.as_u16(), 401 | 429));
    }
}

#[tokio::test]
async fn what_one_instance_took_the_other_refuses() {
    let one = App::new();
    let (_, phone, _) = one.enrolled("ada").await;
    let two = one.beside();
    let (first, second) = (
        one.asked("ada", "totp").await,
        two.asked("ada", "totp").await,
    );
    let code = phone.code(&one, 0);
    // Each knows the login of the other.
    assert_eq!(two.verify_totp(&first, &code).await.status, 200);
    let answer = one.verify_totp(&second, &code).await;
    assert_eq!(is(&answer), (401, "wrong-second-factor".into()));
}

#[tokio::test]
async fn one_member_s_authenticator_is_of_no_use_to_another() {
    let app = App::new();
    let (_, hers, her_codes) = app.enrolled("ada").await;
    app.enrolled("eve").await;
    let challenge = app.asked("eve", "totp").await;
    let code = hers.code(&app, 0);
    let answer = app.verify_totp(&challenge, &code).await;
    assert_eq!(is(&answer), (401, "wrong-second-factor".into()));
    let answer = app.recover(&challenge, &her_codes[0]).await;
    assert_eq!(is(&answer), (401, "wrong-second-factor".into()));
    // It was not used up for her.
    let challenge = app.asked("ada", "totp").await;
    assert_eq!(app.verify_totp(&challenge, &code).await.status, 200);
}

#[tokio::test]
async fn each_recovery_code_lets_in_once_at_either_route_and_the_owner_is_told() {
    let app = App::new();
    let (held, _, codes) = app.enrolled("ada").await;
    let id = app.auth.authenticate(&held.access).await.unwrap().user.id;
    app.mails().await;
    let challenge = app.asked("ada", "totp").await;
    let written = codes[0].to_uppercase().replace('-', " ");
    assert_eq!(app.recover(&challenge, &written).await.status, 200);
    assert_eq!(app.factor(&held).await["recoveryCodesLeft"], 9);
    assert_eq!(app.changes_told().await, [FactorChange::RecoveryCodeUsed]);
    let app = app.restart().await;
    let challenge = app.asked("ada", "totp").await;
    let again = app.recover(&challenge, &codes[0]).await;
    assert_eq!(is(&again), (401, "wrong-second-factor".into()));
    let body = json!({"challenge": challenge, "recoveryCode": codes[1]});
    let answer = app.post("/api/auth/verify-otp", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        app.audited(id).await,
        [
            "second-factor-on",
            "recovery-code-used",
            "recovery-code-used"
        ]
    );
}

#[tokio::test]
async fn of_twenty_who_send_one_recovery_code_at_once_one_is_let_in() {
    let app = App::new();
    let (held, _, codes) = app.enrolled("ada").await;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(app.asked("ada", "totp").await);
    }
    let body = |n: usize| json!({"challenge": challenges[n % 4], "recoveryCode": codes[3]});
    let bodies = (0..20).map(body).collect();
    let answers = app.at_once("/api/auth/verify-totp", bodies).await;
    let let_in = answers.iter().filter(|a| a.status == 200).count();
    assert_eq!(let_in, 1);
    assert_eq!(app.factor(&held).await["recoveryCodesLeft"], 9);
}

#[tokio::test]
async fn new_recovery_codes_take_password_and_code_and_end_the_old_ones() {
    let app = App::new();
    let (held, phone, old) = app.enrolled("ada").await;
    app.mails().await;
    let path = "/api/auth/recovery-codes";
    let alone = json!({ "password": PASSWORD });
    let refused = app.post_as(&held, path, alone).await;
    assert_eq!(refused.errors(), ["code:required"]);
    let code = phone.code(&app, 0);
    let wrong = json!({"password": PASSWORD, "code": other(&code)});
    assert_eq!(app.post_as(&held, path, wrong).await.code(), "wrong-code");
    let right = json!({"password": PASSWORD, "code": code});
    let answer = app.post_as(&held, path, right.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let new = recovery_codes(&answer);
    assert_eq!(app.post_as(&held, path, right).await.code(), "wrong-code");
    assert_eq!(app.changes_told().await, [FactorChange::NewRecoveryCodes]);
    let challenge = app.asked("ada", "totp").await;
    assert_eq!(
        app.recover(&challenge, &old[5]).await.code(),
        "wrong-second-factor"
    );
    assert_eq!(app.recover(&challenge, &new[5]).await.status, 200);
    // Who has no second factor needs none.
    app.member("eve").await;
    let eve = app.login("eve").await;
    let alone = json!({ "password": PASSWORD });
    let refused = app.post_as(&eve, path, alone.clone()).await;
    assert_eq!(is(&refused), (409, "not-possible-now".into()));
    // Who gets codes by mail has only the password to show.
    let bob = app.by_mail("bob").await;
    let answer = app.post_as(&bob, path, alone).await;
    let codes = recovery_codes(&answer);
    let challenge = app.asked("bob", "email").await;
    assert_eq!(app.recover(&challenge, &codes[0]).await.status, 200);
}

#[tokio::test]
async fn switching_off_takes_password_and_code_and_leaves_nothing_behind() {
    let app = App::new();
    let (held, phone, codes) = app.enrolled("ada").await;
    app.mails().await;
    let path = "/api/auth/totp/disable";
    let code = phone.code(&app, 0);
    for (body, want) in [
        (json!({"password": "wrong", "code": code}), "invalid-fields"),
        (json!({"password": PASSWORD}), "invalid-fields"),
        (json!({"code": code}), "invalid-fields"),
        (
            json!({"password": PASSWORD, "code": other(&code)}),
            "wrong-code",
        ),
        (
            json!({"password": PASSWORD, "recoveryCode": "x"}),
            "wrong-code",
        ),
    ] {
        let answer = app.post_as(&held, path, body).await;
        assert_eq!(is(&answer), (422, want.into()));
    }
    let challenge = app.asked("ada", "totp").await;
    let there = Held::of(&app.verify_totp(&challenge, &code).await);
    let body = json!({"password": PASSWORD, "recoveryCode": codes[0]});
    assert_eq!(app.post_as(&held, path, body.clone()).await.status, 204);
    assert_eq!(app.opens(&held.access).await, "ok");
    assert_eq!(app.opens(&there.access).await, "session-ended");
    assert_eq!(app.factor(&held).await["recoveryCodesLeft"], 0);
    assert_eq!(app.changes_told().await, [FactorChange::TotpOff]);
    app.login("ada").await;
    let again = app.post_as(&held, path, body).await;
    assert_eq!(is(&again), (409, "not-possible-now".into()));
}

#[tokio::test]
async fn wrong_codes_of_a_session_are_counted_with_those_of_logins() {
    let app = App::new();
    let (held, phone, _) = app.enrolled("ada").await;
    let code = phone.code(&app, 0);
    let body = json!({"password": PASSWORD, "code": other(&code)});
    for _ in 0..5 {
        let answer = app
            .post_as(&held, "/api/auth/totp/disable", body.clone())
            .await;
        assert_eq!(is(&answer), (422, "wrong-code".into()));
    }
    let body = json!({"password": PASSWORD, "code": code});
    let answer = app.post_as(&held, "/api/auth/totp/disable", body).await;
    assert_eq!(is(&answer), (429, "too-many-requests".into()));
    let challenge = app.asked("ada", "totp").await;
    let answer = app.verify_totp(&challenge, &code).await;
    assert_eq!(is(&answer), (429, "too-many-requests".into()));
}

#[tokio::test]
async fn what_waits_to_be_confirmed_can_not_be_guessed() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let phone = Authenticator::of(&app.set_up(&held).await);
    let code = phone.code(&app, 0);
    for _ in 0..5 {
        let answer = app.confirm(&held, &other(&code)).await;
        assert_eq!(is(&answer), (422, "wrong-code".into()));
    }
    let answer = app.confirm(&held, &code).await;
    assert_eq!(is(&answer), (429, "too-many-requests".into()));
}

#[tokio::test]
async fn the_store_holds_neither_secret_nor_recovery_codes_in_clear() {
    let app = App::new();
    let (held, phone, codes) = app.enrolled("ada").await;
    // One that waits as well.
    app.member("eve").await;
    let eve = app.login("eve").await;
    let waiting = Authenticator::of(&app.set_up(&eve).await);
    assert_eq!(app.factor(&held).await["totp"], true);
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    for secret in [phone.0, waiting.0] {
        let hex: String = secret.iter().map(|b| format!("{b:02x}")).collect();
        let base32 = BASE32_NOPAD.encode(&secret);
        secrets.extend([
            base32.to_lowercase().into_bytes(),
            base32.into_bytes(),
            hex.into_bytes(),
            STANDARD.encode(&secret).trim_end_matches('=').into(),
            URL_SAFE.encode(&secret).trim_end_matches('=').into(),
            // As a list of numbers.
            format!("{secret:?}").replace(' ', "").into_bytes(),
            secret,
        ]);
    }
    for code in codes {
        let bare = code.replace('-', "");
        secrets.extend([bare.to_uppercase().into(), bare.into(), code.into()]);
    }
    let mut read = 0;
    let search = |path: &std::path::Path| {
        let bytes = std::fs::read(path).unwrap();
        for secret in &secrets {
            let is_there = bytes.windows(secret.len()).any(|w| w == secret);
            assert!(!is_there, "{secret:?} in {}", path.display());
        }
        bytes.len()
    };
    // While it is open, with its log; and when it is closed.
    for _ in 0..2 {
        for file in std::fs::read_dir(app.directory.path()).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                read += search(&path);
            }
        }
        app.world.store.close().await;
    }
    assert!(read > 10_000, "{read} bytes were searched");
}

/// The service as it is after someone has removed `verification.key`.
fn exchange_key(app: &mut App) {
    let config = config();
    let mut world = app.world.clone();
    world.key = VerificationKey::new([9; 32]);
    let policy = AuthPolicy::of(&config);
    let keys = KeyRing::open(
        &app.directory.path().join("keys"),
        policy.algorithm,
        policy.access_ttl,
        world.entropy.as_ref(),
        world.now(),
    );
    let entropy = world.entropy.clone();
    let hashes = HashPool::new(Arc::new(CrateBcrypt), entropy, 10, 1, 64);
    let auth = Auth::new(world, policy, hashes, keys.unwrap().into()).unwrap();
    let (registrar, stop) = (app.registrar.clone(), app.stop.clone());
    app.router = router(AppState::new(registrar, auth, &config, None, stop));
}

#[tokio::test]
async fn whose_key_is_lost_gets_in_by_recovery_code_and_sets_up_anew() {
    let mut app = App::new();
    let (held, phone, codes) = app.enrolled("ada").await;
    let challenge = app.asked("ada", "totp").await;
    exchange_key(&mut app);
    let answer = app.verify_totp(&challenge, &phone.code(&app, 0)).await;
    assert_eq!(is(&answer), (500, "internal".into()));
    assert_eq!(app.recover(&challenge, &codes[0]).await.status, 200);
    let body = json!({"password": PASSWORD, "recoveryCode": codes[1]});
    let off = app.post_as(&held, "/api/auth/totp/disable", body).await;
    assert_eq!(off.status, 204, "{}", off.text);
    app.set_up(&held).await;
}
