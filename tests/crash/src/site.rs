//! A private host with provisiond, and with registrar-web where a test wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use provision_api::{
    Account, CallError, Client, GetAccountReply, Group, GroupName, HealthReply, ListAccounts,
    LoginProof, Method, OnAccount, OnGroup, OnlyRequestId, ProvisionError, RequestId, Timeouts,
    Username,
};
use registrar_web::domain::Registration;
use registrar_web::ports::{PageRequest, RegistrationFilter, RegistrationStore, Store};
use registrar_web::store::SqliteStore;
use serde_json::Value;

use crate::crew::make_groups_directory;
use crate::http::{self, Answer};
use crate::private_host::{PrivateHost, has_program, run};
use crate::program::{Arm, Kind, Program};
use crate::sink::Sink;

/// The uids that provisiond gives out here.
pub const UIDS: std::ops::Range<u32> = 20_000..60_000;
/// Where the host looks for what it is to start in a member's name. The second is on the file
/// system of provisiond's state, the first on another.
pub const SPOOLS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/lib/systemd/linger"];
/// Where the directories of groups are.
pub const GROUPS: &str = "/home/groups";
/// The bearer token of the admin routes.
const ADMIN_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SUBMIT: &str = "/run/provisiond/submit.sock";
const ADMIN: &str = "/run/provisiond/admin.sock";
const CLOCK: &str = "/run/clock";
const WEB_ID: u32 = 19_999;
/// After this many seconds every lease that a dead registrar-web held has ended (the longest, of a
/// member, is fifteen minutes).
const LEASES_END: i64 = 905;

