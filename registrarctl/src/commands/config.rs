use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::cli::Config;
use crate::failure::Failure;
use crate::outcome::{Outcome, table, yes_no};

/// Each file is judged by the program that reads it; 1 when one is bad.
pub(super) fn run(asked: &Config) -> Result<Outcome, Failure> {
    let Config::Check {
        web,
        host,
        programs,
    } = asked;
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for (program, file) in [("registrar-web", web), ("provisiond", host)] {
        let (good, said) = judge(&programs.join(program), file)?;
        all.push(json!({"file": file, "good": good, "says": said}));
        rows.push([file.display().to_string(), yes_no(good), said]);
    }
    let good = all.iter().all(|one| one["good"] == true);
    let shown = table(["FILE", "GOOD", "SAYS"], rows);
    Ok(Outcome::new(json!(all), shown).good(good))
}

fn judge(program: &Path, file: &Path) -> Result<(bool, String), Failure> {
    let output = Command::new(program)
        .arg("--config")
        .arg(file)
        .arg("--check-config")
        .output();
    let output = output.map_err(|e| Failure::Unreachable(format!("{}: {e}", program.display())))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Ok((output.status.success(), said))
}
