//! What logins and refreshes cost: logins a second as a share of what the cores can hash, how long
//! another route takes meanwhile, and refreshes a second with each algorithm of access tokens. With
//! RS256 most of a refresh is the signature, so what the core can sign is measured beside it.
//!
//! The service in this process, on SQLite on the disk of the temporary directory; no network. Ratios
//! are measured in one run.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints measurements"
)]

#[path = "../tests/http_support/mod.rs"]
mod http_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use http_support::{App, Held, config};
use registrar_web::config::TokenAlgorithm;
use registrar_web::domain::{Password, PasswordHints};
use registrar_web::hash::best_hasher;
use tokio::task::JoinSet;

/// Of the hashes, as hosts have it.
const COST: u32 = 12;
const MEMBERS: usize = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let ceiling = ceiling();
    println!("ceiling: {ceiling:.2} hashes of cost {COST} a second");
    logins(ceiling).await;
    println!(
        "RS256: {:.0} signatures a second and core; a refresh makes one",
        signatures()
    );
    println!("algorithm  refreshes/s  a core");
    for (name, algorithm) in [
        ("RS256", TokenAlgorithm::Rs256),
        ("ES256", TokenAlgorithm::Es256),
        ("EdDSA", TokenAlgorithm::EdDsa),
        ("HS256", TokenAlgorithm::Hs256),
    ] {
        refreshes(name, algorithm).await;
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(2, usize::from)
}

/// Hashes a second with every core hashing.
fn ceiling() -> f64 {
    const ROUNDS: usize = 12;
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                for n in 0..ROUNDS {
                    let text = "correct horse battery staple 7".to_owned();
                    let password = Password::parse(text, PasswordHints::default()).unwrap();
                    let salt = [u8::try_from(n).unwrap(); 16];
                    best_hasher().hash(&password, COST, salt).unwrap();
                }
            });
        }
    });
    (ROUNDS * cores()) as f64 / begun.elapsed().as_secs_f64()
}

/// RSA signatures a second on one core, with a key as tokens are signed with.
fn signatures() -> f64 {
    const FOR: Duration = Duration::from_secs(1);
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    let (begun, mut made) = (Instant::now(), 0_u32);
    while begun.elapsed() < FOR {
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, &[7; 400], &mut signature)
            .unwrap();
        made += 1;
    }
    f64::from(made) / begun.elapsed().as_secs_f64()
}

async fn app_with_members(algorithm: TokenAlgorithm, cost: u32) -> Arc<App> {
    let mut config = config();
    config.accounts.bcrypt_cost = cost;
    config.auth.algorithm = algorithm;
    config.limits.requests = 100_000_000;
    let app = Arc::new(App::with_hasher(config, best_hasher()));
    for n in 0..MEMBERS {
        app.member(&format!("member{n}")).await;
    }
    app
}

/// Sixteen people at once log in, again and again; another one looks at a page meanwhile.
async fn logins(ceiling: f64) {
    const TOTAL: usize = 160;
    let app = app_with_members(TokenAlgorithm::Rs256, COST).await;
    let next = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let probe = tokio::spawn(probe(app.clone(), stop.clone()));
    let begun = Instant::now();
    let mut people = JoinSet::new();
    for n in 0..MEMBERS {
        let (app, next) = (app.clone(), next.clone());
        people.spawn(async move {
            while next.fetch_add(1, Ordering::SeqCst) < TOTAL {
                app.login(&format!("member{n}")).await;
            }
        });
    }
    people.join_all().await;
    let rate = TOTAL as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::SeqCst);
    let mut times = probe.await.unwrap();
    times.sort_unstable();
    let p99 = times[(times.len() - 1) * 99 / 100];
    println!(
        "logins, {MEMBERS} at once: {rate:.2}/s = {:.0} % of the ceiling; another route meanwhile: p99 {:.1} ms of {} looks",
        rate / ceiling * 100.0,
        p99.as_secs_f64() * 1e3,
        times.len(),
    );
}

async fn probe(app: Arc<App>, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let path = "/api/auth/status/check-username/someone";
        assert_eq!(app.get(path).await.status, 200);
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    times
}

/// Each of 64 sessions spends its token for the next, for three seconds.
async fn refreshes(name: &str, algorithm: TokenAlgorithm) {
    const SESSIONS: usize = 64;
    const FOR: Duration = Duration::from_secs(3);
    let app = app_with_members(algorithm, 10).await;
    let mut held: Vec<Held> = Vec::new();
    for n in 0..SESSIONS {
        held.push(app.login(&format!("member{}", n % MEMBERS)).await);
    }
    let begun = Instant::now();
    let mut sessions = JoinSet::new();
    for mut session in held {
        let app = app.clone();
        sessions.spawn(async move {
            let mut spent = 0;
            while begun.elapsed() < FOR {
                let answer = app.refresh(&session.refresh).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                session = Held::of(&answer);
                spent += 1;
            }
            spent
        });
    }
    let spent: usize = sessions.join_all().await.into_iter().sum();
    let rate = spent as f64 / begun.elapsed().as_secs_f64();
    println!("{name:<9}  {rate:>11.0}  {:>6.0}", rate / cores() as f64);
}
