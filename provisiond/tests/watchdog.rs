//! The service manager's watchdog sees the thread that changes accounts, too.
mod support;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use provision_api::Method;
use support::daemon::*;
use support::private_host::private_host;

/// How often the watchdog is fed within `wait`. All that is told has to be read: the daemon waits
/// for room in the socket.
fn fed(manager: &UnixDatagram, wait: Duration) -> usize {
    manager
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let started = Instant::now();
    let mut buffer = [0; 4096];
    let mut times = 0;
    while started.elapsed() < wait {
        if let Ok(length) = manager.recv(&mut buffer) {
            let told = String::from_utf8_lossy(&buffer[..length]);
            times += usize::from(told.contains("WATCHDOG=1"));
        }
    }
    times
}

/// A daemon that does not outlive its test, whatever comes of that.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_worker_that_is_stuck_in_a_call_is_not_taken_for_alive() {
    private_host(|host| {
        let manager = UnixDatagram::bind("/run/notify").unwrap();
        let settings = "[limits]\nstuck_after_seconds = 1\n";
        let config = host.file("/run/provisiond.toml", settings, 0o600);
        let _daemon = Killed(
            Command::new(env!("CARGO_BIN_EXE_provisiond"))
                .arg("--config")
                .arg(config)
                .env("NOTIFY_SOCKET", "/run/notify")
                .env("WATCHDOG_USEC", "200000")
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        while fed(&manager, Duration::from_millis(100)) == 0 {}
        Caller::new(SUBMIT).make_active("ada");
        assert!(
            fed(&manager, Duration::from_secs(2)) > 10,
            "rest is no harm"
        );

        // A source of users that never answers: the kernel waits for a writer of the FIFO.
        nix::unistd::mkfifo("/run/never", Mode::S_IRWXU).unwrap();
        let passwd = Path::new("/etc/passwd");
        let flags = MsFlags::MS_BIND;
        mount(
            Some("/run/never"),
            passwd,
            None::<&str>,
            flags,
            None::<&str>,
        )
        .unwrap();
        std::thread::scope(|scope| {
            let call = || Caller::new(ADMIN).steps(&on(Method::SuspendAccount, "ada"));
            let caller = scope.spawn(call);
            fed(&manager, Duration::from_secs(2));
            let silence = fed(&manager, Duration::from_secs(1));
            // The sockets' thread is alive all the while.
            assert!(std::os::unix::net::UnixStream::connect(ADMIN).is_ok());
            umount2(passwd, MntFlags::MNT_DETACH).unwrap();
            fs::write("/run/never", "").unwrap();
            let _ = caller.join().unwrap();
            assert_eq!(silence, 0);
        });
        assert!(fed(&manager, Duration::from_secs(1)) > 0);
    });
}

/// An archive that a kill interrupted begins again before the daemon is ready, and may take hours.
#[test]
fn a_start_that_has_work_left_asks_for_more_time() {
    private_host(|host| {
        let manager = UnixDatagram::bind("/run/notify").unwrap();
        manager
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let config = host.file("/run/provisiond.toml", "", 0o600);
        let _daemon = Killed(
            Command::new(env!("CARGO_BIN_EXE_provisiond"))
                .arg("--config")
                .arg(config)
                .env("NOTIFY_SOCKET", "/run/notify")
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).unwrap();
        let told = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert_eq!(told.trim(), "EXTEND_TIMEOUT_USEC=120000000");
    });
}
