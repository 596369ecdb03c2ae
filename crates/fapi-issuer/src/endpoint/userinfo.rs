//! The userinfo endpoint (OpenID Connect Core §5.3): a resource server of its own, under the same rules as any other.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use fapi_core::denial::Denial;
use fapi_core::{
    Challenge, Facts, FieldLines, IntrospectionResponse, KeySet, KnownKeys, PresentedRequest,
    ReplayAnswer, RequestKind, Step, Unavailable, UnixTime, Verdict,
};
use http::header::{AUTHORIZATION, HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::response::{JSON, private, set_nonce};
use crate::authorization::{Authorization, claims_of_scope};
use crate::grant::GRANT_ID;
use crate::issuer::Issuer;
use crate::storage::{Digest, Use};
use crate::token::LiveToken;

/// The keys of this very server.
struct Own(Arc<KeySet>);

impl KnownKeys for Own {
    fn key_set(&self, _issuer: &str) -> Option<Arc<KeySet>> {
        Some(Arc::clone(&self.0))
    }
}

/// GET and POST.
pub(crate) async fn userinfo(
    State(issuer): State<Issuer>,
    request: Request<Body>,
) -> Response<Body> {
    let now = issuer.now();
    let (head, _) = request.into_parts();
    match answer(&issuer, &head, now).await {
        Ok(response) => response,
        Err(refusal) => refusal.to_response(&issuer),
    }
}

/// Why there is no answer.
enum Refusal {
    Denied(Box<Denial>),
    Unavailable,
    /// The token is about no user whom we know.
    NoUser,
}

async fn answer(issuer: &Issuer, head: &Parts, now: UnixTime) -> Result<Response<Body>, Refusal> {
    let parts = issuer.parts();
    let (verdict, grant) = judge(issuer, head, now).await?;
    let accepted = match verdict {
        Verdict::Accepted(accepted) => accepted,
        Verdict::Refused(denial) | Verdict::Reported(denial) => {
            return Err(Refusal::Denied(Box::new(denial)));
        }
        Verdict::Public => return Err(Refusal::Unavailable),
    };
    let grant = Digest::of(&grant.ok_or(Refusal::NoUser)?);
    let authorization = parts.storage.get::<Authorization>(&grant, now).await;
    let authorization = authorization
        .map_err(|_| Refusal::Unavailable)?
        .ok_or(Refusal::NoUser)?;
    let claims = claims(issuer, &authorization).await?;
    let mut response = private(&JSON, Value::from(claims).to_string());
    if let Some(nonce) = &accepted.nonce {
        set_nonce(&mut response, nonce);
    }
    Ok(response)
}

/// The core's verdict, and the name of the authorization that the token came of.
async fn judge(
    issuer: &Issuer,
    head: &Parts,
    now: UnixTime,
) -> Result<(Verdict, Option<String>), Refusal> {
    let parts = issuer.parts();
    let lines = |name: HeaderName| -> FieldLines<'_> {
        let lines = head.headers.get_all(name).iter();
        lines.map(HeaderValue::as_bytes).collect()
    };
    let certificates = parts.certificates.as_ref();
    let certificate =
        certificates.and_then(|certificates| certificates.shown(&head.extensions, &head.headers));
    // HTTP/2 has it in the URI.
    let sent = head.uri.authority().map(Authority::as_str);
    let sent = sent.or_else(|| head.headers.get(HOST)?.to_str().ok());
    let request = PresentedRequest {
        method: head.method.as_str(),
        authority: Some(parts.userinfo.authority(sent)),
        path: head.uri.path(),
        query: head.uri.query(),
        authorization: lines(AUTHORIZATION),
        dpop: lines(HeaderName::from_static("dpop")),
        client_certificate: certificate.map(|shown| shown.thumbprint()),
        kind: RequestKind::Ordinary,
    };
    let keys = Own(Arc::new(parts.keys.ring().published().clone()));
    let epoch = parts.storage.epoch();
    let mut grant = None;
    let mut step = {
        let facts = Facts {
            keys: &keys,
            epoch: Some(epoch),
        };
        parts.userinfo.verifier.begin(&request, &facts, now)
    };
    loop {
        step = match step {
            Step::Done(verdict) => return Ok((verdict, grant)),
            Step::NeedKeys(need) => need.resume(Ok(Arc::clone(&keys.0)), now),
            Step::NeedIntrospection(need) => {
                let token = need.query().token.to_owned();
                let found = LiveToken::find(parts, &token, now).await;
                let mut claims = match found.map_err(|_| Refusal::Unavailable)? {
                    Some(token) => token.into_claims(),
                    None => Map::new(),
                };
                claims.insert("active".to_owned(), json!(!claims.is_empty()));
                grant = claims
                    .get(GRANT_ID)
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                let answer = Value::from(claims).to_string();
                need.resume(Ok(IntrospectionResponse::Json(&answer)), now)
            }
            Step::NeedReplayCheck(need) => {
                let query = need.query();
                let uses = [Use {
                    key: query.key,
                    expires: query.expires,
                }];
                let outcomes = parts.storage.use_once(&uses, now).await;
                let answer = match outcomes.as_deref() {
                    Ok([outcome]) => Ok(ReplayAnswer {
                        outcome: *outcome,
                        epoch,
                    }),
                    _ => Err(Unavailable::retry_after_seconds(60)),
                };
                return Ok((need.resume(answer, now), grant));
            }
        };
    }
}

impl Refusal {
    fn to_response(&self, issuer: &Issuer) -> Response<Body> {
        let mut response = private(&JSON, String::new());
        match self {
            Self::Denied(denial) => {
                tracing::info!(reason = denial.reason().code(), "userinfo refused");
                write(
                    &mut response,
                    &issuer.parts().userinfo.verifier.challenge(denial, None),
                );
            }
            Self::Unavailable => {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                let later = HeaderValue::from_static("60");
                response.headers_mut().insert(RETRY_AFTER, later);
            }
            Self::NoUser => *response.status_mut() = StatusCode::FORBIDDEN,
        }
        response
    }
}

fn write(response: &mut Response<Body>, challenge: &Challenge) {
    if let Ok(status) = StatusCode::from_u16(challenge.status()) {
        *response.status_mut() = status;
    }
    for value in challenge.www_authenticate() {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
    }
    if let Some(seconds) = challenge.retry_after() {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    if let Some(nonce) = challenge.nonce() {
        set_nonce(response, nonce);
    }
}

/// Those that the scope stands for and those that were asked for by name, as far as they are known.
async fn claims(
    issuer: &Issuer,
    authorization: &Authorization,
) -> Result<Map<String, Value>, Refusal> {
    let known = issuer
        .parts()
        .interaction
        .claims(&authorization.subject)
        .await;
    let mut known = known
        .map_err(|_| Refusal::Unavailable)?
        .ok_or(Refusal::NoUser)?;
    let of_scope = authorization.scope.split(' ');
    let of_scope = of_scope.flat_map(|value| claims_of_scope(value).iter().copied());
    let named = authorization.claims.userinfo.iter().map(String::as_str);
    let mut claims: Map<_, _> = of_scope
        .chain(named)
        .filter_map(|name| known.remove_entry(name))
        .collect();
    claims.insert("sub".to_owned(), authorization.subject.clone().into());
    Ok(claims)
}
