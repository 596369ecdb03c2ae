//! The introspection endpoint (RFC 7662), with signed answers (RFC 9701).

use axum::body::Body;
use axum::extract::State;
use fapi_core::UnixTime;
use fapi_crypto::KeyError;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Request, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::posted::Posted;
use super::response::{JSON, private};
use crate::encryption::seal;
use crate::error::{EndpointError, RequestProblem};
use crate::grant::GRANT_ID;
use crate::issuer::Issuer;
use crate::resource_server::{IntrospectionResponse, RegisteredResourceServer};
use crate::token::LiveToken;

/// The media type of signed answers (RFC 9701 §10.2), and without its prefix their `typ`.
const SIGNED: &str = "application/token-introspection+jwt";
const SIGNED_TYPE: HeaderValue = HeaderValue::from_static(SIGNED);
const JWT_TYPE: &str = "token-introspection+jwt";

/// POST.
pub(crate) async fn introspect(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let now = issuer.now();
    let answer = match Posted::read(&issuer, request).await {
        Ok(posted) => answer(&issuer, &posted, now).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| error.log_and_answer())
}

/// `token_type_hint` is not looked at: a token says by itself what it is.
async fn answer(
    issuer: &Issuer,
    posted: &Posted,
    now: UnixTime,
) -> Result<Response<Body>, EndpointError> {
    let parts = issuer.parts();
    let caller = posted.resource_server(issuer, now).await?;
    let token = posted
        .form
        .get("token")
        .ok_or(RequestProblem::TokenMissing)?;
    let found = LiveToken::find(parts, token, now).await?;
    let introspection = introspection(found.filter(|token| is_for(token, caller)));
    match caller.introspection_response {
        IntrospectionResponse::AsAsked if !asks_for_signed(&posted.headers) => {
            Ok(private(&JSON, Value::from(introspection).to_string()))
        }
        IntrospectionResponse::AsAsked | IntrospectionResponse::Signed => {
            let signed = Signed {
                iss: parts.uri.as_str(),
                aud: &caller.client_id,
                iat: now.as_secs(),
                token_introspection: introspection,
            };
            let jwt = signed.sign(issuer)?;
            // RFC 9701 §5.
            let jwt = seal(jwt, caller.encryption.as_ref()).await?;
            Ok(private(&SIGNED_TYPE, jwt))
        }
    }
}

/// RFC 7662 §4, RFC 9701 §5: of a token for others a resource server learns nothing, not even that it exists.
fn is_for(token: &LiveToken, caller: &RegisteredResourceServer) -> bool {
    token
        .audience()
        .is_some_and(|audience| caller.is_meant_by(audience))
}

/// RFC 7662 §2.2: all that the token was issued for, or that it is not active and nothing more.
fn introspection(token: Option<LiveToken>) -> Map<String, Value> {
    let Some(token) = token else {
        return Map::from_iter([("active".to_owned(), json!(false))]);
    };
    let token_type = if token.is_dpop_bound() {
        "DPoP"
    } else {
        "Bearer"
    };
    let mut members = token.into_claims();
    members.remove(GRANT_ID);
    members.insert("active".to_owned(), json!(true));
    members.insert("token_type".to_owned(), json!(token_type));
    members
}

/// RFC 9701 §5. There is neither `sub` nor `exp`, so that nobody takes it for an access token.
#[derive(Serialize)]
struct Signed<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    token_introspection: Map<String, Value>,
}

impl Signed<'_> {
    fn sign(&self, issuer: &Issuer) -> Result<String, KeyError> {
        let ring = issuer.parts().keys.ring();
        ring.current().sign_jwt(JWT_TYPE, self)
    }
}

/// RFC 9701 §4: whether `Accept` names the type of signed answers. A range such as `*/*` does not ask for it.
fn asks_for_signed(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next().unwrap_or_default();
            named.eq_ignore_ascii_case(SIGNED) && !parts.any(is_not_acceptable)
        })
}

/// RFC 9110 §12.4.2: a weight of 0, in one of its spellings.
fn is_not_acceptable(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else {
        return false;
    };
    name.eq_ignore_ascii_case("q") && weight.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_answers_are_asked_for_by_name() {
        let asks = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ACCEPT, line.parse().unwrap());
            }
            asks_for_signed(&headers)
        };
        for lines in [
            &[SIGNED][..],
            &["application/json", SIGNED],
            &["application/json;q=0.5, Application/Token-Introspection+JWT ; q=0.9"],
        ] {
            assert!(asks(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &["*/*"],
            &["application/*"],
            &["application/json"],
            &["application/jwt"],
            &["application/token-introspection+jwt;q=0"],
            &["application/token-introspection+jwt; Q=0.000"],
        ] {
            assert!(!asks(lines), "{lines:?}");
        }
    }
}
