//! Envoy's header `x-forwarded-client-cert`: a list of elements, one a proxy, the oldest first.
//!
//! ```text
//! list    = element *( "," element )         ; several lines are one list, in order
//! element = OWS [ pair *( ";" pair ) ] OWS
//! pair    = OWS token "=" value OWS          ; keys without regard to case
//! value   = *( any but DQUOTE "," ";" )
//!         / DQUOTE *( any but DQUOTE "\" / "\" any ) DQUOTE
//! ```
//!
//! A client may send elements of its own, which a proxy that appends leaves to the left of its own. Whatever these
//! hold, they cannot change what an element to their right says: an element that closes its quotes ends at its comma,
//! and one that does not leaves the list with a quote too many, for a quote opens only behind `key=` and all later
//! quotes come in pairs. Such a list is refused.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use super::certificate::{CertificateError, from_url_encoded_pem};
use crate::token::CertificateThumbprint;

/// The longest list, in bytes, all lines together.
const MAX_LIST: usize = 64 * 1024;

/// An `x-forwarded-client-cert` header that does not say which certificate the client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XfccError {
    /// Longer than 64 KiB.
    TooLong,
    /// A quote that is not closed, or is not at the beginning or the end of a value.
    Quotes,
    /// The element has a part that is not `key=value`.
    NotAPair,
    /// The element has two values of `Hash`, or of `Cert`.
    Duplicate,
    /// The value of `Hash` is not 64 hexadecimal digits.
    Hash,
    /// The value of `Cert`, which counts where there is no `Hash`, is not a certificate.
    Cert(CertificateError),
}

/// The certificate in the element that is the `hops`-th from the right, where the last is the first: `None` if there
/// are fewer elements, or this one has neither `Hash` nor `Cert`. Zero hops name no element.
///
/// Elements beside it count, empty ones too, and are not looked into. A bad `Hash` is not made good by a `Cert`.
pub(super) fn element<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
    hops: u8,
) -> Result<Option<CertificateThumbprint>, XfccError> {
    let Some(list) = joined(lines)? else {
        return Ok(None);
    };
    match from_the_right(&list, hops)? {
        Some(element) => certificate(element),
        None => Ok(None),
    }
}

/// RFC 9110 §5.3: several lines mean the same as one, joined with commas.
fn joined<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<Cow<'a, [u8]>>, XfccError> {
    let mut list: Option<Cow<'_, [u8]>> = None;
    for line in lines {
        let list = match &mut list {
            None => list.insert(Cow::Borrowed(line)),
            Some(list) => {
                let joined = list.to_mut();
                joined.push(b',');
                joined.extend_from_slice(line);
                list
            }
        };
        if list.len() > MAX_LIST {
            return Err(XfccError::TooLong);
        }
    }
    Ok(list)
}

fn from_the_right(list: &[u8], hops: u8) -> Result<Option<&[u8]>, XfccError> {
    let hops = usize::from(hops);
    let mut last = VecDeque::with_capacity(hops);
    // To the end in any case: only there do we know that all quotes are closed.
    for element in Split::new(list, b',') {
        let element = element?;
        if last.len() == hops {
            last.pop_front();
        }
        if hops > 0 {
            last.push_back(element);
        }
    }
    Ok(if last.len() == hops {
        last.pop_front()
    } else {
        None
    })
}

fn certificate(element: &[u8]) -> Result<Option<CertificateThumbprint>, XfccError> {
    if element.trim_ascii().is_empty() {
        return Ok(None);
    }
    let mut hash = None;
    let mut cert = None;
    for pair in Split::new(element, b';') {
        let (key, value) = key_and_value(pair?).ok_or(XfccError::NotAPair)?;
        // Others are ignored, `Chain` too, and may come more than once: `By`, `URI` and `DNS` do.
        let slot = if key.eq_ignore_ascii_case(b"Hash") {
            &mut hash
        } else if key.eq_ignore_ascii_case(b"Cert") {
            &mut cert
        } else {
            continue;
        };
        if slot.replace(value).is_some() {
            return Err(XfccError::Duplicate);
        }
    }
    match (hash, cert) {
        (Some(hash), _) => CertificateThumbprint::from_hex(hash)
            .map(Some)
            .ok_or(XfccError::Hash),
        (None, Some(cert)) => from_url_encoded_pem(cert)
            .map(Some)
            .map_err(XfccError::Cert),
        (None, None) => Ok(None),
    }
}

/// The value is without its quotes, but its backslashes stay: nothing that we read may have one.
fn key_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = pair.trim_ascii();
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (key, value) = pair.split_at_checked(equals)?;
    let value = value.strip_prefix(b"=")?;
    let unquoted = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    (!key.is_empty() && key.iter().copied().all(is_token))
        .then_some((key, unquoted.unwrap_or(value)))
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The parts between delimiters that are not in quotes.
struct Split<'a> {
    /// `None` after the last part.
    rest: Option<&'a [u8]>,
    delimiter: u8,
}

/// Where in a pair a byte is.
#[derive(Clone, Copy)]
enum Place {
    Key,
    /// Directly behind `key=`: the only place where a quote may open.
    ValueStart,
    Bare,
    Quoted,
    /// Behind a backslash in quotes.
    Escaped,
    /// Behind the closing quote.
    Closed,
}

impl<'a> Split<'a> {
    const fn new(text: &'a [u8], delimiter: u8) -> Self {
        Self {
            rest: Some(text),
            delimiter,
        }
    }
}

impl<'a> Iterator for Split<'a> {
    type Item = Result<&'a [u8], XfccError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.take()?;
        let mut place = Place::Key;
        for (at, byte) in text.iter().copied().enumerate() {
            place = match place.after(byte) {
                Some(Place::Key) if byte == self.delimiter => {
                    let (part, rest) = text.split_at_checked(at)?;
                    self.rest = rest.get(1..);
                    return Some(Ok(part));
                }
                Some(place) => place,
                None => return Some(Err(XfccError::Quotes)),
            };
        }
        Some(match place {
            Place::Quoted | Place::Escaped => Err(XfccError::Quotes),
            Place::Key | Place::ValueStart | Place::Bare | Place::Closed => Ok(text),
        })
    }
}

impl Place {
    /// The place behind `byte`, or `None` if the byte must not be here.
    const fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Escaped, _) => Self::Quoted,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted, b'"') => Self::Closed,
            (Self::Quoted, _) | (Self::ValueStart, b'"') => Self::Quoted,
            (_, b',' | b';') => Self::Key,
            (Self::Closed, b' ' | b'\t') => Self::Closed,
            (Self::Closed, _) | (_, b'"') => return None,
            (Self::Key, b'=') => Self::ValueStart,
            (Self::Key, _) => Self::Key,
            (Self::ValueStart | Self::Bare, _) => Self::Bare,
        })
    }
}

impl fmt::Display for XfccError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("x-forwarded-client-cert: ")?;
        match self {
            Self::TooLong => f.write_str("longer than 64 KiB"),
            Self::Quotes => f.write_str("a quote is not closed or not around a whole value"),
            Self::NotAPair => f.write_str("a part of the element is not key=value"),
            Self::Duplicate => f.write_str("the element has Hash or Cert twice"),
            Self::Hash => f.write_str("Hash is not 64 hexadecimal digits"),
            Self::Cert(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for XfccError {}

#[cfg(test)]
mod tests;
