//! The metadata and the key set, as the discovery module of the conformance plans looks at them.

use fapi_core::KeySet;
use fapi_core::jose::Algorithm;
use fapi_issuer::Issuer;
use serde_json::{Value, json};

use crate::harness::{Server, TOKEN_ENDPOINT, key};

#[tokio::test]
async fn the_metadata_says_what_is_true() {
    let server = Server::start().await;
    let answer = server.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    let algorithms = ["ES256", "PS256", "EdDSA", "Ed25519"];
    let mut metadata = answer.body.clone();
    // What the feature `jwe` adds, the tests of encryption look at.
    let members = metadata.as_object_mut().unwrap();
    members.retain(|name, _| !name.contains("_encryption_"));
    assert_eq!(
        metadata,
        json!({
            "issuer": "https://as.example.com",
            "authorization_endpoint": "https://as.example.com/authorize",
            "token_endpoint": TOKEN_ENDPOINT,
            "pushed_authorization_request_endpoint": "https://as.example.com/par",
            "userinfo_endpoint": "https://as.example.com/userinfo",
            "jwks_uri": "https://as.example.com/jwks",
            "scopes_supported": ["accounts", "payments", "openid", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "jwt", "query.jwt"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "require_pushed_authorization_requests": true,
            "authorization_response_iss_parameter_supported": true,
            "request_parameter_supported": true,
            "request_uri_parameter_supported": false,
            "request_object_signing_alg_values_supported": algorithms,
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "claims_parameter_supported": true,
            "claims_supported": ["acr", "auth_time", "iss", "sub"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint": "https://as.example.com/introspect",
            "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_signing_alg_values_supported": ["ES256"],
            "revocation_endpoint": "https://as.example.com/revoke",
            "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "dpop_signing_alg_values_supported": algorithms,
        })
    );
    assert_eq!(answer.body, server.issuer.metadata());
    let openid = server.get("/.well-known/openid-configuration").await;
    assert_eq!(openid.body, answer.body);
}

// S23
#[tokio::test]
async fn the_key_set_is_public() {
    let server = Server::start_with(Algorithm::Es256, |builder| {
        builder
            .signing_key(key(Algorithm::Es256))
            .signing_key(key(Algorithm::Ps256))
            .signing_key(key(Algorithm::EdDsa))
    })
    .await;
    let answer = server.get("/jwks").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "max-age=60");
    assert_eq!(answer.body, server.issuer.jwks());
    let keys = answer.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    let public = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];
    for key in keys {
        for (member, value) in key.as_object().unwrap() {
            assert!(
                public.contains(&member.as_str()) && value.is_string(),
                "{member}"
            );
        }
        assert!(key["kid"].is_string());
        assert_eq!(key["use"], "sig");
    }
    KeySet::from_json(answer.body.to_string().as_bytes()).unwrap();
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_metadata_in_front() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    let issuer = Issuer::builder("https://as.example.com/tenant")
        .build()
        .await
        .unwrap();
    for (path, status) in [
        ("/.well-known/oauth-authorization-server/tenant", 200),
        ("/.well-known/oauth-authorization-server", 404),
        ("/tenant/.well-known/openid-configuration", 200),
        ("/tenant/jwks", 200),
        ("/jwks", 404),
        ("/tenant/token", 405),
        ("/tenant/introspect", 405),
        ("/tenant/revoke", 405),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = issuer.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    let metadata = issuer.metadata();
    assert_eq!(
        metadata["token_endpoint"],
        "https://as.example.com/tenant/token"
    );
    assert_eq!(metadata["jwks_uri"], "https://as.example.com/tenant/jwks");
    // Members without elements are left out (RFC 8414 §3.2).
    assert_eq!(metadata["acr_values_supported"], Value::Null);
}
