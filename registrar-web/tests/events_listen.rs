//! Listening to live events: who hears what, for how long, and how nothing is missed.

mod events_support;
mod http_support;
mod people_support;

use std::time::Duration;

use http::Method;
use http_support::{App, config};
use registrar_web::config::StoreKind;
use registrar_web::domain::*;

/// Something to tell a member.
fn news() -> News {
    News::InviteExpired {
        invite: InviteId::nil(),
    }
}

#[tokio::test]
async fn of_two_who_listen_each_hears_what_is_theirs_and_nothing_else() {
    let app = App::new();
    let (ada, ada_held) = app.member_as("ada", Role::ClientUser).await;
    let (_, eve_held) = app.member_as("eve", Role::SuperAdmin).await;
    let (mut of_ada, mut of_eve) = (app.listen(&ada_held).await, app.listen(&eve_held).await);
    app.world.events.publish(ada, news()).await;
    let heard = of_ada.expect("inviteStatusUpdate").await;
    assert_eq!(heard.data["kind"], "inviteExpired");
    assert_eq!(heard.id.unwrap(), heard.data["id"]);
    of_eve.is_silent().await;
    of_ada.is_silent().await;
}

#[tokio::test]
async fn nobody_listens_without_a_good_token() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    for token in ["", "nonsense", held.refresh.as_str(), http_support::ADMIN] {
        let refused = app.try_listen(token, None).await.err().unwrap();
        assert_eq!(refused.status, 401, "{token}");
    }
    let refused = app.try_listen(&held.access, Some("the last one")).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.errors(), ["Last-Event-ID:malformed"]);
}

#[tokio::test]
async fn who_comes_again_is_given_what_was_missed_in_its_order_and_once() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let mut stream = app.listen(&held).await;
    app.world.events.publish(ada, news()).await;
    let last = stream.next().await.unwrap().id.unwrap();
    drop(stream);
    // More than a page, at the same moment.
    for _ in 0..230 {
        app.world.events.publish(ada, news()).await;
    }
    let mut stream = app.listen_after(&held, Some(&last)).await;
    app.world.events.publish(ada, news()).await;
    let mut before = last;
    for _ in 0..231 {
        let id = stream.expect("inviteStatusUpdate").await.id.unwrap();
        assert!(id > before, "ids ascend");
        before = id;
    }
    stream.is_silent().await;
}

#[tokio::test]
async fn what_was_missed_is_there_after_a_restart() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let mut stream = app.listen(&held).await;
    app.world.events.publish(ada, news()).await;
    let last = stream.next().await.unwrap().id.unwrap();
    app.world.events.publish(ada, news()).await;
    stream.expect("inviteStatusUpdate").await;
    app.stop.cancel();
    assert_eq!(stream.end().await, "restarting");
    let app = app.restart().await;
    let mut stream = app.listen_after(&held, Some(&last)).await;
    stream.expect("inviteStatusUpdate").await;
    stream.is_silent().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_token_and_says_so() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let mut stream = app.listen(&held).await;
    app.wait(16 * 60);
    app.world.events.publish(ada, news()).await;
    assert_eq!(stream.end().await, "token-expired");
    // What came meanwhile is kept.
    let held = http_support::Held::of(&app.refresh(&held.refresh).await);
    assert_eq!(app.notices(&held).await.len(), 2);
}

#[tokio::test]
async fn a_stream_ends_when_the_token_runs_out_though_nothing_happens() {
    let app = App::new();
    let (_, held) = app.member_as("ada", Role::ClientUser).await;
    app.wait(15 * 60 - 1);
    let mut stream = app.listen(&held).await;
    let a_second = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        app.wait(1);
    };
    let (code, ()) = tokio::join!(stream.end(), a_second);
    assert_eq!(code, "token-expired");
}

#[tokio::test]
async fn suspension_ends_every_stream_of_the_member_and_no_other() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let (_, eve) = app.member_as("eve", Role::Operator).await;
    let second = app.login("ada").await;
    let mut streams = [app.listen(&held).await, app.listen(&second).await];
    let mut other = app.listen(&eve).await;
    let path = format!("/api/users/{ada}/suspend");
    let body = serde_json::json!({"reason": "spam"});
    let done = app
        .as_member_with(Method::POST, &path, &eve.access, body)
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    for stream in &mut streams {
        assert_eq!(stream.end().await, "account-suspended");
    }
    other.is_silent().await;
}

