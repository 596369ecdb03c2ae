//! JOSE as FAPI 2.0 allows it: three algorithms, strict parsing, checked keys.

mod alg;
mod assertion;
pub(crate) mod header;
pub(crate) mod json;
pub(crate) mod jwk;
pub(crate) mod jws;
mod point;
mod request_object;
mod sealed;
pub(crate) mod signature;
#[cfg(test)]
pub(crate) mod stand_in;
mod thumbprint;

pub use alg::{Algorithm, AlgorithmSet};
pub use assertion::{AssertionError, AssertionRules, UnverifiedAssertion, VerifiedAssertion};
pub use jwk::{KeyError, PublicKey};
pub use jws::InvalidJws;
pub use request_object::{
    RequestObjectError, RequestObjectRules, RequestParameters, UnverifiedRequestObject,
};
pub use thumbprint::Thumbprint;
