//! DPoP (RFC 9449): proofs, the target they name, nonces, and the memory of what was used.

mod quota;
mod replay;
mod target;

pub use quota::{QuotaExceeded, QuotaLimits, Quotas};
pub use replay::{Epoch, Insertion, ReplayKey, ReplayWindow};
pub use target::{Origin, OriginError, TargetMismatch, TargetUri};
