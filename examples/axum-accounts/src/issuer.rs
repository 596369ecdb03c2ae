//! The authorization server, embedded in this program.

use std::error::Error;

use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Issuer};

use crate::loopback::Loopback;

/// Serves metadata, key set and token endpoint on a free port until the program ends. Returns the issuer identifier.
pub(crate) async fn start(client: Client) -> Result<String, Box<dyn Error>> {
    let place = Loopback::bind().await?;
    let url = place.url().to_owned();
    let issuer = Issuer::builder(&url)
        .signing_key(SigningKey::generate(Algorithm::Es256)?)
        .client(client)
        .dangerous_allow_http_loopback() // in production, `url` is https
        .build()
        .await?;
    place.serve(issuer.router());
    Ok(url)
}
