//! Protected resource metadata (RFC 9728).

use serde_json::{Map, Value, json};

use crate::config::{self, AlgorithmName, Config};

/// Where metadata stand, before the resource's own path (RFC 9728 §3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// One resource's metadata: where they are, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceMetadata {
    url: Box<str>,
    path: Box<str>,
    document: Box<str>,
}

impl ResourceMetadata {
    /// The metadata of `resource`, an absolute URI, under the configuration.
    pub(crate) fn new(config: &Config, resource: &str) -> Self {
        let (origin, path) = split(resource);
        let path = format!("{WELL_KNOWN}{}", path.trim_end_matches('/'));
        Self {
            url: format!("{origin}{path}").into(),
            document: document(config, resource).to_string().into(),
            path: path.into(),
        }
    }

    /// The address to name in challenges (RFC 9728 §5.1).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path at which the host answers a GET with [`document`](Self::document), without a token.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The JSON document.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.document
    }
}

/// Scheme and authority, and the path, of an absolute URI without fragment.
fn split(resource: &str) -> (&str, &str) {
    let resource = resource.split('?').next().unwrap_or(resource);
    let authority = resource.find("://").map_or(0, |end| end.saturating_add(3));
    match resource.get(authority..).and_then(|rest| rest.find('/')) {
        Some(slash) => resource.split_at(authority.saturating_add(slash)),
        None => (resource, ""),
    }
}

/// RFC 9728 §2. Members without a value are left out (§3.2).
fn document(config: &Config, resource: &str) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            members.insert(name.to_owned(), value);
        }
    };
    put("resource", json!(resource));
    let issuers = config.issuers.iter().map(|issuer| issuer.issuer.as_str());
    put("authorization_servers", issuers.collect());
    put("bearer_methods_supported", json!(["header"]));
    put(
        "scopes_supported",
        sorted(config.rules.iter().flat_map(|rule| &rule.scopes)),
    );
    let types = config
        .rules
        .iter()
        .filter_map(|rule| rule.authorization_details.as_ref());
    put(
        "authorization_details_types_supported",
        sorted(types.flat_map(|details| &details.types)),
    );
    let algorithms = config.dpop.algs.iter().copied().map(AlgorithmName::name);
    put("dpop_signing_alg_values_supported", algorithms.collect());
    put(
        "dpop_bound_access_tokens_required",
        json!(config.dpop.required),
    );
    put(
        "tls_client_certificate_bound_access_tokens",
        json!(accepts_certificates(config)),
    );
    Value::Object(members)
}

fn accepts_certificates(config: &config::Config) -> bool {
    config.mtls.is_some() && !config.dpop.required
}

fn sorted<'a>(values: impl Iterator<Item = &'a String>) -> Value {
    let unique: std::collections::BTreeSet<&str> = values.map(String::as_str).collect();
    unique.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NonceConfig, Rule};

    fn metadata(resource: &str) -> ResourceMetadata {
        let config = Config::builder(resource)
            .issuer("https://as.example.com")
            .nonce(NonceConfig::default())
            .rule(Rule::new("/payments").scopes(["payments", "accounts"]))
            .rule(Rule::new("/accounts").scopes(["accounts"]))
            .build()
            .unwrap();
        ResourceMetadata::new(&config, resource)
    }

    #[test]
    fn the_well_known_part_stands_before_the_resources_path() {
        for (resource, url) in [
            (
                "https://api.example.com",
                "https://api.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://api.example.com/",
                "https://api.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://api.example.com:8443/v1/accounts",
                "https://api.example.com:8443/.well-known/oauth-protected-resource/v1/accounts",
            ),
        ] {
            let metadata = metadata(resource);
            assert_eq!(metadata.url(), url);
            assert!(url.ends_with(metadata.path()));
        }
    }

    #[test]
    fn the_document_says_what_the_configuration_says() {
        let document: Value =
            serde_json::from_str(metadata("https://api.example.com").document()).unwrap();
        assert_eq!(
            document,
            json!({
                "resource": "https://api.example.com",
                "authorization_servers": ["https://as.example.com"],
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["accounts", "payments"],
                "dpop_signing_alg_values_supported": ["ES256", "PS256", "EdDSA"],
                "dpop_bound_access_tokens_required": true,
                "tls_client_certificate_bound_access_tokens": false,
            })
        );
    }
}
