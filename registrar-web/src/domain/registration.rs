use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    BcryptHash, DisplayName, Email, Flow, InvalidTransition, InviteId, Profile, RegistrationId,
    Review, ReviewCase, SshPublicKey, Status, TokenDigest, Username, Verification, Work,
};

/// A person's way from the form to the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Names it.
    pub id: RegistrationId,
    /// For compare-and-swap; 1 when new, one more with each write.
    pub version: u64,
    /// The name asked for. Unique among registrations that hold theirs.
    pub username: Username,
    /// As typed.
    pub display_name: DisplayName,
    /// Where the verification goes. Not unique.
    pub email: Email,
    /// Missing in a draft, and again once the account is made.
    pub password_hash: Option<BcryptHash>,
    /// Keys to install.
    pub ssh_keys: Vec<SshPublicKey>,
    /// What else the person told.
    pub profile: Profile,
    /// The invite that it was made with.
    pub invite: Option<InviteId>,
    /// The order of its statuses, fixed when it began.
    pub flow: Flow,
    /// The last status reached; never `FAILED`.
    pub reached: Status,
    /// When each status was reached.
    pub history: Vec<Passed>,
    /// What can happen to it now.
    pub stage: Stage,
    /// The proof of address.
    pub verification: Option<Verification>,
    /// The reviewers' word.
    pub review: Review,
    /// What they have found and written.
    #[serde(default)]
    pub case: ReviewCase,
    /// What went wrong with its mail.
    pub mail_trouble: Option<MailTrouble>,
    /// What is to be done, and when.
    pub work: Work,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// A draft is dropped after this time; an unproven address ends the registration after this.
    pub expires_at: Timestamp,
}

/// A status and when it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Which.
    pub status: Status,
    /// When.
    pub at: Timestamp,
}

/// What can happen to a registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum Stage {
    /// The name is held while the password is hashed; nobody has been told anything.
    Draft,
    /// Goes its way.
    Running,
    /// Failed; what was done is being undone.
    Undoing {
        /// Why.
        failure: Failure,
    },
    /// Failed and undone. The name is free.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// The account is usable.
    Complete,
}

/// Why a registration ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word.
    pub code: String,
    /// For the person; no paths, no internals.
    pub message: String,
    /// The status it was on the way to.
    pub on_the_way_to: Status,
    /// When.
    pub at: Timestamp,
}

/// What went wrong with a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTrouble {
    /// When.
    pub at: Timestamp,
    /// What the mail system said, cleaned.
    pub message: String,
}

/// What a worker does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Carry out what leads to this status.
    Step(Status),
    /// The address has to be proven first.
    AwaitVerification,
    /// A reviewer has to decide first.
    AwaitReview,
    /// It ran out of time: fail it.
    Expire,
    /// Take these back, in this order, then conclude.
    Undo(Vec<Undo>),
    /// Nothing is left to do; the record may go.
    Delete,
    /// Nothing now.
    Nothing,
}

/// Something that was done and is to be undone. Each is idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Linux user, home and maps.
    Account,
    /// The member's record.
    User,
    /// The invite can be used again.
    Invite,
}

