//! The signature algorithms that FAPI 2.0 allows.

use std::fmt;

/// A JWS algorithm of FAPI 2.0 Security Profile §5.4.1. There is no way to name another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, 32 bytes of salt (RFC 7518 §3.5).
    Ps256,
    /// Ed25519, known as `EdDSA` (RFC 8037 §3.1) and as `Ed25519` (RFC 9864 §2.2).
    EdDsa,
}

impl Algorithm {
    /// The algorithm of a JWS `alg` value, compared exactly (RFC 7515 §4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "PS256" => Some(Self::Ps256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// The `alg` value that we write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The algorithms that one kind of signature may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmSet(u8);

impl AlgorithmSet {
    /// All of FAPI 2.0.
    pub const ALL: Self = Self(0b111);

    /// Whether `algorithm` is allowed.
    #[must_use]
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & Self::bit(algorithm) != 0
    }

    /// The `alg` values to advertise, those of RFC 9864 too.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (Algorithm::Es256, "ES256"),
            (Algorithm::Ps256, "PS256"),
            (Algorithm::EdDsa, "EdDSA"),
            (Algorithm::EdDsa, "Ed25519"),
        ]
        .into_iter()
        .filter(move |(algorithm, _)| self.contains(*algorithm))
        .map(|(_, name)| name)
    }

    const fn bit(algorithm: Algorithm) -> u8 {
        match algorithm {
            Algorithm::Es256 => 0b001,
            Algorithm::Ps256 => 0b010,
            Algorithm::EdDsa => 0b100,
        }
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(
            algorithms
                .into_iter()
                .fold(0, |set, algorithm| set | Self::bit(algorithm)),
        )
    }
}
