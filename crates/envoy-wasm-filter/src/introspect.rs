//! Asking issuers about tokens (RFC 7662), signed answers (RFC 9701) included.
//!
//! Each request asks: answers are not kept.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::config::{
    ClientAuth, Config, ConfigError, IntrospectionConfig, PrivateKey, PrivateKeyJwt,
};
use fapi_core::fetch::{is_json, is_signed_introspection};
use form_urlencoded::Serializer;
use serde_json::json;

use crate::call::{Address, Clusters, PlainHttp, Problem, receive};
use crate::config::Secrets;
use crate::crypto::SigningKey;
use crate::host::Host;

/// How long an assertion is good, in seconds: for one exchange.
const ASSERTION_SECONDS: i64 = 60;

/// An issuer's introspection endpoint.
pub(crate) struct Endpoint {
    issuer: Box<str>,
    address: Address,
    credentials: Credentials,
    accept: &'static str,
    pub(crate) max_in_flight: usize,
    max_bytes: usize,
}

/// How we authenticate.
enum Credentials {
    /// `private_key_jwt`.
    Assertion {
        key: Box<SigningKey>,
        header: String,
        client_id: Box<str>,
    },
    /// `tls_client_auth`: the cluster presents the certificate, and the form names the client (RFC 8705 §2).
    Certificate { client_id: Box<str> },
}

/// The body of an answer.
pub(crate) enum Body {
    Json(String),
    Jwt(String),
}

impl Endpoint {
    /// The endpoints of a configuration, one place for each issuer.
    pub(crate) fn all<H: Host>(
        config: &Config,
        clusters: &Clusters,
        http: PlainHttp,
        secrets: &Secrets<'_, H>,
    ) -> Result<Vec<Option<Self>>, ConfigError> {
        let limits = config.http.clone().unwrap_or_default();
        let max_bytes = usize::try_from(limits.max_introspection_bytes).unwrap_or(usize::MAX);
        let endpoint = |(place, issuer): (usize, &fapi_core::config::IssuerConfig)| {
            let Some(settings) = &issuer.introspection else {
                return Ok(None);
            };
            let path = format!("issuers[{place}].introspection");
            let field = format!("{path}.endpoint");
            let address = Address::parse(&settings.endpoint, http).ok_or_else(|| {
                ConfigError::invalid(&field, "must be an https address that can be asked")
            })?;
            clusters.require(&address, &field)?;
            if settings.cache_seconds > 0 {
                return Err(ConfigError::not_supported(format!("{path}.cache_seconds")));
            }
            Ok(Some(Self {
                issuer: issuer.issuer.as_str().into(),
                address,
                credentials: Credentials::new(settings, &path, secrets)?,
                // RFC 9701 §4. JSON is not offered beside it: it would not be accepted.
                accept: if settings.signed_response {
                    "application/token-introspection+jwt"
                } else {
                    "application/json"
                },
                max_in_flight: usize::try_from(settings.max_in_flight).unwrap_or(usize::MAX),
                max_bytes,
            }))
        };
        config.issuers.iter().enumerate().map(endpoint).collect()
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Asks about a token.
    pub(crate) fn ask<H: Host>(
        &self,
        token: &str,
        host: &H,
        clusters: &Clusters,
        timeout: Duration,
        now: UnixTime,
    ) -> Result<u32, Problem> {
        let mut form = Serializer::new(String::new());
        form.append_pair("token", token)
            .append_pair("token_type_hint", "access_token");
        match &self.credentials {
            Credentials::Certificate { client_id } => {
                form.append_pair("client_id", client_id);
            }
            Credentials::Assertion {
                key,
                header,
                client_id,
            } => {
                let mut jti = [0; 16];
                host.random(&mut jti).map_err(|_| Problem::NoAnswer)?;
                // RFC 7523 §3; `aud` is the issuer, a string (FAPI 2.0 Security Profile §5.3.3.1).
                let claims = json!({
                    "iss": client_id,
                    "sub": client_id,
                    "aud": self.issuer,
                    "jti": URL_SAFE_NO_PAD.encode(jti),
                    "iat": now.as_secs(),
                    "exp": now.plus(ASSERTION_SECONDS).as_secs(),
                });
                form.append_pair(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                )
                .append_pair("client_assertion", &key.sign(header, &claims.to_string()));
            }
        }
        let form = form.finish();
        clusters.send(host, &self.address, self.accept, Some(&form), timeout)
    }

    /// Reads the answer, which has `size` bytes of body.
    pub(crate) fn read(&self, host: &impl Host, size: usize) -> Result<Body, Problem> {
        let answer = receive(host, size, self.max_bytes)?;
        let content_type = answer.headers.only("content-type").unwrap_or_default();
        let signed = is_signed_introspection(content_type);
        if !signed && !is_json(content_type) {
            return Err(Problem::ContentType);
        }
        let text = String::from_utf8(answer.body).map_err(|_| Problem::Document)?;
        Ok(if signed {
            Body::Jwt(text)
        } else {
            Body::Json(text)
        })
    }
}

impl Credentials {
    fn new<H: Host>(
        settings: &IntrospectionConfig,
        path: &str,
        secrets: &Secrets<'_, H>,
    ) -> Result<Self, ConfigError> {
        let client_id = settings.client_id.as_str().into();
        match &settings.client_auth {
            ClientAuth::TlsClientAuth(_) => Ok(Self::Certificate { client_id }),
            ClientAuth::PrivateKeyJwt(auth) => {
                let path = format!("{path}.client_auth.private_key_jwt");
                let (key, header) = signing_key(auth, &path, secrets)?;
                Ok(Self::Assertion {
                    key: Box::new(key),
                    header,
                    client_id,
                })
            }
            _ => Err(ConfigError::not_supported(format!("{path}.client_auth"))),
        }
    }
}

fn signing_key<H: Host>(
    auth: &PrivateKeyJwt,
    path: &str,
    secrets: &Secrets<'_, H>,
) -> Result<(SigningKey, String), ConfigError> {
    let key_path = format!("{path}.key");
    let text = match &auth.key {
        PrivateKey::Jwk(text) => {
            secrets.warn(&key_path);
            text.clone()
        }
        PrivateKey::Secret(secret) => secrets.text(secret, &key_path)?,
    };
    let key = SigningKey::from_jwk(&text)
        .map_err(|error| ConfigError::invalid(key_path, error.to_string()))?;
    let alg = match auth.alg {
        Some(alg) if alg.algorithm() != key.algorithm() => {
            let problem = format!("the key signs with {}", key.algorithm());
            return Err(ConfigError::invalid(format!("{path}.alg"), problem));
        }
        Some(alg) => alg.name(),
        None => key.algorithm().name(),
    };
    let mut header = json!({ "alg": alg, "typ": "JWT" });
    let kid = auth.kid.as_deref().or_else(|| key.kid());
    if let (Some(kid), Some(members)) = (kid, header.as_object_mut()) {
        members.insert("kid".to_owned(), kid.into());
    }
    Ok((key, header.to_string()))
}
