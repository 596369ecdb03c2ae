//! A client of the authorization server.

use fapi_crypto::SigningKey;
use fapi_tests::assertion::authentication;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestClient, now};

use crate::provider::Provider;

const CLIENT_ID: &str = "app";

/// Two keys: with one it authenticates, to the other its tokens are bound.
pub(crate) struct Client {
    http: reqwest::Client,
    assertion_key: SigningKey,
    pub(crate) dpop: TestClient,
}

/// What a token request asks for, and what it proves.
#[derive(Clone, Copy)]
pub(crate) struct TokenRequest<'a> {
    pub(crate) resource: &'a str,
    pub(crate) scope: Option<&'a str>,
    /// The nonce in the proof.
    pub(crate) nonce: Option<&'a str>,
}

impl Client {
    /// Its proofs are ES256.
    pub(crate) fn new() -> Self {
        Self::with_algorithm(Algorithm::Es256)
    }

    /// It authenticates and makes its proofs with this algorithm.
    pub(crate) fn with_algorithm(algorithm: Algorithm) -> Self {
        Self {
            // Whatever proxy the environment names, it does not lead to this machine.
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            assertion_key: SigningKey::generate(algorithm).unwrap(),
            dpop: TestClient::with_algorithm(algorithm),
        }
    }

    /// The same client with another DPoP key.
    pub(crate) fn with_another_key(&self) -> TestClient {
        TestClient::with_algorithm(self.dpop.key().algorithm())
    }

    /// The public key set under which it is registered.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.assertion_key.public_jwk()] })
    }

    /// The metadata of this issuer (RFC 8414 §3).
    pub(crate) async fn metadata(&self, issuer: &str) -> Value {
        let url = format!("{issuer}/.well-known/oauth-authorization-server");
        let response = self.http.get(url).send().await.unwrap();
        let metadata: Value = response.json().await.unwrap();
        // RFC 8414 §3.3.
        assert_eq!(metadata["issuer"], issuer);
        metadata
    }

    /// A token for this resource.
    pub(crate) async fn token(&self, provider: &Provider, resource: &str, scope: &str) -> String {
        let request = TokenRequest {
            resource,
            scope: Some(scope),
            nonce: None,
        };
        bound_token(self.ask(provider, request).await).await
    }

    /// The response to a token request (RFC 6749 §4.4, RFC 8707 §2) with a proof (RFC 9449 §5).
    pub(crate) async fn ask(&self, provider: &Provider, request: TokenRequest<'_>) -> Response {
        let endpoint = provider.endpoint("token_endpoint");
        let mut proof = self.dpop.proof("POST", endpoint, now());
        if let Some(nonce) = request.nonce {
            proof = proof.nonce(nonce);
        }
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("resource", request.resource),
        ];
        form.extend(request.scope.map(|scope| ("scope", scope)));
        self.post(provider, endpoint, &form)
            .header("DPoP", proof.build())
            .send()
            .await
            .unwrap()
    }

    /// Gives a token up (RFC 7009 §2.1).
    pub(crate) async fn revoke(&self, provider: &Provider, token: &str) {
        let endpoint = provider.endpoint("revocation_endpoint");
        let request = self.post(provider, endpoint, &[("token", token)]);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }

    /// A form, with which the client authenticates.
    fn post(&self, provider: &Provider, url: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let authentication = authentication(CLIENT_ID, &self.assertion_key, provider.issuer());
        let authentication = authentication
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let form: Vec<_> = form.iter().copied().chain(authentication).collect();
        self.http.post(url).form(&form)
    }
}

/// The access token of a good response.
pub(crate) async fn bound_token(response: Response) -> String {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["token_type"], "DPoP");
    body["access_token"].as_str().unwrap().to_owned()
}
