//! The grant `client_credentials` (RFC 6749 §4.4).

use fapi_core::UnixTime;
use fapi_core::token::Confirmation;

use super::{Grant, Issued};
use crate::client::RegisteredClient;
use crate::endpoint::Form;
use crate::error::EndpointError;
use crate::issuer::Issuer;
use crate::scope::Scope;

pub(crate) async fn issue(
    issuer: &Issuer,
    client: &RegisteredClient,
    form: &Form,
    confirmation: Confirmation,
    now: UnixTime,
) -> Result<Issued, EndpointError> {
    let grant = grant(issuer, client, form, confirmation)?;
    let token = issuer
        .mint_for(client.access_token_format, &grant, now)
        .await?;
    let mut issued = Issued::new(token, &grant.scope);
    issued.authorization_details = grant.details().to_vec();
    Ok(issued)
}

/// What this client gets for this request.
fn grant(
    issuer: &Issuer,
    client: &RegisteredClient,
    form: &Form,
    confirmation: Confirmation,
) -> Result<Grant, EndpointError> {
    let scope = match form.get("scope") {
        // RFC 6749 §3.3: the default is all that the client is registered for.
        None => client.scope.clone(),
        Some(asked) => Scope::parse(asked)
            .ok()
            .filter(|asked| client.scope.contains_all(asked))
            .ok_or(EndpointError::Scope)?,
    };
    // Nobody has logged in whom an ID token could be about (OpenID Connect Core §3.1.2.1).
    let scope = scope.without("openid");
    let audience = match form.resources() {
        [] => client.audiences.default(),
        [one] if client.audiences.contains(one) => one,
        // RFC 9068 §3: with several resources nobody could say which scope value is for which.
        [_, ..] => return Err(EndpointError::Target),
    };
    let details = form.get("authorization_details");
    let details = details.map(serde_json::from_str).transpose();
    let details = details.map_err(|_| EndpointError::Details)?;
    let allowed = &client.document().authorization_details_types;
    let details = issuer
        .parts()
        .detail_types
        .read(details, allowed)
        .map_err(|_| EndpointError::Details)?;
    let grant = Grant::new(&*client.client_id, audience, confirmation).scope(scope);
    Ok(grant.with_details(details))
}
