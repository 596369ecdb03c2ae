//! The issuer itself.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use fapi_core::UnixTime;
use fapi_core::config::{AfterRestart, AlgorithmName, ConfigError};
use fapi_core::jose::AssertionRules;
use fapi_crypto::{KeyError, SigningKey};
use http::HeaderValue;
use serde_json::{Map, Value};

use crate::authorization::DetailTypes;
use crate::builder::IssuerBuilder;
use crate::certificate::Certificates;
use crate::client::{AccessTokenFormat, Clients, Registration};
use crate::clock::Clock;
use crate::config::Config;
use crate::grant::Grant;
use crate::interaction::Interaction;
use crate::keys::{KeptKeys, KeyStatus, RotationError, SigningKeys};
use crate::limit::RateLimits;
use crate::metadata;
use crate::mint::{AccessToken, Claims, JWT_TYPE, MintError, opaque};
use crate::resource_server::ResourceServers;
use crate::sender::{Endpoint, SenderCheck};
use crate::storage::{Digest, Owner, Storage, StorageError};
use crate::token::{LiveToken, ReferenceToken};
use crate::uri::IssuerUri;
use crate::userinfo::UserInfo;
use crate::uses::Uses;

/// A FAPI 2.0 authorization server. Clones share keys, clients, tokens and the memory of what was used.
///
/// See the [crate's documentation](crate) for an example.
#[derive(Clone)]
pub struct Issuer {
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) uri: IssuerUri,
    pub(crate) keys: SigningKeys,
    /// How the keys are exchanged, if the storage has them.
    pub(crate) kept_keys: Option<KeptKeys>,
    pub(crate) clients: Clients,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) registration: Option<Registration>,
    pub(crate) resource_servers: ResourceServers,
    pub(crate) storage: Storage,
    pub(crate) uses: Uses,
    pub(crate) limits: RateLimits,
    pub(crate) sender: SenderCheck,
    pub(crate) endpoints: Endpoints,
    pub(crate) userinfo: UserInfo,
    pub(crate) interaction: Arc<dyn Interaction>,
    pub(crate) detail_types: DetailTypes,
    pub(crate) cors_origins: Vec<HeaderValue>,
    pub(crate) after_restart: AfterRestart,
    pub(crate) future_seconds: u32,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) metadata: Value,
    pub(crate) clock: Arc<Clock>,
}

/// The endpoints that take DPoP proofs for a grant.
pub(crate) struct Endpoints {
    pub(crate) par: Endpoint,
    pub(crate) token: Endpoint,
}

/// How long things are good, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) pushed_request_seconds: u32,
    /// Of a user's visit to login and consent pages.
    pub(crate) interaction_seconds: u32,
    pub(crate) session_seconds: u32,
    pub(crate) code_seconds: u32,
    pub(crate) access_token_seconds: u32,
    pub(crate) refresh_token_seconds: u32,
}

impl Lifetimes {
    /// How long something that was signed is of use, in seconds: access tokens, and answers about them.
    pub(crate) fn longest_signed_seconds(&self) -> i64 {
        self.access_token_seconds.max(SIGNED_ANSWER_SECONDS).into()
    }

    /// Of what a user has granted: until the last token that can come of it has expired.
    pub(crate) fn grant_seconds(&self) -> i64 {
        let tokens =
            i64::from(self.refresh_token_seconds).saturating_add(self.access_token_seconds.into());
        tokens.saturating_add(self.code_seconds.into())
    }
}

/// How far ahead the `exp` of a client assertion may lie, in seconds. They serve one request; their `jti` is remembered
/// for as long.
pub(crate) const ASSERTION_LIFETIME_SECONDS: u32 = 600;

/// How long something stays in the storage after it has expired, in seconds: the clock of another issuer that shares it may
/// be behind.
const SWEPT_AFTER_SECONDS: i64 = 60;

/// How long a signed introspection answer may be on its way, in seconds.
const SIGNED_ANSWER_SECONDS: u32 = 60;

/// What became of a token that was to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It was good until now.
    Revoked,
    /// It was no token of this issuer, or good no more.
    NoToken,
}

impl Issuer {
    /// Starts an issuer with this identifier, with every default of the configuration document.
    pub fn builder(issuer: impl Into<String>) -> IssuerBuilder {
        IssuerBuilder::new(Config::with_defaults(issuer.into()))
    }

    /// An issuer for this configuration. Reads the files and environment variables that it names.
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path of its field.
    pub async fn from_config(config: Config) -> Result<Self, ConfigError> {
        IssuerBuilder::new(config).build().await
    }

