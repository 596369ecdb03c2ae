//! The API behind Envoy. It checks nothing: Envoy did. It answers with what it got.

use std::net::SocketAddr;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// What reached the API.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    /// Whose token it was, as Envoy says.
    pub(crate) subject: Option<String>,
    /// Whether the token came through.
    pub(crate) token: bool,
    /// Whether the proof came through.
    pub(crate) proof: bool,
}

const SUBJECT: HeaderName = HeaderName::from_static("x-fapi-sub");
const PROOF: HeaderName = HeaderName::from_static("dpop");

/// Serves until the program ends.
pub(crate) async fn run(listen: SocketAddr) -> std::io::Result<()> {
    let router = Router::new().fallback(|headers: HeaderMap| async move { Json(view(&headers)) });
    axum::serve(TcpListener::bind(listen).await?, router).await
}

fn view(headers: &HeaderMap) -> View {
    let subject = headers.get(SUBJECT);
    View {
        subject: subject.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        token: headers.contains_key(AUTHORIZATION),
        proof: headers.contains_key(PROOF),
    }
}
