use std::net::Ipv6Addr;

use jiff::SignedDuration;

use super::error::RegisterError;
use super::leaked::LEAKED;
use super::names::{is_of_organisation, name_refusal};
use super::view::RegistrationView;
use super::world::Registrar;
use crate::domain::{
    FieldErrors, Invite, Mode, Passed, Password, Places, Registration, RegistrationId, Review,
    ReviewCase, SignupForm, SignupRequest, Stage, Status, Timestamp, UserState, Username, Work,
};
use crate::ports::{EntropyExt, HashError, StoreError, Unique};

/// How long a name is held for someone whose password is being hashed.
const DRAFT_TTL: SignedDuration = SignedDuration::from_mins(2);

/// The client that limits count: an IPv4 address or an IPv6 /64, as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey(pub String);

/// How many times the share of one IPv6 /64 a /48 has, which is what a customer of a provider gets.
const SHARES_OF_48: u32 = 4;

impl ClientKey {
    /// The /48 around an IPv6 /64.
    pub(crate) fn network(&self) -> Option<String> {
        let prefix: Ipv6Addr = self.0.strip_suffix("/64")?.parse().ok()?;
        let network = u128::from(prefix) & (u128::MAX << 80);
        Some(format!("{}/48", Ipv6Addr::from(network)))
    }
}

/// Whether a name can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAnswer {
    /// It can.
    pub available: bool,
    /// In words, with the rule that refuses it.
    pub message: String,
}

impl Registrar {
    /// Takes a registration in. The name is reserved before the hash is paid for; a caller that
    /// goes away meanwhile changes nothing, the registration goes on.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing is left of the attempt then.
    pub async fn register(
        &self,
        form: SignupForm,
        client: &ClientKey,
    ) -> Result<RegistrationView, RegisterError> {
        let (this, client) = (self.clone(), client.clone());
        let span = tracing::Span::current();
        let work = async move { this.take_in(form, &client).await };
        tokio::spawn(tracing::Instrument::instrument(work, span))
            .await
            .unwrap_or_else(|e| Err(RegisterError::Internal(e.to_string())))
    }

    async fn take_in(
        &self,
        form: SignupForm,
        client: &ClientKey,
    ) -> Result<RegistrationView, RegisterError> {
        if self.policy.mode == Mode::Closed {
            return Err(RegisterError::Closed);
        }
        let now = self.world.now();
        let request = form
            .parse(&self.policy.signup_rules(now))
            .map_err(RegisterError::Fields)?;
        let invite = self.usable_invite(&request, now).await?;
        self.must_have_room(invite.as_ref()).await?;
        self.must_be_free(&request.username).await?;
        self.must_be_within_limit(client, now).await?;
        self.must_not_be_leaked(request.password.as_ref()).await?;

        let id = RegistrationId::new(self.world.entropy.uuid_v7(now));
        let (draft, password) = self.draft(id, request, invite.as_ref(), now);
        match self.world.store.insert_registration(&draft).await {
            Err(StoreError::Duplicate(Unique::Username)) => return Err(taken(&draft.username)),
            other => other?,
        }
        // One that began since the name was looked up: of the two, each sees the other.
        if is_of_organisation(&self.world, &draft.username).await? {
            let refusal = taken(&draft.username);
            return Err(self.drop_draft(&draft, refusal).await);
        }
        if let Some(invite) = invite
            && let Err(e) = self.claim_invite(invite, &draft).await
        {
            return Err(self.drop_draft(&draft, e).await);
        }
        let hash = match password {
            None => None,
            Some(password) => match self.hashes.hash(password).await {
                Ok(hash) => Some(hash),
                Err(e) => {
                    let e = match e {
                        HashError::Busy {
                            retry_after_seconds,
                        } => RegisterError::Busy {
                            retry_after_seconds,
                        },
                        HashError::Failed(text) => RegisterError::Internal(text),
                    };
                    return Err(self.drop_draft(&draft, e).await);
                }
            },
        };
        let mut begun = draft;
        begun.case.warnings = match self.find_warnings(&begun, client).await {
            Ok(warnings) => warnings,
            Err(e) => return Err(self.drop_draft(&begun, e.into()).await),
        };
        begun.begin(hash, self.world.now());
        let begun = self.world.store.update_registration(begun).await?;
        self.world.registrations_due.notify_one();
        tracing::info!(REGISTRATION_ID = %begun.id, USERNAME = %begun.username, "registration taken in");
        Ok(RegistrationView::of(&begun, self.world.now()))
    }

    fn draft(
        &self,
        id: RegistrationId,
        request: SignupRequest,
        invite: Option<&Invite>,
        now: Timestamp,
    ) -> (Registration, Option<Password>) {
        let expires_at = now + DRAFT_TTL;
        let draft = Registration {
            id,
            version: 1,
            username: request.username,
            display_name: request.display_name,
            email: request.email,
            password_hash: None,
            ssh_keys: request.ssh_keys,
            profile: request.profile,
            invite: invite.map(|i| i.id),
            flow: self.policy.flow,
            reached: Status::Initiated,
            history: vec![Passed {
                status: Status::Initiated,
                at: now,
            }],
            stage: Stage::Draft,
            verification: None,
            review: match self.policy.mode {
                Mode::Approval => Review::Waiting { since: now },
                Mode::Closed | Mode::Invite | Mode::Open => Review::NotNeeded,
            },
            case: ReviewCase::default(),
            mail_trouble: None,
            work: Work::due(expires_at),
            created_at: now,
            updated_at: now,
            expires_at,
        };
        (draft, request.password)
    }

