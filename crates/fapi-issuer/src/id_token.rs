//! ID tokens (OpenID Connect Core §2).

use fapi_core::UnixTime;
use serde_json::{Map, Value};

use crate::authorization::Authorization;
use crate::client::RegisteredClient;
use crate::encryption::seal;
use crate::error::EndpointError;
use crate::issuer::Issuer;

/// How long an ID token is good, in seconds: clients look at it at once.
const LIFETIME_SECONDS: i64 = 300;

/// Says who has logged in, and the claims that were asked for in the ID token.
pub(crate) async fn make(
    issuer: &Issuer,
    client: &RegisteredClient,
    authorization: &Authorization,
    nonce: Option<&str>,
    now: UnixTime,
) -> Result<String, EndpointError> {
    let parts = issuer.parts();
    let known = parts
        .interaction
        .claims(&authorization.subject)
        .await
        .map_err(|_| EndpointError::unavailable())?;
    let mut claims = Map::new();
    for name in &authorization.claims.id_token {
        if let Some(value) = known.as_ref().and_then(|known| known.get(name)) {
            claims.insert(name.clone(), value.clone());
        }
    }
    let own = [
        ("iss", Value::from(parts.uri.as_str())),
        ("sub", Value::from(authorization.subject.as_str())),
        ("aud", Value::from(&*client.client_id)),
        ("exp", Value::from(now.plus(LIFETIME_SECONDS).as_secs())),
        ("iat", Value::from(now.as_secs())),
        ("auth_time", Value::from(authorization.auth_time)),
    ];
    let acr = authorization.acr.as_deref();
    let acr = acr.map(|acr| ("acr", Value::from(acr)));
    let nonce = nonce.map(|nonce| ("nonce", Value::from(nonce)));
    let all = own.into_iter().chain(acr).chain(nonce);
    claims.extend(all.map(|(name, value)| (name.to_owned(), value)));
    let ring = parts.keys.ring();
    let jwt = ring.signer(client.id_token_alg).sign_jwt("JWT", &claims)?;
    // OpenID Connect Core §16.14: signed first.
    Ok(seal(jwt, client.id_token_encryption.as_ref()).await?)
}