#[tokio::test]
async fn a_session_that_is_signed_out_elsewhere_ends_its_stream_and_tells_the_others() {
    let app = App::new();
    app.member("ada").await;
    let (first, second) = (app.login("ada").await, app.login("ada").await);
    let (mut of_first, mut of_second) = (app.listen(&first).await, app.listen(&second).await);
    let id = second.claims()["sid"].as_str().unwrap().to_owned();
    let path = format!("/api/auth/sessions/{id}");
    let done = app.as_member(Method::DELETE, &path, &first.access).await;
    assert_eq!(done.status, 204);
    assert_eq!(of_second.end().await, "session-ended");
    let told = of_first.expect("notification").await;
    assert_eq!(
        (&told.data["kind"], &told.data["details"]["session"]),
        (&"sessionEnded".into(), &id.into())
    );
    // One's own logout ends the stream and is nothing to read.
    let before = app.notices(&first).await.len();
    let done = app
        .as_member(Method::POST, "/api/auth/logout", &first.access)
        .await;
    assert_eq!(done.status, 204);
    assert_eq!(of_first.end().await, "session-ended");
    let again = app.login("ada").await;
    assert_eq!(app.notices(&again).await.len(), before);
}

#[tokio::test]
async fn who_changes_the_password_goes_on_listening_and_all_others_are_let_go() {
    let app = App::new();
    app.member("ada").await;
    let (own, other) = (app.login("ada").await, app.login("ada").await);
    let (mut of_own, mut of_other) = (app.listen(&own).await, app.listen(&other).await);
    let body = serde_json::json!({
        "currentPassword": http_support::PASSWORD,
        "newPassword": "gravel kite sunday plum",
    });
    let done = app
        .as_member_with(Method::PUT, "/api/auth/password", &own.access, body)
        .await;
    assert!(done.status.is_success(), "{}", done.text);
    let told = of_own.expect("notification").await;
    assert_eq!(told.data["kind"], "credentialChanged");
    assert_eq!(of_other.end().await, "session-ended");
    of_own.is_silent().await;
}

#[tokio::test]
async fn a_member_has_a_bounded_number_of_streams_and_gets_them_back() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(app.listen(&held).await);
    }
    let refused = app.try_listen(&held.access, None).await.err().unwrap();
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "busy".into())
    );
    assert_eq!(refused.header("retry-after"), "30");
    let count = "registrar_live_clients{transport=\"sse\"}";
    let metrics = || app.world.metrics.text(None, app.registrar.hashes());
    assert!(metrics().contains(&format!("{count} 8")), "{}", metrics());
    open.clear();
    assert!(metrics().contains(&format!("{count} 0")), "{}", metrics());
    app.listen(&held).await;
}

#[tokio::test]
async fn opening_streams_does_not_use_up_what_pages_may_ask() {
    let mut config = config();
    config.limits.requests = 30;
    let app = App::with(config);
    app.member("ada").await;
    let held = app.login("ada").await;
    let left = async || {
        let answer = app.as_member(Method::GET, "/api/notifications", &held.access);
        answer.await.header("ratelimit").to_owned()
    };
    let before = left().await;
    for _ in 0..30 {
        app.listen(&held).await;
    }
    let refused = app.try_listen(&held.access, None).await.err().unwrap();
    assert_eq!(refused.status, 429, "they are limited by themselves");
    let count = |text: &str| -> u32 {
        let (_, rest) = text.split_once("r=").unwrap();
        rest.split(';').next().unwrap().parse().unwrap()
    };
    assert_eq!(count(&left().await), count(&before) - 1);
}

#[tokio::test]
async fn what_one_instance_writes_is_heard_at_another_at_its_next_look_and_once() {
    let mut config = config();
    config.store.kind = StoreKind::Mongodb;
    let app = App::with(config);
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let other = app.beside();
    let mut stream = other.listen(&held).await;
    app.world.events.publish(ada, news()).await;
    stream.is_silent().await;
    assert_eq!(other.world.events.look().await.unwrap(), 1);
    let heard = stream.expect("inviteStatusUpdate").await;
    assert_eq!(other.world.events.look().await.unwrap(), 0);
    // Its own is heard at once, and not once more at the next look.
    other.world.events.publish(ada, news()).await;
    stream.expect("inviteStatusUpdate").await;
    assert_eq!(other.world.events.look().await.unwrap(), 0);
    stream.is_silent().await;
    // And the end of a session crosses, too.
    let user = app.user_of("ada").await;
    let sid = held.claims()["sid"].as_str().unwrap().parse().unwrap();
    assert!(app.auth.sign_out(&user, sid).await.unwrap());
    other.world.events.look().await.unwrap();
    assert_eq!(stream.end().await, "session-ended");
    assert!(heard.id.is_some());
}
