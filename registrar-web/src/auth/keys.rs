use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::signing_key::{BadKey, SigningKey, generate};
use crate::config::TokenAlgorithm;
use crate::ports::{Entropy, EntropyExt};
use crate::secrets::{self, SecretError};

/// The file in the state directory.
const FILE: &str = "token-keys.json";
/// How often at most the file is looked at for what another process did.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// How much longer than its tokens a key stays that was replaced: others notice that late.
const GRACE: SignedDuration = SignedDuration::from_mins(1);

/// Why the keys of access tokens can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is exposed, or can't be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It can't be written.
    #[error("{path}: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error(
        "{path} does not hold keys of access tokens; put the file back from a backup, or remove it to have a new key made (access tokens then have to be refreshed)"
    )]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// No key can be made.
    #[error("a key of access tokens can't be made")]
    Generate,
}

/// The keys of access tokens. The first one signs; the others only verify, until the last token
/// that they signed has expired. They live in a file that nobody else may read, and what another
/// process does to the file (a rotation, a copy) is taken over within seconds.
#[derive(Debug)]
pub struct KeyRing {
    directory: PathBuf,
    path: PathBuf,
    keys: RwLock<Arc<Vec<Held>>>,
    seen: Mutex<Seen>,
}

/// A key and until when it verifies; `None` for the one that signs.
#[derive(Debug)]
struct Held {
    key: Arc<SigningKey>,
    stored: StoredKey,
}

/// What the file was like when it was read.
#[derive(Debug)]
struct Seen {
    looked_at: Timestamp,
    stamp: Option<Stamp>,
}

type Stamp = (std::time::SystemTime, u64);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// The one that signs first.
    keys: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredKey {
    kid: String,
    algorithm: TokenAlgorithm,
    /// Base64 of PKCS#8, or of the secret.
    private: String,
    made_at: Timestamp,
    verifies_until: Option<Timestamp>,
}

impl Drop for StoredKey {
    fn drop(&mut self) {
        self.private.zeroize();
    }
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredKey({})", self.kid)
    }
}

