use std::sync::Arc;

use registrar_web::auth::LoginError;
use registrar_web::domain::{Presented, SessionEnd};
use registrar_web::ports::{PageRequest, StoreError, Unique};

use crate::fixture::Fixture;
use crate::identity::{RIGHT, active, instance};
use crate::records::*;

pub(crate) async fn a_session_is_read_back_as_it_was_written(f: Arc<Fixture>) {
    let (mut one, first) = session(1, 9);
    f.store.insert_session(&one).await.unwrap();
    assert_eq!(f.store.session(id(1)).await.unwrap(), Some(one.clone()));
    let again = f.store.insert_session(&one).await;
    assert!(
        matches!(again, Err(StoreError::Duplicate(Unique::Id))),
        "{again:?}"
    );
    one.rotate(&refresh_key(), origin(5), seconds(100));
    one.end(SessionEnd::Reused, at(6));
    let one = f.store.update_session(one).await.unwrap();
    assert_eq!(one.version, 2);
    let read = f.store.session(id(1)).await.unwrap().unwrap();
    assert_eq!(read, one);
    // What it knows of spent tokens has come back with it.
    assert_eq!(
        read.judge(&refresh_key(), &first, at(15)),
        Presented::Reused
    );
    assert_eq!(f.store.session(id(2)).await.unwrap(), None);
}

/// What keeps a family of refresh tokens one.
pub(crate) async fn of_50_that_spend_the_same_token_one_writes_and_the_others_see_what_it_wrote(
    f: Arc<Fixture>,
) {
    let other = f.place.open().await;
    let (one, first) = session(1, 9);
    f.store.insert_session(&one).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let store = Arc::clone(if n % 2 == 0 { &f.store } else { &other });
        let mut read = one.clone();
        let first = first.clone();
        tasks.spawn(async move {
            let next = read.rotate(&refresh_key(), origin(1), seconds(100));
            match store.update_session(read).await {
                Ok(_) => Some(next),
                Err(StoreError::Conflict) => {
                    let now = store.session(id(1)).await.unwrap().unwrap();
                    assert_eq!(now.judge(&refresh_key(), &first, at(2)), Presented::Replay);
                    None
                }
                Err(e) => panic!("{e}"),
            }
        });
    }
    let winners: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let end = other.session(id(1)).await.unwrap().unwrap();
    assert_eq!(end.version, 2);
    assert_eq!(
        end.judge(&refresh_key(), &winners[0], at(2)),
        Presented::Present
    );
    other.close().await;
}

pub(crate) async fn a_member_s_list_has_the_sessions_that_were_not_ended_and_no_others(
    f: Arc<Fixture>,
) {
    for n in 1..=5 {
        f.store.insert_session(&session(n, 9).0).await.unwrap();
        f.store.insert_session(&session(n + 10, 8).0).await.unwrap();
    }
    let mut ended = f.store.session(id(2)).await.unwrap().unwrap();
    ended.end(SessionEnd::SignedOut, at(1));
    f.store.update_session(ended).await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { limit: 2, after };
        let page = f.store.list_sessions(rid(9), &page).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|s| s.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [id(1), id(3), id(4), id(5)]);
    let all = PageRequest {
        limit: 100,
        after: None,
    };
    let none = f.store.list_sessions(rid(7), &all).await.unwrap();
    assert!(none.items.is_empty());
}

pub(crate) async fn lapsed_sessions_are_forgotten_ended_or_not_and_others_stay(f: Arc<Fixture>) {
    for n in 1..=3 {
        let (mut one, _) = session(n, 9);
        one.rotate(&refresh_key(), origin(i64::from(n)), seconds(100));
        if n == 1 {
            one.end(SessionEnd::SignedOut, at(1));
        }
        f.store.insert_session(&one).await.unwrap();
    }
    assert_eq!(f.store.forget_sessions(at(101)).await.unwrap(), 0);
    assert_eq!(f.store.forget_sessions(at(103)).await.unwrap(), 2);
    assert_eq!(f.store.session(id(1)).await.unwrap(), None);
    assert!(f.store.session(id(3)).await.unwrap().is_some());
}

pub(crate) async fn of_50_refreshes_at_once_on_two_instances_one_family_is_alive(f: Arc<Fixture>) {
    let keys = tempfile::tempdir().unwrap();
    let other = f.place.open().await;
    let one = instance(Arc::clone(&f.store), keys.path());
    let two = instance(Arc::clone(&other), keys.path());
    f.store.insert_user(&active(1, "ada")).await.unwrap();
    let first = one.login("ada", RIGHT).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let auth = if n % 2 == 0 { one.clone() } else { two.clone() };
        let token = first.refresh.expose().to_owned();
        tasks.spawn(async move { auth.refresh(&token).await.unwrap() });
    }
    let mut next: Vec<String> = Vec::new();
    for tokens in tasks.join_all().await {
        assert_eq!(tokens.session.id, first.session.id);
        next.push(tokens.refresh.expose().to_owned());
        two.auth.authenticate(tokens.access.expose()).await.unwrap();
    }
    next.sort();
    next.dedup();
    assert_eq!(next.len(), 1, "all have the same next token");
    two.refresh(&next[0]).await.unwrap();
    let session = other.session(first.session.id).await.unwrap().unwrap();
    assert_eq!(session.version, 3, "begun, and spent twice");
    // Signed out on one, it is over on the other.
    let user = f.store.user(rid(1)).await.unwrap().unwrap();
    one.auth.sign_out(&user, session.id).await.unwrap();
    assert!(two.auth.authenticate(first.access.expose()).await.is_err());
    other.close().await;
}

pub(crate) async fn logins_are_limited_over_two_instances(f: Arc<Fixture>) {
    let keys = tempfile::tempdir().unwrap();
    let other = f.place.open().await;
    let one = instance(Arc::clone(&f.store), keys.path());
    let two = instance(Arc::clone(&other), keys.path());
    f.store.insert_user(&active(1, "ada")).await.unwrap();
    for auth in [&one, &two, &one, &two, &one] {
        let refused = auth.login("ada", "wrong").await;
        assert!(
            matches!(refused, Err(LoginError::WrongCredentials)),
            "{refused:?}"
        );
    }
    for auth in [&one, &two] {
        let refused = auth.login("ada", RIGHT).await;
        assert!(
            matches!(refused, Err(LoginError::Limited { .. })),
            "{refused:?}"
        );
    }
    other.close().await;
}
