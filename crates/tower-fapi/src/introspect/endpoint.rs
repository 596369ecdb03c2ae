//! One question to one introspection endpoint, within limits.

use std::fmt;
use std::time::Duration;

use fapi_core::UnixTime;
use fapi_core::config::{Config, ConfigError, IntrospectionConfig};
use form_urlencoded::Serializer;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};

use super::client_auth::Credentials;
use super::problem::Problem;
use crate::ports::IntrospectionBody;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: &str = "application/json";
const SIGNED: &str = "application/token-introspection+jwt";

/// An issuer's introspection endpoint.
pub(super) struct Endpoint {
    issuer: Box<str>,
    url: Url,
    client: Client,
    credentials: Credentials,
    accept: HeaderValue,
    timeout: Duration,
    max_bytes: usize,
}

impl Endpoint {
    /// `path` is the place of `settings` in the document.
    pub(super) fn new(
        config: &Config,
        issuer: &str,
        settings: &IntrospectionConfig,
        client: Client,
        path: &str,
    ) -> Result<Self, ConfigError> {
        let http = config.http.clone().unwrap_or_default();
        let url = Url::parse(&settings.endpoint)
            .map_err(|error| ConfigError::invalid(format!("{path}.endpoint"), error.to_string()))?;
        let auth_path = format!("{path}.client_auth");
        Ok(Self {
            issuer: issuer.into(),
            url,
            client,
            credentials: Credentials::new(
                &settings.client_auth,
                &settings.client_id,
                issuer,
                &auth_path,
            )?,
            // RFC 9701 §4. JSON is not offered beside it: it would not be accepted.
            accept: HeaderValue::from_static(if settings.signed_response {
                SIGNED
            } else {
                JSON
            }),
            timeout: Duration::from_millis(http.timeout_ms.into()),
            max_bytes: usize::try_from(http.max_introspection_bytes).unwrap_or(usize::MAX),
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Asks about a token, once.
    pub(super) async fn ask(
        &self,
        token: &str,
        now: UnixTime,
    ) -> Result<IntrospectionBody, Problem> {
        let form = self.form(token, now).map_err(Problem::Assertion)?;
        // The application's client may have other time-outs, or none.
        tokio::time::timeout(self.timeout, self.exchange(form))
            .await
            .unwrap_or(Err(Problem::Timeout))
    }

    /// RFC 7662 §2.1.
    fn form(&self, token: &str, now: UnixTime) -> Result<String, fapi_crypto::KeyError> {
        let mut form = Serializer::new(String::new());
        form.append_pair("token", token)
            .append_pair("token_type_hint", "access_token");
        self.credentials.append_to(&mut form, now)?;
        Ok(form.finish())
    }

    async fn exchange(&self, form: String) -> Result<IntrospectionBody, Problem> {
        let request = self
            .client
            .post(self.url.clone())
            .header(ACCEPT, self.accept.clone())
            .header(CONTENT_TYPE, FORM)
            .body(form);
        let mut response = request.send().await?;
        self.check_status(&response)?;
        let kind = Kind::of(response.headers())?;
        let body = self.read(&mut response).await?;
        let text = String::from_utf8(body).map_err(|_| Problem::NotUtf8)?;
        Ok(match kind {
            Kind::Json => IntrospectionBody::Json(text),
            Kind::Jwt => IntrospectionBody::Jwt(text),
        })
    }

    fn check_status(&self, response: &Response) -> Result<(), Problem> {
        let status = response.status();
        // The address changes if the application's client followed a redirect.
        if status.is_redirection() || *response.url() != self.url {
            return Err(Problem::Redirect);
        }
        match status {
            StatusCode::OK => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Problem::Credentials(status.as_u16()))
            }
            _ => Err(Problem::Status(status.as_u16())),
        }
    }

    async fn read(&self, response: &mut Response) -> Result<Vec<u8>, Problem> {
        let limit = self.max_bytes;
        // Said to be too large: then not a byte of it is read.
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |announced| announced > limit) {
            return Err(Problem::TooLarge(limit));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if chunk.len() > limit.saturating_sub(body.len()) {
                return Err(Problem::TooLarge(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// What kind of answer a content type promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Jwt,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(Problem::ContentCoding);
        }
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        match (types.next(), types.next()) {
            (Some(only), None) => Self::named(only.as_bytes()).ok_or(Problem::ContentType),
            _ => Err(Problem::ContentType),
        }
    }

    /// Parameters are ignored: both kinds are UTF-8, and what is not does not parse.
    fn named(content_type: &[u8]) -> Option<Self> {
        let essence = content_type
            .split(|&byte| byte == b';')
            .next()?
            .trim_ascii();
        if essence.eq_ignore_ascii_case(JSON.as_bytes()) {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case(SIGNED.as_bytes()) {
            Some(Self::Jwt)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (text, kind) in [
            ("application/json", Some(Kind::Json)),
            ("Application/JSON; charset=utf-8", Some(Kind::Json)),
            ("application/token-introspection+jwt", Some(Kind::Jwt)),
            ("application/Token-Introspection+JWT ;x=y", Some(Kind::Jwt)),
            ("", None),
            ("text/html", None),
            ("text/json", None),
            ("application/jwt", None),
            ("application/problem+json", None),
            ("application/json, application/json", None),
            ("text/html; application/json", None),
        ] {
            assert_eq!(Kind::named(text.as_bytes()), kind, "{text}");
        }
    }
}
