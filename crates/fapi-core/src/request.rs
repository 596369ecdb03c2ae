//! What the host shows of a request.

use std::fmt;

use crate::token::CertificateThumbprint;

/// A borrowed view of one request: what the core looks at, and nothing else.
///
/// Bodies and trailers are not here because they are never read.
#[derive(Clone, Copy)]
pub struct PresentedRequest<'a> {
    /// The method as received, `GET`. Compared exactly with `htm` (RFC 9449 §4.3 check 8).
    pub method: &'a str,
    /// The authority that the client named: `:authority`, the absolute-form target's, or `Host`. It selects among
    /// configured origins and never creates one.
    pub authority: Option<&'a str>,
    /// The path as received, undecoded, without the query, and before any router took a prefix off.
    pub path: &'a str,
    /// What follows the first `?` of the target.
    pub query: Option<&'a str>,
    /// All `Authorization` field lines.
    pub authorization: FieldLines<'a>,
    /// All `DPoP` field lines.
    pub dpop: FieldLines<'a>,
    /// The certificate that the client proved to have in its TLS handshake, with this server or with a proxy that the
    /// configuration trusts (see [`mtls`](crate::mtls)).
    pub client_certificate: Option<CertificateThumbprint>,
    /// Whether a browser asks for permission first.
    pub kind: RequestKind,
}

/// Whether a request is what it seems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestKind {
    /// An ordinary request.
    #[default]
    Ordinary,
    /// `OPTIONS` with `Origin` and `Access-Control-Request-Method` (Fetch Standard §4.8).
    CorsPreflight,
}

/// The lines of one header field. More than one line is kept apart, so that no host can show only the first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FieldLines<'a> {
    /// The field is not there.
    Absent,
    /// One line with this value, which may be empty.
    One(&'a [u8]),
    /// Two lines or more.
    Several,
}

impl fmt::Debug for PresentedRequest<'_> {
    /// Leaves out the query: an access token may stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedRequest")
            .field("method", &self.method)
            .field("authority", &self.authority)
            .field("path", &self.path)
            .field("authorization", &self.authorization)
            .field("dpop", &self.dpop)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FieldLines<'_> {
    /// Shows only the length of a value: it is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::One(value) => write!(f, "One({} bytes)", value.len()),
            Self::Several => f.write_str("Several"),
        }
    }
}

impl<'a> FromIterator<&'a [u8]> for FieldLines<'a> {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(lines: I) -> Self {
        let mut lines = lines.into_iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::One(line),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}
