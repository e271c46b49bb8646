//! `registrar-web`: see the library for what it does; this is its command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use registrar_web::{app, config};

/// Sign-up pages, API and registration saga of a shared Linux host.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration.
    #[arg(long, default_value = "/etc/registrar/registrar.toml")]
    config: PathBuf,
    /// Read the configuration, say what is wrong with it, and end.
    #[arg(long)]
    check_config: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&format!("registrar-web: {e}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), app::StartError> {
    let config = config::load(&arguments.config)?;
    if arguments.check_config {
        say(&format!("{} is good", arguments.config.display()));
        return Ok(());
    }
    app::run(config)
}

/// Before logging is set up, the terminal or the journal's stderr is all there is.
#[expect(clippy::print_stderr, reason = "a command line talks to its terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
