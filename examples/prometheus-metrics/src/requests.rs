//! The client's requests, and what should be counted of them.

use std::error::Error;

use reqwest::header::AUTHORIZATION;
use tower_fapi::testing::{TestClient, now};

use crate::issuer::RunningIssuer;

/// The series that [`Sender::send_all`] makes. `ISSUER` stands for the label with the issuer's URL.
pub(crate) const EXPECTED: &[(&str, u64)] = &[
    (
        r#"fapi_decisions_total{decision="accepted",reason="none"}"#,
        3,
    ),
    (
        r#"fapi_decisions_total{decision="refused",reason="no_credentials"}"#,
        2,
    ),
    (
        r#"fapi_decisions_total{decision="refused",reason="proof_replayed"}"#,
        1,
    ),
    (
        r#"fapi_decisions_total{decision="refused",reason="binding_other_key"}"#,
        1,
    ),
    (r#"fapi_verification_seconds_count{decision="accepted"}"#, 3),
    (r#"fapi_verification_seconds_count{decision="refused"}"#, 4),
    (r#"fapi_replay_insertions_total{outcome="fresh"}"#, 3),
    (r#"fapi_replay_insertions_total{outcome="seen"}"#, 1),
    (r#"fapi_key_fetches_total{ISSUER,outcome="fetched"}"#, 1),
];

/// Sends requests to one URL of the API.
pub(crate) struct Sender {
    http: reqwest::Client,
    url: String,
    client: TestClient,
    token: String,
}

impl Sender {
    pub(crate) async fn new(
        api: &str,
        issuer: &RunningIssuer,
        client: TestClient,
    ) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            // Whatever proxy the environment names, it does not lead to this machine.
            http: reqwest::Client::builder().no_proxy().build()?,
            url: format!("{api}/accounts"),
            token: issuer.token(api, &client).await?,
            client,
        })
    }

    /// What [`EXPECTED`] counts.
    pub(crate) async fn send_all(&self) -> Result<(), reqwest::Error> {
        for _ in 0..2 {
            self.send(&self.proof(&self.client)).await?;
        }
        // One more, which is then replayed, and a thief with a key of his own.
        let proof = self.proof(&self.client);
        self.send(&proof).await?;
        self.send(&proof).await?;
        self.send(&self.proof(&TestClient::new())).await?;
        // No credentials.
        for _ in 0..2 {
            self.http.get(&self.url).send().await?;
        }
        Ok(())
    }

    /// What is at a URL that needs no token.
    pub(crate) async fn get(&self, url: &str) -> Result<String, reqwest::Error> {
        let response = self.http.get(url).send().await?;
        response.error_for_status()?.text().await
    }

    fn proof(&self, by: &TestClient) -> String {
        let proof = by.proof("GET", &self.url, now());
        proof.token(&self.token).build()
    }

    async fn send(&self, proof: &str) -> Result<(), reqwest::Error> {
        self.http
            .get(&self.url)
            .header(AUTHORIZATION, format!("DPoP {}", self.token))
            .header("DPoP", proof)
            .send()
            .await
            .map(drop)
    }
}
