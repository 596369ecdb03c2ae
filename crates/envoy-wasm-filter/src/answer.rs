//! Answers of our own, and what becomes of the upstream's.

use fapi_core::dpop::Nonce;
use fapi_core::{Challenge, Protocol};

use crate::headers::Headers;
use crate::host::{Failure, Host, Map, Reply};

pub(crate) const INTERACTION_ID: &str = "x-fapi-interaction-id";
const NONCE: &str = "dpop-nonce";
const CACHE_CONTROL: &str = "cache-control";

/// What the response is to be like.
#[derive(Clone, Debug, Default)]
pub(crate) enum After {
    /// The request is not decided: what comes is Envoy's own.
    #[default]
    Undecided,
    /// We have answered ourselves, and the answer passes by us again.
    Ours,
    /// It has our nonce or none: a client takes what it gets here for ours.
    Nonce(Option<Nonce>),
    /// It keeps its nonce: we have nothing to do with the request.
    Untouched,
}

/// What a client with this content type is answered in: gRPC where Envoy knows it, by the very bytes `application/grpc`,
/// alone or before a `+`. To anything else Envoy would write a gRPC refusal as 200 with a body.
pub(crate) fn protocol(content_type: Option<&[u8]>) -> Protocol {
    match content_type.and_then(|name| name.strip_prefix(b"application/grpc")) {
        Some([] | [b'+', ..]) => Protocol::Grpc,
        Some(_) | None => Protocol::Http,
    }
}

/// The answer to a refused request (RFC 9449 §7.1, §8; RFC 6750 §3), for gRPC trailers only.
pub(crate) fn refusal(challenge: &Challenge, protocol: Protocol, id: &str) -> Reply {
    let mut headers = vec![(CACHE_CONTROL, "no-store".to_owned())];
    for value in challenge.www_authenticate() {
        headers.push(("www-authenticate", value.to_owned()));
    }
    if let Some(nonce) = challenge.nonce() {
        headers.push((NONCE, nonce.as_str().to_owned()));
    }
    if let Some(seconds) = challenge.retry_after() {
        headers.push(("retry-after", seconds.to_string()));
    }
    headers.push((INTERACTION_ID, id.to_owned()));
    let (grpc, body) = match protocol {
        Protocol::Http => (None, String::new()),
        Protocol::Grpc => (Some(challenge.grpc_code()), "request refused".to_owned()),
    };
    Reply {
        status: challenge.status(),
        grpc,
        headers,
        body,
    }
}

/// A small document of our own.
pub(crate) fn document(status: u16, json: &str, id: &str) -> Reply {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        (INTERACTION_ID, id.to_owned()),
    ];
    if status != 200 {
        headers.push((CACHE_CONTROL, "no-store".to_owned()));
    }
    Reply {
        status,
        grpc: None,
        headers,
        body: json.to_owned(),
    }
}

/// Changes the response as the decision wants it.
pub(crate) fn finish(host: &impl Host, after: &After, id: &str) -> Result<(), Failure> {
    match after {
        After::Ours => return Ok(()),
        After::Undecided | After::Untouched => {}
        After::Nonce(None) => host.remove_header(Map::Response, NONCE.as_bytes())?,
        After::Nonce(Some(nonce)) => {
            // Replaced, also if there were several.
            host.remove_header(Map::Response, NONCE.as_bytes())?;
            host.set_header(Map::Response, NONCE, nonce.as_str())?;
            // RFC 9449 §8.2: a response with a nonce should not be cached, unless the upstream knows better.
            let headers: Headers = host.headers(Map::Response)?;
            if headers.all(CACHE_CONTROL).next().is_none() {
                host.set_header(Map::Response, CACHE_CONTROL, "no-store")?;
            }
        }
    }
    host.set_header(Map::Response, INTERACTION_ID, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_is_what_envoy_takes_for_it() {
        for (content_type, expected) in [
            ("application/grpc", Protocol::Grpc),
            ("application/grpc+proto", Protocol::Grpc),
            ("application/grpc;x=1", Protocol::Http),
            ("Application/gRPC", Protocol::Http),
            ("application/grpc-web", Protocol::Http),
            ("application/json", Protocol::Http),
        ] {
            let found = protocol(Some(content_type.as_bytes()));
            assert_eq!(found, expected, "{content_type}");
        }
        assert_eq!(protocol(None), Protocol::Http);
    }
}
