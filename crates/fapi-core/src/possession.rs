//! What a sender shows to prove that a token is theirs, and stage 4: whether it is what the token names.

use jsonwebtoken::crypto::CryptoProvider;

use crate::denial::{BindingError, Denial, TokenError};
use crate::dpop::{UnsignedProof, VerifiedProof};
use crate::jose::Thumbprint;
use crate::policy::Entry;
use crate::token::Confirmation;

/// What was shown beside the token.
#[expect(
    clippy::large_enum_variant,
    reason = "moved a few times on its way; a box would cost every request an allocation"
)]
#[derive(Debug)]
pub(crate) enum Possession<'a> {
    /// A DPoP proof, with the `DPoP` scheme. Its signature has not been verified.
    Proof(UnsignedProof<'a>),
    /// Nothing in the request: with the `Bearer` scheme it must be the client certificate (RFC 8705 §3).
    Certificate,
}

/// What was shown, verified.
#[derive(Debug)]
pub(crate) enum Proven<'a> {
    Proof(VerifiedProof<'a>),
    Certificate,
}

impl<'a> Possession<'a> {
    pub(crate) fn verify(self, provider: &CryptoProvider) -> Result<Proven<'a>, Denial> {
        match self {
            Self::Proof(proof) => proof
                .verify(provider)
                .map(Proven::Proof)
                .map_err(Denial::Proof),
            Self::Certificate => Ok(Proven::Certificate),
        }
    }

    pub(crate) fn into_owned(self) -> Possession<'static> {
        match self {
            Self::Proof(proof) => Possession::Proof(proof.into_owned()),
            Self::Certificate => Possession::Certificate,
        }
    }
}

impl Proven<'_> {
    pub(crate) fn into_owned(self) -> Proven<'static> {
        match self {
            Self::Proof(proof) => Proven::Proof(proof.into_owned()),
            Self::Certificate => Proven::Certificate,
        }
    }
}

/// Whether a token is bound to what is shown, before any signature of the sender is verified.
pub(crate) fn check_binding(
    confirmation: &Confirmation,
    possession: &Possession<'_>,
    entry: &Entry,
) -> Result<(), Denial> {
    let key = match possession {
        Possession::Proof(proof) => Some(proof.thumbprint()),
        Possession::Certificate => None,
    };
    check(confirmation, key, entry)
}

/// As [`check_binding`], after it.
pub(crate) fn check_proven(
    confirmation: &Confirmation,
    proven: &Proven<'_>,
    entry: &Entry,
) -> Result<(), Denial> {
    let key = match proven {
        Proven::Proof(proof) => Some(&proof.thumbprint),
        Proven::Certificate => None,
    };
    check(confirmation, key, entry)
}

/// RFC 9449 §4.3 check 12, RFC 8705 §3: all that the token names must have been shown, by the scheme that goes with it.
fn check(
    confirmation: &Confirmation,
    key: Option<&Thumbprint>,
    entry: &Entry,
) -> Result<(), Denial> {
    match (confirmation.key(), key) {
        (Some(bound), Some(shown)) if bound == shown => {}
        (Some(_), Some(_)) => return Err(Denial::Binding(BindingError::OtherKey)),
        // RFC 9449 §7.2: a token that is bound to a key is never a Bearer token.
        (Some(_), None) => return Err(Denial::Token(TokenError::BearerScheme)),
        (None, Some(_) | None) => {}
    }
    match (confirmation.certificate(), &entry.certificate) {
        (None, _) => Ok(()),
        // A proof by a key that the token does not name proves nothing: such a token comes as Bearer.
        (Some(bound), Some(shown)) if bound == shown => match (confirmation.key(), key) {
            (None, Some(_)) => Err(Denial::Binding(BindingError::OtherKey)),
            _ => Ok(()),
        },
        (Some(_), Some(_)) => Err(Denial::Binding(BindingError::OtherCertificate)),
        (Some(_), None) => Err(Denial::Binding(BindingError::NoCertificate)),
    }
}
