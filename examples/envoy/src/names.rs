//! What the containers call each other. The documents in `compose/` say the same.

/// The issuer identifier.
pub(crate) const ISSUER: &str = "https://issuer:8443";
/// The host in it.
pub(crate) const ISSUER_HOST: &str = "issuer";
/// The API as clients see it: Envoy.
pub(crate) const API: &str = "https://envoy:8443";
/// The host in it.
pub(crate) const API_HOST: &str = "envoy";
/// Another API, for which the client may have tokens too.
pub(crate) const OTHER_API: &str = "https://other.example.com";

/// The certificate authority that everybody trusts.
pub(crate) const CA: &str = "ca.pem";
/// A server's certificate.
pub(crate) const CERTIFICATE: &str = "certificate.pem";
/// Its private key.
pub(crate) const KEY: &str = "key.pem";
/// The issuer's key for tokens.
pub(crate) const SIGNING_KEY: &str = "signing-key.json";
/// The issuer's document.
pub(crate) const ISSUER_DOCUMENT: &str = "issuer.json";
/// The client's keys.
pub(crate) const CLIENT_DOCUMENT: &str = "client.json";
