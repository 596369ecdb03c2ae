//! Keys and certificates.

use std::sync::LazyLock;

use tower_fapi::testing::{Algorithm, TestKey};

use super::authority::{Authority, Identity};
use super::document;
use super::party::Number;
use super::variant::{ClientAuth, Variant};

pub struct Cast {
    pub authority: Authority,
    /// The certificate of both servers.
    pub server: Identity,
    /// Of the issuer, one of each algorithm.
    pub issuer_keys: [TestKey; 3],
    /// Of the resource server, when it introspects.
    pub resource_server_key: TestKey,
    first: Keys,
    second_with_dpop: Keys,
    second_with_mtls: Keys,
    certified: [Identity; 2],
    self_signed: [Identity; 2],
}

struct Keys {
    signing: TestKey,
    dpop: TestKey,
}

/// Who takes part in the tests: made once, for RSA keys take their time.
pub static CAST: LazyLock<Cast> = LazyLock::new(|| Cast::new(&document::HOSTS));

impl Cast {
    /// New keys and certificates for all, and servers at these hosts.
    pub fn new(hosts: &[&str]) -> Self {
        use Algorithm::{EdDsa, Es256, Ps256};
        let authority = Authority::new();
        let key = TestKey::generate;
        let keys = |algorithm| Keys {
            signing: key(algorithm),
            dpop: key(algorithm),
        };
        Self {
            server: authority.server(hosts),
            issuer_keys: [Ps256, Es256, EdDsa].map(key),
            resource_server_key: key(Es256),
            first: keys(Ps256),
            second_with_dpop: keys(Es256),
            second_with_mtls: keys(EdDsa),
            certified: ["first", "second"].map(|name| authority.client(name)),
            self_signed: ["first", "second"].map(Identity::self_signed),
            authority,
        }
    }

    /// What a client signs its assertions and request objects with. The first client's is an RSA key, without which the
    /// tests of RS256 would have nothing to sign with.
    pub fn signing_key(&self, variant: Variant, number: Number) -> &TestKey {
        &self.keys(variant, number).signing
    }

    /// What it signs its proofs with.
    pub fn dpop_key(&self, variant: Variant, number: Number) -> &TestKey {
        &self.keys(variant, number).dpop
    }

    /// The certificate that it shows. Tokens may be bound to any: those who authenticate with a key have self-signed
    /// ones.
    pub fn identity(&self, variant: Variant, number: Number) -> &Identity {
        let of_authority = variant.auth == ClientAuth::Tls;
        let both = if of_authority {
            &self.certified
        } else {
            &self.self_signed
        };
        match number {
            Number::First => &both[0],
            Number::Second => &both[1],
        }
    }

    fn keys(&self, variant: Variant, number: Number) -> &Keys {
        match number {
            Number::First => &self.first,
            Number::Second if variant.is_dpop() => &self.second_with_dpop,
            Number::Second => &self.second_with_mtls,
        }
    }
}
