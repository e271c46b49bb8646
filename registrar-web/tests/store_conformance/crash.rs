//! What was acknowledged outlives a process that is killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use registrar_web::ports::{Store, StoreError};
use registrar_web::store::{MongoStore, SqliteStore};

use crate::fixture::Place;
use crate::records::*;
use crate::server;

/// Tells the child where to write: a directory, or a connection string and a database.
const TARGET: &str = "REGISTRAR_TEST_CHILD_TARGET";
/// Acknowledged inserts after which the child is killed.
const ENOUGH: usize = 300;

/// Runs one ignored test of this binary as a process of its own.
pub(crate) fn child(test: &str, target: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(TARGET, target);
    command
}

pub(crate) fn target() -> Option<String> {
    std::env::var(TARGET).ok()
}

/// Writes a line past the test harness.
pub(crate) fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\n{line}");
    let _ = out.flush();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process of another test"]
async fn inserts_until_it_is_killed() {
    let Some(target) = target() else { return };
    let store: Arc<dyn Store> = match target.split_once(' ') {
        Some((uri, database)) => Arc::new(MongoStore::connect(uri, database).await.unwrap()),
        None => Arc::new(SqliteStore::open(target.as_ref()).unwrap()),
    };
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in (task * 100_000)..((task + 1) * 100_000) {
                store
                    .insert_registration(&registration(n, &format!("ada{n}")))
                    .await
                    .unwrap();
                report(&format!("acknowledged {n}"));
            }
        });
    }
    tasks.join_all().await;
}

/// Kills the child in the middle of its stream; what it was told is done.
fn kill_amid(mut child: Child) -> Vec<u32> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    for line in lines.map_while(Result::ok) {
        if let Some(n) = line.strip_prefix("acknowledged ") {
            acknowledged.push(n.parse().unwrap());
            if acknowledged.len() == ENOUGH {
                child.kill().unwrap();
            }
        }
    }
    assert_eq!(child.wait().unwrap().code(), None, "ended by a signal");
    assert!(acknowledged.len() >= ENOUGH);
    acknowledged
}

async fn survives_kill(place: Place, target: &str) {
    let child = child("crash::inserts_until_it_is_killed", target)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let acknowledged = tokio::task::spawn_blocking(|| kill_amid(child))
        .await
        .unwrap();
    let store = place.open().await;
    for n in acknowledged {
        let found = store.registration(rid(n)).await.unwrap();
        assert_eq!(found, Some(registration(n, &format!("ada{n}"))));
    }
    // It can be written to as before.
    let refused = store.insert_registration(&registration(0, "ada0")).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(_))),
        "{refused:?}"
    );
    store
        .insert_registration(&registration(999_999, "grace"))
        .await
        .unwrap();
    store.close().await;
    place.remove().await;
}

#[tokio::test]
async fn sqlite_loses_nothing_acknowledged_when_the_service_is_killed() {
    let place = Place::new_directory();
    let Place::Sqlite(directory) = &place else {
        unreachable!()
    };
    let target = directory.path().to_str().unwrap().to_owned();
    survives_kill(place, &target).await;
}

#[tokio::test]
async fn mongodb_loses_nothing_acknowledged_when_the_service_is_killed() {
    let Some(uri) = server::shared() else { return };
    let place = Place::new_database(&uri);
    let Place::Mongodb { database, .. } = &place else {
        unreachable!()
    };
    let target = format!("{uri} {database}");
    survives_kill(place, &target).await;
}
