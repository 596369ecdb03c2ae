//! Algorithm names as the document writes them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::jose::Algorithm;

/// A JWS algorithm name that FAPI 2.0 Security Profile §5.4.1 allows: `ES256`, `PS256`, `EdDSA`, or `Ed25519`, the
/// name that RFC 9864 §2.2 gives to the same algorithm as `EdDSA` with that curve. The names are also what challenges
/// advertise in `algs` (RFC 9449 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AlgorithmName {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    #[cfg_attr(feature = "schema", schemars(rename = "ES256"))]
    Es256,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5).
    #[cfg_attr(feature = "schema", schemars(rename = "PS256"))]
    Ps256,
    /// Ed25519 under the name of RFC 8037 §3.1.
    #[cfg_attr(feature = "schema", schemars(rename = "EdDSA"))]
    EdDsa,
    /// Ed25519 under the name of RFC 9864 §2.2.
    Ed25519,
}

impl AlgorithmName {
    /// What is used where the document says nothing: `ES256`, `PS256`, `EdDSA`.
    pub const DEFAULT: [Self; 3] = [Self::Es256, Self::Ps256, Self::EdDsa];

    /// The algorithm that this name stands for.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::Es256,
            Self::Ps256 => Algorithm::Ps256,
            Self::EdDsa | Self::Ed25519 => Algorithm::EdDsa,
        }
    }

    /// The name as it is written in the document and in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Es256, Self::Ps256, Self::EdDsa, Self::Ed25519]
            .into_iter()
            .find(|known| known.name() == name)
    }
}

impl fmt::Display for AlgorithmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for AlgorithmName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for AlgorithmName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = AlgorithmName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an algorithm name")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                AlgorithmName::from_name(name).ok_or_else(|| {
                    E::custom(format_args!(
                        "{name:?} is not allowed: FAPI 2.0 Security Profile §5.4.1 allows ES256, PS256, EdDSA (also as Ed25519)"
                    ))
                })
            }
        }

        deserializer.deserialize_str(Name)
    }
}
