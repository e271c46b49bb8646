use std::sync::Arc;

use registrar_web::domain::*;
use registrar_web::ports::{InviteFilter, PageRequest, StoreError};

use crate::fixture::Fixture;
use crate::records::*;

fn by(n: u32, inviter: Option<u32>) -> Invite {
    let mut invite = invite(n);
    invite.terms = InviteTerms {
        inviter: inviter.map(|n| Inviter {
            id: rid(n),
            username: name("ada"),
        }),
        role: Role::Operator,
        joins: Some(Joins::New {
            name: DisplayName::parse("Acme \u{1f33b}").unwrap(),
            slug: Slug::parse("acme").unwrap(),
        }),
        email: Email::parse("grace@example.org").ok(),
        note: InviteNote::parse("\"$set\" \u{1f4a5}").ok(),
        most_uses: 5,
    };
    invite
}

async fn listed(f: &Fixture, filter: InviteFilter) -> Vec<Invite> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { limit: 2, after };
        let page = f.store.list_invites(filter, &page).await.unwrap();
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

pub(crate) async fn invites_are_listed_by_who_made_them(f: Arc<Fixture>) {
    let all: Vec<Invite> = [
        (1, Some(7)),
        (2, None),
        (3, Some(8)),
        (4, Some(7)),
        (5, Some(7)),
    ]
    .map(|(n, inviter)| by(n, inviter))
    .into();
    for invite in &all {
        f.store.insert_invite(invite).await.unwrap();
    }
    assert_eq!(listed(&f, InviteFilter::All).await, all);
    let of_seven = listed(&f, InviteFilter::By(rid(7))).await;
    assert_eq!(of_seven, [all[0].clone(), all[3].clone(), all[4].clone()]);
    assert!(listed(&f, InviteFilter::By(rid(9))).await.is_empty());
}

/// Each tries again until it has written or there is no room left.
pub(crate) async fn of_16_that_want_an_invite_for_five_five_get_it(f: Arc<Fixture>) {
    let five = by(1, None);
    f.store.insert_invite(&five).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let (store, id) = (Arc::clone(&f.store), five.id);
        tasks.spawn(async move {
            loop {
                let mut invite = store.invite(id).await.unwrap().unwrap();
                if !invite.claim(rid(n), &name("ada"), at(1)) {
                    return false;
                }
                match store.update_invite(invite).await {
                    Ok(_) => return true,
                    Err(StoreError::Conflict) => {}
                    Err(e) => panic!("{e}"),
                }
            }
        });
    }
    let got = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|got| *got)
        .count();
    assert_eq!(got, 5);
    let invite = f.store.invite(five.id).await.unwrap().unwrap();
    assert_eq!(invite.uses.len(), 5);
}
