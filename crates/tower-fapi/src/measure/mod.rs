//! Numbers for the operator, through the `metrics` facade; without the feature `metrics`, nothing at all.
//!
//! Every label has a closed set of values, or is an issuer that the configuration names: what a request says never
//! becomes one, or its sender could make time series without end.

#[cfg(not(feature = "metrics"))]
mod absent;
#[cfg(feature = "metrics")]
mod facade;
#[cfg(feature = "metrics")]
mod table;

use fapi_core::Reason;

#[cfg(not(feature = "metrics"))]
pub(crate) use absent::{
    Introspections, KeyFetches, Occupancy, Occupied, Stopwatch, decided, describe, replay, required,
};
#[cfg(feature = "metrics")]
pub(crate) use facade::{
    Introspections, KeyFetches, Occupancy, Occupied, Stopwatch, decided, replay, required,
};
#[cfg(feature = "metrics")]
pub(crate) use table::describe;

/// What was decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Accepted,
    /// The rule asks for no token.
    Public,
    Refused(Reason),
    /// It would have been refused; the configuration only reports.
    Reported(Reason),
}

/// A closed set of label values, and what they are written as.
macro_rules! outcomes {
    ($(#[$doc:meta])* $name:ident: $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        #[cfg(feature = "metrics")]
        impl $name {
            /// In the order of their numbers.
            pub(crate) const VALUES: &'static [&'static str] = &[$($value,)*];
        }
    };
}

outcomes! {
    /// What came of wanting an issuer's keys.
    KeyFetch:
    Fetched = "fetched",
    Failed = "failed",
    /// Not fetched: an unknown `kid` came too soon after others.
    CoolingDown = "cooling_down",
}

outcomes! {
    /// What came of wanting to ask an issuer about a token.
    Introspection:
    /// A response that is one; whether the token is active is not known yet.
    Answered = "answered",
    Failed = "failed",
    TimedOut = "timed_out",
    /// The issuer refuses our own credentials.
    CredentialsRefused = "credentials_refused",
    /// Not asked: too many questions are under way.
    Busy = "busy",
}

outcomes! {
    /// Why an issuer need not be asked.
    Saved:
    /// The answer is remembered.
    Cached = "cached",
    /// Another request is asking about the same token.
    Shared = "shared",
}

outcomes! {
    /// What became of the insertion of a proof.
    Replay:
    Fresh = "fresh",
    Seen = "seen",
    Full = "full",
    Forgotten = "forgotten",
    OverQuota = "over_quota",
    Unavailable = "unavailable",
}
