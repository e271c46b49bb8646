//! A member's password, keys and name: what changed when, and what the host still lacks of it.

use jiff::{SignedDuration, Timestamp};
use provision_api::Account;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    BcryptHash, DisplayName, FirstLogin, KeptKey, RequestId, SshPublicKey, User, UserState,
    Verification,
};

/// How long to leave an account alone of which the host refused a change: an admin may take it out
/// of a privileged group, or change a setting.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// How often a member who is not let in is looked at, whose host account lacks something.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What belongs to a member's password and keys, and to the name that the host has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The password.
    pub password: Kept,
    /// The SSH keys.
    pub ssh_keys: Kept,
    /// The name to show, the full name of the host account.
    #[serde(default)]
    pub display_name: Kept,
    /// A new password can be chosen with the link or code of a mail; its token is what the store
    /// finds the member by.
    pub recovery: Option<Verification>,
    /// Whether it was shown that the member gets in.
    #[serde(default)]
    pub first_login: FirstLogin,
}

/// How it stands with one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How often it was changed since the sign-up; names the change.
    pub change: u64,
    /// When it was changed last.
    pub changed_at: Option<Timestamp>,
    /// Whether the host has it.
    pub host: OnHost,
}

/// Whether the host has what the record says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum OnHost {
    /// It has.
    #[default]
    InStep,
    /// Not yet; it is being brought there.
    Due,
    /// It refuses to take it.
    Refused {
        /// When it was asked last.
        at: Timestamp,
        /// In the host's words.
        reason: String,
    },
}

/// One of the things that the host has of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostPart {
    /// The password.
    Password,
    /// The key file.
    SshKeys,
    /// The full name.
    DisplayName,
}

/// What is to be done on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostTask {
    /// Set the password.
    SetPassword(BcryptHash),
    /// Write the key file.
    SetSshKeys(Vec<SshPublicKey>),
    /// Set the full name.
    SetDisplayName(DisplayName),
}

impl Kept {
    fn changed(&mut self, now: Timestamp) {
        self.change = self.change.saturating_add(1);
        self.changed_at = Some(now);
    }

    fn is_due(&self, now: Timestamp) -> bool {
        match &self.host {
            OnHost::InStep => false,
            OnHost::Due => true,
            OnHost::Refused { at, .. } => now >= *at + ASK_AGAIN,
        }
    }
}

impl Credentials {
    /// How it stands with that part.
    #[must_use]
    pub fn of(&self, part: HostPart) -> &Kept {
        match part {
            HostPart::Password => &self.password,
            HostPart::SshKeys => &self.ssh_keys,
            HostPart::DisplayName => &self.display_name,
        }
    }

    fn of_mut(&mut self, part: HostPart) -> &mut Kept {
        match part {
            HostPart::Password => &mut self.password,
            HostPart::SshKeys => &mut self.ssh_keys,
            HostPart::DisplayName => &mut self.display_name,
        }
    }
}

impl HostPart {
    const ALL: [Self; 3] = [Self::Password, Self::SshKeys, Self::DisplayName];

    /// The word for it in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SshKeys => "ssh-keys",
            Self::DisplayName => "display-name",
        }
    }
}

impl User {
    /// Takes a new password; all sessions end, and what was mailed to choose one is of no use any
    /// more. `on_host` says whether it is the host's, too.
    pub fn set_password(&mut self, hash: BcryptHash, on_host: bool, now: Timestamp) {
        self.password_hash = Some(hash);
        self.end_sessions();
        self.credentials.recovery = None;
        self.credentials.password.changed(now);
        if on_host {
            self.host_lacks(HostPart::Password, now);
        }
    }

    /// Adds a key.
    pub fn add_ssh_key(&mut self, key: KeptKey, now: Timestamp) {
        self.ssh_keys.push(key);
        self.credentials.ssh_keys.changed(now);
        self.host_lacks(HostPart::SshKeys, now);
    }

