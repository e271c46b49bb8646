//! Just enough of an HTTP client.

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A client of one service; each request has a connection of its own, as each person has.
#[derive(Clone)]
pub(crate) struct Client {
    address: String,
}

impl Client {
    /// For `HOST:PORT`.
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
        }
    }

    /// Registers; the status code.
    pub(crate) async fn register(&self, name: &str) -> Result<u16, String> {
        let body = serde_json::json!({
            "username": name,
            "displayName": "Load Test",
            "personalEmail": format!("{name}@outside.test"),
            "password": "correct horse battery staple 7",
        });
        let request = Request::post("/api/auth/register")
            .header("host", &self.address)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|e| e.to_string())?;
        Ok(self.send(request).await?.0)
    }

    /// The status of a registration.
    pub(crate) async fn status(&self, name: &str) -> Result<String, String> {
        let body = self
            .get(&format!("/api/auth/status/registration/{name}"))
            .await?;
        let value: serde_json::Value = serde_json::from_slice(&body).map_err(|e| e.to_string())?;
        Ok(value
            .get("status")
            .and_then(|s| s.as_str())
            .unwrap_or_default()
            .to_owned())
    }

    /// Whether there is a registration of that name.
    pub(crate) async fn is_registered(&self, name: &str) -> Result<bool, String> {
        let path = format!("/api/auth/status/registration/{name}");
        match self.send(self.request(&path)?).await? {
            (200, _) => Ok(true),
            (404, _) => Ok(false),
            (code, _) => Err(format!("{path}: {code}")),
        }
    }

    /// Reads a page.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, String> {
        match self.send(self.request(path)?).await? {
            (200, body) => Ok(body),
            (code, _) => Err(format!("{path}: {code}")),
        }
    }

    fn request(&self, path: &str) -> Result<Request<Full<Bytes>>, String> {
        Request::get(path)
            .header("host", &self.address)
            .body(Full::new(Bytes::new()))
            .map_err(|e| e.to_string())
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), String> {
        let text = |e: &dyn std::fmt::Display| e.to_string();
        let stream = TcpStream::connect(&self.address)
            .await
            .map_err(|e| text(&e))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| text(&e))?;
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|e| text(&e))?;
        let code = answer.status().as_u16();
        let body = answer
            .into_body()
            .collect()
            .await
            .map_err(|e| text(&e))?
            .to_bytes();
        Ok((code, body))
    }
}
