//! ID tokens (OpenID Connect Core §2 and §3.1.3.7).

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};

use super::authorize::AuthorizationRequest;
use super::document::ISSUER;
use super::party::Party;
use super::tokens::Tokens;
use crate::forge::b64;

impl Party {
    /// Looks at the ID token that came for this request, and gives its claims.
    pub fn id_token(&self, tokens: &Tokens, request: &AuthorizationRequest) -> Map<String, Value> {
        let claims = self.any_id_token(tokens);
        let nonce = claims
            .get("nonce")
            .map(|nonce| nonce.as_str().expect("a text"));
        assert_eq!(nonce, request.get("nonce"));
        claims
    }

    /// Looks at an ID token that came without an authorization request.
    pub fn any_id_token(&self, tokens: &Tokens) -> Map<String, Value> {
        let jwt = tokens.id_token.as_ref().expect("an ID token");
        let verified = self.world.keys.verify(jwt);
        let claims = verified.claims;
        let now = self.world.clock.now().as_secs();
        let seconds = |name: &str| claims[name].as_i64().expect("a time");
        assert_eq!(claims["iss"], ISSUER);
        match &claims["aud"] {
            Value::String(one) => assert_eq!(*one, self.id),
            several => assert!(several.as_array().unwrap().contains(&(*self.id).into())),
        }
        assert!(seconds("exp") > now, "{claims:?}");
        assert!((now - seconds("iat")).abs() <= 300, "{claims:?}");
        if claims.contains_key("auth_time") {
            let ago = now - seconds("auth_time");
            assert!((0..=365 * 24 * 3600).contains(&ago), "{claims:?}");
        }
        if let Some(acr) = claims.get("acr") {
            assert!(!acr.as_str().expect("a text").is_empty());
        }
        let subject = claims["sub"].as_str().expect("a text");
        assert!(!subject.is_empty() && subject.is_ascii() && subject.len() <= 255);
        if let Some(hash) = claims.get("at_hash") {
            let alg = verified.header["alg"].as_str().unwrap();
            assert_eq!(*hash, left_half(alg, &tokens.access_token));
        }
        claims
    }
}

/// OpenID Connect Core §3.1.3.6. Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
fn left_half(alg: &str, text: &str) -> String {
    match alg {
        "EdDSA" | "Ed25519" => b64(&Sha512::digest(text)[..32]),
        _ => b64(&Sha256::digest(text)[..16]),
    }
}
