//! Key sets that clients publish at an address of theirs (`jwks_uri`, RFC 7591 §2).

#[cfg(not(feature = "remote-keys"))]
mod absent;
#[cfg(feature = "remote-keys")]
mod address;
#[cfg(feature = "remote-keys")]
mod fetch;
#[cfg(feature = "remote-keys")]
mod key_set;
#[cfg(feature = "remote-keys")]
mod pool;

#[cfg(not(feature = "remote-keys"))]
pub(crate) use absent::{RemoteKeySet, RemoteKeySets};
#[cfg(feature = "remote-keys")]
pub(crate) use key_set::RemoteKeySet;
#[cfg(feature = "remote-keys")]
pub(crate) use pool::RemoteKeySets;

/// Which hosts keys are fetched from. Whoever may say where this server sends requests may try to reach what only it
/// can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// Any: the operator has written the address.
    AnyHost,
    /// Only those with an address that everybody can reach: the client has written it.
    PublicHosts,
}
