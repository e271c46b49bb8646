mod auth;
mod credentials;
mod factor;
mod kind;
mod people;
mod receipt;

pub use kind::Kind;

use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::FieldErrors;
use crate::ports::{ProvisionFailure, StoreError};
use crate::registration::{AdminError, RegisterError, VerifyError};

/// Something that can't be answered as asked. It becomes `application/problem+json` or a page in
/// one place, `answer`, which knows the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: Kind,
    /// What about this occurrence.
    pub detail: String,
    /// Per field.
    pub errors: Vec<FieldProblem>,
    /// Seconds.
    pub retry_after: Option<u32>,
    /// Codes that can still be tried.
    pub tries_left: Option<u8>,
    /// The registration that is not complete.
    pub registration: Option<Box<Unfinished>>,
}

/// A registration that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unfinished {
    /// The name.
    #[schema(example = "ada")]
    pub username: String,
    /// See `RegistrationStatus`.
    #[schema(example = "VERIFICATION_SENT")]
    pub status: String,
    /// Percent.
    pub progress: u8,
    /// Whether nothing stands in the way.
    pub can_proceed: bool,
    /// The route that tells more.
    #[schema(example = "/api/auth/status/registration/ada")]
    pub status_url: String,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Where it is in the body.
    #[schema(example = "username")]
    pub field: String,
    /// A stable word for the rule.
    #[schema(example = "too-short")]
    pub code: String,
    /// For the person.
    pub message: String,
}

/// The body of an error (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the kind of problem for good; relative to this site, and a page that explains it.
    #[schema(example = "/problems/invalid-fields")]
    pub r#type: String,
    /// The kind in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in a sentence or two.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// The value of `X-Request-Id`; the logs have it too.
    pub request_id: String,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Codes that can still be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// The registration that is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Unfinished>,
}

impl Problem {
    /// A problem that needs no more words than its kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self::with_detail(kind, kind.meaning())
    }

    /// A problem in words of its own.
    #[must_use]
    pub fn with_detail(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            tries_left: None,
            registration: None,
        }
    }

    /// One wrong field.
    #[must_use]
    pub fn field(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::fields(vec![FieldProblem {
            field: field.into(),
            code: code.into(),
            message: message.into(),
        }])
    }

    /// Wrong fields.
    #[must_use]
    pub fn fields(errors: Vec<FieldProblem>) -> Self {
        let mut names: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
        names.dedup();
        let words = format!("Nothing was done. To be mended: {}.", names.join(", "));
        Self {
            errors,
            ..Self::with_detail(Kind::InvalidFields, words)
        }
    }

    /// Says when to come back, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self, instance: &str, request_id: &str) -> ProblemBody {
        ProblemBody {
            r#type: format!("/problems/{}", self.kind.code()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            tries_left: self.tries_left,
            registration: self.registration.as_deref().cloned(),
        }
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        let errors = errors.0.into_iter().map(|e| FieldProblem {
            field: e.field.to_owned(),
            code: e.code,
            message: e.message,
        });
        Self::fields(errors.collect())
    }
}

/// The store's own words stay in the log: they may name hosts and paths.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict | StoreError::Duplicate(_) => {
                tracing::warn!(%error, "a write met another one too often");
                Self::with_detail(
                    Kind::NotPossibleNow,
                    "The record was changed by someone else meanwhile; try again.",
                )
            }
            StoreError::Unavailable(_) => {
                tracing::error!(%error, "the store can't be used");
                Self::new(Kind::StoreUnavailable).retry_after(30)
            }
            StoreError::Corrupt { .. } => {
                tracing::error!(%error, "a record can't be read");
                Self::new(Kind::Internal)
            }
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        let words = format!("{error}.");
        match error {
            RegisterError::Closed => Self::new(Kind::RegistrationClosed),
            RegisterError::Full => Self::new(Kind::CommunityFull),
            RegisterError::Fields(errors) => {
                // A reserved name is as taken as any other.
                match errors.0.as_slice() {
                    [only] if only.field == "username" && only.code == "reserved" => Self {
                        errors: Self::from(errors.clone()).errors,
                        ..Self::with_detail(
                            Kind::NameNotAvailable,
                            "The name is reserved; choose another one.",
                        )
                    },
                    _ => errors.into(),
                }
            }
            RegisterError::NameUnavailable { reason, .. } => Self {
                errors: Self::field("username", "not-available", reason).errors,
                ..Self::with_detail(Kind::NameNotAvailable, capitalised(&words))
            },
            RegisterError::Limited {
                retry_after_seconds,
            } => Self::with_detail(Kind::TooManyRequests, capitalised(&words))
                .retry_after(retry_after_seconds),
            RegisterError::Busy {
                retry_after_seconds,
            } => {
                Self::with_detail(Kind::Busy, capitalised(&words)).retry_after(retry_after_seconds)
            }
            RegisterError::Store(error) => error.into(),
            RegisterError::Internal(error) => {
                tracing::error!(error, "a registration could not be taken in");
                Self::new(Kind::Internal)
            }
        }
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            VerifyError::Unknown => Self::with_detail(Kind::VerificationUnknown, words),
            VerifyError::Expired => Self::with_detail(Kind::VerificationExpired, words),
            VerifyError::Used { .. } => Self::with_detail(Kind::VerificationUsed, words),
            VerifyError::WrongCode { tries_left } => Self {
                tries_left: Some(tries_left),
                errors: Self::field("code", "wrong", words.clone()).errors,
                ..Self::with_detail(Kind::WrongCode, words)
            },
            VerifyError::TooManyTries => Self::with_detail(Kind::TooManyWrongCodes, words),
            VerifyError::Ended => Self::with_detail(Kind::RegistrationEnded, words),
            VerifyError::Store(error) => error.into(),
        }
    }
}

/// Admins may read what the host says.
impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            AdminError::NotFound => Self::with_detail(Kind::NotFound, words),
            AdminError::Review(_) | AdminError::WrongState(_) => {
                Self::with_detail(Kind::NotPossibleNow, words)
            }
            AdminError::Host(ProvisionFailure::NoSuchAccount) => {
                Self::with_detail(Kind::NotFound, words)
            }
            AdminError::Host(ProvisionFailure::Transient {
                retry_after_seconds,
                ..
            }) => Self::with_detail(Kind::HostUnavailable, words)
                .retry_after(retry_after_seconds.unwrap_or(30)),
            AdminError::Host(error) => {
                tracing::error!(%error, "the host refuses");
                Self::with_detail(Kind::Internal, words)
            }
            AdminError::Store(error) => error.into(),
        }
    }
}

/// Headers and, as an extension, the problem itself; `answer` writes the body.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.kind.challenge() {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response.extensions_mut().insert(self);
        response
    }
}

pub(in crate::http) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
