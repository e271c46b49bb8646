use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Claim, Note, Question, ReviewCase, Warning};

/// Takes an application up.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClaimBody {
    /// Also when another reviewer has it; that shows in the claim and in the audit log.
    #[serde(default)]
    pub take_over: bool,
}

/// A note, or a question to the applicant.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TextBody {
    /// 1 to 2000 characters.
    #[schema(example = "Which of the meetings have you been to?")]
    pub text: String,
}

/// Who looks at an application.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClaimAnswer {
    /// Who.
    #[schema(example = "ada")]
    pub by: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// It lapses then.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Who had it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_from: Option<String>,
}

/// A reviewer's note.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteAnswer {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whose.
    pub by: String,
    /// The words.
    pub text: String,
}

/// What an applicant was asked and answered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuestionAnswer {
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom; the applicant is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The question.
    pub text: String,
    /// When it was answered; missing while it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// What speaks for a closer look.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WarningAnswer {
    /// `looks-reserved`, `looks-like-member`, `disposable-domain`, `look-alike-domain`,
    /// `international-domain` or `same-client`.
    #[schema(value_type = String, example = "disposable-domain")]
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// What reviewers have found and written; only the host's admins and reviewers see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaseAnswer {
    /// Who looks at it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimAnswer>,
    /// Oldest first.
    pub notes: Vec<NoteAnswer>,
    /// Oldest first; only the last one may be open.
    pub questions: Vec<QuestionAnswer>,
    /// What speaks for a closer look.
    pub warnings: Vec<WarningAnswer>,
}

impl From<Claim> for ClaimAnswer {
    fn from(claim: Claim) -> Self {
        Self {
            by: claim.by,
            at: claim.at,
            until: claim.until,
            taken_from: claim.taken_from,
        }
    }
}

impl From<Note> for NoteAnswer {
    fn from(note: Note) -> Self {
        Self {
            at: note.at,
            by: note.by,
            text: note.text.as_str().to_owned(),
        }
    }
}

impl From<Question> for QuestionAnswer {
    fn from(question: Question) -> Self {
        let (answered_at, answer) = question
            .answer
            .map(|a| (a.at, a.text.as_str().to_owned()))
            .unzip();
        Self {
            at: question.at,
            by: Some(question.by),
            text: question.text.as_str().to_owned(),
            answered_at,
            answer,
        }
    }
}

impl QuestionAnswer {
    /// As the applicant sees it.
    pub(crate) fn for_applicant(question: Question) -> Self {
        Self {
            by: None,
            ..question.into()
        }
    }
}

impl From<Warning> for WarningAnswer {
    fn from(warning: Warning) -> Self {
        Self {
            code: warning.code(),
            message: warning.message(),
        }
    }
}

impl From<ReviewCase> for CaseAnswer {
    fn from(case: ReviewCase) -> Self {
        Self {
            claim: case.claim.map(Into::into),
            notes: case.notes.into_iter().map(Into::into).collect(),
            questions: case.questions.into_iter().map(Into::into).collect(),
            warnings: case.warnings.into_iter().map(Into::into).collect(),
        }
    }
}
