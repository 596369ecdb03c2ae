//! The login page.

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use http::{HeaderMap, Request, Response, StatusCode};

use super::Form;
use super::page::{self, PageError, Visiting};
use crate::authorization::{AuthorizationResponse, FrontError, name_of, see_other};
use crate::browser::{Cookie, Session};
use crate::interaction::{Credentials, LoginOutcome, LoginView, page};
use crate::issuer::Issuer;
use crate::storage::{Digest, Kind, Owner};

/// GET.
pub(crate) async fn login_page(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let name = page::named(request.uri().query());
    let now = issuer.now();
    match Visiting::find(&issuer, request.headers(), name.as_deref(), now).await {
        Ok(visiting) => show(&issuer, &visiting, None, LoginOutcome::FirstTry),
        Err(error) => page::error(&issuer, error),
    }
}

/// POST.
pub(crate) async fn login(State(issuer): State<Issuer>, request: Request<Body>) -> Response<Body> {
    let now = issuer.now();
    let (parts, body) = request.into_parts();
    let answer = match Form::read(&parts.headers, body).await {
        Ok(form) => answer(&issuer, &parts.headers, &form, now).await,
        Err(problem) => Err(problem.into()),
    };
    answer.unwrap_or_else(|error| page::error(&issuer, error))
}

fn show(
    issuer: &Issuer,
    visiting: &Visiting,
    username: Option<&str>,
    outcome: LoginOutcome,
) -> Response<Body> {
    let parts = issuer.parts();
    let action = parts.uri.endpoint_path("login");
    let view = LoginView {
        action: &action,
        interaction: &visiting.name,
        csrf: &visiting.visit.csrf,
        client_name: visiting.client.name(),
        login_hint: username.or(visiting.request.login_hint.as_deref()),
        outcome,
    };
    let html = parts.interaction.login_page(&view);
    page(StatusCode::OK, html, parts.uri.origin())
}

async fn answer(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &Form,
    now: UnixTime,
) -> Result<Response<Body>, PageError> {
    let parts = issuer.parts();
    let mut visiting = Visiting::find(issuer, headers, form.get("interaction"), now).await?;
    visiting.check_csrf(form.get("csrf"))?;
    let credentials = Credentials {
        username: form.get("username").unwrap_or_default().to_owned(),
        password: form.get("password").unwrap_or_default().to_owned(),
        now,
    };
    let authenticated = parts.interaction.authenticate(&credentials).await;
    let Some(user) = authenticated.map_err(|_| PageError::Unavailable)? else {
        let typed = Some(credentials.username.as_str()).filter(|name| !name.is_empty());
        return Ok(show(issuer, &visiting, typed, LoginOutcome::Wrong));
    };
    let session = Session {
        subject: user.subject,
        auth_time: now.as_secs(),
        acr: user.acr,
        amr: user.amr,
    };
    let wanted = visiting.request.claims.subject.as_ref();
    let is_wanted = wanted.is_none_or(|subject| *subject == session.subject);
    if !session.reaches(&visiting.request.acr_values) || !is_wanted {
        parts
            .storage
            .remove(Kind::Interaction, &visiting.id)
            .await?;
        let error = if is_wanted {
            FrontError::Unmet
        } else {
            FrontError::LoginRequired
        };
        let response = AuthorizationResponse::to(&visiting.client, &visiting.request);
        return Ok(response.error(issuer, error).await?);
    }
    // A new name for each login: nobody can have planted it.
    let cookie = name_of("")?;
    let until = now.plus(parts.lifetimes.session_seconds.into());
    parts
        .storage
        .insert(Digest::of(&cookie), &session, Owner::Issuer, until, now)
        .await?;
    visiting.visit.session = Some(session);
    let until = UnixTime::from_secs(visiting.visit.until);
    let owner = Owner::Client(&visiting.client.client_id);
    parts
        .storage
        .replace(visiting.id, &visiting.visit, owner, until, now)
        .await?;
    let mut response = see_other(&page::address(issuer, "consent", &visiting.name));
    Cookie::Session.set(&mut response, &cookie, &parts.uri);
    Ok(response)
}
