//! See the library.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use registrar_join::lockdown::lock_down;
use registrar_join::service::{Registrar, Socket};
use registrar_join::terminal::{LONGEST_VISIT, Tty};
use registrar_join::visitor::Visitor;
use registrar_join::walk::walk;

/// Passed to registrar-web by systemd, or named by its setting `server.join_socket`. Fixed, because
/// nothing of the environment is to change what this program does.
const SOCKET: &str = "/run/registrar-web/join.sock";

fn main() -> ExitCode {
    // Whatever follows, nothing is started and no file grows.
    if let Err(error) = lock_down() {
        return refuse(&error);
    }
    let visitor = match Visitor::of_sshd() {
        Ok(visitor) => visitor,
        Err(error) => return refuse(&error),
    };
    let mut terminal = match Tty::open(LONGEST_VISIT) {
        Ok(terminal) => terminal,
        Err(error) => return refuse(&error),
    };
    let mut registrar = Registrar::new(Socket::new(Path::new(SOCKET), visitor.address));
    walk(&mut terminal, &mut registrar, &visitor)
}

/// In words that name nothing of the host.
fn refuse(error: &dyn std::error::Error) -> ExitCode {
    // sshd may have gone already.
    let _ = writeln!(std::io::stderr(), "{error}.");
    ExitCode::FAILURE
}
