//! The revocation endpoint (RFC 7009).

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use http::{Request, Response};

use super::posted::Posted;
use super::response::{JSON, private};
use crate::authorization::RefreshToken;
use crate::error::{EndpointError, RequestProblem};
use crate::issuer::Issuer;
use crate::storage::{Digest, Kind, Owner};
use crate::token::LiveToken;

/// POST.
pub(crate) async fn revoke(State(issuer): State<Issuer>, request: Request<Body>) -> Response<Body> {
    let now = issuer.now();
    let done = match Posted::read_limited(&issuer, request, now).await {
        Ok(posted) => answer(&issuer, &posted, now).await,
        Err(error) => Err(error),
    };
    match done {
        // RFC 7009 §2.2: the status says it all.
        Ok(()) => private(&JSON, "{}".to_owned()),
        Err(error) => error.log_and_answer(),
    }
}

async fn answer(issuer: &Issuer, posted: &Posted, now: UnixTime) -> Result<(), EndpointError> {
    let parts = issuer.parts();
    let authenticated = posted.client(issuer, now).await?;
    authenticated.spend(issuer, None, now).await?;
    let client = &authenticated.client;
    let token = posted
        .form
        .get("token")
        .ok_or(RequestProblem::TokenMissing)?;
    let id = Digest::of(token);
    if let Some(refresh) = parts.storage.get::<RefreshToken>(&id, now).await? {
        if *refresh.client_id != *client.client_id {
            return Err(EndpointError::OthersToken);
        }
        // RFC 7009 §2.1: the access tokens that came of it go too.
        let grant = Digest::of(&refresh.grant);
        return Ok(parts.storage.remove(Kind::Grant, &grant).await?);
    }
    match LiveToken::find(parts, token, now).await? {
        Some(token) if token.client_id() == Some(&client.client_id) => {
            token
                .revoke(parts, Owner::Client(&client.client_id), now)
                .await?;
        }
        // RFC 7009 §2.1: the client is told. Whoever holds the token knows already that there is one.
        Some(_) => return Err(EndpointError::OthersToken),
        // RFC 7009 §2.2: it is as invalid as it was to become.
        None => {}
    }
    Ok(())
}
