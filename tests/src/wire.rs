//! Requests as they go over the wire, and answers as they come back.

use std::fmt;

use fapi_core::mtls::Connection;

/// A request, byte for byte, apart from the HTTP version.
#[derive(Clone, Debug)]
pub struct WireRequest {
    pub method: String,
    /// The request target as it stands in the request line.
    pub target: Vec<u8>,
    /// Header lines in their order; a name may stand twice.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What follows the empty line: a body, or chunks and trailers.
    pub body: Vec<u8>,
    /// The connection that it comes over, as the server would describe it.
    pub connection: Connection,
}

impl WireRequest {
    pub fn new(method: &str, target: impl Into<Vec<u8>>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: vec![("Host".into(), b"api.example.com".to_vec())],
            body: Vec::new(),
            connection: Connection::default(),
        }
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Removes all lines of a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces all lines of a header by one.
    pub fn with(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.without(name).header(name, value)
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn over(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Whether it is a gRPC request (gRPC over HTTP/2, "Requests").
    pub fn is_grpc(&self) -> bool {
        let mut types = self.lines("Content-Type");
        types.next().is_some_and(|value| {
            let name = value.split(|byte| b";+ ".contains(byte)).next();
            name.is_some_and(|name| name.eq_ignore_ascii_case(b"application/grpc"))
        })
    }

    /// The lines of a header, without the optional white space around them (RFC 9110 §5.5).
    pub fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers
            .iter()
            .filter(move |(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_ascii())
    }

    /// The bytes of HTTP/1.1.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(self.method.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(&self.target);
        bytes.extend_from_slice(b" HTTP/1.1\r\n");
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What a host answered.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// 0 where the connection was closed without one; of a gRPC refusal, the HTTP status that its code stands for.
    pub status: u16,
    /// The gRPC code of a refusal to a gRPC request, which on the wire is HTTP 200, trailers only.
    pub grpc: Option<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// The reason for a refusal, where the host can tell it.
    pub reason: Option<String>,
    /// What the service behind saw, if it was called.
    pub upstream: Option<UpstreamView>,
}

/// What the service behind saw of an accepted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamView {
    pub method: String,
    pub subject: Option<String>,
    pub client_id: Option<String>,
    /// Why it would have been refused, where a rule only reports.
    pub reported: Option<String>,
    pub body: Vec<u8>,
}

impl UpstreamView {
    /// The request as a host without a part in the body passes it on, from nobody.
    pub fn nameless(request: &WireRequest) -> Self {
        Self {
            method: request.method.clone(),
            subject: None,
            client_id: None,
            reported: None,
            body: request.body.clone(),
        }
    }
}

impl Answer {
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.headers
            .iter()
            .filter(move |(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| str::from_utf8(value).expect("a header in ASCII"))
    }

    pub fn challenges(&self) -> Vec<&str> {
        self.header("www-authenticate").collect()
    }

    pub fn nonces(&self) -> Vec<&str> {
        self.header("dpop-nonce").collect()
    }

    pub fn retry_after(&self) -> Option<&str> {
        self.header("retry-after").next()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("grpc", &self.grpc)
            .field("reason", &self.reason)
            .field("upstream", &self.upstream)
            .field(
                "headers",
                &self
                    .headers
                    .iter()
                    .map(|(name, value)| (name, text(value)))
                    .collect::<Vec<_>>(),
            )
            .finish()
    }
}
