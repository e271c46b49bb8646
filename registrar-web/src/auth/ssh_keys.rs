//! A member's SSH keys.

use super::credentials::CredentialError;
use super::login::TRIES;
use super::world::{Auth, Client};
use crate::domain::{
    Action, Actor, CredentialChange, KeptKey, SshKeyId, SshPublicKey, User, UserState,
};
use crate::ports::{EntropyExt, StoreError};

impl Auth {
    /// Adds a key; returns the member as written, and the key. The host follows in the background.
    ///
    /// # Errors
    /// See [`CredentialError`]; what is wrong with the key is told as at the sign-up.
    pub async fn add_ssh_key(
        &self,
        user: &User,
        line: &str,
        label: Option<&str>,
        client: &Client,
    ) -> Result<(User, KeptKey), CredentialError> {
        let key =
            SshPublicKey::parse(line).map_err(|e| CredentialError::field("key", e.code(), e))?;
        let label = judge_label(label)?;
        let now = self.world.now();
        let new = KeptKey::added(self.world.entropy.uuid_v7(now), key, label, now);
        let fingerprint = new.key.fingerprint().to_owned();
        let what = CredentialChange::SshKeyAdded {
            fingerprint: fingerprint.clone(),
        };
        let changed = self
            .change_keys(user, what, client, |user| {
                let mut kept = user.ssh_keys.iter();
                if kept.any(|k| k.key.fingerprint() == fingerprint) {
                    return Err(CredentialError::KeyKept);
                }
                if user.ssh_keys.len() >= provision_api::MAX_KEYS {
                    let most = provision_api::MAX_KEYS;
                    let words = format!("at most {most} keys are kept; remove one first");
                    return Err(CredentialError::field("key", "too-many", words));
                }
                user.add_ssh_key(new.clone(), now);
                Ok(())
            })
            .await?;
        self.audit_keys(Action::SshKeyAdded, &changed, client, fingerprint)
            .await?;
        Ok((changed, new))
    }

    /// Adds the keys of a paste, one a line; says how many. All are judged before the first is
    /// added, and those that are kept already are passed over. The label is for a single one.
    ///
    /// # Errors
    /// See [`CredentialError`]; the field is `sshKeys`, and the line is named as at the sign-up.
    pub async fn add_ssh_keys(
        &self,
        user: &User,
        paste: &str,
        label: Option<&str>,
        client: &Client,
    ) -> Result<usize, CredentialError> {
        let wrong = |code: &str, words: String| CredentialError::field("sshKeys", code, words);
        let keys = SshPublicKey::parse_lines(paste)
            .map_err(|(line, e)| wrong(e.code(), format!("line {line}: {e}")))?;
        if keys.is_empty() {
            return Err(wrong("required", "paste a public key".to_owned()));
        }
        judge_label(label)?;
        let is_new = |key: &&SshPublicKey| {
            let mut kept = user.ssh_keys.iter();
            kept.all(|k| k.key.fingerprint() != key.fingerprint())
        };
        let label = label.filter(|_| keys.len() == 1);
        let new: Vec<_> = keys.iter().filter(is_new).collect();
        if new.is_empty() {
            return Err(CredentialError::KeyKept);
        }
        let most = provision_api::MAX_KEYS;
        if user.ssh_keys.len() + new.len() > most {
            let words = format!("at most {most} keys are kept; remove one first");
            return Err(wrong("too-many", words));
        }
        for key in &new {
            self.add_ssh_key(user, key.as_line(), label, client).await?;
        }
        Ok(new.len())
    }

    /// Removes a key.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub async fn remove_ssh_key(
        &self,
        user: &User,
        id: SshKeyId,
        client: &Client,
    ) -> Result<(), CredentialError> {
        let found = user.ssh_keys.iter().find(|k| k.id == id);
        let key = found.ok_or(CredentialError::NoSuchKey)?;
        let fingerprint = key.key.fingerprint().to_owned();
        let what = CredentialChange::SshKeyRemoved {
            fingerprint: fingerprint.clone(),
        };
        let now = self.world.now();
        let changed = self
            .change_keys(user, what, client, |user| {
                if !self.policy.host_password && user.ssh_keys.len() == 1 {
                    return Err(CredentialError::LastKey);
                }
                let removed = user.remove_ssh_key(id, now);
                removed.map(|_| ()).ok_or(CredentialError::NoSuchKey)
            })
            .await?;
        self.audit_keys(Action::SshKeyRemoved, &changed, client, fingerprint)
            .await
    }

    /// Writes a change; the owner is told first, as with passwords.
    async fn change_keys(
        &self,
        user: &User,
        what: CredentialChange,
        client: &Client,
        change: impl Fn(&mut User) -> Result<(), CredentialError> + Send + Sync,
    ) -> Result<User, CredentialError> {
        let notice = self.notice(what.clone(), client);
        for _ in 0..TRIES {
            let found = self.world.store.user(user.id).await?;
            let active = found.filter(|u| u.state == UserState::Active);
            let mut user = active.ok_or(StoreError::Conflict)?;
            change(&mut user)?;
            self.tell_owner(&user, &notice).await?;
            match self.world.store.update_user(user).await {
                Ok(user) => {
                    self.world.members_due.notify_one();
                    tracing::info!(USERNAME = %user.username, ?what, "keys changed");
                    self.tell_live(&user, what).await;
                    return Ok(user);
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn audit_keys(
        &self,
        action: Action,
        user: &User,
        client: &Client,
        fingerprint: String,
    ) -> Result<(), CredentialError> {
        let details = vec![("fingerprint", fingerprint)];
        self.audit_change(action, Actor::member(user), user, client, details)
            .await?;
        Ok(())
    }
}

fn judge_label(label: Option<&str>) -> Result<Option<String>, CredentialError> {
    let Some(label) = label.map(str::trim).filter(|l| !l.is_empty()) else {
        return Ok(None);
    };
    if label.chars().count() > KeptKey::LONGEST_LABEL {
        let words = format!("a label has at most {} characters", KeptKey::LONGEST_LABEL);
        return Err(CredentialError::field("label", "too-long", words));
    }
    if label.chars().any(char::is_control) {
        let words = "a label has no control characters and is one line";
        return Err(CredentialError::field("label", "control-character", words));
    }
    Ok(Some(label.to_owned()))
}
