//! Access tokens of ours that come back, to be asked about or revoked.

use fapi_core::UnixTime;
use fapi_core::config::AfterRestart;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::authorization::Authorization;
use crate::grant::GRANT_ID;
use crate::issuer::Parts;
use crate::mint::{JWT_TYPE, looks_opaque};
use crate::storage::{Digest, Kind, Owner, StorageError, Stored};

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
    pub(crate) async fn find(
        parts: &Parts,
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Self>, StorageError> {
        let found = if looks_opaque(token) {
            Self::find_opaque(parts, token, now).await?
        } else {
            Self::find_jwt(parts, token, now).await?
        };
        let Some(found) = found else {
            return Ok(None);
        };
        // RFC 7592 §2.3.
        if let Some(client_id) = found.client_id()
            && parts
                .clients
                .was_removed(&parts.storage, client_id, now)
                .await?
        {
            return Ok(None);
        }
        // What a user has granted and taken back, or a client has lost by using a code twice.
        if let Some(grant) = text(&found.claims, GRANT_ID) {
            let grant = Digest::of(grant);
            let granted = parts.storage.get::<Authorization>(&grant, now).await?;
            if granted.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    async fn find_opaque(
        parts: &Parts,
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Self>, StorageError> {
        let digest = Digest::of(token);
        let kept: Option<ReferenceToken> = parts.storage.get(&digest, now).await?;
        Ok(kept.and_then(|ReferenceToken(claims)| {
            let expires = seconds(&claims, "exp")?;
            (now < expires).then_some(Self {
                claims,
                expires,
                name: Name::Opaque(digest),
            })
        }))
    }

    /// Whether a JWT is ours, only its signature tells: nothing is kept of those that are not revoked.
    async fn find_jwt(
        parts: &Parts,
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Self>, StorageError> {
        let Some((claims, expires, jti)) = Self::verify(parts, token, now) else {
            return Ok(None);
        };
        let id = Digest::of(&jti);
        let revoked = parts
            .storage
            .has_or_forgot(Kind::RevokedToken, &id, expires, now)
            .await?;
        Ok((!revoked).then_some(Self {
            claims,
            expires,
            name: Name::Jwt { jti },
        }))
    }

    fn verify(
        parts: &Parts,
        token: &str,
        now: UnixTime,
    ) -> Option<(Map<String, Value>, UnixTime, String)> {
        let ring = parts.keys.ring();
        let opened = ring
            .published()
            .open(token, JWT_TYPE, &fapi_crypto::PROVIDER);
        let (claims, expires) = Self::read(&opened.ok()?, now)?;
        // Keys may be shared by several issuers: a token of another one is none of ours.
        let is_ours = text(&claims, "iss") == Some(parts.uri.as_str());
        let jti = text(&claims, "jti")?.to_owned();
        let issued_at = seconds(&claims, "iat")?;
        // Whether a token from before the memory begins was revoked then, nobody knows.
        let unknown = match parts.after_restart {
            AfterRestart::Challenge => issued_at < parts.storage.epoch().since(),
            AfterRestart::Accept => false,
        };
        (is_ours && !unknown).then_some((claims, expires, jti))
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

    pub(crate) const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// What it was issued for.
    pub(crate) const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What it was issued for.
    pub(crate) fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// Makes it a token that is live no more.
    pub(crate) async fn revoke(
        &self,
        parts: &Parts,
        by: Owner<'_>,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        match &self.name {
            Name::Opaque(digest) => parts.storage.remove(Kind::AccessToken, digest).await,
            Name::Jwt { jti } => {
                let id = Digest::of(jti);
                parts
                    .storage
                    .insert(id, &RevokedToken {}, by, self.expires, now)
                    .await
            }
        }
    }
}

/// The claims behind an opaque token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ReferenceToken(pub(crate) Map<String, Value>);

impl Stored for ReferenceToken {
    const KIND: Kind = Kind::AccessToken;
}

/// That a JWT was revoked.
#[derive(Debug, Serialize, Deserialize)]
struct RevokedToken {}

impl Stored for RevokedToken {
    const KIND: Kind = Kind::RevokedToken;
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

fn seconds(claims: &Map<String, Value>, name: &str) -> Option<UnixTime> {
    claims.get(name)?.as_i64().map(UnixTime::from_secs)
}
