//! What is at hand when the requests are made: keys, tokens, and the way to send them.

use reqwest::header::AUTHORIZATION;
use tower_fapi::testing::{ProofBuilder, TestClient, now};

use crate::verdict::Verdict;

/// The client and the thief, in front of one URL of the API.
pub struct Scene {
    /// The protected URL that every request goes to.
    pub url: String,
    /// Whose tokens they are.
    pub client: TestClient,
    /// Who has a key too, but not the client's.
    pub thief: TestClient,
    /// Bound to the client's key.
    pub tokens: Tokens,
    /// The client's first proof, which the thief has seen going by.
    pub first_proof: String,
}

/// Access tokens.
pub struct Tokens {
    /// A good one for this API.
    pub good: String,
    /// One that was good until a minute ago, or longer.
    pub expired: String,
    /// A good one for another API.
    pub foreign: String,
}

impl Scene {
    /// In front of `url`, with the tokens that are bound to the client's key.
    #[must_use]
    pub fn new(url: &str, client: TestClient, tokens: Tokens) -> Self {
        let first_proof = client.proof("GET", url, now()).token(&tokens.good).build();
        Self {
            url: url.to_owned(),
            thief: TestClient::new(),
            client,
            tokens,
            first_proof,
        }
    }

    /// A proof for this request by this client, with the token's hash and nothing wrong with it yet.
    pub fn proof(&self, by: &TestClient) -> ProofBuilder {
        by.proof("GET", &self.url, now()).token(&self.tokens.good)
    }

    /// A new proof by the client itself, good for this token.
    pub fn proof_for(&self, token: &str) -> String {
        self.proof(&self.client).token(token).build()
    }
}

/// The part of a request that differs: everybody sends a GET to the same URL.
pub struct Attempt {
    authorization: Option<String>,
    proofs: Vec<String>,
}

impl Attempt {
    /// A request without credentials.
    pub const fn bare() -> Self {
        Self {
            authorization: None,
            proofs: Vec::new(),
        }
    }

    /// `Authorization: DPoP <token>` (RFC 9449 §7.1).
    pub fn dpop(token: &str) -> Self {
        Self {
            authorization: Some(format!("DPoP {token}")),
            ..Self::bare()
        }
    }

    /// `Authorization: Bearer <token>` (RFC 6750 §2.1).
    pub fn bearer(token: &str) -> Self {
        Self {
            authorization: Some(format!("Bearer {token}")),
            ..Self::bare()
        }
    }

    /// One more `DPoP` header.
    pub fn proof(mut self, proof: impl Into<String>) -> Self {
        self.proofs.push(proof.into());
        self
    }

    /// Sends it.
    pub async fn send(self, http: &reqwest::Client, url: &str) -> Result<Verdict, reqwest::Error> {
        let mut request = http.get(url);
        if let Some(authorization) = self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        for proof in self.proofs {
            request = request.header("DPoP", proof);
        }
        Ok(Verdict::of(&request.send().await?))
    }
}
