//! Requests, made before they are needed.

use std::sync::Arc;

use fapi_core::jose::Algorithm;
use tower_fapi::testing::{TestClient, TestIssuer, now};

use super::RESOURCE;
use super::row::Traffic;
use crate::wire::WireRequest;

const TARGET: &str = "/accounts";

/// The requests of one round, as they go over the wire.
pub(super) struct Batches {
    one_token: Vec<Arc<[u8]>>,
    new_tokens: Vec<Arc<[u8]>>,
    ed25519_proofs: Vec<Arc<[u8]>>,
}

impl Batches {
    /// Signs all proofs and tokens.
    pub(super) fn sign(issuer: &TestIssuer, requests: usize) -> Self {
        let (es256, ed25519) = (
            TestClient::new(),
            TestClient::with_algorithm(Algorithm::EdDsa),
        );
        let token = |client: &TestClient| issuer.token(client.thumbprint(), now()).build();
        let (for_es256, for_ed25519) = (token(&es256), token(&ed25519));
        let batch = |make: &dyn Fn() -> Arc<[u8]>| (0..requests).map(|_| make()).collect();
        Self {
            one_token: batch(&|| request(&es256, &for_es256)),
            new_tokens: batch(&|| request(&es256, &token(&es256))),
            ed25519_proofs: batch(&|| request(&ed25519, &for_ed25519)),
        }
    }

    pub(super) fn of(&self, traffic: Traffic) -> &[Arc<[u8]>] {
        match traffic {
            Traffic::OneToken => &self.one_token,
            Traffic::NewTokens => &self.new_tokens,
            Traffic::Ed25519Proofs => &self.ed25519_proofs,
        }
    }
}

fn request(client: &TestClient, token: &str) -> Arc<[u8]> {
    let proof = client.proof("GET", &format!("{RESOURCE}{TARGET}"), now());
    WireRequest::new("GET", TARGET)
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof.token(token).build())
        .to_bytes()
        .into()
}
