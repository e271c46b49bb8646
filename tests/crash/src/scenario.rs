//! What people and admins do, told so that it can be interrupted anywhere and taken up again.

use provision_api::Username;
use registrar_web::domain::{InviteState, VerificationToken};
use registrar_web::ports::{InviteStore, UserStore};
use serde_json::json;

use crate::crew::Crew;
use crate::http::Answer;
use crate::member::{Call, Member};
use crate::site::Site;

/// A key of a person.
pub const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada@laptop";
/// Beyond `registration.verification_ttl`.
const TTL_OVER: i64 = 25 * 3600;

/// Something that is done in steps until it is done.
pub trait Scenario {
    /// Does what is next, or finds that it can't now; `true` when nothing is left.
    ///
    /// # Errors
    /// Something that must not be.
    fn step(&mut self, site: &mut Site<'_>) -> Result<bool, String>;

    /// After a crash: when what is under way is done, only what must follow is done still.
    fn cut_short(&mut self) {}
}

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// Over HTTP: the form, the mail, the account.
    SignUp,
    /// The same with an invite.
    Invited,
    /// Over HTTP: the form, and the mail is never answered.
    Expire,
    /// Over HTTP: the form, and the reviewers say no.
    Reject,
    /// On the admin socket: made, opened, changed, suspended, resumed, removed.
    Life,
    /// On the admin socket: made, opened, suspended, archived, removed.
    Archive,
    /// On the admin socket: as before, but brought back, opened and suspended again.
    Restore,
    /// On the admin socket: made, opened, suspended; it can't be packed, and is removed.
    ArchiveInVain,
    /// On the admin socket: made and taken back.
    Discard,
    /// On the admin socket: a group, made, followed, put away, brought back, removed.
    Group,
}

impl Plot {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign up",
            Self::Invited => "sign up, invited",
            Self::Expire => "sign up, expire",
            Self::Reject => "sign up, rejected",
            Self::Life => "a member's life",
            Self::Archive => "archive",
            Self::Restore => "archive, restore",
            Self::ArchiveInVain => "archive in vain",
            Self::Discard => "discard",
            Self::Group => "a group's life",
        }
    }

    /// `registration.mode` for it.
    #[must_use]
    pub fn mode(self) -> &'static str {
        match self {
            Self::Invited => "invite",
            Self::Reject => "approval",
            _ => "open",
        }
    }

    /// The calls on an account that it is told by; of a sign-up, registrar-web makes them, and those of
    /// a group are in `crew`.
    #[must_use]
    pub fn calls(self) -> &'static [Call] {
        use Call::{
            Activate, Archive, ArchiveInVain, Configure, Create, Discard, Prove, Remove,
            RemoveArchived, RemoveKeys, Restore, Resume, SetKeys, SetName, SetPassword, Suspend,
        };
        #[rustfmt::skip]
        let calls: &[Call] = match self {
            Self::SignUp | Self::Invited | Self::Expire | Self::Reject | Self::Group => &[],
            Self::Life => &[
                Create, Configure, Activate, Prove, SetPassword, RemoveKeys, SetKeys, SetName,
                Suspend, Resume, Suspend, Remove,
            ],
            Self::Archive => &[Create, Configure, Activate, Suspend, Archive, RemoveArchived],
            Self::Restore => &[
                Create, Configure, Activate, Suspend, Archive, Restore, Resume, Suspend, Remove,
            ],
            Self::ArchiveInVain => &[Create, Configure, Activate, Suspend, ArchiveInVain, Remove],
            Self::Discard => &[Create, Configure, Discard],
        };
        calls
    }

    /// It, played by someone of that name.
    #[must_use]
    pub fn of(self, name: &str) -> Box<dyn Scenario> {
        match self {
            Self::SignUp | Self::Invited | Self::Expire | Self::Reject => {
                Box::new(Applicant::new(name, self))
            }
            Self::Group => Box::new(Crew::new(name)),
            _ => Box::new(Member::new(name, self.calls())),
        }
    }
}

/// Someone before the form.
struct Applicant {
    name: String,
    email: String,
    plot: Plot,
    /// The form was answered by 201.
    accepted: bool,
    invite: Option<String>,
    decided: bool,
}

impl Applicant {
    fn new(name: &str, plot: Plot) -> Self {
        Self {
            name: name.to_owned(),
            email: format!("{name}@outside.test"),
            plot,
            accepted: false,
            invite: None,
            decided: false,
        }
    }

    fn status(&self, site: &Site<'_>) -> Option<Answer> {
        let path = format!("/api/auth/status/registration/{}", self.name);
        site.ask("GET", &path, None).ok()
    }

