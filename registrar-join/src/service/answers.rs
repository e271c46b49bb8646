use serde::Deserialize;

use super::Refusal;

/// The sign-up form (`GET /api/auth/register/form`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// Whose it is.
    pub community: Community,
    /// Who may register.
    pub mode: Mode,
    /// The same for people.
    pub mode_words: String,
    /// In the order in which to ask for them.
    pub fields: Vec<Field>,
}

/// What a community says of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Community {
    /// What it is called.
    pub name: String,
    /// The name to ssh to.
    pub domain: String,
    /// A paragraph.
    pub welcome: String,
    /// Where its pages are.
    pub url: String,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nobody.
    Closed,
    /// Whatever else there is; the fields say what it takes.
    #[serde(other)]
    Open,
}

/// A field of the form.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Its name in the body of a registration.
    pub name: String,
    /// What people know it by.
    pub label: String,
    /// Its rule and use.
    pub hint: String,
    /// How it is filled in.
    pub kind: FieldKind,
    /// Whether it must be.
    pub required: bool,
    /// The most characters.
    pub longest: usize,
    /// Whether everybody is asked for it.
    pub is_main: bool,
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Not to be shown.
    Secret,
    /// Lines, each an SSH public key.
    Keys,
    /// A line.
    #[serde(other)]
    Line,
}

/// Whether a name can be had.
#[derive(Clone, Debug, Deserialize)]
pub struct NameCheck {
    /// It can.
    pub available: bool,
    /// In words.
    pub message: String,
}

/// What an invite is for.
#[derive(Clone, Debug, Deserialize)]
pub struct Invite {
    /// `open`, or why it can't be used.
    pub state: String,
    /// Whom it is from.
    pub inviter: Option<Inviter>,
}

/// Whom an invite is from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inviter {
    /// How they want to be called.
    pub display_name: String,
}

/// A registration that was taken in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TakenIn {
    /// As asked for.
    pub username: String,
    /// The page that shows how it goes on.
    pub status_url: String,
    /// The private page of it, where the service makes one.
    #[serde(default)]
    pub receipt_url: Option<String>,
}

/// Where a registration stands.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// The word of the wire.
    pub status: String,
    /// Percent.
    pub progress: u8,
    /// What happens now.
    pub message: String,
    details: Details,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    verify_until: Option<String>,
    address_verified: bool,
    in_review: bool,
}

/// What the person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Wait; it goes on by itself.
    Working,
    /// Open the mail.
    Verify,
    /// Wait for a reviewer.
    Review,
    /// Log in.
    Done,
    /// Read why.
    Failed,
}

impl Status {
    /// What the person can do now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let details = &self.details;
        if self.status == "FAILED" {
            Phase::Failed
        } else if self.progress == 100 {
            Phase::Done
        } else if details.verify_until.is_some() && !details.address_verified {
            Phase::Verify
        } else if details.in_review && details.address_verified {
            Phase::Review
        } else {
            Phase::Working
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// For the person.
    pub message: String,
}

/// An error of the service (RFC 9457).
#[derive(Deserialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let code = problem.kind.rsplit('/').next().unwrap_or_default();
        Self::Problem {
            code: code.to_owned(),
            detail: problem.detail,
            errors: problem.errors,
        }
    }
}
