//! Access tokens of ours that come back, to be asked about or revoked.

use fapi_core::UnixTime;
use fapi_core::config::AfterRestart;
use serde_json::{Map, Value};

use crate::issuer::Parts;
use crate::mint::{JWT_TYPE, looks_opaque};
use crate::storage::{Digest, Owner, StorageError};

/// An access token that this issuer has made, that has not expired and was not revoked.
pub(crate) struct LiveToken {
    claims: Map<String, Value>,
    expires: UnixTime,
    name: Name,
}

/// What the token is known by where revocations are kept.
enum Name {
    Opaque(Digest),
    Jwt { jti: String },
}

impl LiveToken {
    /// Finds out what a text is: `None` for everything that is no live token of ours, without telling why.
    pub(crate) fn find(
        parts: &Parts,
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Self>, StorageError> {
        if looks_opaque(token) {
            Self::find_opaque(parts, token, now)
        } else {
            Self::find_jwt(parts, token, now)
        }
    }

    fn find_opaque(
        parts: &Parts,
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Self>, StorageError> {
        let digest = Digest::of(token);
        let claims = parts.reference_tokens.get(&digest, now)?;
        let live = claims.and_then(|claims| Self::read(claims.as_bytes(), now));
        Ok(live.map(|(claims, expires)| Self {
            claims,
            expires,
            name: Name::Opaque(digest),
        }))
    }

    /// Whether a JWT is ours, only its signature tells: nothing is kept of those that are not revoked.
    fn find_jwt(parts: &Parts, token: &str, now: UnixTime) -> Result<Option<Self>, StorageError> {
        let ring = parts.keys.ring();
        let Ok(payload) = ring
            .published()
            .open(token, JWT_TYPE, &fapi_crypto::PROVIDER)
        else {
            return Ok(None);
        };
        let Some((claims, expires)) = Self::read(&payload, now) else {
            return Ok(None);
        };
        // Keys may be shared by several issuers: a token of another one is none of ours.
        let is_ours = text(&claims, "iss") == Some(parts.uri.as_str());
        let (Some(jti), Some(issued_at)) = (text(&claims, "jti"), seconds(&claims, "iat")) else {
            return Ok(None);
        };
        let revoked = &parts.revoked_tokens;
        // Whether a token from before the memory begins was revoked then, nobody knows.
        let unknown = match parts.after_restart {
            AfterRestart::Challenge => issued_at < revoked.since(),
            AfterRestart::Accept => false,
        };
        if !is_ours || unknown || revoked.contains(jti, expires, now)? {
            return Ok(None);
        }
        let name = Name::Jwt {
            jti: jti.to_owned(),
        };
        Ok(Some(Self {
            claims,
            expires,
            name,
        }))
    }

    fn read(claims: &[u8], now: UnixTime) -> Option<(Map<String, Value>, UnixTime)> {
        let claims: Map<String, Value> = serde_json::from_slice(claims).ok()?;
        let expires = seconds(&claims, "exp")?;
        (now < expires).then_some((claims, expires))
    }

    pub(crate) fn client_id(&self) -> Option<&str> {
        text(&self.claims, "client_id")
    }

    pub(crate) fn audience(&self) -> Option<&str> {
        text(&self.claims, "aud")
    }

    /// Whether its sender proves to have a key. Else a certificate, which goes with the scheme `Bearer` (RFC 8705 §3).
    pub(crate) fn is_dpop_bound(&self) -> bool {
        let cnf = self.claims.get("cnf");
        cnf.is_some_and(|cnf| cnf.get("jkt").is_some())
    }

    /// What it was issued for.
    pub(crate) fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// Makes it a token that is live no more.
    pub(crate) fn revoke(
        &self,
        parts: &Parts,
        by: Owner<'_>,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        match &self.name {
            Name::Opaque(digest) => parts.reference_tokens.remove(digest),
            Name::Jwt { jti } => parts.revoked_tokens.insert(jti, by, self.expires, now),
        }
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

fn seconds(claims: &Map<String, Value>, name: &str) -> Option<UnixTime> {
    claims.get(name)?.as_i64().map(UnixTime::from_secs)
}
