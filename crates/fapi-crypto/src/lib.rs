//! aws-lc-rs behind fapi-core: signature verification and signing keys for FAPI 2.0.
//!
//! Only this crate of the workspace names aws-lc-rs. No feature of jsonwebtoken that brings a
//! back end is switched on: with two of them in one build, every call of jsonwebtoken that an
//! application makes would panic. [`PROVIDER`] is handed over explicitly instead and is never
//! installed as the default of the process.
//!
//! ```
//! use fapi_core::jose::Algorithm;
//! use fapi_crypto::{KeyError, SigningKey};
//!
//! fn main() -> Result<(), KeyError> {
//!     let key = SigningKey::generate(Algorithm::Es256)?;
//!     let token = key.sign_jwt("at+jwt", &serde_json::json!({ "sub": "alice" }))?;
//!     assert_eq!(token.split('.').count(), 3);
//!     assert_eq!(key.public_jwk()["kid"], key.thumbprint().to_string());
//!     Ok(())
//! }
//! ```

mod der;
mod error;
mod key_pair;
mod private_jwk;
mod provider;
mod public_key;
mod random;
mod signing_key;
mod verifier;

pub use error::{KeyError, Operation};
pub use provider::PROVIDER;
pub use random::random_bytes;
pub use signing_key::SigningKey;
