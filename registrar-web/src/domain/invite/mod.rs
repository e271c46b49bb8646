mod joins;
mod note;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::verification::VerificationKey;
use super::{Email, RegistrationId, Role, TokenDigest, UserId, Username, VerificationToken};

pub use joins::Joins;
pub use note::{InviteNote, NoteError};

/// Names an invite.
pub type InviteId = uuid::Uuid;

/// A permission to register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Names it.
    pub id: InviteId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// SHA-256 of the token in the link.
    pub token: TokenDigest,
    /// Whether it can be used; one for several people stays open until it is used up.
    pub state: InviteState,
    /// For whom it is, and what it brings.
    #[serde(default)]
    pub terms: InviteTerms,
    /// The registrations that were begun with it and have not failed.
    #[serde(default)]
    pub uses: Vec<InviteUse>,
    /// When it was taken back, and by whom.
    #[serde(default)]
    pub revoked: Option<Revoked>,
    /// Whether who made it was told that it has expired.
    #[serde(default)]
    pub expiry_told: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this time it can't be used.
    pub expires_at: Timestamp,
}

/// For whom an invite is, and what it brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InviteTerms {
    /// Who made it; `None` for the host's own admins.
    pub inviter: Option<Inviter>,
    /// What it makes of who accepts.
    pub role: Role,
    /// The organisation that it leads into.
    pub joins: Option<Joins>,
    /// The one address that may register with it.
    pub email: Option<Email>,
    /// A word to who gets it.
    pub note: Option<InviteNote>,
    /// How many may register with it.
    pub most_uses: u32,
}

/// The member who made an invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inviter {
    /// Who.
    pub id: UserId,
    /// The name at the time.
    pub username: Username,
}

/// A use of an invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteUse {
    /// By which registration; its member has the same id.
    pub registration: RegistrationId,
    /// Its name.
    pub username: Username,
    /// When it began.
    pub at: Timestamp,
    /// Whether it has succeeded.
    pub done: bool,
}

/// An invite that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// The name of who did.
    pub by: String,
}

/// Whether an invite can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum InviteState {
    /// Waits for its holder.
    Open,
    /// A registration is under way with it; a failed one gives it back.
    Claimed {
        /// Which.
        registration: RegistrationId,
    },
    /// A registration succeeded with it.
    Used {
        /// Which.
        registration: RegistrationId,
    },
}

/// How it stands with an invite, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteStanding {
    /// It can be used.
    Open,
    /// Registrations are under way with it; a failed one gives it back.
    Claimed,
    /// It is used up.
    Used,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

impl Default for InviteTerms {
    fn default() -> Self {
        Self {
            inviter: None,
            role: Role::ClientUser,
            joins: None,
            email: None,
            note: None,
            most_uses: 1,
        }
    }
}

impl InviteStanding {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Used => "used",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// The one of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Open,
            Self::Claimed,
            Self::Used,
            Self::Revoked,
            Self::Expired,
        ];
        all.into_iter().find(|s| s.as_str() == word)
    }
}

impl Invite {
    /// How many may register with one at most.
    pub const MOST_USES: u32 = 200;

    /// Makes one. Its token is derived from the service's key, so that its mail can be made when
    /// it is sent, and no token lies in the store.
    #[must_use]
    pub fn issue(
        key: &VerificationKey,
        id: InviteId,
        terms: InviteTerms,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            id,
            version: 1,
            token: token(key, id).digest(),
            state: InviteState::Open,
            terms,
            uses: Vec::new(),
            revoked: None,
            expiry_told: false,
            created_at: now,
            expires_at,
        }
    }

    /// The token; `None` where it is not one of that key.
    #[must_use]
    pub fn token(&self, key: &VerificationKey) -> Option<VerificationToken> {
        Some(token(key, self.id)).filter(|t| t.digest().is(&self.token))
    }

    /// Whether a registration may begin with it at that time.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.standing(now) == InviteStanding::Open
    }

    /// How it stands with it.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> InviteStanding {
        let done = self.uses.iter().filter(|u| u.done).count();
        match self.state {
            InviteState::Used { .. } => InviteStanding::Used,
            _ if self.is_for_many() && done >= self.most_uses() => InviteStanding::Used,
            _ if self.revoked.is_some() => InviteStanding::Revoked,
            InviteState::Claimed { .. } => InviteStanding::Claimed,
            InviteState::Open if self.uses.len() >= self.most_uses() => InviteStanding::Claimed,
            InviteState::Open if now >= self.expires_at => InviteStanding::Expired,
            InviteState::Open => InviteStanding::Open,
        }
    }

    /// Whether several people may register with it.
    #[must_use]
    pub fn is_for_many(&self) -> bool {
        self.terms.most_uses > 1
    }

    /// Whether who made it is still to be told when it expires.
    #[must_use]
    pub fn may_expire(&self) -> bool {
        let ends_otherwise = self.revoked.is_some()
            || matches!(self.state, InviteState::Used { .. })
            || self.uses.iter().filter(|u| u.done).count() >= self.most_uses();
        self.terms.inviter.is_some() && !self.expiry_told && !ends_otherwise
    }

    /// What it is found by in the audit log: who made it.
    #[must_use]
    pub fn name(&self) -> String {
        let inviter = self.terms.inviter.as_ref();
        inviter.map_or_else(|| "host".into(), |by| by.username.to_string())
    }

    /// For whom it is: one address, or whoever has the link.
    #[must_use]
    pub fn for_whom(&self) -> String {
        let bound = self.terms.email.as_ref();
        bound.map_or_else(|| "whoever has the link".into(), Email::to_string)
    }

    fn most_uses(&self) -> usize {
        usize::try_from(self.terms.most_uses).unwrap_or(usize::MAX)
    }

    /// Whether who has that address may register with it.
    #[must_use]
    pub fn is_for(&self, email: &Email) -> bool {
        let bound = self.terms.email.as_ref();
        bound.is_none_or(|bound| bound.unique_key() == email.unique_key())
    }

    /// A registration begins with it; `false` when it may not.
    #[must_use]
    pub fn claim(
        &mut self,
        registration: RegistrationId,
        username: &Username,
        now: Timestamp,
    ) -> bool {
        if !self.is_usable(now) {
            return false;
        }
        if !self.is_for_many() {
            self.state = InviteState::Claimed { registration };
        }
        self.uses.push(InviteUse {
            registration,
            username: username.clone(),
            at: now,
            done: false,
        });
        true
    }

    /// That registration has failed: it can be used again. `false` when it did not have it.
    pub fn give_back(&mut self, registration: RegistrationId) -> bool {
        let had = self.uses.len();
        self.uses
            .retain(|u| u.done || u.registration != registration);
        let was_claimed = self.state == InviteState::Claimed { registration };
        if was_claimed {
            self.state = InviteState::Open;
        }
        was_claimed || self.uses.len() < had
    }

    /// That registration has succeeded. `false` when it did not have it, or has before.
    pub fn spend(&mut self, registration: RegistrationId) -> bool {
        let was_claimed = self.state == InviteState::Claimed { registration };
        if was_claimed {
            self.state = InviteState::Used { registration };
        }
        let open = self
            .uses
            .iter_mut()
            .find(|u| u.registration == registration && !u.done);
        match open {
            Some(open) => {
                open.done = true;
                true
            }
            None => was_claimed,
        }
    }

    /// Takes it back: no registration begins with it from then on. One that has begun goes on.
    /// `false` when it is used up, so that there is nothing to take back.
    pub fn revoke(&mut self, by: &str, now: Timestamp) -> bool {
        if self.standing(now) == InviteStanding::Used {
            return false;
        }
        self.revoked.get_or_insert_with(|| Revoked {
            at: now,
            by: by.to_owned(),
        });
        true
    }
}

