//! What is compared.

use serde_json::{Value, json};
use tower_fapi::testing::TestIssuer;

use super::RESOURCE;
use crate::envoy::{Bootstrap, Listener, fapi};

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) listener: &'static str,
    pub(super) traffic: Traffic,
    cost: Cost,
}

/// What is sent. A proof is always a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    OneToken,
    NewTokens,
    Ed25519Proofs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    Usual,
    /// Ten times as much as usual.
    Tenfold,
}

/// The first is what the others are compared with, and the second too.
pub(super) const ROWS: [Row; 8] = [
    row("no filter", "plain", Traffic::OneToken),
    row("`jwt_authn`, each token verified", "jwt", Traffic::OneToken),
    row(
        "`jwt_authn` with its token cache",
        "jwt-cache",
        Traffic::OneToken,
    ),
    row("this filter, known token", "host", Traffic::OneToken),
    row(
        "this filter, known token, Ed25519 proofs",
        "host",
        Traffic::Ed25519Proofs,
    ),
    row("this filter, new tokens", "host", Traffic::NewTokens),
    row(
        "this filter, signatures in the module, known token",
        "module",
        Traffic::OneToken,
    )
    .tenfold(),
    row(
        "this filter, signatures in the module, new tokens",
        "module",
        Traffic::NewTokens,
    )
    .tenfold(),
];

const fn row(name: &'static str, listener: &'static str, traffic: Traffic) -> Row {
    Row {
        name,
        listener,
        traffic,
        cost: Cost::Usual,
    }
}

impl Row {
    const fn tenfold(self) -> Self {
        Self {
            cost: Cost::Tenfold,
            ..self
        }
    }

    pub(super) fn share_of(&self, requests: usize) -> usize {
        match self.cost {
            Cost::Usual => requests,
            Cost::Tenfold => requests.div_ceil(10),
        }
    }
}

/// A listener for each thing that is compared.
pub(super) fn bootstrap(issuer: &TestIssuer) -> Bootstrap {
    let cache = json!({ "jwt_cache_config": {} });
    [
        listener("plain"),
        listener("jwt").filter(jwt_authn(issuer, &json!({}))),
        listener("jwt-cache").filter(jwt_authn(issuer, &cache)),
        listener("host").filter(fapi("bench-host", &config(issuer, "host"))),
        listener("module").filter(fapi("bench-module", &config(issuer, "wasm"))),
    ]
    .into_iter()
    .fold(Bootstrap::new(), Bootstrap::listener)
}

/// Envoy answers by itself: what is measured is what comes before.
fn listener(name: &str) -> Listener {
    Listener::new(name).settings(|manager| {
        manager["route_config"]["virtual_hosts"][0]["routes"] =
            json!([{ "match": { "prefix": "/" }, "direct_response": { "status": 200 } }]);
    })
}

fn config(issuer: &TestIssuer, signatures: &str) -> Value {
    let mut config = json!(issuer.resource_config());
    config["envoy"] = json!({ "signatures": signatures });
    // A round may take longer than the default.
    config["dpop"] = json!({ "max_age_seconds": 300 });
    config
}

fn jwt_authn(issuer: &TestIssuer, more: &Value) -> Value {
    let mut provider = json!({
        "issuer": issuer.issuer(),
        "audiences": [RESOURCE],
        "local_jwks": { "inline_string": issuer.jwks() },
        "from_headers": [{ "name": "Authorization", "value_prefix": "DPoP " }],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        provider[name] = value.clone();
    }
    json!({
        "name": "jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": { "as": provider },
            "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "as" } }],
        },
    })
}
