//! What becomes of an operation that did not reach its end.

use provision_api::Step;

use super::refusal::{Failure, Refusal};
use super::spine::Operator;
use super::trail::Trail;
use crate::accounts::PasswordField;
use crate::journal::{Event, Fingerprint, Intent, Outcome, Work};

impl Operator {
    /// Finishes or undoes what an earlier run left, and puts the mail refusals right. What can't
    /// be settled now stays open: it is tried again when its account is next touched, and at the
    /// next start. Returns how many stayed open.
    pub fn recover(&mut self) -> usize {
        let open: Vec<Intent> = self.store.read(|r| r.intents().cloned().collect());
        let mut left = 0;
        for intent in open {
            let span = tracing::info_span!(
                "recover",
                request_id = %intent.request_id,
                registration_id = %intent.registration_id,
                username = %intent.username,
            );
            let _entered = span.enter();
            if let Err(refusal) = self.settle(&intent, &mut Trail::new(&mut |_| ())) {
                left += 1;
                tracing::error!(?refusal, "an unfinished operation can't be settled now");
            }
        }
        left += self.recover_groups();
        let refused = self.store.read(super::host::names_without_mail);
        if let Err(failure) = self.host.reconcile_refusals(&refused) {
            tracing::error!(error = %failure, "the map of refused recipients can't be put right");
        }
        left
    }

    /// Ends an operation that is still open: what closes an account is finished, what opens one
    /// is finished only if the host shows that nothing but the record is missing.
    pub(super) fn settle(&mut self, intent: &Intent, trail: &mut Trail<'_>) -> Result<(), Refusal> {
        tracing::warn!(work = ?intent.work, "{}: settling an unfinished operation", intent.username);
        let result = match &intent.work {
            Work::Create { .. } => None,
            Work::Activate { .. } => self.is_open(intent)?.then(|| self.perform_again(intent)),
            Work::SetPassword { digest } => self
                .has_password(intent, *digest)?
                .then(|| self.perform(intent, None, trail)),
            Work::ConfigureMail
            | Work::Discard
            | Work::SetSshKeys { .. }
            | Work::SetDisplayName { .. }
            | Work::Suspend
            | Work::Resume
            | Work::Archive
            | Work::Restore
            | Work::Remove => Some(self.perform(intent, None, trail)),
        };
        match result {
            Some(Ok(outcome)) => self.finish(intent, outcome, trail).map(drop),
            Some(Err(refusal)) => {
                let refusal = self.back_out(intent, refusal);
                let still_open = self.store.read(|r| r.intent(&intent.username).is_some());
                if still_open { Err(refusal) } else { Ok(()) }
            }
            None => {
                let undone = self.undo(intent).map_err(|failure| Refusal::Step {
                    step: Step::Record,
                    failure,
                });
                undone.and_then(|()| self.close_intent(intent))
            }
        }
    }

    /// After a failed step: takes back what was done where that is the safe side, and says what
    /// the caller is told.
    pub(super) fn back_out(&mut self, intent: &Intent, refusal: Refusal) -> Refusal {
        match &intent.work {
            // Half closed: stays on the books until it is done.
            Work::Discard | Work::Suspend => return refusal,
            // Past the point of no return: the same.
            Work::Archive | Work::Remove if !self.can_keep(intent) => return refusal,
            Work::Restore if !self.can_unrestore(intent) => return refusal,
            Work::Create { .. }
            | Work::Activate { .. }
            | Work::Resume
            | Work::Archive
            | Work::Restore
            | Work::Remove => {
                if let Err(failure) = self.undo(intent) {
                    tracing::error!(error = %failure, "what was done can't be undone now");
                    return Refusal::Step {
                        step: Step::Record,
                        failure: Failure::passing(format!(
                            "a step failed, and undoing it did too: {failure}"
                        )),
                    };
                }
            }
            // One atomic effect, or none that anyone can see.
            Work::ConfigureMail
            | Work::SetPassword { .. }
            | Work::SetSshKeys { .. }
            | Work::SetDisplayName { .. } => {}
        }
        match self.close_intent(intent) {
            Ok(()) => refusal,
            Err(e) => e,
        }
    }

    fn close_intent(&mut self, intent: &Intent) -> Result<(), Refusal> {
        self.commit(Event::Undone {
            request_id: intent.request_id,
        })
    }

    /// Takes back the effects of an operation that makes or opens an account, or packs it away.
    fn undo(&self, intent: &Intent) -> Result<(), Failure> {
        match &intent.work {
            Work::Create { .. } => self.undo_create(intent),
            Work::Activate { .. } => self.close_again(intent, PasswordField::Locked),
            Work::Resume => self.shut(intent),
            Work::Archive | Work::Remove => self.keep(intent),
            Work::Restore => self.unrestore(intent),
            _ => Ok(()),
        }
    }

    /// Whether the last effect of an activation, the end of the expiry, is there. The steps
    /// before it were done by then.
    fn is_open(&self, intent: &Intent) -> Result<bool, Refusal> {
        let own = self.is_own_user(intent).map_err(|failure| Refusal::Step {
            step: Step::Unlock,
            failure,
        })?;
        if !own {
            return Ok(false);
        }
        let shadow = self
            .host
            .accounts
            .shadow(intent.username.as_str())
            .map_err(|e| Refusal::Step {
                step: Step::Unlock,
                failure: e.into(),
            })?;
        Ok(shadow.is_some_and(|s| !s.expired()))
    }

    /// Whether the password of a call was set before the crash.
    fn has_password(&self, intent: &Intent, digest: Fingerprint) -> Result<bool, Refusal> {
        let shadow = self
            .host
            .accounts
            .shadow(intent.username.as_str())
            .map_err(|e| Refusal::Step {
                step: Step::Password,
                failure: e.into(),
            })?;
        Ok(shadow.is_some_and(|s| Fingerprint::of(s.password().as_bytes()) == digest))
    }

    /// The outcome of an activation whose effects are all there.
    fn perform_again(&self, intent: &Intent) -> Result<Outcome, Refusal> {
        let record = self.account(&intent.username)?;
        Ok(match &intent.work {
            Work::Activate { ssh_keys, password } => {
                Self::activated(record, intent.at, ssh_keys, *password)
            }
            _ => Outcome::Record(record),
        })
    }
}
