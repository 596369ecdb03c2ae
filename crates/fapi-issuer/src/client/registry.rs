//! The registered clients, checked once.

use std::collections::HashMap;
use std::sync::Arc;

use fapi_core::UnixTime;
use fapi_core::config::{AlgorithmName, ConfigError};
use fapi_core::jose::Algorithm;

use super::keys::ClientKeys;
use super::remote::{Reach, RemoteKeySets};
use super::stored::StoredClient;
use super::{AccessTokenFormat, AuthMethod, Client, GrantType, ResponseMode};
use crate::certificate::{Certificates, Subject};
use crate::config::Config;
use crate::encryption::{Encryption, ReaderKeys, Wish};
use crate::registration;
use crate::scope::Scope;
use crate::storage::{Storage, StorageError};

/// A client, ready to be asked about.
#[derive(Debug)]
pub(crate) struct RegisteredClient {
    pub(crate) client_id: Box<str>,
    pub(crate) method: Method,
    pub(crate) scope: Scope,
    pub(crate) audiences: Audiences,
    pub(crate) access_token_format: AccessTokenFormat,
    pub(crate) sender: SenderConstraint,
    pub(crate) request_object_alg: Option<Algorithm>,
    pub(crate) id_token_alg: Option<Algorithm>,
    pub(crate) response_alg: Option<Algorithm>,
    /// For whom its ID tokens are encrypted, if they are.
    pub(crate) id_token_encryption: Option<Encryption>,
    /// For whom its signed authorization responses are encrypted, if they are.
    pub(crate) response_encryption: Option<Encryption>,
    keys: Option<ClientKeys>,
    document: Client,
}

/// How a client authenticates.
#[derive(Debug)]
pub(crate) enum Method {
    /// With assertions, perhaps of one algorithm alone.
    PrivateKeyJwt(Option<Algorithm>),
    /// With a certificate of an authority, about this subject.
    Tls(Subject),
    /// With a certificate whose key is one of the client's.
    SelfSignedTls,
}

/// What a client's access tokens are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SenderConstraint {
    Key,
    Certificate,
    KeyAndCertificate,
}

impl SenderConstraint {
    pub(crate) const fn needs_key(self) -> bool {
        matches!(self, Self::Key | Self::KeyAndCertificate)
    }

    pub(crate) const fn needs_certificate(self) -> bool {
        matches!(self, Self::Certificate | Self::KeyAndCertificate)
    }
}

impl RegisteredClient {
    /// The keys that verify what it signs.
    pub(crate) const fn keys(&self) -> Option<&ClientKeys> {
        self.keys.as_ref()
    }

    /// What users read.
    pub(crate) fn name(&self) -> &str {
        self.document
            .client_name
            .as_deref()
            .unwrap_or(&self.client_id)
    }

    /// The rest of what is registered of it.
    pub(crate) const fn document(&self) -> &Client {
        &self.document
    }

    pub(crate) fn may_use(&self, grant_type: GrantType) -> bool {
        match self.document.grant_types.as_slice() {
            [] if self.document.redirect_uris.is_empty() => {
                grant_type == GrantType::ClientCredentials
            }
            [] => grant_type == GrantType::AuthorizationCode,
            named => named.contains(&grant_type),
        }
    }

    /// Whether a token for this audience is one that it was sent as a resource server.
    pub(crate) fn answers_to(&self, audience: &str) -> bool {
        let exchange = self.document.token_exchange.as_ref();
        exchange.is_some_and(|exchange| exchange.audiences.iter().any(|ours| ours == audience))
    }

    /// Whether this is one of its redirect URIs: the same text (FAPI 2.0 Security Profile §5.3.2.2).
    pub(crate) fn has_redirect_uri(&self, uri: &str) -> bool {
        self.document.redirect_uris.iter().any(|ours| ours == uri)
    }

    /// The response mode that it gets if it asks for this one: `None` if it may not have it.
    pub(crate) fn response_mode(&self, asked: Option<ResponseMode>) -> Option<ResponseMode> {
        let allowed = match self.document.response_modes.as_slice() {
            [] => &[ResponseMode::Query, ResponseMode::Jwt],
            named => named,
        };
        match asked {
            None => allowed.first().copied(),
            Some(asked) => allowed.contains(&asked).then_some(asked),
        }
    }
}

/// The resources that a client may ask tokens for.
#[derive(Debug)]
pub(crate) struct Audiences {
    default: Box<str>,
    others: Vec<Box<str>>,
}

impl Audiences {
    pub(crate) fn default(&self) -> &str {
        &self.default
    }

    pub(crate) fn contains(&self, resource: &str) -> bool {
        self.all().any(|ours| ours == resource)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.default).chain(self.others.iter().map(|other| &**other))
    }
}

/// All clients of an issuer.
#[derive(Debug)]
pub(crate) struct Clients {
    by_id: HashMap<Box<str>, Arc<RegisteredClient>>,
    scopes: Scope,
    default_audience: Option<Box<str>>,
    remote_keys: RemoteKeySets,
    certificates: Option<Arc<Certificates>>,
}

