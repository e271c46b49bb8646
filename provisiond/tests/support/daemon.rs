//! A provisiond of its own on a private host: the real binary, its real sockets, a short-lived
//! configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use provision_api::{
    Account, AccountReply, ActivateAccount, BcryptHash, CallError, CheckUsername,
    CheckUsernameReply, Client, ConfigureMail, CreateAccount, DiscardAccount, DisplayName,
    GetAccountReply, HealthReply, LoginProof, Method, OnAccount, OnlyRequestId, ProvisionError,
    RegistrationId, RequestId, SetPassword, SetSshKeys, SshPublicKey, Step, Timeouts, Username,
};

use super::private_host::PrivateHost;

pub const HASH: &str = "$2b$12$abcdefghijklmnopqrstuu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K";
pub const OTHER_HASH: &str = "$2b$10$zyxwvutsrqponmlkjihgfu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K";
pub const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada@laptop";

/// A running daemon; killed when dropped.
pub struct Daemon {
    child: Option<Child>,
    config: PathBuf,
}

pub const SUBMIT: &str = "/run/provisiond/submit.sock";
pub const ADMIN: &str = "/run/provisiond/admin.sock";

impl Daemon {
    /// Starts a daemon with the defaults and these lines of configuration besides.
    pub fn start(host: &PrivateHost, settings: &str) -> Self {
        let config = host.file("/run/provisiond.toml", settings, 0o600);
        let mut daemon = Self {
            child: None,
            config,
        };
        daemon.start_again();
        daemon
    }

    pub fn start_again(&mut self) {
        self.start_again_with(&[]);
    }

    /// Starts it with these variables in its environment.
    pub fn start_again_with(&mut self, variables: &[(&str, &str)]) {
        self.start_again_by("exec \"$0\" --config \"$1\"", variables);
    }

