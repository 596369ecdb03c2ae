//! The token endpoint (RFC 6749 §3.2).

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use fapi_core::denial::Denial;
use fapi_core::dpop::Nonce;
use fapi_core::token::Confirmation;
use fapi_crypto::KeyError;
use http::{Request, Response};
use serde::Serialize;
use serde_json::Value;

use super::posted::Posted;
use super::response::{JSON, private, set_nonce};
use crate::client::GrantType;
use crate::error::{EndpointError, RequestProblem};
use crate::grant::{Issued, authorization_code, client_credentials, refresh_token, token_exchange};
use crate::issuer::Issuer;
use crate::measure;

/// POST.
pub(crate) async fn token(State(issuer): State<Issuer>, request: Request<Body>) -> Response<Body> {
    let now = issuer.now();
    let answer = match Posted::read_limited(&issuer, request, now).await {
        Ok(posted) => answer(&issuer, &posted, now).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| error.log_and_answer())
}

/// Any other method (RFC 6749 §3.2).
pub(crate) async fn not_post() -> Response<Body> {
    EndpointError::from(RequestProblem::Method).to_response()
}

/// The steps in their order: what has an effect comes after what has none, and a request that is told to come again with
/// a nonce has used nothing up.
async fn answer(
    issuer: &Issuer,
    posted: &Posted,
    now: UnixTime,
) -> Result<Response<Body>, EndpointError> {
    let grant_type = posted.form.get("grant_type");
    let grant_type = grant_type.ok_or(RequestProblem::GrantTypeMissing)?;
    let grant_type = GrantType::from_name(grant_type).ok_or(EndpointError::GrantType)?;
    let endpoint = &issuer.parts().endpoints.token;
    let authenticated = posted.client(issuer, now).await?;
    let client = &*authenticated.client;
    let sender = posted.sender(issuer, client, endpoint, now);
    if let Err(EndpointError::Sender(Denial::Nonce { fresh, .. })) = &sender
        && grant_type == GrantType::AuthorizationCode
    {
        authorization_code::check_key(issuer, client, &posted.form, fresh.key(), now).await?;
    }
    let sender = sender?;
    let proof = sender.proof.as_ref().map(|proof| (proof, endpoint));
    authenticated.spend(issuer, proof, now).await?;
    if !client.may_use(grant_type) {
        return Err(EndpointError::GrantNotAllowed);
    }
    let (form, confirmation) = (&posted.form, sender.confirmation);
    let issued = match grant_type {
        GrantType::AuthorizationCode => {
            authorization_code::issue(issuer, client, form, confirmation, now).await
        }
        GrantType::ClientCredentials => {
            client_credentials::issue(issuer, client, form, confirmation, now).await
        }
        GrantType::RefreshToken => {
            refresh_token::issue(issuer, client, form, confirmation, now).await
        }
        GrantType::TokenExchange => {
            token_exchange::issue(issuer, client, form, confirmation, now).await
        }
    }?;
    measure::issued(grant_type.name());
    let nonce = sender.proof.as_ref().and_then(|proof| proof.nonce());
    Ok(response(&issued, &sender.confirmation, nonce)?)
}

/// RFC 6749 §5.1.
#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    authorization_details: &'a [Value],
}

fn response(
    issued: &Issued,
    confirmation: &Confirmation,
    nonce: Option<&Nonce>,
) -> Result<Response<Body>, KeyError> {
    let body = TokenResponse {
        access_token: issued.access_token.as_str(),
        issued_token_type: issued.issued_token_type,
        token_type: token_type(confirmation),
        expires_in: issued.access_token.expires_in_seconds(),
        scope: &issued.scope,
        refresh_token: issued.refresh_token.as_deref(),
        id_token: issued.id_token.as_deref(),
        authorization_details: &issued.authorization_details,
    };
    let body = serde_json::to_string(&body).map_err(KeyError::Claims)?;
    let mut response = private(&JSON, body);
    if let Some(nonce) = nonce {
        set_nonce(&mut response, nonce);
    }
    Ok(response)
}

/// RFC 9449 §5; without a key it goes with the scheme `Bearer` (RFC 8705 §3).
const fn token_type(confirmation: &Confirmation) -> &'static str {
    match confirmation.key() {
        Some(_) => "DPoP",
        None => "Bearer",
    }
}
