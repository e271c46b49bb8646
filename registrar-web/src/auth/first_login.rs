//! The proof that a new member gets in and can read mail, and the welcome that follows it.

use provision_api::{LoginProof, Verdict};

use super::host_side::HostSide;
use crate::domain::{Action, Actor, AuditEvent, FirstLogin, News, Role, Subject, User};
use crate::ports::{ProvisionFailure, StoreError};
use crate::registration;
use crate::worker::short;

/// What failed, by name.
fn why(proof: &LoginProof) -> String {
    let findings = proof.findings().into_iter();
    let failed = findings.filter(|(_, finding)| finding.verdict == Verdict::Failed);
    let reasons: Vec<String> = failed
        .map(|(name, finding)| format!("{name}: {}", finding.detail))
        .collect();
    reasons.join("; ")
}

impl HostSide {
    /// Asks the host once; the member as written then, while there may be more for this worker.
    ///
    /// The welcome is queued before the outcome is written down, under a key that is unique: whoever
    /// does this again after a crash asks the same request, gets the same answer, and queues
    /// nothing more.
    pub(super) async fn prove_first_login(&self, user: User) -> Result<Option<User>, StoreError> {
        let (request, name) = (user.first_login_request(), user.username.clone());
        let asked = self.world.provisioner.prove_account(request, &name).await;
        let now = self.world.now();
        let reason = match asked {
            Ok(proof) if proof.holds() => {
                tracing::info!(REQUEST_ID = %request, USERNAME = %name, "{name}: gets in and can read mail");
                registration::welcome(&self.world, &user).await?;
                return self.write(user, |u| u.first_login_proven(now)).await;
            }
            Ok(proof) => why(&proof),
            Err(ProvisionFailure::Transient {
                message,
                retry_after_seconds,
            }) => {
                tracing::warn!(REQUEST_ID = %request, USERNAME = %name, error = message, "{name}: it can't be tried yet whether they get in: {message}");
                return self.put_off(user, &message, retry_after_seconds).await;
            }
            Err(refused) => refused.to_string(),
        };
        let reason = short(&reason);
        tracing::warn!(REQUEST_ID = %request, USERNAME = %name, reason, "{name}: not shown to get in and read mail: {reason}");
        let subject = Subject::member(&user);
        let written = self
            .write(user, |u| u.first_login_failed(&reason, now))
            .await?;
        let first_login = written.as_ref().map(|u| &u.credentials.first_login);
        if let Some(FirstLogin::Unproven { reason, .. }) = first_login {
            tracing::error!(USERNAME = %name, reason, "{name}: was not welcomed, because they may not get in: {reason}");
            self.tell_admins(subject, reason.clone(), name.clone())
                .await?;
        }
        Ok(written)
    }

    async fn tell_admins(
        &self,
        subject: Subject,
        reason: String,
        username: crate::domain::Username,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            action: Action::FirstLoginUnproven,
            actor: Actor::Service,
            subject: Some(subject),
            address: None,
            request_id: None,
            details: vec![("reason", reason)],
        };
        self.world.audit.record(event).await?;
        let news = News::HostStepFailed {
            username,
            what: "first login".into(),
        };
        let events = &self.world.events;
        events.publish_to_staff(Role::SiteAdmin, news).await;
        Ok(())
    }
}
