//! The client: how it gets a token that is bound to its key.

use std::error::Error;

use fapi_core::jose::Algorithm;
use fapi_crypto::{KeyError, SigningKey, random_bytes};
use serde::Deserialize;
use serde_json::json;
use tower_fapi::testing::{TestClient, now};

use crate::discovery::Metadata;

/// The name under which the issuer knows the client.
pub const CLIENT_ID: &str = "quickstart";

/// Two keys: with one it tells the issuer who it is, to the other its tokens are bound.
pub struct Client {
    assertion_key: SigningKey,
    /// Holds the second key, and makes DPoP proofs with it.
    pub dpop: TestClient,
}

/// What the token endpoint gives (RFC 6749 §5.1).
#[derive(Deserialize)]
pub struct TokenResponse {
    /// The token.
    pub access_token: String,
    /// `DPoP` (RFC 9449 §5).
    pub token_type: String,
    /// Seconds.
    pub expires_in: u32,
}

impl Client {
    /// A client with new keys.
    ///
    /// # Errors
    ///
    /// No key could be made.
    pub fn generate() -> Result<Self, KeyError> {
        let assertion_key = SigningKey::generate(Algorithm::Es256)?;
        Ok(Self::with_keys(assertion_key, TestClient::new()))
    }

    /// A client with these keys.
    #[must_use]
    pub const fn with_keys(assertion_key: SigningKey, dpop: TestClient) -> Self {
        Self {
            assertion_key,
            dpop,
        }
    }

    /// What the issuer must know of it: the name, the public key, and the API that it may ask tokens for.
    #[must_use]
    pub fn registration(&self, api: &str) -> fapi_issuer::Client {
        let jwks = json!({ "keys": [self.assertion_key.public_jwk()] });
        fapi_issuer::Client::new(CLIENT_ID, jwks.to_string()).audience(api)
    }

    /// Asks for a token for this API (RFC 8707 §2). The proof says to which key the issuer shall bind it (RFC 9449 §5).
    ///
    /// # Errors
    ///
    /// The issuer was not reached, or gave none.
    pub async fn request_token(
        &self,
        http: &reqwest::Client,
        issuer: &Metadata,
        api: &str,
    ) -> Result<TokenResponse, Box<dyn Error>> {
        let endpoint = &issuer.token_endpoint;
        let form = [
            ("grant_type", "client_credentials"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &self.assertion(&issuer.issuer)?),
            ("resource", api),
        ];
        let response = http
            .post(endpoint)
            .header("DPoP", self.dpop.proof("POST", endpoint, now()).build())
            .form(&form)
            .send()
            .await?;
        Ok(response.error_for_status()?.json().await?)
    }

    /// `private_key_jwt`: the client vouches for itself, once, to this issuer (RFC 7523 §3).
    fn assertion(&self, issuer: &str) -> Result<String, KeyError> {
        let claims = json!({
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "aud": issuer,
            "jti": format!("{:032x}", u128::from_be_bytes(random_bytes()?)),
            "iat": now().as_secs(),
            "exp": now().plus(60).as_secs(),
        });
        self.assertion_key.sign_jwt("JWT", &claims)
    }
}
