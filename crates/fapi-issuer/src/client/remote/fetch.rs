//! One key set over HTTP, within limits.

use std::fmt;
use std::time::Duration;

use fapi_core::fetch::{freshness, is_json};
use fapi_core::{KeySet, KeySetError};
use reqwest::header::{
    ACCEPT, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Client, StatusCode, Url, redirect};

use super::Reach;
use super::address::PublicHosts;

/// How long a fetch may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

const ACCEPTED: HeaderValue =
    HeaderValue::from_static("application/jwk-set+json, application/json");

/// What is wrong with an answer, or with there being none.
#[derive(Debug)]
pub(super) enum FetchProblem {
    /// No connection, no TLS, an exchange cut short or not ended in time.
    Transport(reqwest::Error),
    /// A status other than 200. Redirects are not followed: they lead where nobody has looked.
    Status(StatusCode),
    /// Not JSON, or compressed, which was not asked for.
    Content,
    /// More bytes than a key set may have.
    TooLarge,
    /// The key set cannot be used.
    KeySet(KeySetError),
}

impl fmt::Display for FetchProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) if error.is_timeout() => {
                f.write_str("no complete answer in time")
            }
            Self::Transport(_) => f.write_str("no connection, or an exchange cut short"),
            Self::Status(status) => write!(f, "status {}", status.as_u16()),
            Self::Content => f.write_str("the content is not plain JSON"),
            Self::TooLarge => write!(f, "more than {} bytes", KeySet::MAX_BYTES),
            Self::KeySet(error) => error.fmt(f),
        }
    }
}

/// An HTTP client that follows no redirects, uses no proxy, and connects to no host out of reach.
pub(super) fn client(reach: Reach) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .referer(false)
        .timeout(TIMEOUT);
    match reach {
        Reach::AnyHost => builder,
        Reach::PublicHosts => builder.dns_resolver(PublicHosts),
    }
    .build()
}

/// A key set, as it was fetched.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// The whole document, in which there are perhaps keys that verify nothing.
    pub(super) document: Vec<u8>,
    /// For how long it is fresh.
    pub(super) lifetime: Duration,
}

/// The key set at `url`.
pub(super) async fn key_set(client: &Client, url: &Url) -> Result<Fetched, FetchProblem> {
    let request = client.get(url.clone()).header(ACCEPT, ACCEPTED);
    let mut response = request.send().await.map_err(FetchProblem::Transport)?;
    if response.status() != StatusCode::OK {
        return Err(FetchProblem::Status(response.status()));
    }
    let headers = std::mem::take(response.headers_mut());
    if !is_plain_json(&headers) {
        return Err(FetchProblem::Content);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchProblem::Transport)? {
        if chunk.len() > KeySet::MAX_BYTES.saturating_sub(body.len()) {
            return Err(FetchProblem::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let keys = KeySet::from_json(&body).map_err(FetchProblem::KeySet)?;
    let lines = headers.get_all(CACHE_CONTROL).iter();
    let age = headers.get(AGE).map(HeaderValue::as_bytes);
    let lifetime = freshness(lines.map(HeaderValue::as_bytes), age);
    Ok(Fetched {
        keys,
        document: body,
        lifetime,
    })
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let is_one =
        matches!((types.next(), types.next()), (Some(only), None) if is_json(only.as_bytes()));
    is_one && codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
