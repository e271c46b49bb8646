//! What is made of the description of the command line: completions and manual pages.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use crate::cli::Arguments;
use crate::failure::Failure;
use crate::outcome::Outcome;

pub(super) fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Arguments::command(),
        "registrarctl",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script).into_owned();
    Outcome::new(json!({ "script": script }), script)
}

pub(super) fn manual(directory: &Path) -> Result<Outcome, Failure> {
    let written = clap_mangen::generate_to(Arguments::command(), directory);
    written.map_err(|e| Failure::Failed(format!("{}: {e}", directory.display())))?;
    Ok(Outcome::new(json!({}), ""))
}
