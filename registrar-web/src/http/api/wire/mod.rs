pub(in crate::http) mod admin;
pub(in crate::http) mod auth;
pub(in crate::http) mod credentials;
pub(in crate::http) mod export;
pub(in crate::http) mod factor;
pub(in crate::http) mod form;
pub(in crate::http) mod internal;
pub(in crate::http) mod invites;
pub(in crate::http) mod organizations;
pub(in crate::http) mod people;
pub(in crate::http) mod receipt;
pub(in crate::http) mod review;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire::review::CaseAnswer;
use crate::domain::{FirstLogin, ReceiptToken, Role};
use crate::registration::{AdminView, RegistrationView};

/// A sign-up. Unknown fields are refused.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `SignupForm`, which reads it")]
pub(crate) struct SignUp {
    /// 2 to 32 of a-z, 0-9 and single inner hyphens, beginning with a letter. Name of the Linux
    /// account and of the mail address.
    #[schema(example = "ada")]
    username: String,
    /// How the person wants to be called; the username when left out.
    #[schema(required = false, example = "Ada Lovelace")]
    display_name: String,
    /// Where the verification goes; an address outside this host.
    #[schema(example = "ada@example.org")]
    personal_email: String,
    /// 8 to 72 bytes, not easy to guess. Left out where accounts are entered by key alone.
    #[schema(required = false, format = Password, example = "plum gravel sunday kite")]
    password: String,
    /// OpenSSH public keys, one a line; also taken as one text of several lines.
    #[schema(required = false, example = json!(["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMkgTGMEVZIVxJ0bkQ1b1kmYKqkMuOmg3AZ9CX6qM3B ada@laptop"]))]
    ssh_keys: Vec<String>,
    /// The token of an invite's link, where registration is by invite.
    invite_token: Option<String>,
    /// Given name.
    first_name: Option<String>,
    /// Family name.
    last_name: Option<String>,
    /// ISO 3166-1, two letters.
    #[schema(example = "GB")]
    country: Option<String>,
    /// A date as 1815-12-10.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// Why they want to join; for reviewers.
    reason: Option<String>,
    /// A frequency that communities around radio ask for; a number or a text, kept as written.
    #[schema(value_type = Option<String>)]
    sim_frequency: Option<String>,
}

/// A registration that has been taken in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TakenIn {
    /// `UUIDv7`.
    pub id: String,
    /// As asked for.
    #[schema(example = "ada")]
    pub username: String,
    /// See `RegistrationStatus`.
    #[schema(example = "INITIATED")]
    pub status: &'static str,
    /// Percent.
    pub progress: u8,
    /// The page that shows how it goes on.
    #[schema(example = "https://tilde.example/signup/status/ada")]
    pub status_url: String,
    /// The page for the person alone, where address and keys can be mended: its address is a secret.
    #[schema(example = "https://tilde.example/receipt/AZOhsgAAcACAAAAAAACrzY…")]
    pub receipt_url: String,
}

/// Where a registration stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationStatus {
    /// `UUIDv7`.
    pub id: String,
    /// The name asked for.
    #[schema(example = "ada")]
    pub username: String,
    /// `INITIATED`, `USERNAME_VALIDATED`, `USER_CREATED`, `SYSTEM_USER_CREATED`,
    /// `MAIL_CONFIGURED`, `VERIFICATION_SENT`, `VERIFIED` or `FAILED`.
    #[schema(example = "VERIFICATION_SENT")]
    pub status: &'static str,
    /// Percent; a failed one keeps what it had.
    #[schema(example = 83)]
    pub progress: u8,
    /// What happens now, in a sentence.
    pub message: String,
    /// The same as data: `next`, `history`, `verifyUntil`, `addressVerified`, `inReview`,
    /// `mailTrouble`, `failure`, `retries`.
    #[schema(value_type = Object)]
    pub details: crate::registration::Details,
    /// Whether nothing stands in the way.
    pub can_proceed: bool,
}

/// Whether a name can be had.
#[derive(Serialize, ToSchema)]
pub(crate) struct NameCheck {
    /// It can.
    pub available: bool,
    /// In words, with the rule that refuses it.
    #[schema(example = "ada is available.")]
    pub message: String,
}

/// Proves an address: `token`, or `username` and `code`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VerifyBody {
    /// The token of the link, 43 characters.
    #[serde(default)]
    pub token: Option<String>,
    /// With `code`: whose.
    #[serde(default)]
    #[schema(example = "ada")]
    pub username: Option<String>,
    /// The six digits of the mail; spaces are taken.
    #[serde(default)]
    #[schema(example = "123 456")]
    pub code: Option<String>,
}

/// Asks for the verification mail again.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResendBody {
    /// Whose.
    #[schema(example = "ada")]
    pub username: String,
    /// The address of the registration.
    #[schema(example = "ada@example.org")]
    pub personal_email: String,
}

/// The same words whatever was known.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// For the person.
    pub message: &'static str,
}

/// Names an account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NameBody {
    /// Which.
    #[schema(example = "ada")]
    pub username: String,
}

/// Why a registration is not accepted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RejectBody {
    /// What the person is told; 1 to 2000 characters.
    #[schema(example = "We only take people who live in town.")]
    pub reason: String,
}

