//! The grant `client_credentials` (RFC 6749 §4.4).

use fapi_core::token::Confirmation;

use super::Grant;
use crate::client::RegisteredClient;
use crate::endpoint::Form;
use crate::error::EndpointError;
use crate::scope::Scope;

/// What this client gets for this request.
pub(crate) fn grant(
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
    let audience = match form.resources() {
        [] => client.audiences.default(),
        [one] if client.audiences.contains(one) => one,
        // RFC 9068 §3: with several resources nobody could say which scope value is for which.
        [_, ..] => return Err(EndpointError::Target),
    };
    Ok(Grant::new(&*client.client_id, audience, confirmation).scope(scope))
}