    fn register(&mut self, site: &Site<'_>) -> Result<(), String> {
        if self.plot == Plot::Invited && self.invite.is_none() {
            // Without an answer, another one is made: the first is nobody's.
            let made = site.ask_as_admin("POST", "/api/invites/create", None);
            let token = made
                .ok()
                .and_then(|a| a.body["token"].as_str().map(str::to_owned));
            let Some(token) = token else { return Ok(()) };
            self.invite = Some(token);
        }
        let mut form = json!({
            "username": self.name,
            "displayName": "Ada Lovelace",
            "personalEmail": self.email,
            "password": "correct horse battery staple 7",
            "sshKeys": [KEY],
        });
        if let Some(token) = &self.invite {
            form["inviteToken"] = json!(token);
        }
        match site.ask("POST", "/api/auth/register", Some(&form)) {
            Ok(answer) if answer.code == 201 => self.accepted = true,
            // An earlier try, whose answer was lost, holds the name (409) or the invite (422).
            Ok(answer) if matches!(answer.code, 409 | 422) => {}
            Ok(answer) => return Err(format!("the form was answered {answer:?}")),
            Err(_) => {}
        }
        Ok(())
    }

    /// Opens the link of the mail, if it came.
    fn verify(&self, site: &Site<'_>) {
        if let Some(token) = site.sink.token_for(&self.email) {
            // Whatever the answer, and whether there is one: the status says what came of it.
            let _ = site.ask(
                "POST",
                "/api/auth/verify-email",
                Some(&json!({ "token": token })),
            );
        }
    }

    fn reject(&mut self, site: &Site<'_>, id: &str) {
        let path = format!("/api/admin/registrations/{id}/reject");
        let reason = json!({ "reason": "we are full" });
        let answer = site.ask_as_admin("POST", &path, Some(&reason));
        self.decided = answer.is_ok_and(|a| a.code == 200);
    }

    /// Nothing of the name is left, and anyone may have it.
    fn is_gone(&self, site: &Site<'_>) -> Result<bool, String> {
        let path = format!("/api/auth/status/check-username/{}", self.name);
        let Ok(answer) = site.ask("GET", &path, None) else {
            return Ok(false);
        };
        // What failed is undone first; that the name is free is waited for.
        if answer.body["available"] != json!(true) {
            return Ok(false);
        }
        let name = Username::parse(&self.name).map_err(|e| e.to_string())?;
        let user = site.in_store(async |store| store.user_by_username(&name).await)?;
        match user {
            None => Ok(true),
            Some(_) => Err("the member's record is left".into()),
        }
    }

    fn invite_is_used(&self, site: &Site<'_>) -> Result<bool, String> {
        let Some(token) = self.invite.as_deref().and_then(VerificationToken::parse) else {
            return Ok(true);
        };
        let invite = site.in_store(async |store| store.invite_by_token(&token.digest()).await)?;
        Ok(invite.is_some_and(|i| matches!(i.state, InviteState::Used { .. })))
    }
}

impl Scenario for Applicant {
    fn step(&mut self, site: &mut Site<'_>) -> Result<bool, String> {
        let Some(answer) = self.status(site) else {
            return Ok(false);
        };
        if answer.code == 404 {
            if self.plot == Plot::Expire && self.decided {
                return self.is_gone(site);
            }
            if self.accepted {
                return Err("a registration that was taken in is gone".into());
            }
            self.register(site)?;
            return Ok(false);
        }
        let status = answer.body["status"].as_str().unwrap_or_default();
        match (self.plot, status) {
            (Plot::Expire, "VERIFICATION_SENT") if !self.decided => {
                self.decided = true;
                site.forward(TTL_OVER);
                Ok(false)
            }
            (Plot::Expire, _) => Ok(false),
            (Plot::Reject, "VERIFICATION_SENT") => {
                let id = answer.body["id"].as_str().unwrap_or_default();
                self.reject(site, id);
                Ok(false)
            }
            (Plot::Reject, "FAILED") => {
                // The link, then the reviewers' words.
                let told = site
                    .sink
                    .mails_to(&self.email)
                    .iter()
                    .any(|m| m.token.is_none());
                Ok(told && self.is_gone(site)?)
            }
            (Plot::SignUp | Plot::Invited, "VERIFIED") => {
                if !self.invite_is_used(site)? {
                    return Err("the invite can be used again".into());
                }
                let mails = site.sink.mails_to(&self.email);
                let is_welcomed = mails.iter().any(|m| m.token.is_none());
                Ok(is_welcomed || !site.welcomes)
            }
            // What nobody was told of runs out in silence, and is gone a moment later.
            (_, "FAILED") if !self.accepted => Ok(false),
            (_, "FAILED") => Err(format!("the registration failed: {}", answer.body)),
            (Plot::SignUp | Plot::Invited, _) => {
                self.verify(site);
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}
