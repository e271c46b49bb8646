//! `load HOST:PORT COST AT_ONCE,… [PID…]`: measures registrations on a running host and prints them
//! as ratios to the raw hash, measured in the same run. The host's limits must be out of the way,
//! and it must be a throw-away host: this program reads its account files and its `/proc`.
//!
//! Times move between machines; the ratios are what to compare. Whole registrations a second hang
//! on what else the machine does; processor time hardly does.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints measurements"
)]

mod client;
mod cpu;
mod floor;
mod orphans;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use cpu::Cpu;
use floor::Floor;

/// Pause between two looks at another route: so often that a percentile says something, and not so
/// often that the looking weighs in what is measured. It is what one person's form asks while they type.
const PROBE_EVERY: Duration = Duration::from_millis(150);

/// A registration that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, cost, at_once, pids @ ..] = arguments.as_slice() else {
        println!("usage: load HOST:PORT COST AT_ONCE,… [PID…]");
        return ExitCode::FAILURE;
    };
    let cost = cost.parse().unwrap_or(12);
    let client = Client::new(address);
    for pid in pids {
        println!("idle memory of {}", memory(pid));
    }
    let floor = floor::measure(cost);
    println!(
        "floor: one hash of cost {cost} {:.0} ms; ceiling {:.2} hashes/s on {} threads; {:.0} ms of processor time each",
        floor.one.as_secs_f64() * 1e3,
        floor.per_second,
        floor.threads,
        floor.cpu * 1e3,
    );
    let mut registered = BTreeSet::new();
    let mut good = sequential(&client, floor.one, &mut registered).await;
    for at_once in at_once.split(',').filter_map(|n| n.parse().ok()) {
        good &= together(&client, at_once, &floor, &mut registered).await;
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
async fn sequential(
    client: &Client,
    one_hash: Duration,
    registered: &mut BTreeSet<String>,
) -> bool {
    let mut times = Vec::new();
    for n in 0..15 {
        let name = format!("seq{n}x{}", stamp());
        let begun = Instant::now();
        let answer = client.register(&name).await;
        times.push(begun.elapsed());
        registered.insert(name);
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
/// how long another page takes meanwhile; and whether accounts and registrations agree afterwards.
async fn together(
    client: &Client,
    at_once: usize,
    floor: &Floor,
    registered: &mut BTreeSet<String>,
) -> bool {
    // Long enough that start and end, when a core has nothing to hash, weigh little.
    let total = (at_once * 4).max(96);
    let next = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let others = tokio::spawn(probe(client.clone(), stop.clone()));
    let batch = stamp();
    let cpu_before = Cpu::now();
    let begun = Instant::now();
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (client, next, batch) = (client.clone(), next.clone(), batch.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let n @ 0.. = next.fetch_add(1, Ordering::SeqCst)
                    && n < total
                {
                    let name = format!("c{at_once}n{n}x{batch}");
                    let result = whole(&client, &name, pause(at_once)).await;
                    done.push((name, result));
                }
                done
            })
        })
        .collect();
    let mut times = Vec::new();
    let mut failures = 0;
    for worker in workers {
        for (name, result) in worker.await.unwrap_or_default() {
            match result {
                Ok(time) => {
                    times.push(time);
                    registered.insert(name);
                }
                Err(why) => {
                    failures += 1;
                    println!("  failed: {why}");
                }
            }
        }
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    let cpu = Cpu::now().since(&cpu_before);
    stop.store(true, Ordering::SeqCst);
    let mut others = others.await.unwrap_or_default();
    let orphans = orphans::find(client, registered).await;
    for orphan in &orphans {
        println!("  orphan: {orphan}");
    }
    println!(
        "{at_once:>3} at once: {rate:.2} whole registrations/s = {:.0} % of the hash ceiling; p50 {:.2} s, p95 {:.2} s; {failures} of {total} failed, {} orphans; other routes p99 {:.1} ms",
        rate / floor.per_second * 100.0,
        percentile(&mut times, 50).as_secs_f64(),
        percentile(&mut times, 95).as_secs_f64(),
        orphans.len(),
        percentile(&mut others, 99).as_secs_f64() * 1e3,
    );
    let each = |seconds: f64| seconds / times.len().max(1) as f64;
    println!(
        "     processor time: {:.0} ms a registration, of which the hash is {:.0} % ({:.1} ms beside it); of the client {:.1} ms more",
        each(cpu.host()) * 1e3,
        floor.cpu / each(cpu.host()) * 100.0,
        (each(cpu.host()) - floor.cpu) * 1e3,
        each(cpu.own()) * 1e3,
    );
    println!("     by program, ms: {}", cpu.parts(times.len()));
    failures == 0 && orphans.is_empty()
}

/// How long a person waits between two looks at the status: all of them together look a hundred
/// times a second, as the looking must not take the cores from what is measured. A page is told by
/// an event, or looks once in some seconds.
fn pause(at_once: usize) -> Duration {
    Duration::from_millis(10) * u32::try_from(at_once).unwrap_or(u32::MAX)
}

async fn whole(client: &Client, name: &str, pause: Duration) -> Result<Duration, String> {
    let begun = Instant::now();
    match client.register(name).await {
        Ok(201) => {}
        other => return Err(format!("{name}: POST answered {other:?}")),
    }
    while begun.elapsed() < PATIENCE {
        match client.status(name).await?.as_str() {
            "VERIFICATION_SENT" => return Ok(begun.elapsed()),
            "FAILED" => return Err(format!("{name}: FAILED")),
            _ => tokio::time::sleep(pause).await,
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
        tokio::time::sleep(PROBE_EVERY).await;
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
