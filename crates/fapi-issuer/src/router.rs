//! Which endpoint lies where.

use axum::Router;
use axum::routing::{get, post};

use crate::endpoint::{key_set, metadata, not_post, token};
use crate::issuer::Issuer;

/// The endpoints at their public paths.
///
/// There is no `/.well-known/openid-configuration`: this server identifies no users, so it could not fill in what OpenID
/// Connect Discovery §3 requires (`authorization_endpoint`, `id_token_signing_alg_values_supported`, …).
pub(crate) fn router(issuer: &Issuer) -> Router {
    let uri = &issuer.parts().uri;
    Router::new()
        .route(
            &uri.well_known_path("oauth-authorization-server"),
            get(metadata),
        )
        .route(&uri.endpoint_path("jwks"), get(key_set))
        .route(&uri.endpoint_path("token"), post(token).fallback(not_post))
        .with_state(issuer.clone())
}