    /// Removes a key; `None` when there is none of that id.
    pub fn remove_ssh_key(&mut self, id: super::SshKeyId, now: Timestamp) -> Option<KeptKey> {
        let at = self.ssh_keys.iter().position(|k| k.id == id)?;
        let removed = self.ssh_keys.remove(at);
        self.credentials.ssh_keys.changed(now);
        self.host_lacks(HostPart::SshKeys, now);
        Some(removed)
    }

    /// Takes another name to show.
    pub fn set_display_name(&mut self, name: DisplayName, now: Timestamp) {
        self.display_name = name;
        self.credentials.display_name.changed(now);
        self.host_lacks(HostPart::DisplayName, now);
    }

    /// The bare keys, as the host takes them.
    #[must_use]
    pub fn public_keys(&self) -> Vec<SshPublicKey> {
        self.ssh_keys.iter().map(|k| k.key.clone()).collect()
    }

    /// What an account lacks on the host that came back from the archive, where no password is kept:
    /// it is due once more. `on_host` says whether the password is the host's, too.
    pub fn came_back(&mut self, account: &Account, on_host: bool, now: Timestamp) {
        let keys = usize::try_from(account.ssh_key_count).unwrap_or(usize::MAX);
        let lacks = [
            (HostPart::Password, on_host && !account.has_password),
            (HostPart::SshKeys, keys != self.ssh_keys.len()),
        ];
        for (part, lacks) in lacks {
            if lacks && self.on_host().any(|p| p == part) {
                // Another request than the one that the host has answered before.
                let kept = self.credentials.of_mut(part);
                kept.change = kept.change.saturating_add(1);
                self.host_lacks(part, now);
            }
        }
    }

    fn host_lacks(&mut self, part: HostPart, now: Timestamp) {
        self.credentials.of_mut(part).host = OnHost::Due;
        // A worker that is at it keeps its lease, so that what it does can't come after what the
        // next one does.
        self.work.due_at = Some(now);
        self.work.attempts = 0;
        self.work.last_error = None;
    }

    /// What is to be done on the host now, if anything is.
    #[must_use]
    pub fn host_task(&self, now: Timestamp) -> Option<(HostPart, HostTask)> {
        if self.state != UserState::Active {
            return None;
        }
        let mut due = self
            .on_host()
            .filter(|part| self.credentials.of(*part).is_due(now));
        due.find_map(|part| {
            let task = match part {
                HostPart::Password => HostTask::SetPassword(self.password_hash.clone()?),
                HostPart::SshKeys => HostTask::SetSshKeys(self.public_keys()),
                HostPart::DisplayName => HostTask::SetDisplayName(self.display_name.clone()),
            };
            Some((part, task))
        })
    }

    /// What the host has of the member. There is no way to take a password away.
    fn on_host(&self) -> impl Iterator<Item = HostPart> {
        let is_there =
            |part: &HostPart| *part != HostPart::Password || self.password_hash.is_some();
        HostPart::ALL.into_iter().filter(is_there)
    }

