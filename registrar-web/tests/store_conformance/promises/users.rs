use std::sync::Arc;

use registrar_web::domain::{Decision, KeptKey, Role, SshPublicKey, User, UserState};
use registrar_web::ports::{LeaseRequest, PageRequest, StoreError, Unique, UserFilter};

use crate::fixture::Fixture;
use crate::records::*;

pub(crate) async fn names_are_unique(f: Arc<Fixture>) {
    let ada = user(1, "ada", "ada@example.org", false);
    f.store.insert_user(&ada).await.unwrap();
    let refused = f
        .store
        .insert_user(&user(2, "ada", "eve@example.org", false))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    let found = f.store.user_by_username(&name("ada")).await.unwrap();
    assert_eq!(found, Some(ada));
    assert_eq!(f.store.user_by_username(&name("eve")).await.unwrap(), None);
}

pub(crate) async fn a_proven_address_is_unique_and_an_unproven_one_is_not(f: Arc<Fixture>) {
    for (n, who, email) in [(1, "ada", "ada@example.org"), (2, "eve", "Ada@EXAMPLE.org")] {
        f.store
            .insert_user(&user(n, who, email, false))
            .await
            .unwrap();
    }
    let mut ada = f.store.user(rid(1)).await.unwrap().unwrap();
    ada.email_proven = true;
    f.store.update_user(ada).await.unwrap();
    let mut eve = f.store.user(rid(2)).await.unwrap().unwrap();
    eve.email_proven = true;
    let refused = f.store.update_user(eve.clone()).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Email))),
        "{refused:?}"
    );
    let refused = f
        .store
        .insert_user(&user(3, "mal", "ADA@example.org", true))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Email))),
        "{refused:?}"
    );
    // The address is free again once its member is gone.
    f.store.delete_user(rid(1)).await.unwrap();
    f.store.update_user(eve).await.unwrap();
}

pub(crate) async fn made_twice_is_told_from_taken_by_another(f: Arc<Fixture>) {
    let ada = user(1, "ada", "ada@example.org", true);
    f.store.insert_user(&ada).await.unwrap();
    let refused = f.store.insert_user(&ada).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Id))),
        "{refused:?}"
    );
}

