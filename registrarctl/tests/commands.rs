//! The command against a real `registrar-web` on a real socket: what is printed, what is done, and how
//! it ends. What it does to accounts on the host is tested in `provisiond/tests/command.rs`.

#[path = "../../registrar-web/tests/http_support/mod.rs"]
mod http_support;
mod site;

use clap::Parser;
use http_support::App;
use registrar_web::domain::UserId;
use registrarctl::{Arguments, run};
use serde_json::{Value, json};
use site::{Site, code};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;

/// A stand-in for provisiond with one account, ada's, which becomes what it is told to.
fn a_host(site: &Site, id: UserId) {
    let listener = UnixListener::bind(site.socket.with_file_name("host.sock")).unwrap();
    let mut account = json!({
        "username": "ada", "displayName": "Ada Lovelace", "registrationId": id.to_string(),
        "uid": 20_000, "gid": 20_000, "home": "/home/ada", "state": "active",
        "mailConfigured": true, "sshKeyCount": 1, "hasPassword": true, "createdAt": 1_767_323_045,
    });
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut message = Vec::new();
            stream.read_until(0, &mut message).await.unwrap();
            message.pop();
            let call: Value = serde_json::from_slice(&message).unwrap();
            let method = call["method"].as_str().unwrap().rsplit('.').next().unwrap();
            match method {
                "SuspendAccount" => account["state"] = "suspended".into(),
                "ResumeAccount" => account["state"] = "active".into(),
                "RemoveAccount" => account["state"] = "removed".into(),
                _ => {}
            }
            let is_active = account["state"] == "active";
            let host = json!({
                "exists": true, "home": true, "maildir": true, "neomuttrc": true, "sshKeys": true,
                "expired": !is_active, "passwordLocked": false, "mailAccepted": is_active,
            });
            let mut answer = json!({ "requestId": call["parameters"]["requestId"] });
            match method {
                "ListAccounts" => answer["accounts"] = json!([account]),
                "GetAccount" => {
                    answer["account"] = account.clone();
                    answer["host"] = host;
                }
                _ => answer["account"] = account.clone(),
            }
            let mut reply = json!({ "parameters": answer }).to_string().into_bytes();
            reply.push(0);
            stream.write_all(&reply).await.unwrap();
        }
    });
}

#[tokio::test]
async fn a_suspension_reaches_the_host_and_the_web_and_so_does_its_end() {
    let site = Site::of(App::new()).await;
    let id = site.app.member("ada").await;
    a_host(&site, id);
    let held = site.app.login("ada").await;
    site.shown("users suspend ada --reason spam").await;
    assert_eq!(site.app.opens(&held.access).await, "account-suspended");
    insta::assert_snapshot!(site.shown("users list").await);
    let me = users::get_current_username().unwrap();
    let shown = site.shown("users show ada").await;
    insta::assert_snapshot!(shown.replace(&format!("by {}", me.display()), "by root"));

    site.shown("users resume ada").await;
    site.app.login("ada").await;
    site.shown("users suspend ada --reason again").await;
    let removed = site.shown("users remove ada --yes").await;
    assert_eq!(removed, "ada is removed");
    let member = site.run("users show ada").await.unwrap().json;
    assert_eq!(member["member"]["state"], "deleted");
}

