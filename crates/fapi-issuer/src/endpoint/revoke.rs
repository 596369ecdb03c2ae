//! The revocation endpoint (RFC 7009).

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use http::{HeaderMap, Request, Response};

use super::Form;
use super::caller::caller;
use super::response::{JSON, private};
use crate::error::{EndpointError, RequestProblem};
use crate::issuer::Issuer;
use crate::storage::Owner;
use crate::token::LiveToken;

/// POST.
pub(crate) async fn revoke(State(issuer): State<Issuer>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let done = match Form::read(&parts.headers, body).await {
        Ok(form) => answer(&issuer, &parts.headers, &form, issuer.now()),
        Err(problem) => Err(problem.into()),
    };
    match done {
        // RFC 7009 §2.2: the status says it all.
        Ok(()) => private(&JSON, "{}".to_owned()),
        Err(error) => error.log_and_answer(),
    }
}

fn answer(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &Form,
    now: UnixTime,
) -> Result<(), EndpointError> {
    let parts = issuer.parts();
    let registered = |client_id: &str| parts.clients.get(client_id);
    let client = caller(issuer, registered, headers, form, now)?;
    let token = form.get("token").ok_or(RequestProblem::TokenMissing)?;
    match LiveToken::find(parts, token, now)? {
        Some(token) if token.client_id() == Some(&client.client_id) => {
            token.revoke(parts, Owner::Client(&client.client_id), now)?;
        }
        // RFC 7009 §2.1: the client is told. Whoever holds the token knows already that there is one.
        Some(_) => return Err(EndpointError::OthersToken),
        // RFC 7009 §2.2: it is as invalid as it was to become.
        None => {}
    }
    Ok(())
}
