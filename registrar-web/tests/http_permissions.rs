//! Who may call which route.

mod http_support;
mod people_support;

use http::{Method, StatusCode};
use http_support::{ADMIN, App};
use registrar_web::domain::Role;
use registrar_web::http::{PERMISSIONS, Permission, Who, document};

fn path_of(line: &Permission) -> String {
    let path = line.path.replace("{username}", "ada");
    let path = path.replace("{id}", "x").replace("{token}", "x");
    path.replace("{member}", "x")
}

async fn call(app: &App, line: &Permission, token: Option<&str>) -> (StatusCode, String) {
    let method: Method = line.method.parse().unwrap();
    let value = token.map(|t| format!("Bearer {t}"));
    let mut headers = vec![("content-type", "application/json")];
    if let Some(value) = &value {
        headers.push(("authorization", value));
    }
    let answer = app.request(method, &path_of(line), &headers).await;
    let refused = matches!(answer.status.as_u16(), 401 | 403);
    let code = if refused {
        answer.code()
    } else {
        String::new()
    };
    (answer.status, code)
}

#[test]
fn the_table_has_every_documented_route_once_and_no_other() {
    let document = serde_json::to_value(document()).unwrap();
    let mut documented = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    // Other names of routes that are documented.
    documented.extend(["GET /health".into(), "GET /api/auth/health".into()]);
    documented.sort();
    let mut declared: Vec<String> = PERMISSIONS
        .iter()
        .map(|line| format!("{} {}", line.method, line.path))
        .collect();
    declared.sort();
    assert_eq!(declared, documented);
}

#[test]
fn the_document_asks_for_a_token_where_the_table_does() {
    let document = serde_json::to_value(document()).unwrap();
    for line in PERMISSIONS {
        let operation = &document["paths"][line.path][line.method.to_lowercase()];
        let schemes: Vec<&str> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|one| one.as_object().unwrap().keys())
            .map(String::as_str)
            .collect();
        let want: &[&str] = match line.who {
            // May be called with one, too.
            Who::Everyone if line.path == "/api/auth/logout" => &["accessToken"],
            Who::Everyone | Who::Sibling => &[],
            Who::Member => &["accessToken"],
            Who::AtLeast(_) | Who::SelfOr(_) => &["adminToken", "accessToken"],
        };
        assert_eq!(schemes, want, "{line:?}");
    }
}

#[tokio::test]
async fn every_route_answers_those_whom_the_table_names_and_nobody_else() {
    let mut config = http_support::config();
    // Otherwise what they may ask for depends on their role all the same.
    config.invites.members_may_invite = 100;
    let app = App::with(config);
    let id = app.member("ada").await;
    let mut held = app.login("ada").await;
    for line in PERMISSIONS {
        if line.who == Who::Sibling {
            for token in [
                None,
                Some("nonsense"),
                Some(ADMIN),
                Some(held.access.as_str()),
            ] {
                let (status, code) = call(&app, line, token).await;
                let refused = (status.as_u16(), code.as_str());
                assert_eq!(refused, (401, "internal-only"), "{line:?}");
            }
            continue;
        }
        if line.who != Who::Everyone {
            let (status, code) = call(&app, line, None).await;
            assert_eq!(
                (status.as_u16(), code.as_str()),
                (401, "unauthorized"),
                "{line:?}"
            );
            let (status, code) = call(&app, line, Some("nonsense")).await;
            assert_eq!(
                (status.as_u16(), code.as_str()),
                (401, "invalid-token"),
                "{line:?}"
            );
        }
        let (status, code) = call(&app, line, Some(ADMIN)).await;
        let is_for_admins = matches!(line.who, Who::AtLeast(_) | Who::SelfOr(_));
        match line.who {
            Who::AtLeast(_) | Who::SelfOr(_) => {
                assert!(![401, 403].contains(&status.as_u16()), "{line:?}");
            }
            // The admin token is no member.
            Who::Member => assert_eq!(code, "invalid-token", "{line:?}"),
            Who::Everyone | Who::Sibling => {}
        }
        for role in Role::ALL {
            let mut user = app.world.store.user(id).await.unwrap().unwrap();
            user.role = role;
            app.world.store.update_user(user).await.unwrap();
            // Some routes end the session; the role counts as the store has it.
            if app.opens(&held.access).await != "ok" {
                held = app.login("ada").await;
            }
            let (status, code) = call(&app, line, Some(&held.access)).await;
            let may = match line.who {
                Who::Everyone | Who::Member | Who::Sibling => true,
                Who::AtLeast(least) | Who::SelfOr(least) => role.is_at_least(least),
            };
            if may {
                assert!(
                    ![401, 403].contains(&status.as_u16()),
                    "{role:?} {line:?} {code}"
                );
            } else {
                assert!(is_for_admins);
                assert_eq!(
                    (status.as_u16(), code.as_str()),
                    (403, "forbidden"),
                    "{role:?} {line:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn whose_id_stands_in_the_path_is_let_in_with_any_role_and_nobody_by_another_s() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let eve = app.member("eve").await;
    let own: Vec<_> = PERMISSIONS
        .iter()
        .filter(|line| matches!(line.who, Who::SelfOr(_)))
        .collect();
    assert!(own.len() >= 3);
    for role in [Role::ClientUser, Role::ClientAdmin] {
        app.give_role("ada", role).await;
        for line in &own {
            for (id, lets_in) in [
                (ada.to_string(), true),
                (eve.to_string(), false),
                ("ada".into(), false),
            ] {
                let path = line.path.replace("{id}", &id);
                let value = format!("Bearer {}", held.access);
                let headers = [
                    ("content-type", "application/json"),
                    ("authorization", value.as_str()),
                ];
                let method: Method = line.method.parse().unwrap();
                let status = app.request(method, &path, &headers).await.status.as_u16();
                assert_eq!(status != 403, lets_in, "{role:?} {line:?} {id}: {status}");
                assert_ne!(status, 401, "{line:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_member_decides_is_signed_with_the_member_s_name() {
    let mut config = http_support::config();
    config.registration.mode = registrar_web::domain::Mode::Approval;
    let app = App::with(config);
    // In this mode a member needs approval, too.
    let id = app.register("ada").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    let proof = serde_json::json!({ "token": token });
    app.post("/api/auth/verify-email", proof).await;
    let path = format!("/api/admin/registrations/{id}/approve");
    let approved = app.as_admin(Method::POST, &path, None).await;
    assert_eq!(approved.json()["review"]["by"], "admin token");
    app.run().await;
    let name = registrar_web::domain::Username::parse("ada").unwrap();
    let mut user = app
        .world
        .store
        .user_by_username(&name)
        .await
        .unwrap()
        .unwrap();
    user.role = Role::Operator;
    app.world.store.update_user(user).await.unwrap();
    let held = app.login("ada").await;
    let id = app.register("grace").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/admin/registrations/{id}/approve");
    let approved = app.as_member(Method::POST, &path, &held.access).await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    assert_eq!(approved.json()["review"]["by"], "ada");
}
