use std::sync::Arc;

use registrar_web::domain::*;
use registrar_web::ports::{LeaseRequest, PageRequest, StoreError, Unique, UserFilter};

use crate::fixture::Fixture;
use crate::records::*;

fn organisation(n: u32, slug: &str) -> Organisation {
    let called = DisplayName::parse("Acme \"$set\" \u{1f33b}").unwrap();
    let slug = Slug::parse(slug).unwrap();
    Organisation::new(OrganisationId::new(id(n)), called, slug, at(0))
}

pub(crate) async fn an_organisation_is_read_back_as_it_was_written(f: Arc<Fixture>) {
    let mut acme = organisation(1, "acme");
    acme.prefer(Some(FactorMethod::Totp), at(1));
    acme.group.directory = Some("/home/groups/acme".into());
    acme.group.want(vec![name("ada"), name("grace")]);
    acme.work.last_error = Some("no answer".into());
    f.store.insert_organisation(&acme).await.unwrap();
    assert_eq!(
        f.store.organisation(acme.id).await.unwrap(),
        Some(acme.clone())
    );
    let found = f.store.organisation_by_slug(&acme.slug).await.unwrap();
    assert_eq!(found, Some(acme.clone()));
    let other = Slug::parse("acme-2").unwrap();
    assert_eq!(f.store.organisation_by_slug(&other).await.unwrap(), None);
    let newer = f.store.update_organisation(acme.clone()).await.unwrap();
    assert_eq!(newer.version, 2);
    let refused = f.store.update_organisation(acme).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

pub(crate) async fn slugs_are_unique_and_made_twice_is_told_from_taken(f: Arc<Fixture>) {
    let acme = organisation(1, "acme");
    f.store.insert_organisation(&acme).await.unwrap();
    let again = f.store.insert_organisation(&acme).await;
    assert!(
        matches!(again, Err(StoreError::Duplicate(Unique::Id))),
        "{again:?}"
    );
    let taken = f.store.insert_organisation(&organisation(2, "acme")).await;
    assert!(
        matches!(taken, Err(StoreError::Duplicate(Unique::Slug))),
        "{taken:?}"
    );
    let mut club = organisation(3, "garden");
    f.store.insert_organisation(&club).await.unwrap();
    club.slug = acme.slug.clone();
    let taken = f.store.update_organisation(club).await;
    assert!(
        matches!(taken, Err(StoreError::Duplicate(Unique::Slug))),
        "{taken:?}"
    );
}

pub(crate) async fn of_32_that_want_a_slug_one_gets_it(f: Arc<Fixture>) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=32 {
        let store = Arc::clone(&f.store);
        tasks.spawn(async move {
            match store.insert_organisation(&organisation(n, "acme")).await {
                Ok(()) => true,
                Err(StoreError::Duplicate(Unique::Slug)) => false,
                Err(e) => panic!("{e}"),
            }
        });
    }
    let got = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|got| *got)
        .count();
    assert_eq!(got, 1);
}

pub(crate) async fn organisations_are_paged_in_the_order_of_their_making(f: Arc<Fixture>) {
    let slugs = ["one", "two", "three", "four", "five"];
    for (n, slug) in (1..).zip(slugs) {
        f.store
            .insert_organisation(&organisation(n, slug))
            .await
            .unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 2, after };
        let page = f.store.list_organisations(&page).await.unwrap();
        seen.extend(page.items.into_iter().map(|o| o.slug.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, slugs);
}

pub(crate) async fn of_16_workers_over_50_due_organisations_each_goes_to_one(f: Arc<Fixture>) {
    for n in 1..=50 {
        f.store
            .insert_organisation(&organisation(n, &format!("org-{n}")))
            .await
            .unwrap();
    }
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = Arc::clone(&f.store);
        workers.spawn(async move {
            let wish = LeaseRequest {
                owner: worker(n),
                now: at(10),
                until: at(100),
            };
            let mut got = Vec::new();
            while let Some(mut leased) = store.lease_organisation(&wish).await.unwrap() {
                leased.work.settle(Some(at(1000)));
                got.push(store.update_organisation(leased).await.unwrap().id);
            }
            got
        });
    }
    let mut got: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    got.sort();
    let want: Vec<_> = (1..=50).map(|n| OrganisationId::new(id(n))).collect();
    assert_eq!(got, want);
}

pub(crate) async fn members_are_found_by_their_organisation_while_they_are_in_it(f: Arc<Fixture>) {
    let (acme, club) = (OrganisationId::new(id(100)), OrganisationId::new(id(101)));
    for (n, who, of) in [
        (1, "ada", Some(acme)),
        (2, "bob", None),
        (3, "eve", Some(club)),
        (4, "grace", Some(acme)),
        (5, "mei", Some(acme)),
    ] {
        let mut user = user(n, who, &format!("{who}@example.org"), true);
        user.state = UserState::Active;
        user.organisation = of;
        f.store.insert_user(&user).await.unwrap();
    }
    let of = async |organisation| {
        let page = PageRequest {
            limit: 100,
            after: None,
        };
        let filter = UserFilter::Of(organisation);
        let found = f.store.list_users(filter, &page).await.unwrap().items;
        found
            .iter()
            .map(|u| u.username.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(acme).await, ["ada", "grace", "mei"]);
    assert_eq!(of(club).await, ["eve"]);

    let decision = Decision {
        at: at(5),
        by: "eve".into(),
        reason: None,
    };
    let mut ada = f.store.user(rid(1)).await.unwrap().unwrap();
    assert_eq!(ada.organisation, Some(acme), "read as it was written");
    ada.suspend(decision.clone()).unwrap();
    let mut ada = f.store.update_user(ada).await.unwrap();
    assert_eq!(of(acme).await, ["ada", "grace", "mei"], "suspended");
    ada.delete(decision).unwrap();
    let mut ada = f.store.update_user(ada).await.unwrap();
    let mut mei = f.store.user(rid(5)).await.unwrap().unwrap();
    mei.organisation = None;
    f.store.update_user(mei).await.unwrap();
    assert_eq!(of(acme).await, ["grace"]);
    ada.resume(Some(provision_api::AccountState::Suspended))
        .unwrap();
    f.store.update_user(ada).await.unwrap();
    assert_eq!(of(acme).await, ["ada", "grace"], "resumed");
}
