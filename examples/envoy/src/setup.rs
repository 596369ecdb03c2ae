//! What the containers must have before they start.

use std::error::Error;
use std::fs;
use std::path::Path;

use example_quickstart::client::CLIENT_ID;
use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{Grant, Issuer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_fapi::testing::now;

use crate::certificates::Authority;
use crate::names::{
    API, API_HOST, CLIENT_DOCUMENT, ISSUER, ISSUER_DOCUMENT, ISSUER_HOST, SIGNING_KEY,
};

/// What the client has before it asks for tokens.
#[derive(Serialize, Deserialize)]
pub(crate) struct ClientState {
    /// The private key with which it tells the issuer who it is.
    pub(crate) assertion_key: Value,
    /// The private key to which its tokens are bound.
    pub(crate) dpop_key: Value,
    /// A token that has expired, bound to the same key.
    pub(crate) expired_token: String,
}

/// Writes a folder each for the issuer, Envoy and the client: each container sees only its own.
///
/// The files are for everybody to read, since Envoy's image runs as a user of its own. What keeps others out is the
/// volume.
pub(crate) async fn run(issuer: &Path, state: &Path) -> Result<(), Box<dyn Error>> {
    let [for_issuer, for_envoy, for_client] =
        ["issuer", "envoy", "client"].map(|name| state.join(name));
    // Written last: who has it, has all. The others may be running already.
    let client_document = for_client.join(CLIENT_DOCUMENT);
    if client_document.exists() {
        return Ok(());
    }

    let authority = Authority::new()?;
    for folder in [&for_issuer, &for_envoy, &for_client] {
        fs::create_dir_all(folder)?;
        authority.write(folder)?;
    }
    authority.certify(ISSUER_HOST, &for_issuer)?;
    authority.certify(API_HOST, &for_envoy)?;

    let signing_key = SigningKey::generate(Algorithm::Es256)?;
    let assertion_key = SigningKey::generate(Algorithm::Es256)?;
    let dpop_key = SigningKey::generate(Algorithm::Es256)?;
    let mut document: Value = serde_json::from_slice(&fs::read(issuer)?)?;
    let client = document
        .pointer_mut("/clients/0/jwks")
        .ok_or("the issuer's document has no clients[0].jwks")?;
    *client = json!({ "keys": [assertion_key.public_jwk()] });
    write(
        &for_issuer.join(SIGNING_KEY),
        &signing_key.to_private_jwk()?,
    )?;
    write(&for_issuer.join(ISSUER_DOCUMENT), &document)?;

    let client = ClientState {
        assertion_key: assertion_key.to_private_jwk()?,
        dpop_key: dpop_key.to_private_jwk()?,
        expired_token: expired_token(signing_key, dpop_key.thumbprint()).await?,
    };
    write(&client_document, &client)
}

/// What the issuer would have given out ten minutes ago, for five minutes.
async fn expired_token(signing_key: SigningKey, key: Thumbprint) -> Result<String, Box<dyn Error>> {
    let earlier = Issuer::builder(ISSUER)
        .signing_key(signing_key)
        .access_token_lifetime_seconds(300)
        .clock(|| now().plus(-600))
        .build()
        .await?;
    let grant = Grant::new(CLIENT_ID, API, Confirmation::Key(key));
    Ok(earlier.mint(&grant).await?.as_str().to_owned())
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(path, serde_json::to_vec_pretty(value)?)?)
}
