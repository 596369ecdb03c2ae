//! The `htu` comparison.

mod authority;
mod origin;
mod path;

pub use origin::{Origin, OriginError};

use std::fmt;

use authority::Authority;

/// The public URI of one request, with which the `htu` claim of its proof is compared (RFC 9449 §4.3 check 9).
///
/// ```
/// use fapi_core::dpop::{Origin, TargetMismatch, TargetUri};
///
/// # fn main() -> Result<(), fapi_core::dpop::OriginError> {
/// let origin = Origin::parse("https://api.example.com")?;
/// let target = TargetUri::new(&origin, "", "/accounts/~me");
///
/// assert_eq!(target.matches("https://api.example.com/accounts/~me"), Ok(()));
/// assert_eq!(target.matches("https://API.example.com:443/accounts/%7Eme?page=2"), Ok(()));
/// assert_eq!(target.matches("https://api.example.com/Accounts/~me"), Err(TargetMismatch::Different));
/// assert_eq!(target.matches("/accounts/~me"), Err(TargetMismatch::Malformed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TargetUri<'a> {
    origin: &'a Origin,
    prefix: &'a str,
    path: &'a str,
}

impl<'a> TargetUri<'a> {
    /// The URI of a request as its client wrote it.
    ///
    /// * `prefix` is what a proxy in front took away from the path: empty, or `/` and more without a `/` at
    ///   the end.
    /// * `path` is the path of the request as received, undecoded and without the query. It may be empty.
    ///
    /// No claim matches when `path` is not empty and does not begin with `/`, such as the `*` of `OPTIONS *`
    /// or the target of `CONNECT`; the same holds for `prefix`.
    #[must_use]
    pub const fn new(origin: &'a Origin, prefix: &'a str, path: &'a str) -> Self {
        Self {
            origin,
            prefix,
            path,
        }
    }

    /// Compares this URI with an `htu` claim.
    ///
    /// Both sides are normalised as RFC 3986 §6.2.2 and §6.2.3 say: scheme and host without regard to case,
    /// default port dropped, hexadecimal digits of percent-encodings without regard to case, unreserved
    /// characters decoded, dot segments removed, an empty path equal to `/`. All else counts: `//`, `%2F`, a
    /// slash at the end, parameters after `;`, the case of the path. Query and fragment of the claim are
    /// ignored. Nothing is allocated.
    ///
    /// # Errors
    ///
    /// [`TargetMismatch`] says why the claim does not name this URI.
    pub fn matches(&self, htu: &str) -> Result<(), TargetMismatch> {
        if self.is_written_as(htu) {
            return Ok(());
        }
        self.matches_normalised(htu)
    }

    /// The fast path: the claim is, byte for byte, the origin's normal form, the prefix and the path, and these
    /// two hold only characters of a path and no `%`.
    ///
    /// What this proves: prefix and path are empty or begin with `/`, so the claim's authority ends where the
    /// origin's does and is equal to it. The rest is free of `?`, `#` and percent-encodings, so it is a valid
    /// path and all of the claim. Ours is the same text, and the same text has the same normal form, dot
    /// segments or not. [`Self::matches_normalised`] therefore accepts, too.
    fn is_written_as(&self, htu: &str) -> bool {
        htu.strip_prefix(self.origin.as_str())
            .and_then(|rest| rest.split_at_checked(self.prefix.len()))
            .is_some_and(|(prefix, path)| {
                path::is_same_unencoded(self.prefix, prefix)
                    && path::is_same_unencoded(self.path, path)
            })
    }

    fn matches_normalised(&self, htu: &str) -> Result<(), TargetMismatch> {
        let claim = AbsoluteUri::parse(htu).ok_or(TargetMismatch::Malformed)?;

        // RFC 9112 §3.3 gives `OPTIONS *` a URI with an empty path, which would be equal to "/": refused
        // instead, because a proof for "/" was not made for it.
        if !path::is_absolute_or_empty(self.prefix) || !path::is_absolute_or_empty(self.path) {
            return Err(TargetMismatch::Different);
        }
        // Some HTTP parsers let through what a URI cannot have, such as `{`, `|` or bytes above 0x7f.
        if !path::is_valid(self.prefix) || !path::is_valid(self.path) {
            return Err(TargetMismatch::RequestPath);
        }

        let same_origin = self.origin.is_named_by(claim.scheme, &claim.authority);
        if same_origin && path::is_equivalent([self.prefix, self.path], ["", claim.path]) {
            Ok(())
        } else {
            Err(TargetMismatch::Different)
        }
    }
}

/// Why an `htu` claim does not name the request's URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetMismatch {
    /// The claim is not an absolute http or https URI (RFC 3986 §4.3, RFC 9110 §4.2): it is relative, has
    /// another scheme, user information, no host, a bad port, or a character or percent-encoding that no
    /// URI has.
    Malformed,
    /// The claim names another URI.
    Different,
    /// The path of the request itself holds what no URI path can hold (RFC 3986 §3.3), so no claim can name it.
    RequestPath,
}

impl fmt::Display for TargetMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "htu is not an absolute http or https URI",
            Self::Different => "htu names another URI than the request's",
            Self::RequestPath => "the path of the request is not a URI path",
        })
    }
}

impl std::error::Error for TargetMismatch {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        // RFC 3986 §3.1: without regard to case.
        if text.eq_ignore_ascii_case("https") {
            Some(Self::Https)
        } else if text.eq_ignore_ascii_case("http") {
            Some(Self::Http)
        } else {
            None
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// RFC 9110 §4.2.
    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A valid http or https URI without its query and fragment.
struct AbsoluteUri<'a> {
    scheme: Scheme,
    authority: Authority<'a>,
    path: &'a str,
}

impl<'a> AbsoluteUri<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = Scheme::parse(scheme)?;

        let (authority, rest) = split_before(rest, &['/', '?', '#']);
        let authority = Authority::parse(authority).ok()?;

        let (path, rest) = split_before(rest, &['?', '#']);
        // RFC 9449 §4.3 check 9: query and fragment are ignored, but the claim has to be a URI.
        (path::is_valid(path) && path::is_valid_query_and_fragment(rest)).then_some(Self {
            scheme,
            authority,
            path,
        })
    }
}

/// `text` up to the first of `ends`, and the rest, which begins with it.
fn split_before<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.find(ends)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