#[tokio::test]
async fn what_one_side_refuses_the_other_does_not_do() {
    let site = Site::of(App::new()).await;
    let id = site.app.member("ada").await;
    a_host(&site, id);
    site.shown("bootstrap-admin ada").await;
    let state = async |site: &Site| {
        let known = site.run("users show ada").await.unwrap().json;
        (
            known["account"]["state"].clone(),
            known["member"]["state"].clone(),
        )
    };
    let refused = site.run("users suspend ada --reason x").await;
    let words = refused.as_ref().unwrap_err().to_string();
    assert!(words.starts_with("nothing was done"), "{words}");
    assert!(words.contains("last super_admin"), "{words}");
    assert_eq!(code(refused), 4);
    for line in ["users archive ada", "users remove ada --yes"] {
        let refused = site.run(line).await.unwrap_err().to_string();
        assert!(refused.contains("suspend it first"), "{line}: {refused}");
    }
    assert_eq!(state(&site).await, (json!("active"), json!("active")));

    // Kept out on the host alone: the web still counts on this member.
    site.app.member("grace").await;
    site.shown("bootstrap-admin grace").await;
    site.shown("users suspend ada --reason x").await;
    let path = format!("/api/users/{id}/resume");
    site.app.as_admin(http::Method::POST, &path, None).await;
    let refused = site.run("users archive ada").await.unwrap_err().to_string();
    assert!(refused.contains("ada is active here"), "{refused}");
    assert_eq!(state(&site).await, (json!("suspended"), json!("active")));
}

#[tokio::test]
async fn a_web_that_speaks_against_it_can_be_passed_over() {
    let site = Site::of(App::new()).await;
    let id = site.app.member("ada").await;
    a_host(&site, id);
    // The last super_admin, for whom the web refuses all of it.
    site.shown("bootstrap-admin ada").await;
    let words = site.run("users suspend ada --reason x").await.unwrap_err();
    assert!(words.to_string().contains("--host-only"), "{words}");
    for (line, state) in [
        ("users suspend ada --reason x --host-only", "suspended"),
        ("users archive ada --host-only", "archived"),
        ("users remove ada --yes --host-only", "removed"),
    ] {
        let shown = site.shown(line).await;
        assert!(shown.contains(&format!("{state} on the host")), "{shown}");
    }
    let path = format!("/api/users/{id}");
    let member = site.app.as_admin(http::Method::GET, &path, None).await;
    assert_eq!(member.json()["state"], "active", "the web was not asked");
}

#[tokio::test]
async fn nothing_is_left_to_do_on_a_host_that_has_done_it() {
    let site = Site::of(App::new()).await;
    let id = site.app.member("ada").await;
    a_host(&site, id);
    let shown = site.shown("users suspend ada --reason x").await;
    assert!(!shown.contains("left to do"), "{shown}");
    let path = format!("/api/users/{id}/resume");
    site.app.as_admin(http::Method::POST, &path, None).await;
    let shown = site.shown("users show ada").await;
    assert!(shown.contains("left to do on the host  resume"), "{shown}");
}

#[tokio::test]
async fn registrations_are_listed_in_a_table() {
    let site = Site::with_two_who_wait().await;
    site.shown("registrations approve ada").await;
    site.shown("registrations reject grace --reason no_room")
        .await;
    insta::assert_snapshot!(site.shown("registrations list").await);
}

#[tokio::test]
async fn one_registration_is_shown_with_all_that_a_reviewer_needs() {
    let site = Site::with_two_who_wait().await;
    let shown = site.shown("registrations show ada").await;
    let id = shown.lines().next().unwrap().split_whitespace().last();
    let by_id = site
        .shown(&format!("registrations show {}", id.unwrap()))
        .await;
    assert_eq!(by_id, shown);
    let known = shown.replace(id.unwrap(), "ID");
    insta::assert_snapshot!(known);
}

#[tokio::test]
async fn decisions_are_carried_out_and_signed_with_the_user_who_runs_it() {
    let site = Site::with_two_who_wait().await;
    site.shown("registrations approve ada").await;
    let me = users::get_current_username().unwrap();
    let me = me.to_str().unwrap();
    let registration = site.run("registrations show ada").await.unwrap().json;
    assert_eq!(registration["review"]["by"], me);
    let audit = site.run("audit --subject ada").await.unwrap().json;
    assert_eq!(audit[0]["actor"]["name"], me);
    assert_eq!(audit[0]["action"], "registration-approved");
}

