use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::store_error;
use crate::ports::StoreError;

/// Writes that may wait; beyond it callers wait for room.
const QUEUE: usize = 256;
/// Writes that share one commit at most.
const GROUP: usize = 64;

/// Tells the caller what the write returned, or why the commit failed.
type Reply = Box<dyn FnOnce(Option<&str>) + Send>;
/// Does the write, or takes note of why it can't be done; says whether to keep what it did.
type Job = Box<dyn FnOnce(rusqlite::Result<&Connection>) -> (bool, Reply) + Send>;

/// The one connection that writes, on a thread of its own.
///
/// Writes that wait while another is on its way to the disk are committed together: a commit costs
/// one fsync however many they are. Each runs in a savepoint, so one that fails takes nothing of
/// the others with it, and nobody is answered before the commit.
#[derive(Debug)]
pub(super) struct Writer {
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(name: &str, connection: Connection) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || serve(&connection, queue))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Self {
            running: Mutex::new(Some(Running { jobs, thread })),
        })
    }

    /// Carries out a write and waits until it is committed. It is carried out even if the caller
    /// goes away.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::Unavailable("the store is closed".into());
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = connection.map_err(store_error).and_then(write);
            let keep = result.is_ok();
            let reply: Reply = Box::new(move |failure| {
                let result = failure.map_or(result, |e| Err(StoreError::Unavailable(e.to_owned())));
                // The caller may have gone.
                let _ = tell.send(result);
            });
            (keep, reply)
        });
        let jobs = {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.as_ref().map(|r| r.jobs.clone())
        };
        let jobs = jobs.ok_or_else(ended)?;
        jobs.send(job).await.map_err(|_| ended())?;
        drop(jobs);
        told.await.map_err(|_| ended())?
    }

    /// Carries out what waits, then ends.
    pub(super) async fn close(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Running { jobs, thread }) = running {
            drop(jobs);
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn serve(connection: &Connection, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.blocking_recv() {
        if let Err(e) = connection.execute_batch("BEGIN IMMEDIATE") {
            let (_, reply) = first(Err(e));
            reply(None);
            continue;
        }
        let mut replies = vec![one(connection, first)];
        // A full disk or an I/O error may have rolled everything back.
        while !connection.is_autocommit() && replies.len() < GROUP {
            let Ok(next) = queue.try_recv() else { break };
            replies.push(one(connection, next));
        }
        let failure = commit(connection).err();
        for reply in replies {
            reply(failure.as_deref());
        }
    }
    // Keeps the planner's statistics fresh; cheap when there is nothing to learn.
    let _ = connection.execute_batch("PRAGMA optimize");
}

/// Runs one write in a savepoint.
fn one(connection: &Connection, job: Job) -> Reply {
    if let Err(e) = connection.execute_batch("SAVEPOINT one") {
        return job(Err(e)).1;
    }
    let (keep, reply) = job(Ok(connection));
    let end = if keep {
        "RELEASE one"
    } else {
        "ROLLBACK TO one; RELEASE one"
    };
    match connection.execute_batch(end) {
        Err(e) if !connection.is_autocommit() => Box::new(move |failure| {
            reply(Some(failure.unwrap_or(&e.to_string())));
        }),
        // When everything was rolled back, the commit will say so.
        _ => reply,
    }
}

fn commit(connection: &Connection) -> Result<(), String> {
    if connection.is_autocommit() {
        return Err("the disk is full or failing; nothing was written".to_owned());
    }
    connection.execute_batch("COMMIT").map_err(|e| {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        e.to_string()
    })
}
