//! An account whose life is told on the admin socket, each call repeated under its own id.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use provision_api::{
    Account, AccountState, ActivateAccount, BcryptHash, CallError, ConfigureMail, CreateAccount,
    DiscardAccount, DisplayName, LoginProof, Method, OnAccount, RegistrationId, SetDisplayName,
    SetPassword, SetSshKeys, SshPublicKey, Username, Verdict,
};

use crate::scenario::{KEY, Scenario};
use crate::site::{SPOOLS, Site, request_id};

const HASH: &str = "$2b$12$abcdefghijklmnopqrstuu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K";
const OTHER_HASH: &str = "$2b$10$zyxwvutsrqponmlkjihgfu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K";
const CRONTAB: &str = "0 5 * * * /bin/true\n";
const LETTER: &str = "not to be lost\n";

/// A call, and what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are called like the calls")]
pub enum Call {
    Create,
    Configure,
    Activate,
    /// Whether its owner gets in: a greeting is left, once.
    Prove,
    SetPassword,
    RemoveKeys,
    SetKeys,
    SetName,
    /// Of someone with a running process, a crontab, and a lingering user manager.
    Suspend,
    Resume,
    Archive,
    /// Of a home that has a file system mounted in it.
    ArchiveInVain,
    Restore,
    Remove,
    RemoveArchived,
    Discard,
}

impl Call {
    /// The state that it ends in; `None` if it is refused.
    fn ends_in(self) -> Option<AccountState> {
        Some(match self {
            Self::Create | Self::Configure => AccountState::Locked,
            Self::Activate
            | Self::Prove
            | Self::SetPassword
            | Self::RemoveKeys
            | Self::SetKeys
            | Self::SetName
            | Self::Resume => AccountState::Active,
            Self::Suspend | Self::Restore => AccountState::Suspended,
            Self::Archive => AccountState::Archived,
            Self::ArchiveInVain => return None,
            Self::Remove | Self::RemoveArchived | Self::Discard => AccountState::Removed,
        })
    }

    /// It, on that account, under a new id.
    ///
    /// # Panics
    /// Never: the values are good ones.
    #[must_use]
    pub fn method(self, username: &Username, registration_id: RegistrationId) -> Method {
        let (request_id, username) = (request_id(), username.clone());
        let hash = |text| BcryptHash::parse(text).expect("a good hash");
        let keys = || vec![SshPublicKey::parse(KEY).expect("a good key")];
        let on = || OnAccount {
            request_id,
            username: username.clone(),
        };
        match self {
            Self::Create => Method::CreateAccount(CreateAccount {
                request_id,
                registration_id,
                username,
                display_name: DisplayName::parse("Ada Lovelace").expect("a good name"),
            }),
            Self::Configure => Method::ConfigureMail(ConfigureMail {
                request_id,
                registration_id,
                username,
            }),
            Self::Activate => Method::ActivateAccount(ActivateAccount {
                request_id,
                registration_id,
                username,
                password_hash: Some(hash(HASH)),
                ssh_keys: keys(),
            }),
            Self::SetPassword => Method::SetPassword(SetPassword {
                request_id,
                username,
                password_hash: hash(OTHER_HASH),
            }),
            Self::RemoveKeys | Self::SetKeys => Method::SetSshKeys(SetSshKeys {
                request_id,
                username,
                ssh_keys: if self == Self::SetKeys {
                    keys()
                } else {
                    Vec::new()
                },
            }),
            Self::SetName => Method::SetDisplayName(SetDisplayName {
                request_id,
                username,
                display_name: DisplayName::parse("Ada King").expect("a good name"),
            }),
            Self::Prove => Method::ProveAccount(on()),
            Self::Suspend => Method::SuspendAccount(on()),
            Self::Resume => Method::ResumeAccount(on()),
            Self::Archive | Self::ArchiveInVain => Method::ArchiveAccount(on()),
            Self::Restore => Method::RestoreAccount(on()),
            Self::Remove | Self::RemoveArchived => Method::RemoveAccount(on()),
            Self::Discard => Method::DiscardAccount(DiscardAccount {
                request_id,
                registration_id,
                username,
            }),
        }
    }
}

/// What a call was answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Done(Box<Account>),
    Proven(Box<LoginProof>),
    Refused,
}

/// Someone who has an account.
pub struct Member {
    name: Username,
    registration_id: RegistrationId,
    calls: Vec<(Call, Method)>,
    at: usize,
    answered: Option<Answer>,
    process: Option<Child>,
    has_jobs: bool,
    mounted: bool,
}

impl Member {
    /// Of whom these calls are made.
    ///
    /// # Panics
    /// It is no name.
    #[must_use]
    pub fn new(name: &str, calls: &[Call]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a fresh id for a test")]
        let registration_id = RegistrationId::new(uuid::Uuid::new_v4());
        let name = Username::parse(name).expect("a good name");
        let calls = calls.iter();
        Self {
            calls: calls
                .map(|call| (*call, call.method(&name, registration_id)))
                .collect(),
            name,
            registration_id,
            at: 0,
            answered: None,
            process: None,
            has_jobs: false,
            mounted: false,
        }
    }

    fn home(&self) -> PathBuf {
        Path::new("/home").join(self.name.as_str())
    }

