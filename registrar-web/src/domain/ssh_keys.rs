use jiff::Timestamp;
use provision_api::SshKeyAlgorithm;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::SshPublicKey;

/// Names a kept key.
pub type SshKeyId = Uuid;

/// A public key that the registrar keeps for a member.
///
/// Records made before keys had names hold the bare line; it is read as a key that came with the
/// sign-up, and written anew with the next change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct KeptKey {
    /// Names it.
    pub id: SshKeyId,
    /// What its owner calls it; not empty.
    pub label: String,
    /// The key.
    pub key: SshPublicKey,
    /// When it was added; `None` for the keys of the sign-up.
    pub added_at: Option<Timestamp>,
}

/// The forms in which keys lie in the store.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Bare(SshPublicKey),
    Named {
        id: SshKeyId,
        label: String,
        key: SshPublicKey,
        added_at: Option<Timestamp>,
    },
}

impl From<Stored> for KeptKey {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Bare(key) => Self::of_sign_up(key),
            Stored::Named {
                id,
                label,
                key,
                added_at,
            } => Self {
                id,
                label,
                key,
                added_at,
            },
        }
    }
}

impl KeptKey {
    /// The most characters of a label.
    pub const LONGEST_LABEL: usize = 100;

    /// A key of the sign-up. Its id comes from the key itself, so it is the same whenever it is read.
    #[must_use]
    pub fn of_sign_up(key: SshPublicKey) -> Self {
        let digest = Sha256::digest(key.fingerprint().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self {
            id: uuid::Builder::from_custom_bytes(bytes).into_uuid(),
            label: label_of(&key),
            key,
            added_at: None,
        }
    }

    /// A key that is added later. Without a label of its own it is called by its comment, or by its
    /// kind.
    #[must_use]
    pub fn added(
        id: SshKeyId,
        key: SshPublicKey,
        label: Option<String>,
        added_at: Timestamp,
    ) -> Self {
        Self {
            id,
            label: label.unwrap_or_else(|| label_of(&key)),
            key,
            added_at: Some(added_at),
        }
    }

    /// The kind of key as the key itself says it, such as `ssh-ed25519`.
    #[must_use]
    pub fn kind(&self) -> &str {
        let line = self.key.as_line();
        line.split(' ').next().unwrap_or_default()
    }
}

fn label_of(key: &SshPublicKey) -> String {
    let comment = key.as_line().splitn(3, ' ').nth(2).unwrap_or_default();
    if !comment.is_empty() {
        return comment.to_owned();
    }
    match key.algorithm() {
        SshKeyAlgorithm::Ed25519 => "Ed25519 key",
        SshKeyAlgorithm::Rsa => "RSA key",
        SshKeyAlgorithm::Ecdsa => "ECDSA key",
        SshKeyAlgorithm::SecurityKey => "security key",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example";

    #[test]
    fn a_bare_line_of_an_old_record_is_read_as_a_key_with_always_the_same_id() {
        let old: Vec<KeptKey> = serde_json::from_value(serde_json::json!([LINE])).unwrap();
        assert_eq!(
            old,
            [KeptKey::of_sign_up(SshPublicKey::parse(LINE).unwrap())]
        );
        assert_eq!(
            (old[0].label.as_str(), old[0].kind()),
            ("ada@example", "ssh-ed25519")
        );
        let written = serde_json::to_string(&old).unwrap();
        assert_eq!(serde_json::from_str::<Vec<KeptKey>>(&written).unwrap(), old);
    }

    #[test]
    fn a_key_without_comment_is_called_by_its_kind() {
        let bare = LINE.strip_suffix(" ada@example").unwrap();
        let key = KeptKey::of_sign_up(SshPublicKey::parse(bare).unwrap());
        assert_eq!(key.label, "Ed25519 key");
    }
}