    /// Makes an access token, without asking whether the grant is right: of the format that the grant's client is
    /// registered for, a JWT (RFC 9068) for a client that is not registered.
    ///
    /// # Errors
    ///
    /// [`MintError`]: the grant has a further claim that the issuer writes itself, signing failed, or there is no room
    /// for an opaque token.
    pub async fn mint(&self, grant: &Grant) -> Result<AccessToken, MintError> {
        let (parts, now) = (self.parts(), self.now());
        let client = parts
            .clients
            .find(&parts.storage, &grant.client_id, now)
            .await?;
        let format = client.map_or(AccessTokenFormat::Jwt, |client| client.access_token_format);
        self.mint_for(format, grant, now).await
    }

    /// Revokes an access token of this issuer, whichever client it was issued to. From now on introspection calls it
    /// inactive; a resource server that verifies JWTs by itself accepts it until it expires.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: the token is not revoked.
    pub async fn revoke(&self, token: &str) -> Result<Revocation, StorageError> {
        let (parts, now) = (self.parts(), self.now());
        match LiveToken::find(parts, token, now).await? {
            Some(token) => {
                token.revoke(parts, Owner::Issuer, now).await?;
                Ok(Revocation::Revoked)
            }
            None => Ok(Revocation::NoToken),
        }
    }

    /// Whether the storage answers.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it does not.
    pub async fn ready(&self) -> Result<(), StorageError> {
        self.parts.storage.ping().await
    }

    /// Drops what has expired from the storage. If it fails, some may be left for the next time.
    async fn sweep(&self) -> Result<(), StorageError> {
        let before = self.now().plus(-SWEPT_AFTER_SECONDS);
        self.parts.storage.sweep(before).await
    }