    /// A suspension has a process to end, jobs to keep from starting, and a home to leave alone.
    fn be_busy(&mut self, site: &Site<'_>) {
        if self.process.is_some() {
            return;
        }
        let Ok(view) = site.account(&self.name) else {
            return;
        };
        let uid = view.account.uid;
        let own = |path: &Path, content: &str| {
            fs::write(path, content).expect("a file");
            chown(path, Some(uid), Some(uid)).expect("its owner");
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
        };
        own(&self.home().join("letter"), LETTER);
        let [crontab, linger] = SPOOLS.map(|spool| Path::new(spool).join(self.name.as_str()));
        own(&crontab, CRONTAB);
        fs::write(linger, "").expect("a file");
        self.has_jobs = true;
        let sleeping = Command::new("/bin/sleep")
            .arg("600")
            .uid(uid)
            .gid(uid)
            .stdin(Stdio::null())
            .spawn();
        self.process = sleeping.ok();
    }

    fn mount(&mut self) {
        if !self.mounted {
            let none = None::<&str>;
            let public = self.home().join("public");
            mount(
                Some("tmpfs"),
                &public,
                Some("tmpfs"),
                MsFlags::empty(),
                none,
            )
            .expect("a tmpfs");
            self.mounted = true;
        }
    }

    fn prepare(&mut self, site: &Site<'_>) {
        match self.calls.get(self.at) {
            Some((Call::Suspend, _)) => self.be_busy(site),
            Some((Call::ArchiveInVain, _)) => self.mount(),
            _ => {}
        }
    }

    /// What the registry does not say.
    fn look(&mut self, call: Call) -> Result<(), String> {
        if let Some(mut process) = self.process.take() {
            match process.try_wait() {
                Ok(Some(_)) => {}
                other => return Err(format!("a process goes on: {other:?}")),
            }
        }
        if call == Call::Prove {
            let new = fs::read_dir(self.home().join("Maildir/new"));
            let new = new.map_err(|e| format!("the Maildir: {e}"))?.flatten();
            let greetings = new
                .filter(|entry| entry.file_name().to_string_lossy().contains(".greeting."))
                .count();
            if greetings != 1 {
                return Err(format!("{greetings} greetings"));
            }
        }
        if call == Call::ArchiveInVain {
            umount2(&self.home().join("public"), MntFlags::MNT_DETACH)
                .map_err(|e| format!("the home is not in its place: {e}"))?;
        }
        let state = call.ends_in().unwrap_or(AccountState::Suspended);
        if !self.has_jobs || state == AccountState::Removed {
            return Ok(());
        }
        let name = self.name.as_str();
        let wait = Path::new("/var/lib/provisiond/jobs").join(self.registration_id.to_string());
        let places = match state {
            AccountState::Active => SPOOLS.map(|spool| Path::new(spool).join(name)),
            _ => ["crontab", "linger"].map(|kind| wait.join(format!("{kind}-{name}"))),
        };
        let found = places.map(|path| fs::read_to_string(path).unwrap_or("nothing".into()));
        if found != [CRONTAB, ""] {
            return Err(format!("after {call:?} the jobs are {found:?}"));
        }
        if state != AccountState::Archived {
            let letter = self.home().join("letter");
            let owner = fs::symlink_metadata(&letter).map_or(0, |m| m.uid());
            let home = fs::symlink_metadata(self.home()).map_or(0, |m| m.uid());
            let content = fs::read_to_string(&letter).unwrap_or_default();
            if content != LETTER || owner != home || owner == 0 {
                return Err(format!("the letter is now {owner}'s: {content:?}"));
            }
        }
        Ok(())
    }
}

impl Scenario for Member {
    fn step(&mut self, site: &mut Site<'_>) -> Result<bool, String> {
        self.prepare(site);
        let Some((call, method)) = self.calls.get(self.at) else {
            return Ok(true);
        };
        let call = *call;
        let answered = match method {
            Method::ProveAccount(asked) => site
                .prove(asked)
                .map(|proof| Answer::Proven(Box::new(proof))),
            _ => site
                .change(method)
                .map(|account| Answer::Done(Box::new(account))),
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(CallError::Refused(e)) if !e.is_transient() => match call.ends_in() {
                Some(_) => return Err(format!("{call:?} was refused: {e}")),
                None => Answer::Refused,
            },
            Err(_) => return Ok(false),
        };
        let fits = match &answer {
            Answer::Done(account) => call.ends_in() == Some(account.state),
            Answer::Proven(proof) => proof.mailbox.verdict == Verdict::Ok,
            Answer::Refused => true,
        };
        if !fits {
            return Err(format!("{call:?} ended in {answer:?}"));
        }
        match self.answered.take() {
            None => self.answered = Some(answer),
            Some(before) if before == answer => {
                self.look(call)?;
                self.at += 1;
            }
            Some(before) => {
                return Err(format!(
                    "repeated, {call:?} says {answer:?}, not {before:?}"
                ));
            }
        }
        Ok(self.at == self.calls.len())
    }

    fn cut_short(&mut self) {
        let Some((call, _)) = self.calls.get(self.at) else {
            return;
        };
        let rest: &[Call] = match call.ends_in() {
            Some(AccountState::Locked) => &[Call::Discard],
            Some(AccountState::Active) => &[Call::Suspend, Call::Remove],
            Some(AccountState::Archived) => &[Call::RemoveArchived],
            Some(AccountState::Suspended) | None => &[Call::Remove],
            Some(AccountState::Removed) => &[],
        };
        let (name, id) = (&self.name, self.registration_id);
        let rest = rest.iter().map(|call| (*call, call.method(name, id)));
        self.calls.truncate(self.at + 1);
        self.calls.extend(rest);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
