//! How we authenticate to an introspection endpoint.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::config::{ClientAuth, ConfigError, PrivateKey, PrivateKeyJwt, Secret};
use fapi_crypto::{KeyError, SigningKey};
use form_urlencoded::Serializer;
use serde::Deserialize;
use serde_json::json;

use crate::secret;

/// How long an assertion is good, in seconds: for one exchange.
const LIFETIME_SECONDS: i64 = 60;

/// The value of `client_assertion_type` (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Our credentials at one issuer.
pub(super) enum Credentials {
    /// `private_key_jwt`: an assertion per question.
    Assertion(Box<Assertions>),
    /// `tls_client_auth`: the HTTP client presents the certificate, and the form names the client (RFC 8705 §2).
    Certificate { client_id: Box<str> },
}

/// Makes client assertions.
pub(super) struct Assertions {
    key: SigningKey,
    header: String,
    client_id: Box<str>,
    /// The issuer identifier (FAPI 2.0 Security Profile §5.3.3.1), not the endpoint's address.
    audience: Box<str>,
}

impl Credentials {
    /// Reads the key from where the configuration says. `path` is the place of `auth` in the document.
    pub(super) fn new(
        auth: &ClientAuth,
        client_id: &str,
        issuer: &str,
        path: &str,
    ) -> Result<Self, ConfigError> {
        match auth {
            ClientAuth::PrivateKeyJwt(settings) => {
                let path = format!("{path}.private_key_jwt");
                let (key, header) = signing_key(settings, &path)?;
                Ok(Self::Assertion(Box::new(Assertions {
                    key,
                    header,
                    client_id: client_id.into(),
                    audience: issuer.into(),
                })))
            }
            ClientAuth::TlsClientAuth(_) => Ok(Self::Certificate {
                client_id: client_id.into(),
            }),
            _ => Err(ConfigError::not_supported(path)),
        }
    }

    /// Writes them into a question's form.
    pub(super) fn append_to(
        &self,
        form: &mut Serializer<'_, String>,
        now: UnixTime,
    ) -> Result<(), KeyError> {
        match self {
            Self::Assertion(assertions) => {
                let assertion = assertions.make(now)?;
                form.append_pair("client_assertion_type", ASSERTION_TYPE)
                    .append_pair("client_assertion", &assertion);
            }
            Self::Certificate { client_id } => {
                form.append_pair("client_id", client_id);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assertion(_) => "Assertion(…)",
            Self::Certificate { .. } => "Certificate",
        })
    }
}

impl Assertions {
    /// RFC 7523 §3; `aud` is a string (FAPI 2.0 Security Profile §5.3.3.1).
    fn make(&self, now: UnixTime) -> Result<String, KeyError> {
        let jti: [u8; 16] = fapi_crypto::random_bytes()?;
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience,
            "jti": URL_SAFE_NO_PAD.encode(jti),
            "iat": now.as_secs(),
            "exp": now.plus(LIFETIME_SECONDS).as_secs(),
        });
        self.key
            .sign_compact(&self.header, claims.to_string().as_bytes())
    }
}

/// The key, and the JOSE header of what it signs.
fn signing_key(settings: &PrivateKeyJwt, path: &str) -> Result<(SigningKey, String), ConfigError> {
    let key_path = format!("{path}.key");
    let text = match &settings.key {
        // With the warning that every secret in the document gets.
        PrivateKey::Jwk(text) => secret::text(&Secret::Inline(text.clone()), &key_path)?,
        PrivateKey::Secret(place) => secret::text(place, &key_path)?,
    };
    let key = SigningKey::from_jwk_json(&text)
        .map_err(|error| ConfigError::invalid(key_path, error.to_string()))?;
    let alg = match settings.alg {
        Some(alg) if alg.algorithm() != key.algorithm() => {
            let problem = format!("the key signs with {}", key.algorithm());
            return Err(ConfigError::invalid(format!("{path}.alg"), problem));
        }
        Some(alg) => alg.name(),
        None => key.algorithm().name(),
    };
    let mut header = json!({ "alg": alg, "typ": "JWT" });
    let kid = settings.kid.clone().or_else(|| own_kid(&text));
    if let (Some(kid), Some(members)) = (kid, header.as_object_mut()) {
        members.insert("kid".to_owned(), kid.into());
    }
    Ok((key, header.to_string()))
}

/// The `kid` that the JWK itself has: [`SigningKey::kid`] makes one up where it has none.
fn own_kid(jwk: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        kid: Option<String>,
    }
    serde_json::from_str::<Named>(jwk).ok()?.kid
}