impl Clients {
    pub(crate) fn new(
        config: &Config,
        remote_keys: RemoteKeySets,
        certificates: Option<Arc<Certificates>>,
    ) -> Result<Self, ConfigError> {
        let registrar = Registrar {
            default_audience: config.default_audience.as_deref(),
            remote_keys: &remote_keys,
            certificates: certificates.as_deref(),
            reach: Reach::AnyHost,
        };
        let mut by_id = HashMap::new();
        let mut scopes = Scope::default();
        for (place, client) in config.clients.iter().enumerate() {
            let at = format!("clients[{place}]");
            let registered = registrar.register(client, &at)?;
            scopes.extend(&registered.scope);
            if by_id
                .insert(client.client_id.as_str().into(), Arc::new(registered))
                .is_some()
            {
                return Err(ConfigError::invalid(
                    format!("{at}.client_id"),
                    "stands here twice",
                ));
            }
        }
        Ok(Self {
            by_id,
            scopes,
            default_audience: config.default_audience.as_deref().map(Into::into),
            remote_keys,
            certificates,
        })
    }

    /// The client of this name.
    pub(crate) async fn find(
        &self,
        storage: &Storage,
        client_id: &str,
        now: UnixTime,
    ) -> Result<Option<Arc<RegisteredClient>>, StorageError> {
        if let Some(client) = self.by_id.get(client_id) {
            return Ok(Some(Arc::clone(client)));
        }
        let Some(kept) = StoredClient::find(storage, client_id, now).await? else {
            return Ok(None);
        };
        match self.register(&kept) {
            Ok(client) => Ok(Some(Arc::new(client))),
            Err(error) => {
                // What it was checked against when it was registered is not there any more.
                tracing::error!(client_id, %error, "a client in the storage does not fit the configuration");
                Ok(None)
            }
        }
    }

    /// Whether a client of this name was removed: what it was given is dead (RFC 7592 §2.3).
    pub(crate) async fn was_removed(
        &self,
        storage: &Storage,
        client_id: &str,
        now: UnixTime,
    ) -> Result<bool, StorageError> {
        if self.by_id.contains_key(client_id) {
            return Ok(false);
        }
        StoredClient::was_removed(storage, client_id, now).await
    }

    /// A client of the storage, checked as those of the configuration are.
    pub(crate) fn register(&self, kept: &StoredClient) -> Result<RegisteredClient, ConfigError> {
        let registrar = Registrar {
            default_audience: self.default_audience.as_deref(),
            remote_keys: &self.remote_keys,
            certificates: self.certificates.as_deref(),
            reach: kept.reach(),
        };
        registrar.register(&kept.client, "client")
    }

    /// A client of the configuration.
    pub(crate) fn configured(&self, client_id: &str) -> Option<&Arc<RegisteredClient>> {
        self.by_id.get(client_id)
    }

    /// All clients of the configuration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RegisteredClient> {
        self.by_id.values().map(|client| &**client)
    }

    /// Every scope value that some client may ask for.
    pub(crate) const fn scopes(&self) -> &Scope {
        &self.scopes
    }
}

/// What it takes to register a client.
struct Registrar<'a> {
    default_audience: Option<&'a str>,
    remote_keys: &'a RemoteKeySets,
    certificates: Option<&'a Certificates>,
    reach: Reach,
}

