//! Wrappers around shadow-utils on a private host: they log their arguments, and stall or fail
//! when told to.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};

use super::private_host::PrivateHost;

const TOOLS: [&str; 7] = [
    "groupadd", "useradd", "usermod", "userdel", "groupdel", "gpasswd", "chpasswd",
];
const ARGUMENTS: &str = "/run/arguments.log";
const ENVIRONMENTS: &str = "/run/environments.log";

/// When a stalling tool stops, and waits to be let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// Puts a wrapper in front of every tool.
pub fn wrap(host: &PrivateHost) {
    for tool in TOOLS {
        wrap_one(host, tool);
    }
}

/// Puts a wrapper in front of a tool of `/usr/sbin` or `/usr/bin`.
pub fn wrap_one(host: &PrivateHost, tool: &str) {
    host.directory("/run/real", 0o755);
    host.directory("/run/wrap", 0o755);
    let places = ["/usr/sbin", "/usr/bin"].map(|bin| format!("{bin}/{tool}"));
    let own = places.iter().find(|path| Path::new(path).exists()).unwrap();
    let real = format!("/run/real/{tool}");
    fs::copy(own, &real).unwrap();
    let script = format!(
        "#!/bin/sh\n\
         echo \"{tool} $*\" >> {ARGUMENTS}\n\
         tr '\\0' '\\n' < /proc/$$/environ >> {ENVIRONMENTS}\n\
         if [ -e /run/fail-{tool} ]; then echo made to fail; exit $(cat /run/fail-{tool}); fi\n\
         stall() {{ if [ -e /run/stall-$1-{tool} ]; then touch /run/stalled; \
         while [ -e /run/stall-$1-{tool} ]; do sleep 0.01; done; fi }}\n\
         stall Before\n\
         {real} \"$@\"; code=$?\n\
         stall After\n\
         exit $code\n"
    );
    let wrapper = host.file(format!("/run/wrap/{tool}"), script, 0o755);
    mount(
        Some(&wrapper),
        Path::new(own),
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .unwrap();
}

/// From now on the tool ends with that code and does nothing.
pub fn fail(tool: &str, code: i32) {
    fs::write(format!("/run/fail-{tool}"), code.to_string()).unwrap();
}

pub fn work_again(tool: &str) {
    fs::remove_file(format!("/run/fail-{tool}")).unwrap();
}

/// The next run of the tool stops there.
pub fn stall(tool: &str, when: When) {
    let _ = fs::remove_file("/run/stalled");
    fs::write(format!("/run/stall-{when:?}-{tool}"), "").unwrap();
}

/// Waits until a tool has stopped.
pub fn wait_until_stalled() {
    let started = Instant::now();
    while !Path::new("/run/stalled").exists() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "no tool stalled; called so far:\n{}",
            arguments()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn let_go(tool: &str, when: When) {
    fs::remove_file(format!("/run/stall-{when:?}-{tool}")).unwrap();
}

/// Every argument array so far, one a line.
pub fn arguments() -> String {
    fs::read_to_string(ARGUMENTS).unwrap_or_default()
}

/// Every environment so far, one variable a line.
pub fn environments() -> String {
    fs::read_to_string(ENVIRONMENTS).unwrap_or_default()
}