pub(crate) async fn updates_compare_versions_and_deleting_twice_is_no_error(f: Arc<Fixture>) {
    let ada = user(1, "ada", "ada@example.org", false);
    f.store.insert_user(&ada).await.unwrap();
    let newer = f.store.update_user(ada.clone()).await.unwrap();
    assert_eq!(newer.version, 2);
    let refused = f.store.update_user(ada).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    f.store.delete_user(rid(1)).await.unwrap();
    f.store.delete_user(rid(1)).await.unwrap();
    assert_eq!(f.store.user(rid(1)).await.unwrap(), None);
    let refused = f.store.update_user(newer).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

pub(crate) async fn a_member_is_found_by_the_address_that_was_proven_and_by_no_other(
    f: Arc<Fixture>,
) {
    let find = async |text: &str| {
        let email = registrar_web::domain::Email::parse(text).unwrap();
        let found = f.store.user_by_email(&email).await.unwrap();
        found.map(|user| user.username.to_string())
    };
    let ada = user(1, "ada", "Ada@example.org", false);
    f.store.insert_user(&ada).await.unwrap();
    assert_eq!(find("ada@example.org").await, None, "not proven");
    f.store
        .update_user(User {
            email_proven: true,
            ..ada
        })
        .await
        .unwrap();
    assert_eq!(find("aDA@EXAMPLE.org").await.as_deref(), Some("ada"));
    assert_eq!(find("eve@example.org").await, None);
}

pub(crate) async fn a_member_is_found_by_the_token_of_a_recovery_until_it_is_over(f: Arc<Fixture>) {
    let mut ada = user(1, "ada", "ada@example.org", true);
    let proof = verification(1, 1);
    let token = proof.token.clone();
    f.store.insert_user(&ada).await.unwrap();
    assert_eq!(f.store.user_by_recovery(&token).await.unwrap(), None);
    ada.credentials.recovery = Some(proof);
    let mut ada = f.store.update_user(ada).await.unwrap();
    let found = f.store.user_by_recovery(&token).await.unwrap();
    assert_eq!(found.as_ref(), Some(&ada));
    let other = verification(1, 2).token;
    assert_eq!(f.store.user_by_recovery(&other).await.unwrap(), None);
    ada.set_password(hash(), true, at(1));
    f.store.update_user(ada).await.unwrap();
    assert_eq!(f.store.user_by_recovery(&token).await.unwrap(), None);
}

pub(crate) async fn keys_are_read_as_written_and_members_without_work_are_never_leased(
    f: Arc<Fixture>,
) {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let key = SshPublicKey::parse(key).unwrap();
    let mut ada = user(1, "ada", "ada@example.org", true);
    ada.ssh_keys = vec![KeptKey::of_sign_up(key)];
    f.store.insert_user(&ada).await.unwrap();
    assert_eq!(f.store.user(rid(1)).await.unwrap(), Some(ada));
    let wish = LeaseRequest {
        owner: worker(1),
        now: at(1_000_000),
        until: at(1_000_001),
    };
    assert_eq!(f.store.lease_user(&wish).await.unwrap(), None);
}

async fn listed(f: &Fixture, filter: UserFilter) -> Vec<String> {
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { limit: 2, after };
        let page = f.store.list_users(filter, &page).await.unwrap();
        names.extend(page.items.iter().map(|u| u.username.to_string()));
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

pub(crate) async fn members_are_listed_by_what_admins_look_for(f: Arc<Fixture>) {
    let decision = Decision {
        at: at(5),
        by: "eve".into(),
        reason: Some("\"$set\" \u{1f4a5}".into()),
    };
    let active = |n, name: &str| {
        let mut user = user(n, name, &format!("{name}@example.org"), true);
        user.state = UserState::Active;
        user
    };
    let mut operators: Vec<User> = (1..6).map(|n| active(n, &format!("op{n}"))).collect();
    for user in &mut operators {
        user.role = Role::Operator;
    }
    let (mut suspended, mut deleted) = (active(6, "suspended"), active(7, "deleted"));
    suspended.suspend(decision.clone()).unwrap();
    deleted.delete(decision.clone()).unwrap();
    let mut gone = active(8, "gone");
    gone.delete(decision).unwrap();
    gone.anonymise(&gone.email.clone(), at(6));
    let plain = active(9, "plain");
    for user in operators
        .iter()
        .chain([&suspended, &deleted, &gone, &plain])
    {
        f.store.insert_user(user).await.unwrap();
    }
    let ops = ["op1", "op2", "op3", "op4", "op5"];
    assert_eq!(
        listed(&f, UserFilter::All).await,
        [&ops[..], &["suspended", "deleted", "gone", "plain"]].concat()
    );
    assert_eq!(listed(&f, UserFilter::Staff(Role::Operator)).await, ops);
    assert!(
        listed(&f, UserFilter::Staff(Role::SiteAdmin))
            .await
            .is_empty()
    );
    let closed = |state| listed(&f, UserFilter::Closed(state));
    assert_eq!(closed(UserState::Suspended).await, ["suspended"]);
    assert_eq!(closed(UserState::Deleted).await, ["deleted", "gone"]);
    assert_eq!(listed(&f, UserFilter::InGrace).await, ["deleted"]);
    assert_eq!(
        f.store.count_users().await.unwrap(),
        7,
        "all but the deleted"
    );
    let pending = ["suspended", "deleted", "gone"];
    assert_eq!(listed(&f, UserFilter::HostPending).await, pending);

    // The lists follow the record.
    let mut back = f.store.user(rid(6)).await.unwrap().unwrap();
    assert_eq!(back, suspended, "read as it was written");
    back.resume(Some(provision_api::AccountState::Suspended))
        .unwrap();
    back.standing.host_follow_up = None;
    f.store.update_user(back).await.unwrap();
    assert!(closed(UserState::Suspended).await.is_empty());
    assert_eq!(listed(&f, UserFilter::HostPending).await, pending[1..]);
}
