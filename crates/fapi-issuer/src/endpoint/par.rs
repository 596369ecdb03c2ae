//! The pushed authorization request endpoint (RFC 9126).

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use fapi_core::jose::{RequestObjectRules, UnverifiedRequestObject};
use fapi_crypto::KeyError;
use http::{Request, Response, StatusCode};
use serde::Serialize;

use super::posted::Posted;
use super::response::{JSON, private, set_nonce};
use crate::authorization::{
    AuthorizationProblem, AuthorizationRequest, Parameters, Rules, name_of,
};
use crate::client::RegisteredClient;
use crate::error::EndpointError;
use crate::issuer::Issuer;
use crate::storage::{Digest, Owner};

/// What the names of pushed requests begin with (RFC 9126 §2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// POST.
pub(crate) async fn par(State(issuer): State<Issuer>, request: Request<Body>) -> Response<Body> {
    let now = issuer.now();
    let answer = match Posted::read_limited(&issuer, request, now).await {
        Ok(posted) => answer(&issuer, &posted, now).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| error.log_and_answer())
}

/// RFC 9126 §2.2.
#[derive(Serialize)]
struct Pushed<'a> {
    request_uri: &'a str,
    expires_in: u32,
}

async fn answer(
    issuer: &Issuer,
    posted: &Posted,
    now: UnixTime,
) -> Result<Response<Body>, EndpointError> {
    let parts = issuer.parts();
    let authenticated = posted.client(issuer, now).await?;
    let client = &*authenticated.client;
    // RFC 9449 §10.1: a proof may come along, and binds the code.
    let proof = if posted.headers.contains_key("dpop") {
        Some(posted.proof(issuer, &parts.endpoints.par, now)?)
    } else {
        None
    };
    let spent = proof.as_ref().map(|proof| (proof, &parts.endpoints.par));
    authenticated.spend(issuer, spent, now).await?;
    let parameters = parameters(issuer, client, posted, now).await?;
    let lifetime = parts.lifetimes.pushed_request_seconds;
    let good_until = now.plus(lifetime.into());
    let rules = Rules {
        client,
        good_until,
        details: &parts.detail_types,
        proof_key: proof.as_ref().map(|proof| proof.thumbprint()),
    };
    let request = AuthorizationRequest::check(&parameters, &rules)?;
    let name = name_of(PREFIX)?;
    // It is kept for as long as somebody who came in time may take.
    let kept_until = good_until.plus(parts.lifetimes.interaction_seconds.into());
    parts
        .storage
        .insert(
            Digest::of(&name),
            &request,
            Owner::Client(&client.client_id),
            kept_until,
            now,
        )
        .await?;
    let body = Pushed {
        request_uri: &name,
        expires_in: lifetime,
    };
    let body = serde_json::to_string(&body).map_err(KeyError::Claims)?;
    let mut response = private(&JSON, body);
    *response.status_mut() = StatusCode::CREATED;
    let nonce = proof.as_ref().and_then(|proof| proof.nonce());
    if let Some(nonce) = nonce {
        set_nonce(&mut response, nonce);
    }
    Ok(response)
}

/// Those of the signed request object if there is one, and then no others (FAPI 2.0 Message Signing §5.3.1).
async fn parameters(
    issuer: &Issuer,
    client: &RegisteredClient,
    posted: &Posted,
    now: UnixTime,
) -> Result<Parameters, EndpointError> {
    if posted.form.get("request_uri").is_some() {
        return Err(AuthorizationProblem::RequestUri.into());
    }
    let Some(object) = posted.form.get("request") else {
        return if client.document().require_signed_request_object {
            Err(AuthorizationProblem::Unsigned.into())
        } else {
            Ok(Parameters::of_form(&posted.form))
        };
    };
    let object = UnverifiedRequestObject::parse(object).map_err(AuthorizationProblem::Object)?;
    let keys = client.keys().ok_or(AuthorizationProblem::NoKeys)?;
    let keys = keys.find(object.kid()).await;
    let keys = keys.map_err(EndpointError::ClientKeys)?;
    let rules = RequestObjectRules {
        audience: issuer.parts().uri.as_str(),
        client_id: &client.client_id,
        algorithm: client.request_object_alg,
        future_seconds: issuer.parts().future_seconds,
    };
    let object = object
        .verify(&keys, &rules, &fapi_crypto::PROVIDER, now)
        .map_err(AuthorizationProblem::Object)?;
    Ok(Parameters::of_object(object)?)
}
