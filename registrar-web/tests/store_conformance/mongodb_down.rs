//! A MongoDB server that goes away and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registrar_web::ports::{Store, StoreError};
use registrar_web::store::MongoStore;

use crate::records::*;
use crate::server::Server;

/// Within this time a store that is down has to say so.
const SOON: Duration = Duration::from_secs(9);

async fn store(server: &Server) -> Arc<dyn Store> {
    Arc::new(
        MongoStore::connect(&server.uri(), "registrar")
            .await
            .unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_acknowledged_and_the_client_recovers_by_itself() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let store = store(&server).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in (task * 100_000).. {
                let began = Instant::now();
                match store
                    .insert_registration(&registration(n, &format!("ada{n}")))
                    .await
                {
                    Ok(()) => acknowledged.push(n),
                    Err(StoreError::Unavailable(_)) => {
                        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
                        break;
                    }
                    Err(e) => panic!("{e}"),
                }
            }
            acknowledged
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.kill();
    let acknowledged: Vec<u32> = tasks.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
    let refused = store.health(at(0)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );

    tokio::task::block_in_place(|| server.restart());
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Err(e) = store.health(at(0)).await {
        assert!(Instant::now() < deadline, "{e}");
    }
    for n in acknowledged {
        let found = store.registration(rid(n)).await.unwrap();
        assert_eq!(found, Some(registration(n, &format!("ada{n}"))));
    }
    store
        .insert_registration(&registration(999_999, "grace"))
        .await
        .unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_server_answers_the_error_comes_soon_and_tells_no_password() {
    let began = Instant::now();
    for uri in [
        "mongodb://registrar:geheim@127.0.0.1:9/?serverSelectionTimeoutMS=500",
        "mongodb://registrar:geh/eim@127.0.0.1:9/",
        "geheim",
    ] {
        let error = MongoStore::connect(uri, "registrar").await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)));
        assert!(!format!("{error} {error:?}").contains("geh"), "{error:?}");
    }
    assert!(began.elapsed() < SOON);
}
