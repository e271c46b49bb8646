//! A server that speaks MongoDB's protocol, for the time of the tests.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::fixture::say;

/// The version that the tests were written with.
const RELEASE: &str = "secantus-mdb-0.5.3-beta.196";

/// Ends the server and removes its files when the tests end, however they end: that closes the
/// shell's standard input.
const KEEPER: &str = r#"
    directory=$1; shift
    "$@" >"$directory/log" 2>&1 &
    read -r _
    kill -9 $!; wait $! 2>/dev/null
    rm -rf "$directory"
"#;

/// The connection string of the server that most tests share; `None` if there is none, which is
/// said once.
pub(crate) fn shared() -> Option<String> {
    static SHARED: OnceLock<Option<(String, Option<Child>)>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        if let Ok(uri) = std::env::var("REGISTRAR_TEST_MONGODB_URI") {
            say("MongoDB tests run on the server of REGISTRAR_TEST_MONGODB_URI");
            return Some((uri, None));
        }
        let binary = binary()?;
        say(&format!("MongoDB tests run on {}", binary.display()));
        let directory = tempfile::tempdir().unwrap().keep();
        let port = free_port();
        let child = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&directory)
            .arg(&binary)
            .args(arguments(port, &directory))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(port);
        Some((uri(port), Some(child)))
    });
    shared.as_ref().map(|(uri, _)| uri.clone())
}

/// A server of one test, which may end and start it.
pub(crate) struct Server {
    binary: PathBuf,
    directory: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts one; `None` if there is none, which is said once.
    pub(crate) fn start() -> Option<Self> {
        let binary = binary()?;
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = run(&binary, directory.path(), port);
        Some(Self {
            binary,
            directory,
            port,
            child,
        })
    }

    pub(crate) fn uri(&self) -> String {
        uri(self.port)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same files and port.
    pub(crate) fn restart(&mut self) {
        self.child = run(&self.binary, self.directory.path(), self.port);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(binary: &Path, directory: &Path, port: u16) -> Child {
    let child = Command::new(binary)
        .args(arguments(port, directory))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(port);
    child
}

fn binary() -> Option<PathBuf> {
    static BINARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = BINARY.get_or_init(|| {
        let binary = match std::env::var_os("REGISTRAR_TEST_MONGODB_SERVER") {
            Some(path) => PathBuf::from(path),
            None => cache()?
                .join("cosmic-registrar/tools")
                .join(RELEASE)
                .join("bin/secantusd-rs"),
        };
        if binary.is_file() {
            return Some(binary);
        }
        say(&format!(
            "skipped: MongoDB tests, as there is no {} (or name one by REGISTRAR_TEST_MONGODB_SERVER, or a server by REGISTRAR_TEST_MONGODB_URI)",
            binary.display()
        ));
        None
    });
    found.clone()
}

fn cache() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home)
}

fn arguments(port: u16, directory: &Path) -> Vec<String> {
    let port = port.to_string();
    let data = directory.join("data");
    let data = data.to_str().unwrap();
    // Nothing of a configuration file of the machine.
    let config = directory.join("empty.toml");
    std::fs::write(&config, "").unwrap();
    let config = config.to_str().unwrap();
    [
        "--config",
        config,
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--storage-path",
        data,
        "--sync-on-commit",
        "--log-file-max",
        "8MB",
        "--cache-size",
        "256M",
        "--enable-test-commands",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn uri(port: u16) -> String {
    format!("mongodb://127.0.0.1:{port}/?heartbeatFrequencyMS=500")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A server that does not start fails the tests that need it, each for itself.
fn wait_for(port: u16) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            say("the MongoDB server does not start");
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
