//! Memory of used proofs (RFC 9449 §11.1): a proof is accepted once, as long as it could be accepted at all.

mod key;
mod shard;
mod slots;
mod window;

pub use key::ReplayKey;
pub use slots::{ReplaySlot, ReplaySlots};
pub use window::ReplayWindow;

use crate::UnixTime;

/// What a replay memory says about a proof.
///
/// Only [`Insertion::Fresh`] lets a request through.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// Never seen, and remembered from now on.
    Fresh,
    /// Remembered already: a replay.
    Seen,
    /// As many live entries as the memory may hold. Nothing was stored and nothing was dropped for it.
    Full,
    /// The memory cannot tell: it has dropped entries that expired as late as this one would, or the
    /// expiry is past or outside the span that it can keep. Nothing was stored; ask the client for a new
    /// proof with a new nonce (`use_dpop_nonce`, RFC 9449 §9).
    Forgotten,
}

/// The identity of a replay memory, and the time since when it remembers.
///
/// A memory that was emptied or started anew has another epoch. Nonces carry its id, and a proof issued
/// before `since` cannot be told from a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    id: u64,
    since: UnixTime,
}

impl Epoch {
    /// The epoch called `id`, a number drawn at random when the memory was created, at the time `since`.
    #[must_use]
    pub const fn new(id: u64, since: UnixTime) -> Self {
        Self { id, since }
    }

    /// The number that tells this epoch from others.
    #[must_use]
    pub const fn id(self) -> u64 {
        self.id
    }

    /// The time since when the memory remembers every proof that it called fresh.
    #[must_use]
    pub const fn since(self) -> UnixTime {
        self.since
    }
}

#[cfg(test)]
mod tests;