/// The host with its programs.
pub struct Site<'a> {
    host: &'a PrivateHost,
    /// The root daemon.
    pub provisiond: Program,
    /// The web service.
    pub web: Option<Program>,
    /// Takes the mails.
    pub sink: Sink,
    /// The machine has all that a first login is proven with, so new members are welcomed.
    pub welcomes: bool,
    /// Where the points are at which a program died, since [`take_deaths`](Self::take_deaths).
    deaths: Vec<String>,
    /// Everything that ever had a uid.
    uids: BTreeMap<u32, String>,
    /// Every group that was ever asked for.
    groups: BTreeSet<GroupName>,
    web_address: SocketAddr,
    web_state: PathBuf,
    ahead: i64,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Site<'a> {
    /// Sets the host up; starts nothing. `None`, after one line that says why, where the machine
    /// lacks something.
    ///
    /// # Panics
    /// The private host can't be changed.
    #[must_use]
    pub fn new(host: &'a PrivateHost, with_web: bool) -> Option<Self> {
        if !has_program("/usr/sbin/postmap", "postfix") || !host.loopback_only() {
            return None;
        }
        host.directory("/run/records", 0o1777);
        for spool in SPOOLS {
            host.directory(spool, 0o755);
        }
        make_groups_directory();
        let welcomes = set_up_login(host);
        let sink = Sink::start().expect("loopback");
        host.file(
            "/run/provisiond.toml",
            "[accounts]\ncreate_limit_per_hour = 1000000\nchange_limit_per_hour = 1000\n\
             [groups]\ncreate_limit_per_hour = 1000000\n[mail]\ndomain = \"tilde.test\"\n",
            0o600,
        );
        let web_address = SocketAddr::from(([127, 0, 0, 1], 3170));
        let web = with_web.then(|| {
            let id = web_user(host);
            host.file("/run/admin.token", ADMIN_TOKEN, 0o600);
            std::os::unix::fs::chown("/run/admin.token", Some(id), Some(id)).expect("its owner");
            let settings = format!(
                "[server]\nlisten = \"{web_address}\"\npublic_url = \"http://{web_address}\"\n\
                 admin_token_file = \"/run/admin.token\"\n\
                 [community]\ndomain = \"tilde.test\"\n[accounts]\nbcrypt_cost = 10\n\
                 [mail]\nport = {}\n[limits]\nrequests = 1000000\nregistrations = 1000000\n",
                sink.address.port()
            );
            host.file("/run/registrar.toml", settings, 0o644);
            let arguments = ["--config", "/run/registrar.toml"];
            let mut web = Program::new(Kind::Web, &arguments, Some(id));
            web.set("REGISTRAR_CRASH_CLOCK", CLOCK);
            web
        });
        let mut site = Self {
            host,
            provisiond: Program::new(
                Kind::Provisiond,
                &["--config", "/run/provisiond.toml"],
                None,
            ),
            web,
            sink,
            welcomes,
            deaths: Vec::new(),
            uids: BTreeMap::new(),
            groups: BTreeSet::new(),
            web_address,
            web_state: PathBuf::new(),
            ahead: 0,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        };
        site.forward(0);
        site.new_web_state(0);
        Some(site)
    }

    /// From the next start on, registrar-web has a new, empty state directory.
    ///
    /// # Panics
    /// It can't be made.
    pub fn new_web_state(&mut self, number: usize) {
        let Some(web) = self.web.as_mut() else { return };
        let state = PathBuf::from(format!("/var/lib/registrar-web-{number}"));
        self.host.directory(&state, 0o700);
        std::os::unix::fs::chown(&state, Some(WEB_ID), Some(WEB_ID)).expect("its owner");
        let text = state.display().to_string();
        web.set("REGISTRAR__SERVER__STATE_DIRECTORY", &text);
        web.set("REGISTRAR__STORE__DIRECTORY", &text);
        self.web_state = state;
    }

    /// Starts provisiond, and waits until it listens or dies.
    pub fn start_provisiond(&mut self, arm: Arm) {
        let up = |socket| UnixStream::connect(socket).is_ok();
        self.provisiond.start(arm, || up(SUBMIT) && up(ADMIN));
    }

    /// Starts registrar-web, if this host has it, and waits until it listens or dies.
    pub fn start_web(&mut self, arm: Arm) {
        let address = self.web_address;
        if let Some(web) = self.web.as_mut() {
            web.start(arm, || TcpStream::connect(address).is_ok());
        }
    }

    /// Starts a program that died again, without a point, and looks at the uids before; `true` if
    /// one had died.
    ///
    /// # Errors
    /// A program ended in another way, or a uid was used twice.
    pub fn tend(&mut self) -> Result<bool, String> {
        let before = self.deaths.len();
        if let Some(point) = self.provisiond.death()? {
            self.deaths.push(point);
            self.look_at_uids()?;
            self.start_provisiond(Arm::No);
        }
        let death = self.web.as_mut().map(Program::death).transpose()?;
        if let Some(point) = death.flatten() {
            self.deaths.push(point);
            self.look_at_uids()?;
            self.forward(LEASES_END);
            self.start_web(Arm::No);
        }
        Ok(self.deaths.len() > before)
    }

    /// Whether no program died since the last [`take_deaths`](Self::take_deaths).
    #[must_use]
    pub fn has_no_death(&self) -> bool {
        self.deaths.is_empty()
    }

    /// The points at which a program died since the last call.
    pub fn take_deaths(&mut self) -> Vec<String> {
        std::mem::take(&mut self.deaths)
    }

    /// Moves the clock of registrar-web by so many seconds.
    ///
    /// # Panics
    /// `/run` can't be written.
    pub fn forward(&mut self, seconds: i64) {
        self.ahead += seconds;
        // In one move: it is read at any time.
        self.host
            .file("/run/clock.new", self.ahead.to_string(), 0o644);
        fs::rename("/run/clock.new", CLOCK).expect("the clock");
    }

    /// The time of registrar-web.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the test is the world")]
        let now = jiff::Timestamp::now();
        now + jiff::SignedDuration::from_secs(self.ahead)
    }

    /// Sends a request to registrar-web.
    ///
    /// # Errors
    /// There was no answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Answer> {
        http::request(self.web_address, method, path, None, body)
    }

    /// Sends a request to registrar-web as its admin.
    ///
    /// # Errors
    /// There was no answer.
    pub fn ask_as_admin(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> std::io::Result<Answer> {
        http::request(self.web_address, method, path, Some(ADMIN_TOKEN), body)
    }

    /// Makes a call on provisiond's admin socket.
    ///
    /// # Errors
    /// It was refused, or there was no answer.
    pub fn change(&self, method: &Method) -> Result<Account, CallError> {
        let reply = self
            .runtime
            .block_on(admin_client().change(method, |_| ()))?;
        reply.account.ok_or(CallError::Protocol {
            method: method.name(),
        })
    }

    /// Asks on provisiond's admin socket whether someone gets in and can read mail.
    ///
    /// # Errors
    /// It was refused, or there was no answer.
    pub fn prove(&self, call: &OnAccount) -> Result<LoginProof, CallError> {
        let client = admin_client();
        let asked = client.prove_account(call.clone());
        self.runtime.block_on(asked).map(|reply| reply.proof)
    }

    /// Makes a call on provisiond's admin socket, on an account or a group; the answer as one text.
    ///
    /// # Errors
    /// It was refused, or there was no answer.
    pub fn answer(&mut self, method: &Method) -> Result<String, CallError> {
        let client = admin_client();
        self.groups.extend(method.group_name().cloned());
        match method {
            Method::CreateGroup(p) => self.said(client.create_group(p.clone())),
            Method::SetGroupMembers(p) => self.said(client.set_group_members(p.clone())),
            Method::ArchiveGroup(p) => self.said(client.archive_group(p.clone())),
            Method::RestoreGroup(p) => self.said(client.restore_group(p.clone())),
            Method::RemoveGroup(p) => self.said(client.remove_group(p.clone())),
            account => self.change(account).map(|account| format!("{account:?}")),
        }
    }

    fn said<T: std::fmt::Debug>(
        &self,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<String, CallError> {
        self.runtime
            .block_on(call)
            .map(|reply| format!("{reply:?}"))
    }

    /// Every group of provisiond's registry.
    ///
    /// # Errors
    /// There was no answer.
    pub fn groups(&self) -> Result<Vec<Group>, CallError> {
        let mut found = Vec::new();
        for name in &self.groups {
            let call = OnGroup {
                request_id: request_id(),
                name: name.clone(),
            };
            match self.runtime.block_on(admin_client().get_group(call)) {
                Ok(reply) => found.push(reply.group),
                Err(CallError::Refused(ProvisionError::NoSuchGroup { .. })) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(found)
    }

    /// One account.
    ///
    /// # Errors
    /// There is none, or there was no answer.
    pub fn account(&self, name: &Username) -> Result<GetAccountReply, CallError> {
        let call = OnAccount {
            request_id: request_id(),
            username: name.clone(),
        };
        self.runtime.block_on(admin_client().get_account(call))
    }

    /// How provisiond is.
    ///
    /// # Errors
    /// There was no answer.
    pub fn health(&self) -> Result<HealthReply, CallError> {
        let call = OnlyRequestId {
            request_id: request_id(),
        };
        self.runtime.block_on(admin_client().health(call))
    }

    /// Every account of provisiond's registry.
    ///
    /// # Errors
    /// There was no answer.
    pub fn accounts(&self) -> Result<Vec<Account>, CallError> {
        let (mut accounts, mut after) = (Vec::new(), None);
        loop {
            let call = ListAccounts {
                request_id: request_id(),
                after: after.take(),
                limit: 500,
            };
            let page = self.runtime.block_on(admin_client().list_accounts(call))?;
            accounts.extend(page.accounts);
            after = page.next;
            if after.is_none() {
                return Ok(accounts);
            }
        }
    }

    /// Every registration of registrar-web's store; none where the host has no registrar-web.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn registrations(&self) -> Result<Vec<Registration>, String> {
        self.in_store(async |store| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = PageRequest { limit: 100, after };
                let page = store
                    .list_registrations(RegistrationFilter::All, &page)
                    .await?;
                all.extend(page.items);
                after = page.next;
                if after.is_none() {
                    return Ok(all);
                }
            }
        })
    }

    /// Asks registrar-web's store something, from outside.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn in_store<T: Default>(
        &self,
        ask: impl AsyncFnOnce(&SqliteStore) -> Result<T, registrar_web::ports::StoreError>,
    ) -> Result<T, String> {
        if self.web.is_none() {
            return Ok(T::default());
        }
        let store = SqliteStore::open(&self.web_state).map_err(|e| e.to_string())?;
        self.runtime.block_on(async {
            let answer = ask(&store).await.map_err(|e| e.to_string());
            store.close().await;
            answer
        })
    }

    /// Writes down who has which uid.
    ///
    /// # Errors
    /// A uid was someone else's before.
    pub fn look_at_uids(&mut self) -> Result<(), String> {
        let seen = members_of("/etc/passwd")
            .into_iter()
            .chain(members_of("/etc/group"));
        for (name, uid) in seen {
            let before = self.uids.entry(uid).or_insert_with(|| name.clone());
            if *before != name {
                return Err(format!("uid {uid} was {before}'s and is {name}'s now"));
            }
        }
        Ok(())
    }

    /// Both logs, for a failure.
    #[must_use]
    pub fn logs(&self) -> String {
        let tail = |text: String| {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(40)..].join("\n")
        };
        let web = self.web.as_ref().map(|w| tail(w.log()));
        format!(
            "--- provisiond\n{}\n--- registrar-web\n{}",
            tail(self.provisiond.log()),
            web.unwrap_or_default()
        )
    }
}

