//! Key sets of issuers that are not as one would like them.

use std::sync::{Arc, LazyLock};

use fapi_core::{KeySet, KeysQuery, Unavailable};
use num_bigint::BigUint;
use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestKey, TokenBuilder};

use crate::case::Expect::{self, Accepted, InvalidToken};
use crate::forge::{MaskHash, Rsa, b64, fixed, hex, signing_input};

use crate::scene::{ALGORITHMS, CAST, ISSUER, OTHER_ISSUER};

/// The keys that are at hand under [`Profile::LateKeys`](crate::profile::Profile::LateKeys): of the first issuer, as they were yesterday.
pub fn known(issuer: &str) -> Option<Arc<KeySet>> {
    (issuer == ISSUER).then(|| Arc::clone(&YESTERDAY))
}

/// What a fetch brings under [`Profile::LateKeys`](crate::profile::Profile::LateKeys).
pub fn fetched(query: KeysQuery<'_>) -> Result<Arc<KeySet>, Unavailable> {
    let is_down = query.kid.is_some_and(|kid| kid.starts_with("down"));
    match query.issuer {
        ISSUER if !is_down => Ok(Arc::clone(&TODAY)),
        OTHER_ISSUER => Ok(Arc::clone(&OTHERS)),
        _ => Err(Unavailable::retry_after_seconds(7)),
    }
}

/// Before and after an issuer published a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    Yesterday,
    Today,
}

/// What an issuer of [`Profile::LateKeys`](crate::profile::Profile::LateKeys) publishes at its `jwks_uri`, if it answers.
pub fn published(issuer: &str, day: Day) -> Option<String> {
    let late = CAST.late_issuer.key().published_jwk();
    let old = ALGORITHMS.map(|algorithm| CAST.issuer(algorithm).key().published_jwk());
    let keys: Vec<Value> = match (issuer, day) {
        (ISSUER, Day::Yesterday) => old.into(),
        (ISSUER, Day::Today) => old.into_iter().chain([late]).collect(),
        (OTHER_ISSUER, _) => vec![CAST.other_issuer.key().published_jwk()],
        _ => return None,
    };
    Some(json!({ "keys": keys }).to_string())
}

static YESTERDAY: LazyLock<Arc<KeySet>> = LazyLock::new(|| set(ISSUER, Day::Yesterday));
static TODAY: LazyLock<Arc<KeySet>> = LazyLock::new(|| set(ISSUER, Day::Today));
static OTHERS: LazyLock<Arc<KeySet>> = LazyLock::new(|| set(OTHER_ISSUER, Day::Today));

fn set(issuer: &str, day: Day) -> Arc<KeySet> {
    let json = published(issuer, day).expect("an issuer that answers");
    Arc::new(KeySet::from_json(json.as_bytes()).expect("a key set"))
}

/// A key that [`Profile::OddKeys`](crate::profile::Profile::OddKeys) has in its set, and whether it serves.
pub struct OddKey {
    pub id: &'static str,
    pub about: &'static str,
    pub jwk: Value,
    pub expect: Expect,
    private: Private,
}

enum Private {
    Good(TestKey),
    /// No library has it.
    Rsa(Rsa),
}

impl OddKey {
    /// Signs a token with it, under its `kid`.
    pub fn sign(&self, token: TokenBuilder) -> String {
        let token = token.header("kid", self.jwk["kid"].clone());
        match &self.private {
            Private::Good(key) => token
                .header("alg", key.algorithm().name())
                .signed_by(key)
                .build(),
            Private::Rsa(key) => {
                let token = token.header("alg", "PS256");
                let input = signing_input(&token.header_json(), &token.claims_json());
                let signature = key.sign_pss(&input, 32, MaskHash::Sha256);
                format!("{}.{}", String::from_utf8_lossy(&input), b64(signature))
            }
        }
    }
}

