//! How clients authenticate.

use fapi_crypto::{SigningKey, random_bytes};
use serde_json::json;
use tower_fapi::testing::now;

/// The fields of a form with which this client authenticates to the issuer: `private_key_jwt` (RFC 7523 §3), for this
/// issuer alone (FAPI 2.0 Security Profile §5.3.3.1).
pub fn authentication(
    client_id: &str,
    key: &SigningKey,
    issuer: &str,
) -> [(&'static str, String); 2] {
    let jti: [u8; 16] = random_bytes().expect("random bytes");
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": format!("{:032x}", u128::from_be_bytes(jti)),
        "iat": now().as_secs(),
        "exp": now().plus(60).as_secs(),
    });
    [
        ("client_assertion_type", TYPE.to_owned()),
        (
            "client_assertion",
            key.sign_jwt("JWT", &claims).expect("a signature"),
        ),
    ]
}

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
