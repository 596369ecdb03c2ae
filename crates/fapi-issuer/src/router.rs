//! Which endpoint lies where.

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{MethodRouter, get, post};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::endpoint::{
    authorize, consent, consent_page, health, introspect, key_set, login, login_page, metadata,
    not_post, par, ready, register, registered, revoke, token, userinfo,
};
use crate::issuer::Issuer;
use crate::measure;

/// The endpoints at their public paths.
pub(crate) fn router(issuer: &Issuer) -> Router {
    let uri = &issuer.parts().uri;
    let route = |router: Router<Issuer>, name, endpoint: MethodRouter<Issuer>| {
        router.route(&uri.endpoint_path(name), measured(name, endpoint))
    };
    // FAPI 2.0 Security Profile §5.2.3: no script of another origin has to do with these.
    let pages = [
        ("authorize", get(authorize)),
        ("login", get(login_page).post(login)),
        ("consent", get(consent_page).post(consent)),
    ];
    let only_post = |endpoint: MethodRouter<Issuer>| endpoint.fallback(not_post);
    // OpenID Connect Discovery §4 puts the well-known part behind the issuer's path, RFC 8414 §3 in front of it.
    let endpoints = [
        (".well-known/openid-configuration", get(metadata)),
        ("jwks", get(key_set)),
        ("par", only_post(post(par))),
        ("token", only_post(post(token))),
        ("userinfo", get(userinfo).post(userinfo)),
        ("introspect", only_post(post(introspect))),
        ("revoke", only_post(post(revoke))),
        ("health", get(health)),
        ("ready", get(ready)),
    ];
    let in_front = "oauth-authorization-server";
    let router = Router::new().route(
        &uri.well_known_path(in_front),
        measured(in_front, get(metadata)),
    );
    let all = |router, routes: &mut dyn Iterator<Item = (&'static str, MethodRouter<Issuer>)>| {
        routes.fold(router, |router, (name, endpoint)| {
            route(router, name, endpoint)
        })
    };
    let endpoints = all(router, &mut endpoints.into_iter());
    let endpoints = match cors(issuer) {
        Some(cors) => endpoints.layer(cors),
        None => endpoints,
    };
    let registration = [
        ("register", post(register)),
        (
            "register/{client_id}",
            get(registered).put(registered).delete(registered),
        ),
    ];
    let registration = registration
        .into_iter()
        .filter(|_| issuer.parts().registration.is_some());
    all(endpoints, &mut pages.into_iter().chain(registration)).with_state(issuer.clone())
}

fn measured(name: &'static str, endpoint: MethodRouter<Issuer>) -> MethodRouter<Issuer> {
    endpoint.layer(from_fn(move |request, next| {
        measure::request(name, request, next)
    }))
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
