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
use provisiond::{crash_point, daemon, logging, notify, proof};

const USAGE: &str = "\
usage: provisiond [--config PATH] [--check-config]

Makes Linux accounts, homes and mail set-ups for registrar-web. Run it as root; systemd may pass
the sockets `submit` and `admin`.

  --config PATH    the configuration, /etc/registrar/provisiond.toml unless given
  --check-config   read the configuration, say what is wrong with it, and end
  --version        print the version
  --help           print this";

/// Says so where a test can end the program at will: no package is built like that.
const VERSION: &str = if cfg!(feature = "crash-points") {
    concat!(
        "provisiond ",
        env!("CARGO_PKG_VERSION"),
        " with crash points"
    )
} else {
    concat!("provisiond ", env!("CARGO_PKG_VERSION"))
};

/// What the command line asks for.
enum Asked {
    Run {
        config: PathBuf,
        check: bool,
    },
    Help,
    Version,
    /// For the test that goes through them.
    CrashPoints,
}

fn main() -> ExitCode {
    // Before anything else is read or opened: this run is a member's process, not the daemon.
    match std::env::args_os().nth(1) {
        Some(mode) if mode == notify::DELIVER => return notify::deliver_main(),
        Some(mode) if mode == proof::PROVE => return proof::prove_main(),
        _ => {}
    }
    let (config, check) = match parse(std::env::args().skip(1)) {
        Ok(Asked::Run { config, check }) => (config, check),
        Ok(Asked::Help) => return print(USAGE),
        Ok(Asked::Version) => return print(VERSION),
        Ok(Asked::CrashPoints) => return print(&crash_point::POINTS.join("\n")),
        Err(wrong) => return fail(&format!("{wrong}\n\n{USAGE}"), 2),
    };
    let path = config;
    let config = match Config::load(&path) {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string(), 78),
    };
    if check {
        let names = config.reserved_names().map_err(|e| e.to_string());
        let level = logging::judge(&config.log).map_err(|e| e.to_string());
        let host = config.check_host().map_err(|e| e.to_string());
        return match names.and(level).and(host) {
            Ok(warnings) => {
                let warnings = warnings.iter().map(|w| format!("\nwarning: {w}"));
                print(&format!(
                    "the configuration is good{}",
                    warnings.collect::<String>()
                ))
            }
            Err(error) => fail(&error, 78),
        };
    }
    let level = match logging::start(&config.log) {
        Ok(level) => level,
        Err(error) => return fail(&error.to_string(), 1),
    };
    match daemon::run(config, &path, level) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // In the text too: it is all that `systemctl status` shows.
            tracing::error!(%error, "provisiond can't go on: {error}");
            ExitCode::from(error.exit_code())
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
            "--crash-points" if cfg!(feature = "crash-points") => return Ok(Asked::CrashPoints),
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
