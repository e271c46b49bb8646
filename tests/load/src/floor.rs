//! The floor: what the hashes alone cost on this machine.

use std::thread;
use std::time::{Duration, Instant};

use crate::cpu::Cpu;
use registrar_web::domain::{Password, PasswordHints};
use registrar_web::hash::best_hasher;

/// What hashing costs.
pub(crate) struct Floor {
    /// One hash, alone; the median of nine.
    pub(crate) one: Duration,
    /// Hashes a second with one thread a core.
    pub(crate) per_second: f64,
    /// Processor time of one hash while every core hashes, in seconds.
    pub(crate) cpu: f64,
    /// How many threads that was.
    pub(crate) threads: usize,
}

/// Measures for some seconds.
pub(crate) fn measure(cost: u32) -> Floor {
    let mut times: Vec<Duration> = (0..9).map(|n| hash(cost, n)).collect();
    times.sort_unstable();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let rounds = 8u8;
    let cpu_before = Cpu::now();
    let begun = Instant::now();
    thread::scope(|scope| {
        for t in 0..threads {
            let seed = u8::try_from(t).unwrap_or(0);
            scope.spawn(move || {
                (0..rounds).for_each(|n| {
                    hash(cost, seed.wrapping_add(n));
                });
            });
        }
    });
    let hashes = (threads * usize::from(rounds)) as f64;
    let per_second = hashes / begun.elapsed().as_secs_f64();
    let cpu = Cpu::now().since(&cpu_before).own() / hashes;
    Floor {
        one: times.get(4).copied().unwrap_or_default(),
        per_second,
        cpu,
        threads,
    }
}

fn hash(cost: u32, salt: u8) -> Duration {
    let Ok(password) = Password::parse(
        "correct horse battery staple 7".into(),
        PasswordHints::default(),
    ) else {
        return Duration::ZERO;
    };
    let begun = Instant::now();
    let hash = best_hasher().hash(&password, cost, [salt; 16]);
    std::hint::black_box(hash.is_ok());
    begun.elapsed()
}
