//! Who is let in, and what is told to whom.

mod http_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_support::{Answer, App, Held, PASSWORD, config};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use registrar_web::domain::{BcryptHash, Password, UserState, Username};
use registrar_web::hash::{CrateBcrypt, Libxcrypt};
use registrar_web::ports::{HashError, PasswordHasher};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Counts what it is asked for, and what that would cost with bcrypt; takes no time itself.
#[derive(Default)]
struct Counting {
    hashed: AtomicUsize,
    /// The rounds of each comparison.
    compared: Mutex<Vec<u64>>,
}

fn quick_hash(text: &str, cost: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let body: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    format!("$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.{}", &body[..31])
}

impl PasswordHasher for Counting {
    fn hash(&self, p: &Password, cost: u32, _: [u8; 16]) -> Result<BcryptHash, HashError> {
        self.hashed.fetch_add(1, Ordering::SeqCst);
        let text = quick_hash(p.expose(), &cost.to_string());
        BcryptHash::parse(&text).map_err(|e| HashError::Failed(e.to_string()))
    }
    fn verify(&self, typed: &str, hash: &BcryptHash) -> Result<bool, HashError> {
        let cost = &hash.expose()[4..6];
        let rounds = 1 << cost.parse::<u32>().unwrap();
        self.compared.lock().unwrap().push(rounds);
        Ok(quick_hash(typed, cost) == hash.expose())
    }
}

impl Counting {
    /// The comparisons since the last time.
    fn take(&self) -> Vec<u64> {
        assert_eq!(self.hashed.swap(0, Ordering::SeqCst), 0);
        std::mem::take(&mut self.compared.lock().unwrap())
    }
}

/// Limits out of the way.
fn unlimited() -> registrar_web::config::Config {
    let mut config = config();
    config.auth.failed_logins = 100_000;
    config
}

async fn set_state(app: &App, name: &str, state: UserState) {
    let name = Username::parse(name).unwrap();
    let user = app.world.store.user_by_username(&name).await.unwrap();
    app.auth.set_state(user.unwrap().id, state).await.unwrap();
}

/// A member, a suspended and a deleted one, one without password, one whose address is not proven.
async fn people(app: &App) {
    for name in ["ada", "sue", "dee", "kay"] {
        app.member(name).await;
    }
    set_state(app, "sue", UserState::Suspended).await;
    set_state(app, "dee", UserState::Deleted).await;
    let name = Username::parse("kay").unwrap();
    let found = app.world.store.user_by_username(&name).await.unwrap();
    let mut user = found.unwrap();
    user.password_hash = None;
    app.world.store.update_user(user).await.unwrap();
    app.register("noa").await;
    app.run().await;
}

#[tokio::test]
async fn a_member_logs_in_by_name_and_by_address_however_the_field_is_called() {
    let app = App::new();
    app.member("ada").await;
    for body in [
        json!({"emailOrUsername": "ada", "password": PASSWORD}),
        json!({"emailOrUsername": " Ada ", "password": PASSWORD}),
        json!({"emailOrUsername": "ADA@example.org", "password": PASSWORD}),
        json!({"username": "ada", "password": PASSWORD}),
        json!({"email": "ada@example.org", "password": PASSWORD}),
        json!({"email": "ada@tilde.example", "password": PASSWORD}),
    ] {
        let answer = app.post("/api/auth/login", body.clone()).await;
        assert_eq!(answer.status, 200, "{body} {}", answer.text);
        let got = answer.json();
        assert_eq!(got["tokenType"], "Bearer");
        assert_eq!(got["expiresIn"], 900);
        assert_eq!(got["refreshExpiresIn"], 7 * 24 * 3600);
        assert_eq!(got["user"]["username"], "ada");
        assert_eq!(got["user"]["email"], "ada@example.org");
        assert_eq!(got["user"]["role"], "client_user");
        assert!(got["refreshToken"].as_str().unwrap().starts_with("crr_"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(app.opens(&Held::of(&answer).access).await, "ok");
    }
}

#[tokio::test]
async fn a_body_that_names_nobody_or_several_is_told_so_without_repeating_anything() {
    let app = App::new();
    for body in [
        json!({"password": PASSWORD}),
        json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD}),
        json!({"username": "ada"}),
        json!({"username": "ada", "password": PASSWORD, "remember": true}),
        json!({"username": "ada", "password": [PASSWORD]}),
    ] {
        let answer = app.post("/api/auth/login", body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (422, "invalid-fields")
        );
        assert!(!answer.text.contains(PASSWORD));
    }
}