fn admin_client() -> Client {
    Client::new(ADMIN, Timeouts::default())
}

/// sshd as the package sets it up. `false`, after a line for each that is missing, where a first
/// login can't be proven on this machine.
fn set_up_login(host: &PrivateHost) -> bool {
    host.directory("/run/sshd", 0o755);
    host.directory("/etc/ssh", 0o755);
    let settings = include_str!("../../../etc/sshd_config.d/50-registrar.conf");
    host.file("/etc/ssh/sshd_config", settings, 0o644);
    let has_all = [
        ("/usr/sbin/sshd", "openssh-server"),
        ("/usr/bin/ssh-keygen", "openssh-client"),
        ("/usr/bin/neomutt", "neomutt"),
    ]
    .map(|(program, package)| has_program(program, package));
    let has_all = has_all.into_iter().all(|has| has);
    if has_all {
        run("/usr/bin/ssh-keygen", &["-A"]);
    }
    has_all
}

/// As whom registrar-web runs.
fn web_user(host: &PrivateHost) -> u32 {
    if !fs::read_to_string("/etc/passwd").is_ok_and(|t| t.contains("\nregistrar-web:")) {
        host.add_user("registrar-web", WEB_ID);
        return WEB_ID;
    }
    run(
        "/usr/sbin/usermod",
        &["-o", "-u", &WEB_ID.to_string(), "registrar-web"],
    );
    WEB_ID
}

/// A fresh id of a call.
#[must_use]
pub fn request_id() -> RequestId {
    #[expect(clippy::disallowed_methods, reason = "a fresh id for a test")]
    RequestId::new(uuid::Uuid::new_v4())
}

/// Names and numbers of passwd or group in provisiond's range.
#[must_use]
pub fn members_of(file: &str) -> Vec<(String, u32)> {
    let text = fs::read_to_string(Path::new(file)).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let id = fields.nth(1)?.parse().ok()?;
            UIDS.contains(&id).then_some((name, id))
        })
        .collect()
}
