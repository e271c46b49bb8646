//! A host of its own for a test: the machine's files, with throw-away layers over whatever
//! account tools, Postfix or provisiond write, and no processes but the test's own.
//!
//! A mount namespace belongs to a thread and is handed on to the threads and processes that it
//! starts. So tests run in parallel, each on its own host, and the layers vanish with the last
//! thread or process in them (`mount_namespaces(7)`).
//!
//! A PID namespace belongs to whole processes (`pid_namespaces(7)`). So the test program is started
//! once more in a new one, for this one test; there the test is run, and what it ended by the
//! number of a user was its own. What a test does outside of [`private_host`] is done twice, once
//! by each of the two; [`is_inside`] tells them apart.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;

/// Kept as they are below, with a layer on top that takes the writes.
const LAYERED: &[&str] = &["/etc", "/var/lib", "/var/spool", "/var/mail", "/var/log"];
/// Empty at first. `/run` is here, not above, because the layers live in it.
const EMPTY: &[&str] = &["/home"];
const LAYERS: &str = "/run/layers";

/// Set for the test program that has processes of its own.
const INSIDE: &str = "ON_A_PRIVATE_HOST";

/// The private host, as seen from inside.
pub struct PrivateHost {
    _only_from_here: (),
}

/// Runs `test` on a private host, or prints one line that says what is missing.
///
/// A panic of `test` is a panic of the caller.
pub fn private_host<T>(test: T)
where
    T: FnOnce(&PrivateHost) + Send,
{
    own_processes(|| own_files(test));
}

fn own_files<T>(test: T)
where
    T: FnOnce(&PrivateHost) + Send,
{
    let passwd_before = fs::read("/etc/passwd").expect("the machine has a passwd file");
    let outcome = thread::scope(|scope| {
        scope
            .spawn(|| match enter() {
                Ok(host) => test(&host),
                Err(missing) => not_run(&missing),
            })
            .join()
    });
    let passwd_after = fs::read("/etc/passwd").expect("the machine has a passwd file");
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
    assert!(
        passwd_before == passwd_after,
        "the machine's own /etc/passwd changed during a test"
    );
}

/// Whether this is the test program that has processes of its own.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs `test` where no process can be seen but those that it starts, and where all of them end
/// with it; or prints one line that says what is missing. Only needed around more than one
/// [`private_host`].
///
/// A panic of `test` is a panic of the caller. The caller's variables stay as they are.
pub fn own_processes(test: impl FnOnce()) {
    thread_local! {
        /// The test that this thread runs was run inside.
        static IS_RUN: Cell<bool> = const { Cell::new(false) };
    }
    if is_inside() {
        return test();
    }
    if IS_RUN.replace(true) {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        return not_run("a private host needs root (CAP_SYS_ADMIN)");
    }
    let mut command = this_test();
    // The namespace is that of children only; a thread that is in between can start no threads.
    let child = thread::scope(|scope| {
        let start = || match unshare(CloneFlags::CLONE_NEWPID) {
            Ok(()) => Ok(command.spawn().expect("/bin/sh")),
            Err(e) => Err(e),
        };
        scope.spawn(start).join().expect("no panic")
    });
    let output = match child {
        Ok(child) => child.wait_with_output().expect("its end"),
        Err(e) => {
            let missing = format!("a private host needs a PID namespace of its own: {e}");
            return not_run(&missing);
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    #[allow(clippy::print_stdout)]
    {
        print!("{said}");
    }
    assert!(!said.contains("running 0 tests"), "the test was not found");
    assert!(
        output.status.success(),
        "the test failed inside, see above ({})",
        output.status
    );
}

/// This test program for this test alone. Its parent is a shell, which reaps what has no other.
fn this_test() -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "\"$0\" \"$@\"; exit $?"])
        .arg(std::env::current_exe().expect("this program has a path"))
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // libtest names a thread after its test; a benchmark has no tests.
    match thread::current().name() {
        Some(test) if test != "main" => {
            command.args([test, "--exact", "--include-ignored"]);
            command.args(std::env::args().filter(|a| a == "--nocapture"));
        }
        _ => {
            command.args(std::env::args_os().skip(1));
        }
    }
    command
}

/// Puts the current thread on a private host.
fn enter() -> Result<PrivateHost, String> {
    if !nix::unistd::geteuid().is_root() {
        return Err("a private host needs root (CAP_SYS_ADMIN)".to_owned());
    }
    unshare(CloneFlags::CLONE_NEWNS)
        .map_err(|e| format!("a private host needs a mount namespace of its own: {e}"))?;
    set_up().map_err(|(what, e)| format!("a private host needs to mount {what}: {e}"))?;
    Ok(PrivateHost {
        _only_from_here: (),
    })
}

