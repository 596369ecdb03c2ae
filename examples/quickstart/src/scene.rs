//! What is at hand when the requests are made: keys, tokens, and the way to send them.

use fapi_core::token::Confirmation;
use fapi_issuer::{Grant, MintError};
use reqwest::header::AUTHORIZATION;
use tower_fapi::testing::{ProofBuilder, TestClient, now};

use crate::client::CLIENT_ID;
use crate::issuer::RunningIssuer;
use crate::verdict::Verdict;

/// The client and the thief, in front of one URL of the API.
pub(crate) struct Scene {
    /// The protected URL that every request goes to.
    pub(crate) url: String,
    /// Whose token it is.
    pub(crate) client: TestClient,
    /// Who has a key too, but not the client's.
    pub(crate) thief: TestClient,
    /// A good access token, bound to the client's key.
    pub(crate) token: String,
    /// The client's first proof, which the thief has seen going by.
    pub(crate) first_proof: String,
    /// A token that was good until a minute ago.
    pub(crate) expired_token: String,
    /// A good token for another API.
    pub(crate) foreign_token: String,
}

impl Scene {
    /// The client has its `token` for this API; the issuer makes the two that are wrong, bound to the same key.
    pub(crate) fn new(
        api: &str,
        issuer: &RunningIssuer,
        client: TestClient,
        token: String,
    ) -> Result<Self, MintError> {
        let url = format!("{api}/accounts");
        let grant =
            |audience| Grant::new(CLIENT_ID, audience, Confirmation::Key(client.thumbprint()));
        let expired_token = issuer.mint_expired(&grant(api))?;
        let foreign_token = issuer.mint(&grant("https://other.example.com"))?;
        Ok(Self {
            first_proof: client.proof("GET", &url, now()).token(&token).build(),
            expired_token: expired_token.as_str().to_owned(),
            foreign_token: foreign_token.as_str().to_owned(),
            thief: TestClient::new(),
            url,
            client,
            token,
        })
    }

    /// A proof for this request by this client, with the token's hash and nothing wrong with it yet.
    pub(crate) fn proof(&self, by: &TestClient) -> ProofBuilder {
        by.proof("GET", &self.url, now()).token(&self.token)
    }

    /// A new proof by the client itself, good for this token.
    pub(crate) fn proof_for(&self, token: &str) -> String {
        self.proof(&self.client).token(token).build()
    }
}

/// The part of a request that differs: everybody sends a GET to the same URL.
pub(crate) struct Attempt {
    authorization: Option<String>,
    proofs: Vec<String>,
}

impl Attempt {
    /// A request without credentials.
    pub(crate) const fn bare() -> Self {
        Self {
            authorization: None,
            proofs: Vec::new(),
        }
    }

    /// `Authorization: DPoP <token>` (RFC 9449 §7.1).
    pub(crate) fn dpop(token: &str) -> Self {
        Self {
            authorization: Some(format!("DPoP {token}")),
            ..Self::bare()
        }
    }

    /// `Authorization: Bearer <token>` (RFC 6750 §2.1).
    pub(crate) fn bearer(token: &str) -> Self {
        Self {
            authorization: Some(format!("Bearer {token}")),
            ..Self::bare()
        }
    }

    /// One more `DPoP` header.
    pub(crate) fn proof(mut self, proof: impl Into<String>) -> Self {
        self.proofs.push(proof.into());
        self
    }

    /// Sends it.
    pub(crate) async fn send(
        self,
        http: &reqwest::Client,
        url: &str,
    ) -> Result<Verdict, reqwest::Error> {
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