impl KeyRing {
    /// Reads the keys; makes the first one, and another one when the newest is of another
    /// algorithm. Tokens signed so far stay good for `ttl`. Blocks.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(
        directory: &Path,
        algorithm: TokenAlgorithm,
        ttl: SignedDuration,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let ring = Self {
            directory: directory.to_owned(),
            path: directory.join(FILE),
            keys: RwLock::default(),
            seen: Mutex::new(Seen {
                looked_at: now,
                stamp: None,
            }),
        };
        ring.load()?;
        let signs = ring.held().first().map(|held| held.key.algorithm);
        if signs != Some(algorithm) {
            ring.rotate(algorithm, ttl, entropy, now)?;
        }
        Ok(ring)
    }

    /// Signs with a new key from now on. The old ones verify until the tokens that they signed,
    /// which live for `ttl`, have expired; those of which all have are dropped. Blocks. Returns
    /// the name of the new one.
    ///
    /// # Errors
    /// See [`KeyError`]; nothing has changed then.
    pub fn rotate(
        &self,
        algorithm: TokenAlgorithm,
        ttl: SignedDuration,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        // One at a time, from what the file says.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read()?;
        let is_first = before.is_none();
        let private = generate(algorithm, entropy).map_err(|_| KeyError::Generate)?;
        let random = URL_SAFE_NO_PAD.encode(entropy.bytes::<16>());
        let key =
            SigningKey::parse(algorithm, &private, &random).map_err(|_| KeyError::Generate)?;
        let kid = key.kid.clone();
        let mut keys = vec![StoredKey {
            kid: kid.clone(),
            algorithm,
            private: STANDARD.encode(&*private),
            made_at: now,
            verifies_until: None,
        }];
        for mut old in before.into_iter().flatten() {
            let until = *old.verifies_until.get_or_insert(now + ttl + GRACE);
            if until > now {
                keys.push(old);
            }
        }
        let stored = Stored { keys };
        let text = serde_json::to_vec_pretty(&stored).map(Zeroizing::new);
        let text = text.map_err(|_| KeyError::Generate)?;
        let written = if is_first {
            secrets::make(&self.directory, &self.path, &text)
        } else {
            secrets::replace(&self.directory, &self.path, &text)
        };
        written.map_err(|source| KeyError::Write {
            path: self.path.clone(),
            source,
        })?;
        self.take(stored.keys)?;
        seen.stamp = self.stamp();
        tracing::info!(kid, ?algorithm, "access tokens are signed with a new key");
        Ok(kid)
    }

    /// The key that signs.
    pub(super) fn signer(&self, now: Timestamp) -> Option<Arc<SigningKey>> {
        self.look(now);
        self.held().first().map(|held| held.key.clone())
    }

    /// The key of that name, while it verifies.
    pub(super) fn verifier(&self, kid: &str, now: Timestamp) -> Option<Arc<SigningKey>> {
        self.look(now);
        let held = self.held();
        let found = held.iter().find(|held| held.key.kid == kid)?;
        let is_good = found.stored.verifies_until.is_none_or(|until| now < until);
        is_good.then(|| found.key.clone())
    }

    /// The public halves of the keys that verify, for who checks tokens elsewhere (RFC 7517).
    #[must_use]
    pub fn public(&self, now: Timestamp) -> JwkSet {
        self.look(now);
        let held = self.held();
        let good = held
            .iter()
            .filter(|held| held.stored.verifies_until.is_none_or(|until| now < until));
        let keys: Vec<Jwk> = good.filter_map(|held| held.key.public.clone()).collect();
        JwkSet { keys }
    }

    fn held(&self) -> Arc<Vec<Held>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// Reads the file again if it was changed.
    fn look(&self, now: Timestamp) {
        let Ok(mut seen) = self.seen.try_lock() else {
            return;
        };
        if now.duration_since(seen.looked_at).abs() < LOOK_EVERY {
            return;
        }
        seen.looked_at = now;
        let stamp = self.stamp();
        if stamp == seen.stamp {
            return;
        }
        // What is at hand still works; the file is looked at again after the next change.
        match self.load_into(&mut seen) {
            Ok(()) => tracing::info!("the keys of access tokens were changed and are read again"),
            Err(error) => tracing::error!(%error, "the keys of access tokens can't be read again"),
        }
    }

    fn load(&self) -> Result<(), KeyError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.load_into(&mut seen)
    }

    fn load_into(&self, seen: &mut Seen) -> Result<(), KeyError> {
        seen.stamp = self.stamp();
        match self.read()? {
            Some(stored) => self.take(stored),
            None => Ok(()),
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let facts = std::fs::metadata(&self.path).ok()?;
        Some((facts.modified().ok()?, facts.len()))
    }

    fn read(&self) -> Result<Option<Vec<StoredKey>>, KeyError> {
        let Some(bytes) = secrets::read(&self.path, 1 << 20)? else {
            return Ok(None);
        };
        let stored: Stored = serde_json::from_slice(&bytes).map_err(|_| self.malformed())?;
        if stored.keys.is_empty() {
            return Err(self.malformed());
        }
        Ok(Some(stored.keys))
    }

    fn take(&self, stored: Vec<StoredKey>) -> Result<(), KeyError> {
        let parse = |stored: StoredKey| {
            let private = STANDARD.decode(&stored.private).map_err(|_| BadKey)?;
            let private = Zeroizing::new(private);
            let key = SigningKey::parse(stored.algorithm, &private, &stored.kid)?;
            Ok(Held {
                key: Arc::new(key),
                stored,
            })
        };
        let held: Result<Vec<Held>, BadKey> = stored.into_iter().map(parse).collect();
        let held = held.map_err(|_| self.malformed())?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
        Ok(())
    }

    fn malformed(&self) -> KeyError {
        KeyError::Malformed {
            path: self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ports::OsEntropy;

    const TTL: SignedDuration = SignedDuration::from_mins(15);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn open(directory: &Path, algorithm: TokenAlgorithm, now: i64) -> Result<KeyRing, KeyError> {
        KeyRing::open(directory, algorithm, TTL, &OsEntropy, at(now))
    }

    fn kids(ring: &KeyRing, now: i64) -> Vec<String> {
        let keys = ring.public(at(now)).keys;
        keys.into_iter().filter_map(|k| k.common.key_id).collect()
    }

    #[test]
    fn the_first_start_makes_a_key_for_the_owner_alone_that_later_starts_use() {
        for algorithm in [
            TokenAlgorithm::Rs256,
            TokenAlgorithm::Es256,
            TokenAlgorithm::EdDsa,
            TokenAlgorithm::Hs256,
        ] {
            let dir = tempfile::tempdir().unwrap();
            let first = open(&dir.path().join("state"), algorithm, 0).unwrap();
            let again = open(&dir.path().join("state"), algorithm, 1).unwrap();
            let kid = first.signer(at(0)).unwrap().kid.clone();
            assert_eq!(again.signer(at(1)).unwrap().kid, kid, "{algorithm:?}");
            let mode = std::fs::metadata(dir.path().join("state").join(FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
            // Nobody is shown a secret key.
            let shown = serde_json::to_string(&first.public(at(0))).unwrap();
            let count = usize::from(algorithm != TokenAlgorithm::Hs256);
            assert_eq!(kids(&first, 0).len(), count, "{shown}");
            for private in ["\"d\"", "\"k\"", "\"p\"", "\"q\""] {
                assert!(!shown.contains(private), "{shown}");
            }
        }
    }

    #[test]
    fn a_replaced_key_verifies_until_its_tokens_have_expired_and_is_then_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let ring = open(dir.path(), TokenAlgorithm::EdDsa, 0).unwrap();
        let old = ring.signer(at(0)).unwrap().kid.clone();
        let new = ring
            .rotate(TokenAlgorithm::EdDsa, TTL, &OsEntropy, at(100))
            .unwrap();
        assert_eq!(ring.signer(at(100)).unwrap().kid, new);
        assert_eq!(kids(&ring, 100), [new.clone(), old.clone()]);
        let end = 100 + TTL.as_secs() + GRACE.as_secs();
        assert!(ring.verifier(&old, at(end - 1)).is_some());
        assert!(ring.verifier(&old, at(end)).is_none());
        ring.rotate(TokenAlgorithm::EdDsa, TTL, &OsEntropy, at(end))
            .unwrap();
        assert!(!kids(&open(dir.path(), TokenAlgorithm::EdDsa, end).unwrap(), 0).contains(&old));
    }

    #[test]
    fn another_algorithm_makes_another_key_and_the_old_one_still_verifies() {
        let dir = tempfile::tempdir().unwrap();
        let before = open(dir.path(), TokenAlgorithm::Hs256, 0).unwrap();
        let old = before.signer(at(0)).unwrap().kid.clone();
        let after = open(dir.path(), TokenAlgorithm::Es256, 10).unwrap();
        let signs = after.signer(at(10)).unwrap();
        assert_eq!(signs.algorithm, TokenAlgorithm::Es256);
        let kept = after.verifier(&old, at(10)).unwrap();
        assert_eq!(kept.algorithm, TokenAlgorithm::Hs256);
    }

    #[test]
    fn what_another_process_rotates_is_taken_over_within_seconds() {
        let dir = tempfile::tempdir().unwrap();
        let one = open(dir.path(), TokenAlgorithm::EdDsa, 0).unwrap();
        let two = open(dir.path(), TokenAlgorithm::EdDsa, 0).unwrap();
        let new = one
            .rotate(TokenAlgorithm::EdDsa, TTL, &OsEntropy, at(1))
            .unwrap();
        assert!(two.verifier(&new, at(4)).is_none(), "not looked at yet");
        assert!(two.verifier(&new, at(5)).is_some());
        assert_eq!(two.signer(at(5)).unwrap().kid, new);
        // A file that is spoiled takes nothing away.
        std::fs::write(dir.path().join(FILE), b"{}").unwrap();
        assert!(two.verifier(&new, at(50)).is_some());
        assert!(matches!(
            open(dir.path(), TokenAlgorithm::EdDsa, 60),
            Err(KeyError::Malformed { .. })
        ));
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path(), TokenAlgorithm::EdDsa, 0).unwrap();
        let path = dir.path().join(FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            open(dir.path(), TokenAlgorithm::EdDsa, 1),
            Err(KeyError::Secret(SecretError::Exposed { .. }))
        ));
    }

    #[test]
    fn debug_shows_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let ring = open(dir.path(), TokenAlgorithm::Hs256, 0).unwrap();
        let stored = std::fs::read_to_string(dir.path().join(FILE)).unwrap();
        let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
        let private = stored["keys"][0]["private"].as_str().unwrap();
        assert!(!format!("{ring:?}").contains(private));
    }
}
