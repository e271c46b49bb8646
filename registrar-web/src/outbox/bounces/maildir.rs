use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

/// The most that is read of one message: reports are short, what they return need not be.
const LARGEST: u64 = 256 * 1024;
/// The most messages of one look.
const MOST: usize = 100;

/// Why the Maildir can't be used.
#[derive(Debug, thiserror::Error)]
#[error("mail.bounce_maildir: {path}: {source}", path = path.display())]
pub struct MaildirError {
    path: PathBuf,
    source: io::Error,
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, MaildirError> {
    let owned = path.to_owned();
    tokio::task::spawn_blocking(move || work(&owned))
        .await
        .map_err(io::Error::other)
        .and_then(|done| done)
        .map_err(|source| MaildirError {
            path: path.to_owned(),
            source,
        })
}

/// The messages in `new`, oldest name first, at most a hundred.
pub(super) async fn list(maildir: &Path) -> Result<Vec<PathBuf>, MaildirError> {
    blocking(&maildir.join("new"), |new| {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(new)?.take(MOST) {
            found.push(entry?.path());
        }
        found.sort();
        Ok(found)
    })
    .await
}

/// The beginning of a message; `None` when it is no regular file.
pub(super) async fn read(message: &Path) -> Result<Option<Vec<u8>>, MaildirError> {
    blocking(message, |path| {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits())
            .open(path);
        let file: File = match opened {
            Ok(file) if file.metadata()?.is_file() => file,
            Ok(_) => return Ok(None),
            // A symbolic link, or something that can't be opened at all.
            Err(_) => return Ok(None),
        };
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    })
    .await
}

/// Moves a message to `cur`, marked as seen (maildir(5)).
pub(super) async fn put_away(maildir: &Path, message: &Path) -> Result<(), MaildirError> {
    let mut name = OsString::from(message.file_name().unwrap_or_default());
    name.push(":2,S");
    let target = maildir.join("cur").join(name);
    blocking(message, move |path| std::fs::rename(path, target)).await
}
