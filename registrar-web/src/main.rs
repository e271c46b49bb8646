//! `registrar-web`: see the library for what it does; this is its command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use registrar_web::{app, config, logging};

/// Sign-up pages, API and registration saga of a shared Linux host.
#[derive(Parser)]
#[command(version = VERSION)]
struct Arguments {
    /// The configuration.
    #[arg(long, default_value = "/etc/registrar/registrar.toml")]
    config: PathBuf,
    /// Read the configuration, say what is wrong with it, and end.
    #[arg(long)]
    check_config: bool,
    /// Print where a test can end the program, and end.
    #[cfg(feature = "crash-points")]
    #[arg(long)]
    crash_points: bool,
}

/// Says so where a test can end the program at will: no package is built like that.
const VERSION: &str = if cfg!(feature = "crash-points") {
    concat!(env!("CARGO_PKG_VERSION"), " with crash points")
} else {
    env!("CARGO_PKG_VERSION")
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "crash-points")]
    if arguments.crash_points {
        #[expect(clippy::print_stdout, reason = "asked for on the command line")]
        for point in registrar_web::crash_point::POINTS {
            println!("{point}");
        }
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&format!("registrar-web: {e}"));
            ExitCode::from(e.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), app::StartError> {
    let config = config::load(&arguments.config)?;
    if arguments.check_config {
        logging::judge(&config.log)?;
        say(&format!("{} is good", arguments.config.display()));
        return Ok(());
    }
    app::run(config, &arguments.config)
}

/// Before logging is set up, the terminal or the journal's stderr is all there is.
#[expect(clippy::print_stderr, reason = "a command line talks to its terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
