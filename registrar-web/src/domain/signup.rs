use serde::Deserialize;

use super::profile::paragraph;
use super::{
    DisplayName, Email, MailDomain, Password, PasswordHints, Profile, ProfileForm, ProfileRules,
    SshPublicKey, Username, VerificationToken,
};

/// What a sign-up form or a JSON body says, unjudged.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of the HTTP contract")]
pub struct SignupForm {
    // What is missing is judged with the rest, so that all is told at once.
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub display_name: String,
    #[serde(default)]
    pub personal_email: String,
    #[serde(default)]
    pub password: String,
    #[serde(default)]
    pub ssh_keys: SshKeysField,
    /// `token` is what `/api/invites/accept` calls it.
    #[serde(default, alias = "token")]
    pub invite_token: Option<String>,
    #[serde(default)]
    pub sim_frequency: Option<serde_json::Value>,
    #[serde(default)]
    pub first_name: Option<String>,
    #[serde(default)]
    pub last_name: Option<String>,
    #[serde(default)]
    pub country: Option<String>,
    #[serde(default)]
    pub birth_date: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
}

/// Keys as one paste of several lines, or as a list of lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a text of key lines or a list of them")]
pub enum SshKeysField {
    /// As a text area gives it.
    Paste(String),
    /// As JSON gives it.
    List(Vec<String>),
}

impl Default for SshKeysField {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// What is wrong with one field, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the JSON body.
    pub field: &'static str,
    /// A stable word for the rule.
    pub code: String,
    /// For the person.
    pub message: String,
}

/// All that is wrong with a form, in the order of its fields. Never empty when returned as error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(pub Vec<FieldError>);

/// What the host asks of a sign-up.
#[derive(Clone, Debug)]
pub struct SignupRules {
    /// The host's own mail domain: an address there can't prove anything before the account is.
    pub own_domain: Option<MailDomain>,
    /// Whether the password becomes the account's; otherwise the account is entered by key alone.
    pub password: bool,
    /// Whether a reason must be given.
    pub require_reason: bool,
    /// What the person must tell of themselves.
    pub profile: ProfileRules,
}

/// A sign-up that keeps every rule that can be judged without asking anyone.
#[derive(Debug)]
#[allow(missing_docs, reason = "the fields are those of the HTTP contract")]
pub struct SignupRequest {
    pub username: Username,
    pub display_name: DisplayName,
    pub email: Email,
    pub password: Option<Password>,
    pub ssh_keys: Vec<SshPublicKey>,
    pub invite_token: Option<VerificationToken>,
    pub profile: Profile,
}

impl FieldErrors {
    fn one(error: FieldError) -> Self {
        Self(vec![error])
    }

    /// Notes an error.
    pub fn add(&mut self, field: &'static str, code: impl Into<String>, message: impl ToString) {
        self.0.push(FieldError {
            field,
            code: code.into(),
            message: message.to_string(),
        });
    }

    pub(super) fn keep<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|e| self.0.push(e)).ok()
    }
}

pub(super) fn wrong(field: &'static str, code: &str, message: impl ToString) -> FieldError {
    FieldError {
        field,
        code: code.to_owned(),
        message: message.to_string(),
    }
}

impl SignupRules {
    /// Judges an address alone, as in a sign-up.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn email(&self, text: &str) -> Result<Email, FieldErrors> {
        judge_email(text, self).map_err(FieldErrors::one)
    }

    /// Judges keys alone, as in a sign-up.
    ///
    /// # Errors
    /// The rule that they break, with the line.
    pub fn ssh_keys(&self, keys: &SshKeysField) -> Result<Vec<SshPublicKey>, FieldErrors> {
        let keys = judge_keys(keys).map_err(FieldErrors::one)?;
        if keys.is_empty() && !self.password {
            return Err(FieldErrors::one(no_key()));
        }
        Ok(keys)
    }
}

fn no_key() -> FieldError {
    wrong(
        "sshKeys",
        "required",
        "accounts here are entered by key: paste your public key",
    )
}

impl SignupForm {
    /// Judges the form; all errors at once.
    ///
    /// # Errors
    /// Each field that breaks a rule, with the rule and the way to mend it.
    pub fn parse(self, rules: &SignupRules) -> Result<SignupRequest, FieldErrors> {
        let mut errors = FieldErrors::default();
        let username = errors.keep(judge_username(&self.username));
        // A person who gives no other name is called by the user name.
        let display_name = match self.display_name.trim() {
            "" => self.username.as_str(),
            name => name,
        };
        let display_name = match DisplayName::parse(display_name) {
            Ok(name) => Some(name),
            // Nothing is wrong with the optional field: the user name is missing, and is told.
            Err(_) if display_name.is_empty() => None,
            Err(e) => errors.keep(Err(wrong("displayName", e.code(), e))),
        };
        let email = errors.keep(judge_email(&self.personal_email, rules));
        let ssh_keys = errors.keep(judge_keys(&self.ssh_keys));
        let hints = [
            self.username.as_str(),
            self.display_name.as_str(),
            self.personal_email.split('@').next().unwrap_or_default(),
        ];
        let password = if rules.password {
            errors.keep(
                Password::parse(self.password, PasswordHints { words: &hints })
                    .map(Some)
                    .map_err(|e| wrong("password", e.code(), e)),
            )
        } else {
            if ssh_keys.as_ref().is_some_and(Vec::is_empty) {
                errors.0.push(no_key());
            }
            Some(None)
        };
        let invite_token = match self.invite_token.as_deref().map(str::trim) {
            None | Some("") => Some(None),
            Some(text) => errors.keep(VerificationToken::parse(text).map(Some).ok_or_else(|| {
                wrong(
                    "inviteToken",
                    "malformed",
                    "this invite is cut off; open the link of the mail again",
                )
            })),
        };
        let told = ProfileForm {
            first_name: self.first_name,
            last_name: self.last_name,
            country: self.country,
            birth_date: self.birth_date,
            sim_frequency: self.sim_frequency,
            ..ProfileForm::default()
        };
        let profile = Profile {
            reason: errors
                .keep(paragraph("reason", self.reason, 2000))
                .flatten(),
            ..told.judge(&rules.profile, &mut errors)
        };
        if rules.require_reason
            && profile.reason.is_none()
            && !errors.0.iter().any(|e| e.field == "reason")
        {
            errors.add(
                "reason",
                "required",
                "tell the reviewers in a sentence or two why you would like to join",
            );
        }
        match (
            username,
            display_name,
            email,
            password,
            ssh_keys,
            invite_token,
        ) {
            (
                Some(username),
                Some(display_name),
                Some(email),
                Some(password),
                Some(ssh_keys),
                Some(invite_token),
            ) if errors.0.is_empty() => Ok(SignupRequest {
                username,
                display_name,
                email,
                password,
                ssh_keys,
                invite_token,
                profile,
            }),
            _ => Err(errors),
        }
    }
}

