use serde::Serialize;

use crate::domain::{
    DisplayName, Flow, Passed, Question, Registration, RegistrationId, Review, ReviewCase, Role,
    Stage, Status, Timestamp, Username,
};

/// What anyone may know of a registration: names are public on a host, addresses are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationView {
    /// Names it.
    pub id: RegistrationId,
    /// The name asked for.
    pub username: Username,
    /// The word of the wire.
    pub status: Status,
    /// Percent.
    pub progress: u8,
    /// What happens now, in a sentence.
    pub message: String,
    /// Which sentence that is, for those who say it in another language: one of [`MESSAGE_KEYS`].
    pub message_key: &'static str,
    /// The same as data.
    pub details: Details,
    /// Whether nothing stands in the way: false when failed, held, or waiting for a mended address.
    pub can_proceed: bool,
    /// The order of its statuses.
    pub flow: Flow,
    /// The account that came of it is deleted.
    pub is_closed: bool,
}

/// What stands in the way and what was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The status on the way to; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Status>,
    /// When each status was reached.
    pub history: Vec<Passed>,
    /// Until when the address has to be proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_until: Option<Timestamp>,
    /// Whether the address is proven.
    pub address_verified: bool,
    /// Whether a reviewer has to decide.
    pub in_review: bool,
    /// What went wrong with the mail, without the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_trouble: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// Failed attempts at the present step; it is tried again by itself.
    pub retries: u32,
}

/// Why a registration failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureView {
    /// A stable word.
    pub code: String,
    /// For the person.
    pub message: String,
}

/// What reviewers and admins see besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminView {
    /// What anyone may know.
    pub public: RegistrationView,
    /// Who asks.
    pub display_name: String,
    /// Where the verification went.
    pub email: String,
    /// Why they want to join.
    pub reason: Option<String>,
    /// The reviewers' word.
    pub review: Review,
    /// What they have found and written; a claim that has lapsed is left out.
    pub case: ReviewCase,
    /// The keys to install, by their fingerprints.
    pub ssh_keys: Vec<String>,
    /// The last failed attempt.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// A reviewer has to decide.
    pub is_in_review: bool,
    /// It is under way, so it can be ended.
    pub is_running: bool,
    /// Whose invite they come with; looked up where one registration is asked for.
    pub invited: Option<Invitation>,
}

/// What an invite makes of who comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who made it; `None` for the host's own admins.
    pub by: Option<Username>,
    /// What they will be.
    pub role: Role,
    /// The name of the organisation that they come into, or begin.
    pub organisation: Option<DisplayName>,
}

impl Invitation {
    /// In a few words.
    #[must_use]
    pub fn words(&self) -> String {
        let by = self
            .by
            .as_ref()
            .map_or("the host's admins", |by| by.as_str());
        let role = self.role.as_str();
        match &self.organisation {
            Some(into) => format!("by {by}, as {role} of {into}"),
            None => format!("by {by}, as {role}"),
        }
    }
}

impl RegistrationView {
    /// What anyone may know of it.
    #[must_use]
    pub fn of(r: &Registration, now: Timestamp) -> Self {
        let status = r.status();
        let next = match r.stage {
            Stage::Draft | Stage::Running => r.flow.after(r.reached),
            _ => None,
        };
        let in_review = r.review.holds() && r.stage == Stage::Running;
        let waits = r
            .verification
            .as_ref()
            .filter(|v| v.is_open(now) && r.stage == Stage::Running);
        let failure = r.failure().map(|f| FailureView {
            code: public_code(&f.code).to_owned(),
            message: f.message.clone(),
        });
        let mail_trouble = r
            .mail_trouble
            .as_ref()
            .map(|t| without_addresses(&t.message));
        let (message_key, message) = message(r, status, in_review);
        Self {
            id: r.id,
            username: r.username.clone(),
            status,
            progress: r.progress(),
            message,
            message_key,
            can_proceed: failure.is_none()
                && mail_trouble.is_none()
                && !(in_review && r.address_is_proven()),
            details: Details {
                next,
                history: r.history.clone(),
                verify_until: waits.map(|v| v.expires_at),
                address_verified: r.address_is_proven() || r.stage == Stage::Complete,
                in_review,
                mail_trouble,
                failure,
                retries: r.work.attempts,
            },
            flow: r.flow,
            is_closed: false,
        }
    }

    /// The same, of an account that was deleted since.
    #[must_use]
    pub(super) fn closed(self) -> Self {
        Self {
            message: "This account is closed. Nobody else gets its name.".into(),
            message_key: "closed",
            is_closed: true,
            ..self
        }
    }
}

impl AdminView {
    /// What reviewers and admins see.
    #[must_use]
    pub fn of(r: &Registration, now: Timestamp) -> Self {
        Self {
            public: RegistrationView::of(r, now),
            display_name: r.display_name.to_string(),
            email: r.email.to_string(),
            reason: r.profile.reason.clone(),
            review: r.review.clone(),
            case: ReviewCase {
                claim: r.case.claim_at(now).cloned(),
                ..r.case.clone()
            },
            ssh_keys: fingerprints(r),
            last_error: r.work.last_error.clone(),
            created_at: r.created_at,
            is_in_review: r.is_in_review(),
            is_running: r.stage == Stage::Running,
            invited: None,
        }
    }
}

