//! Authorization responses: a redirect with parameters (RFC 6749 §4.1.2), or with one signed JWT (JARM).

use axum::body::Body;
use fapi_crypto::KeyError;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use super::{AuthorizationRequest, FrontError};
use crate::client::{RegisteredClient, ResponseMode};
use crate::encryption::{SealError, seal};
use crate::issuer::Issuer;
use crate::redirect;

/// How long a signed response may be on its way, in seconds (JARM §2.1: 10 minutes at most).
const LIFETIME_SECONDS: i64 = 300;

/// Where a response goes, and how.
pub(crate) struct AuthorizationResponse<'a> {
    pub(crate) client: &'a RegisteredClient,
    pub(crate) redirect_uri: &'a str,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<&'a str>,
}

impl<'a> AuthorizationResponse<'a> {
    /// To a request that was pushed.
    pub(crate) fn to(client: &'a RegisteredClient, request: &'a AuthorizationRequest) -> Self {
        Self {
            client,
            redirect_uri: &request.redirect_uri,
            mode: request.response_mode,
            state: request.state.as_deref(),
        }
    }

    /// With a code.
    pub(crate) async fn code(
        &self,
        issuer: &Issuer,
        code: &str,
    ) -> Result<Response<Body>, SealError> {
        self.redirect(issuer, &[("code", code)]).await
    }

    /// With an error.
    pub(crate) async fn error(
        &self,
        issuer: &Issuer,
        error: FrontError,
    ) -> Result<Response<Body>, SealError> {
        tracing::info!(
            client_id = &*self.client.client_id,
            error = error.error(),
            "authorization refused"
        );
        self.redirect(
            issuer,
            &[
                ("error", error.error()),
                ("error_description", error.description()),
            ],
        )
        .await
    }

    async fn redirect(
        &self,
        issuer: &Issuer,
        parameters: &[(&str, &str)],
    ) -> Result<Response<Body>, SealError> {
        let state = self.state.map(|state| ("state", state));
        let all = parameters.iter().copied().chain(state);
        let iss = issuer.parts().uri.as_str();
        Ok(see_other(&match self.mode {
            // RFC 9207.
            ResponseMode::Query => {
                redirect::with_query(self.redirect_uri, all.chain([("iss", iss)]))
            }
            ResponseMode::Jwt => {
                let jwt = self.sign(issuer, all)?;
                let jwt = seal(jwt, self.client.response_encryption.as_ref()).await?;
                redirect::with_query(self.redirect_uri, [("response", jwt.as_str())])
            }
        }))
    }

    /// JARM §2.1.
    fn sign<'p>(
        &self,
        issuer: &Issuer,
        parameters: impl Iterator<Item = (&'p str, &'p str)>,
    ) -> Result<String, KeyError> {
        let parts = issuer.parts();
        let own = [
            ("iss", Value::from(parts.uri.as_str())),
            ("aud", Value::from(&*self.client.client_id)),
            (
                "exp",
                Value::from(issuer.now().plus(LIFETIME_SECONDS).as_secs()),
            ),
        ];
        let parameters = parameters.map(|(name, value)| (name, Value::from(value)));
        let claims: Map<_, _> = own
            .into_iter()
            .chain(parameters)
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let ring = parts.keys.ring();
        ring.signer(self.client.response_alg)
            .sign_jwt("JWT", &claims)
    }
}

/// RFC 9700 §4.12: 303, so that no form is posted on.
pub(crate) fn see_other(location: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(location) {
        Ok(location) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, location);
        }
        // Redirect URIs are ASCII since their registration, and the rest is encoded.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
