use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::TokenError;
use super::keys::KeyRing;
use super::signing_key::name;
use crate::domain::{Role, SessionId, User, UserId};

/// What access tokens call themselves (RFC 9068), so that no other kind of token passes for one.
const TYPE: &str = "at+jwt";
/// The longest token that is looked at.
const LONGEST: usize = 8 * 1024;
/// How far clocks of instances may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// A signed access token, on its way to its client.
#[derive(Clone)]
pub struct AccessToken(Zeroizing<String>);

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it: the public URL.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The member.
    pub sub: UserId,
    /// The member's name.
    pub username: String,
    /// The member's address.
    pub email: String,
    /// What the member may do.
    pub role: Role,
    /// The id of the member's organisation.
    pub org: Option<String>,
    /// The session.
    pub sid: SessionId,
    /// This token.
    pub jti: Uuid,
    /// When it was made; seconds since 1970.
    pub iat: i64,
    /// When it expires; seconds since 1970.
    pub exp: i64,
}

/// In whose name tokens are made, for whom, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Issuer {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) ttl: SignedDuration,
}

impl AccessToken {
    /// The token, for its client alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

impl Issuer {
    /// Makes a token.
    pub(super) fn sign(
        &self,
        keys: &KeyRing,
        user: &User,
        session: SessionId,
        jti: Uuid,
        now: Timestamp,
    ) -> Result<AccessToken, TokenError> {
        let fault = |what: &str| TokenError::Internal(format!("an access token {what}"));
        let key = keys.signer(now).ok_or_else(|| fault("finds no key"))?;
        let mut header = Header::new(name(key.algorithm));
        header.typ = Some(TYPE.into());
        header.kid = Some(key.kid.clone());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.id,
            username: user.username.to_string(),
            email: user.email.to_string(),
            role: user.role,
            org: user.organisation.map(|id| id.to_string()),
            sid: session,
            jti,
            iat: now.as_second(),
            exp: (now + self.ttl).as_second(),
        };
        let head = serde_json::to_vec(&header).map_err(|_| fault("has no head"))?;
        let body = serde_json::to_vec(&claims).map_err(|_| fault("has no claims"))?;
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(head),
            URL_SAFE_NO_PAD.encode(body)
        );
        let signature = key.sign(&message).map_err(|_| fault("can't be signed"))?;
        Ok(AccessToken(Zeroizing::new(format!(
            "{message}.{signature}"
        ))))
    }

    /// Checks a token: its type; a key that we know by its name, with the algorithm that we made it
    /// for, whatever the token says; signature, issuer, audience, time.
    pub(super) fn verify(
        &self,
        keys: &KeyRing,
        text: &str,
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        if text.len() > LONGEST {
            return Err(TokenError::Invalid);
        }
        let head = decode_header(text).map_err(|_| TokenError::Invalid)?;
        // An extension that must be understood (RFC 7515, 4.1.11) is not understood here.
        if head.crit.is_some() || !head.typ.is_some_and(|t| t.eq_ignore_ascii_case(TYPE)) {
            return Err(TokenError::Invalid);
        }
        let key = head.kid.and_then(|kid| keys.verifier(&kid, now));
        let key = key.ok_or(TokenError::Invalid)?;
        let mut rules = Validation::new(name(key.algorithm));
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // By the clock that the service is given, below.
        rules.validate_exp = false;
        let read =
            decode::<Claims>(text, &key.verifier, &rules).map_err(|_| TokenError::Invalid)?;
        let claims = read.claims;
        let is_timely = now.as_second() < claims.exp && claims.iat <= (now + SKEW).as_second();
        if is_timely {
            Ok(claims)
        } else {
            Err(TokenError::Invalid)
        }
    }
}
