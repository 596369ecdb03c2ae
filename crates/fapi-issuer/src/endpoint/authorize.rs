//! The authorization endpoint (RFC 6749 §3.1): from a pushed request to a login or consent page.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use http::{HeaderMap, Request, Response};

use super::page::{self, PageError};
use crate::authorization::{
    AuthorizationRequest, AuthorizationResponse, FrontError, Prompt, name_of, see_other,
};
use crate::browser::{Cookie, Session, Visit};
use crate::client::{RegisteredClient, ResponseMode};
use crate::issuer::Issuer;
use crate::storage::{Digest, Owner, StorageError, Taken};

/// GET. Only `client_id` and `request_uri` count; of the rest, some may say where an error goes.
pub(crate) async fn authorize(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let answer = match query {
        Some(query) => answer(&issuer, request.headers(), &query, issuer.now()).await,
        None => Err(PageError::Malformed),
    };
    answer.unwrap_or_else(|error| page::error(&issuer, error))
}

/// The parameters of the query that are looked at.
#[derive(Default)]
struct Query {
    client_id: Option<String>,
    request_uri: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
    response_mode: Option<String>,
}

impl Query {
    /// `None` if one of them stands there twice (RFC 6749 §3.1).
    fn parse(text: &str) -> Option<Self> {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let place = match &*name {
                "client_id" => &mut query.client_id,
                "request_uri" => &mut query.request_uri,
                "redirect_uri" => &mut query.redirect_uri,
                "state" => &mut query.state,
                "response_mode" => &mut query.response_mode,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(query)
    }

    /// Where an error goes that no pushed request says a place for: to a registered redirect URI of the query alone, since
    /// this is no open redirector (FAPI 2.0 Security Profile §5.3.2.1).
    fn response<'a>(&'a self, client: &'a RegisteredClient) -> Option<AuthorizationResponse<'a>> {
        let redirect_uri = self.redirect_uri.as_deref()?;
        let asked = match self.response_mode.as_deref() {
            Some("jwt" | "query.jwt") => Some(ResponseMode::Jwt),
            _ => None,
        };
        client
            .has_redirect_uri(redirect_uri)
            .then(|| AuthorizationResponse {
                client,
                redirect_uri,
                mode: client.response_mode(asked).unwrap_or(ResponseMode::Query),
                state: self.state.as_deref(),
            })
    }
}

async fn answer(
    issuer: &Issuer,
    headers: &HeaderMap,
    query: &Query,
    now: UnixTime,
) -> Result<Response<Body>, PageError> {
    let parts = issuer.parts();
    let client_id = query.client_id.as_deref().ok_or(PageError::NoClient)?;
    let client = parts
        .clients
        .find(&parts.storage, client_id, now)
        .await?
        .ok_or(PageError::UnknownClient)?;
    let Some(request_uri) = query.request_uri.as_deref() else {
        let response = query.response(&client).ok_or(PageError::NotPushed)?;
        return Ok(response.error(issuer, FrontError::NotPushed).await?);
    };
    let id = Digest::of(request_uri);
    let Some(request) = parts.storage.get::<AuthorizationRequest>(&id, now).await? else {
        return gone(issuer, &client, &id, query, now).await;
    };
    // RFC 9126 §2.2: it is bound to the client that pushed it.
    if request.client_id != client_id {
        return Err(PageError::OthersRequest);
    }
    if request.has_expired(now) {
        let response = AuthorizationResponse::to(&client, &request);
        return Ok(response.error(issuer, FrontError::RequestUri).await?);
    }
    begin(issuer, headers, &client, &request, id, now).await
}

/// A request that was used or has expired.
async fn gone(
    issuer: &Issuer,
    client: &Arc<RegisteredClient>,
    id: &Digest,
    query: &Query,
    now: UnixTime,
) -> Result<Response<Body>, PageError> {
    let taken = issuer
        .parts()
        .storage
        .take::<AuthorizationRequest>(id, now)
        .await?;
    if let Taken::Again(request) = &taken
        && *request.client_id == *client.client_id
    {
        let response = AuthorizationResponse::to(client, request);
        return Ok(response.error(issuer, FrontError::RequestUri).await?);
    }
    let response = query.response(client).ok_or(PageError::RequestGone)?;
    Ok(response.error(issuer, FrontError::RequestUri).await?)
}

/// Lets the user log in, or if that is done, consent.
async fn begin(
    issuer: &Issuer,
    headers: &HeaderMap,
    client: &RegisteredClient,
    request: &AuthorizationRequest,
    id: Digest,
    now: UnixTime,
) -> Result<Response<Body>, PageError> {
    let parts = issuer.parts();
    let session = session(issuer, headers, now).await?.filter(|session| {
        // OpenID Connect Core §3.1.2.1: a `max_age` of 0 is `prompt=login`.
        let again = request.prompts(Prompt::Login)
            || request.prompts(Prompt::SelectAccount)
            || request.max_age == Some(0);
        let wanted = request.claims.subject.as_ref();
        !again
            && session.is_fresh(request.max_age, now)
            && session.reaches(&request.acr_values)
            && wanted.is_none_or(|subject| *subject == session.subject)
    });
    if request.prompts(Prompt::None) {
        // Consent is asked for each time.
        let error = match session {
            None => FrontError::LoginRequired,
            Some(_) => FrontError::ConsentRequired,
        };
        let response = AuthorizationResponse::to(client, request);
        return Ok(response.error(issuer, error).await?);
    }
    let browser = match Cookie::Browser.read(headers, &parts.uri) {
        Some(browser) => browser.to_owned(),
        None => name_of("")?,
    };
    let name = name_of("")?;
    let page = match session {
        None => "login",
        Some(_) => "consent",
    };
    let until = now.plus(parts.lifetimes.interaction_seconds.into());
    let visit = Visit {
        request: id,
        browser: Digest::of(&browser),
        csrf: name_of("")?,
        session,
        until: until.as_secs(),
    };
    let owner = Owner::Client(&client.client_id);
    let visit_id = Digest::of(&name);
    parts
        .storage
        .insert(visit_id, &visit, owner, until, now)
        .await?;
    let mut response = see_other(&page::address(issuer, page, &name));
    Cookie::Browser.set(&mut response, &browser, &parts.uri);
    Ok(response)
}

/// The user who has logged in, in this browser.
async fn session(
    issuer: &Issuer,
    headers: &HeaderMap,
    now: UnixTime,
) -> Result<Option<Session>, StorageError> {
    let parts = issuer.parts();
    match Cookie::Session.read(headers, &parts.uri) {
        Some(cookie) => parts.storage.get(&Digest::of(cookie), now).await,
        None => Ok(None),
    }
}
