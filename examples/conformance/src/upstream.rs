//! The accounts behind Envoy. They check nothing: the filter does.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The path of the accounts, behind both doors.
pub(crate) const PATH: &str = "/accounts";
/// Where the filter says who it is.
pub(crate) const SUBJECT: &str = "x-fapi-sub";

/// Serves them on a free port of this machine alone.
pub(crate) async fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().route(PATH, get(accounts));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn accounts(headers: HeaderMap) -> Json<Value> {
    let subject = headers
        .get(SUBJECT)
        .map(|subject| String::from_utf8_lossy(subject.as_bytes()));
    Json(json!({ "subject": subject }))
}
