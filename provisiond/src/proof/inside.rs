//! The process that looks, as the member.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::Mode;

use crate::dirfd;
use crate::member::inside::{
    InsideError, io_error, own_dir, plain_name, stay_alone, stay_untraced, unprivileged_uid, walk,
};
use crate::notify::{message_of_stdin, put};

/// The exit code that says that there is no `.neomuttrc`.
pub(super) const NO_FILE: i32 = 4;
/// The exit code that says that it is another one than provisiond wrote.
pub(super) const CHANGED: i32 = 5;
/// A line on standard error, before neomutt's own.
pub(super) const STARTS_PROGRAMS: &str = "provisiond: the file starts programs";
/// How neomutt is handed the text.
pub(super) const ITS_STDIN: &str = "/proc/self/fd/0";

const MAX_CONFIG: u64 = 1 << 20;
const MEMORY: u64 = 384 << 20;
const CPU_SECONDS: u64 = 5;

/// What `main` does when its first argument is [`super::PROVE`]: `mailbox first|again HOME NAME`
/// with a message on standard input; `unchanged HOME` and `neomutt PROGRAM HOME` with `.neomuttrc` as it was
/// written there.
#[must_use]
pub fn prove_main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(2).collect();
    let words: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    let done = stay_untraced().and_then(|()| match words.as_slice() {
        [what, kind, home, name] if *what == "mailbox" => {
            mailbox(*kind == "again", Path::new(home), name).map(|()| 0)
        }
        [what, home] if *what == "unchanged" => unchanged(Path::new(home)),
        [what, program, home] if *what == "neomutt" => neomutt(program, Path::new(home)),
        _ => Err(InsideError::Usage),
    });
    match done {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(e) => {
            let _ = writeln!(io::stderr(), "{e}");
            ExitCode::FAILURE
        }
    }
}

/// Puts a message into the Maildir and reads it back. The first one is the greeting, under a name
/// of which there is one: where an earlier run left it, it is only read. Later the message has a
/// name that mail readers pass over (it begins with a dot), and is taken away again.
fn mailbox(again: bool, home: &Path, name: &OsStr) -> Result<(), InsideError> {
    let name = plain_name(name)?;
    let uid = unprivileged_uid()?;
    stay_alone()?;
    let message = message_of_stdin()?;
    let maildir = own_dir(&walk(home)?, "Maildir", uid)?;
    let [tmp, new, cur] = [
        own_dir(&maildir, "tmp", uid)?,
        own_dir(&maildir, "new", uid)?,
        own_dir(&maildir, "cur", uid)?,
    ];
    if again {
        let hidden = format!(".{name}");
        for dir in [&tmp, &new] {
            dirfd::remove_name(dir, hidden.as_str()).map_err(io_error("Maildir"))?;
        }
        put(&tmp, &hidden, &new, &hidden, &message)?;
        let read = read_back(&new, &hidden);
        let removed = dirfd::remove_name(&new, hidden.as_str());
        removed.map_err(io_error("Maildir/new"))?;
        return is_same(read?, &message);
    }
    if let Some(found) = find(&new, &cur, name)? {
        return is_readable(&found);
    }
    dirfd::remove_name(&tmp, name).map_err(io_error("Maildir/tmp"))?;
    put(&tmp, name, &new, name, &message)?;
    match find(&new, &cur, name)? {
        Some(found) => is_same(Some(found), &message),
        None => Err(lost()),
    }
}

/// The message, where the owner's mail reader may have moved it meanwhile.
fn find(new: &OwnedFd, cur: &OwnedFd, name: &str) -> Result<Option<Vec<u8>>, InsideError> {
    if let Some(found) = read_back(new, name)? {
        return Ok(Some(found));
    }
    let is_it = |entry: &std::ffi::CStr| {
        let rest = entry.to_bytes().strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b":"))
    };
    // Of a reader who has millions of messages this takes longer than the deadline.
    match dirfd::names(cur, 1, is_it)
        .map_err(io_error("Maildir/cur"))?
        .first()
    {
        Some(entry) => {
            let found = dirfd::read_file(cur, entry.as_c_str(), MAX_CONFIG);
            found.map_err(io_error("Maildir/cur"))
        }
        None => Ok(None),
    }
}

