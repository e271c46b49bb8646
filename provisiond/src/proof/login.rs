//! Whether sshd would let the owner in, as far as that can be found out without their key's
//! private half or password.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::sshd::{self, Effective, KeyFacts, Subject};
use super::{Way, short};
use crate::accounts::command;

const SSHD: &str = "/usr/sbin/sshd";
const SSH_KEYGEN: &str = "/usr/bin/ssh-keygen";
/// Both take milliseconds.
const DEADLINE: Duration = Duration::from_secs(5);
/// Where people come from: an address of the documentation (RFC 5737), which no rule for the host
/// itself or its neighbours speaks of.
const SOMEWHERE: &str = "192.0.2.1";
/// While one of these is there, PAM lets root alone in (`pam_nologin(8)`).
const NOLOGIN: [&str; 2] = ["/etc/nologin", "/run/nologin"];

/// What is found, or what keeps the owner out.
pub(super) fn prove(way: &Way<'_>) -> Result<String, String> {
    if way.is_expired {
        return Err("the account is expired (shadow(5))".into());
    }
    if let Some(file) = NOLOGIN.iter().find(|file| Path::new(file).exists()) {
        return Err(format!("the host lets nobody in while {file} is there"));
    }
    is_program(way.shell).map_err(|why| format!("the login shell {why}"))?;
    let keys = keys(way)?;
    let condition = format!(
        "user={},host={SOMEWHERE},addr={SOMEWHERE},laddr=127.0.0.1,lport=22",
        way.username
    );
    let config = output(SSHD, &["-T", "-C", &condition])?;
    let who = Subject {
        name: way.username.as_str(),
        uid: way.ids.uid,
        home: way.home.to_str().unwrap_or_default(),
        groups: way.groups,
        key_file: way.key_file,
        keys: &keys,
        has_password: way.has_password,
    };
    sshd::judge(&Effective::of(&config), &who)
}

/// The keys of the key file as OpenSSH itself reads them.
fn keys(way: &Way<'_>) -> Result<Vec<KeyFacts>, String> {
    if way.ssh_keys.is_empty() {
        return Ok(Vec::new());
    }
    let path = way.key_file.to_str().unwrap_or_default();
    let listed = output(SSH_KEYGEN, &["-l", "-f", path])?;
    // One line a key: its length in bits, the fingerprint, the comment, the kind.
    let bits = listed.lines().filter_map(|line| {
        let (bits, rest) = line.split_once(' ')?;
        rest.starts_with("SHA256:").then(|| bits.parse().ok())?
    });
    let algorithms = way
        .ssh_keys
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned());
    let keys: Vec<KeyFacts> = algorithms
        .zip(bits)
        .map(|(algorithm, bits)| KeyFacts { algorithm, bits })
        .collect();
    if keys.len() == way.ssh_keys.len() {
        Ok(keys)
    } else {
        Err(format!(
            "OpenSSH reads {} keys in {path}, and {} are kept",
            keys.len(),
            way.ssh_keys.len()
        ))
    }
}

/// What a tool of OpenSSH prints.
fn output(tool: &'static str, arguments: &[&str]) -> Result<String, String> {
    if !Path::new(tool).exists() {
        return Err(format!("{tool} is missing"));
    }
    let ended = command::run_for_output(tool, arguments, DEADLINE).map_err(|e| e.to_string())?;
    if ended.code == 0 {
        Ok(String::from_utf8_lossy(&ended.output).into_owned())
    } else {
        Err(format!("{tool}: {}", short(&ended.said)))
    }
}

/// sshd asks the same of a login shell.
fn is_program(path: &str) -> Result<(), String> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.permissions().mode() & 0o111 != 0 => Ok(()),
        Ok(_) => Err(format!("{path} is no program")),
        Err(_) => Err(format!("{path} is missing")),
    }
}
