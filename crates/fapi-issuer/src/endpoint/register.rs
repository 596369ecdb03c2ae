//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

use axum::body::Body;
use axum::extract::{Path, State};
use fapi_core::UnixTime;
use fapi_core::fetch::is_json;
use fapi_crypto::KeyError;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value, json};

use super::bearer::bearer;
use super::posted::peer;
use super::response::{JSON, private};
use crate::authorization::name_of;
use crate::client::{MetadataProblem, Registrant, Registration, StoredClient, describe};
use crate::error::{EndpointError, RegistrationProblem};
use crate::issuer::Issuer;
use crate::storage::Digest;

/// The largest body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Client identifiers that this server makes begin like this. No user should be called so (FAPI 2.0 Security Profile §6).
const CLIENT_ID_PREFIX: &str = "c_";

/// POST: a new client (RFC 7591 §3).
pub(crate) async fn register(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let registered = create(&issuer, request, issuer.now()).await;
    registered.unwrap_or_else(|error| error.log_and_answer())
}

/// GET, PUT and DELETE: a client that is registered (RFC 7592 §2).
pub(crate) async fn registered(
    State(issuer): State<Issuer>,
    Path(client_id): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let now = issuer.now();
    let managed = manage(&issuer, &client_id, request, now).await;
    managed.unwrap_or_else(|error| error.log_and_answer())
}

async fn create(
    issuer: &Issuer,
    request: Request<Body>,
    now: UnixTime,
) -> Result<Response<Body>, EndpointError> {
    let parts = issuer.parts();
    parts.limits.check_address(&peer(&request), now)?;
    let registration = registration(issuer)?;
    let token = bearer(request.headers()).ok_or(RegistrationProblem::TokenMissing)?;
    if !registration.allows(token) {
        return Err(RegistrationProblem::Token.into());
    }
    let sent = read(request).await?;
    let kept = StoredClient::all(&parts.storage, now).await?;
    if !registration.has_room(kept.len()) {
        return Err(RegistrationProblem::TooMany.into());
    }
    let token = name_of("")?;
    let client = registration
        .read(sent, &name_of(CLIENT_ID_PREFIX)?)
        .map_err(RegistrationProblem::from)?;
    let registered = StoredClient {
        client,
        issued_at: now.as_secs(),
        registrant: Registrant::Holder(Digest::of(&token)),
    };
    check(issuer, &registered)?;
    registered.keep(&parts.storage, now).await?;
    let client_id = registered.client.client_id.as_str();
    tracing::info!(client_id, "a client has registered itself");
    answer(issuer, &registered, &token, StatusCode::CREATED)
}

async fn manage(
    issuer: &Issuer,
    client_id: &str,
    request: Request<Body>,
    now: UnixTime,
) -> Result<Response<Body>, EndpointError> {
    let parts = issuer.parts();
    parts.limits.check_address(&peer(&request), now)?;
    let registration = registration(issuer)?;
    let token = bearer(request.headers()).ok_or(RegistrationProblem::TokenMissing)?;
    let token = token.to_owned();
    // RFC 7592 §2: of a client that is not there, or not the token's, nothing is told.
    let mut registered = StoredClient::find(&parts.storage, client_id, now)
        .await?
        .filter(|found| found.registrant == Registrant::Holder(Digest::of(&token)))
        .ok_or(RegistrationProblem::Token)?;
    match *request.method() {
        Method::PUT => {
            let sent = read(request).await?;
            // RFC 7592 §2.2.
            if sent.get("client_id").and_then(Value::as_str) != Some(client_id) {
                return Err(RegistrationProblem::OtherClient.into());
            }
            registered.client = registration
                .read(sent, client_id)
                .map_err(RegistrationProblem::from)?;
            check(issuer, &registered)?;
            registered.keep(&parts.storage, now).await?;
            tracing::info!(client_id, "a client has changed its registration");
        }
        Method::DELETE => {
            let until = now.plus(parts.lifetimes.grant_seconds());
            StoredClient::remove(&parts.storage, client_id, until, now).await?;
            tracing::info!(client_id, "a client has ended its registration");
            let mut response = private(&JSON, String::new());
            response.headers_mut().remove(CONTENT_TYPE);
            *response.status_mut() = StatusCode::NO_CONTENT;
            return Ok(response);
        }
        _ => {}
    }
    answer(issuer, &registered, &token, StatusCode::OK)
}

fn registration(issuer: &Issuer) -> Result<&Registration, RegistrationProblem> {
    let registration = issuer.parts().registration.as_ref();
    registration.ok_or(RegistrationProblem::Token)
}

/// All that would be an error in the configuration.
fn check(issuer: &Issuer, registered: &StoredClient) -> Result<(), RegistrationProblem> {
    let checked = issuer.check_client(registered);
    checked.map_err(|error| MetadataProblem::from(error).into())
}

async fn read(request: Request<Body>) -> Result<Map<String, Value>, RegistrationProblem> {
    let (head, body) = request.into_parts();
    let mut types = head.headers.get_all(CONTENT_TYPE).iter();
    if !matches!((types.next(), types.next()), (Some(only), None) if is_json(only.as_bytes())) {
        return Err(RegistrationProblem::NotJson);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => {
            serde_json::from_slice(&body.to_bytes()).map_err(|_| RegistrationProblem::NotJson)
        }
        Err(error) if error.is::<LengthLimitError>() => Err(RegistrationProblem::TooLarge),
        Err(_) => Err(RegistrationProblem::NotJson),
    }
}

/// RFC 7591 §3.2.1, RFC 7592 §3. Whoever reads it has shown the token, or is given it now.
fn answer(
    issuer: &Issuer,
    registered: &StoredClient,
    token: &str,
    status: StatusCode,
) -> Result<Response<Body>, EndpointError> {
    let client = &registered.client;
    let mut members = describe(client).map_err(KeyError::Claims)?;
    let uri = issuer.parts().uri.endpoint("register");
    let uri = format!("{uri}/{}", client.client_id);
    for (name, value) in [
        ("client_id_issued_at", json!(registered.issued_at)),
        ("registration_access_token", json!(token)),
        ("registration_client_uri", json!(uri)),
    ] {
        members.insert(name.to_owned(), value);
    }
    let mut response = private(&JSON, Value::from(members).to_string());
    *response.status_mut() = status;
    Ok(response)
}
