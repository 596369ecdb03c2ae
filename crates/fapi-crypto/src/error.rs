//! What can go wrong with a private key.

use std::error::Error;
use std::fmt;

/// Why a private key could not be read, made or used.
///
/// No variant carries text of the key: a private JWK never reaches a log through its error.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a JSON object whose known members are strings, each given once.
    /// Line and column count from 1.
    Json {
        /// The line at which reading stopped.
        line: usize,
        /// The column at which reading stopped.
        column: usize,
    },
    /// The JWK lacks this member (RFC 7518 §6, RFC 8037 §2).
    Missing(&'static str),
    /// `kty` and `crv` name none of RSA, EC with P-256 and OKP with Ed25519.
    UnsupportedKeyType,
    /// `alg` names another algorithm than the one that the key is used with here.
    AlgorithmMismatch,
    /// `use` is present and is not `sig` (RFC 7517 §4.2).
    NotForSigning,
    /// This member is not unpadded base64url, or has the wrong number of bytes.
    Encoding(&'static str),
    /// The RSA key is outside of 2048 to 4096 bits, or its exponent is even, below 65537 or above 32 bits.
    RsaRange,
    /// The back end refused the key: the DER is malformed, a value is out of range, or the public
    /// and the private half do not belong together.
    Rejected,
    /// The back end failed at this.
    Backend(Operation),
    /// The claims could not be written as JSON.
    Claims(serde_json::Error),
}

/// An operation of the back end that can fail although its input is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Making a key.
    Generate,
    /// Reading the members of a key out of the back end.
    Export,
    /// Signing.
    Sign,
    /// Reading random bytes from the system.
    Random,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => write!(
                f,
                "not a JWK: no JSON object with unique string members (line {line}, column {column})"
            ),
            Self::Missing(member) => write!(f, "the private JWK lacks `{member}`"),
            Self::UnsupportedKeyType => {
                f.write_str("the key is not RSA, not EC with P-256 and not OKP with Ed25519")
            }
            Self::AlgorithmMismatch => f.write_str("`alg` does not fit the type of the key"),
            Self::NotForSigning => f.write_str("`use` is not `sig`"),
            Self::Encoding(member) => write!(
                f,
                "`{member}` is not unpadded base64url of the right number of bytes"
            ),
            Self::RsaRange => f.write_str(
                "the RSA key must have 2048 to 4096 bits and an odd exponent from 65537 to 2^32 - 1",
            ),
            Self::Rejected => {
                f.write_str("the key was refused: malformed, out of range or its halves do not fit")
            }
            Self::Backend(operation) => write!(f, "the cryptography back end failed to {operation}"),
            Self::Claims(_) => f.write_str("the claims cannot be written as JSON"),
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generate => "make a key",
            Self::Export => "export a key",
            Self::Sign => "sign",
            Self::Random => "read random bytes",
        })
    }
}
