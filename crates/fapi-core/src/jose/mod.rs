//! JOSE as FAPI 2.0 allows it: three algorithms, strict parsing, checked keys.

mod alg;
mod point;
mod thumbprint;

pub use alg::Algorithm;
pub use thumbprint::Thumbprint;
