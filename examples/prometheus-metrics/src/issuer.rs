//! The authorization server, embedded in this program.

use std::error::Error;

use fapi_core::jose::Algorithm;
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{Grant, Issuer, MintError};
use tower_fapi::testing::TestClient;

use crate::loopback::Loopback;

/// The running issuer.
pub(crate) struct RunningIssuer {
    url: String,
    issuer: Issuer,
}

impl RunningIssuer {
    /// Serves metadata and key set on a free port until the program ends.
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let place = Loopback::bind().await?;
        let url = place.url().to_owned();
        let issuer = Issuer::builder(&url)
            .signing_key(SigningKey::generate(Algorithm::Es256)?)
            .dangerous_allow_http_loopback() // in production, `url` is https
            .build()
            .await?;
        place.serve(issuer.router());
        Ok(Self { url, issuer })
    }

    /// The issuer identifier.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token for this API, bound to the client's key. How a client asks for one over HTTP is in other examples.
    pub(crate) async fn token(&self, api: &str, client: &TestClient) -> Result<String, MintError> {
        let grant = Grant::new("metrics-app", api, Confirmation::Key(client.thumbprint()));
        Ok(self.issuer.mint(&grant).await?.as_str().to_owned())
    }
}
