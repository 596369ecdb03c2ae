//! DPoP (RFC 9449): proofs, the target they name, nonces, and the memory of what was used.

mod grant;
mod nonce;
mod proof;
mod quota;
mod replay;
mod target;

pub use grant::{GrantProof, ProofVerifier};
pub use nonce::{Nonce, NonceKeyTooShort, NonceKeys};
pub use quota::{QuotaExceeded, QuotaLimits, Quotas};
pub use replay::{Epoch, Insertion, ReplayKey, ReplaySlot, ReplaySlots, ReplayWindow};
pub use target::{Origin, OriginError, TargetMismatch, TargetUri};

pub(crate) use proof::{
    Expected, Freshness, ProofBuffers, ProofRules, TokenHash, UnsignedProof, VerifiedProof,
    check_claims, is_over, named, only_proof,
};