fn token(key: &VerificationKey, id: InviteId) -> VerificationToken {
    VerificationToken::from_bytes(key.derive(b"invite", id, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rid(n: u128) -> RegistrationId {
        RegistrationId::new(uuid::Uuid::from_u128(n))
    }

    fn invite(most_uses: u32) -> Invite {
        let terms = InviteTerms {
            most_uses,
            ..InviteTerms::default()
        };
        let key = VerificationKey::new([7; 32]);
        Invite::issue(&key, uuid::Uuid::from_u128(9), terms, at(0), at(100))
    }

    fn claim(invite: &mut Invite, n: u128) -> bool {
        let name = Username::parse("ada").unwrap();
        invite.claim(rid(n), &name, at(1))
    }

    #[test]
    fn a_single_one_is_claimed_given_back_and_used_once() {
        let mut one = invite(1);
        assert!(claim(&mut one, 1));
        assert!(!claim(&mut one, 2), "it is claimed");
        assert!(!one.give_back(rid(2)), "another one's");
        assert!(one.give_back(rid(1)));
        assert_eq!(one.standing(at(1)), InviteStanding::Open);
        assert!(claim(&mut one, 2));
        assert!(one.spend(rid(2)));
        assert!(!one.spend(rid(2)), "only once");
        assert!(!one.give_back(rid(2)), "what succeeded stays used");
        assert_eq!(one.standing(at(1)), InviteStanding::Used);
        assert!(!one.revoke("eve", at(2)));
    }

    #[test]
    fn one_for_many_is_used_by_so_many_and_no_more() {
        let mut one = invite(2);
        assert!(claim(&mut one, 1) && claim(&mut one, 2));
        assert!(!claim(&mut one, 3));
        assert_eq!(one.standing(at(1)), InviteStanding::Claimed);
        assert!(one.spend(rid(1)) && one.give_back(rid(2)));
        assert_eq!(one.standing(at(1)), InviteStanding::Open);
        assert!(claim(&mut one, 3) && one.spend(rid(3)));
        assert_eq!(one.standing(at(1)), InviteStanding::Used);
    }

    #[test]
    fn a_revoked_or_expired_one_begins_nothing_and_ends_nothing() {
        let mut one = invite(1);
        assert!(!one.is_usable(at(100)));
        assert!(claim(&mut one, 1));
        assert!(one.revoke("eve", at(2)) && one.revoke("bob", at(3)));
        assert_eq!(one.revoked.as_ref().unwrap().by, "eve");
        assert!(one.give_back(rid(1)));
        assert!(!claim(&mut one, 2), "given back, but revoked");
        let mut one = invite(1);
        assert!(claim(&mut one, 1) && one.revoke("eve", at(2)));
        assert!(one.spend(rid(1)), "what had begun goes on");
    }

    #[test]
    fn one_that_was_made_before_there_were_terms_is_a_plain_single_one() {
        let mut text = serde_json::to_value(invite(1)).unwrap();
        for field in ["terms", "uses", "revoked"] {
            text.as_object_mut().unwrap().remove(field);
        }
        let mut old: Invite = serde_json::from_value(text).unwrap();
        assert_eq!(old, invite(1));
        old.state = InviteState::Claimed {
            registration: rid(1),
        };
        assert!(old.spend(rid(1)));
    }

    #[test]
    fn a_bound_one_is_for_its_address_however_it_is_written() {
        let mut one = invite(1);
        one.terms.email = Email::parse("Ada@Example.org").ok();
        assert!(one.is_for(&Email::parse("ada@example.ORG").unwrap()));
        assert!(!one.is_for(&Email::parse("eve@example.org").unwrap()));
    }
}
