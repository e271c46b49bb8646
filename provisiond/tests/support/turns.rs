//! The admin's calls on `ada`.

use std::time::{Duration, Instant};

use provision_api::{AccountState, Method, OnAccount, ProvisionError};

use super::daemon::{Daemon, on};
use super::private_host::PrivateHost;

pub const TAR: &str = "/var/lib/provisiond/archive/ada.tar";
pub const MANIFEST: &str = "/var/lib/provisiond/archive/ada.json";

pub fn start_daemon(host: &PrivateHost) -> Daemon {
    Daemon::start(host, "[accounts]\nchange_limit_per_hour = 1000\n")
}

/// Makes the call; it must be done, and soon.
pub fn turn(daemon: &Daemon, make: impl FnOnce(OnAccount) -> Method) -> AccountState {
    let started = Instant::now();
    let state = daemon.admin().change(&on(make, "ada")).unwrap().state;
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "it was held up"
    );
    state
}

/// Makes the call; it must be refused.
pub fn refused(daemon: &Daemon, make: impl FnOnce(OnAccount) -> Method) -> ProvisionError {
    daemon.admin().change(&on(make, "ada")).unwrap_err()
}
