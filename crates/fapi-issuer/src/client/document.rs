//! A client as it stands in the configuration.

use fapi_core::config::{AlgorithmName, ConfigError, JwkSetDocument, read_document};
use serde::{Deserialize, Serialize};

use crate::encryption::{ContentEncryption, EncryptionAlgorithm};

/// A registered client. Members have the names of client metadata (RFC 7591 §2, and where another text is given).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct Client {
    /// The client identifier: printable ASCII (RFC 6749 appendix A.1).
    pub client_id: String,
    /// What users read at login and consent. Default: the identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// A page about the client, for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// How the client uses data, for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// The client's terms of service, for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// The public keys that verify its assertions and request objects (RFC 7517 §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwkSetDocument>,
    /// Where it publishes them instead: an https address. They are fetched when they are needed, and again when a signature
    /// names a key that is not among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// How it authenticates. Default: `private_key_jwt`.
    #[serde(default)]
    pub token_endpoint_auth_method: AuthMethod,
    /// The one algorithm of its assertions. Default: each of FAPI 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<AlgorithmName>,
    /// The subject of its certificate, for `tls_client_auth` (RFC 8705 §2.1.2), as RFC 4514 writes it. Of this and the next
    /// four there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A DNS name in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// A URI in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// An IP address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    /// An email address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// Where authorization responses may go: https, or http on a loopback address for native applications (FAPI 2.0
    /// Security Profile §5.3.2.2). Compared exactly. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// The grants that it may use. Default: `authorization_code` if it has `redirect_uris`, else `client_credentials`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<GrantType>,
    /// The scope values that it may ask for, separated by spaces; it gets them all if it asks for none. Default: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The resources (RFC 8707) that it may ask tokens for; the first one is the `aud` if it names none. Default: the
    /// issuer's `default_audience` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Which tokens it may exchange for others, if it may use that grant (RFC 8693). Default: those for its `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_exchange: Option<TokenExchange>,
    /// The types of authorization details that it may ask for (RFC 9396 §10), each one of the issuer's. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// What its access tokens look like. Default: `jwt`.
    #[serde(default)]
    pub access_token_format: AccessTokenFormat,
    /// Whether its access tokens are bound to a DPoP key (RFC 9449 §5.2). Default: unless they are bound to a
    /// certificate. A token that is bound to nothing cannot be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_bound_access_tokens: Option<bool>,
    /// Whether its access tokens are bound to its certificate (RFC 8705 §3.4). Default: false.
    #[serde(default)]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Whether it has to sign its authorization requests (RFC 9101 §10.5). Default: false.
    #[serde(default)]
    pub require_signed_request_object: bool,
    /// The one algorithm of its request objects. Default: each of FAPI 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<AlgorithmName>,
    /// The response modes that it may ask for (FAPI 2.0 Message Signing §5.4.1). The first is what it gets if it names
    /// none. Default: `query`, then `jwt`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_modes: Vec<ResponseMode>,
    /// What its ID tokens are signed with. Default: as everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<AlgorithmName>,
    /// What its authorization responses are signed with (JARM §3). Default: as everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<AlgorithmName>,
    /// How the keys of its encrypted ID tokens are encrypted, for a key of its that is marked for encryption. Needs the
    /// feature `jwe`. Default: its ID tokens are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<EncryptionAlgorithm>,
    /// How the content of its encrypted ID tokens is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// How the keys of its encrypted authorization responses are encrypted (JARM §3). Needs the feature `jwe`. Default:
    /// they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<EncryptionAlgorithm>,
    /// How the content of its encrypted authorization responses is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<ContentEncryption>,
}

/// How a client authenticates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthMethod {
    /// With a signed assertion (RFC 7523 §2.2).
    #[default]
    PrivateKeyJwt,
    /// With a certificate of an authority (RFC 8705 §2.1).
    TlsClientAuth,
    /// With a certificate whose key is among its keys (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

