//! The authorization server, embedded in this program.

use std::error::Error;

use example_quickstart::client::CLIENT_ID;
use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_core::token::Confirmation;
use fapi_crypto::{KeyError, SigningKey};
use fapi_issuer::{Client, Grant, Issuer, IssuerBuilder, MintError};
use tower_fapi::testing::now;

use crate::loopback::Loopback;

/// The running issuer, and the same one as it was six minutes ago.
pub(crate) struct RunningIssuer {
    url: String,
    issuer: Issuer,
    earlier: Issuer,
}

impl RunningIssuer {
    /// Serves metadata, key set and token endpoint on a free port until the program ends.
    pub(crate) async fn start(client: Client) -> Result<Self, Box<dyn Error>> {
        let place = Loopback::bind().await?;
        let url = place.url().to_owned();
        let key = SigningKey::generate(Algorithm::Es256)?
            .to_private_jwk()?
            .to_string();
        let with_key = || -> Result<IssuerBuilder, KeyError> {
            Ok(Issuer::builder(&url)
                .signing_key(SigningKey::from_jwk_json(&key)?)
                .access_token_lifetime_seconds(300)
                .dangerous_allow_http_loopback()) // in production, `url` is https
        };
        let issuer = with_key()?.client(client).build().await?;
        let earlier = with_key()?.clock(|| now().plus(-360)).build().await?;
        place.serve(issuer.router());
        Ok(Self {
            url,
            issuer,
            earlier,
        })
    }

    /// The issuer identifier.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token that nobody asked for over HTTP, bound to this key.
    pub(crate) async fn mint(&self, api: &str, key: Thumbprint) -> Result<String, MintError> {
        mint(&self.issuer, api, key).await
    }

    /// A token that was good until a minute ago.
    pub(crate) async fn mint_expired(
        &self,
        api: &str,
        key: Thumbprint,
    ) -> Result<String, MintError> {
        mint(&self.earlier, api, key).await
    }
}

async fn mint(issuer: &Issuer, api: &str, key: Thumbprint) -> Result<String, MintError> {
    let grant = Grant::new(CLIENT_ID, api, Confirmation::Key(key));
    Ok(issuer.mint(&grant).await?.as_str().to_owned())
}
