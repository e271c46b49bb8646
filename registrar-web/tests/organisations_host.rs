//! The group of an organisation on the host follows its members.

mod http_support;
mod organisations_support;
mod people_support;

use http::Method;
use http_support::App;
use organisations_support::{ALL, OWN};
use provision_api::AccountState;
use registrar_web::domain::*;
use registrar_web::ports::ProvisionFailure;
use serde_json::{Value, json};

async fn shown(app: &App, slug: &str) -> Value {
    let path = format!("{ALL}/{slug}");
    app.as_admin(Method::GET, &path, None).await.json()
}

fn times_set(app: &App, slug: &str) -> usize {
    app.host.groups.lock().unwrap()[slug].1
}

#[tokio::test]
async fn a_group_with_a_directory_is_made_and_has_those_who_joined() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    let own = app.own_organisation(&ada).await;
    assert_eq!(own["hostState"], "in-step");
    assert_eq!(own["directory"], "/home/groups/acme");
    assert_eq!(app.in_group("acme"), ["ada"]);
    app.guest_of(&ada, "grace").await;
    assert_eq!(app.in_group("acme"), ["ada", "grace"]);
    // Where nothing changes, nothing is set.
    let before = times_set(&app, "acme");
    app.wait(60 * 60);
    app.follow().await;
    assert_eq!(times_set(&app, "acme"), before);
}

#[tokio::test]
async fn who_leaves_is_suspended_or_deleted_leaves_the_group_and_who_comes_back_is_in_it() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    for name in ["grace", "mei", "mia"] {
        app.guest_of(&ada, name).await;
    }
    let id = async |name: &str| app.user_of(name).await.id;
    let path = format!("{OWN}/members/{}", id("mia").await);
    app.as_member(Method::DELETE, &path, &ada.access).await;
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "grace", "mei"]);

    let path = format!("/api/users/{}", id("grace").await);
    let reason = json!({"reason": "spam"});
    app.as_admin(Method::POST, &format!("{path}/suspend"), Some(reason))
        .await;
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "mei"]);

    // Let in again here; on the host an admin has to follow first.
    app.as_admin(Method::POST, &format!("{path}/resume"), None)
        .await;
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "mei"]);
    app.people().follow_host().await.unwrap();
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "grace", "mei"]);

    let path = format!("/api/users/{}", id("mei").await);
    app.as_admin(Method::DELETE, &path, None).await;
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "grace"]);
    app.wait(31 * 24 * 60 * 60);
    app.people().anonymise_due().await.unwrap();
    assert_eq!(app.user_of("mei").await.organisation, None);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_asked_until_it_does_and_that_shows() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    let grace = app.guest_of(&ada, "grace").await;
    *app.host.down.lock().unwrap() = true;
    let path = format!("{OWN}/members/{grace}");
    app.as_member(Method::DELETE, &path, &ada.access).await;
    app.follow().await;
    let own = app.own_organisation(&ada).await;
    assert_eq!(own["hostState"], "due");
    assert_eq!(own["hostMessage"], "provisiond does not answer");
    assert_eq!(app.in_group("acme"), ["ada", "grace"]);
    *app.host.down.lock().unwrap() = false;
    app.wait(5);
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada"]);
    let own = app.own_organisation(&ada).await;
    assert_eq!(
        (&own["hostState"], &own["hostMessage"]),
        (&json!("in-step"), &json!(null))
    );
}

#[tokio::test]
async fn a_name_that_the_host_refuses_shows_and_can_be_changed_until_the_group_is_made() {
    let app = App::new();
    let refusal = ProvisionFailure::NameUnavailable {
        reason: "in use on the host".into(),
    };
    *app.host.refuses_groups.lock().unwrap() = Some(refusal);
    let (_, ada) = app.organisation("Acme", "ada").await;
    let own = app.own_organisation(&ada).await;
    assert_eq!(own["hostState"], "failed");
    assert_eq!(
        own["hostMessage"],
        "the name is not available: in use on the host"
    );
    let refused = app.audit_of(Action::HostChangeRefused).await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].subject.as_ref().unwrap().kind, "organization");
    // Told once, not with every look.
    app.wait(60 * 60);
    app.follow().await;
    assert_eq!(app.audit_of(Action::HostChangeRefused).await.len(), 1);

    *app.host.refuses_groups.lock().unwrap() = None;
    let path = format!("{ALL}/acme");
    let changed = app
        .as_admin(Method::PUT, &path, Some(json!({"slug": "acme-shop"})))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    app.follow().await;
    assert_eq!(app.in_group("acme-shop"), ["ada"]);
    let path = format!("{ALL}/acme-shop");
    let late = app
        .as_admin(Method::PUT, &path, Some(json!({"slug": "acme"})))
        .await;
    assert_eq!(late.errors(), ["slug:stays"]);
}