/// What who registers sees besides, by the private link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptView {
    /// What anyone may know.
    pub public: RegistrationView,
    /// Where the verification went.
    pub email: String,
    /// The keys to install, by their fingerprints.
    pub ssh_keys: Vec<String>,
    /// The place in the reviewers' queue, from 1; only while it waits there.
    pub place: Option<u64>,
    /// What the reviewers asked and the person answered, oldest first.
    pub questions: Vec<Question>,
    /// Why the reviewers said no.
    pub rejection: Option<String>,
    /// Whether the address can be another one.
    pub may_change_address: bool,
    /// Whether the keys can be others.
    pub may_change_keys: bool,
}

impl ReceiptView {
    /// What who registers sees.
    #[must_use]
    pub fn of(r: &Registration, place: Option<u64>, now: Timestamp) -> Self {
        let rejection = match &r.review {
            Review::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        Self {
            public: RegistrationView::of(r, now),
            email: r.email.to_string(),
            ssh_keys: fingerprints(r),
            place,
            questions: r.case.questions.clone(),
            rejection,
            may_change_address: r.may_change_address().is_ok(),
            may_change_keys: r.may_change_keys().is_ok(),
        }
    }

    /// The words of what was asked and answered.
    #[must_use]
    pub fn answered(&self) -> Vec<(&str, &str)> {
        let all = self.questions.iter();
        all.filter_map(|q| Some((q.text.as_str(), q.answer.as_ref()?.text.as_str())))
            .collect()
    }

    /// The question that waits for an answer.
    #[must_use]
    pub fn open_question(&self) -> Option<&Question> {
        let open = self.questions.last().filter(|q| q.answer.is_none());
        open.filter(|_| self.place.is_some())
    }
}

fn fingerprints(r: &Registration) -> Vec<String> {
    let keys = r.ssh_keys.iter();
    keys.map(|k| k.fingerprint().to_owned()).collect()
}

/// The sentences of [`RegistrationView::message`]; those of failures are by the failure's code.
pub const MESSAGE_KEYS: [&str; 19] = [
    "failed",
    "failed-expired",
    "failed-rejected",
    "failed-address-in-use",
    "failed-name-unavailable",
    "failed-host-refused",
    "failed-no-user",
    "ready",
    "closed",
    "mail-trouble",
    "in-review",
    "retrying",
    "initiated",
    "username-validated",
    "user-created",
    "system-user-created",
    "mail-configured",
    "verification-sent",
    "proven",
];

fn message(r: &Registration, status: Status, in_review: bool) -> (&'static str, String) {
    if let Some(failure) = r.failure() {
        let is_it = |key: &&str| key.strip_prefix("failed-") == Some(failure.code.as_str());
        let key = MESSAGE_KEYS.into_iter().find(is_it).unwrap_or("failed");
        return (key, failure.message.clone());
    }
    let (key, words) = if r.stage == Stage::Complete {
        ("ready", "Your account is ready. You can log in with ssh.")
    } else if r.mail_trouble.is_some() && !r.address_is_proven() {
        (
            "mail-trouble",
            "The verification mail could not be delivered. If the address is right, have the mail sent again. If it was mistyped, give another one on the page that you were shown when you signed up.",
        )
    } else if in_review && r.address_is_proven() {
        (
            "in-review",
            "Your address is verified. A person is looking at your registration; you get a mail when it is decided.",
        )
    } else if r.work.attempts > 0 {
        (
            "retrying",
            "This step takes longer than usual; it is being tried again by itself. Nothing is lost and you need to do nothing.",
        )
    } else {
        of_status(status, r.address_is_proven())
    };
    (key, words.to_owned())
}

fn of_status(status: Status, is_proven: bool) -> (&'static str, &'static str) {
    match status {
        Status::Initiated => ("initiated", "Your registration has been taken in."),
        Status::UsernameValidated => (
            "username-validated",
            "The name is yours; your account is being prepared.",
        ),
        Status::UserCreated => ("user-created", "Your entry in the directory is made."),
        Status::SystemUserCreated => (
            "system-user-created",
            "Your account on the host is made; it is locked until your address is verified.",
        ),
        Status::MailConfigured => ("mail-configured", "Your home and mailbox are in place."),
        Status::VerificationSent if is_proven => (
            "proven",
            "Your address is verified; your account is being unlocked.",
        ),
        Status::VerificationSent => (
            "verification-sent",
            "We have sent you a mail. Open its link or type its code to verify your address.",
        ),
        Status::Verified => (
            "proven",
            "Your address is verified; your account is being made.",
        ),
        Status::Failed => ("failed", "This registration has ended."),
    }
}

/// Who is a member is nobody's business: the word for it stays with the admins.
fn public_code(code: &str) -> &str {
    match code {
        "address-in-use" => "not-completed",
        other => other,
    }
}

/// Mail systems repeat the address in their refusals; a public page must not.
fn without_addresses(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            if word.contains('@') {
                "(the address)"
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_shown_without_the_address() {
        let text = "550 5.1.1 <ada@example.org>: Recipient address rejected";
        assert_eq!(
            without_addresses(text),
            "550 5.1.1 (the address) Recipient address rejected"
        );
    }
}
