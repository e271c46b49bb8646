use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::domain::{BcryptHash, Password};
use crate::ports::{Entropy, EntropyExt, HashError, PasswordHasher};
use crate::sys;

/// A hash takes about a quarter of a second at cost 12; used to tell a client when to come back.
const SECONDS_FOR_FOUR: usize = 1;

/// Hashes and compares passwords on threads of its own, at most so many waiting, at low priority.
#[derive(Clone)]
pub struct HashPool {
    jobs: SyncSender<Job>,
    threads: usize,
    queue: usize,
    load: Arc<Load>,
}

/// What the pool has to do.
#[derive(Default)]
struct Load {
    queued: AtomicU64,
    busy: AtomicU64,
}

enum Job {
    Hash {
        password: Password,
        reply: oneshot::Sender<Result<BcryptHash, HashError>>,
    },
    Verify {
        typed: Zeroizing<String>,
        hash: BcryptHash,
        reply: oneshot::Sender<Result<bool, HashError>>,
    },
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HashPool({} threads, queue of {})",
            self.threads, self.queue
        )
    }
}

impl HashPool {
    /// Starts the threads (0: one a core). They end when the last clone of the pool is dropped.
    #[must_use]
    pub fn new(
        hasher: Arc<dyn PasswordHasher>,
        entropy: Arc<dyn Entropy>,
        cost: u32,
        threads: usize,
        queue: usize,
    ) -> Self {
        let threads = match threads {
            0 => thread::available_parallelism().map_or(2, usize::from),
            n => n,
        };
        let (jobs, inbox) = sync_channel(queue);
        let inbox = Arc::new(Mutex::new(inbox));
        let load = Arc::new(Load::default());
        for number in 0..threads {
            let (inbox, hasher, entropy) = (inbox.clone(), hasher.clone(), entropy.clone());
            let load = load.clone();
            let spawned = thread::Builder::new()
                .name(format!("hash-{number}"))
                .stack_size(128 * 1024)
                .spawn(move || work(&inbox, &load, hasher.as_ref(), entropy.as_ref(), cost));
            if let Err(e) = spawned {
                tracing::error!(error = %e, "a hashing thread can't be started");
            }
        }
        Self {
            jobs,
            threads,
            queue,
            load,
        }
    }

    /// Passwords at work at this moment.
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.load.busy.load(Ordering::Relaxed)
    }

    /// Passwords that wait.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.load.queued.load(Ordering::Relaxed)
    }

    /// Hashes a password with a new salt.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<BcryptHash, HashError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { password, reply })?;
        done(answer).await
    }

    /// Whether the text is the password of the hash; one bcrypt, like [`HashPool::hash`].
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full.
    pub async fn verify(
        &self,
        typed: Zeroizing<String>,
        hash: BcryptHash,
    ) -> Result<bool, HashError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Verify { typed, hash, reply })?;
        done(answer).await
    }

    fn submit(&self, job: Job) -> Result<(), HashError> {
        // Before it can be taken out.
        self.load.queued.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(job).map_err(|e| {
            self.load.queued.fetch_sub(1, Ordering::Relaxed);
            match e {
                TrySendError::Full(_) => HashError::Busy {
                    retry_after_seconds: u32::try_from(
                        (self.queue * SECONDS_FOR_FOUR / (4 * self.threads)).clamp(1, 60),
                    )
                    .unwrap_or(60),
                },
                TrySendError::Disconnected(_) => HashError::Failed("no hashing thread runs".into()),
            }
        })
    }
}

async fn done<T>(answer: oneshot::Receiver<Result<T, HashError>>) -> Result<T, HashError> {
    answer
        .await
        .unwrap_or_else(|_| Err(HashError::Failed("a hashing thread ended".into())))
}

fn work(
    inbox: &Mutex<Receiver<Job>>,
    load: &Load,
    hasher: &dyn PasswordHasher,
    entropy: &dyn Entropy,
    cost: u32,
) {
    sys::be_nice();
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        load.queued.fetch_sub(1, Ordering::Relaxed);
        load.busy.fetch_add(1, Ordering::Relaxed);
        // Where nobody waits any more, no quarter second is burnt.
        match job {
            Job::Hash { password, reply } if !reply.is_closed() => {
                let _ = reply.send(hasher.hash(&password, cost, entropy.bytes()));
            }
            Job::Verify { typed, hash, reply } if !reply.is_closed() => {
                let _ = reply.send(hasher.verify(&typed, &hash));
            }
            Job::Hash { .. } | Job::Verify { .. } => {}
        }
        load.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PasswordHints;
    use crate::ports::OsEntropy;
    use std::time::Duration;

    struct Slow;
    impl PasswordHasher for Slow {
        fn hash(&self, p: &Password, cost: u32, salt: [u8; 16]) -> Result<BcryptHash, HashError> {
            thread::sleep(Duration::from_millis(300));
            crate::hash::CrateBcrypt.hash(p, cost, salt)
        }
        fn verify(&self, _: &str, _: &BcryptHash) -> Result<bool, HashError> {
            Ok(false)
        }
    }

    fn password() -> Password {
        Password::parse(
            "correct horse battery staple".into(),
            PasswordHints::default(),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_busy_and_what_was_taken_is_done() {
        let pool = HashPool::new(Arc::new(Slow), Arc::new(OsEntropy), 10, 1, 2);
        let many: Vec<_> = (0..8)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.hash(password()).await })
            })
            .collect();
        let mut done = 0;
        let mut busy = 0;
        for one in many {
            match one.await.unwrap() {
                Ok(_) => done += 1,
                Err(HashError::Busy {
                    retry_after_seconds,
                }) => {
                    assert!(retry_after_seconds >= 1);
                    busy += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!((2..=3).contains(&done), "{done}");
        assert_eq!(done + busy, 8);
    }
}
