//! An authorization server that consists of a key.

use fapi_core::UnixTime;
use fapi_core::config::{Config, IssuerConfig};
use fapi_core::jose::{Algorithm, Thumbprint};
use serde_json::{Value, json};

use super::TestKey;
use super::jwt::{Draft, jwt_knobs, random_jti};

/// Makes access tokens (RFC 9068) that are bound to a client's key, and configurations that trust it.
#[derive(Clone, Debug)]
pub struct TestIssuer {
    issuer: String,
    resource: String,
    key: TestKey,
}

impl TestIssuer {
    /// An issuer with this identifier and a new ES256 key.
    ///
    /// # Panics
    /// The system gave no random bytes.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self::with_key(issuer, TestKey::generate(Algorithm::Es256))
    }

    /// An issuer with this identifier and key.
    #[must_use]
    pub fn with_key(issuer: impl Into<String>, key: TestKey) -> Self {
        Self {
            issuer: issuer.into(),
            resource: "https://api.example.com".to_owned(),
            key,
        }
    }

    /// The same issuer, with tokens and a [`resource_config`](Self::resource_config) for this protected resource.
    ///
    /// Without this call it is `https://api.example.com`.
    #[must_use]
    pub fn for_resource(self, resource: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            ..self
        }
    }

    /// The same issuer with a new key for this algorithm.
    ///
    /// # Panics
    /// The system gave no random bytes.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self {
            key: TestKey::generate(algorithm),
            ..self
        }
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The protected resource that its tokens are for.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The key that signs its tokens.
    #[must_use]
    pub const fn key(&self) -> &TestKey {
        &self.key
    }

    /// Its key set (RFC 7517 §5) as JSON text.
    #[must_use]
    pub fn jwks(&self) -> String {
        json!({ "keys": [self.key.published_jwk()] }).to_string()
    }

    /// This issuer as a part of a configuration, with its key set in it.
    #[must_use]
    pub fn issuer_config(&self) -> IssuerConfig {
        IssuerConfig::new(&self.issuer).jwks(self.jwks())
    }

    /// A configuration for the resource that this issuer's tokens are for. It trusts this issuer, and needs no network.
    ///
    /// # Panics
    /// The resource, or the issuer's name, is no https URI.
    #[must_use]
    pub fn resource_config(&self) -> Config {
        self.config(&self.resource)
    }

    /// The same for another resource; this issuer's tokens are still for [`resource`](Self::resource), unless
    /// [`TokenBuilder::audience`] says otherwise.
    ///
    /// # Panics
    /// `resource`, or the issuer's name, is no https URI.
    #[must_use]
    pub fn config(&self, resource: impl Into<String>) -> Config {
        Config::builder(resource)
            .issuer(self.issuer_config())
            .build()
            .expect("a resource and an issuer that are https URIs")
    }

    /// A good access token, issued now and good for 300 seconds, for the client key with this thumbprint.
    ///
    /// It says `sub` "alice", `client_id` "client-1", no scope, a random `jti`, and as `aud` the
    /// [`resource`](Self::resource).
    pub fn token(&self, client_key: Thumbprint, now: UnixTime) -> TokenBuilder {
        let header = json!({
            "typ": "at+jwt",
            "alg": self.key.algorithm().name(),
            "kid": self.key.kid(),
        });
        let claims = json!({
            "iss": self.issuer,
            "aud": self.resource,
            "sub": "alice",
            "client_id": "client-1",
            "jti": random_jti(),
            "iat": now.as_secs(),
            "exp": now.plus(300).as_secs(),
            "cnf": { "jkt": client_key.to_string() },
        });
        TokenBuilder(Draft::new(header, claims, self.key.clone()))
    }
}

/// An access token in the making: good until a knob is turned.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TokenBuilder(Draft);

impl TokenBuilder {
    /// `aud`: one identifier, or an array of them (RFC 7519 §4.1.3).
    pub fn audience(self, audience: impl Into<Value>) -> Self {
        self.claim("aud", audience)
    }

    /// `scope`: values separated by spaces (RFC 9068 §2.2.3).
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.claim("scope", scope.into())
    }

    /// `sub`: whom the token speaks for.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// `client_id`: whom the token was issued to.
    pub fn client_id(self, client: impl Into<String>) -> Self {
        self.claim("client_id", client.into())
    }

    /// `cnf`: what the token is bound to.
    pub fn confirmation(self, confirmation: impl Into<Value>) -> Self {
        self.claim("cnf", confirmation)
    }

    /// `iat`: when the token was issued. `exp` stays.
    pub fn issued_at(self, time: UnixTime) -> Self {
        self.claim("iat", time.as_secs())
    }

    /// `exp`: when the token ends.
    pub fn expires_at(self, time: UnixTime) -> Self {
        self.claim("exp", time.as_secs())
    }
}

jwt_knobs!(TokenBuilder);

#[cfg(test)]
mod tests {
    use super::*;

    const RESOURCE: &str = "https://other.example.com/v1";

    #[test]
    fn the_resource_is_said_once() {
        let issuer = TestIssuer::new("https://as.example.com")
            .for_resource(RESOURCE)
            .with_algorithm(Algorithm::EdDsa);
        let client = TestKey::generate(Algorithm::Es256);
        let token = issuer.token(client.thumbprint(), UnixTime::from_secs(0));
        let claims: Value = serde_json::from_str(&token.claims_json()).unwrap();

        assert_eq!(claims["aud"], RESOURCE);
        assert_eq!(issuer.resource_config().resource, RESOURCE);
        assert_eq!(issuer.key().algorithm(), Algorithm::EdDsa);
    }
}
