//! The command line of provisiond.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    unsafe_code
)]

use std::path::PathBuf;
use std::process::ExitCode;

use provisiond::config::{Config, DEFAULT_PATH};
use provisiond::{daemon, logging, notify};

const USAGE: &str = "\
usage: provisiond [--config PATH] [--check-config]

Makes Linux accounts, homes and mail set-ups for registrar-web. Run it as root; systemd may pass
the sockets `submit` and `admin`.

  --config PATH    the configuration, /etc/registrar/provisiond.toml unless given
  --check-config   read the configuration, say what is wrong with it, and end
  --version        print the version
  --help           print this";

/// What the command line asks for.
enum Asked {
    Run { config: PathBuf, check: bool },
    Help,
    Version,
}

fn main() -> ExitCode {
    // Before anything else is read or opened: this run is a member's process, not the daemon.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|mode| mode == notify::DELIVER)
    {
        return notify::deliver_main();
    }
    let (config, check) = match parse(std::env::args().skip(1)) {
        Ok(Asked::Run { config, check }) => (config, check),
        Ok(Asked::Help) => return print(USAGE),
        Ok(Asked::Version) => return print(concat!("provisiond ", env!("CARGO_PKG_VERSION"))),
        Err(wrong) => return fail(&format!("{wrong}\n\n{USAGE}"), 2),
    };
    let config = match Config::load(&config) {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string(), 78),
    };
    if check {
        return match config.reserved_names() {
            Ok(_) => print("the configuration is good"),
            Err(error) => fail(&error.to_string(), 78),
        };
    }
    if let Err(error) = logging::start(&config.log) {
        return fail(&error.to_string(), 1);
    }
    match daemon::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "provisiond can't go on");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut config = PathBuf::from(DEFAULT_PATH);
    let mut check = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--config" => config = arguments.next().ok_or("--config needs a path")?.into(),
            "--check-config" => check = true,
            "--help" | "-h" => return Ok(Asked::Help),
            "--version" | "-V" => return Ok(Asked::Version),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(Asked::Run { config, check })
}

#[expect(clippy::print_stdout, reason = "asked for on the command line")]
fn print(text: &str) -> ExitCode {
    println!("{text}");
    ExitCode::SUCCESS
}

/// Exit codes as in sysexits(3): 2 usage (as shells have it), 78 configuration.
#[expect(clippy::print_stderr, reason = "logging has not started yet")]
fn fail(text: &str, code: u8) -> ExitCode {
    eprintln!("provisiond: {text}");
    ExitCode::from(code)
}
