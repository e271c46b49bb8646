use std::time::Duration;

use super::command::{self, Rights};

const KILL: &str = "/bin/kill";

/// Ends every process of a user, and checks that none is left.
///
/// The signal is sent by a process of that very user to all that it may signal (`kill(-1)`), so
/// no decision hangs on a process id, which another process could have by now (polkit
/// CVE-2013-4288), and nothing of anyone else can be hit.
///
/// # Errors
/// Processes are left, or it can't be found out.
pub fn end_processes(uid: u32) -> Result<(), std::io::Error> {
    for _ in 0..20 {
        if !has_processes(uid)? {
            return Ok(());
        }
        command::run(
            KILL,
            &["-KILL", "--", "-1"],
            None,
            Rights::User(uid),
            Duration::from_secs(10),
        )
        .map_err(std::io::Error::other)?;
        std::thread::sleep(Duration::from_millis(10));
    }
    if has_processes(uid)? {
        return Err(std::io::Error::other("processes of the account are left"));
    }
    Ok(())
}

fn has_processes(uid: u32) -> Result<bool, std::io::Error> {
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
        let is_users = status.lines().any(|line| {
            line.strip_prefix("Uid:").is_some_and(|ids| {
                ids.split_whitespace()
                    .any(|id| id.parse::<u32>() == Ok(uid))
            })
        });
        if is_users && !is_zombie {
            return Ok(true);
        }
    }
    Ok(false)
}