fn set_up() -> Result<(), (String, Errno)> {
    // Nothing that follows may reach the machine's own namespace.
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .map_err(|e| ("/".to_owned(), e))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)
        .map_err(|e| ("/proc".to_owned(), e))?;

    // The programs under test may lie below what gets hidden; keep them reachable.
    let kept: Vec<(PathBuf, OwnedFd)> = programs_of_this_build()
        .into_iter()
        .filter(|dir| dir.starts_with("/run") || EMPTY.iter().any(|empty| dir.starts_with(empty)))
        .filter_map(|dir| {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            open(&dir, flags, Mode::empty()).ok().map(|fd| (dir, fd))
        })
        .collect();

    mount_tmpfs(Path::new("/run"), "mode=0755")?;
    for dir in EMPTY {
        mount_tmpfs(Path::new(dir), "mode=0755")?;
    }
    for dir in LAYERED.iter().filter(|dir| Path::new(dir).is_dir()) {
        mount_layer(dir)?;
    }
    for (dir, fd) in kept {
        fs::create_dir_all(&dir).expect("a mount point on the new tmpfs");
        let source = format!("/proc/thread-self/fd/{}", fd.as_raw_fd());
        mount(
            Some(source.as_str()),
            &dir,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .map_err(|e| (dir.display().to_string(), e))?;
    }
    Ok(())
}

fn programs_of_this_build() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned);
    let programs = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.parent()?.to_owned()));
    workspace.into_iter().chain(programs).collect()
}

fn mount_tmpfs(dir: &Path, options: &str) -> Result<(), (String, Errno)> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), dir, Some("tmpfs"), flags, Some(options))
        .map_err(|e| (format!("a tmpfs on {}", dir.display()), e))
}

fn mount_layer(dir: &str) -> Result<(), (String, Errno)> {
    let own = format!("{LAYERS}/{}", dir.trim_start_matches('/').replace('/', "-"));
    let (upper, work) = (format!("{own}/upper"), format!("{own}/work"));
    for made in [&upper, &work] {
        fs::create_dir_all(made).expect("a directory on the new tmpfs");
    }
    let options = format!("lowerdir={dir},upperdir={upper},workdir={work}");
    mount(
        Some("overlay"),
        dir,
        Some("overlay"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .map_err(|e| (format!("an overlay on {dir}"), e))
}

impl PrivateHost {
    /// Mounts a file system of `kib` KiB and `inodes` inodes, to be filled up.
    pub fn small_file_system(&self, dir: &Path, kib: u32, inodes: u32) {
        fs::create_dir_all(dir).expect("a mount point");
        let options = format!("mode=0755,size={kib}k,nr_inodes={inodes}");
        mount_tmpfs(dir, &options).expect("one more tmpfs");
    }

    /// Makes `dir` with exactly this mode, and its parents.
    pub fn directory(&self, dir: impl AsRef<Path>, mode: u32) -> PathBuf {
        let dir = dir.as_ref();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(dir)
            .expect("a directory");
        fs::set_permissions(dir, fs::Permissions::from_mode(mode)).expect("its mode");
        dir.to_owned()
    }

    /// Writes a file that belongs to root.
    pub fn file(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = path.as_ref();
        fs::write(path, content).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
        path.to_owned()
    }

    /// Adds a group and a user by shadow-utils, without a home.
    pub fn add_user(&self, name: &str, id: u32) {
        let id = id.to_string();
        run("/usr/sbin/groupadd", &["-g", &id, name]);
        run(
            "/usr/sbin/useradd",
            &[
                "-M", "-l", "-N", "-u", &id, "-g", &id, "-s", "/bin/sh", name,
            ],
        );
    }

    /// Gives the current thread, and what it starts from now on, a network with nothing but
    /// loopback. `false`, after one line that says why, where that can't be had.
    pub fn loopback_only(&self) -> bool {
        if let Err(e) = unshare(CloneFlags::CLONE_NEWNET) {
            not_run(&format!("needs a network namespace of its own: {e}"));
            return false;
        }
        let up = Command::new("/sbin/ip")
            .args(["link", "set", "lo", "up"])
            .status();
        let up = up.is_ok_and(|status| status.success());
        if !up {
            not_run("needs ip(8) to bring up loopback (package iproute2)");
        }
        up
    }
}

/// Says why a test, or a part of it, is not run. Past the capture of the test harness, which
/// swallows what a passing test prints.
pub fn not_run(missing: &str) {
    let _ = writeln!(std::io::stderr(), "not run: {missing}");
}

/// Whether `program` is there; else one line that names the package.
pub fn has_program(program: &str, package: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        not_run(&format!("needs {program} (package {package})"));
    }
    there
}

/// Runs a program to its end and returns what it printed; a failure is a panic with both streams.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{stdout}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}
