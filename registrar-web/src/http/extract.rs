use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::problem::{FieldProblem, Kind, Problem};

/// The most bytes of a body.
pub(super) const BODY_CAP: usize = 64 * 1024;

/// A JSON body read strictly: unknown fields, wrong types and missing fields are named, and no
/// value of the body is ever repeated.
pub(super) struct StrictJson<T>(pub T);

/// The same where a request may have no body.
pub(super) struct OptionalJson<T>(pub Option<T>);

/// The fields of an `application/x-www-form-urlencoded` body.
pub(super) struct Form(Vec<(String, String)>);

/// The first parameter of a path, decoded.
pub(super) struct PathText(pub String);

/// The second parameter of a path, decoded.
pub(super) struct SecondPathText(pub String);

/// What stands behind the `?`, decoded; of a name that is there twice, the last.
pub(super) struct QueryText(pub BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for QueryText {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Ok(Self(pairs.collect()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !has_media_type(&parts.headers, "application/json") {
            return Err(Problem::with_detail(
                Kind::UnsupportedMediaType,
                "Send JSON with Content-Type: application/json.",
            ));
        }
        parse_json(&read(body).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = read(body).await?;
        if body.is_empty() {
            return Ok(Self(None));
        }
        if !has_media_type(&parts.headers, "application/json") {
            return Err(Problem::with_detail(
                Kind::UnsupportedMediaType,
                "Send JSON with Content-Type: application/json, or no body.",
            ));
        }
        parse_json(&body).map(|value| Self(Some(value)))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !has_media_type(&parts.headers, "application/x-www-form-urlencoded") {
            return Err(Problem::with_detail(
                Kind::UnsupportedMediaType,
                "Send the form as application/x-www-form-urlencoded.",
            ));
        }
        let body = read(body).await?;
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        // What stands for bytes that are not UTF-8; a password must not be changed in silence.
        if fields.iter().any(|(_, v)| v.contains('\u{fffd}')) {
            return Err(Problem::with_detail(
                Kind::MalformedForm,
                "The form is not written in UTF-8.",
            ));
        }
        Ok(Self(fields))
    }
}

impl Form {
    /// A field's text; empty when it is not there.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A field's text; `None` when it is empty or not there.
    #[must_use]
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name))
            .filter(|t| !t.trim().is_empty())
            .map(str::to_owned)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SecondPathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        parameter(parts, state, 1).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        parameter(parts, state, 0).await.map(Self)
    }
}

async fn parameter<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    place: usize,
) -> Result<String, Problem> {
    let all = RawPathParams::from_request_parts(parts, state).await;
    let all = all.map_err(|_| Problem::new(Kind::MalformedQuery))?;
    let found = all.iter().nth(place).map(|(_, text)| text.to_owned());
    found.ok_or_else(|| Problem::new(Kind::NotFound))
}

/// The whole of a body, up to [`BODY_CAP`].
pub(super) async fn read(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, BODY_CAP).await.map_err(|e| {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&e);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                return Problem::new(Kind::TooLarge);
            }
            cause = error.source();
        }
        Problem::with_detail(Kind::Timeout, "The body did not arrive whole or in time.")
    })
}

fn has_media_type(headers: &HeaderMap, want: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| v.trim().eq_ignore_ascii_case(want))
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| judge(&e))?;
    json.end().map_err(|e| malformed(&e))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::with_detail(
        Kind::MalformedJson,
        format!(
            "The body stops being JSON at line {}, column {}.",
            error.line(),
            error.column()
        ),
    )
}

