//! What a client wants and this server may not have.

use fapi_core::config::ConfigError;

use super::Client;
use crate::authorization::DetailTypes;
use crate::keys::KeyRing;

/// Types of authorization details that nobody knows, and signatures that no key can make. `at` is the client's place in
/// the document.
pub(crate) fn check_capabilities(
    client: &Client,
    details: &DetailTypes,
    ring: &KeyRing,
    at: &str,
) -> Result<(), ConfigError> {
    for (place, name) in client.authorization_details_types.iter().enumerate() {
        if !details.has(name) {
            return Err(ConfigError::invalid(
                format!("{at}.authorization_details_types[{place}]"),
                "is none of `authorization_details_types`",
            ));
        }
    }
    for (name, wanted) in [
        (
            "id_token_signed_response_alg",
            client.id_token_signed_response_alg,
        ),
        (
            "authorization_signed_response_alg",
            client.authorization_signed_response_alg,
        ),
    ] {
        if wanted.is_some_and(|wanted| !ring.signs(wanted.algorithm())) {
            return Err(ConfigError::invalid(
                format!("{at}.{name}"),
                "no signing key has this algorithm",
            ));
        }
    }
    Ok(())
}