#[tokio::test]
async fn the_audit_log_is_shown_and_verified() {
    let site = Site::with_two_who_wait().await;
    site.shown("registrations approve ada").await;
    site.shown("registrations retry grace").await;
    site.shown("keys rotate").await;
    let me = users::get_current_username().unwrap();
    let shown = site.shown("audit").await;
    insta::assert_snapshot!(shown.replace(me.to_str().unwrap(), "root"));
    assert_eq!(
        site.shown("audit --action keys-rotated")
            .await
            .lines()
            .count(),
        2
    );
    assert_eq!(
        site.shown("audit --verify").await,
        "3 entries, none of them changed, none missing"
    );
}

#[tokio::test]
async fn a_member_is_made_the_first_admin() {
    let site = Site::of(App::new()).await;
    site.app.member("ada").await;
    assert_eq!(
        site.shown("bootstrap-admin ada").await,
        "ada is super_admin now"
    );
    let audit = site.run("audit --action role-changed").await.unwrap();
    assert_eq!(audit.json[0]["subject"]["name"], "ada");
    // The last one stays.
    assert_eq!(code(site.run("users role ada operator").await), 4);
    let unknown = site.run("bootstrap-admin grace").await;
    let words = unknown.as_ref().unwrap_err().to_string();
    assert_eq!(words, "there is no member of the name grace");
    assert_eq!(code(unknown), 3);
    site.app.member("grace").await;
    assert_eq!(
        site.shown("users role grace operator").await,
        "grace is operator now"
    );
}

#[tokio::test]
async fn an_invite_is_made_its_link_told_and_it_is_listed_and_taken_back() {
    let site = Site::of(App::new()).await;
    let line = "invites create --email grace@example.org --role operator";
    let made = site.run(line).await.unwrap();
    let link = made.json["url"].as_str().unwrap();
    assert!(made.text.contains(link), "{}", made.text);
    site.shown("invites create --uses 5").await;

    let listed = site.run("invites list").await.unwrap();
    let mut text = listed.text;
    for (n, invite) in listed.json.as_array().unwrap().iter().enumerate() {
        let id = invite["id"].as_str().unwrap();
        text = text.replace(id, &format!("{n:0>36}"));
    }
    insta::assert_snapshot!(text);

    let id = made.json["id"].as_str().unwrap();
    site.shown(&format!("invites revoke {id}")).await;
    let open = site.run("invites list --state open").await.unwrap();
    assert_eq!(open.json.as_array().unwrap().len(), 1);
    assert_eq!(code(site.run("invites revoke ../../x").await), 2);
    let unknown = "invites revoke 0193a1b2-0000-7000-8000-00000000abcd";
    assert_eq!(code(site.run(unknown).await), 3);
}

#[tokio::test]
async fn names_are_checked_and_a_taken_one_ends_with_1() {
    let site = Site::of(App::new()).await;
    assert_eq!(site.shown("names check ada").await, "ada is available.");
    site.app.register("ada").await;
    for name in ["ada", "root", "Not_a name", "x/y", "%2e"] {
        let words = ["names", "check", name].map(str::to_owned);
        let taken = site.run_words(words.to_vec()).await.unwrap();
        assert_eq!(taken.code, 1, "{name}");
        assert_eq!(taken.json["available"], false, "{name}");
    }
}

