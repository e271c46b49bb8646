use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::failure::Failure;

/// How long a request may take; the service itself gives one 90 s.
const PATIENCE: Duration = Duration::from_secs(100);
/// The most bytes of an answer.
const LONGEST: usize = 16 * 1024 * 1024;

/// `registrar-web`, on its admin socket.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    socket: PathBuf,
    /// Who runs this.
    name: String,
}

impl Web {
    /// On that socket; connects when asked.
    pub(crate) fn new(socket: &Path) -> Self {
        let user = users::get_user_by_uid(nix::unistd::geteuid().as_raw());
        let name = user.and_then(|u| u.name().to_str().map(str::to_owned));
        Self {
            socket: socket.to_owned(),
            name: name.unwrap_or_default(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None).await
    }

    /// With parameters in the query; those without a value are left out.
    pub(crate) async fn get_with(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<Value, Failure> {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in query {
            if let Some(value) = value {
                text.append_pair(name, value);
            }
        }
        self.get(&format!("{path}?{}", text.finish())).await
    }

    /// All pages of a list, up to `most` items.
    pub(crate) async fn list(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
        most: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        while items.len() < most {
            let limit = (most - items.len()).min(100).to_string();
            let mut query = query.to_vec();
            query.push(("limit", Some(&limit)));
            query.push(("cursor", cursor.as_deref()));
            let page = self.get_with(path, &query).await?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        Ok(items)
    }

    pub(crate) async fn post(&self, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        self.ask(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, None).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let asked = tokio::time::timeout(PATIENCE, self.send(method, path, body)).await;
        let (status, bytes) = asked.unwrap_or_else(|_| {
            Err(self.broken("no answer in time; it may have been done all the same"))
        })?;
        let body = serde_json::from_slice::<Value>(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(body);
        }
        Err(Failure::of_status(status, words_of(status, &body)))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|e| self.not_reached(&e))?;
        let broken = |e: hyper::Error| self.broken(&e.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::ACCEPT, "application/json")
            .header(
                header::USER_AGENT,
                concat!("registrarctl/", env!("CARGO_PKG_VERSION")),
            )
            // Where the service can't see it; see docs/decisions/0018-admin-socket.md.
            .header("x-registrar-admin", &self.name);
        let body: Full<Bytes> = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Full::from(body.to_string())
            }
            None => Full::default(),
        };
        let request = request.body(body);
        let request = request.map_err(|e| Failure::Usage(e.to_string()))?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST).collect().await;
            let body = body.map_err(|e| self.broken(&e.to_string()))?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(answered);
        // The connection is driven until the answer is whole.
        tokio::select! {
            answer = &mut answered => answer,
            ended = connection => match ended {
                Ok(()) => answered.await,
                Err(e) => Err(broken(e)),
            },
        }
    }

    fn not_reached(&self, error: &std::io::Error) -> Failure {
        let socket = self.socket.display();
        match error.kind() {
            ErrorKind::PermissionDenied => Failure::Refused(format!(
                "{socket} is for root and the members of registrar-admin"
            )),
            _ => Failure::Unreachable(format!(
                "registrar-web is not reachable at {socket}: {error}; is registrar-web-admin.socket up?"
            )),
        }
    }

    fn broken(&self, words: &str) -> Failure {
        Failure::Unreachable(format!(
            "the connection to registrar-web at {} broke: {words}",
            self.socket.display()
        ))
    }
}

/// What a problem (RFC 9457) says.
fn words_of(status: StatusCode, body: &Value) -> String {
    let detail = body["detail"].as_str();
    let mut words = detail.map_or_else(|| format!("registrar-web answers {status}"), str::to_owned);
    for error in body["errors"].as_array().into_iter().flatten() {
        if let (Some(field), Some(message)) = (error["field"].as_str(), error["message"].as_str()) {
            words.push_str(&format!("\n  {field}: {message}"));
        }
    }
    words
}
