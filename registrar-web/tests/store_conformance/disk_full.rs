//! A disk that fills up: the store says so and keeps what it has.

use std::process::Command;

use registrar_web::ports::{Store, StoreError};
use registrar_web::store::SqliteStore;

use crate::crash::{child, report, target};
use crate::fixture::say;
use crate::records::*;

/// Mounts a small file system where only this process sees it, then runs the arguments.
const ON_A_SMALL_DISK: &str = r#"mount -t tmpfs -o size=2m,mode=0700 small "$0" && exec "$@""#;

#[test]
fn sqlite_on_a_full_disk_is_unavailable_keeps_what_it_has_and_goes_on_when_there_is_room() {
    if !nix::unistd::geteuid().is_root() {
        say("skipped: a full disk, as only root may mount a small one");
        return;
    }
    let mount_point = tempfile::tempdir().unwrap();
    let inner = child(
        "disk_full::fills_its_disk",
        mount_point.path().to_str().unwrap(),
    );
    let output = Command::new("unshare")
        .args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            ON_A_SMALL_DISK,
        ])
        .arg(mount_point.path())
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("went through"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(std::fs::read_dir(mount_point.path()).unwrap().count(), 0);
}

async fn all_are_there(store: &SqliteStore, stored: &[u32]) {
    use registrar_web::ports::RegistrationStore;
    for n in stored {
        let found = store.registration(rid(*n)).await.unwrap();
        assert_eq!(found, Some(registration(*n, &format!("ada{n}"))));
    }
}

#[tokio::test]
#[ignore = "a process of another test"]
async fn fills_its_disk() {
    use registrar_web::ports::RegistrationStore;
    let Some(target) = target() else { return };
    let disk = std::path::Path::new(&target);
    let store = SqliteStore::open(&disk.join("store")).unwrap();
    let mut stored = Vec::new();
    for n in 0..50 {
        store
            .insert_registration(&registration(n, &format!("ada{n}")))
            .await
            .unwrap();
        stored.push(n);
    }
    // Others fill the disk, all but a little.
    let filler = disk.join("filler");
    let mut size = 2 << 20;
    while size > 1024 {
        let mut content = std::fs::read(&filler).unwrap_or_default();
        content.resize(content.len() + size, b'x');
        if std::fs::write(&filler, &content).is_err() {
            content.truncate(content.len() - size);
            std::fs::write(&filler, &content).unwrap();
            size /= 2;
        }
    }
    let mut refused = 0;
    for n in 50..500 {
        match store
            .insert_registration(&registration(n, &format!("ada{n}")))
            .await
        {
            Ok(()) => stored.push(n),
            Err(StoreError::Unavailable(_)) => refused += 1,
            Err(e) => panic!("{e}"),
        }
        if refused == 5 {
            break;
        }
    }
    assert_eq!(refused, 5, "the disk never filled up");
    all_are_there(&store, &stored).await;

    std::fs::remove_file(&filler).unwrap();
    store
        .insert_registration(&registration(900, "ada900"))
        .await
        .unwrap();
    stored.push(900);
    all_are_there(&store, &stored).await;
    store.close().await;
    drop(store);
    let store = SqliteStore::open(&disk.join("store")).unwrap();
    all_are_there(&store, &stored).await;
    store.close().await;
    report("went through");
}
