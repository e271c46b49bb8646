//! The Maildir and the NeoMutt configuration of a staged home.

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::stat::{Mode, fchmod};
use provision_api::{DisplayName, RegistrationId, Username};

use super::error::{HomeError, at};
use super::staging::Area;
use super::{Homes, Ids};
use crate::crash_point;
use crate::dirfd::{self, DirRef};

pub(super) const MAILDIR: &str = "Maildir";
/// The directories of a Maildir (<https://cr.yp.to/proto/maildir.html>).
pub(super) const MAILDIR_PARTS: [&str; 3] = ["new", "cur", "tmp"];
/// The folders that the NeoMutt template names, in the Maildir++ manner of IMAP servers.
const FOLDERS: [&str; 4] = [".Sent", ".Drafts", ".Archive", ".Trash"];
pub(super) const NEOMUTTRC: &str = ".neomuttrc";
const NEOMUTTRC_DRAFT: &str = ".neomuttrc.draft";

/// The domain of the members' addresses: labels of letters, digits and inner hyphens, joined by
/// dots (RFC 1123 section 2.1), in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDomain(String);

/// The text is no [`MailDomain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mail domain is like `tilde.example`: letters, digits, hyphens and dots")]
pub struct MailDomainError;

impl MailDomain {
    /// Parses a domain; capitals become small letters.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, MailDomainError> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let good = text.len() <= 253 && text.split('.').all(label);
        good.then(|| Self(text.to_ascii_lowercase()))
            .ok_or(MailDomainError)
    }

    /// The domain as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who writes the mails of an account.
#[derive(Clone, Copy, Debug)]
pub struct MailIdentity<'a> {
    /// The local part of the address.
    pub username: &'a Username,
    /// The name before the address.
    pub display_name: &'a DisplayName,
    /// The domain of the address.
    pub domain: &'a MailDomain,
}

impl Homes {
    /// `.neomuttrc` as a home of that owner gets it.
    #[must_use]
    pub fn neomuttrc_of(&self, identity: &MailIdentity<'_>) -> String {
        self.neomuttrc.render(identity)
    }

    /// Adds `Maildir` and `.neomuttrc` to the staged home of a registration. May be repeated.
    ///
    /// # Errors
    /// No home is staged, the disk is full, or skel put something else in their place.
    pub fn add_mail_files(
        &self,
        registration: RegistrationId,
        ids: Ids,
        identity: &MailIdentity<'_>,
    ) -> Result<(), HomeError> {
        ids.check()?;
        let area = Area::open(&self.root)?;
        let home = area.staged(registration)?.ok_or(HomeError::NotStaged)?;
        crash_point::at("home.mail.before");
        let maildir = private_dir(home.as_fd(), MAILDIR)?;
        make_maildir(&maildir)?;
        crash_point::at("home.mail.maildir");
        for folder in FOLDERS {
            make_maildir(&private_dir(maildir.as_fd(), folder)?)?;
        }
        let text = self.neomuttrc_of(identity);
        dirfd::replace_file(&home, NEOMUTTRC, NEOMUTTRC_DRAFT, text.as_bytes(), 0o600)
            .map_err(at(NEOMUTTRC))?;
        crash_point::at("home.mail.after");
        Ok(())
    }
}

fn make_maildir(dir: &OwnedFd) -> Result<(), HomeError> {
    for part in MAILDIR_PARTS {
        private_dir(dir.as_fd(), part)?;
    }
    Ok(())
}

/// A directory for its owner only, even if skel brought it with another mode.
fn private_dir(parent: DirRef<'_>, name: &str) -> Result<OwnedFd, HomeError> {
    let dir = dirfd::open_or_make_dir(parent, name).map_err(at(name))?;
    fchmod(&dir, Mode::from_bits_truncate(0o700)).map_err(at(name))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_name_is_a_mail_domain() {
        for good in [
            "tilde.example",
            "localhost",
            "a-b.example.org",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(MailDomain::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(
            MailDomain::parse("Tilde.Example").unwrap().as_str(),
            "tilde.example"
        );
        let long = "a".repeat(64);
        for bad in [
            "",
            ".",
            "a..b",
            "-a.b",
            "a-.b",
            "a b",
            "a'b",
            "a`id`",
            "bücher.de",
            "a\n",
            &long,
        ] {
            assert_eq!(MailDomain::parse(bad), Err(MailDomainError), "{bad:?}");
        }
    }
}
