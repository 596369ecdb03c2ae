//! The client: how it finds the issuer, gets tokens that are bound to its key, and proves that they are its own.

use std::error::Error;

use fapi_core::jose::Algorithm;
use fapi_crypto::{KeyError, SigningKey, random_bytes};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tower_fapi::testing::{TestClient, now};

const CLIENT_ID: &str = "accounts-app";

/// Two keys: with one it tells the issuer who it is, to the other its tokens are bound.
pub(crate) struct Client {
    http: reqwest::Client,
    assertion_key: SigningKey,
    dpop: TestClient,
}

/// Protected resource metadata (RFC 9728 §2): the part that is needed here.
#[derive(Deserialize)]
pub(crate) struct ResourceMetadata {
    authorization_servers: Vec<String>,
}

/// Authorization server metadata (RFC 8414 §2): the part that is needed here.
#[derive(Deserialize)]
pub(crate) struct IssuerMetadata {
    issuer: String,
    token_endpoint: String,
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

    /// What the issuer must know of it: the name, the public key, and what it may ask tokens for.
    pub(crate) fn registration(&self, api: &str) -> fapi_issuer::Client {
        let jwks = json!({ "keys": [self.assertion_key.public_jwk()] });
        fapi_issuer::Client::new(CLIENT_ID, jwks.to_string())
            .scope("accounts payments")
            .audience(api)
    }

    /// A request without credentials.
    pub(crate) async fn send_bare(&self, url: &str) -> Result<Response, reqwest::Error> {
        self.http.get(url).send().await
    }

    /// A request with a token and a proof (RFC 9449 §7.1).
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        token: &str,
        proof: &str,
    ) -> Result<Response, reqwest::Error> {
        self.http
            .request(method, url)
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", proof)
            .send()
            .await
    }

    /// A proof for one request with this token.
    pub(crate) fn proof(&self, method: &Method, url: &str, token: &str) -> String {
        self.dpop
            .proof(method.as_str(), url, now())
            .token(token)
            .build()
    }

    /// The issuer that the resource's metadata names.
    pub(crate) async fn discover(
        &self,
        metadata_url: &str,
    ) -> Result<IssuerMetadata, Box<dyn Error>> {
        let resource: ResourceMetadata = self.get(metadata_url).await?;
        let named = resource.authorization_servers.first();
        let named = named.ok_or("the resource names no authorization server")?;
        let url = format!("{named}/.well-known/oauth-authorization-server");
        let issuer: IssuerMetadata = self.get(&url).await?;
        // RFC 8414 §3.3: metadata that names another issuer is not to be used.
        if issuer.issuer == *named {
            Ok(issuer)
        } else {
            Err(format!("{url} is about {}", issuer.issuer).into())
        }
    }

    /// Asks for a token with this scope. The proof says to which key the issuer shall bind it (RFC 9449 §5).
    pub(crate) async fn request_token(
        &self,
        issuer: &IssuerMetadata,
        scope: &str,
    ) -> Result<String, Box<dyn Error>> {
        let endpoint = &issuer.token_endpoint;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", scope),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &self.assertion(&issuer.issuer)?),
        ];
        let response = self
            .http
            .post(endpoint)
            .header("DPoP", self.dpop.proof("POST", endpoint, now()).build())
            .form(&form)
            .send()
            .await?;
        let response: TokenResponse = response.error_for_status()?.json().await?;
        Ok(response.access_token)
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

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, reqwest::Error> {
        let response = self.http.get(url).send().await?;
        response.error_for_status()?.json().await
    }
}