#[tokio::test]
async fn every_failure_has_the_same_answer() {
    let app = App::with(unlimited());
    people(&app).await;
    let mut answers = Vec::new();
    for (who, password) in [
        ("ada", "wrong"),
        ("ada", ""),
        ("ada", &PASSWORD[1..]),
        ("ada@example.org", "wrong"),
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("root", PASSWORD),
        ("no name at all", PASSWORD),
        ("", PASSWORD),
        ("sue", "wrong"),
        ("dee", "wrong"),
        ("kay", PASSWORD),
        ("noa", "wrong"),
        // Not proven, so nobody's.
        ("noa@example.org", PASSWORD),
    ] {
        let request = json!({"emailOrUsername": who, "password": password}).to_string();
        let id = [("x-request-id", "same")];
        let answer = app.post_bytes("/api/auth/login", request, &id).await;
        assert_eq!(answer.status, 401, "{who}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !name.as_str().starts_with("ratelimit"))
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        answers.push((headers, answer.text));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

#[tokio::test]
async fn each_login_costs_exactly_one_bcrypt_of_the_same_cost_whoever_is_named() {
    let hasher = Arc::new(Counting::default());
    let app = App::with_hasher(unlimited(), hasher.clone());
    people(&app).await;
    hasher.hashed.store(0, Ordering::SeqCst);
    hasher.take();
    for who in [
        "ada",
        "ada@example.org",
        "nobody",
        "nobody@example.org",
        "no name",
        "",
        "sue",
        "dee",
        "kay",
        "noa",
        "noa@example.org",
    ] {
        for password in [PASSWORD, "wrong", ""] {
            let answer = app.try_login(who, password).await;
            let is_right = password == PASSWORD && who.starts_with("ada");
            assert_eq!(answer.status == 200, is_right, "{who}");
            assert_eq!(hasher.take(), [1 << 10], "{who} {password:?}");
        }
    }
    // Who is over the limit costs none.
    let mut config = config();
    config.auth.failed_logins = 1;
    let app = App::with_hasher(config, hasher.clone());
    app.try_login("nobody", "wrong").await;
    hasher.take();
    assert_eq!(app.try_login("nobody", "wrong").await.status, 429);
    assert!(hasher.take().is_empty());
}

/// Logins of all kinds in random order; what each one had computed is all that a clock outside
/// could tell them apart by. The test does not look at a clock, which other work would disturb.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "for who wants to look at the times")]
async fn no_statistic_over_what_logins_compute_tells_who_is_a_member() {
    let hasher = Arc::new(Counting::default());
    let app = App::with_hasher(unlimited(), hasher.clone());
    people(&app).await;
    hasher.hashed.store(0, Ordering::SeqCst);
    hasher.take();
    let kinds = [
        "ada",
        "nobody",
        "sue",
        "kay",
        "noa",
        "no name",
        "x@example.org",
    ];
    let mut samples = vec![Vec::new(); kinds.len()];
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..700 {
        let kind = random.next_u32() as usize % kinds.len();
        let began = std::time::Instant::now();
        let answer = app.try_login(kinds[kind], "wrong").await;
        assert_eq!(answer.status, 401);
        let rounds: u64 = hasher.take().iter().sum();
        samples[kind].push((rounds, began.elapsed()));
    }
    let mean = |s: &[(u64, std::time::Duration)]| {
        let sum: u64 = s.iter().map(|(rounds, _)| rounds).sum();
        sum as f64 / s.len() as f64
    };
    let variance = |s: &[(u64, std::time::Duration)]| {
        let m = mean(s);
        let sum: f64 = s.iter().map(|(r, _)| (*r as f64 - m).powi(2)).sum();
        sum / s.len() as f64
    };
    for (kind, sample) in kinds.iter().zip(&samples) {
        assert!(sample.len() >= 50, "{kind}: {}", sample.len());
        assert_eq!(mean(sample), mean(&samples[0]), "{kind}");
        assert_eq!(variance(sample), 0.0, "{kind}");
        let mut times: Vec<_> = sample.iter().map(|(_, time)| *time).collect();
        times.sort();
        println!(
            "{kind}: median {:?} of {}",
            times[times.len() / 2],
            times.len()
        );
    }
}

#[test]
fn both_hashers_can_compare_with_nobodys_hash() {
    let hash =
        BcryptHash::parse("$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").unwrap();
    // The text whose hash of another cost it is.
    for typed in ["U*U", "", PASSWORD] {
        assert_eq!(CrateBcrypt.verify(typed, &hash), Ok(false));
        assert_eq!(Libxcrypt.verify(typed, &hash), Ok(false));
    }
}

#[tokio::test]
async fn the_state_of_an_account_is_told_to_who_has_its_password() {
    let app = App::with(unlimited());
    people(&app).await;
    for (who, code, words) in [
        (
            "sue",
            "account-suspended",
            "Your account has been suspended and access is denied.",
        ),
        (
            "dee@example.org",
            "account-deleted",
            "Your account has been deleted and access is denied.",
        ),
    ] {
        let answer = app.try_login(who, PASSWORD).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (401, code)
        );
        assert_eq!(answer.json()["detail"], words);
    }
    set_state(&app, "sue", UserState::Active).await;
    app.login("sue").await;
}

#[tokio::test]
async fn who_has_not_finished_registering_is_told_what_is_missing() {
    let app = App::new();
    app.register("noa").await;
    // Before anything is made, and while the mail is awaited.
    for status in ["INITIATED", "VERIFICATION_SENT"] {
        let answer = app.try_login("noa", PASSWORD).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "registration-unfinished")
        );
        let body = answer.json();
        assert_eq!(body["registration"]["status"], status);
        assert_eq!(body["registration"]["canProceed"], true);
        let url = body["registration"]["statusUrl"].as_str().unwrap();
        assert_eq!(app.get(url).await.json()["status"], status);
        assert_eq!(
            app.try_login("noa", "wrong").await.code(),
            "wrong-credentials"
        );
        app.run().await;
    }
}