    /// The public keys as a JWK set (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.parts.keys.ring().jwks(self.now())
    }

    /// Publishes a key that does not sign yet. Resource servers may keep the key set for 60 seconds: after that time
    /// [`sign_with`](Self::sign_with) costs them nothing. It lives in this process only.
    ///
    /// # Errors
    ///
    /// [`RotationError`]: a key of this `kid` is published already, there are too many, or the keys are kept in a database.
    pub fn publish_key(&self, key: SigningKey) -> Result<(), RotationError> {
        match self.parts.kept_keys {
            Some(_) => Err(RotationError::Kept),
            None => self.parts.keys.exchange(|ring| ring.publish(key)),
        }
    }

    /// Signs with this published key from now on. The key before it stays published until the last token that it may
    /// have signed has expired; its private half is forgotten.
    ///
    /// # Errors
    ///
    /// [`RotationError::UnknownKid`], [`RotationError::Kept`].
    pub fn sign_with(&self, kid: &str) -> Result<(), RotationError> {
        if self.parts.kept_keys.is_some() {
            return Err(RotationError::Kept);
        }
        self.parts.keys.exchange(|ring| {
            // Read under the lock: what was signed with the key before has an `iat` of now at most.
            let now = self.now();
            ring.sign_with(kid, now.plus(self.longest_signed_seconds()), now)
        })
    }

    /// Exchanges the key that signs for a new one, of this algorithm or of the one that signs. Returns the new key's `kid`.
    /// No token that lives loses its key by that.
    ///
    /// Where keys are kept in a database, the new one is published now, and signs in two minutes at each instance that
    /// [maintains](Self::maintain) itself. Where they are configured, the new one signs at once and lives in this process
    /// only: a resource server fetches the key set when it sees the first token.
    ///
    /// # Errors
    ///
    /// [`RotationError`]: no key could be made or kept, too many are published, or none are made for this algorithm.
    pub async fn rotate_keys(
        &self,
        algorithm: Option<AlgorithmName>,
    ) -> Result<String, RotationError> {
        let parts = self.parts();
        let algorithm = algorithm.map(AlgorithmName::algorithm);
        if let Some(kept) = &parts.kept_keys {
            return kept
                .rotate(&parts.storage, &parts.keys, algorithm, self.now())
                .await;
        }
        let algorithm = algorithm.unwrap_or_else(|| parts.keys.ring().current().algorithm());
        let key = SigningKey::generate(algorithm)?;
        let kid = key.kid().to_owned();
        parts.keys.exchange(|ring| {
            let now = self.now();
            let until = now.plus(self.longest_signed_seconds());
            ring.publish(key)?.sign_with(&kid, until, now)
        })?;
        Ok(kid)
    }

    /// The keys that are kept in the database, and what they do.
    ///
    /// # Errors
    ///
    /// [`RotationError::NotKept`]: they are configured, or in memory. [`RotationError::Storage`].
    pub async fn kept_keys(&self) -> Result<Vec<KeyStatus>, RotationError> {
        let parts = self.parts();
        match &parts.kept_keys {
            Some(kept) => kept.status(&parts.storage, self.now()).await,
            None => Err(RotationError::NotKept),
        }
    }

    /// Takes a key out of the key set at once, one that somebody else may have. The tokens that it has signed are good
    /// no more: for introspection from now on, for a resource server that verifies by itself when it next fetches the
    /// key set.
    ///
    /// # Errors
    ///
    /// [`RotationError`]: there is no such key, or it is one of the configuration that signs.
    pub async fn withdraw_key(&self, kid: &str) -> Result<(), RotationError> {
        let parts = self.parts();
        match &parts.kept_keys {
            Some(kept) => {
                kept.withdraw(&parts.storage, &parts.keys, kid, self.now())
                    .await
            }
            None => parts.keys.exchange(|ring| ring.withdraw(kid)),
        }
    }

    /// What has to be done from time to time, every ten seconds or so: the program `fapi-issuer` does it, an application
    /// that embeds the server has to. Keys that other instances have made are read, keys that got too old are exchanged
    /// (`key_rotation_days`), and what has expired is dropped from the storage.
    ///
    /// # Errors
    ///
    /// [`RotationError`]: the storage does not answer. The server goes on with the keys that it has.
    pub async fn maintain(&self) -> Result<(), RotationError> {
        let parts = self.parts();
        let kept = match &parts.kept_keys {
            Some(kept) => kept.maintain(&parts.storage, &parts.keys, self.now()).await,
            None => Ok(()),
        };
        self.sweep().await?;
        kept
    }

    /// The authorization server metadata (RFC 8414 §2).
    #[must_use]
    pub fn metadata(&self) -> Value {
        let mut metadata = self.parts.metadata.clone();
        if let Value::Object(members) = &mut metadata {
            let ring = self.parts.keys.ring();
            let all: Vec<_> = ring.algorithms().names().collect();
            for member in metadata::SIGNED_WITH_ANY {
                members.insert(member.to_owned(), all.clone().into());
            }
            let current = ring.current().algorithm().name();
            members.insert(metadata::INTROSPECTION_SIGNING.to_owned(), [current].into());
        }
        metadata
    }

    /// The endpoints, at the paths that they have below the public address: metadata, key set, token endpoint,
    /// introspection and revocation.
    ///
    /// It reads bodies of at most 64 KiB, and sets no time limit: the server around it does.
    pub fn router(&self) -> Router {
        crate::router::router(self)
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.parts.clock)()
    }

    pub(crate) async fn mint_for(
        &self,
        format: AccessTokenFormat,
        grant: &Grant,
        now: UnixTime,
    ) -> Result<AccessToken, MintError> {
        let lifetime = self.parts().lifetimes.access_token_seconds;
        let expires = now.plus(lifetime.into());
        self.mint_until(format, grant, expires, now).await
    }

    /// As [`mint_for`](Self::mint_for), a token that is good no longer than until `latest`.
    pub(crate) async fn mint_until(
        &self,
        format: AccessTokenFormat,
        grant: &Grant,
        latest: UnixTime,
        now: UnixTime,
    ) -> Result<AccessToken, MintError> {
        let parts = self.parts();
        let lifetime = parts.lifetimes.access_token_seconds;
        let lifetime = u32::try_from(latest.since(now)).map_or(0, |left| left.min(lifetime));
        let expires = now.plus(lifetime.into());
        let claims = Claims::new(parts.uri.as_str(), grant, expires, now)?;
        let token = match format {
            AccessTokenFormat::Opaque => {
                let claims = serde_json::to_value(&claims).map_err(KeyError::Claims)?;
                let claims = match claims {
                    Value::Object(claims) => ReferenceToken(claims),
                    _ => ReferenceToken(Map::new()),
                };
                let token = opaque()?;
                let owner = Owner::Client(&grant.client_id);
                parts
                    .storage
                    .insert(Digest::of(&token), &claims, owner, expires, now)
                    .await?;
                token
            }
            AccessTokenFormat::Jwt => {
                let ring = parts.keys.ring();
                ring.current().sign_jwt(JWT_TYPE, &claims)?
            }
        };
        Ok(AccessToken::new(token, lifetime))
    }

    /// How long something that was signed is of use, in seconds: access tokens, and answers about them.
    fn longest_signed_seconds(&self) -> i64 {
        self.parts.lifetimes.longest_signed_seconds()
    }

    pub(crate) fn assertion_rules(&self) -> AssertionRules<'_> {
        AssertionRules {
            audience: self.parts.uri.as_str(),
            max_lifetime_seconds: ASSERTION_LIFETIME_SECONDS,
            future_seconds: self.parts.future_seconds,
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("uri", &self.parts.uri)
            .field("keys", &self.parts.keys)
            .finish_non_exhaustive()
    }
}
