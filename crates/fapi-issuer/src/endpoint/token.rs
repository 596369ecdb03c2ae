//! The token endpoint (RFC 6749 §3.2).

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use fapi_core::dpop::Nonce;
use fapi_core::token::Confirmation;
use fapi_crypto::KeyError;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use serde::Serialize;

use super::Form;
use super::response::{JSON, private};
use crate::client::{self, RegisteredClient};
use crate::error::{EndpointError, RequestProblem};
use crate::grant::client_credentials;
use crate::issuer::Issuer;
use crate::mint::AccessToken;
use crate::scope::Scope;

/// A token that goes out, and what goes with it.
struct Issued {
    token: AccessToken,
    scope: Scope,
    nonce: Option<Nonce>,
}

/// POST.
pub(crate) async fn token(State(issuer): State<Issuer>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let issued = match Form::read(&parts.headers, body).await {
        Ok(form) => answer(&issuer, &parts.headers, &form, issuer.now()),
        Err(problem) => Err(problem.into()),
    };
    match issued.and_then(|issued| issued.to_response()) {
        Ok(response) => response,
        Err(error) => error.log_and_answer(),
    }
}

/// Any other method (RFC 6749 §3.2).
pub(crate) async fn not_post() -> Response<Body> {
    EndpointError::from(RequestProblem::Method).to_response()
}

/// The steps in their order: what has an effect comes after what has none, and a request that is told to come again with
/// a nonce has used nothing up.
fn answer(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &Form,
    now: UnixTime,
) -> Result<Issued, EndpointError> {
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return Err(EndpointError::GrantType),
        None => return Err(RequestProblem::GrantTypeMissing.into()),
    }
    let parts = issuer.parts();
    let client = client::authenticate(
        |client_id| parts.clients.get(client_id),
        &issuer.assertion_rules(),
        headers,
        form,
        now,
    )?;
    let proof = parts
        .sender
        .verify(headers, &parts.uri, &parts.proofs, now)?;
    use_up(issuer, &client, &proof, now)?;
    let confirmation = Confirmation::Key(*proof.thumbprint());
    let grant = client_credentials::grant(client.who, form, confirmation)?;
    Ok(Issued {
        token: issuer.mint_at(&grant, now)?,
        scope: grant.scope,
        nonce: proof.nonce().cloned(),
    })
}

/// The proof first: its memory may still ask for a nonce, and the same assertion must then be good for the retry.
fn use_up(
    issuer: &Issuer,
    client: &client::Authenticated<'_, RegisteredClient>,
    proof: &fapi_core::dpop::GrantProof,
    now: UnixTime,
) -> Result<(), EndpointError> {
    let parts = issuer.parts();
    let name = parts.uri.as_str();
    let client_id = &client.who.client_id;
    parts
        .sender
        .record(proof, &parts.proofs, name, client_id, now)?;
    client::record(client, &parts.assertions, parts.after_restart, name, now)
}

/// RFC 6749 §5.1.
#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Issued {
    fn to_response(&self) -> Result<Response<Body>, EndpointError> {
        let body = TokenResponse {
            access_token: self.token.as_str(),
            // RFC 9449 §5.
            token_type: "DPoP",
            expires_in: self.token.expires_in_seconds(),
            scope: (!self.scope.is_empty()).then(|| self.scope.to_string()),
        };
        let body = serde_json::to_string(&body).map_err(KeyError::Claims)?;
        let mut response = private(&JSON, body);
        let nonce = self
            .nonce
            .as_ref()
            .map(|nonce| HeaderValue::from_str(nonce.as_str()));
        if let Some(Ok(nonce)) = nonce {
            let name = HeaderName::from_static("dpop-nonce");
            response.headers_mut().insert(name, nonce);
        }
        Ok(response)
    }
}