/// A registration as reviewers and admins see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminRegistration {
    /// What anyone may know.
    #[serde(flatten)]
    pub public: RegistrationStatus,
    /// Who asks.
    pub display_name: String,
    /// Where the verification went.
    pub email: String,
    /// Why they want to join.
    pub reason: Option<String>,
    /// The reviewers' word: `state` and what belongs to it.
    #[schema(value_type = Object)]
    pub review: crate::domain::Review,
    /// What reviewers have found and written.
    pub case: CaseAnswer,
    /// The keys to install, by their fingerprints.
    pub ssh_keys: Vec<String>,
    /// The last failed attempt at a step.
    pub last_error: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The invite that they come with; only where one registration is asked for, and left out where
    /// there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<InvitationAnswer>,
}

/// What an invite makes of who comes with it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationAnswer {
    /// The name of who made it; `null` for the admins of the host.
    #[schema(example = "ada")]
    pub by: Option<String>,
    /// What they will be.
    #[schema(value_type = String, example = "client_user")]
    pub role: Role,
    /// The name of the organization that they come into, or begin.
    pub organization: Option<String>,
}

/// A page of registrations, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminPage {
    /// This page.
    pub items: Vec<AdminRegistration>,
    /// Give it as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What registry and host say of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SystemStatusAnswer {
    /// The name.
    pub username: String,
    /// What the host itself says: `exists`, `home`, `maildir`, `neomuttrc`, `sshKeys`, `expired`,
    /// `passwordLocked`, `mailAccepted`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub host: provision_api::HostView,
    /// The registry's record; missing when provisiond made no such account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountAnswer>,
    /// Whether it was shown that the member gets in and can read mail; missing for a name without a
    /// member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_login: Option<FirstLoginAnswer>,
}

/// The proof that a new member gets in, after which they are welcomed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FirstLoginAnswer {
    /// `not-asked`, `due`, `proven` or `unproven`: given up.
    #[schema(example = "proven")]
    pub state: &'static str,
    /// What the last try came to, while it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&FirstLogin> for FirstLoginAnswer {
    fn from(first_login: &FirstLogin) -> Self {
        Self {
            state: first_login.as_str(),
            reason: first_login.reason().map(str::to_owned),
        }
    }
}

/// What provisiond's registry has of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountAnswer {
    /// Name of user and group.
    #[schema(example = "ada")]
    pub username: String,
    /// As the person wrote it.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// The registration that it was made for.
    pub registration_id: String,
    /// The user's number.
    pub uid: u32,
    /// The number of the user's own group.
    pub gid: u32,
    /// Absolute path of the home.
    #[schema(example = "/home/ada")]
    pub home: String,
    /// `locked`, `active`, `suspended`, `archived` or `removed`.
    #[schema(value_type = String, example = "active")]
    pub state: provision_api::AccountState,
    /// Whether the home has Maildir and neomutt configuration.
    pub mail_configured: bool,
    /// How many keys the registrar keeps for it.
    pub ssh_key_count: u32,
    /// Whether a host password is set.
    pub has_password: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was activated first; missing while it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub activated_at: Option<Timestamp>,
}

/// The service runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Whether the service can do its work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// All checks are good.
    pub ready: bool,
    /// Store, outbox, provisiond, and that its mail domain is that of this service.
    pub checks: Vec<ReadyCheck>,
}

/// One thing that the service needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadyCheck {
    /// Which.
    #[schema(example = "store")]
    pub name: &'static str,
    /// It is good.
    pub ok: bool,
}

impl TakenIn {
    pub(crate) fn of(view: &RegistrationView, receipt: &ReceiptToken, public_url: &str) -> Self {
        Self {
            id: view.id.to_string(),
            username: view.username.to_string(),
            status: view.status.as_str(),
            progress: view.progress,
            status_url: format!("{public_url}/signup/status/{}", view.username),
            receipt_url: format!("{public_url}/receipt/{}", receipt.expose()),
        }
    }
}

impl From<RegistrationView> for RegistrationStatus {
    fn from(view: RegistrationView) -> Self {
        Self {
            id: view.id.to_string(),
            username: view.username.to_string(),
            status: view.status.as_str(),
            progress: view.progress,
            message: view.message,
            details: view.details,
            can_proceed: view.can_proceed,
        }
    }
}

impl From<AdminView> for AdminRegistration {
    fn from(view: AdminView) -> Self {
        Self {
            public: view.public.into(),
            display_name: view.display_name,
            email: view.email,
            reason: view.reason,
            review: view.review,
            case: view.case.into(),
            ssh_keys: view.ssh_keys,
            last_error: view.last_error,
            created_at: view.created_at,
            invite: view.invited.map(|invited| InvitationAnswer {
                by: invited.by.map(|by| by.to_string()),
                role: invited.role,
                organization: invited.organisation.map(|o| o.to_string()),
            }),
        }
    }
}

impl From<provision_api::Account> for AccountAnswer {
    fn from(account: provision_api::Account) -> Self {
        Self {
            username: account.username.to_string(),
            display_name: account.display_name.to_string(),
            registration_id: account.registration_id.to_string(),
            uid: account.uid,
            gid: account.gid,
            home: account.home,
            state: account.state,
            mail_configured: account.mail_configured,
            ssh_key_count: account.ssh_key_count,
            has_password: account.has_password,
            created_at: at_second(account.created_at),
            activated_at: account.activated_at.map(at_second),
        }
    }
}

/// provisiond's seconds since the epoch; the epoch itself for what no calendar has.
fn at_second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
