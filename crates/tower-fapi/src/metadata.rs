//! Protected resource metadata (RFC 9728) as routes of an axum application.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::FapiHandle;
use crate::extract::AXUM;
use crate::target::authority;

impl FapiHandle {
    /// Routes that serve the metadata of the configured resources, of one with a path too (RFC 9728 §3.1).
    ///
    /// They need no token, so merge them *outside* the layer:
    ///
    /// ```
    /// # use tower_fapi::{FapiConfig, FapiLayer, IssuerConfig};
    /// use axum::Router;
    /// use axum::routing::get;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// # let config = FapiConfig::builder("https://api.example.com")
    /// #     .issuer(IssuerConfig::new("https://as.example.com").jwks(jwks))
    /// #     .build()?;
    /// let fapi = FapiLayer::new(config)?;
    /// let app: Router = Router::new()
    ///     .route("/accounts", get(|| async { "42" }))
    ///     .layer(fapi.clone())
    ///     .merge(fapi.handle().metadata_routes());
    /// # Ok(())
    /// # }
    /// ```
    pub fn metadata_routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/.well-known/oauth-protected-resource", get(serve))
            .route("/.well-known/oauth-protected-resource/{*path}", get(serve))
            .with_state(self.clone())
    }
}

async fn serve(State(handle): State<FapiHandle>, request: Request) -> Response {
    let uri = (AXUM.original_uri)(request.extensions()).unwrap_or(request.uri());
    let metadata = handle.metadata(authority(uri, request.headers()));
    match metadata.filter(|metadata| metadata.path() == uri.path()) {
        Some(metadata) => (
            [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            metadata.document().to_owned(),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
