//! What a member was told, on the pages.

mod events_support;
mod http_support;
mod people_support;

use events_support::Stream;
use http::Method;
use http_support::App;
use registrar_web::domain::*;
use registrar_web::ports::PageRequest;

const PATH: &str = "/account/notifications";

fn revoked(by: &str) -> News {
    News::InviteRevoked {
        invite: InviteId::nil(),
        by: by.into(),
    }
}

async fn listen(app: &App) -> Stream {
    let mut stream = app.try_listen_on_page().await.expect("a stream");
    stream.expect("ready").await;
    stream
}

#[tokio::test]
async fn the_list_shows_the_newest_first_and_marks_them_as_read() {
    let app = App::new();
    let ada = app.member("ada").await;
    app.sign_in("ada").await;
    for n in 0..31 {
        let by = format!("<eve{n}>");
        app.world.events.publish(ada, revoked(&by)).await;
    }
    let page = app.get_with_cookies(PATH).await;
    assert_eq!(page.text.matches("class=\"unread\"").count(), 30);
    let at = |by: &str| page.text.find(by).unwrap();
    assert!(at("&#60;eve30&#62;") < at("&#60;eve29&#62;"));
    let older = page.text.split("?cursor=").nth(1).unwrap();
    let older = older.split('"').next().unwrap();
    let older = app
        .get_with_cookies(&format!("{PATH}?cursor={older}"))
        .await;
    assert!(older.text.contains("eve0") && older.text.contains("Your account is ready"));
    assert!(!older.text.contains("eve1&"), "{}", older.text);

    let mut actions = page
        .text
        .split("action=\"")
        .map(|s| s.split('"').next().unwrap());
    let one = actions.find(|path| path.ends_with("/read")).unwrap();
    let read = app.submit(PATH, one, &[]).await;
    assert_eq!((read.status.as_u16(), read.header("location")), (303, PATH));
    assert_eq!(app.world.events.unread(ada).await.unwrap(), 31);
    let all = app.submit(PATH, &format!("{PATH}/read-all"), &[]).await;
    assert_eq!((all.status.as_u16(), all.header("location")), (303, PATH));
    assert_eq!(app.world.events.unread(ada).await.unwrap(), 0);
    let page = app.get_with_cookies(PATH).await;
    assert!(page.text.contains("Marked as read."));
    assert!(!page.text.contains("class=\"unread\"") && !page.text.contains("read-all"));
}

#[tokio::test]
async fn the_list_is_ones_own_and_changed_by_ones_own_forms_alone() {
    let app = App::new();
    let (_, eve) = (app.member("ada").await, app.member("eve").await);
    app.world.events.publish(eve, revoked("joan")).await;
    let answer = app.get_with_cookies(PATH).await;
    assert_eq!(
        answer.header("location"),
        "/login?next=%2Faccount%2Fnotifications"
    );
    app.sign_in("ada").await;
    assert!(!app.get_with_cookies(PATH).await.text.contains("joan"));
    let page = PageRequest {
        limit: 1,
        after: None,
    };
    let found = app.world.events.notices(eve, true, &page).await.unwrap();
    let path = format!("{PATH}/{}/read", found.items[0].id);
    assert_eq!(app.submit(PATH, &path, &[]).await.status, 404);
    let cookies = app.cookie_line();
    let path = format!("{PATH}/read-all");
    let refused = app
        .request(Method::POST, &path, &[("cookie", &cookies)])
        .await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert_eq!(app.world.events.unread(eve).await.unwrap(), 2);
}

#[tokio::test]
async fn a_page_hears_what_is_for_its_member_in_its_language_until_it_is_signed_out() {
    let app = App::new();
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    app.sign_in("ada").await;
    app.put_cookie("registrar-language", "de");
    let mut stream = listen(&app).await;
    app.world.events.publish(eve, revoked("joan")).await;
    stream.is_silent().await;
    app.world.events.publish(ada, revoked("joan")).await;
    let heard = stream.expect("inviteStatusUpdate").await;
    assert_eq!(
        heard.data["message"],
        "Eine Einladung von dir hat joan zurückgenommen."
    );
    let before = app.cookie("registrar-session").unwrap();
    app.submit("/account", "/logout", &[]).await;
    assert_eq!(stream.end().await, "session-ended");
    app.put_cookie("registrar-session", &before);
    let refused = app.try_listen_on_page().await.err().unwrap();
    assert_eq!(refused.status, 303);
}

#[tokio::test]
async fn listening_does_not_make_a_session_last() {
    let app = App::new();
    let ada = app.member("ada").await;
    app.sign_in("ada").await;
    app.wait(7 * 24 * 3600 - 1);
    let page = PageRequest {
        limit: 1,
        after: None,
    };
    let session = async || app.world.store.list_sessions(ada, &page).await.unwrap();
    let mut stream = listen(&app).await;
    let until = session().await.items[0].expires_at;
    app.world.events.publish(ada, revoked("joan")).await;
    stream.expect("inviteStatusUpdate").await;
    assert_eq!(session().await.items[0].expires_at, until);
}

#[tokio::test]
async fn only_who_is_signed_in_is_given_the_script_that_listens() {
    let app = App::new();
    app.member("ada").await;
    let home = app.get_with_cookies("/").await.text;
    assert!(!home.contains("/static/live.") && !home.contains("id=\"toasts\""));
    app.sign_in("ada").await;
    let account = app.get_with_cookies("/account").await.text;
    assert!(account.contains("data-events=\"/account/notifications/events\""));
    assert!(account.contains("aria-live=\"polite\""));
    let script = account
        .split("src=\"")
        .find(|s| s.starts_with("/static/live."));
    let script = script.unwrap().split('"').next().unwrap();
    let file = app.get(script).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-type").starts_with("text/javascript"));
}
