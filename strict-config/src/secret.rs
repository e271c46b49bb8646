//! Secrets from files.

use std::fmt;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// More than any password or token needs; a wrong path must not fill the memory.
const LIMIT: u64 = 64 * 1024;

/// A secret: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret that can't be used; the text holds nothing of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file can't be read.
    #[error("secret {path}: can't be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others than its owner may read or write the file.
    #[error("secret {path}: mode {mode:04o} lets others at it; must be 0600 or 0400", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is empty, over 64 KiB, or not UTF-8.
    #[error("secret {path}: {rule}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The rule.
        rule: &'static str,
    },
    /// A bare name was given and systemd passed no credentials.
    #[error(
        "secret {name}: a name without `/` is a systemd credential, and $CREDENTIALS_DIRECTORY is not set"
    )]
    NoCredentials {
        /// The credential's name.
        name: String,
    },
}

/// Reads a secret and trims white space around it.
///
/// A path with a `/` is a file that only its owner may read. A bare name is a systemd credential
/// (`LoadCredential=`, systemd.exec(5)): a file in `$CREDENTIALS_DIRECTORY`, which is private to
/// the service as a whole.
///
/// # Errors
///
/// When the file can't be read, is open to others, is empty, too large or not UTF-8.
pub fn read_secret(path: &Path) -> Result<Secret, SecretError> {
    read_secret_in(
        path,
        std::env::var_os("CREDENTIALS_DIRECTORY")
            .as_deref()
            .map(Path::new),
    )
}

fn read_secret_in(path: &Path, credentials: Option<&Path>) -> Result<Secret, SecretError> {
    let is_credential = path.components().count() == 1 && path.is_relative();
    if !is_credential {
        return read(path, true);
    }
    match credentials {
        // Modes there are systemd's: with an access list the group bits show the list's mask.
        Some(directory) => read(&directory.join(path), false),
        None => Err(SecretError::NoCredentials {
            name: path.display().to_string(),
        }),
    }
}

fn read(path: &Path, private: bool) -> Result<Secret, SecretError> {
    let unreadable = |source| SecretError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let unusable = |rule| SecretError::Unusable {
        path: path.to_owned(),
        rule,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if private && mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(unusable("is over 64 KiB"));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| unusable("is not UTF-8"))?
        .trim();
    if text.is_empty() {
        return Err(unusable("is empty"));
    }
    Ok(Secret(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(directory: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_private_file_is_read_and_trimmed() {
        let directory = tempfile::tempdir().unwrap();
        let path = file(directory.path(), "token", " hunter2\n", 0o600);
        assert_eq!(read_secret(&path).unwrap().expose(), "hunter2");
    }

    #[test]
    fn a_file_others_can_read_is_refused_by_path_and_mode() {
        let directory = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o622] {
            let path = file(directory.path(), "token", "hunter2", mode);
            let error = read_secret(&path).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{mode:04o}")) && error.contains("token"),
                "{error}"
            );
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn an_empty_huge_or_missing_secret_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let empty = file(directory.path(), "empty", "\n", 0o600);
        assert!(matches!(
            read_secret(&empty),
            Err(SecretError::Unusable {
                rule: "is empty",
                ..
            })
        ));
        let huge = file(directory.path(), "huge", &"x".repeat(64 * 1024 + 1), 0o600);
        assert!(matches!(
            read_secret(&huge),
            Err(SecretError::Unusable { .. })
        ));
        let missing = directory.path().join("missing");
        assert!(matches!(
            read_secret(&missing),
            Err(SecretError::Unreadable { .. })
        ));
    }

    #[test]
    fn a_bare_name_is_a_systemd_credential() {
        let directory = tempfile::tempdir().unwrap();
        file(directory.path(), "smtp", "hunter2", 0o440);
        let name = Path::new("smtp");
        let secret = read_secret_in(name, Some(directory.path())).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        let error = read_secret_in(name, None).unwrap_err();
        assert!(matches!(error, SecretError::NoCredentials { .. }));
    }

    #[test]
    fn a_secret_is_not_printed() {
        let directory = tempfile::tempdir().unwrap();
        let path = file(directory.path(), "token", "hunter2", 0o600);
        assert!(!format!("{:?}", read_secret(&path).unwrap()).contains("hunter2"));
    }
}
