use super::error::AdminError;
use super::view::AdminView;
use super::world::Registrar;
use crate::audit::By;
use crate::config::UNEDITED_DOMAIN;
use crate::domain::{Invite, InviteTerms, RequestId, Username, VerificationToken};
use crate::ports::{EntropyExt, StoreError, SystemStatus};

/// Whether the service can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// All checks are good.
    pub ready: bool,
    /// Store, outbox, provisiond, and whether both sides have the same mail domain.
    pub checks: Vec<ReadinessCheck>,
}

/// One thing that the service needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessCheck {
    /// `store`, `outbox`, `provisiond` or `mail-domain`.
    pub name: &'static str,
    /// It is good.
    pub ok: bool,
    /// In words.
    pub message: String,
}

impl Readiness {
    /// Logs what is missing, a warning for each.
    pub fn warn(&self) {
        for ReadinessCheck { name, message, .. } in self.checks.iter().filter(|c| !c.ok) {
            tracing::warn!(CHECK = name, "not ready: {name}: {message}");
        }
    }
}

impl Registrar {
    /// Provisions a registration's account (again): every step that is not done is tried now.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn system_setup(&self, name: &Username, by: &By) -> Result<AdminView, AdminError> {
        let found = self.world.store.registration_by_username(name).await?;
        let registration = found.ok_or(AdminError::NotFound)?;
        self.retry(registration.id, by).await
    }

    /// What the host says of an account.
    ///
    /// # Errors
    /// See [`AdminError`]; a name that provisiond does not know is `Ok(None)`.
    pub async fn system_status(
        &self,
        name: &Username,
        request: RequestId,
    ) -> Result<Option<SystemStatus>, AdminError> {
        match self.world.provisioner.system_status(request, name).await {
            Ok(status) => Ok(Some(status)),
            Err(crate::ports::ProvisionFailure::NoSuchAccount) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Makes a single-use invite for a plain member. The token is not kept.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn create_invite(&self) -> Result<(Invite, VerificationToken), StoreError> {
        let now = self.world.now();
        let id = self.world.entropy.uuid_v7(now);
        let terms = InviteTerms::default();
        let key = &self.world.key;
        let invite = Invite::issue(key, id, terms, now, now + self.policy.invite_ttl);
        let token = invite.token(key).ok_or(StoreError::Conflict)?;
        self.world.store.insert_invite(&invite).await?;
        Ok((invite, token))
    }

    /// Asks everything that the service needs.
    pub async fn readiness(&self) -> Readiness {
        let request = super::steps::fresh_request_id(&self.world);
        let (store, host) = tokio::join!(
            self.world.store.health(self.world.now()),
            self.world.provisioner.health(request)
        );
        let mut checks = Vec::new();
        let mut note = |name, ok, message| checks.push(ReadinessCheck { name, ok, message });
        match store {
            Ok(health) => {
                note("store", true, health.description);
                let late = health.mails_overdue;
                note(
                    "outbox",
                    late == 0,
                    match late {
                        0 => "no mail waits longer than it should".into(),
                        n => format!("{n} mails have waited for more than five minutes"),
                    },
                );
            }
            Err(e) => note("store", false, e.to_string()),
        }
        if let Ok(health) = &host {
            let (ours, theirs) = (self.policy.domain.as_str(), health.mail_domain.as_str());
            // A service that was just installed is up, and says what is to be edited.
            let unedited = ours == UNEDITED_DOMAIN;
            let agree = ours.eq_ignore_ascii_case(theirs) || unedited;
            let message = if unedited {
                format!(
                    "{ours} stands for a domain: set community.domain in registrar.toml to {theirs}"
                )
            } else if agree {
                ours.to_owned()
            } else {
                format!(
                    "community.domain in registrar.toml is {ours}, but the mail domain of provisiond \
                     is {theirs}: set mail.domain in provisiond.toml to {ours} and restart \
                     provisiond, or change community.domain"
                )
            };
            note("mail-domain", agree, message);
        }
        match host {
            Ok(health) if health.ready => {
                note("provisiond", true, format!("version {}", health.version));
            }
            Ok(health) => note("provisiond", false, health.problems.join("; ")),
            Err(e) => note("provisiond", false, e.to_string()),
        }
        Readiness {
            ready: checks.iter().all(|c| c.ok),
            checks,
        }
    }
}
