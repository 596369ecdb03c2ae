//! What is known of a browser: cookies, the session of a user, and the visit in which one is dealing with a request.

use fapi_core::UnixTime;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response};
use serde::{Deserialize, Serialize};

use crate::storage::{Digest, Kind, Stored};
use crate::uri::IssuerUri;

/// A user who has logged in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) subject: String,
    /// Seconds since 1970.
    pub(crate) auth_time: i64,
    pub(crate) acr: Option<String>,
    pub(crate) amr: Vec<String>,
}

impl Stored for Session {
    const KIND: Kind = Kind::Session;
}

impl Session {
    /// Whether the user has logged in at most so many seconds ago (OpenID Connect Core §3.1.2.1).
    pub(crate) fn is_fresh(&self, max_age: Option<u32>, now: UnixTime) -> bool {
        max_age
            .is_none_or(|seconds| UnixTime::from_secs(self.auth_time).plus(seconds.into()) >= now)
    }

    /// Whether one of these was reached. An empty list asks for nothing.
    pub(crate) fn reaches(&self, acr_values: &[String]) -> bool {
        acr_values.is_empty()
            || self
                .acr
                .as_ref()
                .is_some_and(|acr| acr_values.contains(acr))
    }
}

/// A user's visit, to deal with one request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// The hash of the pushed request's name.
    pub(crate) request: Digest,
    /// The hash of the cookie of the browser that it began in.
    pub(crate) browser: Digest,
    /// What forms of ours bring back.
    pub(crate) csrf: String,
    /// Who deals with it, once that is known.
    pub(crate) session: Option<Session>,
    /// When it ends, in seconds since 1970. A login does not lengthen it.
    pub(crate) until: i64,
}

impl Stored for Visit {
    const KIND: Kind = Kind::Interaction;
}

/// Our cookies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cookie {
    /// Recognises the browser that an interaction began in.
    Browser,
    /// Recognises a user.
    Session,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Browser => "fapi-browser",
            Self::Session => "fapi-session",
        }
    }

    /// The name with the prefix that makes browsers keep it to this host and to TLS (RFC 6265bis §4.1.3.2).
    fn full_name(self, uri: &IssuerUri) -> String {
        let prefix = if uri.origin().is_https() {
            "__Host-"
        } else {
            ""
        };
        format!("{prefix}{}", self.name())
    }

    /// The value that a browser sent.
    pub(crate) fn read<'a>(self, headers: &'a HeaderMap, uri: &IssuerUri) -> Option<&'a str> {
        let name = self.full_name(uri);
        let lines = headers.get_all(COOKIE).iter();
        lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(named, _)| *named == name)
            .map(|(_, value)| value)
    }

    /// Gives the browser a value, until it is closed.
    pub(crate) fn set<B>(self, response: &mut Response<B>, value: &str, uri: &IssuerUri) {
        let secure = if uri.origin().is_https() {
            "; Secure"
        } else {
            ""
        };
        // Lax: the browser comes from the client's site.
        let line = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}",
            self.full_name(uri)
        );
        if let Ok(line) = HeaderValue::from_str(&line) {
            response.headers_mut().append(SET_COOKIE, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri::Http;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let uri = IssuerUri::parse("https://as.example.com", Http::Nowhere).unwrap();
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            "a=b; fapi-session=wrong; x__Host-fapi-session=wrong"
                .parse()
                .unwrap(),
        );
        assert_eq!(Cookie::Session.read(&headers, &uri), None);
        headers.append(COOKIE, "c=d;__Host-fapi-session=right".parse().unwrap());
        assert_eq!(Cookie::Session.read(&headers, &uri), Some("right"));
    }

    #[test]
    fn cookies_stay_with_the_host_and_out_of_scripts() {
        for (issuer, expected) in [
            (
                "https://as.example.com",
                "__Host-fapi-browser=v; Path=/; HttpOnly; SameSite=Lax; Secure",
            ),
            (
                "http://127.0.0.1:8080",
                "fapi-browser=v; Path=/; HttpOnly; SameSite=Lax",
            ),
        ] {
            let uri = IssuerUri::parse(issuer, Http::OnLoopback).unwrap();
            let mut response = Response::new(());
            Cookie::Browser.set(&mut response, "v", &uri);
            assert_eq!(response.headers()[SET_COOKIE], expected);
        }
    }

    #[test]
    fn an_authentication_gets_too_old() {
        let session = Session {
            subject: "alice".to_owned(),
            auth_time: 1000,
            acr: Some("a".to_owned()),
            amr: Vec::new(),
        };
        let now = UnixTime::from_secs;
        assert!(session.is_fresh(None, now(9999)));
        assert!(session.is_fresh(Some(10), now(1010)));
        assert!(!session.is_fresh(Some(10), now(1011)));
        assert!(session.is_fresh(Some(0), now(1000)));
        assert!(session.reaches(&[]) && session.reaches(&["b".to_owned(), "a".to_owned()]));
        assert!(!session.reaches(&["b".to_owned()]));
    }
}
