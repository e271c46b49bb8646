use provision_api::{
    Account, AccountState, ActivateAccount, BcryptHash, MAX_KEYS, SshPublicKey, Step,
};

use super::configure::wrong_state;
use super::refusal::{Failure, Refusal};
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::accounts::PasswordField;
use crate::config::PasswordPolicy;
use crate::journal::{Intent, Outcome, Work};
use crate::registry::Record;

impl Operator {
    /// On a host of key-only accounts the hash is not used, and the answer's `hasPassword` says
    /// so; a registration must not fail for want of a password that the host would not take.
    pub(super) fn activate_account(
        &mut self,
        call: &ActivateAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account_of(&call.username, call.registration_id)?;
        if record.state != AccountState::Locked {
            return Err(wrong_state(&record, "only a locked account is activated"));
        }
        if !record.mail_configured {
            return Err(wrong_state(&record, "its mail is not configured yet"));
        }
        let ssh_keys = lines(&call.ssh_keys)?;
        self.check_identity(&record)?;
        self.check_unprivileged(&record)?;
        let hash = match self.policy.password {
            PasswordPolicy::Account => call.password_hash.as_ref(),
            PasswordPolicy::None => None,
        };
        let work = Work::Activate {
            ssh_keys,
            password: hash.is_some(),
        };
        let intent = Self::intent_on(&record, asked, work);
        self.carry_out(&intent, hash, trail)
    }

    pub(super) fn do_activate(
        &self,
        record: Record,
        at: i64,
        ssh_keys: &[String],
        password: bool,
        hash: Option<&BcryptHash>,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        let keys = parsed(ssh_keys)?;
        let field = match hash {
            Some(hash) => PasswordField::Hash(hash),
            None => PasswordField::Impossible,
        };
        trail.step(Step::SshKeys, || host.install_keys(name, &keys))?;
        trail.step(Step::Password, || host.accounts.set_password(name, field))?;
        trail.step(Step::AcceptMail, || host.accept_mail(name))?;
        // Last: from here on the owner can come in.
        trail.step(Step::Unlock, || host.accounts.set_expired(name, false))?;
        Ok(Self::activated(record, at, ssh_keys, password))
    }

    pub(super) fn activated(
        record: Record,
        at: i64,
        ssh_keys: &[String],
        password: bool,
    ) -> Outcome {
        Outcome::Record(Record {
            state: AccountState::Active,
            ssh_keys: ssh_keys.to_vec(),
            has_password: password,
            activated_at: Some(at),
            ..record
        })
    }

    /// Whether the host's user of that name is the one that provisiond made.
    pub(super) fn is_own_user(&self, intent: &Intent) -> Result<bool, Failure> {
        let user = self.host.accounts.user(intent.username.as_str())?;
        Ok(user.is_some_and(|user| user.uid == intent.uid))
    }

    /// Puts a half-activated account back to locked.
    pub(super) fn close_again(
        &self,
        intent: &Intent,
        field: PasswordField<'_>,
    ) -> Result<(), Failure> {
        let name = &intent.username;
        // A user of that name who has another number is not this account's. The key file is, and
        // sshd would let its keys into whoever has the name.
        if !self.is_own_user(intent)? {
            return self.host.install_keys(name, &[]);
        }
        self.host.accounts.set_expired(name, true)?;
        self.host.refuse_mail(name)?;
        self.host.accounts.set_password(name, field)?;
        self.host.install_keys(name, &[])
    }
}

/// The keys as lines, no more than are allowed.
pub(super) fn lines(keys: &[SshPublicKey]) -> Result<Vec<String>, Refusal> {
    if keys.len() > MAX_KEYS {
        return Err(Refusal::InvalidArgument {
            field: "sshKeys",
            message: format!("at most {MAX_KEYS} keys are kept"),
        });
    }
    Ok(keys.iter().map(|k| k.as_line().to_owned()).collect())
}

/// The keys from the journal, parsed once more: what is written to a key file is never text that
/// was not.
pub(super) fn parsed(lines: &[String]) -> Result<Vec<SshPublicKey>, Refusal> {
    let keys: Result<Vec<_>, _> = lines.iter().map(|line| SshPublicKey::parse(line)).collect();
    keys.map_err(|e| Failure::lasting(format!("a recorded key is damaged: {e}")).at(Step::SshKeys))
}
