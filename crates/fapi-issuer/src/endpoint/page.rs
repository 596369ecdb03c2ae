//! What the pages have in common: which visit a browser means, and how an error looks.

use std::sync::Arc;

use axum::body::Body;
use fapi_core::UnixTime;
use fapi_crypto::KeyError;
use http::{HeaderMap, Response, StatusCode};

use crate::authorization::AuthorizationRequest;
use crate::browser::{Cookie, Visit};
use crate::client::RegisteredClient;
use crate::encryption::SealError;
use crate::error::RequestProblem;
use crate::interaction::{ErrorView, page};
use crate::issuer::Issuer;
use crate::storage::{Digest, StorageError};

/// Why a user gets an error page.
#[derive(Debug)]
pub(super) enum PageError {
    /// The request cannot be read.
    Malformed,
    /// `client_id` is missing.
    NoClient,
    /// No client has this name.
    UnknownClient,
    /// There is no `request_uri`, and no place to send the error to.
    NotPushed,
    /// The request was pushed by another client.
    OthersRequest,
    /// The request was used or has expired.
    RequestGone,
    /// There is no such visit, or it began in another browser.
    NoVisit,
    /// The form is not one that this server made for this browser.
    Forged,
    /// The storage, or whoever knows the users, does not answer.
    Unavailable,
    /// The answer could not be made.
    Failed(SealError),
}

impl From<StorageError> for PageError {
    fn from(error: StorageError) -> Self {
        tracing::warn!(%error, "a page could not be served");
        Self::Unavailable
    }
}

impl From<KeyError> for PageError {
    fn from(error: KeyError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SealError> for PageError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Keys(_) => Self::Unavailable,
            SealError::Key(_) | SealError::NoKey | SealError::Failed => Self::Failed(error),
        }
    }
}

impl From<RequestProblem> for PageError {
    fn from(_: RequestProblem) -> Self {
        Self::Malformed
    }
}

impl PageError {
    const fn view(&self) -> (StatusCode, &'static str, &'static str) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::Malformed => (bad, "invalid_request", "The request cannot be read."),
            Self::NoClient => (
                bad,
                "invalid_request",
                "The request does not say which application sent it.",
            ),
            Self::UnknownClient => (
                bad,
                "invalid_client",
                "No application of this name is registered here.",
            ),
            Self::NotPushed => (
                bad,
                "invalid_request",
                "The application has to push its request first.",
            ),
            Self::OthersRequest => (
                bad,
                "invalid_request",
                "The request belongs to another application.",
            ),
            Self::RequestGone => (
                bad,
                "invalid_request_uri",
                "The request has expired or was used. Go back to the application and start again.",
            ),
            Self::NoVisit => (
                bad,
                "invalid_request",
                "This page has expired, or was opened in another browser. Go back to the application and start again.",
            ),
            Self::Forged => (
                bad,
                "invalid_request",
                "This form was not made for you here. Go back to the application and start again.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The service cannot be reached right now. Try again in a minute.",
            ),
            Self::Failed(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "Something went wrong on our side.",
            ),
        }
    }
}

/// The error page.
pub(super) fn error(issuer: &Issuer, error: PageError) -> Response<Body> {
    let (status, code, description) = error.view();
    match &error {
        PageError::Failed(cause) => tracing::error!(error = %cause, "a page could not be made"),
        other => tracing::info!(reason = ?other, "error page"),
    }
    let parts = issuer.parts();
    let html = parts.interaction.error_page(&ErrorView {
        error: code,
        description,
    });
    page(status, html, parts.uri.origin())
}

/// The address of a page in a visit, as a path.
pub(super) fn address(issuer: &Issuer, page: &str, visit: &str) -> String {
    let path = issuer.parts().uri.endpoint_path(page);
    format!("{path}?interaction={visit}")
}

/// A visit, and what it is about.
pub(super) struct Visiting {
    pub(super) name: String,
    pub(super) id: Digest,
    pub(super) visit: Visit,
    pub(super) request: AuthorizationRequest,
    pub(super) client: Arc<RegisteredClient>,
}

impl Visiting {
    /// The visit of this name, if it began in this browser.
    pub(super) async fn find(
        issuer: &Issuer,
        headers: &HeaderMap,
        name: Option<&str>,
        now: UnixTime,
    ) -> Result<Self, PageError> {
        let parts = issuer.parts();
        let name = name.ok_or(PageError::NoVisit)?;
        let id = Digest::of(name);
        let visit: Visit = parts
            .storage
            .get(&id, now)
            .await?
            .ok_or(PageError::NoVisit)?;
        let browser = Cookie::Browser.read(headers, &parts.uri).map(Digest::of);
        if browser != Some(visit.browser) {
            return Err(PageError::NoVisit);
        }
        let request: AuthorizationRequest = parts
            .storage
            .get(&visit.request, now)
            .await?
            .ok_or(PageError::RequestGone)?;
        let client = parts
            .clients
            .find(&parts.storage, &request.client_id, now)
            .await?
            .ok_or(PageError::UnknownClient)?;
        Ok(Self {
            name: name.to_owned(),
            id,
            visit,
            request,
            client,
        })
    }

    /// Whether a form is one that we made for this visit.
    pub(super) fn check_csrf(&self, presented: Option<&str>) -> Result<(), PageError> {
        // Compared by their hashes, so that the time says nothing about the place where they differ.
        if presented.map(Digest::of) == Some(Digest::of(&self.visit.csrf)) {
            Ok(())
        } else {
            Err(PageError::Forged)
        }
    }
}

/// The visit that a query names.
pub(super) fn named(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, name) = pairs.find(|(name, _)| name == "interaction")?;
    Some(name.into_owned())
}