    async fn must_not_be_leaked(&self, password: Option<&Password>) -> Result<(), RegisterError> {
        match password {
            Some(password) if self.world.is_leaked(password).await => {
                let mut errors = FieldErrors::default();
                errors.add("password", LEAKED.0, LEAKED.1);
                Err(RegisterError::Fields(errors))
            }
            _ => Ok(()),
        }
    }

    /// How many places are taken; `None` where there is no end of them.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn places(&self) -> Result<Option<Places>, StoreError> {
        let Some(all) = self.policy.capacity else {
            return Ok(None);
        };
        let taken = self.world.store.count_users().await?;
        let all = all.get();
        Ok(Some(Places { taken, all }))
    }

    /// Whether someone else may come in. Those who sign up in the same moment do not see each other, so
    /// some may come in beyond the last place.
    async fn must_have_room(&self, invite: Option<&Invite>) -> Result<(), RegisterError> {
        if !self.places().await?.is_some_and(Places::is_full) {
            return Ok(());
        }
        let Some(invite) = invite else {
            return Err(RegisterError::Full);
        };
        let inviter = match &invite.terms.inviter {
            None => None,
            Some(inviter) => {
                let user = self.world.store.user(inviter.id).await?;
                Some(user.ok_or(RegisterError::Full)?.role)
            }
        };
        if Invite::makes_room(inviter) {
            Ok(())
        } else {
            Err(RegisterError::Full)
        }
    }

    async fn must_be_free(&self, name: &Username) -> Result<(), RegisterError> {
        match name_refusal(&self.world, name).await? {
            None => Ok(()),
            Some(reason) => Err(RegisterError::NameUnavailable {
                username: name.clone(),
                reason,
            }),
        }
    }

    /// Whether a name can be had, in words.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn check_username(&self, text: &str) -> Result<NameAnswer, StoreError> {
        let refuse = |message: String| NameAnswer {
            available: false,
            message,
        };
        let name = match Username::parse(text) {
            Ok(name) => name,
            Err(e) => return Ok(refuse(format!("{e}."))),
        };
        Ok(match name_refusal(&self.world, &name).await? {
            None => NameAnswer {
                available: true,
                message: format!("{name} is available."),
            },
            Some(reason) => refuse(format!("{name} is not available: {reason}.")),
        })
    }

    /// Where the latest registration of that name stands.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn registration(
        &self,
        name: &Username,
    ) -> Result<Option<RegistrationView>, StoreError> {
        let found = self.world.store.registration_by_username(name).await?;
        // A draft has not been told to anyone.
        let Some(found) = found.filter(|r| r.stage != Stage::Draft) else {
            return Ok(None);
        };
        let view = RegistrationView::of(&found, self.world.now());
        if found.stage != Stage::Complete {
            return Ok(Some(view));
        }
        let member = self.world.store.user(found.id).await?;
        let is_deleted = member.is_some_and(|m| m.state == UserState::Deleted);
        Ok(Some(if is_deleted { view.closed() } else { view }))
    }

    async fn must_be_within_limit(
        &self,
        client: &ClientKey,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let (most, window) = self.policy.registrations;
        let mut counters = vec![(client.0.clone(), most)];
        // Its /64s are free to whoever has a /48.
        counters.extend(
            client
                .network()
                .map(|network| (network, most.saturating_mul(SHARES_OF_48))),
        );
        for (key, most) in counters {
            let key = format!("register:{key}");
            let counted = self.world.store.count(&key, window, now).await?;
            if counted.count > most {
                return Err(limited(counted.resets_at, now));
            }
        }
        Ok(())
    }

    /// Frees the name again. When even that fails, the draft's own expiry does it.
    async fn drop_draft(&self, draft: &Registration, why: RegisterError) -> RegisterError {
        if let Some(id) = draft.invite
            && let Err(e) = super::invited::return_invite(&self.world, id, draft.id).await
        {
            tracing::warn!(error = %e, REGISTRATION_ID = %draft.id, "the invite is given back when the draft expires");
            return why;
        }
        if let Err(e) = self.world.store.delete_registration(draft).await {
            tracing::warn!(error = %e, REGISTRATION_ID = %draft.id, "the draft is left to expire");
        }
        why
    }
}

fn limited(until: Timestamp, now: Timestamp) -> RegisterError {
    let seconds = (until - now)
        .total(jiff::Unit::Second)
        .unwrap_or(1.0)
        .ceil()
        .max(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    RegisterError::Limited {
        retry_after_seconds: seconds as u32,
    }
}

fn taken(name: &Username) -> RegisterError {
    RegisterError::NameUnavailable {
        username: name.clone(),
        reason: "someone has it; choose another one".into(),
    }
}
