//! `registrarctl`: see the library for what it does.

use std::process::ExitCode;

use clap::Parser;
use registrarctl::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("registrarctl: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments, &mut |step| say(step))) {
        Ok(outcome) => {
            print(&if json {
                outcome.as_json()
            } else {
                outcome.text
            });
            ExitCode::from(outcome.code)
        }
        Err(failure) => {
            say(&format!("registrarctl: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

/// A closed pipe (`registrarctl … | head`) is no failure.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.is_empty() && !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

#[expect(clippy::print_stderr, reason = "a command line talks to its terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
