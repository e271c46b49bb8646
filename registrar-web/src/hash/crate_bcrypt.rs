use crate::domain::{BcryptHash, Password};
use crate::ports::{HashError, PasswordHasher};

/// The `bcrypt` crate: for machines whose libcrypt has no bcrypt, and to check the other one.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrateBcrypt;

impl PasswordHasher for CrateBcrypt {
    fn hash(
        &self,
        password: &Password,
        cost: u32,
        salt: [u8; 16],
    ) -> Result<BcryptHash, HashError> {
        // `non_truncating_…` refuses 72 bytes, because it counts the NUL behind them. The type has
        // made sure that there are no more than 72, so nothing is cut off here.
        let parts = bcrypt::hash_with_salt(password.expose(), cost, salt)
            .map_err(|e| HashError::Failed(e.to_string()))?;
        BcryptHash::parse(&parts.format_for_version(bcrypt::Version::TwoB))
            .map_err(|e| HashError::Failed(e.to_string()))
    }

    fn verify(&self, typed: &str, hash: &BcryptHash) -> Result<bool, HashError> {
        if typed.contains('\0') || typed.len() > Password::MAX_BYTES {
            return Ok(false);
        }
        bcrypt::verify(typed, hash.expose()).map_err(|e| HashError::Failed(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PasswordHints;
    use crate::hash::Libxcrypt;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned(), PasswordHints::default()).unwrap()
    }

    #[test]
    fn both_hashers_give_the_same_hash_and_verify_each_other_up_to_72_bytes() {
        assert!(Libxcrypt.works(), "libcrypt of this machine has no $2b$");
        let long = "kX9!vQ2#mZ7$wR4%".repeat(5);
        for text in [
            &long[..8],
            &long[..71],
            &long[..72],
            "pässwörd-ünd-Straße 9",
            "猫は夜に海を見るAa1",
        ] {
            let password = password(text);
            let a = Libxcrypt.hash(&password, 10, [7; 16]).unwrap();
            let b = CrateBcrypt.hash(&password, 10, [7; 16]).unwrap();
            assert_eq!(a.expose(), b.expose(), "{text}");
            assert!(CrateBcrypt.verify(text, &a).unwrap() && Libxcrypt.verify(text, &b).unwrap());
            assert!(!Libxcrypt.verify(&format!("{text}x"), &a).unwrap());
        }
    }

    #[test]
    fn a_text_longer_than_72_bytes_is_never_the_password_it_begins_with() {
        let long = "kX9!vQ2#mZ7$wR4%".repeat(5);
        let hash = Libxcrypt.hash(&password(&long[..72]), 10, [7; 16]).unwrap();
        assert!(!Libxcrypt.verify(&long[..73], &hash).unwrap());
        assert!(!CrateBcrypt.verify(&long[..73], &hash).unwrap());
        assert!(
            !Libxcrypt
                .verify(&format!("{}\0x", &long[..8]), &hash)
                .unwrap()
        );
    }
}
