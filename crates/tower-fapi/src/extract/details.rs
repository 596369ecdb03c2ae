//! The extractor for authorization details.

use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use fapi_core::{Challenge, Denial, DetailType, PolicyError, Protocol};
use http::request::Parts;

use super::{NoAccess, access, no_access};
use crate::Access;
use crate::require::settle;
use crate::response::refuse;

/// What the token's `authorization_details` (RFC 9396) grant of the type that `T` names: one element or more, in the
/// issuer's order.
///
/// Each grants what it says and no more: members of two elements do not add up. Elements without the form of `T` grant
/// nothing, nor do those that [`AuthorizationDetails`](fapi_core::AuthorizationDetails) leaves out. With none the request
/// is refused as by a rule that asks for the type: 403 `insufficient_scope`. `Option<Details<T>>` is `None` then.
///
/// ```
/// use axum::Json;
/// use axum::http::StatusCode;
/// use tower_fapi::DetailType;
/// use tower_fapi::extract::Details;
///
/// #[derive(serde::Deserialize)]
/// struct Grant {
///     // Text, for an amount of money must be exact. `DetailType` has a type that computes with it.
///     amount: String,
///     creditor: String,
/// }
///
/// impl DetailType for Grant {
///     const TYPE: &'static str = "payment_initiation";
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     amount: String,
///     creditor: String,
/// }
///
/// async fn pay(Details(grants): Details<Grant>, Json(order): Json<Order>) -> StatusCode {
///     let allows = |grant: &Grant| grant.amount == order.amount && grant.creditor == order.creditor;
///     if grants.iter().any(allows) {
///         StatusCode::CREATED
///     } else {
///         StatusCode::FORBIDDEN
///     }
/// }
/// # let _: axum::routing::MethodRouter = axum::routing::post(pay);
/// ```
#[derive(Clone, Debug)]
pub struct Details<T>(pub Vec<T>);

impl<T> Deref for Details<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// A handler asked for [`Details`] and there are none.
#[derive(Clone, Debug)]
pub enum NoDetails {
    /// There is no [`Access`] either, or the request is only reported: see there.
    NoAccess(NoAccess),
    /// The token grants none: answered with 403, as by a rule that asks for the type.
    Lacking(Box<Challenge>),
}

impl fmt::Display for NoDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccess(problem) => problem.fmt(f),
            Self::Lacking(_) => LACKING.fmt(f),
        }
    }
}

impl std::error::Error for NoDetails {}

impl IntoResponse for NoDetails {
    fn into_response(self) -> Response {
        match self {
            Self::NoAccess(problem) => problem.into_response(),
            Self::Lacking(challenge) => {
                let mut response: Response = refuse(&challenge, Protocol::Http);
                response.extensions_mut().insert(LACKING);
                response
            }
        }
    }
}

impl<T: DetailType, S: Sync> FromRequestParts<S> for Details<T> {
    type Rejection = NoDetails;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoDetails> {
        let access = access(parts).map_err(NoDetails::NoAccess)?;
        if let Some(details) = Self::granted(&access) {
            return Ok(details);
        }
        match settle(PolicyError::AuthorizationDetails, &access, parts) {
            Some(refusal) => Err(NoDetails::Lacking(Box::new(refusal.challenge))),
            None => Err(NoDetails::NoAccess(no_access(parts))),
        }
    }
}

impl<T: DetailType, S: Sync> OptionalFromRequestParts<S> for Details<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().and_then(Self::granted))
    }
}

impl<T: DetailType> Details<T> {
    /// `None`: there are none.
    fn granted(access: &Access) -> Option<Self> {
        let details: Vec<T> = access.authorization_details().ok()?.typed().collect();
        (!details.is_empty()).then_some(Self(details))
    }
}

const LACKING: Denial = Denial::Insufficient(PolicyError::AuthorizationDetails);