    /// Starts it by this line of shell, in which `$0` is the program and `$1` its configuration.
    pub fn start_again_by(&mut self, line: &str, variables: &[(&str, &str)]) {
        // With the umask of the systemd unit, so that modes are shown to be chosen, not left over.
        let mut command = Command::new("/bin/sh");
        // A test program whose name says so tests the daemon's own writer of accounts.
        if env!("CARGO_CRATE_NAME").ends_with("_direct") {
            command.env("PROVISIOND__ACCOUNTS__WRITER", "direct");
        }
        let child = command
            .args(["-c", &format!("umask 0077; {line}")])
            .arg(env!("CARGO_BIN_EXE_provisiond"))
            .arg(&self.config)
            .env_remove("JOURNAL_STREAM")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::from(
                fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open("/run/provisiond.log")
                    .unwrap(),
            ))
            .spawn()
            .unwrap();
        self.child = Some(child);
        let started = Instant::now();
        let answers = |socket| std::os::unix::net::UnixStream::connect(socket).is_ok();
        while !(answers(SUBMIT) && answers(ADMIN)) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the daemon did not start:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string("/run/provisiond.log").unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM; the exit code must be 0.
    pub fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
    }

    pub fn submit(&self) -> Caller {
        Caller::new(SUBMIT)
    }

    pub fn admin(&self) -> Caller {
        Caller::new(ADMIN)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[allow(clippy::print_stderr)]
            {
                eprintln!("the daemon's log:\n{}", self.log());
            }
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The real client, for tests without a runtime of their own.
pub struct Caller {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Caller {
    pub fn new(socket: impl AsRef<Path>) -> Self {
        Self {
            client: Client::new(socket.as_ref(), Timeouts::default()),
            // The thread that called: another would be on the same host as well, but none is needed.
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    pub fn steps(&self, method: &Method) -> (Result<AccountReply, CallError>, Vec<Step>) {
        let mut steps = Vec::new();
        let reply = self
            .runtime
            .block_on(self.client.change(method, |step| steps.push(step)));
        (reply, steps)
    }

    pub fn change(&self, method: &Method) -> Result<Account, ProvisionError> {
        match self.steps(method).0 {
            Ok(reply) => {
                assert_eq!(reply.request_id, method.request_id());
                Ok(reply.account.expect("the last reply has the account"))
            }
            Err(CallError::Refused(error)) => Err(error),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub fn check(&self, name: &str) -> CheckUsernameReply {
        let call = CheckUsername {
            request_id: id(),
            username: name.into(),
            registration_id: None,
        };
        self.runtime
            .block_on(self.client.check_username(call))
            .unwrap()
    }

    pub fn get(&self, name: &str) -> Result<GetAccountReply, CallError> {
        let call = OnAccount {
            request_id: id(),
            username: user(name),
        };
        self.runtime.block_on(self.client.get_account(call))
    }

    /// Whether the owner gets in and can read mail.
    pub fn prove(&self, name: &str) -> Result<LoginProof, ProvisionError> {
        self.prove_as(id(), name)
    }

    pub fn prove_as(
        &self,
        request_id: RequestId,
        name: &str,
    ) -> Result<LoginProof, ProvisionError> {
        let call = OnAccount {
            request_id,
            username: user(name),
        };
        match self.runtime.block_on(self.client.prove_account(call)) {
            Ok(reply) => {
                assert_eq!(reply.request_id, request_id);
                Ok(reply.proof)
            }
            Err(CallError::Refused(error)) => Err(error),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub fn health(&self) -> HealthReply {
        self.runtime
            .block_on(self.client.health(OnlyRequestId { request_id: id() }))
            .unwrap()
    }

    pub fn list(&self, after: Option<&str>, limit: u32) -> provision_api::ListAccountsReply {
        let call = provision_api::ListAccounts {
            request_id: id(),
            after: after.map(user),
            limit,
        };
        self.runtime
            .block_on(self.client.list_accounts(call))
            .unwrap()
    }

    /// An account from nothing to active.
    pub fn make_active(&self, name: &str) -> Account {
        let registration = registration();
        self.change(&create(registration, name, "Ada Lovelace"))
            .unwrap();
        self.change(&configure(registration, name)).unwrap();
        self.change(&activate(registration, name, Some(HASH), &[KEY]))
            .unwrap()
    }
}

pub fn id() -> RequestId {
    #[expect(clippy::disallowed_methods, reason = "a fresh id for a test")]
    RequestId::new(uuid::Uuid::new_v4())
}

pub fn registration() -> RegistrationId {
    #[expect(clippy::disallowed_methods, reason = "a fresh id for a test")]
    RegistrationId::new(uuid::Uuid::new_v4())
}

pub fn user(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub fn create(registration_id: RegistrationId, name: &str, display_name: &str) -> Method {
    Method::CreateAccount(CreateAccount {
        request_id: id(),
        registration_id,
        username: user(name),
        display_name: DisplayName::parse(display_name).unwrap(),
    })
}

pub fn configure(registration_id: RegistrationId, name: &str) -> Method {
    Method::ConfigureMail(ConfigureMail {
        request_id: id(),
        registration_id,
        username: user(name),
    })
}

pub fn activate(
    registration_id: RegistrationId,
    name: &str,
    hash: Option<&str>,
    keys: &[&str],
) -> Method {
    Method::ActivateAccount(ActivateAccount {
        request_id: id(),
        registration_id,
        username: user(name),
        password_hash: hash.map(|h| BcryptHash::parse(h).unwrap()),
        ssh_keys: keys
            .iter()
            .map(|k| SshPublicKey::parse(k).unwrap())
            .collect(),
    })
}

pub fn discard(registration_id: RegistrationId, name: &str) -> Method {
    Method::DiscardAccount(DiscardAccount {
        request_id: id(),
        registration_id,
        username: user(name),
    })
}

pub fn set_password(name: &str, hash: &str) -> Method {
    Method::SetPassword(SetPassword {
        request_id: id(),
        username: user(name),
        password_hash: BcryptHash::parse(hash).unwrap(),
    })
}

pub fn set_keys(name: &str, keys: &[&str]) -> Method {
    Method::SetSshKeys(SetSshKeys {
        request_id: id(),
        username: user(name),
        ssh_keys: keys
            .iter()
            .map(|k| SshPublicKey::parse(k).unwrap())
            .collect(),
    })
}

pub fn on(make: impl FnOnce(OnAccount) -> Method, name: &str) -> Method {
    make(OnAccount {
        request_id: id(),
        username: user(name),
    })
}

/// A line of a file of `/etc`, by its first field.
pub fn line_of(path: &str, name: &str) -> Option<String> {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .find(|line| line.split(':').next() == Some(name))
        .map(str::to_owned)
}

/// A field of a line of shadow(5).
pub fn shadow_field(name: &str, field: usize) -> String {
    let line = line_of("/etc/shadow", name).expect("a shadow entry");
    line.split(':').nth(field).unwrap().to_owned()
}
