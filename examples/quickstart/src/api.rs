//! The protected API: what a service has to write.

use std::error::Error;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_fapi::testing::TestIssuer;
use tower_fapi::{Access, FapiConfig, FapiLayer};

/// The running API and the issuer that it trusts.
pub(crate) struct Api {
    /// Where it is reached; also its resource identifier, the audience of tokens for it.
    pub(crate) resource: String,
    pub(crate) issuer: TestIssuer,
}

impl Api {
    /// Serves the API on a free port of this machine until the program ends.
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let resource = format!("http://{}", listener.local_addr()?);
        let issuer = TestIssuer::new("https://as.example.com");

        let config = FapiConfig::builder(&resource)
            .issuer(issuer.issuer_config())
            .dangerous_allow_http_loopback() // in production, `resource` is an https URL
            .build()?;
        let router = Router::new()
            .route("/accounts", get(accounts))
            .layer(FapiLayer::for_axum(config)?);

        tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { resource, issuer })
    }
}

/// An `Access` cannot be made elsewhere: a handler that takes one runs only for those who have proven theirs.
async fn accounts(access: Access) -> String {
    format!("the accounts of {}", access.subject().unwrap_or("nobody"))
}
