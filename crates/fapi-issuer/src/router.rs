//! Which endpoint lies where.

use axum::Router;
use axum::routing::{MethodRouter, get, post};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::endpoint::{
    authorize, consent, consent_page, health, introspect, key_set, login, login_page, metadata,
    not_post, par, ready, revoke, token, userinfo,
};
use crate::issuer::Issuer;

/// The endpoints at their public paths.
pub(crate) fn router(issuer: &Issuer) -> Router {
    let uri = &issuer.parts().uri;
    let at = |name| uri.endpoint_path(name);
    // FAPI 2.0 Security Profile §5.2.3: no script of another origin has to do with these.
    let pages = Router::new()
        .route(&at("authorize"), get(authorize))
        .route(&at("login"), get(login_page).post(login))
        .route(&at("consent"), get(consent_page).post(consent));
    let only_post = |endpoint: MethodRouter<Issuer>| endpoint.fallback(not_post);
    let endpoints = Router::new()
        // RFC 8414 §3 puts the well-known part in front of the issuer's path, OpenID Connect Discovery §4 behind it.
        .route(
            &uri.well_known_path("oauth-authorization-server"),
            get(metadata),
        )
        .route(&at(".well-known/openid-configuration"), get(metadata))
        .route(&at("jwks"), get(key_set))
        .route(&at("par"), only_post(post(par)))
        .route(&at("token"), only_post(post(token)))
        .route(&at("userinfo"), get(userinfo).post(userinfo))
        .route(&at("introspect"), only_post(post(introspect)))
        .route(&at("revoke"), only_post(post(revoke)))
        .route(&at("health"), get(health))
        .route(&at("ready"), get(ready));
    let endpoints = match cors(issuer) {
        Some(cors) => endpoints.layer(cors),
        None => endpoints,
    };
    pages.merge(endpoints).with_state(issuer.clone())
}

/// For the scripts of the origins that the configuration names. No cookie goes with their requests.
fn cors(issuer: &Issuer) -> Option<CorsLayer> {
    let origins = &issuer.parts().cors_origins;
    let dpop = HeaderName::from_static("dpop");
    let nonce = HeaderName::from_static("dpop-nonce");
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, dpop])
            .expose_headers([WWW_AUTHENTICATE, nonce])
    })
}
