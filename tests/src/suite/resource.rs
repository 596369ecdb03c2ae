//! The protected resource: an endpoint behind the layer, on a TLS socket of its own.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::middleware::map_request;
use axum::routing::get;
use axum::{Json, Router};
use fapi_core::config::{
    IntrospectionConfig, MtlsConfig, NonceConfig, NonceMode, PrivateKey, PrivateKeyJwt, Revocation,
    TokenFormat,
};
use fapi_issuer::{ClientCertificate, Config, Peer, Server};
use serde_json::{Value, json};
use tower_fapi::mtls::Connection;
use tower_fapi::testing::TestClock;
use tower_fapi::{Access, FapiConfig, FapiLayer, IssuerConfig};

use super::cast::CAST;
use super::document::{ISSUER, RESOURCE};
use super::world::Nonces;

/// The accounts. Every token is asked about, each time: one that was revoked a moment ago is refused.
pub(super) fn router(http: reqwest::Client, clock: &TestClock, nonces: Nonces) -> Router {
    let key = CAST.resource_server_key.private_jwk().to_string();
    let auth = PrivateKeyJwt::new(PrivateKey::Jwk(key));
    let endpoint = format!("{ISSUER}/introspect");
    let introspection = IntrospectionConfig::new(endpoint, "rs", auth.into());
    let issuer = IssuerConfig::new(ISSUER)
        .token_format(TokenFormat::Any)
        .revocation(Revocation::Introspect)
        .introspection(introspection);
    let mut config = FapiConfig::builder(RESOURCE)
        .issuer(issuer)
        .mtls(MtlsConfig::default())
        .dpop_or_mtls();
    if nonces == Nonces::Required {
        let mut nonce = NonceConfig::default();
        nonce.mode = NonceMode::Required;
        config = config.nonce(nonce);
    }
    let layer = FapiLayer::builder(config.build().expect("a configuration"))
        .http_client(http)
        .clock(clock.source())
        .for_axum();
    Router::new()
        .route("/accounts", get(accounts))
        .layer(layer.build().expect("a layer"))
}

/// Serves it on the second socket of a server like the issuer's, which asks for certificates.
pub(super) async fn serve(config: &Config, router: Router) -> SocketAddr {
    let server = Server::bind(config).await.expect("sockets");
    let bound = server.addresses().expect("addresses");
    let router = router.layer(map_request(describe));
    tokio::spawn(server.serve(router, std::future::pending()));
    bound.mtls.expect("a second socket")
}

/// Tells the layer who is at the other end.
async fn describe(mut request: Request) -> Request {
    let extensions = request.extensions_mut();
    let certificate = extensions.get::<ClientCertificate>();
    let connection = Connection {
        peer: extensions.get::<Peer>().copied().unwrap_or_default(),
        certificate: certificate.map(ClientCertificate::thumbprint),
    };
    extensions.insert(connection);
    request
}

async fn accounts(access: Access) -> Json<Value> {
    Json(json!({ "subject": access.subject() }))
}
