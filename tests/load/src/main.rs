//! `load HOST:PORT COST [PID…]`: measures registrations on a running host and prints them as ratios
//! to the raw hash, measured in the same run. The host's limits must be out of the way.
//!
//! Times move between machines; the ratios are what to compare.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints measurements"
)]

mod client;
mod floor;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::Client;

/// A registration that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, cost, pids @ ..] = arguments.as_slice() else {
        println!("usage: load HOST:PORT COST [PID…]");
        return ExitCode::FAILURE;
    };
    let cost = cost.parse().unwrap_or(12);
    let client = Client::new(address);
    for pid in pids {
        println!("idle memory of {}", memory(pid));
    }
    let floor = floor::measure(cost);
    println!(
        "floor: one hash of cost {cost} {:.0} ms; ceiling {:.2} hashes/s on {} threads",
        floor.one.as_secs_f64() * 1e3,
        floor.per_second,
        floor.threads
    );
    let mut good = sequential(&client, floor.one).await;
    for at_once in [1, 8, 32, 64] {
        good &= together(&client, at_once, floor.per_second).await;
    }
    for pid in pids {
        println!("memory after the load of {}", memory(pid));
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// `POST register`, one after another, while nothing else happens.
async fn sequential(client: &Client, one_hash: Duration) -> bool {
    let mut times = Vec::new();
    for n in 0..15 {
        let begun = Instant::now();
        let answer = client.register(&format!("seq{n}x{}", stamp())).await;
        times.push(begun.elapsed());
        if answer != Ok(201) {
            println!("POST register: {answer:?}");
            return false;
        }
        // Let the saga finish, so that it does not share the cores with the next one.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let median = percentile(&mut times, 50);
    println!(
        "POST register: median {:.0} ms = {:.2} × one hash (hash + {:.1} ms)",
        median.as_secs_f64() * 1e3,
        median.as_secs_f64() / one_hash.as_secs_f64(),
        (median.as_secs_f64() - one_hash.as_secs_f64()) * 1e3
    );
    true
}

/// Whole registrations, from the form until the verification mail is on its way, so many at once;
/// and how long another page takes meanwhile.
async fn together(client: &Client, at_once: usize, ceiling: f64) -> bool {
    let total = (at_once * 2).max(16);
    let next = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let others = tokio::spawn(probe(client.clone(), stop.clone()));
    let batch = stamp();
    let begun = Instant::now();
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (client, next, batch) = (client.clone(), next.clone(), batch.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let n @ 0.. = next.fetch_add(1, Ordering::SeqCst)
                    && n < total
                {
                    done.push(whole(&client, &format!("c{at_once}n{n}x{batch}")).await);
                }
                done
            })
        })
        .collect();
    let mut times = Vec::new();
    let mut failures = 0;
    for worker in workers {
        for one in worker.await.unwrap_or_default() {
            match one {
                Ok(time) => times.push(time),
                Err(why) => {
                    failures += 1;
                    println!("  failed: {why}");
                }
            }
        }
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::SeqCst);
    let mut others = others.await.unwrap_or_default();
    println!(
        "{at_once:>3} at once: {rate:.2} whole registrations/s = {:.0} % of the hash ceiling; p50 {:.2} s, p95 {:.2} s; {failures} of {total} failed; other routes p99 {:.1} ms",
        rate / ceiling * 100.0,
        percentile(&mut times, 50).as_secs_f64(),
        percentile(&mut times, 95).as_secs_f64(),
        percentile(&mut others, 99).as_secs_f64() * 1e3,
    );
    failures == 0
}

async fn whole(client: &Client, name: &str) -> Result<Duration, String> {
    let begun = Instant::now();
    match client.register(name).await {
        Ok(201) => {}
        other => return Err(format!("{name}: POST answered {other:?}")),
    }
    while begun.elapsed() < PATIENCE {
        match client.status(name).await?.as_str() {
            "VERIFICATION_SENT" => return Ok(begun.elapsed()),
            "FAILED" => return Err(format!("{name}: FAILED")),
            // As rarely as a page would: the looking must not take the cores from what is measured.
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    Err(format!("{name}: not done in {} s", PATIENCE.as_secs()))
}

async fn probe(client: Client, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let begun = Instant::now();
        if client
            .get("/api/auth/status/check-username/someone-else")
            .await
            .is_ok()
        {
            times.push(begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    times
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let at = (times.len().saturating_sub(1) * percent).div_ceil(100);
    times.get(at).copied().unwrap_or_default()
}

/// Makes the names of one run differ from those of the last one.
fn stamp() -> String {
    #[expect(clippy::disallowed_methods, reason = "a tool, not the service")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!(
        "{:x}",
        since.unwrap_or_default().as_millis() & 0xff_ffff_ffff
    )
}

fn memory(pid: &str) -> String {
    let field = |path: &str, name: &str| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/{path}")).unwrap_or_default();
        text.lines()
            .find_map(|l| l.strip_prefix(name).map(|v| v.trim().to_owned()))
            .unwrap_or_default()
    };
    format!(
        "{}: {} resident",
        field("status", "Name:"),
        field("status", "VmRSS:")
    )
}
