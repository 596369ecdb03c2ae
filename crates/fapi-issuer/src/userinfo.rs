//! The rules of the userinfo endpoint, which is a resource server: those that the core has for any other.

use std::sync::Arc;

use fapi_core::config::{self, ConfigError};
use fapi_core::dpop::{NonceKeys, Origin};
use fapi_core::{Policy, Verifier};
use serde_json::{Value, json};

use crate::client::Clients;
use crate::config::Config;
use crate::uri::IssuerUri;

/// What judges requests for userinfo.
pub(crate) struct UserInfo {
    pub(crate) verifier: Arc<Verifier>,
    origin: Origin,
    /// Where clients with certificates find it too (RFC 8705 §5).
    alias: Option<Origin>,
}

impl UserInfo {
    pub(crate) fn new(
        config: &Config,
        uri: &IssuerUri,
        alias: Option<&Origin>,
        clients: &Clients,
        nonces: NonceKeys,
    ) -> Result<Self, ConfigError> {
        let origin = uri.origin().clone();
        let alias = alias.filter(|alias| **alias != origin).cloned();
        let origins: Vec<_> = std::iter::once(&origin)
            .chain(&alias)
            .map(|origin| json!({ "origin": origin.as_str() }))
            .collect();
        Ok(Self {
            verifier: verifier(config, uri, &origins, clients, nonces)?,
            origin,
            alias,
        })
    }

    /// The authority of the address that a request is for. If it names another one than the alias, or none, it is for the
    /// issuer's: what proxies make of `Host` plays no part.
    pub(crate) fn authority(&self, sent: Option<&str>) -> &str {
        let is_sent = |origin: &&Origin| sent.is_some_and(|sent| origin.has_authority(sent));
        let origin = self.alias.as_ref().filter(is_sent).unwrap_or(&self.origin);
        let text = origin.as_str();
        text.split_once("://")
            .map_or(text, |(_, authority)| authority)
    }
}

/// Takes any token of this issuer with the scope `openid`, whichever resource it is for.
fn verifier(
    config: &Config,
    uri: &IssuerUri,
    origins: &[Value],
    clients: &Clients,
    nonces: NonceKeys,
) -> Result<Arc<Verifier>, ConfigError> {
    let audiences: Vec<_> = clients
        .iter()
        .flat_map(|client| client.audiences.all())
        .chain(config.default_audience.as_deref())
        // Those of clients that are kept in the storage.
        .chain(
            config
                .registration
                .iter()
                .flat_map(|registration| registration.audiences.iter().map(String::as_str)),
        )
        .chain(config.resource_servers.iter().flat_map(|server| {
            let audiences = server.audiences.iter().map(String::as_str);
            audiences.chain([server.resource.as_str()])
        }))
        .collect();
    if audiences.is_empty() {
        // There is nobody whom a token could be issued to.
        return build(config, uri, origins, &[uri.as_str()], nonces);
    }
    build(config, uri, origins, &audiences, nonces)
}

fn build(
    config: &Config,
    uri: &IssuerUri,
    origins: &[Value],
    audiences: &[&str],
    nonces: NonceKeys,
) -> Result<Arc<Verifier>, ConfigError> {
    let document = json!({
        "resource": uri.endpoint("userinfo"),
        "origins": origins,
        "audiences": audiences,
        "issuers": [{
            "issuer": uri.as_str(),
            "token_format": "any",
            // Each token is looked up: nobody asks over HTTP, so the rest of this part is not used.
            "revocation": "introspect",
            "introspection": {
                "endpoint": uri.endpoint("introspect"),
                "client_id": "userinfo",
                "client_auth": { "private_key_jwt": { "key": { "env": "UNUSED" } } },
                "signed_response": false,
            },
        }],
        "rules": [{ "path": uri.endpoint_path("userinfo"), "scopes": ["openid"] }],
        "token_cache_seconds": 0,
        "allow_http_loopback": config.allow_http_loopback,
    });
    let mut rules = config::Config::from_json(&document.to_string())?;
    rules.dpop = config.dpop.clone();
    if let Some(mtls) = &config.mtls {
        rules.mtls = Some(mtls.for_core());
        rules.dpop.required = false;
    }
    let policy = Policy::new(&rules)?;
    Ok(Verifier::new(policy, &fapi_crypto::PROVIDER, nonces))
}
