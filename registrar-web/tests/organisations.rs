//! Organisations: how they begin, who belongs to them, and who runs them.

mod http_support;
mod organisations_support;
mod people_support;

use http::Method;
use http_support::{App, Held, config, part};
use organisations_support::{ALL, OWN, names};
use registrar_web::domain::*;
use serde_json::{Value, json};

async fn members(app: &App, held: &Held, query: &str) -> Vec<String> {
    let path = format!("{OWN}/members?{query}");
    names(&app.as_member(Method::GET, &path, &held.access).await)
}

async fn all(app: &App) -> Vec<Value> {
    let answer = app.as_admin(Method::GET, ALL, None).await;
    answer.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_organisation_begins_when_who_is_to_run_it_has_joined_and_not_before() {
    let app = App::new();
    let body = json!({
        "role": "client_admin",
        "email": "ada@example.org",
        "organization": {"name": "The Gardeners"},
    });
    let invite = app.host_invite(body).await;
    let slug = json!({"id": null, "name": "The Gardeners", "slug": "the-gardeners"});
    assert_eq!(invite["organization"], slug);
    let path = format!("/api/invites/details/{}", invite["token"].as_str().unwrap());
    assert_eq!(app.get(&path).await.json()["organization"], slug);
    assert!(all(&app).await.is_empty(), "an invite alone leaves nothing");

    app.accept(&invite, "ada").await;
    let held = app.login("ada").await;
    let own = app.own_organisation(&held).await;
    assert_eq!(own["name"], "The Gardeners");
    assert_eq!(own["slug"], "the-gardeners");
    assert_eq!(own["twoFactor"], "none");
    assert_eq!(own["admins"][0]["username"], "ada");
    let ada = app.user_of("ada").await;
    assert_eq!(ada.role, Role::ClientAdmin);
    assert_eq!(own["id"], ada.organisation.unwrap().to_string());
    assert_eq!(app.get(&path).await.json()["organization"]["id"], own["id"]);
    let begun = app.audit_of(Action::OrganisationCreated).await;
    assert_eq!(begun.len(), 1);
    assert_eq!(begun[0].actor.name(), "ada");
    assert_eq!(begun[0].subject.as_ref().unwrap().name, "the-gardeners");
}

#[tokio::test]
async fn a_registration_that_fails_begins_no_organisation_and_gives_the_invite_back() {
    let app = App::new();
    let body = json!({
        "role": "client_admin",
        "email": "ada@example.org",
        "organization": {"name": "Acme"},
    });
    let invite = app.host_invite(body).await;
    let mut form = http_support::sign_up("ada");
    form["token"] = invite["token"].clone();
    app.post("/api/invites/accept", form).await;
    app.run().await;
    // Not proven in time.
    app.wait(25 * 60 * 60);
    app.run().await;
    assert!(all(&app).await.is_empty());
    app.accept(&invite, "ada").await;
    assert_eq!(all(&app).await.len(), 1);
}

#[tokio::test]
async fn what_an_invite_to_run_an_organisation_lacks_is_told_by_field() {
    let app = App::new();
    app.organisation("Acme", "ada").await;
    app.member("bob").await;
    let path = "/api/invites/create";
    for (role, organisation, error) in [
        ("client_admin", json!(null), "organization:required"),
        ("client_admin", json!({}), "organization:required"),
        (
            "client_admin",
            json!({"slug": "nowhere"}),
            "organization.slug:unknown",
        ),
        (
            "client_admin",
            json!({"slug": "No Slug"}),
            "organization.slug:unknown",
        ),
        (
            "client_admin",
            json!({"name": "梅林"}),
            "organization.slug:required",
        ),
        (
            "client_admin",
            json!({"name": "A\u{7}"}),
            "organization.name:control-character",
        ),
        (
            "client_admin",
            json!({"name": "Acme"}),
            "organization.slug:not-available",
        ),
        (
            "client_admin",
            json!({"name": "Bob"}),
            "organization.slug:not-available",
        ),
        (
            "client_admin",
            json!({"name": "X", "slug": "1x"}),
            "organization.slug:malformed",
        ),
        (
            "client_admin",
            json!({"name": "X", "slug": "root"}),
            "organization.slug:reserved",
        ),
        (
            "client_user",
            json!({"name": "New"}),
            "organization.name:client-admin-only",
        ),
        (
            "operator",
            json!({"slug": "acme"}),
            "organization:other-role",
        ),
    ] {
        let body = json!({"role": role, "email": "g@example.org", "organization": organisation});
        let refused = app.as_admin(Method::POST, path, Some(body.clone())).await;
        assert_eq!(refused.errors(), [error], "{body}");
    }
    // The host itself uses the name.
    app.host.in_use.lock().unwrap().push("printers".into());
    let body = json!({"role": "client_admin", "email": "g@example.org", "organization": {"name": "Printers"}});
    let refused = app.as_admin(Method::POST, path, Some(body)).await;
    assert_eq!(refused.errors(), ["organization.slug:not-available"]);
    // Other invites are as they were.
    app.host_invite(json!({})).await;
    app.host_invite(json!({"role": "operator", "email": "o@example.org"}))
        .await;
}

#[tokio::test]
async fn a_second_admin_is_invited_by_the_slug_of_the_organisation() {
    let app = App::new();
    let (acme, held) = app.organisation("Acme", "ada").await;
    let body = json!({
        "role": "client_admin",
        "email": "grace@example.org",
        "organization": {"slug": "acme"},
    });
    let invite = app.host_invite(body).await;
    assert_eq!(invite["organization"]["name"], "Acme");
    app.accept(&invite, "grace").await;
    assert_eq!(app.user_of("grace").await.organisation, Some(acme));
    let own = app.own_organisation(&held).await;
    let admins = own["admins"].as_array().unwrap().len();
    assert_eq!((admins, all(&app).await.len()), (2, 1));
}

#[tokio::test]
async fn a_slug_that_is_taken_by_the_time_gets_a_number_and_keeps_nobody_out() {
    let app = App::new();
    let body = |email: &str| json!({"role": "client_admin", "email": email, "organization": {"name": "Acme"}});
    let first = app.host_invite(body("ada@example.org")).await;
    let second = app.host_invite(body("bob@example.org")).await;
    let third = app.host_invite(body("acme@example.org")).await;
    app.accept(&first, "ada").await;
    app.accept(&second, "bob").await;
    let held = app.login("bob").await;
    assert_eq!(app.own_organisation(&held).await["slug"], "acme-2");
    // Nobody can register under the name of an organisation.
    let mut form = http_support::sign_up("acme");
    form["token"] = third["token"].clone();
    let refused = app.post("/api/invites/accept", form).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let free = app
        .get("/api/auth/status/check-username/acme-2")
        .await
        .json();
    assert_eq!(free["available"], false);
}

#[tokio::test]
async fn a_crash_after_the_organisation_has_begun_leaves_one_with_its_admin() {
    let app = App::new();
    let body = json!({
        "role": "client_admin",
        "email": "ada@example.org",
        "organization": {"name": "Acme"},
    });
    let invite = app.host_invite(body).await;
    // As it is when the process ends between the two writes.
    let id: uuid::Uuid = invite["id"].as_str().unwrap().parse().unwrap();
    let called = DisplayName::parse("Acme").unwrap();
    let slug = Slug::parse("acme").unwrap();
    let begun = Organisation::new(OrganisationId::new(id), called, slug, app.world.now());
    app.world.store.insert_organisation(&begun).await.unwrap();
    app.accept(&invite, "ada").await;
    assert_eq!(app.user_of("ada").await.organisation, Some(begun.id));
    assert_eq!(all(&app).await.len(), 1);
}

#[tokio::test]
async fn who_runs_an_organisation_invites_into_it_and_into_no_other() {
    let app = App::new();
    let (acme, ada) = app.organisation("Acme", "ada").await;
    let (_, bob) = app.organisation("Beans", "bob").await;
    // Members may not invite here; this is the role's own right.
    let made = app
        .invite_as(&ada, json!({"email": "grace@example.org"}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["organization"]["slug"], "acme");
    app.accept(&made.json(), "grace").await;
    let grace = app.user_of("grace").await;
    assert_eq!(
        (grace.organisation, grace.role),
        (Some(acme), Role::ClientUser)
    );
    for (held, body, status) in [
        (&ada, json!({"organization": {"slug": "acme"}}), 201),
        (&ada, json!({"organization": {"slug": "beans"}}), 403),
        (
            &ada,
            json!({"role": "client_admin", "email": "x@example.org", "organization": {"name": "New"}}),
            403,
        ),
        (&ada, json!({"uses": 5}), 403),
        (&bob, json!({}), 201),
    ] {
        let answer = app.invite_as(held, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    // As many as they want.
    for _ in 0..3 {
        assert_eq!(app.invite_as(&ada, json!({})).await.status, 201);
    }
}

#[tokio::test]
async fn the_invites_of_who_runs_it_no_more_let_nobody_in() {
    let app = App::new();
    let (acme, ada) = app.organisation("Acme", "ada").await;
    let invite = app.invite_as(&ada, json!({})).await.json();
    let id = app.user_of("ada").await.id;
    let path = format!("{ALL}/{acme}/members/{id}");
    assert_eq!(app.as_admin(Method::DELETE, &path, None).await.status, 204);
    let mut form = http_support::sign_up("grace");
    form["token"] = invite["token"].clone();
    let refused = app.post("/api/invites/accept", form).await;
    assert_eq!(refused.errors(), ["token:unusable"]);
}

#[tokio::test]
async fn operators_invite_plain_members_into_any_organisation() {
    let app = App::new();
    app.organisation("Acme", "ada").await;
    let (_, held) = app.member_as("olga", Role::Operator).await;
    let made = app
        .invite_as(&held, json!({"organization": {"slug": "acme"}}))
        .await;
    app.accept(&made.json(), "grace").await;
    let acme = app.user_of("ada").await.organisation;
    assert_eq!(app.user_of("grace").await.organisation, acme);
    let listed = app
        .as_member(Method::GET, "/api/invites/list?mine=true", &held.access)
        .await;
    assert_eq!(listed.json()["items"][0]["organization"]["name"], "Acme");
}

#[tokio::test]
async fn who_runs_it_sees_its_people_searched_and_paged_and_nobody_else() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.organisation("Beans", "bob").await;
    app.member("eve").await;
    for name in ["grace", "mei", "mia"] {
        app.guest_of(&ada, name).await;
    }
    let (ada, bob) = (app.login("ada").await, app.login("bob").await);
    assert_eq!(
        members(&app, &ada, "").await,
        ["ada", "grace", "mei", "mia"]
    );
    assert_eq!(members(&app, &bob, "").await, ["bob"]);
    assert_eq!(members(&app, &ada, "q=m").await, ["mei", "mia"]);
    assert_eq!(members(&app, &ada, "role=client_admin").await, ["ada"]);
    // The list of members is the same for them.
    let listed = app.as_member(Method::GET, "/api/users", &ada.access).await;
    assert_eq!(names(&listed), ["ada", "grace", "mei", "mia"]);
    let first = app
        .as_member(Method::GET, &format!("{OWN}/members?limit=3"), &ada.access)
        .await;
    assert_eq!(names(&first), ["ada", "grace", "mei"]);
    let cursor = first.json()["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(
        members(&app, &ada, &format!("limit=3&cursor={cursor}")).await,
        ["mia"]
    );
    let odd = app
        .as_member(Method::GET, &format!("{OWN}/members?x=1"), &ada.access)
        .await;
    assert_eq!(odd.errors(), ["x:unknown-field"]);
}

#[tokio::test]
async fn a_plain_member_sees_the_organisation_and_changes_nothing_of_it() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.guest_of(&ada, "grace").await;
    let grace = app.login("grace").await;
    let own = app.own_organisation(&grace).await;
    assert_eq!(own["name"], "Acme");
    for (method, path) in [
        (Method::PUT, OWN.to_owned()),
        (Method::GET, format!("{OWN}/members")),
        (
            Method::DELETE,
            format!("{OWN}/members/{}", app.user_of("ada").await.id),
        ),
        (Method::GET, ALL.to_owned()),
    ] {
        let refused = app
            .as_member_with(method, &path, &grace.access, json!({}))
            .await;
        assert_eq!(refused.status, 403, "{path}");
    }
    // Who belongs to none is told so.
    app.member("eve").await;
    let eve = app.login("eve").await;
    let none = app.as_member(Method::GET, OWN, &eve.access).await;
    assert_eq!(
        (none.status.as_u16(), none.code().as_str()),
        (404, "not-found")
    );
}

#[tokio::test]
async fn who_runs_it_changes_name_and_preference_and_that_is_written_down() {
    let app = App::new();
    let (acme, ada) = app.organisation("Acme", "ada").await;
    let (beans, _) = app.organisation("Beans", "bob").await;
    let put = async |path: &str, body: Value| {
        app.as_member_with(Method::PUT, path, &ada.access, body)
            .await
    };
    let changed = put(OWN, json!({"name": "Acme & Sons", "twoFactor": "email"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["name"], "Acme & Sons");
    assert_eq!(changed.json()["twoFactor"], "email");
    // What is left out stays; the same is no change.
    assert_eq!(put(OWN, json!({})).await.json()["twoFactor"], "email");
    let audit = app.audit_of(Action::OrganisationChanged).await;
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].details["fields"], "name twoFactor");
    assert_eq!(
        put(OWN, json!({"twoFactor": "sms"})).await.errors(),
        ["twoFactor:unknown"]
    );
    assert_eq!(
        put(OWN, json!({"name": " "})).await.errors(),
        ["name:empty"]
    );
    assert_eq!(
        put(OWN, json!({"slug": "other"})).await.errors(),
        ["slug:unknown-field"]
    );
    for id in [acme, beans] {
        let path = format!("{ALL}/{id}");
        assert_eq!(
            put(&path, json!({"name": "Mine"})).await.status,
            403,
            "for operators"
        );
    }
}

#[tokio::test]
async fn a_member_who_is_taken_out_stays_a_member_of_the_community() {
    let app = App::new();
    let (acme, ada) = app.organisation("Acme", "ada").await;
    let (_, bob) = app.organisation("Beans", "bob").await;
    let grace = app.guest_of(&ada, "grace").await;
    let path = format!("{OWN}/members/{grace}");
    let remove = async |held: &Held, path: &str| {
        app.as_member(Method::DELETE, path, &held.access)
            .await
            .status
            .as_u16()
    };
    assert_eq!(remove(&bob, &path).await, 404, "not a member there");
    assert_eq!(remove(&ada, &path).await, 204);
    assert_eq!(remove(&ada, &path).await, 404);
    let user = app.user_of("grace").await;
    assert_eq!((user.organisation, user.state), (None, UserState::Active));
    app.login("grace").await;
    let left = app.audit_of(Action::OrganisationLeft).await;
    assert_eq!(left[0].actor.name(), "ada");
    assert_eq!(left[0].details["organization"], "acme");

    // Not one's equal; oneself, though.
    let second = json!({"username": "grace", "role": "client_admin"});
    let path = format!("{ALL}/{acme}/members");
    let taken = app.as_admin(Method::POST, &path, Some(second)).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(remove(&ada, &format!("{OWN}/members/{grace}")).await, 403);
    let own = app.user_of("ada").await.id;
    assert_eq!(remove(&ada, &format!("{OWN}/members/{own}")).await, 204);
    let user = app.user_of("ada").await;
    assert_eq!((user.organisation, user.role), (None, Role::ClientUser));
}

#[tokio::test]
async fn an_organisation_outlives_its_last_admin_and_operators_appoint_another() {
    let app = App::new();
    let (acme, ada) = app.organisation("Acme", "ada").await;
    let grace = app.guest_of(&ada, "grace").await;
    let (_, olga) = app.member_as("olga", Role::Operator).await;
    let path = format!("/api/users/{}", app.user_of("ada").await.id);
    app.as_admin(Method::DELETE, &path, None).await;
    let shown = app
        .as_member(Method::GET, &format!("{ALL}/acme"), &olga.access)
        .await
        .json();
    assert_eq!(shown["admins"], json!([]));
    let listed = format!("{ALL}/{acme}/members");
    let listed = app.as_member(Method::GET, &listed, &olga.access).await;
    assert_eq!(names(&listed), ["grace"], "who is deleted is none of them");

    let appoint = async |body: Value| {
        let path = format!("{ALL}/acme/members");
        app.as_member_with(Method::POST, &path, &olga.access, body)
            .await
    };
    let made = appoint(json!({"username": "grace", "role": "client_admin"})).await;
    assert_eq!(made.json()["role"], "client_admin");
    assert_eq!(made.json()["id"], grace.to_string());
    assert_eq!(app.audit_of(Action::OrganisationJoined).await.len(), 1);
    // Nobody is moved, and nobody who runs the community is taken in.
    app.organisation("Beans", "bob").await;
    let olga = app.login("olga").await;
    let appoint = async |body: Value| {
        let path = format!("{ALL}/acme/members");
        app.as_member_with(Method::POST, &path, &olga.access, body)
            .await
    };
    assert_eq!(appoint(json!({"username": "bob"})).await.status, 409);
    assert_eq!(appoint(json!({"username": "olga"})).await.status, 403);
    assert_eq!(
        appoint(json!({"username": "nobody"})).await.errors(),
        ["username:unknown"]
    );
    let odd = appoint(json!({"username": "grace", "role": "operator"})).await;
    assert_eq!(odd.errors(), ["role:unknown"]);
}

#[tokio::test]
async fn operators_begin_find_and_change_organisations() {
    let app = App::new();
    let (_, olga) = app.member_as("olga", Role::Operator).await;
    let ask = async |method: Method, path: &str, body: Value| {
        app.as_member_with(method, path, &olga.access, body).await
    };
    let made = ask(Method::POST, ALL, json!({"name": "The Gardeners"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["hostState"], "due");
    let made = ask(Method::POST, ALL, json!({"name": "梅林", "slug": "meilin"})).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let again = ask(Method::POST, ALL, json!({"name": "Meilin"})).await;
    assert_eq!(again.errors(), ["slug:not-available"]);
    assert_eq!(
        ask(Method::POST, ALL, json!({})).await.errors()[0],
        "name:empty"
    );
    for (query, slugs) in [
        ("", &["the-gardeners", "meilin"][..]),
        ("?q=GARDEN", &["the-gardeners"]),
        ("?q=梅", &["meilin"]),
        ("?q=nothing", &[]),
    ] {
        let path = format!("{ALL}{query}").replace('梅', "%E6%A2%85");
        let found = ask(Method::GET, &path, json!({})).await.json();
        let found: Vec<&str> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["slug"].as_str().unwrap())
            .collect();
        assert_eq!(found, slugs, "{query}");
    }
    // By its id as by its slug.
    let shown = ask(Method::GET, &format!("{ALL}/{id}"), json!({}))
        .await
        .json();
    assert_eq!(shown["slug"], "meilin");
    let changed = ask(
        Method::PUT,
        &format!("{ALL}/meilin"),
        json!({"slug": "plums"}),
    )
    .await;
    assert_eq!(changed.json()["slug"], "plums");
    assert_eq!(
        ask(Method::GET, &format!("{ALL}/meilin"), json!({}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn tokens_and_what_is_told_of_a_member_name_the_organisation() {
    let app = App::new();
    let (acme, ada) = app.organisation("Acme", "ada").await;
    let id = json!(acme.to_string());
    assert_eq!(part(&ada.access, 1)["org"], id);
    for path in [
        "/api/auth/profile",
        "/api/auth/status/user-status",
        &format!("/api/users/{}", app.user_of("ada").await.id),
    ] {
        let shown = app.as_member(Method::GET, path, &ada.access).await.json();
        assert_eq!(shown["organization"], id, "{path}");
    }
    let export = app
        .as_member(Method::GET, "/api/auth/user-data", &ada.access)
        .await
        .json();
    assert_eq!(export["account"]["organization"], id);
    // From the next tokens on.
    let path = format!("{ALL}/acme/members/{}", app.user_of("ada").await.id);
    app.as_admin(Method::DELETE, &path, None).await;
    let next = Held::of(&app.refresh(&ada.refresh).await);
    assert_eq!(part(&next.access, 1)["org"], Value::Null);
}

#[tokio::test]
async fn an_invite_that_was_made_before_there_were_organisations_is_as_good_as_ever() {
    let app = App::with(config());
    let made = app
        .host_invite(json!({"role": "operator", "email": "ada@example.org"}))
        .await;
    let id: uuid::Uuid = made["id"].as_str().unwrap().parse().unwrap();
    // One to client_admin, of that time.
    let mut invite = app.world.store.invite(id).await.unwrap().unwrap();
    invite.terms.role = Role::ClientAdmin;
    app.world.store.update_invite(invite).await.unwrap();
    app.accept(&made, "ada").await;
    let ada = app.user_of("ada").await;
    assert_eq!((ada.role, ada.organisation), (Role::ClientAdmin, None));
}
