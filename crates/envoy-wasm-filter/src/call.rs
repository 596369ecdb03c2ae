//! Calls of ours: addresses and the clusters that serve them.

use std::time::Duration;

use fapi_core::config::{ConfigError, EnvoyConfig};

use crate::headers::Headers;
use crate::host::{Call, Failure, Host, Map};

/// Where plain http will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Nowhere,
    OnLoopback,
}

/// An address that may be fetched, in the parts that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    scheme: Box<str>,
    authority: Box<str>,
    path: Box<str>,
}

/// Through which cluster an address is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clusters {
    by_origin: Vec<(Box<str>, Box<str>)>,
    default: Option<Box<str>>,
}

/// An answer of 200 to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// Why a call brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No answer in time, or no connection.
    NoAnswer,
    /// A status other than 200.
    Status(u16),
    /// A content type that is not asked for, or several.
    ContentType,
    /// A content coding, which was not asked for.
    ContentCoding,
    /// More bytes than allowed.
    TooLarge,
    /// The cluster is not there.
    Cluster,
    /// The document is not what it should be.
    Document,
    /// An address in it may not be fetched.
    Address,
}

impl Address {
    /// Reads an https address without user information and fragment, or an http one on loopback where that will do.
    pub(crate) fn parse(text: &str, http: PlainHttp) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let good = !authority.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && !text.contains(['#', '\\'])
            && !authority.contains('@');
        let scheme = scheme.to_ascii_lowercase();
        let allowed = match (scheme.as_str(), http) {
            ("https", _) => true,
            ("http", PlainHttp::OnLoopback) => is_loopback(authority),
            _ => false,
        };
        let path = match path {
            path if path.starts_with('/') => path.into(),
            query => format!("/{query}").into(),
        };
        (good && allowed).then(|| Self {
            scheme: scheme.into(),
            authority: authority.to_ascii_lowercase().into(),
            path,
        })
    }

    fn origin(&self) -> String {
        let port = match &*self.scheme {
            "https" => ":443",
            _ => ":80",
        };
        let authority = self.authority.strip_suffix(port).unwrap_or(&self.authority);
        format!("{}://{authority}", self.scheme)
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare == "localhost"
        || bare
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

impl Clusters {
    pub(crate) fn new(config: &EnvoyConfig, http: PlainHttp) -> Self {
        let entries = config.clusters.iter().filter_map(|entry| {
            let origin = Address::parse(&entry.origin, http)?.origin();
            Some((origin.into(), entry.cluster.as_str().into()))
        });
        Self {
            by_origin: entries.collect(),
            default: config.cluster.as_deref().map(Into::into),
        }
    }

    /// The cluster of an address; `field` is where that address stands in the configuration.
    pub(crate) fn require(&self, address: &Address, field: &str) -> Result<(), ConfigError> {
        self.of(address).map(|_| ()).ok_or_else(|| {
            let reason = format!("{field} is reached through an Envoy cluster");
            ConfigError::missing("envoy.cluster", reason)
        })
    }

    fn of(&self, address: &Address) -> Option<&str> {
        let origin = address.origin();
        let named = self.by_origin.iter().find(|(known, _)| **known == *origin);
        named
            .map(|(_, cluster)| &**cluster)
            .or(self.default.as_deref())
    }

    /// Gets a document, or with a form asks with it.
    pub(crate) fn send<H: Host>(
        &self,
        host: &H,
        address: &Address,
        accept: &str,
        form: Option<&str>,
        timeout: Duration,
    ) -> Result<u32, Problem> {
        let mut headers = vec![
            (":method", if form.is_some() { "POST" } else { "GET" }),
            (":scheme", &address.scheme),
            (":authority", &address.authority),
            (":path", &address.path),
            ("accept", accept),
        ];
        if form.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let call = Call {
            cluster: self.of(address).ok_or(Problem::Cluster)?,
            headers,
            body: form.map(str::as_bytes),
            timeout,
        };
        host.dispatch(&call).map_err(|_| Problem::Cluster)
    }
}

/// Reads the answer to a call, which has `size` bytes of body.
pub(crate) fn receive<H: Host>(host: &H, size: usize, limit: usize) -> Result<Answer, Problem> {
    // Envoy tells of a call that failed by an answer without headers.
    let headers = host
        .headers(Map::CallResponse)
        .map_err(|_: Failure| Problem::NoAnswer)?;
    let status = headers.only(":status").ok_or(Problem::NoAnswer)?;
    let status = str::from_utf8(status)
        .ok()
        .and_then(|text| text.parse().ok());
    match status.ok_or(Problem::NoAnswer)? {
        200 => {}
        other => return Err(Problem::Status(other)),
    }
    if headers.all("content-encoding").next().is_some() {
        return Err(Problem::ContentCoding);
    }
    if size > limit {
        return Err(Problem::TooLarge);
    }
    let body = host.call_body(size).map_err(|_| Problem::NoAnswer)?;
    Ok(Answer { headers, body })
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoAnswer => "no answer in time",
            Self::Status(status) => return write!(f, "status {status}"),
            Self::ContentType => "another content type than was asked for",
            Self::ContentCoding => "a content coding that was not asked for",
            Self::TooLarge => "too many bytes",
            Self::Cluster => "the cluster cannot be called",
            Self::Document => "not the document that it should be",
            Self::Address => "names an address that may not be fetched",
        })
    }
}
