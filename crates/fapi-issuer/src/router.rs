//! Which endpoint lies where.

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use crate::endpoint::{
    authorize, consent, consent_page, health, introspect, key_set, login, login_page, metadata,
    not_post, par, ready, revoke, token, userinfo,
};
use crate::issuer::Issuer;

/// The endpoints at their public paths.
pub(crate) fn router(issuer: &Issuer) -> Router {
    let uri = &issuer.parts().uri;
    let only_post = |endpoint: MethodRouter<Issuer>| endpoint.fallback(not_post);
    let at = |name| uri.endpoint_path(name);
    Router::new()
        // RFC 8414 §3 puts the well-known part in front of the issuer's path, OpenID Connect Discovery §4 behind it.
        .route(
            &uri.well_known_path("oauth-authorization-server"),
            get(metadata),
        )
        .route(&at(".well-known/openid-configuration"), get(metadata))
        .route(&at("jwks"), get(key_set))
        .route(&at("par"), only_post(post(par)))
        .route(&at("authorize"), get(authorize))
        .route(&at("login"), get(login_page).post(login))
        .route(&at("consent"), get(consent_page).post(consent))
        .route(&at("token"), only_post(post(token)))
        .route(&at("userinfo"), get(userinfo).post(userinfo))
        .route(&at("introspect"), only_post(post(introspect)))
        .route(&at("revoke"), only_post(post(revoke)))
        .route(&at("health"), get(health))
        .route(&at("ready"), get(ready))
        .with_state(issuer.clone())
}