/// serde repeats the value that it did not like, which may be a password: only the name of the
/// field and what was expected are taken from its message.
fn judge(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.classify() != Category::Data {
        return malformed(inner);
    }
    let message = inner.to_string();
    let path = error.path().to_string();
    let path = short(if path == "." { "" } else { &path });
    let named = |prefix: &str| {
        message
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('`'))
            .map(|(name, _)| short(name))
    };
    let problem = |field: String, code: &str, message: String| {
        Problem::fields(vec![FieldProblem {
            field,
            code: code.to_owned(),
            message,
        }])
    };
    if let Some(name) = named("unknown field `") {
        return problem(name, "unknown-field", "this field is not known".into());
    }
    if let Some(name) = named("missing field `") {
        return problem(name, "required", "this field is missing".into());
    }
    if let Some(name) = named("duplicate field `") {
        return problem(name, "duplicate", "this field is there twice".into());
    }
    // "invalid type: …, expected … at line …", or the words of an `expecting` alone.
    let end = message.rfind(" at line ").unwrap_or(message.len());
    let text = message.get(..end).unwrap_or_default();
    let expected = match text.rfind(", expected ") {
        Some(at) => text.get(at + 11..).unwrap_or_default(),
        None => text
            .strip_prefix("invalid type: ")
            .map_or(text, |_| "another type"),
    };
    problem(path, "wrong-type", format!("this must be {expected}"))
}

/// Names in errors come from the client.
fn short(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SignupForm;

    fn refused(body: &[u8]) -> Problem {
        parse_json::<SignupForm>(body).map(|_| ()).unwrap_err()
    }

    fn field(body: &str) -> (String, String, String) {
        let e = refused(body.as_bytes()).errors.remove(0);
        (e.field, e.code, e.message)
    }

    #[test]
    fn unknown_missing_double_and_wrong_typed_fields_are_named() {
        let full = r#""username":"ada","personalEmail":"a@b.example""#;
        let of = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(
            field(&format!("{{{full},\"isAdmin\":true}}")),
            of("isAdmin", "unknown-field", "this field is not known")
        );
        #[derive(serde::Deserialize)]
        struct Token {
            #[allow(dead_code, reason = "it is missing")]
            token: String,
        }
        let missing = parse_json::<Token>(b"{}").map(|_| ()).unwrap_err();
        let missing = missing.errors.into_iter().next().unwrap();
        assert_eq!(
            (missing.field, missing.code, missing.message),
            of("token", "required", "this field is missing")
        );
        assert_eq!(
            field(&format!("{{{full},\"username\":\"eve\"}}")),
            of("username", "duplicate", "this field is there twice")
        );
        assert_eq!(
            field(&format!("{{{full},\"password\":123456789}}")),
            of("password", "wrong-type", "this must be a string")
        );
        assert_eq!(
            field(&format!("{{{full},\"sshKeys\":7}}")),
            of(
                "sshKeys",
                "wrong-type",
                "this must be a text of key lines or a list of them"
            )
        );
        assert_eq!(field("[1]").1, "wrong-type");
        assert_eq!(field("\"hunter2hunter2\"").1, "wrong-type");
    }

    #[test]
    fn no_value_is_ever_repeated() {
        for body in [
            r#"{"username":"ada","personalEmail":"a@b.example","password":{"hunter2":1}}"#,
            r#"{"username":"ada","personalEmail":"a@b.example","password":["hunter2"]}"#,
            r#"{"username":"ada","personalEmail":"a@b.example","sshKeys":{"x":"hunter2, expected hunter2 at line 1"}}"#,
            r#""hunter2, expected hunter2""#,
            r#"{"password":"hunter2""#,
        ] {
            let answer = serde_json::to_string(&refused(body.as_bytes()).body("/", "x")).unwrap();
            assert!(!answer.contains("hunter2"), "{answer}");
        }
    }

    #[test]
    fn deep_torn_and_non_utf8_bodies_are_malformed() {
        let deep = format!(
            "{{\"simFrequency\":{}1{}}}",
            "[".repeat(5000),
            "]".repeat(5000)
        );
        for body in [
            deep.as_bytes(),
            b"{\"username\":",
            b"{\"username\":\"\xff\xfe\"}",
            b"",
            b"{}{}",
        ] {
            assert_eq!(refused(body).kind, Kind::MalformedJson);
        }
    }
}
