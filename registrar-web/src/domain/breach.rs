use std::fmt::Write;

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::Password;

/// The SHA-1 of a password, as lists of leaked passwords are kept: in ranges, each named by the first
/// five hexadecimal digits, so that who asks for a range tells nothing of which entry is meant.
pub struct BreachDigest(Zeroizing<String>);

/// Digits that name a range.
const PREFIX: usize = 5;

impl BreachDigest {
    /// Of that password.
    #[must_use]
    pub fn of(password: &Password) -> Self {
        let mut hex = Zeroizing::new(String::with_capacity(40));
        for byte in Sha1::digest(password.expose().as_bytes()) {
            // Writing to a String can't fail.
            let _ = write!(hex, "{byte:02X}");
        }
        Self(hex)
    }

    /// Names the range: the one part that leaves this host.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.split_at(PREFIX).0
    }

    /// How often the password was seen in leaks, by a range: lines `SUFFIX:COUNT`, of which those that
    /// only fill the answer up have the count 0.
    #[must_use]
    pub fn seen_in(&self, range: &str) -> u64 {
        let suffix = self.0.split_at(PREFIX).1;
        range
            .lines()
            .filter_map(|line| line.trim().split_once(':'))
            .find(|(of, _)| of.eq_ignore_ascii_case(suffix))
            .map_or(0, |(_, count)| count.trim().parse().unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PasswordHints;

    /// printf %s 'plum gravel sunday kite' | sha1sum
    const SHA1: &str = "1889F90CFEE32A59491ACF9BF82A09A78373BCB8";

    fn digest() -> BreachDigest {
        let text = "plum gravel sunday kite".to_owned();
        BreachDigest::of(&Password::parse(text, PasswordHints::default()).unwrap())
    }

    #[test]
    fn a_range_is_named_by_five_digits_of_the_sha_1() {
        assert_eq!(digest().prefix(), &SHA1[..5]);
        assert_eq!(digest().0.as_str(), SHA1);
    }

    #[test]
    fn an_entry_counts_as_often_as_it_was_seen_and_filling_not_at_all() {
        let range = |count: &str| format!("{}:9\r\n{}:{count}\r\n", "0".repeat(35), &SHA1[5..]);
        assert_eq!(digest().seen_in(&range("37")), 37);
        assert_eq!(digest().seen_in(&range("37").to_lowercase()), 37);
        assert_eq!(digest().seen_in(&range("0")), 0);
        assert_eq!(digest().seen_in(""), 0);
        assert_eq!(digest().seen_in("<html>not a range: at all"), 0);
    }
}