pub static ODD_KEYS: LazyLock<Vec<OddKey>> = LazyLock::new(|| {
    use Algorithm::{EdDsa, Es256, Ps256};
    let mut keys = Vec::new();
    for about in ["first of two", "second of two"] {
        keys.push(odd("N16", about, Es256, json!({ "kid": "two" }), Accepted));
    }
    for (about, algorithm) in [
        ("of three types: EC", Es256),
        ("of three types: RSA", Ps256),
        ("of three types: OKP", EdDsa),
    ] {
        keys.push(odd(
            "N16",
            about,
            algorithm,
            json!({ "kid": "types" }),
            Accepted,
        ));
    }
    for (about, expect) in [
        ("first of five", Accepted),
        ("second of five", Accepted),
        ("third of five", Accepted),
        ("fourth of five", Accepted),
        ("fifth of five: four are tried", InvalidToken),
    ] {
        keys.push(odd("N16", about, Es256, json!({ "kid": "five" }), expect));
    }
    for (about, algorithm, change, expect) in [
        (
            "no alg, no use",
            Es256,
            json!({ "alg": null, "use": null }),
            Accepted,
        ),
        (
            "RSA, no alg, no use",
            Ps256,
            json!({ "alg": null, "use": null }),
            Accepted,
        ),
        ("alg Ed25519", EdDsa, json!({ "alg": "Ed25519" }), Accepted),
        (
            "key_ops verify",
            Es256,
            json!({ "key_ops": ["verify"] }),
            Accepted,
        ),
        (
            "alg of another type",
            Es256,
            json!({ "alg": "PS256" }),
            InvalidToken,
        ),
        (
            "alg of another curve",
            Es256,
            json!({ "alg": "ES384" }),
            InvalidToken,
        ),
        ("alg none", Es256, json!({ "alg": "none" }), InvalidToken),
        ("alg RS256", Ps256, json!({ "alg": "RS256" }), InvalidToken),
        ("alg PS512", Ps256, json!({ "alg": "PS512" }), InvalidToken),
        (
            "alg RSA-OAEP",
            Ps256,
            json!({ "alg": "RSA-OAEP" }),
            InvalidToken,
        ),
        ("use enc", Es256, json!({ "use": "enc" }), InvalidToken),
        ("use SIG", Es256, json!({ "use": "SIG" }), InvalidToken),
        ("use empty", Es256, json!({ "use": "" }), InvalidToken),
        (
            "key_ops encrypt",
            Es256,
            json!({ "key_ops": ["encrypt"] }),
            InvalidToken,
        ),
        (
            "key_ops sign",
            Es256,
            json!({ "key_ops": ["sign"] }),
            InvalidToken,
        ),
        (
            "key_ops empty",
            Es256,
            json!({ "key_ops": [] }),
            InvalidToken,
        ),
        ("crv P-384", Es256, json!({ "crv": "P-384" }), InvalidToken),
        (
            "crv secp256k1",
            Es256,
            json!({ "crv": "secp256k1" }),
            InvalidToken,
        ),
        ("no crv", Es256, json!({ "crv": null }), InvalidToken),
        (
            "crv X25519",
            EdDsa,
            json!({ "crv": "X25519" }),
            InvalidToken,
        ),
        (
            "kty of another type",
            Es256,
            json!({ "kty": "OKP" }),
            InvalidToken,
        ),
        (
            "kty in lower case",
            Es256,
            json!({ "kty": "ec" }),
            InvalidToken,
        ),
    ] {
        keys.push(odd("N19", about, algorithm, change, expect));
    }
    for (about, change) in [
        (
            "another key's certificate",
            json!({ "x5c": [CAST.certificate.base64()] }),
        ),
        (
            "no certificate",
            json!({ "x5c": ["AAAA"], "x5t#S256": "AAAA" }),
        ),
        ("x5c of another type", json!({ "x5c": 1 })),
        ("x5u", json!({ "x5u": "https://evil.example/" })),
    ] {
        keys.push(odd("N21", about, Es256, change, Accepted));
    }
    weak(&mut keys);
    keys
});

/// RSA keys that verify their signatures, and must not.
fn weak(keys: &mut Vec<OddKey>) {
    let short = Rsa {
        n: hex(N_1024),
        d: hex(D_1024),
    };
    let good = Rsa::of(&TestKey::generate(Algorithm::Ps256));
    let one = Rsa {
        n: good.n.clone(),
        d: BigUint::from(1_u8),
    };
    let huge = Rsa {
        n: (good.n.clone() << 6144) + 1_u8,
        d: BigUint::from(1_u8),
    };
    for (about, key, e) in [
        ("1024 bits", short, "AQAB"),
        ("exponent 1", one, "AQ"),
        ("8192 bits", huge, "AQ"),
    ] {
        let octets = usize::try_from(key.n.bits() / 8).unwrap();
        keys.push(OddKey {
            id: "N20",
            about,
            jwk: json!({ "kty": "RSA", "kid": about, "n": b64(fixed(&key.n, octets)), "e": e }),
            expect: InvalidToken,
            private: Private::Rsa(key),
        });
    }
}

/// A good key whose JWK says something else; null takes a member out.
fn odd(
    id: &'static str,
    about: &'static str,
    algorithm: Algorithm,
    change: Value,
    expect: Expect,
) -> OddKey {
    let key = TestKey::generate(algorithm);
    let mut jwk = key.published_jwk();
    let members = jwk.as_object_mut().expect("an object");
    members.insert("kid".into(), about.into());
    for (name, value) in change.as_object().expect("an object") {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    OddKey {
        id,
        about,
        jwk,
        expect,
        private: Private::Good(key),
    }
}

/// Made once for this table.
const N_1024: &str = "c521b32ebf0e55b0240e18798cda45fe82e0af8573b1766b657a5b7236d5c7182622809165bcf08bd8aa90c97618da54\
    e1f6e5bdc816a6217ead004c4973ae971bb573c2098d1a717a1473345a7054ff7fa9618ef16f55d0052847dbd06be701\
    847f496d0af49366570de99bc45f0857c64a9b692325a8fcf515c5a7051129fb";
const D_1024: &str = "880fb48f054bad94ffadc2f2d2672d7c77750170c8e3a9ea82862b6befb129d3df2e5d32fdd7a4e7c14a28d9046c2ef5\
    fb68e035574f5aa72fb9d4c4d2c5c7b049db8956688fa1931b124f91134174bf164457195a7c8e1c2dc73f54bbb24afb\
    265dec1412e1c5c9e55da680bf84946c440e1282f8a05d2754acdc1e14e605f1";
