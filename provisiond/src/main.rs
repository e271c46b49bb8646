//! The root daemon, and the process that delivers its notices.

use std::process::ExitCode;

use provisiond::notify;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|mode| mode == notify::DELIVER) {
        return notify::deliver_main();
    }
    ExitCode::FAILURE
}
