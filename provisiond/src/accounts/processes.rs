use std::io;
use std::path::Path;
use std::time::Duration;

use crate::{crash_point, pulse, sys};

/// One round is enough but for what is stuck in the kernel, or was on its way in.
const ROUNDS: u32 = 200;
const WAIT: Duration = Duration::from_millis(10);

/// Ends every process of a user, and checks that none is left. Keep new logins out first.
///
/// No decision hangs on a process id, which another process could have by now (polkit
/// CVE-2013-4288): the signal goes to a user, and so does the question who is left.
///
/// # Errors
/// Processes are left, or it can't be found out.
pub fn end_processes(uid: u32) -> Result<(), io::Error> {
    for _ in 0..ROUNDS {
        pulse::beat();
        crash_point::at("processes.end.before");
        sys::kill_all_of(uid)?;
        end_borrowers(uid);
        kill_slice(uid);
        crash_point::at("processes.end.after");
        if !has_processes(uid)? {
            return Ok(());
        }
        std::thread::sleep(WAIT);
    }
    Err(io::Error::other("processes of the account are left"))
}

/// Ends what systemd counts to the user, where it does and the unit may: also what runs with
/// subordinate uids, and a login that is still root's.
fn kill_slice(uid: u32) {
    let switch = format!("/sys/fs/cgroup/user.slice/user-{uid}.slice/cgroup.kill");
    // Without systemd, cgroup v2, or the right to write, the signal has to do.
    if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(switch) {
        let _ = io::Write::write_all(&mut file, b"1");
    }
}

fn has_processes(uid: u32) -> Result<bool, io::Error> {
    // ProtectProc=invisible hides nothing from group 0, but ProtectProc=ptraceable does.
    if !Path::new("/proc/1/status").exists() {
        return sys::is_anyone(uid);
    }
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let name = entry.file_name();
        if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // A process that ended since is none that is left.
        let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else {
            continue;
        };
        let is_zombie = status.lines().any(|l| l.starts_with("State:\tZ"));
        let is_users = uids(&status).contains(&uid);
        if is_users && !is_zombie {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Real, effective, saved and file system uid, as `/proc/PID/status` has them.
fn uids(status: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let ids = line.unwrap_or_default().split_whitespace();
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// Ends processes of others that have the user's number as their effective uid alone: someone
/// else started a setuid program of the user's, and took the other two back. The signal to the
/// user does not reach them; each is ended by the right of whom it belongs to. Root's are left.
fn end_borrowers(uid: u32) {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return;
    };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let borrowed_from = || {
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            match uids(&status).as_slice() {
                [0, ..] => None,
                [real, effective, saved, file_system]
                    if *real != uid
                        && *saved != uid
                        && [effective, file_system].contains(&&uid) =>
                {
                    Some(*real)
                }
                _ => None,
            }
        };
        // Looked at once more when the process is held: an id that was reused meanwhile is another.
        if let (Some(_), Ok(process)) = (borrowed_from(), sys::process(pid))
            && let Some(real) = borrowed_from()
            && let Err(error) = sys::kill_one_of(real, &process)
        {
            tracing::warn!(%error, "who borrowed the uid can't be ended");
        }
    }
}