#[tokio::test]
async fn status_names_what_is_wrong_and_ends_with_1() {
    let site = Site::of(App::new()).await;
    *site.app.host.down.lock().unwrap() = true;
    let status = site.run("status").await.unwrap();
    assert_eq!(status.code, 1);
    assert_eq!(status.json["ready"], false);
    let text = status.text;
    let line = |start: &str| {
        let found = text.lines().find(|l| l.starts_with(start));
        found.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    assert!(line("registrar-web  provisiond").contains("no   provisiond does not answer"));
    assert!(line("registrar-web  store").contains("yes"));
    // This one asks the socket itself.
    assert!(line("provisiond").contains("not reachable at"));
    assert!(line("members").ends_with(" 0"));
}

#[tokio::test]
async fn what_is_not_there_ends_with_3_and_what_can_not_be_with_4() {
    let site = Site::with_two_who_wait().await;
    assert_eq!(code(site.run("registrations show nobody").await), 3);
    let id = "0193a1b2-0000-7000-8000-00000000abcd";
    assert_eq!(
        code(site.run(&format!("registrations approve {id}")).await),
        3
    );
    site.shown("registrations reject ada --reason no").await;
    let refused = site.run("registrations approve ada").await;
    let words = refused.as_ref().unwrap_err().to_string();
    assert!(!words.contains('{'), "told in words: {words}");
    assert_eq!(code(refused), 4);
    let long = "x".repeat(2001);
    let refused = site
        .run(&format!("registrations reject grace --reason {long}"))
        .await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("reason: write at most")
    );
}

#[tokio::test]
async fn a_wrong_command_line_ends_with_2() {
    let site = Site::of(App::new()).await;
    for line in [
        "users suspend Not-A-Name --reason x",
        "users remove ada",
        "bootstrap-admin x/y",
    ] {
        assert_eq!(code(site.run(line).await), 2, "{line}");
    }
    for line in [
        "",
        "users",
        "audit --actor a --subject b",
        "registrations reject ada",
        "users suspend ada",
        "users role ada king",
    ] {
        let words = std::iter::once("registrarctl").chain(line.split_whitespace());
        let error = Arguments::try_parse_from(words).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_ends_with_5_and_says_which() {
    let site = Site::of(App::new()).await;
    let host = site.run("users list").await;
    assert!(
        host.as_ref()
            .unwrap_err()
            .to_string()
            .contains("provisiond")
    );
    assert_eq!(code(host), 5);
    let line = [
        "registrarctl",
        "--web-socket=/nonexistent/admin.sock",
        "keys",
        "rotate",
    ];
    let web = run(Arguments::parse_from(line), &mut |_| ()).await;
    assert!(
        web.as_ref()
            .unwrap_err()
            .to_string()
            .contains("registrar-web")
    );
    assert_eq!(code(web), 5);
    let line = [
        "registrarctl",
        "--web-socket=/nonexistent/a",
        "--host-socket=/nonexistent/b",
        "status",
    ];
    assert_eq!(code(run(Arguments::parse_from(line), &mut |_| ()).await), 5);
}

#[tokio::test]
async fn each_file_of_settings_is_judged_by_its_program() {
    let site = Site::of(App::new()).await;
    let directory = tempfile::tempdir().unwrap();
    // Stand-ins for the two programs: one likes its file, the other does not.
    for (program, script) in [
        (
            "registrar-web",
            "#!/bin/sh\n[ \"$1 $3\" = '--config --check-config' ] && echo \"$2 is good\" >&2\n",
        ),
        (
            "provisiond",
            "#!/bin/sh\necho 'line 3: unknown key' >&2; exit 78\n",
        ),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let path = directory.path().join(program);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let programs = directory.path().display();
    let line = format!("config check --web web.toml --host host.toml --programs {programs}");
    let judged = site.run(&line).await.unwrap();
    assert_eq!(judged.code, 1);
    insta::assert_snapshot!(judged.text);
}

#[tokio::test]
async fn shells_and_man_get_what_they_need() {
    let site = Site::of(App::new()).await;
    for shell in ["bash", "zsh", "fish"] {
        let script = site.shown(&format!("completions {shell}")).await;
        assert!(script.contains("bootstrap-admin"), "{shell}");
    }
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().display();
    site.shown(&format!("man {place}")).await;
    let page = std::fs::read_to_string(directory.path().join("registrarctl.1")).unwrap();
    assert!(page.contains("Exit codes"), "{page}");
    assert!(
        directory
            .path()
            .join("registrarctl-users-suspend.1")
            .exists()
    );
}
