//! Organisations from the command line.

#[path = "../../registrar-web/tests/http_support/mod.rs"]
mod http_support;
mod site;

use http_support::App;
use registrar_web::ports::ProvisionFailure;
use registrarctl::{Failure, Outcome};
use site::{Site, code};

async fn run(site: &Site, line: &str) -> Result<Outcome, Failure> {
    site.run_quoted(line).await
}

async fn shown(site: &Site, line: &str) -> String {
    site.shown_quoted(line).await
}

/// What changes from run to run, taken out.
fn stable(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("id "));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

#[tokio::test]
async fn an_organisation_is_begun_gets_its_people_and_is_listed_and_shown() {
    let site = Site::of(App::new()).await;
    for name in ["ada", "grace"] {
        site.app.member(name).await;
    }
    shown(&site, "orgs create 'The Gardeners' --slug gardeners").await;
    assert_eq!(
        shown(&site, "orgs add gardeners ada --role client_admin").await,
        "ada is client_admin of gardeners now"
    );
    assert_eq!(
        shown(&site, "orgs add gardeners grace").await,
        "grace is client_user of gardeners now"
    );
    site.app.host_groups.run_all().await.unwrap();
    insta::assert_snapshot!(shown(&site, "orgs list").await);
    insta::assert_snapshot!(stable(&shown(&site, "orgs show gardeners").await));
    insta::assert_snapshot!(shown(&site, "orgs members gardeners").await);
    assert_eq!(
        shown(&site, "orgs list --search nothing")
            .await
            .lines()
            .count(),
        1
    );

    // By id as by slug.
    let told = run(&site, "orgs show gardeners").await.unwrap().json;
    let id = told["id"].as_str().unwrap();
    assert_eq!(
        run(&site, &format!("orgs show {id}")).await.unwrap().json,
        told
    );

    assert_eq!(
        shown(&site, "orgs remove gardeners grace").await,
        "grace is in gardeners no more"
    );
    let left = run(&site, "orgs members gardeners").await.unwrap().json;
    assert_eq!(left.as_array().unwrap().len(), 1);
    let audit = run(&site, "audit --action organization-left")
        .await
        .unwrap();
    assert_eq!(audit.json[0]["subject"]["name"], "grace");
}

#[tokio::test]
async fn the_second_factor_of_an_organisation_is_set() {
    let site = Site::of(App::new()).await;
    shown(&site, "orgs create Acme").await;
    let set = run(&site, "orgs set-two-factor acme totp").await.unwrap();
    assert_eq!(set.json["twoFactor"], "totp");
    let set = run(&site, "orgs set-two-factor acme none").await.unwrap();
    assert_eq!(set.json["twoFactor"], "none");
}

#[tokio::test]
async fn a_group_that_the_host_refuses_shows_and_is_tried_again_under_another_slug() {
    let site = Site::of(App::new()).await;
    let refusal = ProvisionFailure::NameUnavailable {
        reason: "in use on the host".into(),
    };
    *site.app.host.refuses_groups.lock().unwrap() = Some(refusal);
    shown(&site, "orgs create Acme").await;
    site.app.host_groups.run_all().await.unwrap();
    let told = run(&site, "orgs show acme").await.unwrap();
    assert_eq!(told.json["hostState"], "failed");
    assert!(told.text.contains("in use on the host"), "{}", told.text);
    let retried = run(&site, "orgs retry acme").await.unwrap();
    assert_eq!(retried.json["hostState"], "due");

    *site.app.host.refuses_groups.lock().unwrap() = None;
    shown(&site, "orgs rename acme --slug acme-shop").await;
    site.app.host_groups.run_all().await.unwrap();
    let told = run(&site, "orgs show acme-shop").await.unwrap().json;
    assert_eq!(told["hostState"], "in-step");
    assert_eq!(told["directory"], "/home/groups/acme-shop");
    assert_eq!(
        code(run(&site, "orgs rename acme-shop --slug acme").await),
        4
    );
}

#[tokio::test]
async fn who_is_to_run_an_organisation_is_invited_with_its_name() {
    let site = Site::of(App::new()).await;
    let invite = "invites create --email g@example.org --role client_admin";
    let refused = run(&site, invite).await;
    assert!(refused.unwrap_err().to_string().contains("organization:"));
    let made = run(&site, &format!("{invite} --organization 'The Gardeners'"))
        .await
        .unwrap();
    assert_eq!(made.json["organization"]["slug"], "the-gardeners");
    assert!(made.text.contains("The Gardeners"), "{}", made.text);
    shown(&site, "orgs create Acme").await;
    let made = run(&site, &format!("{invite} --organization-slug acme"))
        .await
        .unwrap();
    assert_eq!(made.json["organization"]["name"], "Acme");
}

#[tokio::test]
async fn what_is_not_there_ends_with_3_and_what_is_no_slug_with_2() {
    let site = Site::of(App::new()).await;
    for (line, ends) in [
        ("orgs show nowhere", 3),
        ("orgs show 0193a1b2-0000-7000-8000-00000000abcd", 3),
        ("orgs show ../../x", 2),
        ("orgs add nowhere ada", 3),
        ("orgs add nowhere x/y", 2),
        ("orgs retry nowhere", 3),
    ] {
        assert_eq!(code(run(&site, line).await), ends, "{line}");
    }
}
