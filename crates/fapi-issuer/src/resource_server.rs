//! Resource servers, which ask about tokens.

use std::collections::HashMap;

use fapi_core::KeySet;
use fapi_core::config::{ConfigError, JwkSetDocument};
use serde::{Deserialize, Serialize};

use crate::encryption::{ContentEncryption, Encryption, EncryptionAlgorithm, ReaderKeys, Wish};
use crate::registration;

/// A registered resource server. It authenticates as clients do, with `private_key_jwt`, and asks about the tokens that
/// are for it (RFC 7662). It gets none: an identifier is a client's or a resource server's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct ResourceServer {
    /// The name that its assertions bear, and the `aud` of signed answers to it: printable ASCII. No client's.
    pub client_id: String,
    /// The public keys that verify its assertions (RFC 7517 §5).
    pub jwks: JwkSetDocument,
    /// Its resource identifier (RFC 8707), the audience of tokens for it.
    pub resource: String,
    /// The audiences that it answers to. Default: `resource` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Which form its answers have. Default: `as_asked`.
    #[serde(default)]
    pub introspection_response: IntrospectionResponse,
    /// How the keys of encrypted answers to it are encrypted (RFC 9701 §6), for a key of its that is marked for encryption.
    /// Answers that are not signed are not encrypted either. Needs the feature `jwe`. Default: none are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_alg: Option<EncryptionAlgorithm>,
    /// How the content of encrypted answers to it is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_enc: Option<ContentEncryption>,
}

/// The form of introspection answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntrospectionResponse {
    /// Signed (RFC 9701) where `Accept` names `application/token-introspection+jwt`, else JSON.
    #[default]
    AsAsked,
    /// Signed, whatever is asked for.
    Signed,
}

impl ResourceServer {
    /// A resource server with these public keys, given as the JSON text of a JWK set. Wrong text is found when the issuer
    /// is built.
    #[must_use]
    pub fn new(
        client_id: impl Into<String>,
        jwks: impl Into<String>,
        resource: impl Into<String>,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            jwks: JwkSetDocument::from_text(jwks),
            resource: resource.into(),
            audiences: Vec::new(),
            introspection_response: IntrospectionResponse::default(),
            introspection_encrypted_response_alg: None,
            introspection_encrypted_response_enc: None,
        }
    }

    /// Adds an audience that it answers to, in place of its resource identifier.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Which form its answers have.
    #[must_use]
    pub fn introspection_response(mut self, response: IntrospectionResponse) -> Self {
        self.introspection_response = response;
        self
    }
}

/// A resource server, ready to be asked about.
#[derive(Debug)]
pub(crate) struct RegisteredResourceServer {
    pub(crate) client_id: Box<str>,
    pub(crate) introspection_response: IntrospectionResponse,
    /// For whom signed answers are encrypted, if they are.
    pub(crate) encryption: Option<Encryption>,
    keys: KeySet,
    audiences: Vec<Box<str>>,
}

impl RegisteredResourceServer {
    fn new(server: &ResourceServer, at: &str) -> Result<Self, ConfigError> {
        registration::check_text(&server.resource, || format!("{at}.resource"))?;
        for (place, audience) in server.audiences.iter().enumerate() {
            registration::check_text(audience, || format!("{at}.audiences[{place}]"))?;
        }
        let audiences = match server.audiences.as_slice() {
            [] => std::slice::from_ref(&server.resource),
            audiences => audiences,
        };
        Ok(Self {
            client_id: registration::id(&server.client_id, at)?,
            introspection_response: server.introspection_response,
            encryption: Encryption::new(
                &Wish {
                    at,
                    name: "introspection_encrypted_response",
                    alg: server.introspection_encrypted_response_alg,
                    enc: server.introspection_encrypted_response_enc,
                },
                ReaderKeys {
                    registered: Some(&server.jwks),
                    remote: None,
                },
            )?,
            keys: registration::keys(&server.jwks, at)?,
            audiences: audiences
                .iter()
                .map(|audience| audience.as_str().into())
                .collect(),
        })
    }

    /// Whether a token for this audience is for it.
    pub(crate) fn is_meant_by(&self, audience: &str) -> bool {
        self.audiences.iter().any(|ours| **ours == *audience)
    }
}

impl AsRef<KeySet> for RegisteredResourceServer {
    fn as_ref(&self) -> &KeySet {
        &self.keys
    }
}

/// All resource servers of an issuer.
#[derive(Debug)]
pub(crate) struct ResourceServers(HashMap<Box<str>, RegisteredResourceServer>);

impl ResourceServers {
    /// `is_client` tells whether a client has this identifier.
    pub(crate) fn new(
        servers: &[ResourceServer],
        is_client: impl Fn(&str) -> bool,
    ) -> Result<Self, ConfigError> {
        let mut by_id = HashMap::new();
        for (place, server) in servers.iter().enumerate() {
            let at = format!("resource_servers[{place}]");
            let registered = RegisteredResourceServer::new(server, &at)?;
            let taken = |problem| Err(ConfigError::invalid(format!("{at}.client_id"), problem));
            // FAPI 2.0 Message Signing §6.2: whoever gets a signed answer is not to be mistaken for a client.
            if is_client(&server.client_id) {
                return taken("is a client's");
            }
            let id = registered.client_id.clone();
            if by_id.insert(id, registered).is_some() {
                return taken("stands here twice");
            }
        }
        Ok(Self(by_id))
    }

    pub(crate) fn get(&self, client_id: &str) -> Option<&RegisteredResourceServer> {
        self.0.get(client_id)
    }
}