/// A grant type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrantType {
    /// RFC 6749 §4.1, with PKCE (RFC 7636).
    AuthorizationCode,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 8693.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

/// `token_exchange`: which tokens a client may exchange for others (RFC 8693). It is itself a resource server then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct TokenExchange {
    /// The audiences that the client answers to as a resource server: tokens for one of these were sent to it. A token for
    /// its `client_id` it may exchange anyway. Name no audience of somebody else: a token that was stolen there could be
    /// exchanged here. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
}

impl TokenExchange {
    /// For a client that answers to this audience.
    #[must_use]
    pub fn of_audience(audience: impl Into<String>) -> Self {
        Self {
            audiences: vec![audience.into()],
        }
    }
}

impl GrantType {
    pub(crate) const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::RefreshToken,
        Self::TokenExchange,
    ];

    /// The one of this `grant_type`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The value of `grant_type`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// How an authorization response goes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseMode {
    /// Parameters in the query (RFC 6749 §4.1.2), with `iss` (RFC 9207).
    Query,
    /// One signed JWT in the query (JARM §2.3.1).
    Jwt,
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A signed JWT (RFC 9068), which a resource server can verify by itself.
    #[default]
    Jwt,
    /// `rt_` and 43 random characters. A resource server has to ask what it is good for (RFC 7662).
    Opaque,
}

impl Client {
    /// A client with these public keys, given as the JSON text of a JWK set. Wrong text is found when the issuer is built.
    #[must_use]
    pub fn new(client_id: impl Into<String>, jwks: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_name: None,
            client_uri: None,
            policy_uri: None,
            tos_uri: None,
            jwks: Some(JwkSetDocument::from_text(jwks)),
            jwks_uri: None,
            token_endpoint_auth_method: AuthMethod::default(),
            token_endpoint_auth_signing_alg: None,
            tls_client_auth_subject_dn: None,
            tls_client_auth_san_dns: None,
            tls_client_auth_san_uri: None,
            tls_client_auth_san_ip: None,
            tls_client_auth_san_email: None,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            scope: String::new(),
            audiences: Vec::new(),
            token_exchange: None,
            authorization_details_types: Vec::new(),
            access_token_format: AccessTokenFormat::default(),
            dpop_bound_access_tokens: None,
            tls_client_certificate_bound_access_tokens: false,
            require_signed_request_object: false,
            request_object_signing_alg: None,
            response_modes: Vec::new(),
            id_token_signed_response_alg: None,
            authorization_signed_response_alg: None,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            authorization_encrypted_response_alg: None,
            authorization_encrypted_response_enc: None,
        }
    }

    /// Reads a client as it stands in the configuration.
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path of its field.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        read_document(json)
    }

    /// A client that publishes its public keys at this address. A wrong one is found when the issuer is built.
    #[must_use]
    pub fn with_jwks_uri(client_id: impl Into<String>, jwks_uri: impl Into<String>) -> Self {
        Self {
            jwks: None,
            jwks_uri: Some(jwks_uri.into()),
            ..Self::new(client_id, "")
        }
    }

    /// What users read at login and consent.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// The scope values that it may ask for, separated by spaces.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Adds a resource that it may ask tokens for.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Adds a place where authorization responses may go.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Adds a grant that it may use.
    #[must_use]
    pub fn grant_type(mut self, grant_type: GrantType) -> Self {
        self.grant_types.push(grant_type);
        self
    }

    /// Lets it exchange the tokens that it is sent as a resource server.
    #[must_use]
    pub fn token_exchange(mut self, exchange: TokenExchange) -> Self {
        self.token_exchange = Some(exchange);
        self.grant_type(GrantType::TokenExchange)
    }

    /// What its access tokens look like.
    #[must_use]
    pub fn access_token_format(mut self, format: AccessTokenFormat) -> Self {
        self.access_token_format = format;
        self
    }
}
