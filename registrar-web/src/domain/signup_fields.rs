use serde::Serialize;

use super::{Mode, ProfileField};

/// How a field of the sign-up form is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One line.
    Line,
    /// One line, which is a mail address.
    Email,
    /// One line that is not shown.
    Secret,
    /// A date, as 1990-12-31.
    Date,
    /// A paragraph.
    Paragraph,
    /// Some lines, each of which is an SSH public key.
    Keys,
}

/// A field of the sign-up form as every face of it shows it: pages, `ssh join@host`, JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// Its name in the JSON body.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// The rule that it has to keep, and what it is for; may be empty.
    pub hint: String,
    /// How it is filled in.
    pub kind: FieldKind,
    /// Whether it has to be filled in.
    pub required: bool,
    /// The most characters.
    pub longest: u16,
    /// Whether it is asked of everybody; the others are for who wants to tell more.
    pub is_main: bool,
}

/// What the form depends on.
#[derive(Clone, Copy, Debug)]
pub struct FormRules<'a> {
    /// The host's mail domain.
    pub domain: &'a str,
    /// Who may register.
    pub mode: Mode,
    /// Whether accounts have a password.
    pub password: bool,
    /// Whether a reason must be given.
    pub require_reason: bool,
    /// What else must be told.
    pub require: &'a [ProfileField],
}

impl FormField {
    fn main(
        name: &'static str,
        label: &'static str,
        kind: FieldKind,
        longest: u16,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            name,
            label,
            hint: hint.into(),
            kind,
            required: false,
            longest,
            is_main: true,
        }
    }

    fn required_if(self, required: bool) -> Self {
        Self { required, ..self }
    }
}

impl FormRules<'_> {
    /// The fields, in the order in which they are asked for.
    #[must_use]
    pub fn fields(&self) -> Vec<FormField> {
        let domain = self.domain;
        let mut fields = vec![
            FormField::main(
                "username",
                "Username",
                FieldKind::Line,
                32,
                format!(
                    "The name of your account and of your mail address (NAME@{domain}). 2 to 32 characters: small letters a to z, digits, and single hyphens between them; a letter first. It can't be changed later, and everyone can see it."
                ),
            )
            .required_if(true),
            FormField::main(
                "displayName",
                "Name to show",
                FieldKind::Line,
                64,
                "How others call you; it stands beside your username and in mails that you send. Leave it empty to use the username.",
            ),
            FormField::main(
                "personalEmail",
                "Your e-mail address",
                FieldKind::Email,
                254,
                format!(
                    "An address that you read now, outside {domain}. We send a link and a code there to see that it is yours, and later only mail about your account."
                ),
            )
            .required_if(true),
        ];
        if self.password {
            let hint = "A phrase of 16 or more characters, such as four random words; or at least 8 characters with three of: small letters, capitals, digits, others. At most 72. You use it to log in on the host.";
            let field = FormField::main("password", "Password", FieldKind::Secret, 200, hint);
            fields.push(field.required_if(true));
        }
        fields.push(
            FormField::main(
                "sshKeys",
                "SSH public keys",
                FieldKind::Keys,
                16_384,
                "One a line. A public key lets your computer log in without a password; it is the one line in ~/.ssh/id_ed25519.pub. If you have none, make one with: ssh-keygen -t ed25519 — and never paste the file without .pub, that one is secret.",
            )
            .required_if(!self.password),
        );
        if self.mode == Mode::Invite {
            fields.push(Self::invite().required_if(true));
        }
        if self.mode == Mode::Approval {
            let hint = "A sentence or two for the people who decide.";
            let label = "Why would you like to join?";
            let field = FormField::main("reason", label, FieldKind::Paragraph, 2000, hint);
            fields.push(field.required_if(self.require_reason));
        }
        fields.extend(self.more());
        fields
    }

    /// The invite's field, for who brings one where none is needed.
    #[must_use]
    pub fn invite() -> FormField {
        let hint = "Filled in when you open the link of your invite.";
        FormField::main("inviteToken", "Invite", FieldKind::Line, 200, hint)
    }

    fn more(&self) -> impl Iterator<Item = FormField> {
        use FieldKind::{Date, Line};
        use ProfileField as Of;
        let fields = [
            (Of::FirstName, "Given name", Line, 64, ""),
            (Of::LastName, "Family name", Line, 64, ""),
            (
                Of::Country,
                "Country",
                Line,
                2,
                "Two letters, such as DE or BR.",
            ),
            (Of::BirthDate, "Date of birth", Date, 64, "As 1990-12-31."),
            (
                Of::SimFrequency,
                "Frequency",
                Line,
                32,
                "Only where your community asks for one.",
            ),
        ];
        fields
            .into_iter()
            .map(|(of, label, kind, longest, hint)| FormField {
                is_main: false,
                required: self.require.contains(&of),
                ..FormField::main(of.name(), label, kind, longest, hint)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: FormRules<'_> = FormRules {
        domain: "tilde.example",
        mode: Mode::Open,
        password: true,
        require_reason: false,
        require: &[],
    };

    fn required(rules: FormRules<'_>) -> Vec<&'static str> {
        let fields = rules.fields().into_iter();
        fields.filter(|f| f.required).map(|f| f.name).collect()
    }

    #[test]
    fn what_must_be_told_follows_the_settings() {
        assert_eq!(required(RULES), ["username", "personalEmail", "password"]);
        let by_key = FormRules {
            password: false,
            require: &[ProfileField::Country],
            ..RULES
        };
        assert_eq!(
            required(by_key),
            ["username", "personalEmail", "sshKeys", "country"]
        );
    }

    #[test]
    fn an_invite_or_a_reason_is_asked_for_where_the_mode_wants_it() {
        let of = |mode| {
            required(FormRules {
                mode,
                require_reason: true,
                ..RULES
            })
        };
        assert!(of(Mode::Invite).contains(&"inviteToken"));
        assert!(of(Mode::Approval).contains(&"reason"));
        assert_eq!(of(Mode::Open), required(RULES));
    }
}
