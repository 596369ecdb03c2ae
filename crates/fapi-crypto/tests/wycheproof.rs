//! The vectors of Wycheproof, verified through the provider.

use fapi_crypto::PROVIDER;

mod vectors;
