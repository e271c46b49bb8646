use std::fmt;

use serde::{Deserialize, Serialize};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, PublicKey};

/// The most keys that the registrar keeps for one account.
pub const MAX_KEYS: usize = 16;

/// An OpenSSH public key: type, base64 and comment on one line, without options.
///
/// Written anew from its parsed parts, so what is stored is never the text that came in.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SshPublicKey {
    line: String,
    fingerprint: String,
    algorithm: SshKeyAlgorithm,
}

/// The kinds of key that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SshKeyAlgorithm {
    /// `ssh-ed25519`.
    Ed25519,
    /// `ssh-rsa` with 2048 to 16384 bits.
    Rsa,
    /// `ecdsa-sha2-nistp256`, `-384`, `-521`.
    Ecdsa,
    /// `sk-ssh-ed25519@openssh.com`, `sk-ecdsa-sha2-nistp256@openssh.com`.
    SecurityKey,
}

/// Why a text is no key that is taken; each message says how to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshKeyError {
    /// Nothing there.
    #[error("paste the public key: one line that starts with ssh-ed25519, ssh-rsa or ecdsa-")]
    Empty,
    /// A private key. Its text is not repeated.
    #[error(
        "this is a private key, and it has now left your computer: make a new pair with ssh-keygen -t ed25519 and paste the line of the file that ends in .pub"
    )]
    PrivateKey,
    /// More than one line.
    #[error("one key is one line; it was perhaps broken when it was copied")]
    SeveralLines,
    /// `command="…"` and the like.
    #[error("options in front of a key are not taken; start with the key type")]
    Options,
    /// DSA.
    #[error("DSA keys are not accepted by OpenSSH any more; make one with ssh-keygen -t ed25519")]
    Dsa,
    /// RSA of less than 2048 bits.
    #[error("this RSA key has fewer than 2048 bits; make one with ssh-keygen -t ed25519")]
    WeakRsa,
    /// The base64 part ends early or holds something else than it says.
    #[error("the key is damaged or cut off; copy the whole line again")]
    Damaged,
    /// Some other kind of key.
    #[error("this kind of key is not known here; make one with ssh-keygen -t ed25519")]
    UnknownType,
    /// The comment is too long or has control characters.
    #[error("the comment behind the key has at most 100 printable characters")]
    BadComment,
}

impl SshKeyError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::PrivateKey => "private-key",
            Self::SeveralLines => "several-lines",
            Self::Options => "options",
            Self::Dsa => "dsa",
            Self::WeakRsa => "weak-rsa",
            Self::Damaged => "damaged",
            Self::UnknownType => "unknown-type",
            Self::BadComment => "bad-comment",
        }
    }
}

const TYPES: &[&str] = &[
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

impl SshPublicKey {
    /// Parses one line; white space around it, Windows line ends too, is dropped.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, SshKeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SshKeyError::Empty);
        }
        if text.contains("PRIVATE KEY") || text.starts_with("PuTTY-User-Key-File") {
            return Err(SshKeyError::PrivateKey);
        }
        if text.contains(['\n', '\r']) {
            return Err(SshKeyError::SeveralLines);
        }
        let mut words = text.splitn(3, [' ', '\t']);
        let kind = words.next().unwrap_or_default();
        if kind == "ssh-dss" {
            return Err(SshKeyError::Dsa);
        }
        if !TYPES.contains(&kind) {
            let has_type_later = text
                .split([' ', '\t', '"', ','])
                .any(|w| TYPES.contains(&w) || w == "ssh-dss");
            return Err(if has_type_later {
                SshKeyError::Options
            } else {
                SshKeyError::UnknownType
            });
        }
        let body = words.next().unwrap_or_default();
        let comment = words.next().unwrap_or_default().trim();
        if comment.len() > 100 || comment.chars().any(char::is_control) {
            return Err(SshKeyError::BadComment);
        }
        let key =
            PublicKey::from_openssh(&format!("{kind} {body}")).map_err(|_| SshKeyError::Damaged)?;
        let algorithm = judge(&key)?;
        let bare = key.to_openssh().map_err(|_| SshKeyError::Damaged)?;
        let line = if comment.is_empty() {
            bare
        } else {
            format!("{bare} {comment}")
        };
        Ok(Self {
            line,
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            algorithm,
        })
    }

    /// Parses a paste of several keys, one a line; empty lines and `#` comments are passed over.
    ///
    /// # Errors
    /// The number of the line, from 1, and what is wrong with it. A private key is told at once.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, (usize, SshKeyError)> {
        if text.contains("PRIVATE KEY") {
            return Err((1, SshKeyError::PrivateKey));
        }
        let mut keys: Vec<Self> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = Self::parse(line).map_err(|e| (index + 1, e))?;
            if !keys.iter().any(|k| k.fingerprint == key.fingerprint) {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// The line as it is written to a key file, without a line end.
    #[must_use]
    pub fn as_line(&self) -> &str {
        &self.line
    }

    /// `SHA256:…` as ssh-keygen(1) shows it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The kind of key.
    #[must_use]
    pub fn algorithm(&self) -> SshKeyAlgorithm {
        self.algorithm
    }
}

