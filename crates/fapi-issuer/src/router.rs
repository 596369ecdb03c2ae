//! Which endpoint lies where.

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use crate::endpoint::{introspect, key_set, metadata, not_post, revoke, token};
use crate::issuer::Issuer;

/// The endpoints at their public paths.
///
/// There is no `/.well-known/openid-configuration`: this server identifies no users, so it could not fill in what OpenID
/// Connect Discovery §3 requires (`authorization_endpoint`, `id_token_signing_alg_values_supported`, …).
pub(crate) fn router(issuer: &Issuer) -> Router {
    let uri = &issuer.parts().uri;
    let only_post = |endpoint: MethodRouter<Issuer>| endpoint.fallback(not_post);
    Router::new()
        .route(
            &uri.well_known_path("oauth-authorization-server"),
            get(metadata),
        )
        .route(&uri.endpoint_path("jwks"), get(key_set))
        .route(&uri.endpoint_path("token"), only_post(post(token)))
        .route(
            &uri.endpoint_path("introspect"),
            only_post(post(introspect)),
        )
        .route(&uri.endpoint_path("revoke"), only_post(post(revoke)))
        .with_state(issuer.clone())
}
