use provision_api::{MAX_KEYS, SshKeyAlgorithm, SshKeyError, SshPublicKey};

use super::Stop;
use super::ask::Asker;
use super::sheet::Answer;
use crate::service::{Field, Transport};
use crate::terminal::Terminal;

impl<T: Terminal, S: Transport> Asker<'_, '_, T, S> {
    /// Offers the key that the person connected with, and takes others.
    pub(super) fn ask_keys(&mut self, field: &Field) -> Result<Answer, Stop> {
        let mut keys: Vec<SshPublicKey> = Vec::new();
        if let Some(key) = self.key.cloned() {
            let kind = kind_of(key.algorithm());
            self.talk
                .say(&format!("You connected with this {kind} key:"))?;
            self.talk.say(key.fingerprint())?;
            if self.talk.agrees("Is your account to have it?")? {
                keys.push(key);
            }
        }
        self.talk.say(if keys.is_empty() {
            "Paste your public keys, one a line. An empty line ends this question."
        } else {
            "Paste more keys, one a line, if you have more. An empty line ends this question."
        })?;
        loop {
            let line = self.talk.ask("Key: ")?;
            match line.as_str() {
                "?" => self.talk.say(&field.hint)?,
                "" if keys.is_empty() && field.required => {
                    self.talk
                        .say("Accounts here are entered by key alone, so one is needed.")?;
                }
                "" if keys.is_empty() => return Ok(Answer::Empty),
                "" => return Ok(Answer::Keys(keys)),
                _ if keys.len() >= MAX_KEYS => {
                    self.talk
                        .say(&format!("At most {MAX_KEYS} keys are kept."))?;
                }
                text => self.take(text, &mut keys)?,
            }
        }
    }

    fn take(&mut self, text: &str, keys: &mut Vec<SshPublicKey>) -> Result<(), Stop> {
        match SshPublicKey::parse(text) {
            Ok(key) if keys.iter().any(|k| k.fingerprint() == key.fingerprint()) => {
                self.talk.say("That key is there already.")?;
            }
            Ok(key) => {
                let kind = kind_of(key.algorithm());
                self.talk
                    .say(&format!("Taken: {kind} {}", key.fingerprint()))?;
                keys.push(key);
            }
            Err(error) => {
                // What follows of it would answer the next questions.
                if error == SshKeyError::PrivateKey {
                    self.talk.discard();
                }
                self.wrong::<()>(&error)?;
            }
        }
        Ok(())
    }
}

fn kind_of(algorithm: SshKeyAlgorithm) -> &'static str {
    match algorithm {
        SshKeyAlgorithm::Ed25519 => "Ed25519",
        SshKeyAlgorithm::Rsa => "RSA",
        SshKeyAlgorithm::Ecdsa => "ECDSA",
        SshKeyAlgorithm::SecurityKey => "security",
    }
}