fn judge(key: &PublicKey) -> Result<SshKeyAlgorithm, SshKeyError> {
    match (key.algorithm(), key.key_data()) {
        (Algorithm::Ed25519, _) => Ok(SshKeyAlgorithm::Ed25519),
        (Algorithm::Ecdsa { .. }, _) => Ok(SshKeyAlgorithm::Ecdsa),
        (Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256, _) => {
            Ok(SshKeyAlgorithm::SecurityKey)
        }
        (Algorithm::Dsa, _) => Err(SshKeyError::Dsa),
        (_, KeyData::Rsa(rsa)) => {
            let modulus = rsa.n.as_positive_bytes().ok_or(SshKeyError::Damaged)?;
            let leading = modulus.first().map_or(8, |b| b.leading_zeros() as usize);
            match (modulus.len() * 8).saturating_sub(leading) {
                2048..=16384 => Ok(SshKeyAlgorithm::Rsa),
                0..2048 => Err(SshKeyError::WeakRsa),
                _ => Err(SshKeyError::Damaged),
            }
        }
        _ => Err(SshKeyError::UnknownType),
    }
}

impl fmt::Debug for SshPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshPublicKey({})", self.fingerprint)
    }
}

impl TryFrom<String> for SshPublicKey {
    type Error = SshKeyError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<SshPublicKey> for String {
    fn from(key: SshPublicKey) -> Self {
        key.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example";
    const EC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";

    #[test]
    fn a_good_key_is_written_anew_with_its_comment() {
        let key = SshPublicKey::parse(&format!("  {ED}\r\n")).unwrap();
        assert_eq!(key.as_line(), ED);
        assert_eq!(key.algorithm(), SshKeyAlgorithm::Ed25519);
        assert!(key.fingerprint().starts_with("SHA256:"));
        assert_eq!(
            SshPublicKey::parse(EC).unwrap().algorithm(),
            SshKeyAlgorithm::Ecdsa
        );
    }

    #[test]
    fn each_bad_key_is_told_its_rule() {
        use SshKeyError::*;
        let cases: Vec<(String, SshKeyError)> = vec![
            (String::new(), Empty),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
                    .into(),
                PrivateKey,
            ),
            ("ssh-dss AAAAB3NzaC1kc3MAAACBA x".into(), Dsa),
            (ED[..60].into(), Damaged),
            (format!("command=\"/bin/sh\" {ED}"), Options),
            (format!("no-pty {ED}"), Options),
            (format!("{ED}\n{ED}"), SeveralLines),
            (format!("{ED}\x07"), BadComment),
            ("ssh-ed25519".into(), Damaged),
            ("hello".into(), UnknownType),
            (ED.replace("ssh-ed25519 ", "ssh-rsa "), Damaged),
        ];
        for (text, want) in cases {
            assert_eq!(SshPublicKey::parse(&text), Err(want), "{text:?}");
        }
    }

    #[test]
    fn a_short_rsa_key_is_refused() {
        // 1024 bits
        let weak = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7vbqajDw4o6gJy8UtmIbkcpnkO3Kwc4qsEnSZp/TR+fQi62F79RHWmwKOtFmwteURgLbj7D/WGuNLGOfa/2vse3G2eHnHl5CB8ruRX9fBl/KgwCVr2JaEuUm66bBQeP5XeBotdR4cvX38uPYivCDdPjJ1QWPdspTBKcxeFbccDw==";
        assert_eq!(SshPublicKey::parse(weak), Err(SshKeyError::WeakRsa));
    }

    #[test]
    fn a_paste_of_ten_lines_names_the_bad_one() {
        let mut lines: Vec<String> = (0..10).map(|_| ED.to_owned()).collect();
        assert_eq!(
            SshPublicKey::parse_lines(&lines.join("\r\n"))
                .unwrap()
                .len(),
            1,
            "one key once"
        );
        lines[6] = "garbage".into();
        assert_eq!(
            SshPublicKey::parse_lines(&lines.join("\n")),
            Err((7, SshKeyError::UnknownType))
        );
    }

    proptest! {
        #[test]
        fn what_parses_is_one_line_without_options(prefix in "[a-z=\", ]{0,12}", tail in "\\PC{0,120}") {
            if let Ok(key) = SshPublicKey::parse(&format!("{prefix}{ED} {tail}")) {
                prop_assert!(TYPES.iter().any(|t| key.as_line().starts_with(t)));
                prop_assert!(!key.as_line().contains(['\n', '\r', '\0']));
            }
        }
    }
}