impl Registration {
    /// The status of the wire.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.stage {
            Stage::Undoing { .. } | Stage::Failed { .. } => Status::Failed,
            Stage::Draft | Stage::Running | Stage::Complete => self.reached,
        }
    }

    /// Percent of the way; a failed one keeps what it had.
    #[must_use]
    pub fn progress(&self) -> u8 {
        self.flow.progress(self.reached)
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.stage {
            Stage::Undoing { failure } | Stage::Failed { failure } => Some(failure),
            Stage::Draft | Stage::Running | Stage::Complete => None,
        }
    }

    /// The name that nobody else may register; `None` once it is free again.
    #[must_use]
    pub fn held_name(&self) -> Option<&Username> {
        (!matches!(self.stage, Stage::Failed { .. })).then_some(&self.username)
    }

    /// What the store finds it by when a link is opened.
    #[must_use]
    pub fn token_digest(&self) -> Option<&TokenDigest> {
        self.verification.as_ref().map(|v| &v.token)
    }

    /// Whether the person has proven the address.
    #[must_use]
    pub fn address_is_proven(&self) -> bool {
        self.verification
            .as_ref()
            .is_some_and(|v| v.used_at.is_some())
    }

    /// What a worker does next.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        match &self.stage {
            Stage::Draft if now >= self.expires_at => Next::Expire,
            Stage::Draft | Stage::Complete => Next::Nothing,
            Stage::Undoing { .. } => Next::Undo(self.undo_list()),
            // It is due only when its time of remembrance is over.
            Stage::Failed { .. } => Next::Delete,
            Stage::Running => self.next_of_running(now),
        }
    }

    fn next_of_running(&self, now: Timestamp) -> Next {
        let Some(next) = self.flow.after(self.reached) else {
            return Next::Nothing;
        };
        if next == Status::Verified && !self.address_is_proven() {
            return if now >= self.expires_at {
                Next::Expire
            } else {
                Next::AwaitVerification
            };
        }
        if next == self.flow.gated() && self.review.holds() {
            return Next::AwaitReview;
        }
        Next::Step(next)
    }

    /// What may have been done, latest first. The step under way may have been done in part, so it
    /// counts as done.
    fn undo_list(&self) -> Vec<Undo> {
        let at = self.flow.index(self.reached);
        let touched = |s: Status| self.flow.index(s) <= at + 1;
        let mut list = Vec::new();
        if touched(Status::SystemUserCreated) {
            list.push(Undo::Account);
        }
        if touched(Status::UserCreated) {
            list.push(Undo::User);
        }
        if self.invite.is_some() {
            list.push(Undo::Invite);
        }
        list
    }

    /// The password is hashed: the draft becomes a registration.
    pub fn begin(&mut self, hash: Option<BcryptHash>, now: Timestamp) {
        if self.stage == Stage::Draft {
            self.password_hash = hash;
            self.stage = Stage::Running;
            self.work.settle(Some(now));
            self.updated_at = now;
        }
    }

    /// Reaches the next status.
    ///
    /// # Errors
    /// `to` is not the next status of the flow, or the registration has ended.
    pub fn advance(&mut self, to: Status, now: Timestamp) -> Result<(), InvalidTransition> {
        if self.stage != Stage::Running || self.flow.after(self.reached) != Some(to) {
            return Err(InvalidTransition {
                from: self.status(),
                to,
            });
        }
        self.reached = to;
        self.history.push(Passed {
            status: to,
            at: now,
        });
        self.updated_at = now;
        if to == self.flow.last() {
            self.stage = Stage::Complete;
            // The member's record has them now.
            self.password_hash = None;
            self.work.settle(None);
        } else {
            self.work.settle(Some(now));
        }
        Ok(())
    }

    /// Ends it; the undo begins at once.
    ///
    /// # Errors
    /// It has ended already.
    pub fn fail(
        &mut self,
        code: &str,
        message: &str,
        now: Timestamp,
    ) -> Result<(), InvalidTransition> {
        if !matches!(self.stage, Stage::Running | Stage::Draft) {
            return Err(InvalidTransition {
                from: self.status(),
                to: Status::Failed,
            });
        }
        let failure = Failure {
            code: code.to_owned(),
            message: message.to_owned(),
            on_the_way_to: self.flow.after(self.reached).unwrap_or(self.reached),
            at: now,
        };
        self.stage = Stage::Undoing { failure };
        self.work.settle(Some(now));
        self.updated_at = now;
        Ok(())
    }

    /// Everything is undone: the name is free, the record is kept until `forget_at` so that the
    /// person can read why.
    pub fn conclude(&mut self, now: Timestamp, forget_at: Timestamp) {
        if let Stage::Undoing { failure } = &self.stage {
            self.stage = Stage::Failed {
                failure: failure.clone(),
            };
            self.password_hash = None;
            self.ssh_keys.clear();
            self.verification = None;
            self.work.settle(Some(forget_at));
            self.updated_at = now;
        }
    }

    /// The undo found the account in use: the registration has reached its end after all.
    pub fn complete_after_all(&mut self, now: Timestamp) {
        if !matches!(self.stage, Stage::Undoing { .. }) {
            return;
        }
        while let Some(next) = self.flow.after(self.reached) {
            self.reached = next;
            self.history.push(Passed {
                status: next,
                at: now,
            });
        }
        self.stage = Stage::Complete;
        self.password_hash = None;
        self.work.settle(None);
        self.updated_at = now;
    }

    /// The address is proven; the token can't be used again.
    pub fn prove_address(&mut self, now: Timestamp) {
        if let Some(v) = &mut self.verification
            && v.used_at.is_none()
        {
            v.used_at = Some(now);
            self.mail_trouble = None;
            self.work.settle(Some(now));
            self.updated_at = now;
        }
    }
}
