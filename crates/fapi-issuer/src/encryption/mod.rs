//! Signed answers inside encrypted ones, which only their reader can read: nested JWTs (RFC 7519 §5.2).

#[cfg(not(feature = "jwe"))]
mod absent;
#[cfg(feature = "jwe")]
mod recipient;

use std::fmt;
use std::sync::Arc;

use fapi_core::Unavailable;
use fapi_core::config::{ConfigError, JwkSetDocument};
use fapi_crypto::KeyError;
use serde::{Deserialize, Serialize};

use crate::client::RemoteKeySet;

#[cfg(not(feature = "jwe"))]
use absent::Recipient;
#[cfg(feature = "jwe")]
use recipient::Recipient;

/// How the key of an encrypted answer is encrypted itself (RFC 7518 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EncryptionAlgorithm {
    /// For an RSA key of at least 2048 bits.
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// Agreed on with a key on P-256.
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
}

/// How the content of an encrypted answer is encrypted (RFC 7518 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES-GCM with a key of 256 bits.
    A256GCM,
}

impl EncryptionAlgorithm {
    /// Those that this program has, by name.
    pub(crate) fn supported() -> Vec<&'static str> {
        if cfg!(feature = "jwe") {
            [Self::RsaOaep256, Self::EcdhEs].map(Self::name).to_vec()
        } else {
            Vec::new()
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
        }
    }
}

impl ContentEncryption {
    /// Those that this program has, by name.
    pub(crate) fn supported() -> Vec<&'static str> {
        if cfg!(feature = "jwe") {
            vec!["A256GCM"]
        } else {
            Vec::new()
        }
    }
}

/// For whom answers are encrypted, and how.
#[derive(Debug)]
pub(crate) enum Encryption {
    /// For a key that is registered.
    Registered(Recipient),
    /// For a key that is to be found at an address.
    Remote(Arc<RemoteKeySet>, EncryptionAlgorithm),
}

/// What is registered of a reader's wish for encrypted answers of one kind.
pub(crate) struct Wish<'a> {
    /// Where it stands in the document: the client, and the member's name without `_alg` or `_enc`.
    pub(crate) at: &'a str,
    pub(crate) name: &'static str,
    pub(crate) alg: Option<EncryptionAlgorithm>,
    pub(crate) enc: Option<ContentEncryption>,
}

/// Where the reader's keys are.
#[derive(Clone, Copy)]
pub(crate) struct ReaderKeys<'a> {
    pub(crate) registered: Option<&'a JwkSetDocument>,
    pub(crate) remote: Option<&'a Arc<RemoteKeySet>>,
}

/// Why an answer could not be signed or encrypted.
#[derive(Debug)]
pub(crate) enum SealError {
    /// It could not be signed.
    Key(KeyError),
    /// The reader's keys cannot be fetched.
    Keys(Unavailable),
    /// Among the reader's keys is none for encryption.
    NoKey,
    /// It could not be encrypted.
    #[cfg_attr(
        not(feature = "jwe"),
        expect(dead_code, reason = "without the feature nothing is encrypted")
    )]
    Failed,
}

impl Encryption {
    /// What comes of a wish.
    pub(crate) fn new(wish: &Wish<'_>, keys: ReaderKeys<'_>) -> Result<Option<Self>, ConfigError> {
        let member = |end| format!("{}.{}_{end}", wish.at, wish.name);
        let algorithm = match (wish.alg, wish.enc) {
            (None, None) => return Ok(None),
            (Some(algorithm), Some(ContentEncryption::A256GCM)) => algorithm,
            (None, Some(_)) => {
                let reason = format!("needed beside `{}_enc`", wish.name);
                return Err(ConfigError::missing(member("alg"), reason));
            }
            (Some(_), None) => {
                let reason = "needed: the default A128CBC-HS256 is not supported";
                return Err(ConfigError::missing(member("enc"), reason));
            }
        };
        if !cfg!(feature = "jwe") {
            let problem = "needs the feature `jwe`, which this program was built without";
            return Err(ConfigError::invalid(member("alg"), problem));
        }
        if let Some(remote) = keys.remote {
            return Ok(Some(Self::Remote(Arc::clone(remote), algorithm)));
        }
        let registered = keys.registered.map_or("", JwkSetDocument::as_json);
        Recipient::find(registered.as_bytes(), algorithm)
            .map(|recipient| Some(Self::Registered(recipient)))
            .ok_or_else(|| {
                let problem = format!(
                    "needs a key in `jwks` with this `alg`, or with the `use` enc: {}",
                    match algorithm {
                        EncryptionAlgorithm::RsaOaep256 => "RSA with at least 2048 bits",
                        EncryptionAlgorithm::EcdhEs => "EC on P-256",
                    }
                );
                ConfigError::invalid(member("alg"), problem)
            })
    }

    async fn encrypt(&self, jwt: &str) -> Result<String, SealError> {
        match self {
            Self::Registered(recipient) => recipient.encrypt(jwt),
            Self::Remote(keys, algorithm) => {
                let document = keys.document().await.map_err(SealError::Keys)?;
                let recipient = Recipient::find(&document, *algorithm).ok_or(SealError::NoKey)?;
                recipient.encrypt(jwt)
            }
        }
    }
}

/// A signed answer as it goes to its reader.
pub(crate) async fn seal(
    jwt: String,
    encryption: Option<&Encryption>,
) -> Result<String, SealError> {
    match encryption {
        None => Ok(jwt),
        Some(encryption) => encryption.encrypt(&jwt).await,
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Keys(_) => f.write_str("the keys of the reader cannot be fetched"),
            Self::NoKey => f.write_str("among the keys of the reader is none for encryption"),
            Self::Failed => f.write_str("encryption failed"),
        }
    }
}

impl From<KeyError> for SealError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}
