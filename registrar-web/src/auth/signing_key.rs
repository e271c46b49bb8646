use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey};
use zeroize::Zeroizing;

use crate::config::TokenAlgorithm;
use crate::ports::{Entropy, EntropyExt};

/// A key of access tokens, good for one algorithm and no other.
pub(super) struct SigningKey {
    /// Names it: the thumbprint of RFC 7638, or random for a key that nobody may know.
    pub(super) kid: String,
    pub(super) algorithm: TokenAlgorithm,
    signer: Signer,
    pub(super) verifier: DecodingKey,
    /// Its public half, where it has one.
    pub(super) public: Option<Jwk>,
}

/// Keys as they sign; parsing one costs as much as a signature.
enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Hmac(Box<hmac::Key>),
}

/// The library does not take or make a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key is not one of its algorithm")]
pub(super) struct BadKey;

impl From<aws_lc_rs::error::Unspecified> for BadKey {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

impl From<aws_lc_rs::error::KeyRejected> for BadKey {
    fn from(_: aws_lc_rs::error::KeyRejected) -> Self {
        Self
    }
}

impl From<jsonwebtoken::errors::Error> for BadKey {
    fn from(_: jsonwebtoken::errors::Error) -> Self {
        Self
    }
}

/// The name of the algorithm in tokens.
pub(super) fn name(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
        TokenAlgorithm::Hs256 => Algorithm::HS256,
    }
}

/// Makes the private part of a new key: PKCS#8, or 32 bytes for HMAC. RSA takes a while.
pub(super) fn generate(
    algorithm: TokenAlgorithm,
    entropy: &dyn Entropy,
) -> Result<Zeroizing<Vec<u8>>, BadKey> {
    // Pairs are made with the library's own randomness, which is the kernel's.
    let random = SystemRandom::new();
    let bytes = match algorithm {
        TokenAlgorithm::Rs256 => {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?;
            let der: Pkcs8V1Der<'_> = pair.as_der()?;
            der.as_ref().to_vec()
        }
        TokenAlgorithm::Es256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?
                .as_ref()
                .to_vec()
        }
        TokenAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&random)?.as_ref().to_vec(),
        TokenAlgorithm::Hs256 => entropy.bytes::<32>().to_vec(),
    };
    Ok(Zeroizing::new(bytes))
}

impl SigningKey {
    /// Takes the private part; `kid` is used where the key can't name itself.
    pub(super) fn parse(
        algorithm: TokenAlgorithm,
        private: &[u8],
        kid: &str,
    ) -> Result<Self, BadKey> {
        let (signer, verifier) = match algorithm {
            TokenAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(private)?;
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                let public = DecodingKey::from_rsa_raw_components(&parts.n, &parts.e);
                (Signer::Rsa(pair), public)
            }
            TokenAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private)?;
                let public = DecodingKey::from_ec_der(pair.public_key().as_ref());
                (Signer::Ec(pair), public)
            }
            TokenAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(private)?;
                let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
                (Signer::Ed(pair), public)
            }
            TokenAlgorithm::Hs256 => {
                if private.len() < 32 {
                    return Err(BadKey);
                }
                return Ok(Self {
                    kid: kid.to_owned(),
                    algorithm,
                    signer: Signer::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, private))),
                    verifier: DecodingKey::from_secret(private),
                    public: None,
                });
            }
        };
        let mut public = Jwk::from_decoding_key(&verifier, Some(name(algorithm)))?;
        let kid = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self {
            kid,
            algorithm,
            signer,
            verifier,
            public: Some(public),
        })
    }

    /// The signature over a token's head and claims, in base64url.
    pub(super) fn sign(&self, message: &str) -> Result<String, BadKey> {
        let message = message.as_bytes();
        let random = SystemRandom::new();
        let signature = match &self.signer {
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
            Signer::Ec(pair) => pair.sign(&random, message)?.as_ref().to_vec(),
            Signer::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Signer::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
        };
        Ok(URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {:?})", self.kid, self.algorithm)
    }
}