fn read_back(new: &OwnedFd, name: &str) -> Result<Option<Vec<u8>>, InsideError> {
    dirfd::read_file(new, name, MAX_CONFIG).map_err(io_error("Maildir/new"))
}

fn is_same(found: Option<Vec<u8>>, message: &[u8]) -> Result<(), InsideError> {
    match found {
        Some(found) if found == message => Ok(()),
        Some(_) => Err(InsideError::File {
            what: "the message",
            is: "came back changed",
        }),
        None => Err(lost()),
    }
}

fn is_readable(found: &[u8]) -> Result<(), InsideError> {
    if found.is_empty() {
        return Err(InsideError::File {
            what: "the greeting",
            is: "is empty",
        });
    }
    Ok(())
}

fn lost() -> InsideError {
    InsideError::File {
        what: "the message",
        is: "can't be found again",
    }
}

/// Whether `.neomuttrc` is what standard input has; the exit code.
fn unchanged(home: &Path) -> Result<i32, InsideError> {
    unprivileged_uid()?;
    stay_alone()?;
    let expected = message_of_stdin()?;
    let Some(file) = config_file(&walk(home)?)? else {
        return Ok(NO_FILE);
    };
    let mut text = Vec::new();
    let most = u64::try_from(expected.len()).unwrap_or(u64::MAX);
    let read = file.take(most.saturating_add(1)).read_to_end(&mut text);
    read.map_err(io_error("~/.neomuttrc"))?;
    Ok(if text == expected { 0 } else { CHANGED })
}

/// Becomes neomutt, which reads the text of standard input and prints its settings.
fn neomutt(program: &OsStr, home: &Path) -> Result<i32, InsideError> {
    unprivileged_uid()?;
    // Nothing that a template of the host's names is started either, and nothing is left over.
    stay_alone()?;
    let text = message_of_stdin()?;
    if starts_programs(&text) {
        let _ = writeln!(io::stderr(), "{STARTS_PROGRAMS}");
    }
    let mut file =
        File::from(memfd_create(c"neomuttrc", MFdFlags::MFD_CLOEXEC).map_err(io_error("memory"))?);
    file.write_all(&text).map_err(io_error("memory"))?;
    file.rewind().map_err(io_error("memory"))?;
    for (resource, most) in [
        (Resource::RLIMIT_AS, MEMORY),
        (Resource::RLIMIT_CPU, CPU_SECONDS),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, 0),
    ] {
        setrlimit(resource, most, most).map_err(io_error("limits"))?;
    }
    // Without the host's own file (-n): Debian's starts a program.
    let error = Command::new(program)
        .args(["-n", "-F", ITS_STDIN, "-D"])
        .env_clear()
        .env("HOME", home)
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "dumb")
        .stdin(file)
        .exec();
    Err(io_error("neomutt")(error))
}

/// Opened with the member's rights, so a link leads only where they may read; never waits for a
/// FIFO's other end.
fn config_file(home: &OwnedFd) -> Result<Option<File>, InsideError> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = match openat(home, ".neomuttrc", flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::ENOENT) => return Ok(None),
        Err(e) => return Err(io_error("~/.neomuttrc")(e)),
    };
    let meta = file.metadata().map_err(io_error("~/.neomuttrc"))?;
    if meta.is_file() {
        Ok(Some(file))
    } else {
        Err(InsideError::File {
            what: "~/.neomuttrc",
            is: "is no regular file",
        })
    }
}

/// Backticks, and `source "program|"` (NeoMutt guide, "Syntax of Initialization Files").
fn starts_programs(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let is_source = line.starts_with(b"source") && line.contains(&b'|');
        !line.starts_with(b"#") && (line.contains(&b'`') || is_source)
    })
}
