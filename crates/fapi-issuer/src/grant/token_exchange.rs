//! The grant `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a resource server that was sent a token gets one
//! for the next resource server, in the name of the same subject.
//!
//! The key of whoever has sent the token cannot be asked for again. What stands in its place: the caller authenticates,
//! the token is for the caller and nobody else, and the new one is bound to the caller's own key and never says more.
//! Who has stolen a token of another resource gets nothing for it here.

use fapi_core::UnixTime;
use fapi_core::token::Confirmation;
use serde_json::{Map, Value, json};

use super::{AUTHORIZATION_DETAILS, GRANT_ID, Grant, Issued};
use crate::client::RegisteredClient;
use crate::endpoint::Form;
use crate::error::{EndpointError, ExchangeProblem};
use crate::issuer::Issuer;
use crate::scope::Scope;
use crate::token::LiveToken;

/// RFC 8693 §3.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// How many may act one for the other.
const MAX_ACTORS: usize = 8;

/// What the new token says as the old one did: of the user's authentication (RFC 9068 §2.2.1), and which authorization it
/// came of, so that it ends with it.
const KEPT: [&str; 4] = ["auth_time", "acr", "amr", GRANT_ID];

pub(crate) async fn issue(
    issuer: &Issuer,
    client: &RegisteredClient,
    form: &Form,
    confirmation: Confirmation,
    now: UnixTime,
) -> Result<Issued, EndpointError> {
    let presented = read(form)?;
    let subject = LiveToken::find(issuer.parts(), presented, now)
        .await?
        .filter(|token| is_for(token, client))
        .ok_or(ExchangeProblem::SubjectToken)?;
    let grant = grant(&subject, client, form, confirmation)?;
    let token = issuer
        .mint_until(client.access_token_format, &grant, subject.expires(), now)
        .await?;
    let mut issued = Issued::new(token, &grant.scope);
    issued.issued_token_type = Some(ACCESS_TOKEN);
    issued.authorization_details = grant.details().to_vec();
    Ok(issued)
}

/// The subject token of a request that this server understands (RFC 8693 §2.1).
fn read(form: &Form) -> Result<&str, ExchangeProblem> {
    let token = form.get("subject_token");
    let token = token.ok_or(ExchangeProblem::SubjectTokenMissing)?;
    if form.get("subject_token_type") != Some(ACCESS_TOKEN) {
        return Err(ExchangeProblem::TokenType);
    }
    if form
        .get("requested_token_type")
        .is_some_and(|asked| asked != ACCESS_TOKEN)
    {
        return Err(ExchangeProblem::TokenType);
    }
    // The actor is whoever has authenticated.
    if form.get("actor_token").is_some() || form.get("actor_token_type").is_some() {
        return Err(ExchangeProblem::Actor);
    }
    Ok(token)
}

/// Whether the token was sent to this client as a resource server: it is its `aud`. If the token says who may act (RFC
/// 8693 §4.4), this client is it.
fn is_for(token: &LiveToken, client: &RegisteredClient) -> bool {
    let client_id = &*client.client_id;
    let audience = token.audience();
    let is_ours = |audience: &str| audience == client_id || client.answers_to(audience);
    let may_act = token.claims().get("may_act");
    audience.is_some_and(is_ours)
        && may_act.is_none_or(|may_act| may_act.get("sub") == Some(&json!(client_id)))
}

/// What this client gets: less than the subject token says, or as much, never more.
fn grant(
    subject: &LiveToken,
    client: &RegisteredClient,
    form: &Form,
    confirmation: Confirmation,
) -> Result<Grant, EndpointError> {
    let claims = subject.claims();
    let text = |name| claims.get(name).and_then(Value::as_str);
    let whom = text("sub").ok_or(ExchangeProblem::SubjectToken)?;
    let mut grant = Grant::new(&*client.client_id, target(client, form)?, confirmation)
        .subject(whom)
        .scope(scope(text("scope"), client, form)?)
        .with_details(details(claims, client, form)?)
        .claim("act", act(claims, &client.client_id)?);
    for name in KEPT {
        if let Some(value) = claims.get(name) {
            grant = grant.claim(name, value.clone());
        }
    }
    Ok(grant)
}

/// One of the client's own resources, by `resource` or `audience` (RFC 8693 §2.1).
fn target<'a>(client: &'a RegisteredClient, form: &'a Form) -> Result<&'a str, EndpointError> {
    let asked = match (form.resources(), form.get("audience")) {
        ([], None) => return Ok(client.audiences.default()),
        ([], Some(one)) => one,
        ([one], None) => one,
        ([one], Some(same)) if one == same => one,
        // RFC 9068 §3: one resource a token.
        ([_, ..], _) => return Err(EndpointError::Target),
    };
    if client.audiences.contains(asked) {
        Ok(asked)
    } else {
        Err(EndpointError::Target)
    }
}

/// What both the subject token and the client's registration allow. With the scope values of OpenID Connect the token
/// would be good at the userinfo endpoint.
fn scope(
    subject: Option<&str>,
    client: &RegisteredClient,
    form: &Form,
) -> Result<Scope, EndpointError> {
    let allowed = Scope::parse(subject.unwrap_or_default()).unwrap_or_default();
    let allowed = allowed
        .within(&client.scope)
        .without("openid")
        .without("offline_access");
    match form.get("scope") {
        None => Ok(allowed),
        Some(asked) => Scope::parse(asked)
            .ok()
            .filter(|asked| allowed.contains_all(asked))
            .ok_or(EndpointError::Scope),
    }
}

/// Those that are asked for, each as it stands in the subject token: only whoever knows a type could tell whether another
/// one allows less (RFC 9396 §6.1).
fn details(
    claims: &Map<String, Value>,
    client: &RegisteredClient,
    form: &Form,
) -> Result<Vec<Value>, EndpointError> {
    let Some(asked) = form.get("authorization_details") else {
        return Ok(Vec::new());
    };
    let asked: Vec<Value> = serde_json::from_str(asked).map_err(|_| EndpointError::Details)?;
    let granted = claims.get(AUTHORIZATION_DETAILS).and_then(Value::as_array);
    let granted = granted.map_or(&[][..], Vec::as_slice);
    let types = &client.document().authorization_details_types;
    let is_allowed = |detail: &Value| {
        let name = detail.get("type").and_then(Value::as_str);
        granted.contains(detail) && types.iter().any(|allowed| Some(allowed.as_str()) == name)
    };
    if asked.iter().all(is_allowed) {
        Ok(asked)
    } else {
        Err(EndpointError::Details)
    }
}

/// The client acts, for whoever acted before (RFC 8693 §4.1).
fn act(claims: &Map<String, Value>, client_id: &str) -> Result<Value, ExchangeProblem> {
    let before = claims.get("act");
    let mut actors = 1_usize;
    let mut next = before;
    while let Some(act) = next {
        actors = actors.saturating_add(1);
        next = act.get("act");
    }
    if actors > MAX_ACTORS {
        return Err(ExchangeProblem::TooManyActors);
    }
    let mut act = json!({ "sub": client_id });
    if let (Some(before), Some(members)) = (before, act.as_object_mut()) {
        members.insert("act".to_owned(), before.clone());
    }
    Ok(act)
}