#[tokio::test]
async fn an_admin_has_a_host_asked_again_that_has_refused() {
    let app = App::new();
    let refusal = ProvisionFailure::Permanent {
        message: "no room for another group".into(),
    };
    *app.host.refuses_groups.lock().unwrap() = Some(refusal);
    app.organisation("Acme", "ada").await;
    *app.host.refuses_groups.lock().unwrap() = None;
    app.follow().await;
    assert_eq!(shown(&app, "acme").await["hostState"], "failed");
    let path = format!("{ALL}/acme/retry");
    let asked = app.as_admin(Method::POST, &path, None).await;
    assert_eq!(asked.json()["hostState"], "due");
    app.follow().await;
    assert_eq!(shown(&app, "acme").await["hostState"], "in-step");
    assert_eq!(app.audit_of(Action::OrganisationRetried).await.len(), 1);
}

#[tokio::test]
async fn one_whose_account_is_gone_from_the_host_is_left_out_and_holds_nobody_up() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.guest_of(&ada, "grace").await;
    let archive = |state| {
        let mut states = app.host.states.lock().unwrap();
        states.insert("grace".into(), state);
    };
    archive(AccountState::Archived);
    app.guest_of(&ada, "mei").await;
    let ada = app.login("ada").await;
    assert_eq!(app.in_group("acme"), ["ada", "mei"]);
    let own = app.own_organisation(&ada).await;
    assert_eq!(own["hostState"], "in-step");
    assert_eq!(own["leftOut"], json!(["grace"]));
    archive(AccountState::Active);
    app.wait(11 * 60);
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "grace", "mei"]);
    let ada = app.login("ada").await;
    assert_eq!(app.own_organisation(&ada).await["leftOut"], json!([]));
}

#[tokio::test]
async fn what_was_changed_on_the_host_by_hand_is_set_right_within_ten_minutes() {
    let app = App::new();
    app.organisation("Acme", "ada").await;
    let edit = |members: &[&str]| {
        let mut groups = app.host.groups.lock().unwrap();
        let names = members.iter().map(|n| Username::parse(n).unwrap());
        groups.get_mut("acme").unwrap().0.members = names.collect();
    };
    edit(&["ada", "mallory"]);
    app.wait(11 * 60);
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada"]);
    // The whole group, too.
    app.host.groups.lock().unwrap().clear();
    app.wait(11 * 60);
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada"]);
    // What an admin of the host has archived is left so.
    app.host
        .groups
        .lock()
        .unwrap()
        .get_mut("acme")
        .unwrap()
        .0
        .is_active = false;
    app.wait(11 * 60);
    app.follow().await;
    let own = shown(&app, "acme").await;
    assert_eq!(own["hostState"], "failed");
    assert_eq!(own["hostMessage"], "the group is archived on the host");
}

#[tokio::test]
async fn a_change_that_was_not_told_of_is_found_at_the_next_look() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.guest_of(&ada, "grace").await;
    // As after a crash between the member's record and the organisation's.
    let mut grace = app.user_of("grace").await;
    grace.organisation = None;
    app.world.store.update_user(grace).await.unwrap();
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada", "grace"]);
    app.wait(11 * 60);
    app.follow().await;
    assert_eq!(app.in_group("acme"), ["ada"]);
}

#[tokio::test]
async fn of_two_workers_at_once_one_does_it() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    let before = times_set(&app, "acme");
    app.invite_as(&ada, json!({})).await;
    let beside =
        registrar_web::host_groups::HostGroups::new(app.world.clone(), WorkerId("beside".into()));
    let mut member = app.user_of("ada").await;
    member.standing.host_follow_up = Some(HostFollowUp::Resume);
    app.world.store.update_user(member).await.unwrap();
    app.wait(11 * 60);
    let (first, second) = tokio::join!(app.host_groups.run_once(), beside.run_once());
    assert_ne!(first.unwrap(), second.unwrap(), "one gets the lease");
    assert_eq!(times_set(&app, "acme"), before + 1);
    assert!(app.in_group("acme").is_empty());
}