fn judge_username(text: &str) -> Result<Username, FieldError> {
    let name = Username::parse(text).map_err(|e| wrong("username", e.code(), e))?;
    if provision_api::is_reserved(&name) {
        return Err(wrong(
            "username",
            "reserved",
            format!("the name {name} is reserved; choose another one"),
        ));
    }
    Ok(name)
}

fn judge_email(text: &str, rules: &SignupRules) -> Result<Email, FieldError> {
    let email = Email::parse(text).map_err(|e| wrong("personalEmail", e.code(), e))?;
    match &rules.own_domain {
        Some(own) if email.domain().is_within(own) => Err(wrong(
            "personalEmail",
            "own-domain",
            format!(
                "give an address outside {}: mail there reaches you only once your account works",
                own.as_str()
            ),
        )),
        _ => Ok(email),
    }
}

fn judge_keys(field: &SshKeysField) -> Result<Vec<SshPublicKey>, FieldError> {
    let text = match field {
        SshKeysField::Paste(text) => text.clone(),
        SshKeysField::List(lines) => lines.join("\n"),
    };
    let keys = SshPublicKey::parse_lines(&text)
        .map_err(|(line, e)| wrong("sshKeys", e.code(), format!("line {line}: {e}")))?;
    if keys.len() > provision_api::MAX_KEYS {
        return Err(wrong(
            "sshKeys",
            "too-many",
            format!("at most {} keys are kept", provision_api::MAX_KEYS),
        ));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> SignupRules {
        SignupRules {
            own_domain: Some(MailDomain::parse("tilde.example").unwrap()),
            password: true,
            require_reason: false,
            profile: ProfileRules {
                required: Vec::new(),
                minimum_age: 13,
                today: "2026-03-01".parse().unwrap(),
            },
        }
    }

    fn form() -> SignupForm {
        SignupForm {
            username: "ada".into(),
            personal_email: "ada@example.org".into(),
            password: "kX9!vQ2#mZ7$".into(),
            ..SignupForm::default()
        }
    }

    fn codes(form: SignupForm) -> Vec<(&'static str, String)> {
        form.parse(&rules())
            .unwrap_err()
            .0
            .into_iter()
            .map(|e| (e.field, e.code))
            .collect()
    }

    #[test]
    fn a_plain_form_is_taken_and_the_user_name_is_the_display_name() {
        let request = form().parse(&rules()).unwrap();
        assert_eq!(request.display_name.as_str(), "ada");
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let got = codes(SignupForm {
            username: "Root".into(),
            display_name: "a\nb".into(),
            personal_email: "x".into(),
            password: "short".into(),
            ssh_keys: SshKeysField::Paste("\n\ngarbage".into()),
            country: Some("Germany".into()),
            birth_date: Some("yesterday".into()),
            invite_token: Some("abc".into()),
            ..SignupForm::default()
        });
        let want = [
            ("username", "capital"),
            ("displayName", "control-character"),
            ("personalEmail", "no-at"),
            ("sshKeys", "unknown-type"),
            ("password", "too-short"),
            ("inviteToken", "malformed"),
            ("country", "not-iso-3166"),
            ("birthDate", "no-date"),
        ];
        assert_eq!(got, want.map(|(f, c)| (f, c.to_owned())));
    }

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let empty: SignupForm = serde_json::from_str("{}").unwrap();
        let got = codes(empty);
        let fields: Vec<_> = got.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["username", "personalEmail", "password"], "{got:?}");
    }

    #[test]
    fn reserved_names_and_our_own_domain_are_refused() {
        assert_eq!(
            codes(SignupForm {
                username: "postmaster".into(),
                ..form()
            }),
            [("username", "reserved".into())]
        );
        let at_home = SignupForm {
            personal_email: "ada@mail.Tilde.example".into(),
            ..form()
        };
        assert_eq!(codes(at_home), [("personalEmail", "own-domain".into())]);
    }

    #[test]
    fn a_host_without_passwords_asks_for_a_key() {
        let rules = SignupRules {
            password: false,
            ..rules()
        };
        let errors = form().parse(&rules).unwrap_err();
        assert_eq!(
            (errors.0[0].field, errors.0[0].code.as_str()),
            ("sshKeys", "required")
        );
    }
}
