//! Listening, for tests.
#![allow(dead_code, reason = "each test program uses its part")]

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use registrar_web::http::Peer;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http_support::{Answer, App, Held};

/// A stream of events that is open.
pub(crate) struct Stream {
    body: Body,
    text: String,
}

/// An event as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Came {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

impl Stream {
    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Came> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let mut lines = frame.lines();
                    lines.find_map(|l| Some(l.strip_prefix(name)?.to_owned()))
                };
                if let Some(name) = field("event: ") {
                    let data = serde_json::from_str(&field("data: ").unwrap()).unwrap();
                    let id = field("id: ");
                    return Some(Came { name, id, data });
                }
                continue;
            }
            let frame = tokio::time::timeout(Duration::from_secs(5), self.body.frame());
            let frame = frame.await.expect("an event in time")?;
            let bytes = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event, which has that name.
    pub(crate) async fn expect(&mut self, name: &str) -> Came {
        let came = self.next().await.expect("an event");
        assert_eq!(came.name, name, "{came:?}");
        came
    }

    /// The last event's code, and that nothing comes after it.
    pub(crate) async fn end(&mut self) -> String {
        let end = self.expect("end").await;
        assert_eq!(self.next().await, None);
        assert!(!end.data["message"].as_str().unwrap().is_empty());
        end.data["code"].as_str().unwrap().to_owned()
    }

    /// That nothing comes.
    pub(crate) async fn is_silent(&mut self) {
        let next = tokio::time::timeout(Duration::from_millis(300), self.body.frame()).await;
        assert!(
            next.is_err() && self.text.is_empty(),
            "{next:?} {}",
            self.text
        );
    }
}

impl App {
    /// Asks for a stream; what it was answered with where it is none.
    pub(crate) async fn try_listen(
        &self,
        access: &str,
        last: Option<&str>,
    ) -> Result<Stream, Answer> {
        let value = format!("Bearer {access}");
        let mut headers = vec![("authorization", value.as_str())];
        headers.extend(last.map(|last| ("last-event-id", last)));
        self.open_stream("/api/events", &headers).await
    }

    /// The same by a page, with the cookies of the browser.
    pub(crate) async fn try_listen_on_page(&self) -> Result<Stream, Answer> {
        let cookies = self.cookie_line();
        let headers = [("cookie", cookies.as_str())];
        self.open_stream("/account/notifications/events", &headers)
            .await
    }

    async fn open_stream(&self, path: &str, headers: &[(&str, &str)]) -> Result<Stream, Answer> {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer = Peer("192.0.2.7".parse().unwrap());
        request.extensions_mut().insert(peer);
        let response = self.router.clone().oneshot(request).await.unwrap();
        if response.status() == 200 {
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            assert_eq!(response.headers()["cache-control"], "no-store");
            return Ok(Stream {
                body: response.into_body(),
                text: String::new(),
            });
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Err(Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        })
    }

    /// Listens; the first event was `ready`.
    pub(crate) async fn listen(&self, held: &Held) -> Stream {
        self.listen_after(held, None).await
    }

    /// Listens again, with the id of the last event.
    pub(crate) async fn listen_after(&self, held: &Held, last: Option<&str>) -> Stream {
        let opened = self.try_listen(&held.access, last).await;
        let mut stream = opened.unwrap_or_else(|answer| panic!("{}", answer.text));
        stream.expect("ready").await;
        stream
    }

    /// A member's notifications, newest first: kind and message.
    pub(crate) async fn notices(&self, held: &Held) -> Vec<(String, String)> {
        let answer = self
            .as_member(http::Method::GET, "/api/notifications", &held.access)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let items = answer.json()["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| (text(&item["kind"]), text(&item["message"])))
            .collect()
    }

    /// Proves the address of a registration and goes all the way.
    pub(crate) async fn prove(&self, name: &str) {
        self.run().await;
        let (token, _) = self.mail_of(name).await;
        let proof = json!({ "token": token });
        let answer = self.post("/api/auth/verify-email", proof).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.run().await;
    }
}
