//! What the issuer's introspection endpoint answers.
//!
//! A token carries the answer in itself: so every host gets the same, and no endpoint needs to know the case.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::Unavailable;
use serde_json::{Value, json};
use tower_fapi::ports::IntrospectionBody;
use tower_fapi::testing::Algorithm;

use crate::forge::b64;
use crate::profile::{Profile, RS_CLIENT_ID};
use crate::scene::{CAST, ISSUER, begin};

/// A reference token that is good.
pub const GOOD_TOKEN: &str = "rt_good";

/// The opaque token of RFC 9449 figure 13.
pub const RFC_9449_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

/// The thumbprint that RFC 9449 figure 8 has for the key of its proofs.
pub const RFC_9449_JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

/// The claim with which a JWT carries what is answered about it.
pub const CLAIM: &str = "introspection_for_the_test";

const JSON: &str = "application/json";
const SIGNED: &str = "application/token-introspection+jwt";

/// An answer of the endpoint.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self {
            status,
            content_type: content_type.into(),
            body: body.into(),
        }
    }

    /// 200 with this JSON, or what is said to be JSON.
    pub fn json(body: impl ToString) -> Self {
        Self::new(200, JSON, body.to_string())
    }

    pub fn signed(jwt: impl Into<String>) -> Self {
        Self::new(200, SIGNED, jwt)
    }

    /// The reference token that is answered so.
    pub fn token(&self) -> String {
        format!("rt_{}", b64(self.claim().to_string()))
    }

    /// The value of [`CLAIM`] in a JWT that is answered so.
    pub fn claim(&self) -> Value {
        json!([self.status, self.content_type, self.body])
    }

    /// What is answered to a request of this form.
    pub fn to_question(profile: Profile, form: &[u8]) -> Self {
        let token = form_urlencoded::parse(form)
            .find_map(|(name, value)| (name == "token").then_some(value));
        Self::about(profile, &token.expect("a token"))
    }

    /// What is answered about a token.
    pub fn about(profile: Profile, token: &str) -> Self {
        let carried = match token.strip_prefix("rt_") {
            Some(carried) => decoded(carried),
            None => carried_by_jwt(token),
        };
        match carried {
            Some(Value::Array(parts)) => Self::new(
                u16::try_from(parts[0].as_u64().unwrap()).unwrap(),
                parts[1].as_str().unwrap(),
                parts[2].as_str().unwrap(),
            ),
            _ if profile == Profile::Revocation => Self::json(active(profile)),
            _ if [GOOD_TOKEN, RFC_9449_TOKEN].contains(&token) => Self::json(active(profile)),
            _ => Self::json(json!({ "active": false })),
        }
    }

    /// As the core wants it, once an HTTP client has looked at it.
    pub fn into_body(self) -> Result<IntrospectionBody, Unavailable> {
        let essence = self.content_type.split(';').next().unwrap_or_default();
        match (self.status, essence) {
            (200, JSON) => Ok(IntrospectionBody::Json(self.body)),
            (200, SIGNED) => Ok(IntrospectionBody::Jwt(self.body)),
            _ => Err(Unavailable::retry_after_seconds(5)),
        }
    }
}

fn carried_by_jwt(token: &str) -> Option<Value> {
    let [_, claims, _] = token.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(decoded(claims)?[CLAIM].take())
}

fn decoded(text: &str) -> Option<Value> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&json).ok()
}

/// The good answer.
pub fn active(profile: Profile) -> Value {
    let jkt = match profile {
        Profile::Rfc9449 => RFC_9449_JKT.to_owned(),
        _ => CAST.client(Algorithm::Es256).thumbprint().to_string(),
    };
    json!({
        "active": true,
        "iss": ISSUER,
        "aud": profile.resource(),
        "sub": "alice",
        "client_id": "client-1",
        "scope": "accounts",
        "exp": begin().plus(1_000_000).as_secs(),
        "cnf": { "jkt": jkt },
    })
}

/// The good answer with some members changed; null takes one out.
pub fn changed(profile: Profile, changes: &Value) -> Value {
    let mut answer = active(profile);
    let members = answer.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    answer
}

/// The claims of a signed answer with this in it (RFC 9701 §5).
pub fn envelope(answer: &Value) -> Value {
    json!({
        "iss": ISSUER,
        "aud": RS_CLIENT_ID,
        "iat": begin().as_secs(),
        "token_introspection": answer,
    })
}
