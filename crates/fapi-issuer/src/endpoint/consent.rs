//! The consent page, and what follows from it: a code, or a refusal.

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use http::{HeaderMap, Request, Response, StatusCode};

use super::Form;
use super::page::{self, PageError, Visiting};
use crate::authorization::{
    Authorization, AuthorizationRequest, AuthorizationResponse, Code, FrontError, claims_of_scope,
    name_of, see_other,
};
use crate::browser::Session;
use crate::interaction::{ConsentView, page};
use crate::issuer::Issuer;
use crate::redirect;
use crate::storage::{Digest, Kind, Owner, Taken};

/// GET.
pub(crate) async fn consent_page(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let name = page::named(request.uri().query());
    let now = issuer.now();
    let shown = match Visiting::find(&issuer, request.headers(), name.as_deref(), now).await {
        Ok(visiting) => show(&issuer, &visiting).await,
        Err(error) => Err(error),
    };
    shown.unwrap_or_else(|error| page::error(&issuer, error))
}

/// POST.
pub(crate) async fn consent(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let now = issuer.now();
    let (parts, body) = request.into_parts();
    let answer = match Form::read(&parts.headers, body).await {
        Ok(form) => answer(&issuer, &parts.headers, &form, now).await,
        Err(problem) => Err(problem.into()),
    };
    answer.unwrap_or_else(|error| page::error(&issuer, error))
}

async fn show(issuer: &Issuer, visiting: &Visiting) -> Result<Response<Body>, PageError> {
    let parts = issuer.parts();
    let Some(session) = &visiting.visit.session else {
        return Ok(see_other(&page::address(issuer, "login", &visiting.name)));
    };
    let request = &visiting.request;
    let action = parts.uri.endpoint_path("consent");
    let scopes: Vec<_> = request
        .scope
        .split(' ')
        .filter(|value| !value.is_empty())
        .collect();
    let origin = redirect::origin(&request.redirect_uri);
    let known = parts
        .interaction
        .claims(&session.subject)
        .await
        .map_err(|_| PageError::Unavailable)?;
    let user = known
        .as_ref()
        .and_then(|claims| claims.get("name")?.as_str());
    let document = visiting.client.document();
    let view = ConsentView {
        action: &action,
        interaction: &visiting.name,
        csrf: &visiting.visit.csrf,
        client_name: visiting.client.name(),
        client_uri: document.client_uri.as_deref(),
        policy_uri: document.policy_uri.as_deref(),
        tos_uri: document.tos_uri.as_deref(),
        user: user.unwrap_or(&session.subject),
        scopes: &scopes,
        claims: &claims(request),
        resource: &request.audience,
        authorization_details: &request.authorization_details,
        redirect_host: origin.as_ref().map_or("", |origin| origin.host()),
    };
    let html = parts.interaction.consent_page(&view);
    Ok(page(StatusCode::OK, html, parts.uri.origin()))
}

/// The claims that the client will see, by scope and by name.
fn claims(request: &AuthorizationRequest) -> Vec<&str> {
    let of_scope = request.scope.split(' ');
    let of_scope = of_scope.flat_map(|value| claims_of_scope(value).iter().copied());
    let named = request
        .claims
        .id_token
        .iter()
        .chain(&request.claims.userinfo);
    let mut claims: Vec<_> = of_scope.chain(named.map(String::as_str)).collect();
    claims.sort_unstable();
    claims.dedup();
    claims
}

async fn answer(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &Form,
    now: UnixTime,
) -> Result<Response<Body>, PageError> {
    let parts = issuer.parts();
    let visiting = Visiting::find(issuer, headers, form.get("interaction"), now).await?;
    visiting.check_csrf(form.get("csrf"))?;
    let session = visiting.visit.session.as_ref().ok_or(PageError::NoVisit)?;
    let granted = match form.get("decision") {
        Some("approve") => true,
        Some("deny") => false,
        _ => return Err(PageError::Malformed),
    };
    // RFC 9126 §4: used once, and only now (FAPI 2.0 Security Profile §5.3.2.2 note 3).
    let taken = parts
        .storage
        .take::<AuthorizationRequest>(&visiting.visit.request, now)
        .await?;
    parts
        .storage
        .remove(Kind::Interaction, &visiting.id)
        .await?;
    let response = AuthorizationResponse::to(&visiting.client, &visiting.request);
    match taken {
        Taken::First(_) if granted => {
            let code = issue(issuer, &visiting.request, session, now).await?;
            Ok(response.code(issuer, &code).await?)
        }
        Taken::First(_) => Ok(response.error(issuer, FrontError::Denied).await?),
        Taken::Again(_) | Taken::Unknown => {
            Ok(response.error(issuer, FrontError::RequestUri).await?)
        }
    }
}

async fn issue(
    issuer: &Issuer,
    request: &AuthorizationRequest,
    session: &Session,
    now: UnixTime,
) -> Result<String, PageError> {
    let parts = issuer.parts();
    let lifetimes = &parts.lifetimes;
    let grant = name_of("")?;
    let authorization = Authorization {
        client_id: request.client_id.clone(),
        subject: session.subject.clone(),
        scope: request.scope.clone(),
        audience: request.audience.clone(),
        authorization_details: request.authorization_details.clone(),
        claims: request.claims.clone(),
        auth_time: session.auth_time,
        acr: session.acr.clone(),
        amr: session.amr.clone(),
    };
    let owner = Owner::Client(&request.client_id);
    let until = now.plus(lifetimes.grant_seconds());
    parts
        .storage
        .insert(Digest::of(&grant), &authorization, owner, until, now)
        .await?;
    let name = name_of("")?;
    let code = Code {
        grant,
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        dpop_jkt: request.dpop_jkt.clone(),
        nonce: request.nonce.clone(),
    };
    // FAPI 2.0 Security Profile §5.3.2.1: 60 seconds at most.
    let until = now.plus(lifetimes.code_seconds.into());
    parts
        .storage
        .insert(Digest::of(&name), &code, owner, until, now)
        .await?;
    Ok(name)
}
