use std::sync::Arc;

use registrar_web::ports::{LeaseRequest, PageRequest, RegistrationFilter, StoreError};

use crate::fixture::Fixture;
use crate::records::*;

fn check<T: std::fmt::Debug>(result: Result<T, StoreError>, collection: &str) {
    let Err(error @ StoreError::Corrupt { .. }) = &result else {
        panic!("{result:?}");
    };
    let text = error.to_string();
    assert!(
        text.contains(collection) && text.contains("version"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

pub(crate) async fn a_document_that_cannot_be_read_is_an_error_that_quotes_nothing(
    f: Arc<Fixture>,
) {
    f.store
        .insert_registration(&registration(1, "ada"))
        .await
        .unwrap();
    f.store
        .insert_user(&user(2, "ada", "ada@example.org", true))
        .await
        .unwrap();
    f.store.enqueue_mail(&mail(3, "key")).await.unwrap();
    f.store.insert_invite(&invite(4)).await.unwrap();
    for (n, collection) in [
        (1, "registrations"),
        (2, "users"),
        (3, "mails"),
        (4, "invites"),
    ] {
        f.place.spoil(collection, id(n)).await;
    }
    check(f.store.registration(rid(1)).await, "registrations");
    check(
        f.store.registration_by_username(&name("ada")).await,
        "registrations",
    );
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let list = f
        .store
        .list_registrations(RegistrationFilter::All, &page)
        .await;
    check(list, "registrations");
    check(f.store.user_by_username(&name("ada")).await, "users");
    check(f.store.mail(id(3)).await, "mails");
    check(f.store.invite(id(4)).await, "invites");
}

pub(crate) async fn a_document_that_cannot_be_read_does_not_hold_up_the_work_of_others(
    f: Arc<Fixture>,
) {
    f.store.insert_registration(&due(1, 0)).await.unwrap();
    f.store.insert_registration(&due(2, 1)).await.unwrap();
    f.place.spoil("registrations", id(1)).await;
    let wish = LeaseRequest {
        owner: worker(1),
        now: at(5),
        until: at(60),
    };
    check(f.store.lease_registration(&wish).await, "registrations");
    let next = f.store.lease_registration(&wish).await.unwrap();
    assert_eq!(next.unwrap().id, rid(2));
    assert_eq!(f.store.lease_registration(&wish).await.unwrap(), None);
}
