use std::sync::Arc;

use registrar_web::audit::Audit;
use registrar_web::domain::*;
use registrar_web::ports::{AuditFilter, PageRequest, SystemClock};

use crate::fixture::Fixture;
use crate::records::rid;

fn event(actor: &str, action: Action, subject: Option<&str>) -> AuditEvent {
    AuditEvent {
        action,
        actor: Actor::Admin { name: actor.into() },
        subject: subject.map(|name| Subject::new("member", rid(1), name)),
        address: Some("2001:db8::/64".into()),
        request_id: None,
        details: vec![("reason", "\"$set\": \u{1f4dc}\n".into())],
    }
}

async fn all(f: &Fixture, filter: AuditFilter) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { limit: 7, after };
        let page = f.store.list_audit_entries(&filter, &page).await.unwrap();
        entries.extend(page.items);
        after = page.next;
        if after.is_none() {
            return entries;
        }
    }
}

/// Two instances, each with tasks of its own: numbers without a gap, and one unbroken chain.
pub(crate) async fn of_40_entries_at_once_on_two_instances_one_chain_comes(f: Arc<Fixture>) {
    let other = f.place.open().await;
    let logs = [Arc::clone(&f.store), Arc::clone(&other)]
        .map(|store| Audit::new(store, Arc::new(SystemClock)));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let log = logs[n % 2].clone();
        let name = format!("admin{}", n % 4);
        tasks.spawn(async move {
            let event = event(&name, Action::KeysRotated, None);
            log.record(event).await.unwrap();
        });
    }
    tasks.join_all().await;
    let entries = all(&f, AuditFilter::All).await;
    let numbers: Vec<u64> = entries.iter().map(|e| e.number).collect();
    assert_eq!(numbers, (1..=40).rev().collect::<Vec<u64>>());
    assert_eq!(AuditEntry::check_chain(None, &entries), Ok(()));
    assert!(entries.last().unwrap().is_first());
    other.close().await;
}

pub(crate) async fn the_audit_log_is_found_by_who_by_what_and_by_whom(f: Arc<Fixture>) {
    let log = Audit::new(Arc::clone(&f.store), Arc::new(SystemClock));
    for (actor, action, subject) in [
        ("eve", Action::RegistrationApproved, Some("ada")),
        ("bob", Action::RegistrationApproved, Some("joan")),
        ("eve", Action::KeysRotated, None),
    ] {
        log.record(event(actor, action, subject)).await.unwrap();
    }
    let numbers = |filter| {
        let f = &f;
        async move {
            let entries = all(f, filter).await;
            entries.iter().map(|e| e.number).collect::<Vec<_>>()
        }
    };
    assert_eq!(numbers(AuditFilter::Actor("eve".into())).await, [3, 1]);
    let approved = AuditFilter::Action(Action::RegistrationApproved);
    assert_eq!(numbers(approved).await, [2, 1]);
    assert_eq!(numbers(AuditFilter::Subject("ada".into())).await, [1]);
    assert!(numbers(AuditFilter::Subject("eve".into())).await.is_empty());
}
