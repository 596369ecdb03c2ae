//! Headers as bytes, with duplicates visible, and what the core is shown of a request.

use std::net::SocketAddr;

use fapi_core::mtls::{CertificatePolicy, Connection, Peer};
use fapi_core::token::CertificateThumbprint;
use fapi_core::{FieldLines, PresentedRequest, RequestKind};

use crate::host::Host;

/// Headers in the form in which the host hands them over: their number, the lengths of each name and value, then each
/// name and value followed by a zero byte. Lengths are 32 bits, little-endian.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<u8>);

impl Headers {
    /// Takes what the host gave. What is malformed has no headers from there on.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Writes headers in the same form.
    #[must_use]
    pub fn encode<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
        let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
        let count = u32::try_from(pairs.clone().count()).unwrap_or(u32::MAX);
        let mut bytes = count.to_le_bytes().to_vec();
        for (name, value) in pairs.clone() {
            bytes.extend(length(name));
            bytes.extend(length(value));
        }
        for text in pairs.flat_map(|(name, value)| [name, value]) {
            bytes.extend(text);
            bytes.push(0);
        }
        bytes
    }

    /// All headers, in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        let (count, rest) = self.0.split_first_chunk().unwrap_or((&[0; 4], &[]));
        let lengths = u32::from_le_bytes(*count);
        let lengths = usize::try_from(lengths)
            .unwrap_or(usize::MAX)
            .saturating_mul(8);
        let (lengths, texts) = rest.split_at_checked(lengths).unwrap_or_default();
        Iter {
            lengths: lengths.as_chunks().0,
            texts,
        }
    }

    /// The values of all headers of this name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(named, _)| named.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The value of the only header of this name.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&[u8]> {
        match self.all(name).collect() {
            FieldLines::One(value) => Some(value),
            FieldLines::Absent | FieldLines::Several => None,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.only(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// The authority that the client named.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.text(":authority")
    }

    /// The method, empty if there is none that could be one.
    #[must_use]
    pub fn method(&self) -> &str {
        self.text(":method").unwrap_or_default()
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> (&str, Option<&str>) {
        let Some(path) = self.text(":path") else {
            // RFC 9110 §9.3.6: CONNECT has none; neither has a malformed request. No proof is for this.
            return ("*", None);
        };
        match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        }
    }

    /// The request, as the core looks at it.
    #[must_use]
    pub fn present(&self, certificate: Option<CertificateThumbprint>) -> PresentedRequest<'_> {
        let (path, query) = self.target();
        let asks = || {
            let mut names = [("origin", false), ("access-control-request-method", false)];
            for (name, there) in &mut names {
                *there = self.all(name).next().is_some();
            }
            names.iter().all(|(_, there)| *there)
        };
        PresentedRequest {
            method: self.method(),
            authority: self.authority(),
            path,
            query,
            authorization: self.all("authorization").collect(),
            dpop: self.all("dpop").collect(),
            client_certificate: certificate,
            kind: if self.method() == "OPTIONS" && asks() {
                RequestKind::CorsPreflight
            } else {
                RequestKind::Ordinary
            },
        }
    }

    /// The certificate with which the client proved itself.
    pub fn certificate<H: Host>(
        &self,
        policy: &CertificatePolicy,
        host: &H,
    ) -> Option<CertificateThumbprint> {
        let connection = Connection {
            peer: peer(host),
            certificate: connection_certificate(host),
        };
        let lines = policy.header().into_iter().flat_map(|name| self.all(name));
        policy.presented(&connection, lines).certificate().copied()
    }
}

/// The headers of [`Headers::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    lengths: &'a [[u8; 8]],
    texts: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[a, b, c, d, e, f, g, h], rest) = self.lengths.split_first()?;
        let (name, texts) = text(self.texts, [a, b, c, d])?;
        let (value, texts) = text(texts, [e, f, g, h])?;
        self.lengths = rest;
        self.texts = texts;
        Some((name, value))
    }
}

fn text(texts: &[u8], length: [u8; 4]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
    let (text, rest) = texts.split_at_checked(length)?;
    Some((text, rest.split_first()?.1))
}

/// Who is at the other end of the connection. Envoy takes it from `x-forwarded-for` unless `use_remote_address` is on.
fn peer(host: &impl Host) -> Peer {
    let address = host.property(&["source", "address"]).unwrap_or_default();
    let text = str::from_utf8(&address).unwrap_or_default();
    match text.parse::<SocketAddr>() {
        Ok(address) => Peer::Ip(address.ip()),
        // Envoy writes a Unix domain socket as its path.
        Err(_) if text.starts_with(['/', '@']) => Peer::Unix,
        Err(_) => Peer::Unknown,
    }
}

/// The digest is there also for a connection without client certificate (of nothing, then), so both are asked.
fn connection_certificate(host: &impl Host) -> Option<CertificateThumbprint> {
    let presented = host.property(&["connection", "mtls"])?;
    if presented.first() != Some(&1) {
        return None;
    }
    let digest = host.property(&["connection", "sha256_peer_certificate_digest"])?;
    CertificateThumbprint::from_hex(&digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(&[u8], &[u8]); 4] = [
        (b":path", b"/a?b"),
        (b"dpop", b"1"),
        (b"DPoP", b""),
        (b"x", b"\xff\0"),
    ];

    #[test]
    fn what_is_written_is_read() {
        let headers = Headers::new(Headers::encode(PAIRS.into_iter()));
        assert_eq!(headers.iter().collect::<Vec<_>>(), PAIRS);
        assert_eq!(headers.all("dpop").count(), 2);
        assert_eq!(headers.only("dpop"), None);
        assert_eq!(headers.target(), ("/a", Some("b")));
        assert_eq!(Headers::default().iter().count(), 0);
    }

    #[test]
    fn whatever_the_bytes_reading_ends() {
        let bytes = Headers::encode(PAIRS.into_iter());
        for end in 0..bytes.len() {
            let cut = Headers::new(bytes[..end].to_vec());
            assert!(cut.iter().count() < PAIRS.len());
        }
        for place in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[place] = value;
                assert!(Headers::new(changed).iter().count() <= PAIRS.len());
            }
        }
    }
}
