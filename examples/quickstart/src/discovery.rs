//! What everybody may know of an issuer.

use std::error::Error;

use serde::Deserialize;

/// Authorization server metadata (RFC 8414 §2): the part that is needed here.
#[derive(Deserialize)]
pub struct Metadata {
    /// The issuer identifier.
    pub issuer: String,
    /// Where tokens are to be had.
    pub token_endpoint: String,
    jwks_uri: String,
}

impl Metadata {
    /// Asks the issuer with this identifier, which is a URL without a path.
    ///
    /// # Errors
    ///
    /// The issuer was not reached, or answered with something else.
    pub async fn fetch(http: &reqwest::Client, issuer: &str) -> Result<Self, Box<dyn Error>> {
        let url = format!("{issuer}/.well-known/oauth-authorization-server");
        let metadata: Self = get(http, &url).await?.json().await?;
        // RFC 8414 §3.3: metadata that names another issuer is not to be used.
        if metadata.issuer != issuer {
            return Err(format!("{url} is about {}", metadata.issuer).into());
        }
        Ok(metadata)
    }

    /// The issuer's public keys (RFC 7517 §5), as JSON text.
    ///
    /// # Errors
    ///
    /// The issuer was not reached, or answered with an error.
    pub async fn fetch_jwks(&self, http: &reqwest::Client) -> Result<String, reqwest::Error> {
        get(http, &self.jwks_uri).await?.text().await
    }
}

async fn get(http: &reqwest::Client, url: &str) -> Result<reqwest::Response, reqwest::Error> {
    http.get(url).send().await?.error_for_status()
}
