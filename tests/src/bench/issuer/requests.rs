//! Token requests, as they go over the wire.

use std::sync::Arc;

use fapi_crypto::{SigningKey, random_bytes};
use serde_json::json;
use tower_fapi::testing::{TestClient, now};

use super::server::Server;
use crate::wire::WireRequest;

/// Requests for this server, none like another.
pub(super) fn sign(client: &SigningKey, server: &Server, requests: usize) -> Vec<Arc<[u8]>> {
    let holder = TestClient::new();
    (0..requests)
        .map(|_| request(client, &holder, server))
        .collect()
}

fn request(client: &SigningKey, holder: &TestClient, server: &Server) -> Arc<[u8]> {
    let jti: [u8; 16] = random_bytes().expect("random bytes");
    let claims = json!({
        "iss": "app", "sub": "app", "aud": server.issuer(),
        "jti": format!("{:032x}", u128::from_be_bytes(jti)),
        "iat": now().as_secs(), "exp": now().plus(300).as_secs(),
    });
    let assertion = client.sign_jwt("JWT", &claims).expect("a signature");
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", "accounts")
        .append_pair("resource", server.resource())
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", &assertion)
        .finish();
    let endpoint = format!("{}/token", server.issuer());
    WireRequest::new("POST", "/token")
        .with("Host", server.address().to_string())
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Content-Length", body.len().to_string())
        .header("DPoP", holder.proof("POST", &endpoint, now()).build())
        .body(body)
        .to_bytes()
        .into()
}
