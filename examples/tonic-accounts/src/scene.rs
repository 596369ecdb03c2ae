//! What is at hand when the calls are made: two servers, and for each a client with a token.

use std::error::Error;

use fapi_core::config::NonceConfig;
use fapi_core::jose::Algorithm;
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{Grant, Issuer};
use tonic::transport::{Channel, Endpoint};
use tower_fapi::IssuerConfig;
use tower_fapi::testing::TestClient;

use crate::accounts::accounts_client::AccountsClient;
use crate::credentials::Credentials;
use crate::server;

const ISSUER: &str = "https://as.example.com";
const CLIENT_ID: &str = "phone-app";

/// Everything that runs.
#[derive(Debug)]
pub struct Scene {
    /// A server as `FapiLayer` is by default.
    pub plain: Side,
    /// A server that requires a nonce of its own in each proof (`dpop.nonce.mode`).
    pub nonces: Side,
}

/// A connection to a server, and credentials for it.
#[derive(Clone, Debug)]
pub struct Side {
    /// The connection.
    pub channel: Channel,
    /// Token, key, and the server's nonce once it is known.
    pub credentials: Credentials,
    /// A proof for `Get`, which a thief has seen going by.
    pub seen_proof: String,
}

impl Scene {
    /// Starts the servers. The issuer lives in this program: the client's tokens come from a function call.
    ///
    /// # Errors
    ///
    /// No free port, no random bytes, or a configuration that contradicts itself.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let issuer = Issuer::builder(ISSUER)
            .signing_key(SigningKey::generate(Algorithm::Es256)?)
            .build()
            .await?;
        Ok(Self {
            plain: Side::start(&issuer, NonceConfig::default()).await?,
            nonces: Side::start(&issuer, NonceConfig::required()).await?,
        })
    }
}

impl Side {
    async fn start(issuer: &Issuer, nonce: NonceConfig) -> Result<Self, Box<dyn Error>> {
        let trusted = IssuerConfig::new(ISSUER).jwks(issuer.jwks().to_string());
        let url = server::start(trusted, nonce).await?;

        let key = TestClient::new();
        let bound = Confirmation::Key(key.thumbprint());
        let token = issuer
            .mint(&Grant::new(CLIENT_ID, &url, bound).subject("alice"))
            .await?;
        let channel = Endpoint::from_shared(url.clone())?.connect().await?;
        let credentials = Credentials::new(key, token.as_str().to_owned(), url);
        Ok(Self {
            seen_proof: credentials.proof("accounts.v1.Accounts", "Get").build(),
            channel,
            credentials,
        })
    }

    /// A client that puts nothing on its calls.
    #[must_use]
    pub fn bare_client(&self) -> AccountsClient<Channel> {
        AccountsClient::new(self.channel.clone())
    }
}
