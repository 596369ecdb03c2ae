//! What the layer needs from outside, and may be given by the application.
//!
//! A port answers at once where it can: only a request that really waits costs a boxed future.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use fapi_core::dpop::Epoch;
use fapi_core::{
    IntrospectionQuery, KeySet, KeysQuery, ReplayAnswer, ReplayQuery, Unavailable, UnixTime,
};

/// A future that a port makes where it has to wait. It owns what it needs.
pub type PortFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An answer that is here, or that has to be waited for.
pub enum Answer<T> {
    /// The answer.
    Now(T),
    /// A future that gives it.
    Later(PortFuture<T>),
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(answer) => f.debug_tuple("Now").field(answer).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// Where the issuers' key sets come from.
///
/// A key set that is not the issuer's accepts forged tokens; one that is too old accepts tokens of a withdrawn key; none
/// refuses good requests with 503.
pub trait KeySource: Send + Sync + 'static {
    /// The key set of this issuer that is at hand and may be used now. Called on each request: it must not block.
    fn known(&self, issuer: &str) -> Option<Arc<KeySet>>;

    /// Gets the key set, or gets it again because it lacks `query.kid`. That value comes from an unverified token, so an
    /// implementation must limit how often it makes it fetch, and may answer the set at hand.
    fn fetch(&self, query: KeysQuery<'_>) -> Answer<Result<Arc<KeySet>, Unavailable>>;

    /// Whether the keys of all issuers are at hand. Asking may start what is missing, and must not block.
    fn is_ready(&self) -> bool {
        true
    }
}

/// Who asks an issuer about a reference token (RFC 7662).
///
/// An answer about another token lets that token's rights through; none refuses good requests with 503.
pub trait Introspector: Send + Sync + 'static {
    /// The body of the endpoint's 200 response. Anything else the endpoint does (401 included: those are our own
    /// credentials) is [`Unavailable`].
    fn introspect(
        &self,
        query: IntrospectionQuery<'_>,
    ) -> Answer<Result<IntrospectionBody, Unavailable>>;
}

/// The body of an introspection response, as it came. Which kind it is follows from the response's content type, never
/// from the body: a configuration that wants signed answers must see that this one is not.
#[derive(Clone, PartialEq, Eq)]
pub enum IntrospectionBody {
    /// `application/json`: unsigned (RFC 7662 §2.2).
    Json(String),
    /// `application/token-introspection+jwt`: signed, and not verified yet (RFC 9701 §5).
    Jwt(String),
}

impl fmt::Debug for IntrospectionBody {
    /// Leaves out what it says: personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json(_) => "Json(…)",
            Self::Jwt(_) => "Jwt(…)",
        })
    }
}

/// The memory of used proofs (RFC 9449 §11.1).
///
/// A false `Fresh` lets a replay through. A false `Seen` refuses an honest request and, worse, tells an honest client
/// that it is under attack. Inserting and looking must be one atomic step, and no entry may be dropped before it
/// expires: a store that is full says so.
pub trait ReplayStore: Send + Sync + 'static {
    /// The store's epoch, if it is known without waiting.
    fn epoch(&self) -> Option<Epoch>;

    /// Inserts the proof if it is not there.
    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>>;

    /// Whether the store would answer now. A store that keeps its epoch elsewhere learns it here, so that the first
    /// request need not.
    fn ready(&self, now: UnixTime) -> Answer<Result<(), Unavailable>> {
        let _ = now;
        Answer::Now(Ok(()))
    }
}
