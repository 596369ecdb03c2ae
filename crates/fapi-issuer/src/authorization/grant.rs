//! What a user has granted, and the code and refresh token that stand for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_crypto::{KeyError, random_bytes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ClaimsRequest;
use crate::storage::{Kind, Stored};

/// What a user has granted. All tokens that come of it carry its name: when it is removed, they are dead, those too that
/// are being made at that moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Authorization {
    pub(crate) client_id: String,
    pub(crate) subject: String,
    pub(crate) scope: String,
    pub(crate) audience: String,
    pub(crate) authorization_details: Vec<Value>,
    pub(crate) claims: ClaimsRequest,
    /// Seconds since 1970.
    pub(crate) auth_time: i64,
    pub(crate) acr: Option<String>,
    pub(crate) amr: Vec<String>,
}

impl Stored for Authorization {
    const KIND: Kind = Kind::Grant;
}

/// An authorization code, as it was issued.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    /// The authorization's name.
    pub(crate) grant: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: String,
    pub(crate) dpop_jkt: Option<String>,
    /// For the ID token.
    pub(crate) nonce: Option<String>,
}

impl Stored for Code {
    const KIND: Kind = Kind::Code;
}

/// A refresh token. It is bound to its client alone (RFC 9449 §5: the client is a confidential one), and is not rotated
/// (FAPI 2.0 Security Profile §5.3.2.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(crate) grant: String,
    pub(crate) client_id: String,
}

impl Stored for RefreshToken {
    const KIND: Kind = Kind::RefreshToken;
}

impl Authorization {
    pub(crate) fn is_openid(&self) -> bool {
        self.scope.split(' ').any(|value| value == "openid")
    }
}

/// A new name that nobody can guess: 256 bits in base64url, behind `prefix`.
pub(crate) fn name_of(prefix: &str) -> Result<String, KeyError> {
    let mut name = prefix.to_owned();
    URL_SAFE_NO_PAD.encode_string(random_bytes::<32>()?, &mut name);
    Ok(name)
}
