//! The extractors for axum handlers.

mod details;

use std::convert::Infallible;
use std::fmt;

use axum::extract::{ConnectInfo, OriginalUri};
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use fapi_core::Protocol;
use fapi_core::mtls::{Connection, Peer};
use http::Extensions;
use http::request::Parts;

use crate::response::{misconfigured, refuse};
use crate::target::Hooks;
use crate::{Access, Reported};

pub use details::{Details, NoDetails};

/// A handler asked for [`Access`] and there is none.
#[derive(Clone, Debug)]
pub enum NoAccess {
    /// No [`FapiLayer`](crate::FapiLayer) guards the route, or a public rule opens it: answered with 500.
    LayerMissing,
    /// The request would have been refused, were the layer not set to report only: answered as it would have been.
    Reported(Box<Reported>),
}

impl fmt::Display for NoAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LayerMissing => f.write_str(
                "a handler extracts `Access` where no `FapiLayer` asks for a token; public routes extract `Option<Access>`",
            ),
            Self::Reported(reported) => reported.denial().fmt(f),
        }
    }
}

impl std::error::Error for NoAccess {}

impl IntoResponse for NoAccess {
    fn into_response(self) -> Response {
        match self {
            Self::LayerMissing => misconfigured(Protocol::Http),
            Self::Reported(reported) => refuse(reported.challenge(), Protocol::Http),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Access {
    type Rejection = NoAccess;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoAccess> {
        access(parts)
    }
}

fn access(parts: &Parts) -> Result<Access, NoAccess> {
    let access = parts.extensions.get().cloned();
    access.ok_or_else(|| no_access(parts))
}

/// Why there is none.
fn no_access(parts: &Parts) -> NoAccess {
    if let Some(reported) = parts.extensions.get::<Reported>() {
        return NoAccess::Reported(Box::new(reported.clone()));
    }
    let problem = NoAccess::LayerMissing;
    tracing::error!(target: "tower_fapi", path = parts.uri.path(), "{problem}");
    problem
}

impl<S: Sync> OptionalFromRequestParts<S> for Access {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

/// Where axum keeps what the layer needs.
pub(crate) const AXUM: Hooks = Hooks {
    original_uri: |extensions| extensions.get::<OriginalUri>().map(|original| &original.0),
    connection,
};

/// As the server described the connection, else at least who is at its other end.
fn connection(extensions: &Extensions) -> Connection {
    extensions.get().copied().unwrap_or_else(|| Connection {
        peer: extensions
            .get::<ConnectInfo<std::net::SocketAddr>>()
            .map_or(Peer::Unknown, |info| Peer::Ip(info.0.ip())),
        ..Connection::default()
    })
}