    /// The request id of a task: the same for the same change, so that a repeated attempt, after a
    /// crash too, is the same request. A UUID of version 8 (RFC 9562).
    #[must_use]
    pub fn host_request(&self, part: HostPart, task: &HostTask) -> RequestId {
        let mut hash = Sha256::new();
        hash.update(self.id.uuid().as_bytes());
        hash.update(part.as_str());
        hash.update(self.credentials.of(part).change.to_be_bytes());
        match task {
            HostTask::SetPassword(password) => hash.update(password.expose()),
            HostTask::SetSshKeys(keys) => {
                for key in keys {
                    hash.update(key.as_line());
                    hash.update(b"\n");
                }
            }
            HostTask::SetDisplayName(name) => hash.update(name.as_str()),
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        RequestId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Takes down what became of a task, unless the member has changed it again meanwhile.
    pub fn host_did(&mut self, part: HostPart, change: u64, host: OnHost) {
        let kept = self.credentials.of_mut(part);
        if kept.change == change {
            kept.host = host;
        }
    }

    /// When to look after the host again; `None` when it has everything.
    #[must_use]
    pub fn host_due(&self, now: Timestamp) -> Option<Timestamp> {
        let due = self
            .on_host()
            .filter_map(|part| match &self.credentials.of(part).host {
                OnHost::InStep => None,
                OnHost::Due => Some(now),
                OnHost::Refused { at, .. } => Some(*at + ASK_AGAIN),
            });
        let due = due.min().map(|due| match self.state {
            UserState::Active => due,
            _ => due.max(now + LOOK_AGAIN),
        });
        due.into_iter().chain(self.first_login_due(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Access, Email, Profile, RegistrationId, Role, Username, Work};

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn hash(last: char) -> BcryptHash {
        let body = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe";
        BcryptHash::parse(&format!("$2b$10${body}{last}")).unwrap()
    }

    fn user() -> User {
        User {
            id: RegistrationId::new(uuid::Uuid::from_u128(1)),
            version: 1,
            username: Username::parse("ada").unwrap(),
            display_name: DisplayName::parse("Ada").unwrap(),
            email: Email::parse("ada@example.org").unwrap(),
            email_proven: true,
            password_hash: Some(hash('a')),
            ssh_keys: Vec::new(),
            profile: Profile::default(),
            role: Role::ClientUser,
            organisation: None,
            state: UserState::Active,
            access: Access::default(),
            standing: Default::default(),
            credentials: Credentials::default(),
            work: Work::default(),
            created_at: at(0),
        }
    }

    #[test]
    fn the_same_keys_set_again_later_are_another_request() {
        let mut user = user();
        let key = KeptKey::of_sign_up(SshPublicKey::parse(KEY).unwrap());
        let mut requests = Vec::new();
        for _ in 0..2 {
            user.add_ssh_key(key.clone(), at(1));
            let (part, task) = user.host_task(at(1)).unwrap();
            requests.push(user.host_request(part, &task));
            assert_eq!(user.host_request(part, &task), requests[requests.len() - 1]);
            user.remove_ssh_key(key.id, at(1)).unwrap();
        }
        assert_ne!(requests[0], requests[1]);
    }

    #[test]
    fn what_a_late_answer_is_about_does_not_hide_a_newer_change() {
        let mut user = user();
        user.set_password(hash('b'), true, at(1));
        let before = user.credentials.password.change;
        user.set_password(hash('c'), true, at(2));
        user.host_did(HostPart::Password, before, OnHost::InStep);
        assert_eq!(user.credentials.password.host, OnHost::Due);
        let task = user.host_task(at(2));
        assert_eq!(
            task,
            Some((HostPart::Password, HostTask::SetPassword(hash('c'))))
        );
    }

    #[test]
    fn what_is_refused_does_not_hold_up_the_other_and_is_asked_again_after_a_day() {
        let mut user = user();
        user.set_password(hash('b'), true, at(1));
        user.add_ssh_key(
            KeptKey::of_sign_up(SshPublicKey::parse(KEY).unwrap()),
            at(1),
        );
        let refused = OnHost::Refused {
            at: at(1),
            reason: "no".into(),
        };
        user.host_did(HostPart::Password, 1, refused);
        assert_eq!(user.host_task(at(2)).unwrap().0, HostPart::SshKeys);
        user.host_did(HostPart::SshKeys, 1, OnHost::InStep);
        assert_eq!(user.host_task(at(2)), None);
        let day = at(1) + ASK_AGAIN;
        assert_eq!(user.host_due(at(2)), Some(day));
        assert_eq!(user.host_task(day).unwrap().0, HostPart::Password);
    }

    #[test]
    fn who_is_suspended_is_left_alone_and_not_forgotten() {
        let mut user = user();
        user.set_password(hash('b'), true, at(1));
        user.set_state(UserState::Suspended);
        assert_eq!(user.host_task(at(1)), None);
        assert_eq!(user.host_due(at(1)), Some(at(1) + LOOK_AGAIN));
        user.set_state(UserState::Active);
        assert!(user.host_task(at(1)).is_some());
    }
}
