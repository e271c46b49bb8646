use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Device;

/// The programs that a member has logged in with, the latest last. Only digests are kept, of what
/// the programs call themselves without their version numbers, so that an update makes no stranger
/// of a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownDevices(Vec<String>);

impl KnownDevices {
    /// More are not remembered.
    const MOST: usize = 20;

    /// Takes note of a login; `true` when it is by a program that the member did not use before.
    /// The very first one is no news.
    pub fn meet(&mut self, device: &Device) -> bool {
        let digest = digest(device);
        let before = self.0.len();
        self.0.retain(|known| *known != digest);
        let is_known = self.0.len() < before;
        let is_first = before == 0;
        if before >= Self::MOST && !is_known {
            self.0.remove(0);
        }
        self.0.push(digest);
        !(is_known || is_first)
    }
}

fn digest(device: &Device) -> String {
    let name: String = device
        .as_str()
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .collect();
    let hash = Sha256::digest(name.as_bytes());
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_new_once_and_not_again_after_an_update() {
        let mut known = KnownDevices::default();
        assert!(!known.meet(&Device::clean("Firefox/128.0")), "the first");
        assert!(!known.meet(&Device::clean("Firefox/129.1")), "an update");
        assert!(known.meet(&Device::clean("curl/8")));
        assert!(!known.meet(&Device::clean("curl/8")));
    }

    #[test]
    fn the_one_that_was_not_used_for_the_longest_time_is_forgotten() {
        let mut known = KnownDevices::default();
        let name = |n: u8| Device::clean(&format!("program {}", char::from(b'a' + n)));
        for n in 0..20 {
            known.meet(&name(n));
        }
        assert!(!known.meet(&name(0)), "used again");
        assert!(known.meet(&name(20)));
        assert_eq!(known.0.len(), 20);
        assert!(!known.meet(&name(0)));
        assert!(known.meet(&name(1)), "forgotten");
    }
}
