//! The client: how it gets tokens that are bound to its key, uses them, and gives them back.

use std::error::Error;

use fapi_core::jose::Algorithm;
use fapi_crypto::{KeyError, SigningKey, random_bytes};
use fapi_issuer::AccessTokenFormat;
use reqwest::Response;
use serde::Deserialize;
use serde_json::json;
use tower_fapi::testing::{TestClient, now};

const CLIENT_ID: &str = "accounts-app";

/// Two keys: with one it tells the issuer who it is, to the other its tokens are bound.
pub(crate) struct Client {
    http: reqwest::Client,
    assertion_key: SigningKey,
    dpop: TestClient,
}

/// Authorization server metadata (RFC 8414 §2): the part that is needed here.
#[derive(Deserialize)]
pub(crate) struct IssuerMetadata {
    issuer: String,
    token_endpoint: String,
    revocation_endpoint: String,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
}

impl Client {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            // Whatever proxy the environment names, it does not lead to this machine.
            http: reqwest::Client::builder().no_proxy().build()?,
            assertion_key: SigningKey::generate(Algorithm::Es256)?,
            dpop: TestClient::new(),
        })
    }

    /// What the issuer must know of it: the name, the public key, and that its tokens are opaque.
    pub(crate) fn registration(&self, api: &str) -> fapi_issuer::Client {
        let jwks = json!({ "keys": [self.assertion_key.public_jwk()] });
        fapi_issuer::Client::new(CLIENT_ID, jwks.to_string())
            .audience(api)
            .access_token_format(AccessTokenFormat::Opaque)
    }

    /// The issuer's metadata (RFC 8414 §3).
    pub(crate) async fn discover(&self, issuer: &str) -> Result<IssuerMetadata, Box<dyn Error>> {
        let url = format!("{issuer}/.well-known/oauth-authorization-server");
        let response = self.http.get(&url).send().await?.error_for_status()?;
        let metadata: IssuerMetadata = response.json().await?;
        // RFC 8414 §3.3: metadata that names another issuer is not to be used.
        if metadata.issuer == issuer {
            Ok(metadata)
        } else {
            Err(format!("{url} is about {}", metadata.issuer).into())
        }
    }

    /// Asks for a token. The proof says to which key the issuer shall bind it (RFC 9449 §5).
    pub(crate) async fn request_token(
        &self,
        issuer: &IssuerMetadata,
    ) -> Result<String, Box<dyn Error>> {
        let endpoint = &issuer.token_endpoint;
        let [kind, assertion] = self.authentication(issuer)?;
        let response = self
            .http
            .post(endpoint)
            .header("DPoP", self.dpop.proof("POST", endpoint, now()).build())
            .form(&[("grant_type", "client_credentials".into()), kind, assertion])
            .send()
            .await?;
        let response: TokenResponse = response.error_for_status()?.json().await?;
        Ok(response.access_token)
    }

    /// Gives a token back (RFC 7009).
    pub(crate) async fn revoke(
        &self,
        issuer: &IssuerMetadata,
        token: &str,
    ) -> Result<(), Box<dyn Error>> {
        let [kind, assertion] = self.authentication(issuer)?;
        let form = [("token", token.to_owned()), kind, assertion];
        let request = self.http.post(&issuer.revocation_endpoint).form(&form);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// A proof for one GET request with this token.
    pub(crate) fn proof(&self, url: &str, token: &str) -> String {
        self.dpop.proof("GET", url, now()).token(token).build()
    }

    /// A GET request with a token and a proof (RFC 9449 §7.1).
    pub(crate) async fn get(
        &self,
        url: &str,
        token: &str,
        proof: &str,
    ) -> Result<Response, reqwest::Error> {
        self.http
            .get(url)
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", proof)
            .send()
            .await
    }

    /// `private_key_jwt`: the client vouches for itself, once, to this issuer (RFC 7523 §2.2, §3).
    fn authentication(
        &self,
        issuer: &IssuerMetadata,
    ) -> Result<[(&'static str, String); 2], KeyError> {
        let claims = json!({
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "aud": issuer.issuer,
            "jti": format!("{:032x}", u128::from_be_bytes(random_bytes()?)),
            "iat": now().as_secs(),
            "exp": now().plus(60).as_secs(),
        });
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let assertion = self.assertion_key.sign_jwt("JWT", &claims)?;
        Ok([
            ("client_assertion_type", kind.to_owned()),
            ("client_assertion", assertion),
        ])
    }
}