impl Registrar<'_> {
    fn register(&self, client: &Client, at: &str) -> Result<RegisteredClient, ConfigError> {
        let client_id = registration::id(&client.client_id, at)?;
        let keys = self.keys(client, at)?;
        let method = self.method(client, at)?;
        if keys.is_none() && !matches!(method, Method::Tls(_)) {
            return Err(ConfigError::missing(
                format!("{at}.jwks"),
                "needed unless there is a `jwks_uri`, or the method is `tls_client_auth`",
            ));
        }
        let scope = Scope::parse(&client.scope)
            .map_err(|error| ConfigError::invalid(format!("{at}.scope"), error.to_string()))?;
        for (place, audience) in client.audiences.iter().enumerate() {
            registration::check_text(audience, || format!("{at}.audiences[{place}]"))?;
        }
        for (place, uri) in client.redirect_uris.iter().enumerate() {
            crate::redirect::check(uri).map_err(|problem| {
                ConfigError::invalid(format!("{at}.redirect_uris[{place}]"), problem.to_string())
            })?;
        }
        let uses_codes = client.grant_types.contains(&GrantType::AuthorizationCode);
        if uses_codes && client.redirect_uris.is_empty() {
            return Err(ConfigError::missing(
                format!("{at}.redirect_uris"),
                "needed for `authorization_code`",
            ));
        }
        let exchanges = client.grant_types.contains(&GrantType::TokenExchange);
        if client.token_exchange.is_some() && !exchanges {
            return Err(ConfigError::invalid(
                format!("{at}.token_exchange"),
                "needs the grant type of token exchange in `grant_types`",
            ));
        }
        let mut audiences = client
            .audiences
            .iter()
            .map(|audience| audience.as_str().into());
        let default = audiences
            .next()
            .or(self.default_audience.map(Into::into))
            .ok_or_else(|| {
                ConfigError::missing(
                    format!("{at}.audiences"),
                    "needed without `default_audience`",
                )
            })?;
        let reader = ReaderKeys {
            registered: client.jwks.as_ref(),
            remote: keys.as_ref().and_then(ClientKeys::remote),
        };
        let id_token_encryption = Encryption::new(
            &Wish {
                at,
                name: "id_token_encrypted_response",
                alg: client.id_token_encrypted_response_alg,
                enc: client.id_token_encrypted_response_enc,
            },
            reader,
        )?;
        let response_encryption = Encryption::new(
            &Wish {
                at,
                name: "authorization_encrypted_response",
                alg: client.authorization_encrypted_response_alg,
                enc: client.authorization_encrypted_response_enc,
            },
            reader,
        )?;
        Ok(RegisteredClient {
            client_id,
            method,
            scope,
            audiences: Audiences {
                default,
                others: audiences.collect(),
            },
            access_token_format: client.access_token_format,
            sender: self.sender(client, at)?,
            request_object_alg: algorithm(client.request_object_signing_alg),
            id_token_alg: algorithm(client.id_token_signed_response_alg),
            response_alg: algorithm(client.authorization_signed_response_alg),
            id_token_encryption,
            response_encryption,
            keys,
            document: client.clone(),
        })
    }

    fn method(&self, client: &Client, at: &str) -> Result<Method, ConfigError> {
        let field = || format!("{at}.token_endpoint_auth_method");
        let needs = |what: &str| ConfigError::invalid(field(), format!("needs {what}"));
        if client.token_endpoint_auth_method != AuthMethod::TlsClientAuth {
            Subject::refuse(client, at)?;
        }
        match client.token_endpoint_auth_method {
            AuthMethod::PrivateKeyJwt => Ok(Method::PrivateKeyJwt(algorithm(
                client.token_endpoint_auth_signing_alg,
            ))),
            AuthMethod::TlsClientAuth => match self.certificates {
                Some(certificates) if certificates.has_authority() => {
                    Ok(Method::Tls(Subject::of_client(client, at)?))
                }
                _ => Err(needs(
                    "`mtls` with a `client_ca`, and with certificates from `tls` or `client-cert`",
                )),
            },
            AuthMethod::SelfSignedTlsClientAuth => match self.certificates {
                Some(certificates) if certificates.are_whole() => Ok(Method::SelfSignedTls),
                _ => Err(needs(
                    "`mtls`, with certificates from `tls` or `client-cert`",
                )),
            },
        }
    }

    /// FAPI 2.0 Security Profile §5.3.2.1: only sender-constrained access tokens.
    fn sender(&self, client: &Client, at: &str) -> Result<SenderConstraint, ConfigError> {
        let certificate = client.tls_client_certificate_bound_access_tokens;
        if certificate && self.certificates.is_none() {
            return Err(ConfigError::invalid(
                format!("{at}.tls_client_certificate_bound_access_tokens"),
                "needs `mtls`",
            ));
        }
        match (client.dpop_bound_access_tokens, certificate) {
            (None | Some(true), false) => Ok(SenderConstraint::Key),
            (Some(true), true) => Ok(SenderConstraint::KeyAndCertificate),
            (None | Some(false), true) => Ok(SenderConstraint::Certificate),
            (Some(false), false) => Err(ConfigError::invalid(
                format!("{at}.dpop_bound_access_tokens"),
                "must not be false unless `tls_client_certificate_bound_access_tokens` is true: each token is bound",
            )),
        }
    }

    /// RFC 7591 §2: in one place alone.
    fn keys(&self, client: &Client, at: &str) -> Result<Option<ClientKeys>, ConfigError> {
        let wrong = |problem| ConfigError::invalid(format!("{at}.jwks_uri"), problem);
        match (&client.jwks, &client.jwks_uri) {
            (None, None) => Ok(None),
            (Some(jwks), None) => {
                let keys = registration::keys(jwks, at)?;
                Ok(Some(ClientKeys::Given(Arc::new(keys))))
            }
            (None, Some(uri)) => {
                let keys = self.remote_keys.at(uri, self.reach);
                let keys = keys.map_err(|problem| wrong(problem.to_string()))?;
                Ok(Some(ClientKeys::Remote(keys)))
            }
            (Some(_), Some(_)) => Err(wrong("must not stand beside `jwks`".to_owned())),
        }
    }
}

fn algorithm(name: Option<AlgorithmName>) -> Option<Algorithm> {
    name.map(AlgorithmName::algorithm)
}
