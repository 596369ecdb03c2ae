//! The grant `authorization_code` (RFC 6749 §4.1.3), with PKCE (RFC 7636 §4.5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::jose::Thumbprint;
use fapi_core::token::Confirmation;
use sha2::{Digest as _, Sha256};

use super::{Issued, of_authorization};
use crate::authorization::{Authorization, Code, RefreshToken, name_of};
use crate::client::{GrantType, RegisteredClient};
use crate::endpoint::Form;
use crate::error::{EndpointError, GrantProblem, RequestProblem};
use crate::id_token;
use crate::issuer::Issuer;
use crate::scope::Scope;
use crate::storage::{Digest, Kind, Owner, Taken};

/// Nothing is used up before everything is known to fit: who has the code but not the verifier or the key does not
/// destroy it.
pub(crate) async fn issue(
    issuer: &Issuer,
    client: &RegisteredClient,
    form: &Form,
    confirmation: Confirmation,
    now: UnixTime,
) -> Result<Issued, EndpointError> {
    let parts = issuer.parts();
    let code = form.get("code").ok_or(RequestProblem::CodeMissing)?;
    let id = Digest::of(code);
    if let Some(code) = parts.storage.get::<Code>(&id, now).await? {
        check(&code, client, form, &confirmation)?;
    }
    let code = match parts.storage.take::<Code>(&id, now).await? {
        Taken::First(code) => code,
        Taken::Again(code) => {
            // RFC 6749 §4.1.2: what was issued for it is worth nothing any more.
            if *code.client_id == *client.client_id {
                let grant = Digest::of(&code.grant);
                parts.storage.remove(Kind::Grant, &grant).await?;
            }
            return Err(GrantProblem::CodeUsed.into());
        }
        Taken::Unknown => return Err(GrantProblem::CodeUnknown.into()),
    };
    let authorization: Authorization = parts
        .storage
        .get(&Digest::of(&code.grant), now)
        .await?
        .ok_or(GrantProblem::Revoked)?;
    let scope = Scope::parse(&authorization.scope).unwrap_or_default();
    let grant = of_authorization(&authorization, &code.grant, scope, confirmation);
    let token = issuer
        .mint_for(client.access_token_format, &grant, now)
        .await?;
    let mut issued = Issued::new(token, &grant.scope);
    issued.authorization_details = authorization.authorization_details.clone();
    if authorization.is_openid() {
        let nonce = code.nonce.as_deref();
        issued.id_token = Some(id_token::make(issuer, client, &authorization, nonce, now).await?);
    }
    if gets_refresh_token(client, &authorization) {
        issued.refresh_token = Some(refresh_token(issuer, client, &code.grant, now).await?);
    }
    Ok(issued)
}

/// Whether the code could be for whoever has this key. If it is bound to another one, a nonce for this one would not help.
pub(crate) async fn check_key(
    issuer: &Issuer,
    client: &RegisteredClient,
    form: &Form,
    key: &Thumbprint,
    now: UnixTime,
) -> Result<(), EndpointError> {
    let code = form.get("code").ok_or(RequestProblem::CodeMissing)?;
    let code: Option<Code> = issuer.parts().storage.get(&Digest::of(code), now).await?;
    match code {
        Some(code) if *code.client_id == *client.client_id => Ok(check_binding(&code, Some(key))?),
        _ => Ok(()),
    }
}

fn check(
    code: &Code,
    client: &RegisteredClient,
    form: &Form,
    confirmation: &Confirmation,
) -> Result<(), GrantProblem> {
    if *code.client_id != *client.client_id {
        return Err(GrantProblem::OtherClient);
    }
    // RFC 6749 §4.1.3 has it required, OAuth 2.1 §4.1.3 left out; if it is there it must be the same.
    let redirect_uri = form.get("redirect_uri");
    if redirect_uri.is_some_and(|uri| uri != code.redirect_uri) {
        return Err(GrantProblem::RedirectUri);
    }
    let verifier = form.get("code_verifier").ok_or(GrantProblem::Verifier)?;
    if !is_verifier(verifier)
        || URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.code_challenge
    {
        return Err(GrantProblem::Verifier);
    }
    check_binding(code, confirmation.key())
}

/// RFC 9449 §10.
fn check_binding(code: &Code, key: Option<&Thumbprint>) -> Result<(), GrantProblem> {
    let key = key.map(ToString::to_string);
    match &code.dpop_jkt {
        Some(bound) if Some(bound) != key.as_ref() => Err(GrantProblem::OtherKey),
        _ => Ok(()),
    }
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// With OpenID Connect only if it was asked for (OpenID Connect Core §11).
fn gets_refresh_token(client: &RegisteredClient, authorization: &Authorization) -> bool {
    let mut values = authorization.scope.split(' ');
    let asked = !authorization.is_openid() || values.any(|value| value == "offline_access");
    asked && client.may_use(GrantType::RefreshToken)
}

async fn refresh_token(
    issuer: &Issuer,
    client: &RegisteredClient,
    grant: &str,
    now: UnixTime,
) -> Result<String, EndpointError> {
    let parts = issuer.parts();
    let name = name_of("")?;
    let token = RefreshToken {
        grant: grant.to_owned(),
        client_id: (*client.client_id).to_owned(),
    };
    let expires = now.plus(parts.lifetimes.refresh_token_seconds.into());
    let owner = Owner::Client(&client.client_id);
    parts
        .storage
        .insert(Digest::of(&name), &token, owner, expires, now)
        .await?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifiers_have_the_length_and_characters_of_the_rfc() {
        assert!(is_verifier(&"-._~a0Z".repeat(7)));
        assert!(is_verifier(&"a".repeat(43)) && is_verifier(&"a".repeat(128)));
        for wrong in ["", &"a".repeat(42), &"a".repeat(129), &"+".repeat(43)] {
            assert!(!is_verifier(wrong), "{wrong}");
        }
    }
}
