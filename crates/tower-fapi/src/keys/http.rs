//! One JSON document over HTTP, within limits.

use std::time::Duration;

use fapi_core::KeySet;
use fapi_core::config::Config;
use fapi_core::fetch::is_json;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, redirect};
use tokio::time::{Instant, timeout_at};

use super::error::{FetchProblem, chain};

const ACCEPTED: HeaderValue =
    HeaderValue::from_static("application/json, application/jwk-set+json");

/// A client as it is used to reach issuers, for an application that adds to it, for instance a certificate authority.
///
/// It follows no redirects, uses no proxy, and decompresses nothing, whatever features of `reqwest` are on; a connection
/// is made within `http.connect_timeout_ms`, an exchange ends within `http.timeout_ms`.
pub fn client_builder(config: &Config) -> ClientBuilder {
    let http = config.http.clone().unwrap_or_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .referer(false)
        .connect_timeout(milliseconds(http.connect_timeout_ms))
        .timeout(milliseconds(http.timeout_ms))
}

/// How long a fetch may take and how much it may bring.
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) metadata_bytes: usize,
    pub(super) key_set_bytes: usize,
}

impl Limits {
    pub(super) fn of(config: &Config) -> Self {
        let http = config.http.clone().unwrap_or_default();
        let bytes = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            timeout: milliseconds(http.timeout_ms),
            metadata_bytes: bytes(http.max_metadata_bytes),
            key_set_bytes: bytes(http.max_jwks_bytes).min(KeySet::MAX_BYTES),
        }
    }
}

/// A document and the headers that came with it.
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    pub(super) headers: HeaderMap,
}

/// Gets the document at `url`, of at most `limit` bytes, before the `deadline`.
pub(super) async fn get(
    client: &Client,
    url: &Url,
    limit: usize,
    deadline: Instant,
) -> Result<Fetched, FetchProblem> {
    timeout_at(deadline, exchange(client, url, limit))
        .await
        .unwrap_or(Err(FetchProblem::Timeout))
}

async fn exchange(client: &Client, url: &Url, limit: usize) -> Result<Fetched, FetchProblem> {
    let request = client.get(url.clone()).header(ACCEPT, ACCEPTED);
    let mut response = request.send().await.map_err(problem)?;
    check(&response, url)?;
    let too_large = FetchProblem::TooLarge(limit);
    // Said to be too large: then not a byte of it is read.
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(problem)? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched {
        body,
        headers: std::mem::take(response.headers_mut()),
    })
}

fn check(response: &Response, asked: &Url) -> Result<(), FetchProblem> {
    let status = response.status();
    // The address changes if the application's client followed a redirect.
    if status.is_redirection() || response.url() != asked {
        return Err(FetchProblem::Redirect);
    }
    if status != StatusCode::OK {
        return Err(FetchProblem::Status(status.as_u16()));
    }
    let headers = response.headers();
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(FetchProblem::ContentCoding);
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (Some(only), None) if is_json(only.as_bytes()) => Ok(()),
        _ => Err(FetchProblem::ContentType),
    }
}

fn problem(error: reqwest::Error) -> FetchProblem {
    if error.is_timeout() {
        FetchProblem::Timeout
    } else if error.is_redirect() {
        FetchProblem::Redirect
    } else {
        FetchProblem::Transport(chain(error))
    }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}