#[tokio::test]
async fn what_registered_and_failed_is_no_account() {
    let app = App::new();
    app.register("noa").await;
    app.run().await;
    app.wait(25 * 3600);
    app.run().await;
    assert_eq!(
        app.try_login("noa", PASSWORD).await.code(),
        "wrong-credentials"
    );
}

#[tokio::test]
async fn the_last_login_is_recorded() {
    let app = App::new();
    let id = app.member("ada").await;
    let last = async || {
        app.world
            .store
            .user(id)
            .await
            .unwrap()
            .unwrap()
            .access
            .last_login_at
    };
    assert_eq!(last().await, None);
    app.try_login("ada", "wrong").await;
    assert_eq!(last().await, None);
    let now = app.world.now();
    app.login("ada").await;
    assert_eq!(last().await, Some(now));
}

fn refused(answer: &Answer) -> u64 {
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (429, "too-many-requests")
    );
    answer.header("retry-after").parse().unwrap()
}

async fn from(app: &App, address: &str, who: &str, password: &str) -> Answer {
    let body = json!({"emailOrUsername": who, "password": password});
    app.post_from(address, "/api/auth/login", body).await
}

#[tokio::test]
async fn after_five_failures_an_address_waits_out_its_window_even_over_a_restart() {
    let app = App::new();
    app.member("ada").await;
    let first = app.world.now();
    for n in 0..5 {
        let answer = from(&app, "203.0.113.1", &format!("nobody{n}"), "wrong").await;
        assert_eq!(answer.status, 401);
        app.wait(60);
    }
    let passed = app.world.now().duration_since(first).as_secs();
    let left = refused(&from(&app, "203.0.113.1", "ada", PASSWORD).await);
    assert_eq!(left, 900 - u64::try_from(passed).unwrap());
    // Another one is not concerned.
    assert_eq!(from(&app, "203.0.113.2", "ada", PASSWORD).await.status, 200);
    let app = app.restart().await;
    refused(&from(&app, "203.0.113.1", "ada", PASSWORD).await);
    app.wait(i64::try_from(left).unwrap());
    assert_eq!(from(&app, "203.0.113.1", "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_ipv6_network_of_64_bits_is_one_address() {
    let app = App::new();
    for n in 0..5 {
        let address = format!("2001:db8:1:2::{n}");
        from(&app, &address, &format!("nobody{n}"), "wrong").await;
    }
    refused(&from(&app, "2001:db8:1:2:ffff::1", "nobody", "wrong").await);
    assert_eq!(
        from(&app, "2001:db8:1:3::1", "nobody", "wrong")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn after_five_failures_an_account_is_closed_to_all_addresses_whether_it_exists_or_not() {
    let app = App::new();
    app.member("ada").await;
    for who in ["ada", "nobody", "not even a name"] {
        for n in 0..5 {
            let answer = from(&app, &format!("203.0.113.{n}"), who, "wrong").await;
            assert_eq!(answer.status, 401, "{who}");
        }
        // The same window, the same words, right password or not.
        let one = from(&app, "203.0.113.77", who, PASSWORD).await;
        assert_eq!(refused(&one), 900, "{who}");
        let app_detail = one.json()["detail"].clone();
        assert_eq!(app_detail, "Too many tries; try again in 900 s.");
        app.wait(901);
    }
    assert_eq!(from(&app, "203.0.113.9", "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_closed_account_can_not_be_entered_by_its_address_and_does_not_tell_that_it_is_its() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    for n in 0..5 {
        from(&app, &format!("203.0.113.{n}"), "ada", "wrong").await;
    }
    let hers = from(&app, "203.0.113.8", "ada@example.org", PASSWORD).await;
    let other = from(&app, "203.0.113.9", "eve@example.org", "wrong").await;
    assert_eq!(hers.status, 401);
    assert_eq!(hers.code(), other.code());
    assert_eq!(hers.json()["detail"], other.json()["detail"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_40_guesses_at_once_five_are_judged() {
    let app = Arc::new(App::new());
    app.member("ada").await;
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..40 {
        let app = app.clone();
        tries.spawn(async move {
            let address = format!("203.0.113.{n}");
            from(&app, &address, "ada", "wrong").await.status.as_u16()
        });
    }
    let statuses = tries.join_all().await;
    assert_eq!(statuses.iter().filter(|s| **s == 401).count(), 5);
    assert_eq!(statuses.iter().filter(|s| **s == 429).count(), 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_the_right_password_is_never_limited() {
    let app = Arc::new(App::new());
    app.member("ada").await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let app = app.clone();
        tries.spawn(async move { app.try_login("ada", PASSWORD).await.status.as_u16() });
    }
    assert_eq!(tries.join_all().await, vec![200; 20]);
}

#[tokio::test]
async fn an_account_has_a_hundred_sessions_at_most_and_the_oldest_ends() {
    let app = App::new();
    let id = app.member("ada").await;
    let first = app.login("ada").await;
    let user = app.world.store.user(id).await.unwrap().unwrap();
    let of = |n: u128| {
        use registrar_web::domain::{Device, Origin, RefreshKey, Session};
        let from = Origin {
            at: app.world.now(),
            address: "192.0.2.7".into(),
            device: Device::default(),
        };
        let key = RefreshKey::new(app.world.key.clone());
        let id = uuid::Uuid::from_u128((u128::MAX >> 4) + n);
        let week = jiff::SignedDuration::from_hours(7 * 24);
        Session::begin(&key, id, [1; 16], &user, from, week).0
    };
    for n in 0..99 {
        app.world.store.insert_session(&of(n)).await.unwrap();
    }
    assert_eq!(app.opens(&first.access).await, "ok");
    let last = app.login("ada").await;
    assert_eq!(app.opens(&first.access).await, "session-ended");
    assert_eq!(app.opens(&last.access).await, "ok");
}

#[tokio::test]
async fn while_the_store_is_out_a_login_says_so() {
    let app = App::new();
    app.world.store.close().await;
    let answer = app.try_login("ada", PASSWORD).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (503, "store-unavailable")
    );
}

#[tokio::test]
async fn problem_bodies_of_logins_stay_as_they_are() {
    let app = App::with(unlimited());
    people(&app).await;
    let send = async |who: &str, password: &str| {
        let body = json!({"emailOrUsername": who, "password": password}).to_string();
        let id = [("x-request-id", "snapshot")];
        let answer = app.post_bytes("/api/auth/login", body, &id).await;
        answer.json()
    };
    insta::assert_json_snapshot!("wrong_credentials", send("ada", "wrong").await);
    insta::assert_json_snapshot!("suspended", send("sue", PASSWORD).await);
    insta::assert_json_snapshot!("deleted", send("dee", PASSWORD).await);
    insta::assert_json_snapshot!("unfinished", send("noa", PASSWORD).await);
}
