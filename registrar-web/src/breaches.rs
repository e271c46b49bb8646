//! A list of leaked passwords over HTTP, such as Have I Been Pwned's range API (version 3): `GET` of a
//! range, answered with lines `SUFFIX:COUNT`.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::config::BreachSettings;
use crate::ports::{BreachError, BreachRanges};

/// A range has some 2,000 lines of 40 bytes.
const LONGEST: usize = 1 << 20;

/// Asks one list.
pub struct HttpRanges {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    url: String,
    timeout: Duration,
}

impl HttpRanges {
    /// Prepares it; connects to nothing.
    ///
    /// # Errors
    /// The system trusts no certificate authority.
    pub fn new(settings: &BreachSettings) -> std::io::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self {
            client,
            url: settings.url.clone(),
            timeout: settings.timeout.std(),
        })
    }

    async fn ask(&self, prefix: &str) -> Result<String, BreachError> {
        let unreachable = |e: &dyn std::error::Error| BreachError::Unreachable(e.to_string());
        let request = Request::get(format!("{}{prefix}", self.url))
            .header(header::USER_AGENT, "cosmic-registrar")
            // The answer's length then tells nothing of the range either.
            .header("Add-Padding", HeaderValue::from_static("true"))
            .body(Empty::new())
            .map_err(|e| unreachable(&e))?;
        let answer = self
            .client
            .request(request)
            .await
            .map_err(|e| unreachable(&e))?;
        if answer.status() != http::StatusCode::OK {
            return Err(BreachError::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await;
        let body = body.map_err(|e| BreachError::Unreachable(e.to_string()))?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }
}

#[async_trait]
impl BreachRanges for HttpRanges {
    async fn range(&self, prefix: &str) -> Result<String, BreachError> {
        tokio::time::timeout(self.timeout, self.ask(prefix))
            .await
            .unwrap_or(Err(BreachError::TimedOut))
    }
}
