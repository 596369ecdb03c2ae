//! The grant `refresh_token` (RFC 6749 §6). The token stays the same (FAPI 2.0 Security Profile §5.3.2.1).

use fapi_core::UnixTime;
use fapi_core::token::Confirmation;

use super::{Issued, of_authorization};
use crate::authorization::{Authorization, RefreshToken};
use crate::client::RegisteredClient;
use crate::endpoint::Form;
use crate::error::{EndpointError, GrantProblem, RequestProblem};
use crate::id_token;
use crate::issuer::Issuer;
use crate::scope::Scope;
use crate::storage::Digest;

/// The access token is bound to the key of this request, which may be a new one.
pub(crate) async fn issue(
    issuer: &Issuer,
    client: &RegisteredClient,
    form: &Form,
    confirmation: Confirmation,
    now: UnixTime,
) -> Result<Issued, EndpointError> {
    let parts = issuer.parts();
    let presented = form
        .get("refresh_token")
        .ok_or(RequestProblem::RefreshTokenMissing)?;
    let token: RefreshToken = parts
        .storage
        .get(&Digest::of(presented), now)
        .await?
        .ok_or(GrantProblem::RefreshTokenUnknown)?;
    if *token.client_id != *client.client_id {
        return Err(GrantProblem::OtherClient.into());
    }
    let authorization: Authorization = parts
        .storage
        .get(&Digest::of(&token.grant), now)
        .await?
        .ok_or(GrantProblem::Revoked)?;
    let granted = Scope::parse(&authorization.scope).unwrap_or_default();
    // RFC 6749 §6: perhaps less than was granted, never more.
    let scope = match form.get("scope") {
        None => granted,
        Some(asked) => Scope::parse(asked)
            .ok()
            .filter(|asked| granted.contains_all(asked))
            .ok_or(EndpointError::Scope)?,
    };
    if form
        .resources()
        .iter()
        .any(|resource| *resource != authorization.audience)
    {
        return Err(EndpointError::Target);
    }
    let grant = of_authorization(&authorization, &token.grant, scope, confirmation);
    let access_token = issuer
        .mint_for(client.access_token_format, &grant, now)
        .await?;
    let mut issued = Issued::new(access_token, &grant.scope);
    issued.authorization_details = authorization.authorization_details.clone();
    issued.refresh_token = Some(presented.to_owned());
    if grant.scope.contains("openid") {
        // OpenID Connect Core §12.2: without a nonce.
        issued.id_token = Some(id_token::make(issuer, client, &authorization, None, now).await?);
    }
    Ok(issued)
}
