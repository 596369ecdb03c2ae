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
use fapi_issuer::{ClientCertificate, Peer, Server};
use serde_json::{Value, json};
use tower_fapi::mtls::Connection;
use tower_fapi::testing::TestClock;
use tower_fapi::{Access, FapiConfig, FapiLayer, IssuerConfig};

use super::cast::CAST;
use super::document::{ISSUER, RESOURCE, RESOURCE_SERVER};
use super::world::Nonces;

/// Every token is asked about, each time: one that was revoked a moment ago is refused.
pub(super) fn layer(http: reqwest::Client, clock: &TestClock, nonces: Nonces) -> FapiLayer {
    let key = CAST.resource_server_key.private_jwk().to_string();
    let auth = PrivateKeyJwt::new(PrivateKey::Jwk(key));
    let endpoint = format!("{ISSUER}/introspect");
    let introspection = IntrospectionConfig::new(endpoint, RESOURCE_SERVER, auth.into());
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
    FapiLayer::builder(config.build().expect("a configuration"))
        .http_client(http)
        .clock(clock.source())
        .for_axum()
        .build()
        .expect("a layer")
}

/// Serves the accounts, behind this layer, on a server like the issuer's: on the second socket, which asks for
/// certificates. Where that is.
pub fn serve(server: Server, layer: FapiLayer) -> SocketAddr {
    let bound = server.addresses().expect("addresses");
    let router = Router::new()
        .route("/accounts", get(accounts))
        .layer(layer)
        .layer(map_request(describe));
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
