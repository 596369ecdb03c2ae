//! `issuers`.

use super::uri::{self, Http, Parts};
use super::{in_range, secret, values};
use crate::config::{
    ClientAuth, ConfigError, IntrospectionConfig, IssuerConfig, OpaqueToken, PrivateKey,
    PrivateKeyJwt, Revocation, Secret,
};

/// The greatest access token in bytes, as everywhere.
const MAX_TOKEN_BYTES: u64 = 16_384;

pub(super) fn check(issuers: &[IssuerConfig], http: Http) -> Result<(), ConfigError> {
    if issuers.is_empty() {
        return Err(ConfigError::invalid("issuers", "must not be empty"));
    }
    let mut earlier: &[IssuerConfig] = &[];
    for (i, issuer) in issuers.iter().enumerate() {
        let at = format!("issuers[{i}]");
        one(&at, issuer, http)?;
        if earlier.iter().any(|e| e.issuer == issuer.issuer) {
            let path = format!("{at}.issuer");
            return Err(ConfigError::invalid(path, "stands here twice"));
        }
        // A token without meaning to us does not say whose it is: there must be one issuer to ask.
        if issuer.takes_opaque_tokens() && earlier.iter().any(IssuerConfig::takes_opaque_tokens) {
            let path = format!("{at}.token_format");
            let problem = "at most one issuer may take opaque tokens (opaque or any)";
            return Err(ConfigError::invalid(path, problem));
        }
        earlier = issuers.get(..=i).unwrap_or_default();
    }
    Ok(())
}

fn one(at: &str, issuer: &IssuerConfig, http: Http) -> Result<(), ConfigError> {
    uri::check(
        &format!("{at}.issuer"),
        &issuer.issuer,
        http,
        Parts::PathOnly,
    )?;
    if let Some(jwks_uri) = &issuer.jwks_uri {
        uri::check(&format!("{at}.jwks_uri"), jwks_uri, http, Parts::NoFragment)?;
    }
    if let Some(jwks) = &issuer.jwks {
        let path = format!("{at}.jwks");
        if issuer.jwks_uri.is_some() {
            return Err(ConfigError::invalid(path, "not beside `jwks_uri`"));
        }
        if !jwks.has_keys() {
            let problem = "must be a JWK set: a JSON object with the array `keys`";
            return Err(ConfigError::invalid(path, problem));
        }
    }
    let path = format!("{at}.introspection");
    match &issuer.introspection {
        Some(settings) => introspection(&path, settings, http),
        None if issuer.takes_opaque_tokens() => Err(ConfigError::missing(
            path,
            "needed for `token_format` opaque and any",
        )),
        None if issuer.revocation == Revocation::Introspect => Err(ConfigError::missing(
            path,
            "needed for `revocation` introspect",
        )),
        None => Ok(()),
    }
}

fn introspection(at: &str, settings: &IntrospectionConfig, http: Http) -> Result<(), ConfigError> {
    let endpoint = format!("{at}.endpoint");
    uri::check(&endpoint, &settings.endpoint, http, Parts::NoFragment)?;
    // RFC 6749 appendix A.1: VSCHAR.
    let vschar = |b: u8| matches!(b, 0x20..=0x7e);
    if settings.client_id.is_empty() || !settings.client_id.bytes().all(vschar) {
        let path = format!("{at}.client_id");
        let problem = "must not be empty, and printable ASCII";
        return Err(ConfigError::invalid(path, problem));
    }
    match &settings.client_auth {
        ClientAuth::PrivateKeyJwt(jwt) => {
            private_key_jwt(&format!("{at}.client_auth.private_key_jwt"), jwt)?;
        }
        ClientAuth::TlsClientAuth(_) => {}
    }
    let cache = u64::from(settings.cache_seconds);
    in_range(&format!("{at}.cache_seconds"), cache, 0..=3600, "seconds")?;
    let in_flight = u64::from(settings.max_in_flight);
    let path = format!("{at}.max_in_flight");
    in_range(&path, in_flight, 1..=65_536, "questions")?;
    match &settings.opaque_token {
        Some(shape) => opaque_token(&format!("{at}.opaque_token"), shape),
        None => Ok(()),
    }
}

fn private_key_jwt(at: &str, jwt: &PrivateKeyJwt) -> Result<(), ConfigError> {
    let path = format!("{at}.key");
    if let PrivateKey::Secret(place) = &jwt.key {
        secret(&path, place)?;
    }
    let text = match &jwt.key {
        PrivateKey::Jwk(text) | PrivateKey::Secret(Secret::Inline(text)) => Some(text),
        PrivateKey::Secret(Secret::Env(_) | Secret::File(_)) => None,
    };
    if text.is_some_and(|text| !PrivateKey::looks_like_jwk(text)) {
        let problem = "must be a JWK: a JSON object with `kty`";
        return Err(ConfigError::invalid(path, problem));
    }
    match &jwt.kid {
        Some(kid) => values::non_empty(&format!("{at}.kid"), kid),
        None => Ok(()),
    }
}

fn opaque_token(at: &str, shape: &OpaqueToken) -> Result<(), ConfigError> {
    if shape.prefix.is_none() && shape.length.is_none() {
        return Err(ConfigError::invalid(at, "needs `prefix`, `length` or both"));
    }
    if shape
        .prefix
        .as_ref()
        .is_some_and(|p| !values::is_credential(p))
    {
        let path = format!("{at}.prefix");
        let problem = "must be made of letters, digits and - . _ ~ + / =";
        return Err(ConfigError::invalid(path, problem));
    }
    let Some(length) = shape.length.map(u64::from) else {
        return Ok(());
    };
    let path = format!("{at}.length");
    in_range(&path, length, 1..=MAX_TOKEN_BYTES, "bytes")?;
    let prefix = shape.prefix.as_ref().map_or(0, String::len);
    if usize::try_from(length).is_ok_and(|length| length <= prefix) {
        let problem = "must be greater than the length of `prefix`, which it includes";
        return Err(ConfigError::invalid(path, problem));
    }
    Ok(())
}
